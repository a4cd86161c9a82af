"""Why a listing ended that was not delisted, in words for those who were told of it.

Owns these sentences; people get one message for each, so listings with one cause must get the very same one. Must not
decide whether anything ends.
"""

from __future__ import annotations

from rblwatch.core.blocklist import Blocklist
from rblwatch.core.listing import Ending, Listing
from rblwatch.core.retired import Retired, meant_by, obituary
from rblwatch.core.watchlist import Watchlist, server_of


def why_over(listing: Listing, watchlist: Watchlist) -> tuple[Ending, str] | None:
    """How and why the listing of a pair that is no longer asked about ends; None if it is asked about."""
    retired = _retired(listing, watchlist)
    if retired is not None:
        return Ending.LIST_RETIRED, obituary(retired, listing.blocklist)
    cause = _why_unwatched(listing, watchlist)
    return None if cause is None else (Ending.UNWATCHED, cause)


def _retired(listing: Listing, watchlist: Watchlist) -> Retired | None:
    """The retired list that this one turned out to be, if that is why its targets are not asked about."""
    if listing.target not in watchlist.servers or listing.blocklist in watchlist.blocklists:
        return None
    found = (meant_by(name, watchlist.retired) for name in (listing.blocklist, listing.zone))
    return next((retired for retired in found if retired is not None and retired.refused), None)


def _why_unwatched(listing: Listing, watchlist: Watchlist) -> str | None:
    # The target first: a list that nobody is left to be asked about is not in the watchlist either.
    servers = watchlist.servers.get(listing.target)
    if servers is None:
        gone = [name for name in listing.servers if name not in watchlist.tags]
        if gone:
            return f"the server {gone[0]} is no longer configured"
        return f"no longer registered under {listing.server}"
    if listing.blocklist not in watchlist.blocklists:
        # It may still be named, and every server skips it.
        return f"the list {listing.blocklist} is no longer used for any server"
    if not watchlist.asks(listing.blocklist, listing.target):
        return f"{server_of(servers)} is no longer watched on {listing.blocklist}"
    return None


def why_reinterpreted(listing: Listing, blocklist: Blocklist) -> str:
    """The cause for which what a list says of a target is no listing any more."""
    if listing.target in blocklist.accepted:
        return f"its listing on {listing.blocklist} was accepted in the configuration, and counts as none"
    codes = ", ".join(listing.codes)
    return f"what {codes} of {listing.blocklist} means here was changed: it is no listing any more"
