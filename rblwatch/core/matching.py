"""Which return codes a row of a list's table is about, and which answers are refusals.

Owns the forms of codes: one or a range, a pattern of octets, a bit. Must not know what a code means.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network


@dataclass(frozen=True, slots=True)
class CodeRange:
    """All codes from the first to the last, compared as numbers; one exact code is a range of one."""

    first: IPv4Address
    last: IPv4Address

    def matches(self, code: IPv4Address) -> bool:
        """Whether the code lies inside, both ends included."""
        return self.first <= code <= self.last


@dataclass(frozen=True, slots=True)
class CodePattern:
    """Codes by octet, such as 127.0.*.3; None stands for any value."""

    octets: tuple[int | None, int | None, int | None, int | None]

    def matches(self, code: IPv4Address) -> bool:
        """Whether every given octet is the code's."""
        return all(want is None or want == have for want, have in zip(self.octets, code.packed, strict=True))


@dataclass(frozen=True, slots=True)
class CodeBit:
    """Codes with one bit set in the last octet; several bits mean several things at once.

    Source: RFC 5782 section 2.3.
    """

    value: int

    def matches(self, code: IPv4Address) -> bool:
        """Whether the bit is set."""
        return bool(code.packed[3] & self.value)


Refusal = IPv4Network | CodePattern | CodeBit


def covers(refusal: Refusal, code: IPv4Address) -> bool:
    """Whether a code is one of the answers that mean "you may not ask"."""
    return code in refusal if isinstance(refusal, IPv4Network) else refusal.matches(code)
