"""A message as HTML, for mail.

Owns the mark-up. Everything is escaped; a link leads only to a page that a section names as one to be followed. Apprise
writes the plain text of the same mail from this HTML, so it reads well without its tags. Must not know what is told.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from rblwatch.notify.layout import Layout, Section

#: What a line begins with that says what it is about: "Effect: …".
_LABEL = re.compile(r"[A-Z][A-Za-z' ,]{2,40}:(?= )")

_FONT = "font:15px/1.5 -apple-system,'Segoe UI',Roboto,Arial,sans-serif;color:#1f2328"
_HEAD = '<html><head><meta charset="utf-8"></head><body style="margin:16px;max-width:44em;' + _FONT + '">\n'
_TAIL = "</body></html>\n"
#: A section is one paragraph with breaks: in Apprise's text every paragraph is followed by an empty line.
_SECTION = '<p style="margin:0 0 20px;padding:2px 0 2px 14px;border-left:4px solid %s">'
_SECTION_END = "</p>\n"
_BREAK = "<br>\n"
_STRONG = '<p style="margin:0 0 6px"><b>%s</b></p>\n'
_PLAIN = '<p style="margin:0 0 20px">%s</p>\n'
_SMALL = '<p style="margin:0;color:#57606a;font-size:12px">%s</p>\n'

#: What the mark-up of one line costs at most, and what that of a whole mail costs, in characters.
_LINE = len(_SECTION) + len(_STRONG) + len(_SECTION_END) + len('<b></b><a href=""></a>') + 8
FRAME = len(_HEAD) + len(_TAIL) + _LINE


def cost(text: str) -> int:
    """How long a text becomes at most, and the end of a line with all its mark-up; a page at a text's end counts twice.

    What is said within a line costs no more than its escaped characters.
    """
    if not text.strip("\n"):
        return _LINE if text else 0
    page = text.rsplit(" ", 1)[-1] if "://" in text else ""
    return len(escape(text)) + len(escape(page))


def page(layout: Layout, colours: Sequence[str]) -> str:
    """The message as one HTML document; of each section, in which colour it is marked."""
    parts = [_HEAD]
    if layout.opening:
        parts.append(_PLAIN % escape(layout.opening))
    # Those that found no room are the last.
    parts.extend(map(_section, layout.sections, colours))
    if layout.left_out:
        parts.append(_STRONG % escape(layout.left_out))
    if layout.small_print:
        parts.append(_SMALL % escape(layout.small_print))
    return "".join([*parts, _TAIL])


def _section(section: Section, colour: str) -> str:
    lines = [f"<b>{escape(section.head)}</b>"]
    lines.extend(escape(item) for item in section.items)
    lines.extend(_detail(line, section.pages) for line in section.details)
    return "".join([_SECTION % colour, _BREAK.join(lines), _SECTION_END])


def _detail(line: str, pages: tuple[str, ...]) -> str:
    """A sentence, with its label in bold and with a link where it ends with a page that may be followed."""
    label = _LABEL.match(line)
    begun = f"<b>{escape(label[0])}</b>" if label else ""
    rest = line[label.end() :] if label else line
    shown = next((page for page in pages if rest.endswith(f" {page}") and _followable(page)), None)
    if shown is None:
        return begun + escape(rest)
    return f'{begun}{escape(rest.removesuffix(shown))}<a href="{escape(shown)}">{escape(shown)}</a>'


def _followable(page: str) -> bool:
    return page.startswith(("https://", "http://")) and not re.search(r"\s", page)
