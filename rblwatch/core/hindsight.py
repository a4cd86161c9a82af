"""What another configuration would have told, against what was told.

Owns how the two are held side by side: which line of the one is which of the other, and what became of it. Must not
know how either was found.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import zip_longest

from rblwatch.core.alert import Drop, Line
from rblwatch.core.routing import Decision


class Mark(StrEnum):
    """What another configuration makes of one line that somebody read, or would have read."""

    SAME = "same"
    MOVED = "moved"  # told at another time, or in other words: "was listed" in the digest, "listed" at once
    NEW = "new"  # it would be told, and was not
    GONE = "gone"  # it was told, and would not be


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One line that one recipient read at one time, or would have read."""

    at: datetime
    channel: str
    line: Line
    about: str
    """What identifies what the line is about."""
    servers: tuple[str, ...] = field(default=(), compare=False)
    target: str | None = field(default=None, compare=False)
    blocklist: str | None = field(default=None, compare=False)
    text: str = field(default="", compare=False)
    news_id: int = field(default=0, compare=False)
    """Of the news as it is stored; 0: it would be news of its own, which is stored nowhere."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One line as it was told and as it would be told; one of the two may be missing."""

    was: Said | None
    would: Said | None
    mark: Mark
    reason: Decision | Drop | None = None
    """Of what is gone: why it would not be told. None: what it answers to would not have come about."""

    @property
    def said(self) -> Said:
        """The line as it would be told, else as it was."""
        said = self.would or self.was
        assert said is not None
        return said

    @property
    def at(self) -> datetime:
        """The first of its times."""
        return min(said.at for said in (self.was, self.would) if said is not None)


#: Lines that say the same at different times: it began, and it began and is over.
_SENSES = {Line.WAS_LISTED: Line.LISTED, Line.WAS_BLIND: Line.BLIND}

#: Why a line would not be told, by the news that it was made of and its channel.
Reasons = Mapping[tuple[int, str], Decision | Drop]


def compare(
    was: Iterable[Said], would: Iterable[Said], tolerance: timedelta, reasons: Reasons | None = None
) -> tuple[Compared, ...]:
    """Hold what was told against what would be told, in the order of time.

    The same line to the same channel about the same thing is one line, whenever it is told; where it was told several
    times, the n-th is the n-th. It is the same if its time differs by at most `tolerance`.
    """
    compared: list[Compared] = []
    before, after = _by_sense(was), _by_sense(would)
    for key in before.keys() | after.keys():
        pairs = _pairs(before[key], after[key], tolerance)
        compared.extend(_compared(old, new, tolerance, reasons or {}) for old, new in pairs)
    return tuple(sorted(compared, key=lambda one: (one.at, one.said.channel, one.said.about, one.said.line)))


def count(compared: Iterable[Compared]) -> dict[str, Counter[Mark]]:
    """How many lines of each channel became what."""
    counted: defaultdict[str, Counter[Mark]] = defaultdict(Counter)
    for one in compared:
        counted[one.said.channel][one.mark] += 1
    return {channel: counted[channel] for channel in sorted(counted)}


def _by_sense(said: Iterable[Said]) -> defaultdict[tuple[str, Line, str], list[Said]]:
    by_sense: defaultdict[tuple[str, Line, str], list[Said]] = defaultdict(list)
    for one in sorted(said, key=lambda one: one.at):
        by_sense[one.channel, _SENSES.get(one.line, one.line), one.about].append(one)
    return by_sense


def _pairs(was: list[Said], would: list[Said], tolerance: timedelta) -> list[tuple[Said | None, Said | None]]:
    """First those that agree in time; what is left, in order."""
    pairs: list[tuple[Said | None, Said | None]] = []
    old, new = list(was), list(would)
    for one in was:
        near = next((other for other in new if abs(other.at - one.at) <= tolerance), None)
        if near is not None:
            old.remove(one)
            new.remove(near)
            pairs.append((one, near))
    return [*pairs, *zip_longest(old, new)]


def _compared(was: Said | None, would: Said | None, tolerance: timedelta, reasons: Reasons) -> Compared:
    if was is None:
        return Compared(was, would, Mark.NEW)
    if would is None:
        return Compared(was, would, Mark.GONE, reasons.get((was.news_id, was.channel)))
    is_same = was.line is would.line and abs(was.at - would.at) <= tolerance
    return Compared(was, would, Mark.SAME if is_same else Mark.MOVED)
