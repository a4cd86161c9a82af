"""The open connections of a small server on loopback.

Owns that each ends by itself, and all end with the server. Must not know what is spoken over them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Conversations:
    """Runs `talk` for every client. What a client does wrong ends its own conversation, and nothing else."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client, as `asyncio.start_server` wants it."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._talk(reader, writer)
        except (asyncio.IncompleteReadError, TimeoutError, OSError, asyncio.CancelledError):
            pass  # the client left or fell silent, or the server stops
        finally:
            self._tasks.discard(task)
            writer.close()

    async def end(self) -> None:
        """Break off all that are under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks)
