"""Single values: from what TOML gives to what the settings hold.

Owns the notation of endpoints, times of day and names, with the limits of each. Must not know which key a
value belongs to. Every reader here takes any TOML value and raises an RblwatchError that says what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TypeVar
from zoneinfo import ZoneInfo, available_timezones

from rblwatch.config.problems import BadValue
from rblwatch.config.wording import kind_of, nearest, options, quoted
from rblwatch.core.target import Network, Target, parse_range
from rblwatch.core.timespan import LONGEST, parse_duration
from rblwatch.naming import parse_domain

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)
Read = Callable[[object], T]

_LONGEST_TEXT = 1000
_LONGEST_NAME = 100
_ENDPOINT = re.compile(r"(?:\[([^\[\]]+)\]|([^:\[\]]+))(?::([0-9]{1,5}))?", re.ASCII)
_TIME_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
_MAILBOX = re.compile(r"[!-?A-~]+", re.ASCII)


def text(value: object) -> str:
    """A string of one line that is not blank."""
    if not isinstance(value, str):
        raise BadValue(f"must be a string, found {kind_of(value)}")
    if not value.strip():
        raise BadValue("is empty")
    if len(value) > _LONGEST_TEXT:
        raise BadValue(f"has {len(value):,} characters; at most {_LONGEST_TEXT:,} are read")
    if not value.isprintable():
        raise BadValue("holds a line break or another control character")
    return value


def switch(value: object) -> bool:
    """Yes or no, as TOML spells it."""
    if not isinstance(value, bool):
        raise BadValue(f"must be true or false, found {kind_of(value)}")
    return value


def name(value: object) -> str:
    """What an admin calls a server, a channel or a tag."""
    read = text(value)
    if read != read.strip():
        raise BadValue(f"{quoted(read)} begins or ends with a blank")
    if "://" in read:
        # Not quoted: whoever puts an address here by mistake put its password here too.
        raise BadValue("must be a name, found an address")
    if len(read) > _LONGEST_NAME:
        raise BadValue(f"{quoted(read)} has {len(read)} characters; write at most {_LONGEST_NAME}")
    return read


def whole_number(least: int, most: int) -> Read[int]:
    """An integer between two ends, both included."""

    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise BadValue(f"must be an integer, found {kind_of(value)}")
        if not least <= value <= most:
            raise BadValue(f"is {_shown(value)}; write a number from {least} to {most}")
        return value

    return read


def rate(value: object) -> float:
    """A number of things a second, 0 or more."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise BadValue(f"must be a number, found {kind_of(value)}")
    if not 0 <= value <= 1_000_000:
        raise BadValue(f"is {_shown(value)}; write a number from 0 to 1000000, 0 for no limit")
    return float(value)


def duration(least: str, most: str = LONGEST, *, fractions: bool = False) -> Read[timedelta]:
    """A number and a unit (s, m, h, d) between two such texts, both included."""
    remedy = f"write a number with a unit (s, m, h or d) in quotes, e.g. '{'0.5s' if fractions else '15m'}'"

    def read(value: object) -> timedelta:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            raise BadValue(f"{_shown(value)} has no unit; {remedy}")
        if not isinstance(value, str):
            raise BadValue(f"must be a duration, found {kind_of(value)}; {remedy}")
        try:
            return parse_duration(value, least=least, most=most, fractions=fractions)
        except ValueError as error:
            raise BadValue(str(error)) from error

    return read


def one_of(known: type[E], noun: str) -> Read[E]:
    """A member of a closed set, by its text."""
    texts = [member.value for member in known]

    def read(value: object) -> E:
        found = text(value)
        if found not in texts:
            raise BadValue(f"{quoted(found)} is not {noun}; write {options(texts)}")
        return known(found)

    return read


def known_name(known: Collection[str], noun: str) -> Read[str]:
    """The name of something that stands elsewhere."""

    def read(value: object) -> str:
        found = name(value)
        if found not in known:
            raise BadValue(f"no {noun} is called {quoted(found)}{nearest(found, known) or _all_of(known)}")
        return found

    return read


def network(value: object) -> Network:
    """An address or a CIDR range that is small enough to be watched."""
    return parse_range(text(value))


def any_network(value: object) -> Network:
    """An address or a CIDR range of any size."""
    found = text(value)
    try:
        return ip_network(found, strict=False)
    except ValueError as error:
        raise BadValue(f"{quoted(found)} is not an address or a CIDR range; write e.g. '192.0.2.0/24'") from error


def domain(value: object) -> Target:
    """A domain name, in any script."""
    return parse_domain(text(value))


def mailbox(value: object) -> str:
    """A plain mail address."""
    found = text(value)
    local, at, host = found.rpartition("@")
    if not at or not _MAILBOX.fullmatch(local) or any(c in local for c in '<>"\\,;:()'):
        raise BadValue(f"{quoted(found)} is not a mail address; write e.g. 'postmaster@example.org'")
    parse_domain(host)
    return found


def nameserver(value: object) -> str:
    """An address, and a port if it is not 53, as `host:port`."""
    found = text(value)
    host, port = _endpoint(found, "127.0.0.1:53")
    return f"{_bracketed(_address(found, host, '127.0.0.1:53'))}:{53 if port is None else port}"


def listen(value: object) -> str:
    """An address or `localhost` and a port, as `host:port`; the empty string is off."""
    if value == "":
        return ""
    found = text(value)
    host, port = _endpoint(found, "127.0.0.1:8380")
    if port is None:
        raise BadValue(f"{quoted(found)} has no port; write e.g. '127.0.0.1:8380'")
    return f"{host if host == 'localhost' else _bracketed(_address(found, host, '127.0.0.1:8380'))}:{port}"


def is_loopback(endpoint: str) -> bool:
    """Whether an endpoint that `listen` gave is reached from this machine only."""
    return is_loopback_host(endpoint.rpartition(":")[0].strip("[]"))


def is_loopback_host(host: str) -> bool:
    """Whether a host, as a URL names it without brackets, is this machine for certain: of other names nobody knows."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def time_of_day(value: object) -> str:
    """`HH:MM`."""
    found = text(value)
    if not _TIME_OF_DAY.fullmatch(found):
        raise BadValue(f"{quoted(found)} is not a time of day; write e.g. '08:00'")
    return found


def timezone(value: object) -> str:
    """The name of a time zone that this machine, or the tzdata package, knows."""
    found = text(value)
    try:
        ZoneInfo(found)
    except (KeyError, ValueError, OSError):
        suggestion = nearest(found, available_timezones()) or "; write e.g. 'Europe/Berlin'"
        raise BadValue(f"{quoted(found)} is not a time zone{suggestion}") from None
    return found


def _endpoint(found: str, example: str) -> tuple[str, int | None]:
    match = _ENDPOINT.fullmatch(found)
    if match is None:
        hint = " an IPv6 address in brackets," if found.count(":") > 1 else ""
        raise BadValue(f"{quoted(found)} is not HOST:PORT; write{hint} e.g. '{'[::1]:53' if hint else example}'")
    port = int(match[3]) if match[3] else None
    if port is not None and not 1 <= port <= 65_535:
        raise BadValue(f"{quoted(found)} has a port outside 1 to 65535")
    return match[1] or match[2], port


def _address(found: str, host: str, example: str) -> IPv4Address | IPv6Address:
    try:
        address = ip_address(host)
    except ValueError as error:
        raise BadValue(f"{quoted(found)} does not begin with an address; write e.g. '{example}'") from error
    if isinstance(address, IPv6Address) and address.scope_id:
        raise BadValue(f"{quoted(found)} has a scope; write an address without one")
    return address


def _bracketed(address: IPv4Address | IPv6Address) -> str:
    return f"[{address}]" if isinstance(address, IPv6Address) else str(address)


def _all_of(known: Iterable[str]) -> str:
    """Whatever there is, where that is short enough to be read."""
    names = sorted(known)
    if not names:
        return "; there is none"
    return f"; there {'is' if len(names) == 1 else 'are'} {', '.join(names)}" if len(names) <= 8 else ""


def _shown(number: float) -> str:
    """A number as it was found; TOML's integers may have more digits than Python prints."""
    if isinstance(number, int):
        return str(number) if abs(number) < 10**15 else "a huge number"
    return f"{number:g}"
