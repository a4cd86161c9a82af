"""Nine hostile answers, side by side with other tools: the columns of a table in which each cell is one letter.

Owns what is answered, and what a right cell is. Must not know the tools.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rblwatch.core.question import reversed_labels
from rblwatch.core.target import parse_address
from tests.support.nameserver import Query, Reply
from tests.support.plays import Play, clear, codes, listed, say, silent

#: Addresses that some tools agree to ask about, since nothing private or for documentation is; nobody sends mail there.
#: Source: RFC 7535 (AS112).
IPV4, IPV6 = "192.175.48.7", "2620:4f:8000::7"
SUFFIX = "peers.example"

#: What a tool made of an answer.
LISTED, CLEAR, ERROR = "L", "c", "e"


@dataclass(frozen=True, slots=True)
class HostileAnswer:
    """A column: what a list answers, and what is to come of it."""

    title: str
    zone: str
    plays: Play
    right: str = ERROR
    address: str = IPV4


def sound(query: Query) -> Iterable[Reply]:
    """A list that holds its test points and the IPv6 address."""
    on_it = ("2.0.0.127.", "2.0.0.0.0.0.f.7.f.f.f.f.", f"{reversed_labels(parse_address(IPV6))}.")
    return listed(query) if query.name.startswith(on_it) else clear(query)


ANSWERS = (
    HostileAnswer("no data", f"nodata.{SUFFIX}", say("NOERROR")),
    HostileAnswer("SERVFAIL", f"servfail.{SUFFIX}", say("SERVFAIL")),
    HostileAnswer("REFUSED", f"refused.{SUFFIX}", say("REFUSED")),
    HostileAnswer("drop", f"drop.{SUFFIX}", silent),
    HostileAnswer("127.255.255.254", f"public.{SUFFIX}", codes("127.255.255.254")),
    HostileAnswer("parked", f"parked.{SUFFIX}", codes("91.195.240.117")),
    HostileAnswer("lists the world", f"world.{SUFFIX}", listed),
    HostileAnswer("127.0.0.1", f"loopback.{SUFFIX}", codes("127.0.0.1")),
    HostileAnswer("IPv6", f"sound.{SUFFIX}", sound, LISTED, IPV6),
)


def script(query: Query) -> Iterable[Reply]:
    """Serve all the zones."""
    by_zone = {answer.zone: answer.plays for answer in ANSWERS}
    zone = ".".join(query.name.lower().split(".")[-3:])
    return by_zone.get(zone, say("REFUSED"))(query)
