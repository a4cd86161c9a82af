"""What a sink has received: filled by the sink's threads, read by the test."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from tests.support.waiting import eventually

T = TypeVar("T")


class Inbox(Generic[T]):
    """The messages received so far, in order."""

    def __init__(self) -> None:
        self._messages: list[T] = []
        self._lock = threading.Lock()

    def add(self, message: T) -> int:
        """Keep a message; return how many came before it."""
        with self._lock:
            self._messages.append(message)
            return len(self._messages) - 1

    @property
    def received(self) -> list[T]:
        with self._lock:
            return list(self._messages)

    def wait_for(self, predicate: Callable[[T], bool], timeout_s: float = 10.0) -> T:
        """Return the first message, of those received and those to come, for which the predicate holds."""
        found = eventually(
            lambda: [message for message in self.received if predicate(message)],
            timeout_s,
            lambda: f"a message as wanted among {self.received!r}",
        )
        return found[0]

    def wait_for_count(self, count: int, timeout_s: float = 10.0) -> list[T]:
        """Return what was received, once there are at least `count` messages."""
        eventually(lambda: len(self.received) >= count, timeout_s, lambda: f"{count} messages, have {self.received!r}")
        return self.received
