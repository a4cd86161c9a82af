"""Everything that one nameserver answered when it was examined, and how single answers look.

Owns the values that a diagnosis is made from. Must not say what they show of the nameserver.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address

from rblwatch.core.blocklist import LISTING_RANGE, Blocklist
from rblwatch.core.question import Absent, Answer, Failed, Found, Reason
from rblwatch.core.soundness import Expectation, ProbeAnswer, Soundness, assess
from rblwatch.core.target import Family


class Contact(StrEnum):
    """What came of a question over TCP."""

    ANSWERED = "answered"
    SILENT = "silent"
    CLOSED = "closed"
    UNREACHABLE = "unreachable"  # this machine knows no way to the address


@dataclass(frozen=True, slots=True)
class Heard:
    """What one list answered to its probes for one family."""

    blocklist: Blocklist
    family: Family
    answers: tuple[ProbeAnswer, ...]
    took_s: float = 0.0
    """How long all of these answers took together, in seconds."""

    @property
    def soundness(self) -> Soundness:
        """What the probes say of the list."""
        return assess(self.blocklist, self.answers)

    @property
    def owner(self) -> str:
        """Whose list it is: lists of one operator die and refuse together."""
        return self.blocklist.operator or self.blocklist.id

    @property
    def all(self) -> tuple[Answer, ...]:
        """The answers to all probes."""
        return tuple(answered.answer for answered in self.answers)

    @property
    def points(self) -> tuple[Answer, ...]:
        """The answers about what is listed; of a list without such points, all there are."""
        return tuple(self.to(Expectation.LISTED)) or self.all

    @property
    def filtered_by_address(self) -> bool:
        """Whether it is said that what the list has is filtered, while what it has not is answered.

        So does dnsmasq with `stop-dns-rebind`; who filters names filters all of a zone's.
        """
        points = list(self.to(Expectation.LISTED))
        listings = bool(points) and all(failed(answer, Reason.FILTERED) for answer in points)
        return listings and any(isinstance(answer, Absent) for answer in self.to(Expectation.CLEAR))

    def to(self, expected: Expectation) -> Iterator[Answer]:
        """The answers to the probes that expected this."""
        return (answered.answer for answered in self.answers if answered.probe.expected is expected)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """Everything that one nameserver was asked, and answered."""

    nameserver: str
    """`host:port`, an IPv6 address in brackets."""
    heard: tuple[Heard, ...]
    nothing: Answer = field(default_factory=Absent)
    """About a random name below `invalid`, which does not exist. Source: RFC 6761 section 6.4."""
    over_tcp: Contact = Contact.ANSWERED

    @property
    def host(self) -> str:
        """The nameserver's address alone."""
        return self.nameserver.rpartition(":")[0].strip("[]")


def addresses_in(answer: Answer) -> tuple[IPv4Address, ...]:
    """The addresses of an answer, if it has any."""
    return answer.addresses if isinstance(answer, Found) else ()


def inside(answer: Answer) -> bool:
    """Whether an answer has a code of a blocklist."""
    return any(address in LISTING_RANGE for address in addresses_in(answer))


def outside_only(answer: Answer) -> bool:
    """Whether an answer has addresses, and none of them is a blocklist's."""
    return bool(addresses_in(answer)) and not inside(answer)


def outside(answers: Iterable[Answer]) -> set[IPv4Address]:
    """The addresses in answers that have no others than such as no blocklist has."""
    return {address for answer in answers if outside_only(answer) for address in addresses_in(answer)}


def empty(answer: Answer) -> bool:
    """Whether a name exists and has no address: what is left where a resolver takes the address out."""
    return isinstance(answer, Absent) and answer.exists


def failed(answer: Answer, *reasons: Reason) -> bool:
    """Whether there is no answer, for one of these reasons."""
    return isinstance(answer, Failed) and answer.reason in reasons
