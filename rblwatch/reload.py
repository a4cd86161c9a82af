"""SIGHUP: the configuration is read again, and put to work if it is good.

Owns that no request is lost, that the file counts as it is at the last one, and that a configuration which cannot be
put to work changes nothing, is logged and told. Must not know how a configuration is put to work.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from rblwatch.configured import Configured
from rblwatch.core.errors import RblwatchError
from rblwatch.store.errors import StoreError

_log = logging.getLogger(__name__)

#: Between two tries to reload while the database is away.
_RETRY_S = 2.0


class Reload:
    """The reloads of one daemon: at most one at a time."""

    def __init__(
        self,
        read: Callable[[], Configured],
        put_to_work: Callable[[Configured], Awaitable[dict[str, object]]],
        tell: Callable[[str], Awaitable[None]],
    ) -> None:
        """`put_to_work` gives what the log says of it; `tell` tells people, and logs where that fails."""
        self._read = read
        self._put_to_work = put_to_work
        self._tell = tell
        self._wanted = False
        self._ended = False
        self._task: asyncio.Task[None] | None = None

    def ask(self) -> None:
        """Reload, or reload once more if that is being done: the file may have been written again since."""
        self._wanted = True
        if not self._ended and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._until_done(), name="reload")

    async def end(self) -> None:
        """Leave a reload that is being done, and begin none any more."""
        self._ended = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _until_done(self) -> None:
        while self._wanted:
            self._wanted = False
            await self._once()

    async def _once(self) -> None:
        """Reload; where the database cannot be used, that only has to wait."""
        try:
            configured = await asyncio.to_thread(self._read)
            summary = await self._put_to_work(configured)
        except StoreError as error:
            _log.error("reload.waits", extra={"why": str(error)})
            await asyncio.sleep(_RETRY_S)
            self._wanted = True
        except RblwatchError as error:
            _log.error("reload.refused", extra={"why": str(error)})
            await self._tell(_refusal(*str(error).splitlines()))
        except Exception as error:  # noqa: BLE001 - a job's boundary
            _log.exception("reload.failed")
            await self._tell(_refusal(type(error).__name__))
        else:
            _log.info("reload.done", extra=summary)


def _refusal(first: str, *more: str) -> str:
    rest = f" (and {len(more)} more)" if more else ""
    return f"the configuration could not be read again, and the one from before stays in force: {first}{rest}"
