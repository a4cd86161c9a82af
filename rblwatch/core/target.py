"""What is asked about: one address, or one domain name.

Owns the canonical text of a target, the expansion of CIDR ranges, and what is remarkable about an address.
Must not know which lists are asked, nor how names are looked up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from rblwatch.core.errors import RblwatchError

#: A /16, the largest IPv4 range that is watched address by address.
LARGEST_IPV4_RANGE = 65_536
#: A /120: an IPv6 range is never full, and nobody can ask about all of a /64.
LARGEST_IPV6_RANGE = 256

#: Source: RFC 5737 (TEST-NET-1 to 3), RFC 3849 and RFC 9637.
DOCUMENTATION_RANGES = (
    IPv4Network("192.0.2.0/24"),
    IPv4Network("198.51.100.0/24"),
    IPv4Network("203.0.113.0/24"),
    IPv6Network("2001:db8::/32"),
    IPv6Network("3fff::/20"),
)

#: Source: RFC 1035 section 2.3.4 and RFC 5891; an underscore is seen in practice and harmless here.
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_LONGEST_NAME = 253

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class Family(StrEnum):
    """Which kind of question a target makes; soundness is known for each apart."""

    IPV4 = "ipv4"
    IPV6 = "ipv6"
    NAME = "name"


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """One thing that is asked about."""

    text: str
    """Canonical: a compressed address, or a lower-case name in A-labels without a final dot."""
    family: Family

    def __str__(self) -> str:
        return self.text


class NotATarget(RblwatchError):
    """A text that is no address, no range and no domain name."""


class RangeTooLarge(NotATarget):
    """A range with more addresses than are watched one by one."""


def address_target(address: Address) -> Target:
    """Make the target of an address; an IPv4-mapped IPv6 address stays IPv6 (RFC 5782 section 2.4 tests with it)."""
    if isinstance(address, IPv4Address):
        return Target(str(address), Family.IPV4)
    if address.ipv4_mapped is not None:
        # Python 3.13 writes these with dots; a stored target must not change its name with the interpreter.
        return Target(f"::ffff:{int(address) >> 16 & 0xFFFF:x}:{int(address) & 0xFFFF:x}", Family.IPV6)
    return Target(str(address), Family.IPV6)


def parse_address(text: str) -> Target:
    """Read one address.

    Raises: NotATarget.
    """
    try:
        address = ip_address(text.strip())
    except ValueError as error:
        raise NotATarget(f"'{text}' is not an address") from error
    if isinstance(address, IPv6Address) and address.scope_id:
        raise NotATarget(f"'{text}' has a scope; write the address alone, e.g. '{str(address).split('%', 1)[0]}'")
    return address_target(address)


def parse_name(text: str) -> Target:
    """Read one domain name in ASCII; `naming.parse_domain` reads one as people write it.

    Raises: NotATarget.
    """
    if not text.isascii():  # Before lower(): the sign for kelvin becomes a plain k.
        raise NotATarget(f"'{text}' is not written in ASCII; write the name as a registry does, in 'xn--…' labels")
    name = text.strip().rstrip(".").lower()
    labels = name.split(".")
    if len(name) > _LONGEST_NAME or len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels):
        raise NotATarget(f"'{text}' is not a domain name; write e.g. 'example.org'")
    if labels[-1].isdigit():
        raise NotATarget(f"'{text}' is not an address, and a domain name does not end in a number")
    return Target(name, Family.NAME)


def parse_range(text: str) -> Network:
    """Read an address or a CIDR range as a network that is small enough to be watched.

    Raises: NotATarget; RangeTooLarge, which names the limit.
    """
    try:
        network = ip_network(text.strip(), strict=False)
    except ValueError as error:
        raise NotATarget(f"'{text}' is not an address or a CIDR range; write e.g. '192.0.2.0/28'") from error
    if isinstance(network, IPv6Network):
        if "%" in text:  # ip_network forgets the scope of an address that is not the first of its range
            raise NotATarget(f"'{text}' has a scope; write the address alone")
        if network.num_addresses > LARGEST_IPV6_RANGE:
            raise RangeTooLarge(
                f"'{text}' holds 2^{128 - network.prefixlen} addresses, "
                f"at most {LARGEST_IPV6_RANGE} (a /120) are watched; register the addresses in use"
            )
    elif network.num_addresses > LARGEST_IPV4_RANGE:
        raise RangeTooLarge(
            f"'{text}' holds {network.num_addresses:,} addresses, at most {LARGEST_IPV4_RANGE:,} (a /16) are watched; "
            "register smaller ranges"
        )
    return network


def expand(network: Network) -> Iterator[Target]:
    """All addresses of a range in order, its first and last included: a mail server may sit on either."""
    return (address_target(address) for address in network)


def mapped(target: Target) -> IPv4Address | None:
    """The IPv4 address that an IPv6 target is another form of: lists hold it as IPv4, but for their test points."""
    return IPv6Address(target.text).ipv4_mapped if target.family is Family.IPV6 else None


def remark(address: Address) -> str | None:
    """Say why no blocklist will ever have this address, or None for an ordinary one.

    Source: RFC 6890 and the IANA special-purpose registries, as far as Python's ipaddress knows them; not global, and
    not private either, is the space that carriers share (RFC 6598).
    """
    if any(address in network for network in DOCUMENTATION_RANGES):
        return "a documentation address"
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return f"the IPv6 form of {address.ipv4_mapped}"
    if address.is_loopback:
        return "a loopback address"
    if address.is_link_local:
        return "a link-local address"
    if address.is_multicast:
        return "a multicast address"
    if not address.is_global or address.is_reserved:
        return "a private or reserved address"
    return None
