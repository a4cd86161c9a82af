"""The incident about nameservers through which many lists can't be believed.

Owns when it is opened and ended, in the transaction of whoever saw it. Must not know single lists' incidents, beyond
which of their families are in one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from rblwatch.core.alert import Group, Kind
from rblwatch.core.course import Sight
from rblwatch.core.incident import Incident
from rblwatch.core.outage import (
    Lane,
    Outage,
    Seen,
    excused,
    incident_of,
    is_about,
    lasting,
    nameservers_of,
    opens,
    outage,
)
from rblwatch.services.announce import Announcement, Announcer, incident_subject
from rblwatch.services.asked import Terms
from rblwatch.store.repository import Repository
from rblwatch.store.rows import NewNews, Sounding


def watch_resolver(
    repo: Repository, latest: Mapping[Lane, Sounding], lane: Lane, *, terms: Terms, announcer: Announcer
) -> frozenset[Lane]:
    """Open or end the incident about nameservers; gives what is explained by it, told or not yet.

    `latest`: what was seen last of each list and family; `lane`: the one of them that was seen just now. Only if that
    one still fails is an incident opened: of the others, the resolver's recovery may not have been seen yet.
    """
    incidents = repo.open_incidents()
    own = {(one.blocklist, family) for one in incidents if not one.about_resolver for family in one.families}
    standing = [one for one in incidents if one.about_resolver]
    seen = _seen(latest, terms)
    found = outage(seen, own)
    failing = lasting(seen, own, now=announcer.at, blind_after=terms.blind_after)
    if failing is None:
        for incident in standing:
            end_outage(repo, incident, announcer)
    if found is None or failing is None:
        return failing if failing is not None and standing else frozenset()
    if lane in found.lanes and opens(standing, found, announcer.at, terms.blind_after):
        if _still_asked(repo, standing, announcer.at - terms.blind_after):
            return failing
        for incident in standing:
            end_outage(repo, incident, announcer, _other_nameservers(found))
        announce_incident(announcer, repo.open_incident(incident_of(found, announcer.at)), Kind.BLIND)
        return found.lanes
    if not standing:
        return excused(found, seen, terms.interval)
    # On the way from one nameserver to another, what stands explains all of it.
    return found.lanes if any(is_about(one, found) for one in standing) else failing


def _still_asked(repo: Repository, standing: Iterable[Incident], after_at: datetime) -> bool:
    """Whether lists were asked after a moment through nameservers that people know to be bad."""
    known = {nameserver for incident in standing for nameserver in nameservers_of(incident)}
    return any(one.nameserver in known and one.checked_at > after_at for one in repo.soundings())


def _other_nameservers(found: Outage) -> str:
    verb, those = ("is", "that one") if len(found.nameservers) == 1 else ("are", "those")
    asked = " and ".join(found.nameservers)
    return f"{asked} {verb} asked now, and most lists can't be believed through {those} either"


def end_outage(repo: Repository, incident: Incident, announcer: Announcer, cause: str = "") -> None:
    """End the incident about nameservers, and tell it."""
    repo.end_incident(incident.id, announcer.at)
    announce_incident(announcer, incident, Kind.SIGHTED, cause)


def asked_before_it_ended(repo: Repository, started_at: datetime) -> bool:
    """Whether the last outage was not over yet when a list was asked, whose trouble may come from it."""
    last = repo.last_outage()
    return last is not None and last.ended_at is not None and started_at <= last.ended_at


def announce_incident(announcer: Announcer, incident: Incident, kind: Kind, cause: str = "") -> None:
    """Tell that an incident has begun, grown or ended."""
    news = NewNews(kind=kind, at=announcer.at, incident_id=incident.id, text=cause)
    subject = incident_subject(incident, ended=kind is Kind.SIGHTED)
    announcer.announce([Announcement(news, subject, Group.INCIDENT)])


def _seen(latest: Mapping[Lane, Sounding], terms: Terms) -> list[Seen]:
    blocklists = terms.roster.watchlist.blocklists
    return [
        Seen(
            lane=lane,
            owner=blocklists[lane[0]].operator or lane[0],
            nameserver=sounding.nameserver,
            sight=Sight(sounding.condition, sounding.checked_at),
        )
        for lane, sounding in latest.items()
        if lane in terms.roster.slices
    ]
