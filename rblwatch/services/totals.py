"""What the batches of a sweep come to, added up.

Owns the numbers that a sweep reports. Must not decide what counts as listed or unknown.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from rblwatch.core.listing import Listing
from rblwatch.core.plan import BatchResult
from rblwatch.core.question import Reason
from rblwatch.core.standing import Transition
from rblwatch.services.record import Recorded


@dataclass(slots=True)
class Totals:
    """What batches came to, added up."""

    started_at: datetime
    questions: int = 0
    listed: int = 0
    unknown: int = 0
    batches: int = 0
    unasked: Counter[str] = field(default_factory=Counter)
    """By list, how many targets it could not be asked about: they are among the unknown."""
    transitions: list[tuple[Transition, Listing]] = field(default_factory=list)

    def add(self, blocklist: str, result: BatchResult, recorded: Recorded) -> None:
        """Add one batch of a list."""
        self.batches += 1
        self.questions += result.questions
        self.listed += recorded.listed
        self.unknown += recorded.unknown
        self.transitions.extend(recorded.transitions)
        self.leave(blocklist, sum(failed.reason is Reason.NOT_ASKED for failed in result.failed.values()))

    def leave(self, blocklist: str, targets: int) -> None:
        """Add targets that a list was not asked about."""
        if targets:
            self.unasked[blocklist] += targets
