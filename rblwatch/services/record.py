"""Take one batch's answers into the database, in one transaction.

Owns the order in which soundness, standings, listings, incidents and news are written, so that news and its deliveries
are committed together or not at all. Must not ask anything, nor decide what an answer means: the rules are in `core`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import assert_never

from rblwatch.core.alert import Group, Kind
from rblwatch.core.listing import Ending, Listing
from rblwatch.core.plan import bitmap, slice_of
from rblwatch.core.settings import Topic
from rblwatch.core.soundness import Expectation
from rblwatch.core.standing import (
    Change,
    Transition,
    observe,
    settle,
)
from rblwatch.core.target import Target
from rblwatch.core.verdict import Listed
from rblwatch.services.announce import Announcer, announce_end, subject_of
from rblwatch.services.answers import circumstances, remarkable, standing_before, unknowns, verdict_of
from rblwatch.services.asked import Asked, Terms
from rblwatch.services.causes import why_reinterpreted
from rblwatch.services.condition import sounding_of, watch_condition
from rblwatch.store.repository import Repository
from rblwatch.store.rows import Coverage, NewNews, Pair, Sounding


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What a batch came to."""

    listed: int = 0
    """Pairs that answered "listed" and were believed."""
    unknown: int = 0
    """Pairs about which this batch could say nothing."""
    transitions: tuple[tuple[Transition, Listing], ...] = ()
    sounding: Sounding
    coverage: Coverage
    pairs: tuple[Pair, ...] = ()
    """The pairs of this batch that have a row now."""
    settled: tuple[int, ...] = ()
    """Ids of targets whose pair row is gone."""


def record(repo: Repository, asked: Asked, terms: Terms) -> Recorded:
    """Take a batch in: soundness, incidents, standings, listings, alerts and deliveries, together."""
    return _Recording(repo, asked, terms).run()


class _Recording:
    """One batch on its way into the database."""

    def __init__(self, repo: Repository, asked: Asked, terms: Terms) -> None:
        self._repo = repo
        self._asked = asked
        self._terms = terms
        self._watchlist = terms.roster.watchlist
        self._ids = terms.roster.ids
        self._announcer = Announcer(repo, terms.policy, asked.at)
        self._transitions: list[tuple[Transition, Listing]] = []
        self._unknown = unknowns(asked)

    def run(self) -> Recorded:
        asked = self._asked
        before = self._repo.sounding(asked.blocklist.id, asked.family, asked.result.nameserver)
        sounding = sounding_of(asked, before)
        self._repo.save_sounding(sounding)
        watch_condition(self._repo, asked.blocklist, self._terms, self._announcer)
        coverage = self._repo.coverage(asked.blocklist.id, asked.family, asked.slice)
        if asked.soundness.trusted:
            return self._take_in(coverage, sounding)
        return Recorded(unknown=len(asked.targets), sounding=sounding, coverage=self._set_aside(coverage))

    def _set_aside(self, coverage: Coverage) -> Coverage:
        """The list cannot be believed: that it was asked is all there is to remember."""
        if not self._asked.full:
            return coverage
        bits = bitmap(self._ids[target] for target in self._asked.targets)
        coverage = replace(coverage, asked=bits, asked_at=self._asked.started_at)
        self._repo.save_coverage(coverage)
        return coverage

    def _take_in(self, coverage: Coverage, sounding: Sounding) -> Recorded:
        asked = self._asked
        rows = self._repo.pairs(asked.blocklist.id, [self._ids[target] for target in asked.targets])
        by_target = {row.target: row for row in rows.values()}
        remarked = remarkable(asked, by_target)
        advanced = [self._advance(target, by_target.get(target), coverage, sounding) for target in remarked]
        kept = [pair for pair in advanced if pair is not None]
        still = {pair.target_id for pair in kept} | {self._ids[target] for target in self._unknown}
        return Recorded(
            listed=sum(isinstance(verdict_of(asked, target), Listed) for target in remarked),
            unknown=len(self._unknown),
            transitions=tuple(self._transitions),
            sounding=sounding,
            coverage=self._cover(coverage, kept),
            pairs=tuple(kept),
            settled=tuple(target_id for target_id in rows if target_id not in still),
        )

    def _advance(self, target: Target, row: Pair | None, coverage: Coverage, sounding: Sounding) -> Pair | None:
        """Settle one pair's news, write what came of it, and return its row, or None if it needs none."""
        asked = self._asked
        verdict = verdict_of(asked, target)
        before = standing_before(asked.blocklist, row, coverage=coverage, bit=slice_of(self._ids[target])[1])
        observation = observe(before, verdict, circumstances(asked, target, sounding))
        standing, transition = settle(observation, asked.proof, self._terms.delist_after, asked.at)
        listing_id = row.listing_id if row is not None else None
        if transition is not None:
            listing_id = self._write(target, transition, listing_id)
        elif listing_id is not None and isinstance(verdict, Listed) and standing.listed == verdict:
            self._see_again(listing_id, verdict)
        plain = standing.listed is None and standing.pending is None
        if plain and (row is None or asked.full):
            # From here on the coverage speaks for the pair. Between two rounds it can't: it is older than this answer.
            if row is not None:
                self._repo.delete_pair(asked.blocklist.id, row.target_id)
            return None
        pair = Pair(
            target_id=self._ids[target],
            target=target,
            blocklist=asked.blocklist.id,
            standing=standing,
            listing_id=listing_id,
            asked_at=asked.at,
        )
        self._repo.save_pair(pair)
        return pair

    def _write(self, target: Target, transition: Transition, listing_id: int | None) -> int | None:
        """Write a transition with its listing and news; returns the listing that is open afterwards."""
        match transition.change:
            case Change.LISTED:
                listing = self._repo.open_listing(self._new_listing(target, transition))
                group = Group.FIRST_LOOK if transition.first_look else Group.NEWS
                self._tell(listing, transition, Kind.LISTED, group)
            case Change.CHANGED:
                listing = self._changed(self._known(listing_id), target, transition)
                self._tell(listing, transition, Kind.CHANGED, Group.NEWS)
            case Change.DELISTED:
                listing = self._end(self._known(listing_id), transition, Ending.DELISTED)
                self._tell(listing, transition, Kind.DELISTED, Group.NEWS)
            case Change.REINTERPRETED:
                listing = self._end(self._known(listing_id), transition, Ending.REINTERPRETED)
                cause = why_reinterpreted(listing, self._asked.blocklist)
                announce_end(self._announcer, listing, cause, self._watchlist)
            case _:
                assert_never(transition.change)
        self._repo.add_transition(listing.id, transition, self._asked.at)
        self._transitions.append((transition, listing))
        return listing.id if listing.stands else None

    def _tell(self, listing: Listing, transition: Transition, kind: Kind, group: Group) -> None:
        news = NewNews(
            kind=kind,
            at=self._asked.at,
            listing_id=listing.id,
            codes=listing.codes,
            before=tuple(map(str, transition.before.codes)) if transition.before else (),
        )
        self._announcer.announce(news, subject_of(listing, Topic(kind.value), self._watchlist), group)

    def _new_listing(self, target: Target, transition: Transition) -> Listing:
        asked = self._asked
        servers = self._watchlist.servers.get(target, ())
        return Listing(
            id=0,
            target=target,
            blocklist=asked.blocklist.id,
            zone=asked.blocklist.shown_zone,
            server=servers[0] if servers else "",
            servers=servers,
            tags=self._watchlist.tags_of(target),
            codes=tuple(map(str, transition.listed.codes)),
            labels=transition.listed.labels,
            severity=transition.listed.severity,
            text=asked.texts.get(target),
            listed_at=transition.seen_at,
            clear_at=transition.clear_at,
            seen_at=asked.at,
            nameserver=asked.result.nameserver,
            evidence=_evidence(asked),
            first_look=transition.first_look,
        )

    def _changed(self, before: Listing, target: Target, transition: Transition) -> Listing:
        changed = replace(
            before.read_as(transition.listed),
            text=self._asked.texts.get(target, before.text),
            seen_at=self._asked.at,
        )
        self._repo.update_listing(changed)
        return changed

    def _end(self, listing: Listing, transition: Transition, by: Ending) -> Listing:
        self._repo.end_listing(listing.id, transition.seen_at, by)
        return replace(listing, ended_at=transition.seen_at, ended_by=by)

    def _see_again(self, listing_id: int, listed: Listed) -> None:
        listing = self._known(listing_id)
        # How the list's answer is read follows its description, which an admin may edit.
        self._repo.update_listing(replace(listing.read_as(listed), seen_at=self._asked.at))

    def _cover(self, coverage: Coverage, kept: Collection[Pair]) -> Coverage:
        """Say for all targets of the batch at once that they were asked, and which of them conclusively.

        Ahead of a round only the pairs with a row are known better: the coverage would date any other one wrongly.
        """
        asked = self._asked
        bits = bitmap(self._ids[target] for target in asked.targets)
        failing = bitmap(self._ids[target] for target in self._unknown)
        waiting = bitmap(pair.target_id for pair in kept if not pair.standing.looked)
        concluded = bits if asked.full else bitmap(pair.target_id for pair in kept)
        failed = {reason: targets & ~bits for reason, targets in coverage.failed.items()}
        for target, reason in self._unknown.items():
            failed[reason] = failed.get(reason, 0) | slice_of(self._ids[target])[1]
        failed = {reason: targets for reason, targets in failed.items() if targets}
        clear_at = coverage.failed_clear_at if coverage.failed else coverage.concluded_at
        advanced = replace(
            coverage,
            covered=coverage.covered | concluded & ~failing & ~waiting,
            failed=failed,
            failed_clear_at=clear_at if failed else None,
            failed_since_at=(coverage.failed_since_at or asked.at) if failed else None,
        )
        if asked.full:
            advanced = replace(advanced, asked=bits, asked_at=asked.started_at, concluded_at=asked.started_at)
        if advanced != coverage:
            self._repo.save_coverage(advanced)
        return advanced

    def _known(self, listing_id: int | None) -> Listing:
        assert listing_id is not None  # only a listed pair changes or ends, and its row refers to its listing
        return self._repo.listing(listing_id)


def _evidence(asked: Asked) -> str:
    probes = [answered.probe for answered in (*asked.result.probes, *asked.proof_answers)]
    points = [f"{probe.target} {probe.expected}" for probe in probes]
    tested = any(probe.expected is Expectation.LISTED for probe in probes)
    return f"{'self-test passed' if tested else 'the list has no self-test; asked besides'}: {', '.join(points)}"
