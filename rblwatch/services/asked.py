"""One batch's answers on their way from the resolver to the database, and the terms on which they are recorded.

Owns the two values that `sweep` fills in and `record` and `condition` read. Must not know how either is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rblwatch.core.blocklist import Blocklist
from rblwatch.core.plan import BatchResult
from rblwatch.core.soundness import ProbeAnswer, Soundness, assess
from rblwatch.core.standing import NO_PROOF, Proof
from rblwatch.core.target import Family, Target
from rblwatch.core.watchlist import Roster
from rblwatch.services.announce import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One batch's answers, with everything needed to read them."""

    blocklist: Blocklist
    family: Family
    slice: int
    targets: tuple[Target, ...]
    full: bool
    """All targets of the slice were asked; otherwise only some of its pairs, ahead of the next round."""
    started_at: datetime
    at: datetime
    result: BatchResult
    proof: Proof = NO_PROOF
    proof_answers: tuple[ProbeAnswer, ...] = ()
    texts: Mapping[Target, str] = field(default_factory=dict)

    @property
    def soundness(self) -> Soundness:
        """What the batch's probes say, or the probe that was to prove its news, if that one caught the list lying.

        A proof that got no answer leaves its news pending, and the rest of the batch as it is.
        """
        said = assess(self.blocklist, self.result.probes)
        proven = assess(self.blocklist, self.proof_answers)
        return proven if said.trusted and proven.flaw is not None else said


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Under which configuration a batch is recorded."""

    roster: Roster
    policy: Policy
    delist_after: int
    blind_after: timedelta
