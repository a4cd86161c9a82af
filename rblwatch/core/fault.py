"""The faults that a nameserver can have, as far as they hide lists.

Owns the closed set of them. Must not know how they are found, nor what is said of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """What a nameserver does to answers."""

    DEAD = "dead"  # answers nothing
    NO_IPV6 = "no-ipv6"  # has an IPv6 address, which this machine has no way to
    REFUSES = "refuses"  # answers REFUSED to whatever we ask
    CUT_OFF = "cut-off"  # answers, but gets no answer from any list itself
    FILTERS = "filters"  # says that it filters (Extended DNS Error 15 to 18)
    BLOCK_PAGE = "block-page"  # answers with the address of a block page or a portal
    REWRITES = "rewrites"  # answers with an address where a name does not exist
    STRIPS = "strips"  # takes answers in 127.0.0.0/8 out
    HIDES = "hides"  # says of all test points that they do not exist
    PUBLIC = "public-resolver"  # is shared by everybody, and lists refuse it
    NO_TCP = "no-tcp"  # gives no answer over TCP


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """One thing that a nameserver does, and to which lists."""

    fault: Fault
    nameserver: str
    seen: str
    """What showed it, for people."""
    blinds: tuple[str, ...] = ()
    """Ids of the lists that it hides. None: it would hide a list whose answer is too long for UDP (`no-tcp`)."""
