"""Bring the database in line with the configuration, and tell what that ends or begins.

Owns what happens to what we hold when servers, lists, tags, channels or routes are added or taken out. Must not ask
any list: everything here follows from what is stored and what is configured.
"""

from __future__ import annotations

from datetime import datetime

from rblwatch.core.blocklist import Blocklist
from rblwatch.core.listing import Ending, Listing
from rblwatch.core.standing import Change, Transition
from rblwatch.core.target import Target
from rblwatch.core.verdict import Listed, Unknown, read_again
from rblwatch.core.watchlist import Roster, Watchlist, enrol
from rblwatch.services.announce import Announcer, ending
from rblwatch.services.catch_up import catch_up
from rblwatch.services.causes import why_over, why_reinterpreted
from rblwatch.services.condition import end_unasked
from rblwatch.services.policy import Policy
from rblwatch.store.repository import Repository
from rblwatch.store.rows import Pair


def reconcile(repo: Repository, watchlist: Watchlist, policy: Policy, at: datetime) -> Roster:
    """Register what is new, end what is gone, and tell recipients what newly concerns them; all in one transaction.

    Where nothing has changed, nothing is written.
    """
    roster = _Reconciliation(repo, watchlist, policy, at).run()
    catch_up(repo, watchlist, policy, at)
    return roster


class _Reconciliation:
    """One comparison of what is stored with what is configured."""

    def __init__(self, repo: Repository, watchlist: Watchlist, policy: Policy, at: datetime) -> None:
        self._repo = repo
        self._watchlist = watchlist
        self._policy = policy
        self._at = at
        self._announcer = Announcer(repo, policy, at)

    def run(self) -> Roster:
        self._meet_recipients()
        ids = self._register()
        self._end_unwatched()
        self._forget(ids)
        kept = {target: target_id for target, target_id in ids.items() if target in self._watchlist.servers}
        roster = enrol(self._watchlist, kept)
        self._trim(roster)
        self._read_again()
        return roster

    def _meet_recipients(self) -> None:
        """Forget channels that are gone, with what they were told: should they come back, they hear what stands."""
        known = self._repo.recipients()
        for name in known - set(self._policy.recipients):
            self._repo.remove_recipient(name)
        for name in self._policy.recipients:
            if name not in known:
                self._repo.add_recipient(name, self._at)

    def _register(self) -> dict[Target, int]:
        ids = self._repo.targets()
        new = [target for target in self._watchlist.servers if target not in ids]
        if new:
            ids |= self._repo.add_targets(new, self._at)
        known = self._repo.blocklists()
        for blocklist in self._watchlist.blocklists.values():
            if known.get(blocklist.id) != blocklist.shown_zone:
                self._repo.add_blocklist(blocklist.id, blocklist.shown_zone, self._at)
        return ids

    def _end_unwatched(self) -> None:
        causes = [(listing, why_over(listing, self._watchlist)) for listing in self._repo.open_listings()]
        over = [(listing, *why) for listing, why in causes if why is not None]
        self._repo.end_listings((listing.id, self._at, by) for listing, by, _ in over)
        self._announcer.announce(ending(listing, cause, self._watchlist, self._at) for listing, _, cause in over)

    def _read_again(self) -> None:
        """Give standing listings what their answers are read as now, before anybody is told by them.

        Codes that list nobody any more end it in the next sweep, on the list's own answer. Codes that are refusals now
        end it here, since such an answer will never end anything.
        """
        listings = {listing.id: listing for listing in self._repo.open_listings()}
        changed: list[Listing] = []
        for pair in self._repo.all_pairs():
            listing = listings.get(pair.listing_id) if pair.listing_id is not None else None
            if listing is None or pair.standing.listed is None:
                continue
            blocklist = self._watchlist.blocklists[pair.blocklist]
            match read_again(pair.standing.listed, blocklist, pair.target):
                case Listed() as said if listing.read_as(said) != listing:
                    changed.append(listing.read_as(said))
                case Unknown():
                    self._take_back(listing, pair, blocklist)
        self._repo.update_listings(changed)

    def _take_back(self, listing: Listing, pair: Pair, blocklist: Blocklist) -> None:
        """End a listing that was a refusal, as is known now; the pair is looked at anew."""
        assert pair.standing.listed is not None
        self._repo.end_listing(listing.id, self._at, Ending.REINTERPRETED)
        taken_back = Transition(Change.REINTERPRETED, pair.standing.listed, None, self._at, pair.standing.clear_at)
        self._repo.add_transitions([(listing.id, taken_back)], self._at)
        self._repo.delete_pairs(pair.blocklist, [pair.target_id])
        self._repo.forget_coverage(pair.blocklist, [pair.target_id])
        cause = why_reinterpreted(listing, blocklist)
        self._announcer.announce([ending(listing, cause, self._watchlist, self._at)])

    def _forget(self, ids: dict[Target, int]) -> None:
        """Drop what is held of pairs that are no longer asked about; should they come back, they are looked at anew."""
        for blocklist in self._repo.blocklists():
            if blocklist not in self._watchlist.blocklists:
                self._repo.remove_blocklist(blocklist)
        gone = [target_id for target, target_id in ids.items() if target not in self._watchlist.servers]
        if gone:
            self._repo.remove_targets(gone)
        for pair in self._repo.all_pairs():
            if not self._watchlist.asks(pair.blocklist, pair.target):
                self._repo.delete_pairs(pair.blocklist, [pair.target_id])

    def _trim(self, roster: Roster) -> None:
        """Clear what is known beyond what is asked, so that coverage and soundness never claim more than that."""
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
        for sounding in self._repo.soundings():
            if (sounding.blocklist, sounding.family) not in roster.slices:
                self._repo.remove_soundings(sounding.blocklist, sounding.family)
        end_unasked(self._repo, roster, self._announcer)
