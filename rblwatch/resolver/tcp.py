"""Questions over TCP, after their answers over UDP were truncated.

Owns the framing and the number of connections at a time. Must not read what an answer says.
Source: RFC 1035 section 4.2.2; RFC 7766.
"""

from __future__ import annotations

import asyncio
import os
import struct
from collections.abc import Callable

from rblwatch.core.question import Failed, Reason
from rblwatch.resolver import wire
from rblwatch.resolver.nameservers import Nameserver
from rblwatch.resolver.reach import said

_LENGTH = struct.Struct(">H")
_MOST_AT_ONCE = 16


class Connections:
    """The connections to one nameserver: one question each, a task each, since so few answers are too long."""

    def __init__(self, nameserver: Nameserver) -> None:
        self._nameserver = nameserver
        self._asking: dict[asyncio.Task[None], object] = {}

    @property
    def room(self) -> int:
        """How many more questions may be asked now."""
        return _MOST_AT_ONCE - len(self._asking)

    def ask(self, section: bytes, timeout_s: float, *, owner: object, done: Callable[[bytes | Failed], None]) -> None:
        """Ask, and call `done` with the reply or the failure, unless what the owner asked is withdrawn before."""

        async def asking() -> None:
            done(await self._reply(section, timeout_s))

        task = asyncio.get_running_loop().create_task(asking())
        self._asking[task] = owner
        task.add_done_callback(self._asking.pop)

    def withdraw(self, owner: object) -> None:
        """Forget what an owner asked."""
        for task, whose in self._asking.items():
            if whose is owner:
                task.cancel()

    async def close(self) -> None:
        """Forget everything, and wait until the connections are gone."""
        asking = list(self._asking)
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)

    async def _reply(self, section: bytes, timeout_s: float) -> bytes | Failed:
        truncated = f"{self._nameserver} truncated its answer, and over TCP"
        try:
            async with asyncio.timeout(timeout_s):
                return await converse(self._nameserver, os.urandom(2), section)
        except TimeoutError:
            return Failed(Reason.TIMEOUT, f"{truncated} gave none within {max(timeout_s, 0):.1f} s", over_tcp=True)
        except (OSError, EOFError) as error:
            return Failed(Reason.NETWORK, f"{truncated} failed: {said(error)}", over_tcp=True)


async def converse(nameserver: Nameserver, number: bytes, section: bytes) -> bytes:
    """Send a question on a connection of its own, and wait for the reply that matches it.

    Raises: OSError; EOFError.
    """
    reader, writer = await asyncio.open_connection(nameserver.host, nameserver.port)
    try:
        query = wire.packet(number, section)
        writer.write(_LENGTH.pack(len(query)) + query)
        while True:
            (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
            reply = await reader.readexactly(length)
            if reply[:2] == number and wire.answers(reply, section):
                return reply
    finally:
        writer.transport.abort()
