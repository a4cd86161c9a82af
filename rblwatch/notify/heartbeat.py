"""The heartbeat's URL, asked by GET.

Owns that nobody waits long for it, and that an answer which never ends takes one thread and no more. Must not know when
it is asked.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial

from rblwatch.core.retry import Outcome, Transient
from rblwatch.core.settings import Secret
from rblwatch.notify.request import ask
from rblwatch.notify.threads import Threads

_TIMEOUT_S = 30.0


class UrlHeart:
    """Asks one URL."""

    def __init__(self, url: Secret) -> None:
        self._url = url
        self._threads: Threads[Outcome] = Threads("heartbeat", 1)

    async def beat(self) -> Outcome:
        """Ask it once; nothing is raised for what a network or a server does."""
        future = self._threads.submit(partial(ask, "GET", self._url, datetime.now(UTC), headers={}))
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            future.cancel()
            return Transient(f"no answer within {_TIMEOUT_S:g} s")
