"""Take one batch's answers into the database, a portion at a time.

Theory of operation. There is one writer, and whoever wants to write waits for the one before. So a batch with thousands
of news is written in several transactions, and every other list, every delivery and a shutdown gets its turn between
two of them. Each of them is whole by itself: what became of a target, its news and their deliveries are committed
together. What speaks for the whole batch, its coverage, comes with the last one. A batch that is cut off is as good as
not asked, and is asked again: what it took in is a repetition then, and no news.

Owns the order in which soundness, incidents, portions and coverage are written. Must not ask anything, nor decide what
an answer means: the rules are in `core`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from rblwatch.core.plan import bitmap, slice_of
from rblwatch.core.question import Reason
from rblwatch.core.target import Family, Target
from rblwatch.core.watchlist import Slice
from rblwatch.services.announce import Announcer
from rblwatch.services.answers import accepted, remarkable, unknowns
from rblwatch.services.asked import Asked, Terms
from rblwatch.services.condition import sounding_of, watch_condition
from rblwatch.services.portion import Portion, Transitions, plain, take_in
from rblwatch.store.repository import Repository
from rblwatch.store.rows import Coverage, Pair, Sounding

#: Targets that are looked at in one transaction; where all of them are news, it lasts for a fraction of a second.
PORTION_TARGETS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What a batch came to."""

    listed: int = 0
    """Pairs that answered "listed" and were believed."""
    unknown: int = 0
    """Pairs about which this batch could say nothing."""
    transitions: Transitions = ()
    sounding: Sounding
    coverage: Coverage
    pairs: tuple[Pair, ...] = ()
    """The pairs of this batch that have a row now."""
    settled: tuple[int, ...] = ()
    """Ids of targets whose pair row is gone."""


def leave_unasked(repo: Repository, blocklist: str, family: Family, part: Slice) -> Coverage:
    """Write that nothing is known of a slice any more, since its list may not be asked; what is listed stays so."""
    coverage = repo.coverage(blocklist, family, part.number)
    failed = {reason: left for reason, targets in coverage.failed.items() if (left := targets & ~part.bits)}
    failed[Reason.NOT_ASKED] = failed.get(Reason.NOT_ASKED, 0) | part.bits
    clear_at = coverage.failed_clear_at if coverage.failed else coverage.concluded_at
    left_out = replace(coverage, failed=failed, failed_clear_at=clear_at)
    if left_out != coverage:
        repo.save_coverage(left_out)
    return left_out


class Recording:
    """One batch on its way into the database. If a transaction fails, the whole batch is to be asked again."""

    def __init__(self, asked: Asked, terms: Terms) -> None:
        self._asked = asked
        self._terms = terms
        self._ids = terms.roster.ids
        self._sounding: Sounding | None = None
        self._left: list[Target] = []
        """Targets that are still to be looked at."""
        self._portions: list[Portion] = []
        self.recorded: Recorded | None = None
        """What the batch came to, once all of it is taken in."""

    def take_portion(self, repo: Repository, at: datetime) -> Transitions:
        """Take in what one transaction has room for, and give what changed by it.

        `at`: when it is written. Of a big batch that may be long after it was answered, and its news is still
        gathered for as long as other news, or each portion would leave as a message of its own.
        """
        asked = self._asked
        sounding = self._sounding or self._begin(repo)
        if not asked.soundness.trusted:
            self.recorded = Recorded(unknown=len(asked.targets), sounding=sounding, coverage=self._set_aside(repo))
            return ()
        targets, self._left = self._left[:PORTION_TARGETS], self._left[PORTION_TARGETS:]
        announcer = Announcer(repo, self._terms.policy, at)
        portion = take_in(announcer, asked, terms=self._terms, sounding=sounding, targets=targets)
        self._portions.append(portion)
        if not self._left:
            self.recorded = self._finish(repo, sounding)
        return portion.transitions

    def _begin(self, repo: Repository) -> Sounding:
        """Write what the batch says of its list, and see which pairs need to be looked at."""
        asked = self._asked
        before = repo.sounding(asked.blocklist.id, asked.family, asked.result.nameserver)
        self._sounding = sounding_of(asked, before)
        repo.save_sounding(self._sounding)
        watch_condition(repo, asked, self._terms, Announcer(repo, self._terms.policy, asked.at))
        if asked.soundness.trusted:
            targets = {self._ids[target]: target for target in asked.targets}
            paired = repo.paired(asked.blocklist.id, targets.keys())
            remarked = remarkable(asked, [targets[target_id] for target_id in paired])
            self._left = sorted(remarked, key=self._ids.__getitem__)
        return self._sounding

    def _set_aside(self, repo: Repository) -> Coverage:
        """The list cannot be believed: that it was asked is all there is to remember."""
        coverage = self._coverage(repo)
        if not self._asked.full:
            return coverage
        bits = bitmap(self._ids[target] for target in self._asked.targets)
        coverage = replace(coverage, asked=bits, asked_at=self._asked.started_at)
        repo.save_coverage(coverage)
        return coverage

    def _finish(self, repo: Repository, sounding: Sounding) -> Recorded:
        """Write what speaks for the whole batch."""
        pairs = [pair for portion in self._portions for pair in portion.pairs]
        # From here on the coverage speaks for plain pairs. Between two rounds it can't: it is older than this answer.
        settled = [pair.target_id for pair in pairs if self._asked.full and plain(pair.standing)]
        # Another process may have found news of one of them since its portion: that row stays.
        repo.delete_clear_pairs(self._asked.blocklist.id, settled)
        kept = [pair for pair in pairs if not (self._asked.full and plain(pair.standing))]
        failing = unknowns(self._asked)
        self._keep_accepted(repo)
        return Recorded(
            listed=sum(portion.listed for portion in self._portions),
            unknown=len(failing),
            transitions=tuple(one for portion in self._portions for one in portion.transitions),
            sounding=sounding,
            coverage=self._cover(repo, kept),
            pairs=tuple(kept),
            settled=tuple(settled),
        )

    def _keep_accepted(self, repo: Repository) -> None:
        """Write which listings there are that the admin has accepted; where he has accepted none, that is nothing."""
        asked, failing = self._asked, unknowns(self._asked)
        among = [t for t in asked.targets if t in asked.blocklist.accepted and t not in failing]
        if among:
            said = {self._ids[target]: codes for target, codes in accepted(asked).items()}
            ids = [self._ids[target] for target in among]
            repo.save_accepted(asked.blocklist.id, said, asked=ids, at=asked.at)

    def _cover(self, repo: Repository, kept: Collection[Pair]) -> Coverage:
        """Say for all targets of the batch at once that they were asked, and which of them conclusively.

        Ahead of a round only the pairs with a row are known better: the coverage would date any other one wrongly.
        """
        asked, coverage, unknown = self._asked, self._coverage(repo), unknowns(self._asked)
        bits = bitmap(self._ids[target] for target in asked.targets)
        failing = bitmap(self._ids[target] for target in unknown)
        waiting = bitmap(pair.target_id for pair in kept if not pair.standing.looked)
        concluded = bits if asked.full else bitmap(pair.target_id for pair in kept)
        failed = {reason: targets & ~bits for reason, targets in coverage.failed.items()}
        for target, reason in unknown.items():
            failed[reason] = failed.get(reason, 0) | slice_of(self._ids[target])[1]
        failed = {reason: targets for reason, targets in failed.items() if targets}
        clear_at = coverage.failed_clear_at if coverage.failed else coverage.concluded_at
        advanced = replace(
            coverage,
            covered=coverage.covered | concluded & ~failing & ~waiting,
            failed=failed,
            failed_clear_at=clear_at if failed else None,
        )
        if asked.full:
            advanced = replace(advanced, asked=bits, asked_at=asked.started_at, concluded_at=asked.started_at)
        if advanced != coverage:
            repo.save_coverage(advanced)
        return advanced

    def _coverage(self, repo: Repository) -> Coverage:
        return repo.coverage(self._asked.blocklist.id, self._asked.family, self._asked.slice)
