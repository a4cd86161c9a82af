"""What a silence that somebody asks for says, and what is wrong with it.

Owns the reading of what people write about a silence: what it mutes and until when. Must not know what it will mute.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from ipaddress import IPv4Address, ip_network

from rblwatch.core.routing import Silence
from rblwatch.core.target import NotATarget, Target, address_target
from rblwatch.core.watchlist import Watchlist

#: A silence that lasts longer is taken, and remarked upon: nobody remembers it.
UNUSUALLY_LONG = timedelta(days=365)

_RETURNED = ip_network("127.0.0.0/8")


def parse_code(text: str) -> str:
    """Read a return code. Raises: ValueError, in words for people."""
    try:
        address = IPv4Address(text.strip())
    except ValueError:
        address = None
    if address is None or address not in _RETURNED:
        raise ValueError(f"'{text}' is not a return code of a list; write e.g. '127.0.0.2'")
    return str(address)


def parse_muted_range(text: str) -> str:
    """Read a range of addresses of any size, as it is written everywhere. Raises: NotATarget."""
    try:
        network = ip_network(text.strip(), strict=False)
    except ValueError as error:
        raise NotATarget(f"'{text}' is not a range of addresses; write e.g. '192.0.2.0/28'") from error
    if network.num_addresses == 1:
        return address_target(network.network_address).text
    return str(network)


def misgivings(silence: Silence, watchlist: Watchlist, known: Iterable[Target], at: datetime) -> Iterator[str]:
    """What is odd about a silence that can be taken all the same; `known` are all targets, also those found by name."""
    if silence.until_at - at > UNUSUALLY_LONG:
        yield "it lasts longer than a year; `rblwatch silence end` ends it before its time"
    if silence.target is not None and not any(silence.meets(target.text) for target in known):
        yield f"nothing that is watched is {silence.target}, so it mutes nothing until that changes"
    if silence.server is not None and silence.tag not in {None, *watchlist.tags.get(silence.server, ())}:
        yield f"the server '{silence.server}' does not have the tag '{silence.tag}', so it mutes nothing"
    if silence.blocklist is not None and not watchlist.asked_for.get(silence.blocklist):
        yield f"the list '{silence.blocklist}' is not asked about anything, so it mutes nothing until that changes"
