"""When somebody is reminded: what it is counted from, what comes along, and by which routes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.blocklist import Severity
from rblwatch.core.reminder import gather, latest, remind_after, reminding
from rblwatch.core.routing import Subject
from rblwatch.core.settings import Route, Topic

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
LISTED = Subject(topic=Topic.LISTED, severity=Severity.MAJOR, servers=("mx1",), tags=frozenset({"production"}))


@pytest.mark.parametrize(
    ("told_ago", "expected"),
    [
        # Nothing is due, so nothing leaves, however nearly it is.
        ({"a": DAY - SECOND, "b": DAY - HOUR}, []),
        # To the second.
        ({"a": DAY}, ["a"]),
        # What will be due soon comes along, and what was told lately does not.
        ({"a": DAY, "b": DAY - 6 * HOUR, "c": DAY - 6 * HOUR - SECOND}, ["a", "b"]),
        # The machine was off: once, not for every day.
        ({"a": 9 * DAY}, ["a"]),
        ({}, []),
    ],
)
def test_a_reminder_gathers_what_is_due_and_what_nearly_is(told_ago: dict[str, timedelta], expected: list[str]) -> None:
    assert gather({about: (NOW - ago, DAY) for about, ago in told_ago.items()}, NOW) == expected


@pytest.mark.parametrize(
    ("moments", "expected"),
    [
        # The last of what he was told.
        ([NOW - 3 * DAY, NOW - DAY], NOW - DAY),
        # A clock that is set back by a second makes no reminder of its own.
        ([NOW + SECOND], NOW + SECOND),
        # One that was ahead by days would put it off for days.
        ([NOW + 3 * DAY], NOW - DAY),
        ([NOW + 3 * DAY, NOW - HOUR], NOW - HOUR),
    ],
)
def test_what_a_reminder_is_counted_from(moments: list[datetime], expected: datetime) -> None:
    assert latest(moments, DAY, NOW) == expected


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        (Route(channels=("chat",), remind_every=DAY), DAY),
        # Nobody asked for it.
        (Route(channels=("chat",)), None),
        # Somebody else did.
        (Route(channels=("mail",), remind_every=DAY), None),
        # The route leads other news.
        (Route(channels=("chat",), remind_every=DAY, tags=frozenset({"test"})), None),
        (Route(channels=("chat",), remind_every=DAY, on=frozenset({Topic.BLIND})), None),
        # Whoever was told by a route that calls later is reminded as anybody else.
        (Route(channels=("chat",), remind_every=DAY, after=HOUR), DAY),
    ],
)
def test_the_routes_that_remind(route: Route, expected: timedelta | None) -> None:
    assert remind_after(reminding(LISTED, "chat", [route])) == expected


def test_of_several_routes_the_most_frequent_counts() -> None:
    routes = [Route(channels=("chat",), remind_every=every) for every in (DAY, HOUR)]
    assert remind_after(reminding(LISTED, "chat", [*routes, Route(channels=("chat",))])) == HOUR


@given(st.lists(st.integers(0, 72), min_size=1, max_size=5), st.integers(1, 30))
def test_whatever_is_due_is_reminded_of_and_never_twice_within_three_quarters(ago_h: list[int], every_h: int) -> None:
    every = every_h * HOUR
    last = {number: NOW - hours * HOUR for number, hours in enumerate(ago_h)}
    at = NOW
    for _ in range(60):
        at += HOUR / 2
        for about in gather({one: (moment, every) for one, moment in last.items()}, at):
            assert at - last[about] >= every * 0.75
            last[about] = at
        assert all(at - moment < every for moment in last.values())
