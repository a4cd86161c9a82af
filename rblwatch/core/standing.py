"""What we hold to be true of a pair, and how it changes.

Theory of operation. A pair is one target on one list. Its standing is what was last *confirmed*; what an answer says
beyond that is news, and waits in the standing as pending until a second probe of the list vouches for it, because
caches lie in both directions: a probe answered from the resolver's cache says nothing about a list that died a
minute ago. `observe` takes a verdict in and never tells anything; `settle` takes the proof that was gathered for it
and tells at most one transition. Between the two, `wanted` says which proof is needed at all.

- "listed" and "changed" want a *negative* proof: a point that no cache can hold is still clear.
- "delisted" wants `delist_after` conclusive clear answers in a row, and a *positive* proof: the list's test point,
  fetched after the first clear answer, that is after the copy that a cache held then has run out (`ready_at`).
  Answers and proof must be of one nameserver, since another one has a cache of its own. So what each nameserver said
  is kept apart (`Witness`), and where several take turns, the first to have said enough decides.
- News is settled only together with an answer that repeats it. The same cached copy twice is one answer (`repeat_at`):
  it was fetched when nothing vouched for the list. An unknown verdict repeats nothing and changes nothing.
- While a list is distrusted (it was caught lying, and caches may still hold its lies), news waits: an answer may
  begin news then, but none settles it, counts for it, or takes it back.

Must not know how verdicts were reached, what is stored, or who is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from rblwatch.core.verdict import Clear, Listed, Unknown, Verdict


class Change(StrEnum):
    """How a standing changed."""

    LISTED = "listed"
    CHANGED = "changed"
    DELISTED = "delisted"
    REINTERPRETED = "reinterpreted"  # the list's answer is the same; its codes no longer mean "listed" here


@dataclass(frozen=True, slots=True)
class Witness:
    """What one nameserver has said of a delisting that waits, while others are asked."""

    nameserver: str
    clears: int
    ready_at: datetime
    repeat_at: datetime | None


@dataclass(frozen=True, slots=True)
class Pending:
    """News that waits for its proof."""

    change: Change
    listed: Listed | None
    """The verdict to come true; None for a delisting."""
    seen_at: datetime
    """The first answer that said so."""
    ready_at: datetime
    """No proof from before this moment counts: a cache may have answered it."""
    repeat_at: datetime | None = None
    """No answer from before this moment repeats the news: it may be the copy that was read already."""
    nameserver: str = ""
    """Who was heard last; the moments above, and the standing's `clears`, are about its answers and its cache."""
    others: tuple[Witness, ...] = ()
    """Of a delisting: what other nameservers said of it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What we hold to be true of a pair now."""

    looked: bool = False
    """A conclusive answer has been had before; until then, a listing is a first look and no event."""
    listed: Listed | None = None
    clear_at: datetime | None = None
    """When the target was last seen clear; None if never."""
    clears: int = 0
    """Conclusive clear answers in a row while listed, of the nameserver that was heard last."""
    pending: Pending | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What an answer has to be read with: facts about the list at the moment of the answer."""

    at: datetime
    positive_until: datetime | None
    """When the copy that a cache may now hold of the positive point will have run out; None: there is no such point."""
    distrust_until: datetime | None = None
    """Until then caches may hold what the list said when it was caught lying."""
    copy_until: datetime | None = None
    """When the copy that a cache may now hold of this very answer will have run out; None: it holds none."""
    nameserver: str = ""
    """Who gave the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What second probes said of the list, in the same sweep as the verdict that they vouch for."""

    negative: bool = False
    """A fresh point that no cache can hold is clear."""
    positive_at: datetime | None = None
    """When the list's positive point was last asked and right."""
    has_positive: bool = True
    """False: the list has no positive point, so a delisting rests on its clear answers and the negative side alone."""


NO_PROOF = Proof()


class Wanted(StrEnum):
    """Which proof a standing's news waits for."""

    NEGATIVE = "negative"
    POSITIVE = "positive"


@dataclass(frozen=True, slots=True)
class Observation:
    """A standing that has taken in one verdict; the news in it, if any, is settled with `settle`."""

    standing: Standing
    repeated: bool
    """This very answer bears the pending news out."""
    reinterpreted: bool = False


@dataclass(frozen=True, slots=True)
class Transition:
    """A standing changed, and the change is proven."""

    change: Change
    listed: Listed
    """What is listed now; for an end, what was listed."""
    before: Listed | None
    """What was listed before, for a change of codes."""
    seen_at: datetime
    """The first answer that said so: an honest "since", together with `clear_at`."""
    clear_at: datetime | None
    """When the target was last seen clear before it was seen listed; None if never."""
    first_look: bool = False


def observe(standing: Standing, verdict: Verdict, circumstances: Circumstances) -> Observation:
    """Take one verdict into a standing. An unknown verdict changes nothing.

    What waits since a moment that is still to come was dated by a clock that was ahead, and waits anew from now on.
    """
    dated = _dated_by(standing, circumstances.at)
    match verdict:
        case Unknown():
            return Observation(standing, repeated=False)
        case Listed():
            return _observe_listed(dated, verdict, circumstances)
        case Clear():
            return _observe_clear(dated, verdict, circumstances)


def _dated_by(standing: Standing, at: datetime) -> Standing:
    """The standing without moments that are still to come."""
    if standing.clear_at is not None and standing.clear_at > at:
        standing = replace(standing, clear_at=at)
    if standing.pending is not None and standing.pending.seen_at > at:
        standing = replace(standing, pending=None, clears=0)
    return standing


def reread(standing: Standing, read: Callable[[Listed], Verdict]) -> Standing:
    """The standing as its answers are read now, so that another reading of the same answer is no change of the list's.

    What would be no listing any more stays as it was told: that is for the list's next answer to say.
    """

    def listed_or_as_before(before: Listed) -> Listed:
        now = read(before)
        return now if isinstance(now, Listed) else before

    pending = standing.pending
    if pending is not None and pending.listed is not None:
        pending = replace(pending, listed=listed_or_as_before(pending.listed))
    listed = listed_or_as_before(standing.listed) if standing.listed is not None else None
    return replace(standing, listed=listed, pending=pending)


def wanted(observation: Observation, delist_after: int, at: datetime) -> Wanted | None:
    """Which proof would settle the news of this observation now; None if nothing can be settled."""
    pending = observation.standing.pending
    if pending is None or not observation.repeated or at < pending.ready_at:
        return None
    if pending.change is Change.DELISTED:
        return Wanted.POSITIVE if observation.standing.clears >= delist_after else None
    return Wanted.NEGATIVE


def settle(
    observation: Observation, proof: Proof, delist_after: int, at: datetime
) -> tuple[Standing, Transition | None]:
    """Turn proven news into a transition; without proof it stays pending."""
    standing = observation.standing
    if observation.reinterpreted and standing.listed is not None:
        told = Transition(Change.REINTERPRETED, standing.listed, None, at, standing.clear_at)
        return Standing(looked=True, clear_at=at), told
    pending = standing.pending
    want = wanted(observation, delist_after, at)
    if pending is None or want is None or not _proven(want, pending, proof):
        return standing, None
    if pending.listed is None:
        assert standing.listed is not None  # a delisting waits only in the standing of a listed pair
        told = Transition(Change.DELISTED, standing.listed, None, pending.seen_at, standing.clear_at)
        return Standing(looked=True, clear_at=at), told
    told = Transition(
        pending.change,
        pending.listed,
        standing.listed,
        pending.seen_at,
        standing.clear_at,
        first_look=not standing.looked,
    )
    return Standing(looked=True, listed=pending.listed, clear_at=standing.clear_at), told


def _observe_listed(standing: Standing, verdict: Listed, circumstances: Circumstances) -> Observation:
    if standing.listed is not None and standing.listed.codes == verdict.codes:
        if _distrusted(circumstances):
            return Observation(standing, repeated=False)
        # Label and severity follow the description of the list, which the admin may edit; that is no event.
        return Observation(replace(standing, listed=verdict, clears=0, pending=None), repeated=False)
    change = Change.LISTED if standing.listed is None else Change.CHANGED
    waiting = standing.pending
    if waiting is not None and waiting.change is not change:
        if _distrusted(circumstances):
            return Observation(standing, repeated=False)
        waiting = None
    same = waiting is not None and waiting.listed is not None and waiting.listed.codes == verdict.codes
    if waiting is not None and same and _is_copy(waiting, circumstances):
        return Observation(standing, repeated=False)
    seen_at = waiting.seen_at if waiting is not None else circumstances.at
    ready_at = max(_trust(circumstances), waiting.ready_at if waiting is not None else circumstances.at)
    pending = Pending(change, verdict, seen_at, ready_at, circumstances.copy_until, circumstances.nameserver)
    return Observation(replace(standing, clears=0, pending=pending), repeated=True)


def _observe_clear(standing: Standing, verdict: Clear, circumstances: Circumstances) -> Observation:
    if standing.listed is not None and not set(standing.listed.codes).isdisjoint(verdict.codes):
        # The list says it still, and it lists nobody any more: what the codes mean here was changed, or accepted.
        return Observation(standing, repeated=False, reinterpreted=True)
    if _distrusted(circumstances):
        return Observation(standing, repeated=False)
    if standing.listed is None:
        return Observation(Standing(looked=True, clear_at=circumstances.at), repeated=False)
    waiting = standing.pending
    if waiting is None or waiting.change is not Change.DELISTED:
        return _first_clear(standing, Pending(Change.DELISTED, None, circumstances.at, circumstances.at), circumstances)
    if waiting.nameserver != circumstances.nameserver:
        return _clear_elsewhere(standing, waiting, circumstances)
    return _clear_again(standing, waiting, circumstances)


def _first_clear(standing: Standing, waiting: Pending, circumstances: Circumstances) -> Observation:
    """Begin to count the clear answers of a nameserver; nothing that its cache held until now proves them."""
    pending = replace(
        waiting,
        ready_at=max(circumstances.positive_until or circumstances.at, circumstances.at),
        repeat_at=circumstances.copy_until,
        nameserver=circumstances.nameserver,
    )
    return Observation(replace(standing, clears=1, pending=pending), repeated=True)


def _clear_again(standing: Standing, waiting: Pending, circumstances: Circumstances) -> Observation:
    """Count one more clear answer of the nameserver that was heard last, unless it is the copy that was read before."""
    if _is_copy(waiting, circumstances):
        return Observation(standing, repeated=False)
    waiting = replace(waiting, repeat_at=circumstances.copy_until)
    return Observation(replace(standing, clears=standing.clears + 1, pending=waiting), repeated=True)


def _clear_elsewhere(standing: Standing, waiting: Pending, circumstances: Circumstances) -> Observation:
    """Count a clear answer of another nameserver than the one before, where its own were left off."""
    left = Witness(waiting.nameserver, standing.clears, waiting.ready_at, waiting.repeat_at)
    known = {witness.nameserver: witness for witness in (*waiting.others, left)}
    own = known.pop(circumstances.nameserver, None)
    waiting = replace(waiting, others=tuple(known.values()))
    if own is None:
        return _first_clear(standing, waiting, circumstances)
    waiting = replace(waiting, nameserver=own.nameserver, ready_at=own.ready_at, repeat_at=own.repeat_at)
    return _clear_again(replace(standing, clears=own.clears, pending=waiting), waiting, circumstances)


def _is_copy(waiting: Pending, circumstances: Circumstances) -> bool:
    """Whether the answer may be the copy, in a cache, that brought the news or repeated it last."""
    return waiting.repeat_at is not None and circumstances.at < waiting.repeat_at


def _distrusted(circumstances: Circumstances) -> bool:
    return circumstances.at < _trust(circumstances)


def _trust(circumstances: Circumstances) -> datetime:
    return circumstances.distrust_until or circumstances.at


def _proven(want: Wanted, pending: Pending, proof: Proof) -> bool:
    match want:
        case Wanted.NEGATIVE:
            return proof.negative
        case Wanted.POSITIVE if not proof.has_positive:
            return proof.negative
        case Wanted.POSITIVE:
            return proof.positive_at is not None and proof.positive_at >= pending.ready_at
