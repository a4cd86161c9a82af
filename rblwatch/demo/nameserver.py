"""A nameserver on loopback that serves blocklists and can be made to fail in every way that real ones do.

Owns one UDP and one TCP socket on the same port. Must not know what is said (that is `reply`), nor what zones hold. For
the demo and for tests: a few thousand questions a second.
"""

from __future__ import annotations

import asyncio
import socket
from types import TracebackType
from typing import Self, cast

import dns.name

from rblwatch.demo.conversations import Conversations
from rblwatch.demo.reply import Zones, respond
from rblwatch.demo.zone import Zone

HOST = "127.0.0.1"

#: A client that keeps a connection open and says nothing for so long is cut off.
_IDLE_TIMEOUT_S = 10.0
#: A sweep sends in bursts, and the kernel's default holds about a hundred questions.
_RECEIVE_BUFFER = 1 << 20
_PORT_TRIES = 20


class LoopbackNameserver:
    """The nameserver. It runs inside `async with`, and its zones may be changed all the while."""

    def __init__(self, *zones: Zone) -> None:
        self._zones: dict[dns.name.Name, Zone] = {}
        self._port: int | None = None
        self._datagrams: asyncio.DatagramTransport | None = None
        self._server: asyncio.Server | None = None
        self._conversations = Conversations(self._converse)
        for zone in zones:
            self.serve(zone)

    @property
    def port(self) -> int:
        """The port of both sockets; it is chosen at the start."""
        if self._port is None:
            raise RuntimeError("the nameserver has no port yet: start it with 'async with'")
        return self._port

    @property
    def address(self) -> str:
        """Where it listens, as a configuration wants it: `127.0.0.1:PORT`."""
        return f"{HOST}:{self.port}"

    def serve(self, zone: Zone) -> Zone:
        """Serve one more zone; it takes the place of another of that name."""
        self._zones[dns.name.from_text(zone.name)] = zone
        return zone

    def zone(self, name: str) -> Zone:
        """The zone that is served under this name.

        Raises: KeyError.
        """
        return self._zones[dns.name.from_text(name)]

    async def __aenter__(self) -> Self:
        datagram, stream = _bind_pair()
        self._port = datagram.getsockname()[1]
        loop = asyncio.get_running_loop()
        self._datagrams, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self._zones), sock=datagram)
        self._server = await asyncio.start_server(self._conversations.begin, sock=stream)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._datagrams is not None
        assert self._server is not None
        self._datagrams.close()
        self._server.close()
        await self._conversations.end()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await self._answer_one(reader, writer)

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one message and answer it; two octets of length precede each. Source: RFC 7766 section 8."""
        async with asyncio.timeout(_IDLE_TIMEOUT_S):
            wire = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        if reply := respond(wire, self._zones, stream=True):
            await asyncio.sleep(reply.delay_s)
            writer.write(len(reply.wire).to_bytes(2, "big") + reply.wire)
            await writer.drain()


class _Datagrams(asyncio.DatagramProtocol):
    """The UDP side."""

    def __init__(self, zones: Zones) -> None:
        self._zones = zones
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Before Python 3.12, the loop's datagram transport does not say that it is one.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = respond(data, self._zones, stream=False)
        if reply is None:
            return
        if reply.delay_s > 0:
            asyncio.get_running_loop().call_later(reply.delay_s, self._send, reply.wire, addr)
        else:
            self._send(reply.wire, addr)

    def _send(self, wire: bytes, addr: tuple[str, int]) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(wire, addr)


def _bind_pair() -> tuple[socket.socket, socket.socket]:
    """Bind a UDP and a TCP socket to one free port: the kernel picks it for UDP, and TCP may find it taken."""
    for _ in range(_PORT_TRIES):
        datagram, stream = socket.socket(type=socket.SOCK_DGRAM), socket.socket()
        try:
            datagram.bind((HOST, 0))
            stream.bind(datagram.getsockname())
        except OSError:
            datagram.close()
            stream.close()
            continue
        datagram.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        return datagram, stream
    raise OSError(f"no port of {HOST} was free for both UDP and TCP in {_PORT_TRIES} tries")
