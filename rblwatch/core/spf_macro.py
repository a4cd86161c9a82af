"""The domain names in an SPF record, which may hold macros.

Owns their grammar, and the expansion of what does not depend on the message. Must not look names up. Macros that
depend on a sender's address or name cannot be expanded by somebody who has no message: they stay closed.

Source for all of it: RFC 7208 sections 7 and 12.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rblwatch.core.errors import RblwatchError
from rblwatch.core.lookup import LONGEST_NAME, canonical

#: One piece of a macro-string: an expansion, an escape, or visible characters.
_PIECE = re.compile(
    r"%\{(?P<letter>[slodiphvSLODIPHV])(?P<parts>0{0,9}[1-9][0-9]{0,8})?(?P<reverse>[rR]?)(?P<delimiters>[-.+,/_=]*)\}"
    r"|(?P<escape>%[%_-])"
    r"|(?P<literal>[!-$&-~]+)"
)
_ESCAPES = {"%%": "%", "%_": " ", "%-": "%20"}
#: The last label of a name, which is not all digits.
_TOPLABEL = re.compile(r"(?=[a-z0-9-]*[a-z-])[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", re.IGNORECASE)


class MacroSyntax(RblwatchError):
    """A text that is no domain-spec, or no macro-string."""


@dataclass(frozen=True, slots=True)
class Context:
    """What macros may stand for while no message is there."""

    domain: str
    """`d`: the domain whose record is read."""
    sender_domain: str
    """`o`: the domain whose senders are looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Macro:
    letter: str
    parts: int | None
    reverse: bool
    delimiters: str
    escape: bool


@dataclass(frozen=True, slots=True)
class DomainSpec:
    """A domain name as an SPF record writes it."""

    text: str
    pieces: tuple[str | _Macro, ...]

    def expand(self, context: Context) -> str | None:
        """The name that is meant, canonical; None where it depends on the message.

        It loses its first labels until DNS can carry it; a last label that is too long alone leaves nothing.
        """
        expanded = ""
        for piece in self.pieces:
            part = piece if isinstance(piece, str) else _expand(piece, context)
            if part is None:
                return None
            expanded += part
        name = canonical(expanded)
        if len(name) <= LONGEST_NAME:
            return name
        return name[-LONGEST_NAME - 1 :].partition(".")[2]


def parse_domain_spec(text: str) -> DomainSpec:
    """Read the name that a mechanism or a modifier is about: it ends in a macro, or in a domain's last label.

    Raises: MacroSyntax.
    """
    matches = _matches(text)
    last = matches[-1]["literal"]
    if last is not None and not _ends_in_toplabel(last):
        raise MacroSyntax("does not end in the last label of a domain")
    return DomainSpec(text, tuple(map(_piece, matches)))


def require_macro_string(text: str) -> None:
    """See that a text is made of visible characters and macros; it may be empty.

    Raises: MacroSyntax.
    """
    if text:
        _matches(text)


def _matches(text: str) -> list[re.Match[str]]:
    found: list[re.Match[str]] = []
    at = 0
    while at < len(text):
        match = _PIECE.match(text, at)
        if match is None:
            raise MacroSyntax("holds a character or a macro that SPF does not know")
        found.append(match)
        at = match.end()
    if not found:
        raise MacroSyntax("has an empty name")
    return found


def _piece(match: re.Match[str]) -> str | _Macro:
    if match["literal"] is not None:
        return match["literal"]
    if match["escape"] is not None:
        return _ESCAPES[match["escape"]]
    return _Macro(
        letter=match["letter"].lower(),
        parts=int(match["parts"]) if match["parts"] else None,
        reverse=bool(match["reverse"]),
        delimiters=match["delimiters"] or ".",
        escape=match["letter"].isupper(),
    )


def _ends_in_toplabel(literal: str) -> bool:
    _, dot, label = literal.removesuffix(".").rpartition(".")
    return bool(dot) and _TOPLABEL.fullmatch(label) is not None


def _expand(macro: _Macro, context: Context) -> str | None:
    values = {"d": context.domain, "o": context.sender_domain}
    if macro.letter not in values:
        return None
    parts = re.split(f"[{re.escape(macro.delimiters)}]", values[macro.letter])
    if macro.reverse:
        parts.reverse()
    kept = ".".join(parts if macro.parts is None else parts[-macro.parts :])
    return _escape(kept) if macro.escape else kept


def _escape(text: str) -> str:
    """Escape as in a URL. Source: RFC 3986 section 2.3."""
    return "".join(one if one.isalnum() or one in "-._~" else f"%{ord(one):02X}" for one in text)
