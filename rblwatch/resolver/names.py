"""Looks up ordinary names: addresses, mail exchangers, texts.

Owns queries about names through the same nameservers as the lists. Must not ask a list, and must not be used for many
names at once: every query has a socket of its own, which nobody can guess the port of.
"""

from __future__ import annotations

import asyncio
import logging
import os
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import cycle, islice

import dns.name
import dns.rdata
import dns.rdatatype
import dns.rdtypes.ANY.MX
import dns.rdtypes.ANY.TXT
import dns.rdtypes.IN.A
import dns.rdtypes.IN.AAAA

from rblwatch.core import settings
from rblwatch.core.lookup import Exchange, Missing, Present, Query, Reply, Value, address_queries, addresses_of
from rblwatch.core.question import Absent, Failed, Reason
from rblwatch.core.target import Target, address_target
from rblwatch.resolver import wire
from rblwatch.resolver.nameservers import Nameserver, chosen_nameservers
from rblwatch.resolver.reach import said
from rblwatch.resolver.records import MOST_LINKS, Held, alias_of, read_records
from rblwatch.resolver.tcp import converse

_log = logging.getLogger(__name__)

_NXDOMAIN = 3


@dataclass(frozen=True, slots=True)
class Alias:
    """The name stands for another one, which the nameserver did not look up."""

    name: str


class RecordLookup:
    """Implements `ports.Records`."""

    def __init__(self, resolver: settings.Resolver) -> None:
        """Take the settings in.

        Raises: NotANameserver; NoNameserver.
        """
        self._nameservers = chosen_nameservers(resolver.nameservers)
        self._timeout_s = resolver.timeout.total_seconds()
        # Each nameserver at least once: the first ones may be gone.
        self._tries = max(resolver.attempts, len(self._nameservers))

    async def look_up(self, query: Query) -> Reply:
        """Look one name up; see `ports.Records`."""
        for _ in range(MOST_LINKS):
            reply = await self._ask_any(query)
            if not isinstance(reply, Alias):
                return reply
            query = Query(reply.name, query.kind)
        return Failed(Reason.MALFORMED, f"the name has a loop, or more than {MOST_LINKS} aliases (CNAME) in a row")

    async def _ask_any(self, query: Query) -> Reply | Alias:
        """Ask one nameserver after the other. One that failed is asked again only if it was silent."""
        failures: dict[Nameserver, Failed] = {}
        for nameserver in islice(cycle(self._nameservers), self._tries):
            if nameserver in failures and failures[nameserver].reason is not Reason.TIMEOUT:
                continue
            reply = await self._ask(nameserver, query)
            if not isinstance(reply, Failed):
                return reply
            failures[nameserver] = reply
            _log.debug("resolver.name_failed", extra={"query": str(query), "cause": reply.detail})
        # What was said tells more than silence.
        return min(failures.values(), key=lambda failure: failure.reason is Reason.TIMEOUT)

    async def _ask(self, nameserver: Nameserver, query: Query) -> Reply | Alias:
        kind = dns.rdatatype.from_text(query.kind)
        try:
            section = wire.ending(query.name, kind, keyed=False)
            async with asyncio.timeout(self._timeout_s):
                reply = await _exchange(nameserver, section)
        except wire.Unaskable:
            return Missing(exists=False)
        except TimeoutError:
            return Failed(Reason.TIMEOUT, f"{nameserver} gave no answer within {self._timeout_s:g} s")
        except (OSError, EOFError) as error:
            return Failed(Reason.NETWORK, f"{nameserver} cannot be reached: {said(error)}")
        answer = read_reply(reply, kind)
        return Failed(answer.reason, f"{nameserver} {answer.detail}") if isinstance(answer, Failed) else answer


class AddressLookup:
    """Implements `ports.Names`."""

    def __init__(self, resolver: settings.Resolver) -> None:
        """Take the settings in.

        Raises: NotANameserver; NoNameserver.
        """
        self._records = RecordLookup(resolver)

    async def addresses(self, name: Target) -> tuple[Target, ...] | None:
        """The A records, then the AAAA records of a name, each in ascending order; see `ports.Names`."""
        replies = await asyncio.gather(*map(self._records.look_up, address_queries(name.text)))
        if any(isinstance(reply, Failed) for reply in replies):
            return None
        return tuple(address_target(address) for reply in replies for address in addresses_of(reply))


def read_reply(reply: bytes, kind: dns.rdatatype.RdataType) -> Reply | Alias:
    """Say what a reply holds for the name in its question. Nothing is raised for any bytes."""
    match read_records(reply, kind):
        case Held(records):
            return Present(tuple(map(_value, records)))
        case Absent(ttl_s):
            exists = reply[3] & 0x0F != _NXDOMAIN
            # Who looked the alias up says with a SOA that there is nothing behind it.
            alias = alias_of(reply) if exists and ttl_s is None else None
            return Missing(exists=exists) if alias is None else Alias(_written(alias))
        case failed:
            return failed


def _value(record: dns.rdata.Rdata) -> Value:
    match record:
        case dns.rdtypes.IN.A.A() | dns.rdtypes.IN.AAAA.AAAA():
            return ip_address(record.address)
        case dns.rdtypes.ANY.MX.MX():
            return Exchange(record.preference, _written(record.exchange))
        case dns.rdtypes.ANY.TXT.TXT():
            return b"".join(record.strings)
        case _:
            raise AssertionError(record.rdtype)


def _written(name: dns.name.Name) -> str:
    """A name as text, without a final dot; the root is empty."""
    return name.to_text(omit_final_dot=True).removesuffix(".")


async def _exchange(nameserver: Nameserver, section: bytes) -> bytes:
    """Ask over UDP, and over TCP if the answer is truncated.

    Raises: OSError; EOFError.
    """
    number = os.urandom(2)
    loop = asyncio.get_running_loop()
    reply: asyncio.Future[bytes] = loop.create_future()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Datagrams(number, section, reply), remote_addr=(nameserver.host, nameserver.port)
    )
    try:
        transport.sendto(wire.packet(number, section))
        said_over_udp = await reply
    finally:
        transport.close()
    return await converse(nameserver, number, section) if wire.truncated(said_over_udp) else said_over_udp


class _Datagrams(asyncio.DatagramProtocol):
    """Waits for the one reply to a question; anything else is ignored, and the wait goes on."""

    def __init__(self, number: bytes, section: bytes, reply: asyncio.Future[bytes]) -> None:
        self._number = number
        self._section = section
        self._reply = reply

    def datagram_received(self, data: bytes, addr: object) -> None:
        if not self._reply.done() and data[:2] == self._number and wire.answers(data, self._section):
            self._reply.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self._reply.done():
            self._reply.set_exception(exc)
