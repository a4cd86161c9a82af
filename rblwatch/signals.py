"""What signals mean to the daemon.

Owns that no signal is lost or ends the process in the middle of its start, and that the process ends: within a bound
after the first SIGTERM or SIGINT, at once after a second. Must not know what is to be drained or read again, nor import
what takes long: until signals are held back, they do what they do to any program.

From the program's first line on the kernel keeps them. A thread of their own takes them from there, so that no stuck
write, query or event loop stands between a signal and its bound.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    import asyncio

_log = logging.getLogger(__name__)

_STOPS = frozenset({signal.SIGTERM, signal.SIGINT})
_ALL = _STOPS | {signal.SIGHUP}

#: Since the first signal; what is stuck then, such as a write to a locked database, is left as after `kill -9`.
#: Source: the issue, "SIGTERM drains and exits within 10 s".
_END_BY_FORCE_S = 7.0
#: `timeout` and some supervisors signal a process and then its group: that is one request, and not a second one.
_TWINS_S = 0.05
#: Where nobody reads our log, it keeps us for so long.
_LAST_WORDS_S = 0.5


def hold_back() -> None:
    """Let the kernel keep signals from now on. Threads inherit this, so none may have been started yet."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _ALL)


def let_through() -> None:
    """Let signals do what they do to any program, those that were kept as well."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ALL)


class Signals:
    """Takes the signals of this process. What comes before somebody obeys is remembered."""

    def __init__(self) -> None:
        hold_back()
        self.stopping = threading.Event()
        """Set from the first SIGTERM or SIGINT on."""
        self._lock = threading.Lock()
        self._early: list[signal.Signals] = []
        self._call: Callable[[signal.Signals], None] | None = None
        threading.Thread(target=self._listen, name="signals", daemon=True).start()

    def obey(
        self, loop: asyncio.AbstractEventLoop, *, on_stop: Callable[[], None], on_reload: Callable[[], None]
    ) -> None:
        """Have signals call these in a running event loop, first those that came before."""

        def call(number: signal.Signals) -> None:
            with suppress(RuntimeError):  # the loop is closed: the end is near enough
                loop.call_soon_threadsafe(on_stop if number in _STOPS else on_reload)

        with self._lock:
            self._call = call
            for number in self._early:
                call(number)

    def _listen(self) -> None:
        while (number := signal.Signals(signal.sigwait(_ALL))) not in _STOPS:
            self._pass_on(number)
        deadline_s = time.monotonic() + _END_BY_FORCE_S
        self.stopping.set()
        _pass_over_twins()
        _say(logging.INFO, "daemon.stopping", number)
        self._pass_on(number)
        _end_after(deadline_s)

    def _pass_on(self, number: signal.Signals) -> None:
        with self._lock:
            if self._call is None:
                self._early.append(number)
            else:
                self._call(number)


def _pass_over_twins() -> None:
    until_s = time.monotonic() + _TWINS_S
    while (left_s := until_s - time.monotonic()) > 0:
        signal.sigtimedwait(_STOPS, left_s)


def _end_after(deadline_s: float) -> NoReturn:
    """End the process at a second signal, or when its time is up."""
    while (left_s := deadline_s - time.monotonic()) > 0:
        taken = signal.sigtimedwait(_STOPS, left_s)
        if taken is not None:
            _say(logging.WARNING, "daemon.ended_at_once", signal.Signals(taken.si_signo))
            os._exit(128 + taken.si_signo)
    _say(logging.WARNING, "daemon.ended_undrained")
    os._exit(0)


def _say(level: int, event: str, number: signal.Signals | None = None) -> None:
    """Log an event, and wait for it only a moment: whoever should read it may be stuck."""
    fields = {"signal": number.name} if number is not None else {}
    words = threading.Thread(target=_log.log, args=(level, event), kwargs={"extra": fields}, daemon=True)
    words.start()
    words.join(_LAST_WORDS_S)
