"""One batch's answers on their way from the resolver to the database, and the terms on which they are recorded.

Owns the two values that `sweep` fills in and `record` and `condition` read. Must not know how either is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv4Address

from rblwatch.core.blocklist import Blocklist
from rblwatch.core.plan import BatchResult
from rblwatch.core.question import Found
from rblwatch.core.soundness import ProbeAnswer, Soundness, assess
from rblwatch.core.standing import NO_PROOF, Proof
from rblwatch.core.target import Family, Target
from rblwatch.core.verdict import Unknown, Verdict, judge
from rblwatch.core.watchlist import Roster
from rblwatch.services.policy import Policy


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
    soundness: Soundness = field(init=False)
    """What the batch's probes say, or the probe that was to prove its news, if that one caught the list lying.

    A proof that got no answer leaves its news pending, and the rest of the batch as it is.
    """
    verdicts: Mapping[Target, Verdict] = field(init=False)
    """Of all targets that were not just absent."""
    _read: dict[tuple[tuple[IPv4Address, ...], bool], Verdict] = field(
        init=False, default_factory=dict, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        # Worked out once: they are wanted at every step from here to the database, for thousands of targets.
        said = assess(self.blocklist, self.result.probes)
        proven = assess(self.blocklist, self.proof_answers)
        object.__setattr__(self, "soundness", proven if said.trusted and proven.flaw is not None else said)
        object.__setattr__(self, "verdicts", self._judged())

    def read(self, codes: tuple[IPv4Address, ...], target: Target) -> Verdict:
        """What these codes mean for a target where the list is believed; targets that share them are read once."""
        key = (codes, target in self.blocklist.accepted)
        if key not in self._read:
            self._read[key] = judge(Found(codes), self.blocklist, None, target=target)
        return self._read[key]

    def _judged(self) -> dict[Target, Verdict]:
        found, trouble = self.result.found, self.soundness.reason
        judged = {
            target: Unknown(trouble) if trouble else self.read(found[target].addresses, target) for target in found
        }
        return judged | {target: Unknown(failed.reason) for target, failed in self.result.failed.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Under which configuration a batch is recorded."""

    roster: Roster
    policy: Policy
    delist_after: int
    blind_after: timedelta
    interval: timedelta
    """Of sweeps; lists may be asked less often."""
