"""A nameserver that answers what a test's script says, over UDP and TCP: for answers that no real server gives.

Its replies are bytes, so they may be anything; the functions below make the ordinary ones.
"""

import asyncio
import socket
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Self

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from tests.support.endpoint import new_endpoint

PORT = 15304

_HEADER = 12


@dataclass(frozen=True, slots=True)
class Query:
    """A question as it came."""

    wire: bytes
    name: str
    """As it was sent, without the final dot."""
    kind: str
    """`A`, `TXT`."""
    over_tcp: bool
    port: int
    """Where it came from."""
    attempt: int
    """How often this question was asked so far, this time included."""


@dataclass(frozen=True, slots=True)
class Later:
    """A reply that leaves after some seconds."""

    after_s: float
    wire: bytes


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A reply that leaves from another port, or from another address too; over UDP."""

    wire: bytes
    host: str | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes that leave as they are, after some seconds; over TCP, where other replies have their length before them."""

    wire: bytes
    after_s: float = 0.0


Reply = bytes | Later | Elsewhere | Chunk
Script = Callable[[Query], Iterable[Reply]]


class Nameserver:
    """The server. `script` is called with every question, and gives the replies to it: none, one or several."""

    def __init__(self, script: Script, place: tuple[str, int] | None = None, *, listens_on_tcp: bool = True) -> None:
        """`place` is where to listen, for a test that knows better than a fresh loopback address; port 0 is any."""
        self.script = script
        self.queries: list[Query] = []
        self.asked = asyncio.Event()
        """Set with the first question."""
        self._place = place
        self._listens_on_tcp = listens_on_tcp
        self._attempts: dict[tuple[str, str, bool], int] = {}
        self._datagrams: asyncio.DatagramTransport | None = None
        self._streams: asyncio.Server | None = None
        self._timers: list[asyncio.TimerHandle] = []

    @property
    def address(self) -> str:
        """Where it listens, as a configuration says it."""
        assert self._datagrams is not None
        host, port = self._datagrams.get_extra_info("sockname")[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        place = self._place or new_endpoint(PORT)
        self._datagrams, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), local_addr=place)
        host, port = self._datagrams.get_extra_info("sockname")[:2]
        if self._listens_on_tcp:
            self._streams = await asyncio.start_server(self._serve_stream, host, port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for timer in self._timers:
            timer.cancel()
        if self._datagrams is not None:
            self._datagrams.close()
        if self._streams is not None:
            self._streams.close()
        # The transports close in the next round of the loop.
        await asyncio.sleep(0)

    def replies(self, wire: bytes, port: int, *, over_tcp: bool) -> Iterable[Reply]:
        """Note a question, and ask the script."""
        name, kind = _question(wire)
        attempt = self._attempts[name, kind, over_tcp] = self._attempts.get((name, kind, over_tcp), 0) + 1
        query = Query(wire, name, kind, over_tcp, port, attempt)
        self.queries.append(query)
        self.asked.set()
        return self.script(query)

    def later(self, after_s: float, send: Callable[[], None]) -> None:
        """Send something after some seconds, unless the server is gone by then."""
        self._timers.append(asyncio.get_running_loop().call_later(after_s, send))

    async def _serve_stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            (length,) = struct.unpack(">H", await reader.readexactly(2))
            wire = await reader.readexactly(length)
            port = writer.get_extra_info("peername")[1]
            for reply in self.replies(wire, port, over_tcp=True):
                if not writer.is_closing():
                    await self._send_on(writer, reply)
            await writer.drain()
        except (OSError, EOFError, asyncio.CancelledError):
            # The client or the server is gone.
            pass
        finally:
            writer.close()

    async def _send_on(self, writer: asyncio.StreamWriter, reply: Reply) -> None:
        if isinstance(reply, Later | Chunk) and reply.after_s:
            await asyncio.sleep(reply.after_s)
        said = reply if isinstance(reply, bytes) else reply.wire
        writer.write(said if isinstance(reply, Chunk) else struct.pack(">H", len(said)) + said)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: Nameserver) -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        for reply in self._server.replies(data, address[1], over_tcp=False):
            match reply:
                case Later(after_s, wire):
                    self._server.later(after_s, partial(self._send, wire, address))
                case Elsewhere(wire, host):
                    self._send_from(host, wire, address)
                case Chunk(wire):
                    self._send(wire, address)
                case _:
                    self._send(reply, address)

    def _send(self, wire: bytes, address: tuple[str, int]) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(wire, address)

    def _send_from(self, host: str | None, wire: bytes, address: tuple[str, int]) -> None:
        assert self._transport is not None
        with socket.socket(type=socket.SOCK_DGRAM) as stranger:
            stranger.bind((host or self._transport.get_extra_info("sockname")[0], 0))
            stranger.sendto(wire, address)


def reply_to(query: Query, rcode: str = "NOERROR", *records: str, note: int | None = None) -> bytes:
    """Answer with an rcode, with records of the answer section (`@ 60 IN A 127.0.0.2`) and an Extended DNS Error."""
    reply = _reply(query, rcode, note)
    reply.answer += [_rrset(record, query) for record in records]
    return reply.to_wire(max_size=65_535)


def absent(query: Query, *, rcode: str = "NXDOMAIN", ttl_s: int = 60, minimum_s: int = 60) -> bytes:
    """Answer that there is no such name, with the SOA of the name's parent.

    Joined by hand, so that one process can ask and answer thousands of questions a second.
    """
    end = query.wire.index(0, _HEADER) + 5
    parent = 0xC000 | _HEADER + 1 + query.wire[_HEADER]
    flags = 0x8580 | dns.rcode.from_text(rcode)
    header = query.wire[:2] + struct.pack(">HHHHH", flags, 1, 0, 1, 1 if query.wire[end:] else 0)
    numbers = struct.pack(">5I", 1, 2, 3, 4, minimum_s)
    soa = struct.pack(">HHHIH", parent, dns.rdatatype.SOA, 1, ttl_s, 2 + len(numbers)) + b"\0\0" + numbers
    return header + query.wire[_HEADER:end] + soa + query.wire[end:]


def found(query: Query, *addresses: str, ttl_s: int = 60) -> bytes:
    """Answer with address records; joined by hand, too."""
    end = query.wire.index(0, _HEADER) + 5
    header = query.wire[:2] + struct.pack(">HHHHH", 0x8580, 1, len(addresses), 0, 1 if query.wire[end:] else 0)
    fixed = struct.pack(">HHHIH", 0xC000 | _HEADER, dns.rdatatype.A, 1, ttl_s, 4)
    records = b"".join(fixed + socket.inet_aton(address) for address in addresses)
    return header + query.wire[_HEADER:end] + records + query.wire[end:]


def truncated(query: Query) -> bytes:
    """Answer with nothing but the truncation bit."""
    reply = _reply(query, "NOERROR", None)
    reply.flags |= dns.flags.TC
    return reply.to_wire()


def listing(*listed: str) -> Script:
    """A well-behaved list: these names (without the zone: `2.0.0.127`) and the RFC 5782 test points are on it."""
    points = ("2.0.0.127.", "2.0.0.0.0.0.f.7.f.f.f.f.", "test.")
    prefixes = (*points, *(f"{name}." for name in listed))

    def script(query: Query) -> list[bytes]:
        if not query.name.startswith(prefixes):
            return [absent(query)]
        return [found(query, "127.0.0.2") if query.kind == "A" else reply_to(query, "NOERROR", '@ 60 IN TXT "listed"')]

    return script


def _question(wire: bytes) -> tuple[str, str]:
    labels, at = [], _HEADER
    while length := wire[at]:
        labels.append(wire[at + 1 : at + 1 + length].decode())
        at += 1 + length
    return ".".join(labels), dns.rdatatype.to_text(dns.rdatatype.RdataType(struct.unpack_from(">H", wire, at + 1)[0]))


def _reply(query: Query, rcode: str, note: int | None) -> dns.message.Message:
    asked = dns.message.from_wire(query.wire)
    reply = dns.message.make_response(asked, recursion_available=True)
    reply.set_rcode(dns.rcode.from_text(rcode))
    if note is not None:
        reply.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode(note), f"blocked: {query.name}")])
    return reply


def _rrset(record: str, query: Query) -> dns.rrset.RRset:
    owner, ttl_s, rdclass, kind, words = record.split(maxsplit=4)
    owner = f"{query.name}." if owner == "@" else owner
    return dns.rrset.from_text(owner, int(ttl_s), rdclass, kind, words)
