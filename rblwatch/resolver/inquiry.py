"""What is asked in one go, and what came of it.

Owns that every target gets exactly one answer: absent, found or failed. Must not know how anything is asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from rblwatch.core.blocklist import Blocklist
from rblwatch.core.question import Absent, Answer, Failed, Found
from rblwatch.core.target import Target
from rblwatch.resolver import wire
from rblwatch.resolver.records import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """What is asked in a phase."""

    blocklist: Blocklist
    targets: Sequence[Target]
    kind: int = wire.A
    keep_absences: bool = False
    """Whether every absence is kept with its TTL (probes); else absences are counted."""
    most_at_once: int | None = None
    live: bool = False
    """Whether the list has answered in this batch before."""


class Answers:
    """The answers to an inquiry. Absences are counted, unless the inquiry wants them kept."""

    def __init__(self, inquiry: Inquiry) -> None:
        self._inquiry = inquiry
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Has its result once nothing is open."""
        self.open = len(inquiry.targets)
        """Targets without an answer so far."""
        self.absent = 0
        self.negative_ttl_s: int | None = None
        """The longest that an absence said."""
        self.absences: dict[Target, Absent] = {}
        self.found: dict[Target, Found] = {}
        self.words: dict[Target, Words] = {}
        self.failed: dict[Target, Failed] = {}

    def count_absence(self, index: int, ttl_s: int) -> None:
        """Settle a question whose name does not exist, without an object where absences are only counted."""
        if self._inquiry.keep_absences:
            self.settle(index, Absent(None if ttl_s == wire.NO_TTL else ttl_s))
            return
        self.absent += 1
        if ttl_s != wire.NO_TTL and (self.negative_ttl_s is None or ttl_s > self.negative_ttl_s):
            self.negative_ttl_s = ttl_s
        self._close_one()

    def settle(self, index: int, answer: Answer | Words) -> None:
        """End a question with what came of it."""
        target = self._inquiry.targets[index]
        match answer:
            case Absent(ttl_s):
                if not self._inquiry.keep_absences:
                    self.count_absence(index, wire.NO_TTL if ttl_s is None else ttl_s)
                    return
                self.absences[target] = answer
                self.absent += 1
            case Found():
                self.found[target] = answer
            case Words():
                self.words[target] = answer
            case Failed():
                self.failed[target] = answer
        self._close_one()

    def _close_one(self) -> None:
        self.open -= 1
        if not self.open and not self.done.done():
            self.done.set_result(None)
