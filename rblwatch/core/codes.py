"""How a list's answers and test points are written down, in the catalogue and by an admin alike.

Owns the notation of return codes and of the points of a self-test. Must not know TOML, files or which lists exist.

    "127.0.0.2"             one code
    "127.0.0.5-127.0.0.7"   all codes from the first to the last
    "127.0.*.3"             a pattern: `*` is any octet
    "bit:4"                 codes with this bit set in the last octet
    "127.255.255.0/24"      a range of refusals
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv4Network

from rblwatch.core.blocklist import LISTING_RANGE, RFC5782_SELFTEST, Kind, SelfTest
from rblwatch.core.errors import RblwatchError
from rblwatch.core.matching import CodeBit, CodePattern, CodeRange, Refusal
from rblwatch.core.target import Family, NotATarget, Target, parse_address, parse_name

CodeMatch = CodeRange | CodePattern | CodeBit

#: A self-test by name: RFC 5782's points, or none at all.
NAMED_SELFTESTS = {"rfc5782": RFC5782_SELFTEST, "none": SelfTest()}

_BITS = tuple(1 << position for position in range(8))
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_KEY_HINT = "write e.g. '127.0.0.2', '127.0.0.5-127.0.0.7', '127.0.*.3' or 'bit:4'"


class NotACode(RblwatchError):
    """A text that names no return code."""


def parse_code(text: str, hint: str = "write e.g. '127.0.0.2'") -> IPv4Address:
    """Read one return code; the hint ends the message about a text that is no address.

    Raises: NotACode, also for an address outside 127.0.0.0/8.
    """
    try:
        code = IPv4Address(text)
    except AddressValueError as error:
        raise NotACode(f"'{text}' is not a return code; {hint}") from error
    if code not in LISTING_RANGE:
        raise NotACode(f"'{text}' is outside {LISTING_RANGE}, where the answers of a DNS list are")
    return code


def parse_code_key(text: str) -> CodeMatch:
    """Read the key of a code table's row.

    Raises: NotACode.
    """
    if text.startswith("bit:"):
        return _parse_bit(text)
    if "-" in text:
        return _parse_range(text)
    if "*" in text:
        return _parse_pattern(text)
    code = parse_code(text, _KEY_HINT)
    return CodeRange(code, code)


def parse_refusal(text: str) -> Refusal:
    """Read which answers mean "you may not ask": an address, a CIDR range, a pattern or a bit.

    Raises: NotACode.
    """
    if text.startswith("bit:"):
        return _parse_bit(text)
    if "*" in text:
        return _parse_pattern(text)
    try:
        network = IPv4Network(text)
    except ValueError as error:
        raise NotACode(f"is not an address or a CIDR range: {error}") from error
    if not network.subnet_of(LISTING_RANGE):
        raise NotACode(f"is outside {LISTING_RANGE}, where every answer is taken for no answer anyway")
    return network


def parse_point(text: str, kind: Kind) -> Target:
    """Read a point of a self-test: an address, or on a domain list a name, of which one label is enough.

    Raises: NotATarget.
    Source: RFC 5782 section 5 (`TEST` and `INVALID` are single labels).
    """
    if kind is not Kind.DOMAIN:
        return parse_address(text)
    label = text.lower()
    if _LABEL.fullmatch(label) and not label.isdigit():
        return Target(label, Family.NAME)
    try:
        parse_address(text)
    except NotATarget:
        return parse_name(text)
    raise NotATarget(f"'{text}' is an address, and a domain list is tested with names")


def code_key(match: CodeMatch) -> str:
    """Write the key of a code table's row, as `parse_code_key` reads it."""
    match match:
        case CodeRange(first, last):
            return str(first) if first == last else f"{first}-{last}"
        case CodePattern(octets):
            return ".".join("*" if octet is None else str(octet) for octet in octets)
        case CodeBit(value):
            return f"bit:{value}"


def refusal_key(refusal: Refusal) -> str:
    """Write which answers are a refusal, as `parse_refusal` reads it."""
    if not isinstance(refusal, IPv4Network):
        return code_key(refusal)
    return str(refusal.network_address) if refusal.prefixlen == refusal.max_prefixlen else str(refusal)


def _parse_bit(text: str) -> CodeBit:
    digits = text.removeprefix("bit:")
    value = int(digits) if re.fullmatch(r"[0-9]{1,3}", digits, re.ASCII) else 0
    if value not in _BITS:
        raise NotACode(f"'{text}' is not a bit of the last octet; write 'bit:' and one of {', '.join(map(str, _BITS))}")
    return CodeBit(value)


def _parse_range(text: str) -> CodeRange:
    first, _, last = (part.strip() for part in text.partition("-"))
    ends = CodeRange(parse_code(first, _KEY_HINT), parse_code(last, _KEY_HINT))
    if ends.first > ends.last:
        raise NotACode(f"'{text}' ends before it begins; write the lower code first")
    return ends


def _parse_pattern(text: str) -> CodePattern:
    parts = text.split(".")
    octets = [None if part == "*" else _octet(part) for part in parts]
    if len(octets) != 4 or -1 in octets or octets[0] != LISTING_RANGE.network_address.packed[0]:
        raise NotACode(f"'{text}' is not a pattern of return codes; write four octets, e.g. '127.0.*.3'")
    return CodePattern((octets[0], octets[1], octets[2], octets[3]))


def _octet(text: str) -> int:
    """The octet's value, -1 for what is none."""
    if not re.fullmatch(r"0|[1-9][0-9]{0,2}", text, re.ASCII):
        return -1
    return int(text) if int(text) < 256 else -1
