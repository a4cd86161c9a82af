"""What signals mean to the daemon.

Owns the handlers, and that the process ends: within a bound after the first SIGTERM or SIGINT, at once after a second.
Must not know what is to be drained or read again.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Callable
from typing import NoReturn

_log = logging.getLogger(__name__)

#: Since the first signal; what is stuck then, such as a write to a locked database, is left as after `kill -9`.
#: Source: the issue, "SIGTERM drains and exits within 10 s".
_END_BY_FORCE_S = 9.0


class Signals:
    """The handlers of one daemon, in the running event loop."""

    def __init__(self, *, on_stop: Callable[[], None], on_reload: Callable[[], None]) -> None:
        self._on_stop = on_stop
        self._stopping = False
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop, number)
        loop.add_signal_handler(signal.SIGHUP, on_reload)

    def _stop(self, number: signal.Signals) -> None:
        if self._stopping:
            _log.warning("daemon.ended_at_once", extra={"signal": number.name})
            _end(128 + number)
        self._stopping = True
        _log.info("daemon.stopping", extra={"signal": number.name})
        deadline = threading.Timer(_END_BY_FORCE_S, _end_by_force)
        deadline.daemon = True
        deadline.start()
        self._on_stop()


def _end_by_force() -> None:
    _log.warning("daemon.ended_undrained")
    _end(0)


def _end(code: int) -> NoReturn:
    logging.shutdown()
    os._exit(code)
