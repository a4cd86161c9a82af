"""Which nameservers are asked.

Owns the reading of a nameserver's address, the system's nameservers, and which of several is asked first. Must not
send anything.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address

import dns.exception
import dns.resolver

from rblwatch.core.errors import RblwatchError

_PORT = 53
#: For how long a nameserver that gave no answer is asked last, in seconds.
_SET_ASIDE_S = 30.0


class NotANameserver(RblwatchError):
    """A text that names no nameserver."""


class NoNameserver(RblwatchError):
    """Neither the configuration nor the system names one."""


@dataclass(frozen=True, slots=True)
class Nameserver:
    """Where questions go."""

    host: str
    port: int = _PORT

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def place(self) -> tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int]]:
        """The address family and what `connect` wants; nothing is looked up.

        Raises: OSError for an address with a scope that this machine lacks.
        """
        family, _, _, _, address = socket.getaddrinfo(
            self.host, self.port, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST
        )[0]
        return family, address  # type: ignore[return-value]  # (int, bytes) is for a Python without IPv6


def parse_nameserver(text: str) -> Nameserver:
    """Read `HOST`, `HOST:PORT`, `[IPV6]` or `[IPV6]:PORT`; the host is an address, since names need a nameserver.

    Raises: NotANameserver.
    """
    host, port = _split(text.strip())
    try:
        ip_address(host)
    except ValueError as error:
        raise NotANameserver(
            f"nameserver '{text}': '{host}' is not an address; write e.g. '127.0.0.1:53' or '[::1]:53'"
        ) from error
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise NotANameserver(f"nameserver '{text}': '{port}' is not a port; write e.g. '127.0.0.1:53' or '[::1]:53'")
    return Nameserver(host, int(port))


def _split(text: str) -> tuple[str, str]:
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            return text, str(_PORT)
        return host, rest[1:] if rest else str(_PORT)
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        return host, port
    return text, str(_PORT)


def chosen_nameservers(texts: Sequence[str], resolv_conf: str = "/etc/resolv.conf") -> tuple[Nameserver, ...]:
    """Read the configured nameservers, or the system's where none is configured, each once.

    Raises: NotANameserver; NoNameserver.
    """
    if texts:
        return tuple(dict.fromkeys(parse_nameserver(text) for text in texts))
    system = dns.resolver.Resolver(configure=False)
    try:
        system.read_resolv_conf(resolv_conf)
    except (dns.exception.DNSException, OSError, ValueError) as error:
        raise NoNameserver(
            f"no nameserver: none is configured, and {resolv_conf} names none; "
            "set resolver.nameservers, or --nameserver HOST[:PORT]"
        ) from error
    return tuple(dict.fromkeys(Nameserver(str(host), system.port) for host in system.nameservers))


class Choice:
    """Several nameservers in the configured order, with those last that lately gave no answer."""

    def __init__(self, nameservers: Sequence[Nameserver]) -> None:
        self._nameservers = tuple(nameservers)
        self._set_aside_at: dict[Nameserver, float] = {}

    def order(self, now_s: float) -> list[Nameserver]:
        """Whom to ask first, second and so on: all of them."""
        return sorted(self._nameservers, key=lambda nameserver: self._is_aside(nameserver, now_s))

    def set_aside(self, nameserver: Nameserver, now_s: float) -> None:
        """Ask this one last for a while: it gave no answer to anything."""
        self._set_aside_at[nameserver] = now_s

    def restore(self, nameserver: Nameserver) -> None:
        """Ask this one at its place again."""
        self._set_aside_at.pop(nameserver, None)

    def _is_aside(self, nameserver: Nameserver, now_s: float) -> bool:
        return now_s - self._set_aside_at.get(nameserver, float("-inf")) < _SET_ASIDE_S
