"""Bring the database in line with the configuration, and tell what that ends or begins.

Owns what happens to what we hold when servers, lists, tags, channels or routes are added or taken out. Must not ask
any list: everything here follows from what is stored and what is configured.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from rblwatch.core.alert import Group, Kind, ending_line
from rblwatch.core.listing import Ending, Listing
from rblwatch.core.routing import Decision, decide, silenced
from rblwatch.core.settings import Topic
from rblwatch.core.target import Target
from rblwatch.core.watchlist import Roster, Watchlist, enrol
from rblwatch.services.announce import Announcer, Policy, announce_end, subject_of
from rblwatch.store.repository import Repository
from rblwatch.store.rows import NewNews


def reconcile(repo: Repository, watchlist: Watchlist, policy: Policy, at: datetime) -> Roster:
    """Register what is new, end what is gone, and tell recipients what newly concerns them; all in one transaction."""
    return _Reconciliation(repo, watchlist, policy, at).run()


def catch_up(repo: Repository, watchlist: Watchlist, policy: Policy, at: datetime) -> None:
    """If a silence has ended that muted something, tell recipients in one message what stands of it."""
    muted = [*repo.silenced_tellings(), *repo.silenced_incidents()]
    if any(silence.until_at <= at for _, _, silence in muted):
        _Reconciliation(repo, watchlist, policy, at).catch_up()


class _Reconciliation:
    """One comparison of what is stored with what is configured."""

    def __init__(self, repo: Repository, watchlist: Watchlist, policy: Policy, at: datetime) -> None:
        self._repo = repo
        self._watchlist = watchlist
        self._policy = policy
        self._at = at
        self._announcer = Announcer(repo, policy, at)

    def run(self) -> Roster:
        ids = self._register()
        self._end_unwatched()
        self._forget(ids)
        kept = {target: target_id for target, target_id in ids.items() if target in self._watchlist.servers}
        roster = enrol(self._watchlist, kept)
        self._trim(roster)
        self.catch_up()
        return roster

    def catch_up(self) -> None:
        listings = [listing for listing in self._repo.open_listings() if listing.target in self._watchlist.servers]
        for recipient in self._policy.recipients:
            for listing in self._newly_concerning(recipient, listings):
                news = NewNews(kind=Kind.LISTED, at=self._at, listing_id=listing.id, codes=listing.codes)
                self._announcer.tell(news, [recipient], Group.STANDING, key=recipient)
        for listing in listings:
            self._tell_unrouted(listing)
        self._release_muted()

    def _release_muted(self) -> None:
        """Tell how listings went on that a recipient knew of, where a silence that has ended kept it from him."""
        for telling, listing_id, silence in self._repo.silenced_tellings():
            if silence.until_at > self._at:
                continue
            self._repo.update_telling(replace(telling, silence_id=None))
            listing = self._repo.listing(listing_id)
            if telling.recipient not in self._repo.aware(listing_id):
                continue
            kind = ending_line(listing.ended_by) if listing.ended_by is not None else Kind.CHANGED
            news = NewNews(kind=kind, at=self._at, listing_id=listing_id, codes=listing.codes)
            self._announcer.tell(news, [telling.recipient], Group.STANDING, key=telling.recipient)
        standing = {incident.id for incident in self._repo.open_incidents().values()}
        for telling, incident_id, silence in self._repo.silenced_incidents():
            if silence.until_at > self._at:
                continue
            self._repo.update_telling(replace(telling, silence_id=None))
            if incident_id in standing:
                news = NewNews(kind=Kind.BLIND, at=self._at, incident_id=incident_id)
                self._announcer.tell(news, [telling.recipient], Group.STANDING, key=telling.recipient)

    def _register(self) -> dict[Target, int]:
        ids = self._repo.targets()
        new = [target for target in self._watchlist.servers if target not in ids]
        if new:
            ids |= self._repo.add_targets(new, self._at)
        known = self._repo.blocklists()
        for blocklist in self._watchlist.blocklists.values():
            if blocklist.id not in known:
                self._repo.add_blocklist(blocklist.id, blocklist.shown_zone, self._at)
        return ids

    def _end_unwatched(self) -> None:
        for listing in self._repo.open_listings():
            cause = _why_unwatched(listing, self._watchlist)
            if cause is not None:
                self._repo.end_listing(listing.id, self._at, Ending.UNWATCHED)
                announce_end(self._announcer, listing, cause)

    def _forget(self, ids: dict[Target, int]) -> None:
        """Drop what is held of pairs that are no longer asked about; should they come back, they are looked at anew."""
        incidents = self._repo.open_incidents()
        for blocklist in self._repo.blocklists():
            if blocklist not in self._watchlist.blocklists:
                if blocklist in incidents:
                    self._repo.end_incident(incidents[blocklist].id, self._at)
                self._repo.remove_blocklist(blocklist)
        gone = [target_id for target, target_id in ids.items() if target not in self._watchlist.servers]
        if gone:
            self._repo.remove_targets(gone)
        for pair in self._repo.all_pairs():
            if not self._watchlist.asks(pair.blocklist, pair.target):
                self._repo.delete_pair(pair.blocklist, pair.target_id)

    def _trim(self, roster: Roster) -> None:
        """Clear the coverage of pairs that were taken out, so that it never claims more than is asked."""
        asked = {
            (blocklist, family, part.number): part.bits
            for (blocklist, family), parts in roster.slices.items()
            for part in parts
        }
        for coverage in self._repo.coverages():
            bits = asked.get((coverage.blocklist, coverage.family, coverage.slice), 0)
            extra = (coverage.asked | coverage.covered) & ~bits
            if extra:
                self._repo.save_coverage(coverage.without(extra))

    def _newly_concerning(self, recipient: str, listings: list[Listing]) -> Iterator[Listing]:
        """Open listings that routes lead to this recipient now, and that no message told him of or is about to."""
        silences = self._repo.silences(self._at)
        failed = self._repo.failed_listings(recipient)
        for listing in listings:
            subject = subject_of(listing, Topic.LISTED, self._watchlist.tags_of(listing.target))
            if (
                listing.id not in failed
                and decide(subject, recipient, self._policy.routes, aware=False) is Decision.TELL
                and recipient not in self._repo.aware(listing.id)
                and silenced(subject, silences, self._at) is None
            ):
                yield listing

    def _tell_unrouted(self, listing: Listing) -> None:
        """Tell those who know of a listing that nothing leads its news to them any more."""
        subject = subject_of(listing, Topic.LISTED, self._watchlist.tags_of(listing.target))
        cause = (
            f"no route leads news of {listing.server} to this channel any more: "
            "a tag or a route was taken out of the configuration"
        )
        for recipient in sorted(self._repo.aware(listing.id) & set(self._policy.recipients)):
            decision = decide(subject, recipient, self._policy.routes, aware=True)
            if decision in (Decision.OTHER_TAGS, Decision.NO_ROUTE):
                news = NewNews(kind=Kind.UNROUTED, at=self._at, listing_id=listing.id, codes=listing.codes, text=cause)
                self._announcer.tell(news, [recipient], Group.ENDED, key=f"{recipient}: {cause}")


def _why_unwatched(listing: Listing, watchlist: Watchlist) -> str | None:
    """The cause for which a pair is no longer asked about, or None if it is."""
    if listing.blocklist not in watchlist.blocklists:
        return f"the list {listing.blocklist} is no longer configured"
    if listing.target not in watchlist.servers:
        gone = [name for name in listing.servers if name not in watchlist.tags]
        if gone:
            return f"the server {gone[0]} is no longer configured"
        return f"{listing.target} is no longer registered under {listing.server}"
    if not watchlist.asks(listing.blocklist, listing.target):
        return f"{listing.server} is no longer watched on {listing.blocklist}"
    return None
