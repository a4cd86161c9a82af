import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.blocklist import Severity
from rblwatch.core.conclusion import Alarm, Exit, alarm, conclude, conclusive_lists

INFO, MINOR, MAJOR, CRITICAL = Severity


@pytest.mark.parametrize(
    ("listed", "unknown", "code"),
    [
        (0, 0, Exit.DONE),
        (1, 0, Exit.LISTED),
        # What is known counts, whatever else could not be found out.
        (1, 40, Exit.LISTED),
        (0, 1, Exit.INCONCLUSIVE),
    ],
)
def test_a_listing_outweighs_an_unknown_in_the_exit_code(listed: int, unknown: int, code: Exit) -> None:
    assert conclude(listed=listed, unknown=unknown) is code


@pytest.mark.parametrize(
    ("severities", "conclusive", "level"),
    [
        ([], 20, Alarm.OK),
        ([INFO], 20, Alarm.OK),
        ([INFO, MINOR], 20, Alarm.WARNING),
        ([MAJOR], 20, Alarm.CRITICAL),
        ([MINOR, CRITICAL], 20, Alarm.CRITICAL),
        # One list that fails rings nobody; half of them do not either.
        ([], 19, Alarm.OK),
        ([], 10, Alarm.OK),
        ([], 9, Alarm.UNKNOWN),
        ([], 0, Alarm.UNKNOWN),
        # What is listed stays listed when most lists are blind.
        ([MINOR], 1, Alarm.WARNING),
        ([INFO], 1, Alarm.UNKNOWN),
    ],
)
def test_an_alarm_is_as_loud_as_the_worst_listing(severities: list[Severity], conclusive: int, level: Alarm) -> None:
    assert alarm(severities, conclusive=conclusive, lists=20) is level


def test_stale_data_and_no_list_at_all_are_unknown() -> None:
    assert alarm([], conclusive=20, lists=20, stale=True) is Alarm.UNKNOWN
    assert alarm([], conclusive=0, lists=0) is Alarm.UNKNOWN
    assert alarm([CRITICAL], conclusive=20, lists=20, stale=True) is Alarm.CRITICAL


@pytest.mark.parametrize(
    ("shares", "conclusive"),
    [
        ([], (0, 0)),
        ([("a", 1, 0), ("b", 1, 1)], (1, 2)),
        # The families of a list count together.
        ([("a", 4, 0), ("a", 1, 1)], (1, 1)),
        ([("a", 1, 0), ("a", 4, 4)], (0, 1)),
        # A list that was asked nothing said nothing.
        ([("a", 0, 0)], (0, 1)),
    ],
)
def test_a_list_is_conclusive_unless_most_of_what_it_said_is_unknown(
    shares: list[tuple[str, int, int]], conclusive: tuple[int, int]
) -> None:
    assert conclusive_lists(shares) == conclusive


@given(st.lists(st.sampled_from(Severity)), st.lists(st.sampled_from(Severity)), st.integers(0, 20))
def test_one_more_listing_never_quietens_an_alarm(some: list[Severity], more: list[Severity], conclusive: int) -> None:
    loudness = [Alarm.OK, Alarm.UNKNOWN, Alarm.WARNING, Alarm.CRITICAL]
    before = alarm(some, conclusive=conclusive, lists=20)
    assert loudness.index(alarm([*some, *more], conclusive=conclusive, lists=20)) >= loudness.index(before)
