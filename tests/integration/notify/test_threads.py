"""A channel's threads: so many at once, in order, and nobody waits for them."""

import threading
from collections.abc import Iterator
from functools import partial

import pytest

from rblwatch.notify.threads import Threads
from tests.support.waiting import eventually


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Holds calls back until it is set; always set in the end."""
    event = threading.Event()
    yield event
    event.set()


def test_a_call_gives_its_value_or_its_exception() -> None:
    threads: Threads[int] = Threads("x", 1)
    assert threads.submit(lambda: 42).result(5) == 42
    with pytest.raises(ZeroDivisionError):
        threads.submit(lambda: 1 // 0).result(5)


def test_no_more_run_at_once_than_allowed_and_the_others_follow(gate: threading.Event) -> None:
    threads: Threads[bool] = Threads("x", 2)
    started: list[int] = []

    def call(number: int) -> bool:
        started.append(number)
        return gate.wait(10)

    futures = [threads.submit(partial(call, number)) for number in range(4)]
    eventually(lambda: len(started) == 2)
    assert not any(future.done() for future in futures)
    gate.set()
    assert all(future.result(10) for future in futures)
    assert (sorted(started[:2]), sorted(started[2:])) == ([0, 1], [2, 3])


def test_a_call_that_is_cancelled_in_time_never_runs(gate: threading.Event) -> None:
    threads: Threads[object] = Threads("x", 1)
    first = threads.submit(lambda: gate.wait(10))
    ran: list[int] = []
    second = threads.submit(partial(ran.append, 2))
    assert second.cancel()
    third = threads.submit(partial(ran.append, 3))
    gate.set()
    first.result(10)
    third.result(10)
    assert ran == [3]


def test_threads_are_daemons_and_end_when_there_is_nothing_to_do() -> None:
    threads: Threads[bool] = Threads("end", 3)
    assert threads.submit(lambda: threading.current_thread().daemon).result(5)
    eventually(lambda: not [thread for thread in threading.enumerate() if thread.name == "notify end"])
