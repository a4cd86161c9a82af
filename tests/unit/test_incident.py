"""When a list's trouble is told, and when it ends its listings."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.incident import RETIRED_AFTER, WORSENING, Condition, notable, retired, worst
from rblwatch.core.question import Reason
from rblwatch.core.soundness import Flaw, Soundness, State
from tests.unit.samples import at

SOUND = Soundness(State.SOUND)
UNVERIFIED = Soundness(State.UNVERIFIED)
WILDCARD = Soundness(State.UNSOUND, Reason.UNSOUND, Flaw.WILDCARD)
INVERTED = Soundness(State.UNSOUND, Reason.UNSOUND, Flaw.INVERTED)
SILENT = Soundness(State.UNSOUND, Reason.UNSOUND, Flaw.SILENT)
REWRITTEN = Soundness(State.UNSOUND, Reason.NOT_A_DNSBL_ANSWER)
REFUSING = Soundness(State.REFUSING, Reason.REFUSAL_CODE)
UNREACHABLE = Soundness(State.UNREACHABLE, Reason.TIMEOUT)
ALL = (SOUND, UNVERIFIED, WILDCARD, INVERTED, SILENT, REWRITTEN, REFUSING, UNREACHABLE)


@pytest.mark.parametrize(
    ("soundness", "minutes", "told"),
    [
        # What can be believed is no incident, however long.
        (SOUND, 600, False),
        (UNVERIFIED, 600, False),
        # A list that lists what it must not would ring every phone: at once.
        (WILDCARD, 0, True),
        (INVERTED, 0, True),
        # Anything else may be a passing fault: from half an hour on.
        (SILENT, 29, False),
        (SILENT, 30, True),
        (REWRITTEN, 29, False),
        (REWRITTEN, 30, True),
        (REFUSING, 29, False),
        (REFUSING, 30, True),
        (UNREACHABLE, 29, False),
        (UNREACHABLE, 30, True),
    ],
)
def test_a_condition_is_told_at_once_or_when_it_lasts(soundness: Soundness, minutes: int, told: bool) -> None:
    assert notable(Condition(soundness, at(0)), at(minutes), timedelta(minutes=30)) == told


@pytest.mark.parametrize(
    ("soundness", "age", "ended"),
    [
        # Thirty days of wrong answers.
        (WILDCARD, RETIRED_AFTER - timedelta(seconds=1), False),
        (WILDCARD, RETIRED_AFTER, True),
        (SILENT, RETIRED_AFTER, True),
        (INVERTED, RETIRED_AFTER, True),
        # Out of reach, or refusing us, says nothing about the list itself.
        (UNREACHABLE, 10 * RETIRED_AFTER, False),
        (REFUSING, 10 * RETIRED_AFTER, False),
        (SOUND, 10 * RETIRED_AFTER, False),
    ],
)
def test_a_list_that_is_unsound_for_thirty_days_is_as_good_as_retired(
    soundness: Soundness, age: timedelta, ended: bool
) -> None:
    assert retired(Condition(soundness, at(0), at(0)), at(0) + age) == ended
    # Only the time since it failed its self-test counts, however long it was out of reach before.
    assert not retired(Condition(soundness, at(0) - age, at(0) + age), at(0) + age)
    assert timedelta(days=30) == RETIRED_AFTER


@pytest.mark.parametrize(
    ("conditions", "standing"),
    [
        ([], None),
        ([(SOUND, 5)], (SOUND, 5)),
        # One family in trouble is a list in trouble.
        ([(SOUND, 0), (UNREACHABLE, 20)], (UNREACHABLE, 20)),
        ([(UNREACHABLE, 0), (WILDCARD, 20)], (WILDCARD, 20)),
        # The same state: since the first of them.
        ([(SILENT, 20), (WILDCARD, 10)], (WILDCARD, 10)),
        # A family that is silent for ever does not hide that another lists the world.
        ([(SILENT, 10), (WILDCARD, 20)], (WILDCARD, 20)),
        ([(SOUND, 20), (SOUND, 10)], (SOUND, 10)),
    ],
)
def test_the_worst_condition_stands_for_a_list(
    conditions: list[tuple[Soundness, int]], standing: tuple[Soundness, int] | None
) -> None:
    expected = Condition(standing[0], at(standing[1])) if standing is not None else None
    assert worst(Condition(soundness, at(minute)) for soundness, minute in conditions) == expected


def test_every_state_has_its_place_from_best_to_worst() -> None:
    assert sorted(WORSENING) == sorted(State)
    assert [state for state in WORSENING if state in (State.SOUND, State.UNVERIFIED)] == list(WORSENING[:2])


conditions = st.builds(Condition, st.sampled_from(ALL), st.integers(0, 100).map(at))


@given(st.lists(conditions, min_size=1))
def test_a_list_is_trusted_only_if_every_family_is(several: list[Condition]) -> None:
    standing = worst(several)
    assert standing in several
    assert standing is not None
    assert standing.soundness.trusted == all(condition.soundness.trusted for condition in several)


@given(conditions, st.integers(100, 10_000), st.integers(0, 10_000))
def test_what_is_told_stays_worth_telling_while_it_lasts(condition: Condition, minute: int, more: int) -> None:
    blind_after = timedelta(minutes=30)
    assert notable(condition, at(minute), blind_after) <= notable(condition, at(minute + more), blind_after)
