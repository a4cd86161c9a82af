"""Ordinary names that are looked up, and the kinds of answers that come back.

Owns queries for addresses, mail exchangers and texts, and the closed set of their replies. Must not know how a query
travels: a rule that needs look-ups is a walk, which yields queries and is sent their replies.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv6Address
from typing import TypeVar

from rblwatch.core.question import Failed
from rblwatch.core.target import Address

T = TypeVar("T")

#: Source: RFC 1035 section 2.3.4, of a name written without its final dot.
LONGEST_NAME = 253
_LONGEST_LABEL = 63


class RecordKind(StrEnum):
    """Types of records that are looked up."""

    A = "A"
    AAAA = "AAAA"
    MX = "MX"
    TXT = "TXT"


ADDRESS_KINDS = (RecordKind.A, RecordKind.AAAA)


@dataclass(frozen=True, slots=True)
class Query:
    """One name and one type of record."""

    name: str
    """`askable`, in lower case and without a final dot; labels may hold any visible character."""
    kind: RecordKind

    def __str__(self) -> str:
        return f"{self.kind} of {self.name}"


@dataclass(frozen=True, slots=True, order=True)
class Exchange:
    """An MX record."""

    preference: int
    host: str
    """Without a final dot; empty where the record names the root: no mail is taken (RFC 7505)."""


Value = Address | Exchange | bytes


@dataclass(frozen=True, slots=True)
class Present:
    """There are such records, aliases (CNAME) followed."""

    values: tuple[Value, ...]
    """One or more, as the query says: addresses, exchanges, or texts with their strings joined, as bytes: hostile."""


@dataclass(frozen=True, slots=True)
class Missing:
    """There is no such record: an answer, not a failure."""

    exists: bool
    """Whether the name exists, with other records."""


Reply = Present | Missing | Failed

#: What needs look-ups: it yields queries that may be asked at once, and is sent as many replies in their order.
Walk = Generator[tuple[Query, ...], tuple[Reply, ...], T]


def askable(name: str) -> bool:
    """Whether DNS can carry a name: what a policy's macros make may have empty or too long labels."""
    return len(name) <= LONGEST_NAME and all(0 < len(label) <= _LONGEST_LABEL for label in name.split("."))


def canonical(name: str) -> str:
    """A name in lower case without a final dot, so that it is asked once however it is written."""
    return name.lower().removesuffix(".")


def address_queries(name: str) -> tuple[Query, ...]:
    """Ask for all addresses of a name."""
    return tuple(Query(name, kind) for kind in ADDRESS_KINDS)


def exchanges_of(reply: Reply) -> tuple[Exchange, ...]:
    """The MX records in a reply, their hosts canonical, in the order of preference."""
    values = reply.values if isinstance(reply, Present) else ()
    found = [Exchange(one.preference, canonical(one.host)) for one in values if isinstance(one, Exchange)]
    return tuple(sorted(found))


def addresses_of(reply: Reply) -> tuple[Address, ...]:
    """The addresses in a reply, in ascending order.

    Without those that stand for an IPv4 address in IPv6: nobody sends from one. Source: RFC 7208 section 5.
    """
    values = reply.values if isinstance(reply, Present) else ()
    found = [value for value in values if not isinstance(value, bytes | Exchange)]
    return tuple(sorted((one for one in found if not _is_mapped(one)), key=lambda one: (one.version, int(one))))


def _is_mapped(address: Address) -> bool:
    return isinstance(address, IPv6Address) and address.ipv4_mapped is not None
