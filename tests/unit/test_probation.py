"""When a list that is set aside is probed again."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.blocklist import Blocklist, Pace, bare
from rblwatch.core.incident import Condition
from rblwatch.core.probation import LONGEST_WAIT, probe_wait
from rblwatch.core.question import Reason
from rblwatch.core.settings import Schedule
from rblwatch.core.soundness import Soundness, State
from tests.unit.samples import at

DEAD = Soundness(State.UNREACHABLE, Reason.TIMEOUT)
MONTH = timedelta(days=30)
LIST = bare("a.test")


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def schedule(interval: float = 15, recheck: float = 5) -> Schedule:
    return Schedule(interval=minutes(interval), recheck_listed=minutes(recheck), timezone="UTC")


def wait_after(lasted: float, kept_to: Schedule, blocklist: Blocklist = LIST, *, blind_after: float = 0) -> timedelta:
    """How long a list is left alone that has not answered for some minutes."""
    condition = Condition(DEAD, at(0))
    return probe_wait(condition, at(lasted), schedule=kept_to, blocklist=blocklist, blind_after=minutes(blind_after))


@pytest.mark.parametrize(
    ("lasted", "interval", "waits"),
    [
        # A passing fault is soon over …
        (0, 15, 5),
        (5, 15, 5),
        # … one that lasts is given as long again …
        (8, 15, 8),
        # … but no longer than rounds would wait …
        (600, 15, 15),
        # … or an hour, however rare they are.
        (40, 360, 40),
        (600, 360, 60),
    ],
)
def test_a_list_is_left_alone_for_as_long_as_its_trouble_has_lasted(lasted: float, interval: float, waits: int) -> None:
    assert wait_after(lasted, schedule(interval)) == minutes(waits)


def test_people_are_told_of_lasting_trouble_in_time() -> None:
    waits = [wait_after(lasted, schedule(), blind_after=30) for lasted in (10, 20, 30)]
    assert waits == [minutes(10), minutes(10), minutes(15)]


def test_a_list_whose_data_changes_rarely_is_not_probed_more_often() -> None:
    rare = replace(LIST, pace=Pace(interval_s=3 * 3600))
    for blind_after in (0, 30):
        assert wait_after(0, schedule(), rare, blind_after=blind_after) == timedelta(hours=3)


@given(st.floats(1, 1500), st.floats(1, 1500), st.floats(0, 600))
def test_whatever_happens_a_list_is_probed_again_and_not_without_end(
    interval: float, recheck: float, blind_after: float
) -> None:
    """Through a month of trouble: each wait is positive and bounded, and probes are no more than they may be."""
    lasted, probes = timedelta(), 0
    while lasted < MONTH and probes < 3000:
        wait = wait_after(lasted / minutes(1), schedule(interval, recheck), blind_after=blind_after)
        assert timedelta() < wait <= max(minutes(recheck), LONGEST_WAIT)
        lasted, probes = lasted + wait, probes + 1
    assert probes <= lasted / minutes(recheck) + 2
