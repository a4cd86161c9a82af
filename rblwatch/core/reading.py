"""What one list said of many targets, without an object for every clear one.

Owns how the answers of one list and family become verdicts when they are read all at once. Must not know how they
were asked, nor what stood before: a reading has no memory.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from rblwatch.core.blocklist import Blocklist
from rblwatch.core.incident import WORSENING
from rblwatch.core.plan import BatchResult
from rblwatch.core.question import Answer
from rblwatch.core.soundness import Soundness
from rblwatch.core.target import Family, Target
from rblwatch.core.verdict import Clear, Listed, Unknown, Verdict, judge

_CLEAR = Clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one list said of all targets of one family."""

    blocklist: Blocklist
    family: Family
    soundness: Soundness
    """After the probes that came first, and those that confirmed what was found."""
    targets: Collection[Target]
    said: Mapping[Target, Verdict]
    """The verdicts that are not plainly what `soundness` makes them: clear, or unknown for the list's reason."""
    texts: Mapping[Target, str] = field(default_factory=dict)
    """The list's own words on listed targets, cleaned."""

    def verdict(self, target: Target) -> Verdict:
        """What the list said of one of the targets."""
        return self.said.get(target, self._otherwise)

    @property
    def listings(self) -> dict[Target, Listed]:
        """The targets that are listed."""
        return {target: verdict for target, verdict in self.said.items() if isinstance(verdict, Listed)}

    @property
    def failures(self) -> dict[Target, Unknown]:
        """The targets that are unknown for a reason of their own."""
        return {target: verdict for target, verdict in self.said.items() if isinstance(verdict, Unknown)}

    @property
    def unknown(self) -> int:
        """How many targets are unknown."""
        return len(self.failures) if self.soundness.trusted else len(self.targets)

    @property
    def clear(self) -> int:
        """How many targets are clear."""
        return len(self.targets) - self.unknown - len(self.listings)

    @property
    def _otherwise(self) -> Verdict:
        return _CLEAR if self.soundness.reason is None else Unknown(self.soundness.reason)


def verdicts(blocklist: Blocklist, outcome: BatchResult) -> dict[Target, Verdict]:
    """Judge what a trusted list found, and what failed; everything else that was asked is clear."""
    answers: dict[Target, Answer] = {**outcome.found, **outcome.failed}
    return {target: judge(answer, blocklist, None, target=target) for target, answer in answers.items()}


def believed(said: Mapping[Target, Verdict], soundness: Soundness) -> dict[Target, Verdict]:
    """What is left of verdicts once a list's probes are in: of one in trouble, its failures only."""
    if soundness.trusted:
        return dict(said)
    return {target: verdict for target, verdict in said.items() if isinstance(verdict, Unknown)}


def overall(soundnesses: Iterable[Soundness]) -> Soundness:
    """The soundness that stands for a list over its families: the worst; there is at least one."""
    return max(soundnesses, key=lambda soundness: WORSENING.index(soundness.state))
