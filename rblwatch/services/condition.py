"""What is remembered of a list's soundness, and the incident that its trouble becomes.

Owns how soundings follow one another, and when an incident about a list opens and ends. Must not know
verdicts of targets.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from rblwatch.core.alert import Group, Kind
from rblwatch.core.blocklist import Blocklist
from rblwatch.core.incident import Condition, Incident, notable, retired, worst
from rblwatch.core.listing import Ending
from rblwatch.core.plan import LONGEST_TTL, longest_ttl_s
from rblwatch.core.question import Absent, Found
from rblwatch.core.routing import Subject
from rblwatch.core.settings import Topic
from rblwatch.core.soundness import Soundness
from rblwatch.core.target import Family
from rblwatch.services.announce import Announcer, announce_end
from rblwatch.services.asked import Asked, Terms
from rblwatch.store.repository import Repository
from rblwatch.store.rows import NewNews, Sounding


def watch_condition(repo: Repository, blocklist: Blocklist, terms: Terms, announcer: Announcer) -> None:
    """Open or end the incident about a list, as its latest soundings say; end its listings if it is as good as dead."""
    at = announcer.at
    soundings = repo.soundings(blocklist.id)
    condition = condition_of(soundings, terms.roster.watchlist.families(blocklist.id))
    incident = repo.open_incidents().get(blocklist.id)
    if condition is None:
        return
    if incident is None and notable(condition, at, terms.blind_after):
        incident = repo.open_incident(_incident(blocklist, condition, at))
        _announce_incident(announcer, incident, Kind.BLIND)
    elif incident is not None and condition.soundness.trusted and not _distrusted(soundings, at):
        repo.end_incident(incident.id, at)
        _announce_incident(announcer, replace(incident, ended_at=at), Kind.SIGHTED)
    if retired(condition, at):
        _retire(repo, blocklist, terms, announcer)


def _distrusted(soundings: Iterable[Sounding], at: datetime) -> bool:
    """Whether the good word of the probes may be a copy from before the list lied."""
    return any(sounding.distrust_until is not None and at < sounding.distrust_until for sounding in soundings)


def condition_of(soundings: Iterable[Sounding], families: Collection[Family]) -> Condition | None:
    """The condition of one list: the worst over the families that it is asked about."""
    conditions = latest_conditions(soundings)
    return worst(condition for (_, family), condition in conditions.items() if family in families)


def latest_conditions(soundings: Iterable[Sounding]) -> dict[tuple[str, Family], Condition]:
    """The condition of each list and family, as seen through the nameserver that was asked last."""
    latest: dict[tuple[str, Family], Sounding] = {}
    for sounding in soundings:
        key = (sounding.blocklist, sounding.family)
        if key not in latest or latest[key].checked_at < sounding.checked_at:
            latest[key] = sounding
    return {key: sounding.condition for key, sounding in latest.items()}


def _retire(repo: Repository, blocklist: Blocklist, terms: Terms, announcer: Announcer) -> None:
    cause = f"{blocklist.id} has failed its self-test for 30 days: what it said before is no longer held"
    for listing in repo.open_listings(blocklist.id):
        ended = repo.end_listing(listing.id, announcer.at, Ending.LIST_RETIRED)
        announce_end(announcer, ended, cause, terms.roster.watchlist)
    for pair in repo.pairs(blocklist.id).values():
        repo.delete_pair(blocklist.id, pair.target_id)
        repo.forget_coverage(blocklist.id, [pair.target_id])


def _announce_incident(announcer: Announcer, incident: Incident, kind: Kind) -> None:
    news = NewNews(kind=kind, at=announcer.at, incident_id=incident.id)
    announcer.announce(news, Subject(topic=Topic.BLIND, blocklist=incident.blocklist), Group.INCIDENT)


def _incident(blocklist: Blocklist, condition: Condition, at: datetime) -> Incident:
    soundness = condition.soundness
    return Incident(
        id=0,
        blocklist=blocklist.id,
        zone=blocklist.shown_zone,
        state=soundness.state,
        reason=soundness.reason,
        flaw=soundness.flaw,
        detail=soundness.detail,
        since_at=condition.since_at,
        opened_at=at,
    )


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
        condition=Condition(soundness, since_at),
        checked_at=asked.at,
        distrust_until=_distrust_until(asked, before),
        positive_ttl_s=max(positive, default=before.positive_ttl_s if before is not None else None),
        negative_ttl_s=_negative_ttl_s(asked, before),
    )


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
