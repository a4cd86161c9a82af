"""The names that are asked, and the kinds of answers that come back.

Owns how a target and a zone become one DNS name, and the closed set of answers. Must not know what an answer means.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, ip_address

from rblwatch.core.target import Family, Target


class Reason(StrEnum):
    """Why nothing can be said about a target."""

    TIMEOUT = "timeout"
    SERVFAIL = "servfail"
    REFUSED = "refused"
    NETWORK = "network"
    MALFORMED = "malformed"
    REFUSAL_CODE = "refusal-code"
    NOT_A_DNSBL_ANSWER = "not-a-dnsbl-answer"
    FILTERED = "filtered"
    UNSOUND = "unsound"
    NO_KEY = "no-key"
    NOT_ASKED = "not-asked"  # today's questions that the operator allows are used up


@dataclass(frozen=True, slots=True)
class Found:
    """The list has address records for the target."""

    addresses: tuple[IPv4Address, ...]
    """One or more, in the order received."""
    ttl_s: int = 0
    """Remaining time to live of the records, the smallest of them, in seconds."""


@dataclass(frozen=True, slots=True)
class Absent:
    """NXDOMAIN, or no address record: the list has nothing on the target."""

    ttl_s: int | None = None
    """For how long a cache may repeat this, in seconds; None where the answer did not say (no SOA)."""
    exists: bool = field(default=False, compare=False)
    """The name exists, without an address: what is left of a listing where a resolver takes the address out."""


@dataclass(frozen=True, slots=True)
class Failed:
    """No usable answer within the time budget of the question."""

    reason: Reason
    detail: str = ""
    """For people: which nameserver, how long, what it said. Holds no query name (a keyed one is a secret)."""
    over_tcp: bool = field(default=False, compare=False)
    """The answer over UDP was truncated, and there was none over TCP."""


Answer = Found | Absent | Failed


def reversed_labels(target: Target) -> str:
    """The part of the DNS name that stands for the target, without a final dot.

    Octets reversed for IPv4, 32 reversed nibbles for IPv6, the name itself for a domain.
    Source: RFC 5782 sections 2.1, 2.4 and 3.
    """
    if target.family is Family.NAME:
        return target.text
    if target.family is Family.IPV4:
        return ".".join(reversed(target.text.split(".")))
    return ip_address(target.text).reverse_pointer.removesuffix(".ip6.arpa")


def query_name(target: Target, zone: str, key_first: str = "") -> str:
    """The DNS name that asks `zone` about the target, without a final dot; some lists want their key first of all."""
    name = f"{reversed_labels(target)}.{zone}"
    return f"{key_first}.{name}" if key_first else name
