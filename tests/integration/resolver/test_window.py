"""When questions are sent again, and how many may be under way: pure arithmetic, with a network that is a formula."""

from collections.abc import Callable
from itertools import count
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.resolver.roundtrip import MOST_TRANSMISSIONS, RoundTrip
from rblwatch.resolver.window import Window


def transmissions(round_trip: RoundTrip, budget_s: float) -> list[float]:
    """When a question that is never answered is sent, from 0 on."""
    times, sent = [0.0], 1
    while sent < MOST_TRANSMISSIONS:
        times.append(times[-1] + round_trip.patience_s(sent, budget_s - times[-1]))
        sent += 1
    return times


@given(st.floats(0.05, 60), st.lists(st.floats(0, 3), max_size=20))
def test_all_six_transmissions_fit_into_the_budget_with_time_for_the_last_answer(
    budget_s: float, measured: list[float]
) -> None:
    round_trip = RoundTrip()
    for taken_s in measured:
        round_trip.measured(taken_s)
    times = transmissions(round_trip, budget_s)
    assert times == sorted(times)
    assert times[-1] <= budget_s * 5 / 6 + 1e-9
    assert round_trip.patience_s(MOST_TRANSMISSIONS, 0.7) == 0.7


def test_a_quick_list_is_asked_again_soon_and_then_ever_later() -> None:
    round_trip = RoundTrip()
    for _ in range(20):
        round_trip.measured(0.002)
    assert transmissions(round_trip, 8.0) == pytest.approx([0, 0.1, 0.3, 0.7, 1.5, 3.1])


def test_overdue_answers_double_the_wait_once_per_period_until_one_is_measured() -> None:
    round_trip = RoundTrip()
    round_trip.measured(0.01)
    for now_s in (10.0, 10.01, 10.02):
        round_trip.expired(now_s)
    assert round_trip.timeout_s == pytest.approx(0.2)
    round_trip.expired(10.3)
    assert round_trip.timeout_s == pytest.approx(0.4)
    round_trip.measured(0.01)
    assert round_trip.timeout_s == pytest.approx(0.1)


def drive(window: Window, rounds: int, lost: Callable[[int], int], *, round_s: float = 0.02) -> list[int]:
    """Use the window fully for some rounds, and give its limits; `lost` says how many of a round's get no answer."""
    limits, now_s = [], 0.0
    for _ in range(rounds):
        samples = []
        while window.room > 0:
            samples.append(window.join())
            window.in_flight += 1
        window.full()
        gone = lost(len(samples))
        for number, sample in enumerate(samples):
            window.in_flight -= 1
            (window.lost if number < gone else window.won)(sample, now_s)
        now_s += round_s
        limits.append(int(window.limit))
    return limits


def test_a_window_without_loss_doubles_up_to_its_end() -> None:
    assert drive(Window(), 8, lambda _: 0) == [128, 256, 512, 1024, 2048, 4096, 4096, 4096]


def test_a_window_that_is_not_used_does_not_grow() -> None:
    window = Window()
    for _ in range(1000):
        window.won(window.join(), 0.0)
    assert window.limit == 64


@pytest.mark.parametrize("queue", [30, 118, 700])
def test_a_short_queue_is_found_and_rarely_overfilled(queue: int) -> None:
    window = Window()
    lost = 0

    def overflow(sent: int) -> int:
        nonlocal lost
        lost += max(0, sent - queue)
        return max(0, sent - queue)

    limits = drive(window, 400, overflow)
    settled = limits[50:]
    assert sum(settled) / len(settled) > 0.75 * queue
    assert max(settled) < 1.2 * queue
    assert lost < 0.1 * sum(limits)


@pytest.mark.parametrize("seed", range(2))
def test_loss_that_does_not_fall_with_the_window_is_tolerated(seed: int) -> None:
    """A bad line loses 10 % of everything: the window still ends far above its start."""
    numbers = count()
    limits = drive(
        Window(), 200, lambda sent: sum(crc32(f"{seed} {next(numbers)}".encode()) % 100 < 10 for _ in range(sent))
    )
    assert limits[-1] > 400


def test_questions_of_silent_lists_say_nothing() -> None:
    window = Window()
    samples = [window.join() for _ in range(64)]
    for sample in samples[:40]:
        window.forget(sample)
    for sample in samples[40:]:
        window.won(sample, 0.0)
    assert window.limit == 64
    assert window.join() == samples[0]
