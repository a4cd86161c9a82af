"""Making foreign text fit to be shown.

Owns what is taken out of text that came from DNS, SMTP or any other stranger, before it is kept anywhere. Must not
know where it is shown: what a terminal, a chat or a page needs besides is escaped there.
"""

from __future__ import annotations

import unicodedata

#: Unicode categories that are no part of a text: controls, formats (bidi marks, zero-width characters, tags),
#: surrogates, private use, and code points that nothing is assigned to.
#: Source: Unicode Standard Annex 44, "General Category Values".
_NOT_TEXT = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
#: Letters, marks and symbols that show nothing, so that two texts that look alike would differ.
#: Source: Unicode Technical Standard 39 (Default_Ignorable_Code_Point) and the braille blank.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_CUT = "…"


def clean(text: str, limit: int) -> str:
    """Give the text on one line, without anything that could steer a terminal or reorder what is read.

    Line ends and runs of spaces become one space; at most `limit` characters (at least 1) remain, the last one an
    ellipsis where something was cut off. Cleaning twice changes nothing.
    """
    shown = "".join(" " if letter.isspace() else letter for letter in text if letter.isspace() or _shows(letter))
    line = " ".join(shown.split())
    if len(line) <= limit:
        return line
    return line[: limit - 1].rstrip() + _CUT


def _shows(letter: str) -> bool:
    if " " < letter <= "~":
        return True
    return letter not in _INVISIBLE and unicodedata.category(letter) not in _NOT_TEXT
