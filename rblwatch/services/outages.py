"""The incident about a nameserver through which many lists can't be believed.

Owns when it is opened and ended, in the transaction of whoever saw it. Must not know single lists' incidents, beyond
which of their families are in one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from rblwatch.core.alert import Group, Kind
from rblwatch.core.course import Sight
from rblwatch.core.incident import Incident
from rblwatch.core.outage import Lane, Seen, incident_of, lasting, opens, outage
from rblwatch.services.announce import Announcement, Announcer, incident_subject
from rblwatch.services.asked import Terms
from rblwatch.store.repository import Repository
from rblwatch.store.rows import NewNews, Sounding


def watch_resolver(
    repo: Repository, latest: Mapping[Lane, Sounding], lane: Lane, *, terms: Terms, announcer: Announcer
) -> frozenset[Lane]:
    """Open or end the incident about the nameserver; gives what is explained by it, told or not yet.

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
    if found is not None and lane in found.lanes and opens(standing, found, announcer.at, terms.blind_after):
        for incident in standing:
            cause = f"{found.nameserver} is asked now, and most lists can't be believed through that one either"
            end_outage(repo, incident, announcer, cause)
        announce_incident(announcer, repo.open_incident(incident_of(found, announcer.at)), Kind.BLIND)
        return found.lanes
    if standing and not any(found is not None and one.zone == found.nameserver for one in standing):
        return failing or frozenset()  # on the way from one nameserver to another, what stands explains all of it
    return found.lanes if found is not None else frozenset()


def end_outage(repo: Repository, incident: Incident, announcer: Announcer, cause: str = "") -> None:
    """End the incident about a nameserver, and tell it."""
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
