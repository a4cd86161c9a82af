"""Waiting for a condition, with a bound: the only way in which a test waits."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

POLL_S = 0.02


def eventually(predicate: Callable[[], T], timeout_s: float = 10.0, message: str | Callable[[], str] = "") -> T:
    """Return the predicate's first true value; fail with `message` when none comes within `timeout_s` seconds."""
    end = time.monotonic() + timeout_s
    while True:
        if value := predicate():
            return value
        if time.monotonic() >= end:
            said = message() if callable(message) else message
            raise AssertionError(f"not within {timeout_s:g} s: {said or predicate}")
        time.sleep(POLL_S)
