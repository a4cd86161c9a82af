"""Take some of a batch's targets into the database, in one transaction.

Owns how the news of a portion is written: standings, listings, transitions, alerts and deliveries of its targets,
together or not at all, in few statements for all of them. Must not ask anything, nor decide what an answer means: the
rules are in `core`. Must not touch what is said of the whole batch, which is `record.py`'s.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from rblwatch.core.alert import Group, Kind
from rblwatch.core.blocklist import Kind as ListKind
from rblwatch.core.listing import Ending, Listing
from rblwatch.core.plan import slice_of
from rblwatch.core.settings import Topic
from rblwatch.core.soundness import Expectation
from rblwatch.core.standing import Change, Standing, Transition, observe, settle
from rblwatch.core.target import Target
from rblwatch.core.verdict import Listed
from rblwatch.services.announce import Announcement, Announcer, ending, subject_about, subject_of
from rblwatch.services.answers import circumstances, standing_before, verdict_of
from rblwatch.services.asked import Asked, Terms
from rblwatch.services.causes import why_reinterpreted
from rblwatch.store.rows import Coverage, NewNews, Pair, Sounding

#: What changed, each with its listing as it was afterwards.
Transitions = tuple[tuple[Transition, Listing], ...]


@dataclass(frozen=True, slots=True)
class Portion:
    """What some targets of a batch came to."""

    listed: int
    """Targets that were said to be listed."""
    transitions: Transitions
    pairs: tuple[Pair, ...]
    """Pairs that need a row; those that were plain, and had none, have none now either."""


@dataclass(frozen=True, slots=True)
class _Step:
    """What one answer does to one pair."""

    target: Target
    row: Pair | None
    said: Listed | None
    """What the answer says, if it says "listed"."""
    standing: Standing
    transition: Transition | None

    @property
    def listing_id(self) -> int | None:
        """The listing that was open before."""
        return self.row.listing_id if self.row is not None else None


def take_in(
    announcer: Announcer, asked: Asked, *, terms: Terms, sounding: Sounding, targets: Sequence[Target]
) -> Portion:
    """Write what the answers about these targets, whose verdicts are known, come to."""
    return _TakingIn(announcer, asked, terms, sounding).run(targets)


class _TakingIn:
    """Some targets of a batch on their way into the database."""

    def __init__(self, announcer: Announcer, asked: Asked, terms: Terms, sounding: Sounding) -> None:
        self._announcer = announcer
        self._repo = announcer.repo
        self._asked = asked
        self._terms = terms
        self._sounding = sounding
        self._watchlist = terms.roster.watchlist
        self._ids = terms.roster.ids
        self._is_allow = asked.blocklist.kind is ListKind.ALLOW

    def run(self, targets: Sequence[Target]) -> Portion:
        blocklist = self._asked.blocklist.id
        rows = {row.target: row for row in self._repo.pairs(blocklist, [self._ids[t] for t in targets]).values()}
        coverage = self._repo.coverage(blocklist, self._asked.family, self._asked.slice)
        steps = [self._step(target, rows.get(target), coverage) for target in targets]
        if self._is_allow:
            self._tell_lost(steps)
            written: dict[Target, Listing] = {}
        else:
            written = self._write(steps)
            self._see_again(steps)
        pairs = tuple(self._pair(step, written) for step in steps if step.row is not None or not plain(step.standing))
        self._save(pairs, rows)
        return Portion(
            listed=0 if self._is_allow else sum(step.said is not None for step in steps),
            transitions=tuple(
                (step.transition, written[step.target])
                for step in steps
                if step.transition is not None and step.target in written
            ),
            pairs=pairs,
        )

    def _step(self, target: Target, row: Pair | None, coverage: Coverage) -> _Step:
        asked = self._asked
        verdict = verdict_of(asked, target)
        before = standing_before(asked, row, coverage=coverage, bit=slice_of(self._ids[target])[1])
        observation = observe(before, verdict, circumstances(asked, target, self._sounding))
        standing, transition = settle(observation, asked.proof, self._terms.delist_after, asked.at)
        return _Step(target, row, verdict if isinstance(verdict, Listed) else None, standing, transition)

    def _tell_lost(self, steps: Iterable[_Step]) -> None:
        """Tell whom an allow list has no longer; that it has somebody is shown, and no news."""
        self._announcer.announce(
            self._loss(step.target, step.transition)
            for step in steps
            if step.transition is not None and step.transition.change is Change.DELISTED
        )

    def _loss(self, target: Target, transition: Transition) -> Announcement:
        news = NewNews(
            kind=Kind.ALLOW_LOST,
            at=transition.seen_at,
            codes=tuple(map(str, transition.listed.codes)),
            text=", ".join(transition.listed.labels),
            servers=self._watchlist.servers.get(target, ()),
            target=target.text,
            blocklist=self._asked.blocklist.id,
        )
        return Announcement(news, subject_about(news, self._watchlist), Group.NEWS)

    def _write(self, steps: Sequence[_Step]) -> dict[Target, Listing]:
        """Write all transitions with their listings and news; the listings as they are afterwards."""
        changing = [(step, step.transition) for step in steps if step.transition is not None]
        known = self._repo.listings([step.listing_id for step, _ in changing if step.listing_id is not None])
        after = {step.target: self._after(step, transition, known) for step, transition in changing}
        after |= {new.target: new for new in self._repo.add_listings([one for one in after.values() if not one.id])}
        by_change: dict[Change, list[Listing]] = defaultdict(list)
        for step, transition in changing:
            by_change[transition.change].append(after[step.target])
        self._repo.update_listings(by_change[Change.CHANGED])
        self._repo.end_listings(
            (listing.id, listing.ended_at, listing.ended_by)
            for listing in after.values()
            if listing.ended_at is not None and listing.ended_by is not None
        )
        written = [(transition, after[step.target]) for step, transition in changing]
        self._repo.add_transitions([(listing.id, transition) for transition, listing in written], self._asked.at)
        self._announcer.announce(self._announcement(transition, listing) for transition, listing in written)
        return after

    def _after(self, step: _Step, transition: Transition, known: Mapping[int, Listing]) -> Listing:
        """The listing of a transition as it is afterwards; one that is new has no id yet."""
        if transition.change is Change.LISTED:
            return self._new_listing(step.target, transition)
        assert step.listing_id is not None  # only a listed pair changes or ends, and its row refers to its listing
        before = known[step.listing_id]
        match transition.change:
            case Change.CHANGED:
                return self._changed(before, transition)
            case Change.DELISTED:
                return replace(before, ended_at=transition.seen_at, ended_by=Ending.DELISTED)
            case Change.REINTERPRETED:
                return replace(before, ended_at=transition.seen_at, ended_by=Ending.REINTERPRETED)
            case _:
                assert_never(transition.change)

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

    def _changed(self, before: Listing, transition: Transition) -> Listing:
        return replace(
            before.read_as(transition.listed),
            # What the list said of the codes before says nothing about these.
            text=self._asked.texts.get(before.target),
            seen_at=self._asked.at,
        )

    def _announcement(self, transition: Transition, listing: Listing) -> Announcement:
        if transition.change is Change.REINTERPRETED:
            cause = why_reinterpreted(listing, self._asked.blocklist)
            return ending(listing, cause, self._watchlist, self._asked.at)
        kind = Kind(transition.change.value)
        news = NewNews(
            kind=kind,
            at=self._asked.at,
            listing_id=listing.id,
            codes=listing.codes,
            before=tuple(map(str, transition.before.codes)) if transition.before else (),
        )
        is_first_look = transition.change is Change.LISTED and transition.first_look
        group = Group.FIRST_LOOK if is_first_look else Group.NEWS
        return Announcement(news, subject_of(listing, Topic(kind.value), self._watchlist), group)

    def _see_again(self, steps: Iterable[_Step]) -> None:
        """Date listings anew that the list repeats."""
        # How the list's answer is read follows its description, which an admin may edit.
        seen: dict[Listed, list[int]] = defaultdict(list)
        for step in steps:
            if step.transition is None and step.said is not None and step.standing.listed == step.said:
                seen[step.said].extend([step.listing_id] if step.listing_id is not None else [])
        for said, listing_ids in seen.items():
            self._repo.touch_listings(listing_ids, said, self._asked.at)

    def _pair(self, step: _Step, written: Mapping[Target, Listing]) -> Pair:
        listing = written.get(step.target)
        open_id = listing.id if listing is not None and listing.stands else None
        return Pair(
            target_id=self._ids[step.target],
            target=step.target,
            blocklist=self._asked.blocklist.id,
            standing=step.standing,
            listing_id=open_id if listing is not None else step.listing_id,
            asked_at=self._asked.at,
            allowed_at=self._allowed_at(step) if self._is_allow else None,
        )

    def _allowed_at(self, step: _Step) -> datetime | None:
        """Since when an allow list has a target; whatever else it says of it meanwhile, it is on it."""
        if step.standing.listed is None:
            return None
        if step.transition is not None and step.transition.change is Change.LISTED:
            return step.transition.seen_at
        return step.row.allowed_at if step.row is not None else None

    def _save(self, pairs: Iterable[Pair], rows: Mapping[Target, Pair]) -> None:
        touched: list[int] = []
        changed: list[Pair] = []
        for pair in pairs:
            row = rows.get(pair.target)
            if row is not None and _is_repeated(row, pair):
                touched.append(pair.target_id)
            else:
                changed.append(pair)
        self._repo.touch_pairs(self._asked.blocklist.id, touched, self._asked.at)
        self._repo.save_pairs(changed)


def plain(standing: Standing) -> bool:
    """Whether a pair is clear with nothing pending, so that its coverage can speak for it."""
    return standing.listed is None and standing.pending is None


def _is_repeated(row: Pair, pair: Pair) -> bool:
    """Whether nothing about a listed pair has changed but the moment at which it was asked about."""
    was, now = row.standing, pair.standing
    if was.listed is None or now.listed is None or now.pending is not None:
        return False
    return was == now and was.listed.said == now.listed.said and row.listing_id == pair.listing_id


def _evidence(asked: Asked) -> str:
    probes = [answered.probe for answered in (*asked.result.probes, *asked.proof_answers)]
    points = [f"{probe.target} {probe.expected}" for probe in probes]
    tested = any(probe.expected is Expectation.LISTED for probe in probes)
    return f"{'self-test passed' if tested else 'the list has no self-test; asked besides'}: {', '.join(points)}"
