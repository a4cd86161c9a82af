"""Many lists that can't be believed at once through the same nameservers: then it is these, and one incident.

Owns when the trouble of single lists is the resolver's, which lists that explains, and what fault it looks like. Must
not ask anything: it is seen from what sweeps saw. What an examination adds stands in `diagnosis.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rblwatch.core.course import Sight
from rblwatch.core.fault import Fault
from rblwatch.core.incident import Incident, loud
from rblwatch.core.plan import LONGEST_ROUND
from rblwatch.core.question import Reason
from rblwatch.core.soundness import Flaw, Soundness
from rblwatch.core.target import Family

#: So many lists of different operators, and more than half of all that are asked, do not fail at the same time.
FEWEST_LISTS = 3

#: An outage is over at once when no more than one list in so many still fails.
CLEARLY_BETTER = 4

#: Otherwise it must have stayed better for as long as trouble must last to be told, but for no longer than this.
STEADY_AFTER = timedelta(minutes=30)

#: Where nothing at all can be believed, fewer say as much; one list says nothing about anybody else.
FEWEST_LISTS_OF_ALL = 2

#: What a resolver can do to a list, and what that looks like; lists that lie loudly do so themselves.
_FAULTS = {
    Reason.TIMEOUT: Fault.CUT_OFF,
    Reason.NETWORK: Fault.DEAD,
    Reason.SERVFAIL: Fault.CUT_OFF,
    Reason.REFUSED: Fault.REFUSES,
    Reason.FILTERED: Fault.FILTERS,
    Reason.NOT_A_DNSBL_ANSWER: Fault.BLOCK_PAGE,
    Reason.REFUSAL_CODE: Fault.PUBLIC,
}
_FLAWS = {Flaw.SILENT: Fault.HIDES, Flaw.STRIPPED: Fault.STRIPS}

#: What befalls all lists of one operator at once: it shuts us out, empties them, or lets its domain go.
_OPERATORS_DOING = (Reason.REFUSAL_CODE, Reason.NOT_A_DNSBL_ANSWER, Flaw.SILENT)

#: Between the nameservers of one incident; none has it in its name.
_AND = ", "

Lane = tuple[str, Family]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How a list stands for one family, through whom that was seen, and whose list it is."""

    lane: Lane
    owner: str
    nameserver: str
    sight: Sight


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """Lists that fail at once, through nameservers through which most that is asked fails."""

    nameservers: tuple[str, ...]
    lanes: frozenset[Lane]
    """What it explains."""
    soundness: Soundness
    """What most of them are in, with a detail for people."""
    since_at: datetime
    """When there were so many that it was no longer a matter of single lists."""


def outage(seen: Sequence[Seen], own: Collection[Lane] = ()) -> Outage | None:
    """The outage that explains what is seen now, if there is one.

    `own`: what is in an incident of its own already, and says nothing about anybody else. What fails through a
    nameserver through which others are well is no part of it.
    """
    counted, failing = _told_apart(seen, own)
    bad = _bad(counted, failing)
    silent = sorted((one for one in failing if one.nameserver in bad), key=_since_at)
    for number in range(1, len(silent) + 1):
        if _many(silent[:number], counted):
            return Outage(
                nameservers=bad,
                lanes=frozenset(one.lane for one in silent),
                soundness=_what_most_are_in(silent, len({one.lane[0] for one in counted}), several=len(bad) > 1),
                since_at=_since_at(silent[number - 1]),
            )
    return None


def excused(found: Outage, seen: Iterable[Seen], interval: timedelta) -> frozenset[Lane]:
    """What an outage that nobody was told of yet keeps from having an incident of its own, by sweeps' `interval`.

    Lists notice a dead resolver over a whole interval and a round, and wait for one another that long. What began to
    fail earlier has a trouble of its own: however often others fail meanwhile, it waits no longer than that.
    """
    first_at = found.since_at - interval - LONGEST_ROUND
    return frozenset(one.lane for one in seen if one.lane in found.lanes and _since_at(one) >= first_at)


def lasting(
    seen: Sequence[Seen], own: Collection[Lane] = (), *, now: datetime, blind_after: timedelta
) -> frozenset[Lane] | None:
    """What a known outage explains of all that fails, through whatever nameserver; None when it is over.

    When another nameserver is asked, and lists fail through that one as well, nothing has come back. It is over when
    few still fail, or when it has stayed better for a while: a resolver on the brink is one incident, not many.
    """
    counted, failing = _told_apart(seen, own)
    if _many(failing, counted):
        return frozenset(one.lane for one in failing)
    better_at = _better_at(counted, failing)
    few = CLEARLY_BETTER * len(failing) <= len(counted)
    if few or better_at is None or now - better_at >= min(blind_after, STEADY_AFTER):
        return None
    # What began to fail since then has a trouble of its own, until it proves to be more than that.
    return frozenset(one.lane for one in failing if _since_at(one) <= better_at)


def _bad(counted: Sequence[Seen], failing: Sequence[Seen]) -> tuple[str, ...]:
    """The nameservers through which more fails than does not."""
    asked, lost = (Counter(one.nameserver for one in some) for some in (counted, failing))
    return tuple(sorted(nameserver for nameserver in lost if 2 * lost[nameserver] > asked[nameserver]))


def _many(failing: Sequence[Seen], counted: Sequence[Seen]) -> bool:
    """Whether so much fails that it is not a matter of single lists: most of all, or simply all."""
    owners = {one.owner for one in failing}
    if len(owners) >= FEWEST_LISTS and 2 * len(failing) > len(counted):
        return True
    if len(failing) < len(counted) or len({one.lane[0] for one in failing}) < FEWEST_LISTS_OF_ALL:
        return False
    return len(owners) > 1 or not any(_operators_doing(one.sight.condition.soundness) for one in failing)


def _operators_doing(soundness: Soundness) -> bool:
    return soundness.reason in _OPERATORS_DOING or soundness.flaw in _OPERATORS_DOING


def _better_at(counted: Sequence[Seen], failing: Sequence[Seen]) -> datetime | None:
    """Since when fewer lists fail than an outage takes; None where there are too few lists for one."""
    back = sorted((one for one in counted if one not in failing), key=_since_at, reverse=True)
    for number in range(1, len(back) + 1):
        if _many([*failing, *back[:number]], counted):
            return _since_at(back[number - 1])
    return None


def fault_of(soundness: Soundness) -> Fault:
    """What a resolver does through which most lists look like this."""
    by_flaw = _FLAWS.get(soundness.flaw) if soundness.flaw is not None else None
    by_reason = _FAULTS.get(soundness.reason) if soundness.reason is not None else None
    return by_flaw or by_reason or Fault.CUT_OFF


def opens(incidents: Iterable[Incident], found: Outage | None, now: datetime, blind_after: timedelta) -> bool:
    """Whether an outage is to be opened now: it has lasted, and is not known yet."""
    if found is None or now - found.since_at < blind_after:
        return False
    return not any(is_about(incident, found) for incident in incidents)


def is_about(incident: Incident, found: Outage) -> bool:
    """Whether an incident is about this outage; lists may move from one bad nameserver to the other and back."""
    return incident.about_resolver and not set(nameservers_of(incident)).isdisjoint(found.nameservers)


def nameservers_of(incident: Incident) -> tuple[str, ...]:
    """The nameservers that an incident about resolvers is about, as `host:port`."""
    return tuple(incident.zone.split(_AND))


def incident_of(found: Outage, at: datetime) -> Incident:
    """The incident about the nameservers; its id is 0."""
    soundness = found.soundness
    return Incident(
        id=0,
        blocklist="",
        zone=_AND.join(found.nameservers),
        state=soundness.state,
        reason=soundness.reason,
        flaw=soundness.flaw,
        detail=soundness.detail,
        since_at=found.since_at,
        opened_at=at,
    )


def _told_apart(seen: Sequence[Seen], own: Collection[Lane]) -> tuple[list[Seen], list[Seen]]:
    """What counts, and what of it fails in a way for which a resolver can be to blame."""
    counted = [one for one in seen if one.lane not in own]
    return counted, [one for one in counted if _explicable(one.sight.condition.soundness)]


def _explicable(soundness: Soundness) -> bool:
    """Whether a resolver can be to blame for it."""
    return not loud(soundness.flaw) and (soundness.reason in _FAULTS or soundness.flaw in _FLAWS)


def _since_at(one: Seen) -> datetime:
    return one.sight.condition.since_at


def _what_most_are_in(failing: Sequence[Seen], lists: int, *, several: bool) -> Soundness:
    causes: dict[tuple[Reason | None, Flaw | None], list[Soundness]] = {}
    for one in failing:
        soundness = one.sight.condition.soundness
        causes.setdefault((soundness.reason, soundness.flaw), []).append(soundness)
    example = max(causes.values(), key=len)[0]
    number = len({one.lane[0] for one in failing})
    through = "them; one of these lists" if several else "it; one of them"
    detail = f"{number} of {lists} lists can't be believed through {through} {example.detail}"
    return Soundness(example.state, example.reason, example.flaw, detail)
