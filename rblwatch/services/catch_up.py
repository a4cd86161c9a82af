"""Tell recipients what stands and newly concerns them: a channel or route was added or taken out, a silence has ended.

Owns which listings and incidents a recipient has yet to be told of, or is to be told no more of, whatever is news now.
Must not know how listings begin or end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from rblwatch.core.alert import Group, Kind, ending_line
from rblwatch.core.incident import Incident
from rblwatch.core.listing import Listing
from rblwatch.core.routing import HELD, TOLD, Decision, Silence, Subject, decide
from rblwatch.core.settings import Topic
from rblwatch.core.watchlist import Watchlist
from rblwatch.services.announce import Announcement, Announcer, incident_subject, subject_about, subject_of
from rblwatch.services.policy import Policy
from rblwatch.services.release import release
from rblwatch.store.repository import Repository
from rblwatch.store.rows import NewNews, Telling


def catch_up(repo: Repository, watchlist: Watchlist, policy: Policy, at: datetime) -> None:
    """Tell every recipient, in one message, what stands and newly concerns him."""
    _CatchUp(repo, watchlist, policy, at).run()


def catch_up_after_silences(repo: Repository, watchlist: Watchlist, policy: Policy, at: datetime) -> None:
    """If a silence has ended that muted something, tell recipients in one message what stands of it."""
    muted = [*repo.silenced_tellings(), *repo.silenced_incidents(), *repo.silenced_changes()]
    if any(silence.until_at <= at for _, _, silence in muted):
        catch_up(repo, watchlist, policy, at)


class _CatchUp:
    """One comparison of what stands with what recipients know."""

    def __init__(self, repo: Repository, watchlist: Watchlist, policy: Policy, at: datetime) -> None:
        self._repo = repo
        self._watchlist = watchlist
        self._policy = policy
        self._at = at
        self._announcer = Announcer(repo, policy, at)
        self._acknowledged = self._announcer.rulings.acknowledged
        #: Every run has alerts of its own: joining an older one, "told again" could leave before "no longer told".
        self._run = repo.last_news_id()
        self._aware: Mapping[int, set[str]] = {}
        self._muted: set[tuple[str, int]] = set()
        """Recipients and listings with muted news that the end of a silence will take up."""
        self._failed = {recipient: repo.failed_listings(recipient) for recipient in policy.recipients}
        self._muted_incidents: set[tuple[str, int]] = set()
        self._held: set[tuple[str, int]] = set()
        """Recipients and listings with news that waits to be told."""
        self._held_incidents: set[tuple[str, int]] = set()

    def run(self) -> None:
        # What is held comes first: by the routes of now, it may be told at once, or not at all.
        release(self._repo, self._watchlist, self._policy, self._at, anew=True)
        # How listings went on that were known comes before those that are new: the same pair may have one of each.
        self._release_listings()
        self._release_incidents()
        self._release_changes()
        listings = [listing for listing in self._repo.open_listings() if listing.target in self._watchlist.servers]
        self._aware, self._held = self._repo.aware_by_listing(), self._repo.held_listings()
        self._muted = {(telling.recipient, listing_id) for telling, listing_id, _ in self._repo.silenced_tellings()}
        for recipient in self._policy.recipients:
            for listing in self._newly_concerning(recipient, listings):
                news = NewNews(kind=Kind.LISTED, at=self._at, listing_id=listing.id, codes=listing.codes)
                self._tell_or_mute(news, listing, recipient, Group.STANDING, aware=False)
        for listing in listings:
            self._tell_unrouted(listing)
        self._muted_incidents = {(telling.recipient, about) for telling, about, _ in self._repo.silenced_incidents()}
        self._held_incidents = self._repo.held_incidents()
        for incident in self._repo.open_incidents():
            self._tell_incident(incident)

    def _newly_concerning(self, recipient: str, listings: list[Listing]) -> Iterator[Listing]:
        """Open listings that routes lead to this recipient now, and that nothing told him of or is about to."""
        for listing in listings:
            subject = subject_of(listing, Topic.LISTED, self._watchlist)
            if (
                listing.id not in self._failed[recipient]
                and self._wanted(subject, recipient, acknowledged=listing.id in self._acknowledged.listings)
                and recipient not in self._aware[listing.id]
                and (recipient, listing.id) not in self._held
            ):
                yield listing

    def _wanted(self, subject: Subject, recipient: str, *, acknowledged: bool) -> bool:
        """Whether routes lead news of a beginning to a recipient, be it later."""
        decision = decide(subject, recipient, self._policy.routes, aware=False, acknowledged=acknowledged)
        return decision in TOLD | HELD

    def _tell_unrouted(self, listing: Listing) -> None:
        """Tell those who know of a listing that nothing leads its news to them any more."""
        subject = subject_of(listing, Topic.LISTED, self._watchlist)
        cause = (
            "no route leads news of it to this channel any more: a tag or a route was taken out of the configuration"
        )
        for recipient in sorted(self._aware[listing.id] & set(self._policy.recipients)):
            decision = decide(subject, recipient, self._policy.routes, aware=True)
            gone = decision in (Decision.OTHER_TAGS, Decision.NO_ROUTE)
            if gone and listing.id not in self._failed[recipient]:
                news = NewNews(kind=Kind.UNROUTED, at=self._at, listing_id=listing.id, codes=listing.codes, text=cause)
                self._tell_or_mute(news, listing, recipient, Group.ENDED, aware=True)

    def _tell_or_mute(self, news: NewNews, listing: Listing, recipient: str, group: Group, *, aware: bool) -> None:
        subject = subject_of(listing, Topic.LISTED, self._watchlist)
        one = Announcement(news, subject, group, self._key(recipient))
        silence = self._announcer.rulings.muting(subject)
        if silence is None:
            self._announcer.pass_on(one, recipient, aware=aware)
        elif (recipient, listing.id) not in self._muted:
            self._announcer.mute(one, recipient, silence)

    def _tell_incident(self, incident: Incident) -> None:
        """Tell of an incident that lasts whomever routes lead to now, and who was not told and is not about to be."""
        subject = incident_subject(incident)
        silence = self._announcer.rulings.muting(subject)
        aware = self._repo.aware_of_incident(incident.id)
        news = NewNews(kind=Kind.BLIND, at=self._at, incident_id=incident.id)
        acknowledged = incident.id in self._acknowledged.incidents
        for recipient in self._policy.recipients:
            wanted = self._wanted(subject, recipient, acknowledged=acknowledged)
            waits = (recipient, incident.id) in self._held_incidents
            if not wanted or waits or recipient in aware or incident.id in self._repo.failed_incidents(recipient):
                continue
            if silence is None:
                self._tell(recipient, news, subject, aware=False)
            elif (recipient, incident.id) not in self._muted_incidents:
                one = Announcement(news, subject, Group.STANDING, self._key(recipient))
                self._announcer.mute(one, recipient, silence)

    def _release_listings(self) -> None:
        """Tell how listings went on that a recipient knew of, where a silence that has ended kept it from him."""
        tellings = self._released(self._repo.silenced_tellings())
        committed = self._repo.news_as_committed(telling.news_id for telling, _ in tellings)
        for telling, listing_id in tellings:
            listing = self._repo.listing(listing_id)
            # That nothing leads there any more is found anew, if it is still so.
            # So is that a reminder is due. Whoever was told meanwhile that it began was told how it stands.
            was = committed[telling.news_id].kind
            is_known = listing.stands and was in (Kind.UNROUTED, Kind.LISTED)
            is_aware = telling.recipient in self._repo.aware([listing_id])[listing_id]
            if is_aware and not is_known and was is not Kind.REMINDER:
                kind = ending_line(listing.ended_by) if listing.ended_by is not None else Kind.CHANGED
                news = replace(committed[telling.news_id], kind=kind, at=self._at, codes=listing.codes)
                topic = Topic.CHANGED if listing.stands else Topic.DELISTED
                is_otherwise = kind is Kind.ENDED
                subject = subject_of(listing, topic, self._watchlist, ended_otherwise=is_otherwise)
                self._tell(telling.recipient, news, subject, aware=True)

    def _release_incidents(self) -> None:
        """Tell how incidents went on that a recipient knew of, where a silence that has ended kept it from him.

        Those that last and that he does not know of are found with all the others.
        """
        tellings = self._released(self._repo.silenced_incidents())
        committed = self._repo.news_as_committed(telling.news_id for telling, _ in tellings)
        incidents = self._repo.incidents_by_id({incident_id for _, incident_id in tellings})
        latest: dict[tuple[str, int], NewNews] = {}
        for telling, incident_id in tellings:
            news = committed[telling.news_id]
            if news.kind is not Kind.REMINDER and (news.kind is Kind.BLIND) == (
                incidents[incident_id].ended_at is None
            ):
                latest[telling.recipient, incident_id] = news
        for (recipient, incident_id), news in latest.items():
            if recipient in self._repo.aware_of_incident(incident_id):
                subject = incident_subject(incidents[incident_id], ended=news.kind is Kind.SIGHTED)
                self._tell(recipient, replace(news, at=self._at), subject, aware=True)

    def _release_changes(self) -> None:
        """Tell what a silence that has ended kept back of servers: names that moved, allow lists that were lost."""
        tellings = self._released(self._repo.silenced_changes())
        committed = self._repo.news_as_committed(news_id for _, news_id in tellings)
        for telling, news_id in tellings:
            if any(name in self._watchlist.tags for name in committed[news_id].servers):
                news = committed[news_id]
                self._tell(telling.recipient, news, subject_about(news, self._watchlist), aware=False)

    def _released(self, muted: list[tuple[Telling, int, Silence]]) -> list[tuple[Telling, int]]:
        """What was muted by silences that have ended, for recipients that there still are; it is taken up only once."""
        ended = [(telling, subject_id) for telling, subject_id, silence in muted if silence.until_at <= self._at]
        for telling, _ in ended:
            self._repo.update_telling(replace(telling, silence_id=None))
        return [(telling, subject_id) for telling, subject_id in ended if telling.recipient in self._policy.recipients]

    def _tell(self, recipient: str, news: NewNews, subject: Subject, *, aware: bool) -> None:
        one = Announcement(news, subject, Group.STANDING, self._key(recipient))
        self._announcer.pass_on(one, recipient, aware=aware)

    def _key(self, recipient: str) -> str:
        return f"{recipient} after {self._run}"
