"""Why a listing ended that was not delisted, and how a name moved, in words for those who are told of it.

Owns these sentences; people get one message for each cause, so listings with one cause must get the very same one. Must
not decide whether anything ends or moves.
"""

from __future__ import annotations

from collections.abc import Iterable

from rblwatch.core.blocklist import Blocklist
from rblwatch.core.finding import Origin
from rblwatch.core.listing import Ending, Listing
from rblwatch.core.moving import Moved
from rblwatch.core.retired import Retired, meant_by, obituary
from rblwatch.core.watchlist import Watchlist, server_of
from rblwatch.core.wording import several

#: Targets that are named one by one.
_MOST_NAMED = 10
_A_DAY_MORE = "What went is watched for a day more. Its listings stay in the server's history."


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
        named = listing.server in watchlist.named
        return f"no longer registered under {listing.server}{', nor found by its names' if named else ''}"
    if listing.blocklist not in watchlist.blocklists:
        # It may still be named, and every server skips it.
        return f"the list {listing.blocklist} is no longer used for any server"
    if not watchlist.asks(listing.blocklist, listing.target):
        return f"{server_of(servers)} is no longer watched on {listing.blocklist}"
    return None


def how_moved(moved: Moved, origins: Iterable[Origin]) -> str:
    """What changed about the addresses of some names of one server, and what comes of it; a line each."""
    whose = " and ".join(dict.fromkeys(map(str, origins)))
    came, missing, went = (several(some, _MOST_NAMED) for some in (moved.came, moved.missing, moved.went))
    if moved.emptied:
        return f"{whose}: no address any more; until now {went}.\n{_A_DAY_MORE}"
    lines = []
    if came:
        lines.append(f"{whose}: other addresses, {came} instead of {missing}." if missing else f"{whose}: also {came}.")
    if missing:
        lines.append(_A_DAY_MORE)
    if went:
        lines.append(f"{whose}: no longer {went}.")
        lines.append("Not seen for a day, it is watched no longer. Its listings stay in the server's history.")
    return "\n".join(lines)


def why_reinterpreted(listing: Listing, blocklist: Blocklist) -> str:
    """The cause for which what a list says of a target is no listing any more."""
    if listing.target in blocklist.accepted:
        return f"its listing on {listing.blocklist} was accepted in the configuration, and counts as none"
    codes = ", ".join(listing.codes)
    return f"what {codes} of {listing.blocklist} means here was changed: it is no listing any more"
