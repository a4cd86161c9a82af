"""How the parts of a message are put into the room that a sink has.

Owns what is left out when there is too little room, and that it is said. Must not know what the parts mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rblwatch.notify.sink import shortened

#: Below this room, in characters, a text message on a phone for instance, every one counts: no small print.
_ROOM_FOR_SMALL_PRINT = 300
#: The least share of the room that what a section is about takes before its details.
_SHARE_OF_ITEMS = 0.6

_GAP = "\n\n"


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a message: a cause and what it hit."""

    head: str
    """A sentence that says it all; the last to be left out."""
    items: tuple[str, ...] = ()
    """What it is about, one by one, where the sentence only counts them; shortened with a count."""
    details: tuple[str, ...] = ()
    """Further sentences, the important ones first; the first to be left out."""
    pages: tuple[str, ...] = ()
    """Addresses of pages that details end with and a reader may follow: the catalogue's and the admin's own only."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A message as it fits: what is shown, from top to bottom."""

    opening: str = ""
    sections: tuple[Section, ...] = ()
    """Of each, `items` is one text, if there is any room for it."""
    left_out: str = ""
    small_print: str = ""

    @property
    def text(self) -> str:
        """The whole as plain text."""
        parts = ("\n".join([section.head, *section.items, *section.details]) for section in self.sections)
        return _GAP.join(part for part in (self.opening, *parts, self.left_out, self.small_print) if part)


class _Room:
    """The room that is left; `size` counts as the sink does."""

    def __init__(self, limit: int, size: Callable[[str], int]) -> None:
        self.left = limit
        self.size = size

    def take(self, text: str, gap: str = "\n") -> bool:
        """Take the room for a text and a gap before it, if it is there."""
        cost = self.size(text) + self.size(gap)
        if cost > self.left:
            return False
        self.left -= cost
        return True


def lay_out(
    sections: Sequence[Section], *, opening: str, small_print: str, limit: int, size: Callable[[str], int]
) -> Layout:
    """Put sections one below the other, shortened to the limit; never empty if there is a section and any room.

    Heads come first, then what they are about, then details: the first of each section, then the second of each.
    """
    room = _Room(limit, size)
    ending = small_print if limit >= _ROOM_FOR_SMALL_PRINT and room.take(small_print, _GAP) else ""
    opening = opening if opening and room.take(opening, _GAP) else ""
    kept, left_out = _heads(sections, room)
    if not kept:
        only = (Section(shortened(sections[0].head, limit, size=size)),) if sections else ()
        return Layout(sections=only, small_print="" if only else ending)
    items = [_items(section, room) for section in kept]
    details = _details(kept, room)
    shown = (
        replace(section, items=(listed,) if listed else (), details=tuple(lines))
        for section, listed, lines in zip(kept, items, details, strict=True)
    )
    return Layout(opening, tuple(shown), left_out, ending)


def _heads(sections: Sequence[Section], room: _Room) -> tuple[list[Section], str]:
    """The sections that there is room for, and a sentence that counts the others."""
    total = sum(room.size(section.head) + room.size(_GAP) for section in sections)
    if total <= room.left:
        room.left -= total
        return list(sections), ""
    room.left -= room.size(_more(len(sections))) + room.size(_GAP)
    kept: list[Section] = []
    for section in sections:
        if not room.take(section.head, _GAP):
            break
        kept.append(section)
    return kept, _more(len(sections) - len(kept))


def _more(count: int) -> str:
    return f"… and {count} more; `rblwatch status` shows all."


def _items(section: Section, room: _Room) -> str:
    """What a section is about, as far as it fits, with a count of the rest; empty where there are none."""
    if not section.items:
        return ""
    wanted = sum(room.size(line) + room.size("\n") for line in section.details)
    ours = _Room(max(room.left - wanted, int(room.left * _SHARE_OF_ITEMS)), room.size)
    text = _joined(section.items, ours)
    room.take(text)
    return text


def _details(sections: Sequence[Section], room: _Room) -> list[list[str]]:
    """The details that there is room for, of each section, so that no section takes the room of all."""
    kept: list[list[str]] = [[] for _ in sections]
    for rank in range(max(len(section.details) for section in sections)):
        for section, lines in zip(sections, kept, strict=True):
            if rank < len(section.details) and room.take(section.details[rank]):
                lines.append(section.details[rank])
    return kept


def _joined(items: Sequence[str], room: _Room) -> str:
    whole = ", ".join(items)
    if room.take(whole):
        return whole
    room.left -= room.size(f" … and {len(items)} more") + room.size("\n")
    kept: list[str] = []
    for item in items:
        if not room.take(item, ", "):
            break
        kept.append(item)
    if not kept:
        return ""
    return f"{', '.join(kept)} … and {len(items) - len(kept)} more"
