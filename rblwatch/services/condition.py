"""What is remembered of a list's soundness, and the incident that its trouble becomes.

Owns how soundings follow one another, and that what `core.course` says of them is stored and told. Must not know
verdicts of targets.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from rblwatch.core.alert import Kind
from rblwatch.core.blocklist import Blocklist
from rblwatch.core.course import Sight, Turn, View, follow
from rblwatch.core.findings import NOUNS
from rblwatch.core.incident import Condition, Incident, loud, retired
from rblwatch.core.listing import Ending
from rblwatch.core.plan import LONGEST_TTL, longest_ttl_s
from rblwatch.core.question import Absent, Found
from rblwatch.core.soundness import Soundness, State
from rblwatch.core.target import Family
from rblwatch.core.watchlist import Roster
from rblwatch.services.announce import Announcer, ending
from rblwatch.services.asked import Asked, Terms
from rblwatch.services.outages import announce_incident, asked_before_it_ended, end_outage, watch_resolver
from rblwatch.store.repository import Repository
from rblwatch.store.rows import Sounding

_NAMES = {Family.IPV4: "IPv4", Family.IPV6: "IPv6", Family.NAME: "name"}


def watch_condition(repo: Repository, asked: Asked, terms: Terms, announcer: Announcer) -> None:
    """Follow the incidents about a list, as its soundings say; end its listings where it is as good as dead.

    What the resolver does to many lists at once is one incident about the resolver.
    """
    blocklist = asked.blocklist
    soundings, incidents = repo.soundings(blocklist.id), repo.open_incidents()
    excused: frozenset[tuple[str, Family]] = frozenset()
    # Where this list is well and no outage is known, the others need not be looked at, which is almost always.
    if not all(one.condition.soundness.trusted for one in soundings) or any(one.about_resolver for one in incidents):
        lane = (blocklist.id, asked.family)
        excused = watch_resolver(repo, latest_soundings(repo.soundings()), lane, terms=terms, announcer=announcer)
    families = frozenset(family for name, family in terms.roster.slices if name == blocklist.id)
    view = View(
        blocklist=blocklist.id,
        zone=blocklist.shown_zone,
        asked=families,
        sights=_sights(soundings, families, announcer.at),
        at=announcer.at,
        blind_after=terms.blind_after,
        excused=frozenset(family for name, family in excused if name == blocklist.id),
    )
    for turn, incident in follow([one for one in incidents if one.blocklist == blocklist.id], view):
        if turn is Turn.OPENED and not loud(incident.flaw) and asked_before_it_ended(repo, asked.started_at):
            continue
        _take(repo, turn, incident, announcer)
    for family in sorted(families):
        if _retired(soundings, family, announcer.at):
            _retire(repo, blocklist, family, terms, announcer)


def end_unasked(repo: Repository, roster: Roster, announcer: Announcer) -> None:
    """End incidents about what nobody asks any more; whoever was told of one is told why it is over."""
    lists = {name for name, _ in roster.slices}
    for incident in repo.open_incidents():
        if incident.about_resolver:
            if not lists:
                end_outage(repo, incident, announcer, "no list is asked any more")
            continue
        if any((incident.blocklist, family) in roster.slices for family in incident.families):
            continue
        repo.end_incident(incident.id, announcer.at)
        cause = (
            "nothing is asked of it any more"
            if incident.blocklist not in lists
            else f"it is not asked about {_named(incident.families)} any more"
        )
        announce_incident(announcer, incident, Kind.SIGHTED, cause)


def _take(repo: Repository, turn: Turn, incident: Incident, announcer: Announcer) -> None:
    """Store what becomes of an incident, and tell it."""
    match turn:
        case Turn.OPENED:
            announce_incident(announcer, repo.open_incident(incident), Kind.BLIND)
        case Turn.GROWN:
            repo.update_incident(incident)
            announce_incident(announcer, incident, Kind.BLIND)
        case Turn.ADJUSTED:
            repo.update_incident(incident)
        case Turn.ENDED:
            repo.update_incident(incident)
            repo.end_incident(incident.id, announcer.at)
            announce_incident(announcer, incident, Kind.SIGHTED)


def _sights(soundings: Iterable[Sounding], asked: Collection[Family], at: datetime) -> dict[Family, Sight]:
    """How the list stands for each family, as seen through the nameserver that was asked last."""
    soundings = list(soundings)
    distrusted = {s.family for s in soundings if s.distrust_until is not None and at < s.distrust_until}
    return {
        family: Sight(sounding.condition, sounding.checked_at, family in distrusted)
        for (_, family), sounding in latest_soundings(soundings).items()
        if family in asked
    }


def _retired(soundings: Sequence[Sounding], family: Family, at: datetime) -> bool:
    """Whether a list is as good as dead for one family, and through no nameserver was sound meanwhile."""
    alike = [sounding for sounding in soundings if sounding.family is family]
    latest = max(alike, key=lambda sounding: sounding.checked_at, default=None)
    if latest is None or not retired(latest.condition, at):
        return False
    since_at = latest.condition.unsound_at
    return not any(s.condition.soundness.trusted and since_at is not None and s.checked_at > since_at for s in alike)


def latest_conditions(soundings: Iterable[Sounding]) -> dict[tuple[str, Family], Condition]:
    """The condition of each list and family, as seen through the nameserver that was asked last."""
    return {key: sounding.condition for key, sounding in latest_soundings(soundings).items()}


def latest_soundings(soundings: Iterable[Sounding]) -> dict[tuple[str, Family], Sounding]:
    """What was seen last of each list and family, through whichever nameserver."""
    latest: dict[tuple[str, Family], Sounding] = {}
    for sounding in soundings:
        key = (sounding.blocklist, sounding.family)
        if key not in latest or latest[key].checked_at < sounding.checked_at:
            latest[key] = sounding
    return latest


def _retire(repo: Repository, blocklist: Blocklist, family: Family, terms: Terms, announcer: Announcer) -> None:
    """End what a list said of one family; nothing new is believed of it, so this happens once."""
    cause = (
        f"{blocklist.id} failed its {_NAMES[family]} self-test 30 days ago and has not passed it since: "
        "what it said before is no longer held"
    )
    open_listings = [listing for listing in repo.open_listings(blocklist.id) if listing.target.family is family]
    repo.end_listings((listing.id, announcer.at, Ending.LIST_RETIRED) for listing in open_listings)
    announcer.announce(ending(listing, cause, terms.roster.watchlist, announcer.at) for listing in open_listings)
    held = [pair.target_id for pair in repo.pairs(blocklist.id).values() if pair.target.family is family]
    repo.delete_pairs(blocklist.id, held)
    repo.forget_coverage(blocklist.id, held)


def _named(families: Collection[Family]) -> str:
    return " and ".join(NOUNS[family] for family in sorted(families))


def sounding_of(asked: Asked, before: Sounding | None) -> Sounding:
    """What a batch's probes say of its list, with what was known before and still holds."""
    soundness = asked.soundness
    same = before is not None and _alike(before.condition.soundness, soundness)
    since_at = before.condition.since_at if before is not None and same else asked.at
    positive = [a.answer.ttl_s for a in asked.result.probes if isinstance(a.answer, Found)]
    return Sounding(
        blocklist=asked.blocklist.id,
        family=asked.family,
        nameserver=asked.result.nameserver,
        condition=Condition(soundness, since_at, _unsound_at(asked, before)),
        checked_at=asked.at,
        distrust_until=_distrust_until(asked, before),
        positive_ttl_s=max(positive, default=before.positive_ttl_s if before is not None else None),
        negative_ttl_s=_negative_ttl_s(asked, before),
    )


def _unsound_at(asked: Asked, before: Sounding | None) -> datetime | None:
    """When the list first failed its self-test after it was believed last; silence in between changes nothing."""
    if asked.soundness.trusted:
        return None
    failed_at = before.condition.unsound_at if before is not None else None
    return failed_at or (asked.at if asked.soundness.state is State.UNSOUND else None)


def _alike(one: Soundness, other: Soundness) -> bool:
    """Whether it is the same as before: a list that times out now and refuses then has one trouble, since it began."""
    return one.state is other.state or not (one.trusted or other.trusted)


def _distrust_until(asked: Asked, before: Sounding | None) -> datetime | None:
    """Until when caches may repeat lies, if the list was caught in one, now or when it was asked last.

    The last of them may have been told until this very moment, to anybody who uses the same cache.
    """
    kept = before.distrust_until if before is not None else None
    lied = before is not None and before.condition.soundness.flaw is not None
    if asked.soundness.flaw is None and not lied:
        return kept
    lasting = _lies_last(asked)
    if before is not None:
        ttls = [ttl_s for ttl_s in (before.positive_ttl_s, before.negative_ttl_s) if ttl_s is not None]
        lasting = max(lasting, min(timedelta(seconds=max(ttls, default=0)), LONGEST_TTL))
        if lied and kept is not None:
            lasting = max(lasting, kept - before.checked_at)
    return max(kept or asked.at, asked.at + lasting)


def _negative_ttl_s(asked: Asked, before: Sounding | None) -> int | None:
    """The longest time for which a cache may repeat "not listed", as far as this list's answers ever said."""
    seen = [a.answer.ttl_s for a in asked.result.probes if isinstance(a.answer, Absent) and a.answer.ttl_s is not None]
    if asked.result.negative_ttl_s is not None:
        seen.append(asked.result.negative_ttl_s)
    if before is None:
        return max(seen, default=None)
    return longest_ttl_s(seen, before.negative_ttl_s, before_at=before.checked_at, at=asked.at)


def _lies_last(asked: Asked) -> timedelta:
    """For how long caches may repeat what a list said while it was caught lying."""
    answers = [a.answer for a in (*asked.result.probes, *asked.proof_answers)]
    ttls = [answer.ttl_s for answer in (*answers, *asked.result.found.values()) if isinstance(answer, Found)]
    ttls += [answer.ttl_s for answer in answers if isinstance(answer, Absent) and answer.ttl_s is not None]
    if asked.result.negative_ttl_s is not None:
        ttls.append(asked.result.negative_ttl_s)
    return min(timedelta(seconds=max(ttls, default=0)), LONGEST_TTL)
