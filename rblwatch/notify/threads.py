"""Threads of one channel: a few at once, which nobody ever waits for.

Owns that a channel that hangs delays no other and does not keep the program from ending. `concurrent.futures` joins its
threads at exit, stuck ones too (an answer that drips in took 105 s), so these are daemon threads. Must not know what
is run.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class Threads(Generic[T]):
    """Runs calls in the order given, at most so many at once, each in a thread that ends when nothing is left."""

    def __init__(self, name: str, at_once: int) -> None:
        self._name = name
        self._free = at_once
        self._waiting: deque[tuple[Future[T], Callable[[], T]]] = deque()
        self._lock = threading.Lock()

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """Run a call as soon as a thread is free; cancelling the future before that means that it never runs."""
        future: Future[T] = Future()
        with self._lock:
            self._waiting.append((future, call))
            if self._free == 0:
                return future
            self._free -= 1
        threading.Thread(target=self._work, name=f"notify {self._name}", daemon=True).start()
        return future

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._free += 1
                    return
                future, call = self._waiting.popleft()
            if future.set_running_or_notify_cancel():
                _settle(future, call)


def _settle(future: Future[T], call: Callable[[], T]) -> None:
    """Run a call; whatever it raises belongs to whoever waits for the future."""
    try:
        outcome = call()
    except BaseException as error:  # noqa: BLE001 - the waiting side raises it
        future.set_exception(error)
    else:
        future.set_result(outcome)
