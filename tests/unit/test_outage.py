"""When the trouble of many lists is the resolver's: one incident, and not one for each of them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.course import Sight
from rblwatch.core.fault import Fault
from rblwatch.core.incident import Condition
from rblwatch.core.outage import (
    FEWEST_LISTS,
    FEWEST_LISTS_OF_ALL,
    Seen,
    excused,
    fault_of,
    incident_of,
    is_about,
    lasting,
    nameservers_of,
    opens,
    outage,
)
from rblwatch.core.plan import LONGEST_ROUND
from rblwatch.core.prescriptions import suspected
from rblwatch.core.question import Reason
from rblwatch.core.soundness import Flaw, Soundness, State
from rblwatch.core.target import Family
from tests.unit.samples import at

HALF_HOUR = timedelta(minutes=30)
QUARTER = timedelta(minutes=15)

SOUND = Soundness(State.SOUND)
UNVERIFIED = Soundness(State.UNVERIFIED)
TIMEOUT = Soundness(State.UNREACHABLE, Reason.TIMEOUT, detail="no answer for its test point 127.0.0.2")
SERVFAIL = Soundness(State.UNREACHABLE, Reason.SERVFAIL)
REFUSED = Soundness(State.REFUSING, Reason.REFUSED)
CODED = Soundness(State.REFUSING, Reason.REFUSAL_CODE)
FILTERED = Soundness(State.UNSOUND, Reason.FILTERED)
PAGE = Soundness(State.UNSOUND, Reason.NOT_A_DNSBL_ANSWER)
SILENT = Soundness(State.UNSOUND, Reason.UNSOUND, Flaw.SILENT)
STRIPPED = Soundness(State.UNSOUND, Reason.UNSOUND, Flaw.STRIPPED)
WILDCARD = Soundness(State.UNSOUND, Reason.UNSOUND, Flaw.WILDCARD)
NO_KEY = Soundness(State.REFUSING, Reason.NO_KEY)
MALFORMED = Soundness(State.UNSOUND, Reason.MALFORMED)
ALL = (
    SOUND,
    UNVERIFIED,
    TIMEOUT,
    SERVFAIL,
    REFUSED,
    CODED,
    FILTERED,
    PAGE,
    SILENT,
    STRIPPED,
    WILDCARD,
    NO_KEY,
    MALFORMED,
)


def seen(
    number: int, soundness: Soundness, since: float = 0, *, nameserver: str = "192.0.2.1:53", owner: str = ""
) -> Seen:
    lane = (f"list{number}", Family.IPV4)
    sight = Sight(Condition(soundness, at(since)), at(60))
    return Seen(lane=lane, owner=owner or lane[0], nameserver=nameserver, sight=sight)


def several(*soundnesses: Soundness) -> list[Seen]:
    return [seen(number, soundness) for number, soundness in enumerate(soundnesses)]


@pytest.mark.parametrize(
    ("soundnesses", "explained"),
    [
        ((TIMEOUT, TIMEOUT, TIMEOUT), 3),
        ((TIMEOUT, SERVFAIL, REFUSED, SOUND, UNVERIFIED), 3),
        ((FILTERED, PAGE, SILENT, CODED), 4),
        ((TIMEOUT, TIMEOUT), 2),  # all that there is
        ((CODED, SILENT), 2),  # two operators do not shut us out at the same time
        ((TIMEOUT,), 0),  # one list says nothing about anybody else
        ((TIMEOUT, TIMEOUT, SOUND), 0),  # too few to say
        ((TIMEOUT, TIMEOUT, UNVERIFIED), 0),
        ((TIMEOUT, WILDCARD), 0),  # the second has a trouble of its own
        ((TIMEOUT, TIMEOUT, TIMEOUT, SOUND, SOUND, SOUND), 0),  # no more than half
        ((TIMEOUT, TIMEOUT, TIMEOUT, SOUND, SOUND), 3),
        ((WILDCARD, WILDCARD, WILDCARD), 0),  # no resolver makes a list list the world
        ((NO_KEY, NO_KEY, NO_KEY), 0),
        ((MALFORMED, MALFORMED, MALFORMED), 0),
        ((TIMEOUT, TIMEOUT, TIMEOUT, WILDCARD), 3),  # the fourth has a trouble of its own
        ((), 0),
    ],
)
def test_many_lists_that_fail_at_once_are_the_resolvers_trouble(
    soundnesses: tuple[Soundness, ...], explained: int
) -> None:
    found = outage(several(*soundnesses))
    assert (len(found.lanes) if found else 0) == explained


def test_lists_that_were_in_trouble_before_say_nothing_about_the_resolver() -> None:
    lanes = several(TIMEOUT, TIMEOUT, TIMEOUT, TIMEOUT, SOUND, SOUND)
    assert outage(lanes) is not None
    assert outage(lanes, own={lanes[0].lane, lanes[1].lane}) is None


@pytest.mark.parametrize("soundness", [CODED, SILENT, PAGE])
def test_lists_of_one_operator_fail_together_for_a_cause_of_their_own(soundness: Soundness) -> None:
    """It shuts us out, empties them or lets its domain go; no resolver is needed for that."""
    assert outage([seen(number, soundness, owner="one") for number in range(5)]) is None


@pytest.mark.parametrize("soundness", [TIMEOUT, SERVFAIL, REFUSED, FILTERED, STRIPPED])
def test_lists_of_one_operator_that_are_all_there_is_are_one_blindness(soundness: Soundness) -> None:
    lanes = [seen(number, soundness, owner="one") for number in range(2)]
    found = outage(lanes)
    assert found is not None
    assert found.lanes == {one.lane for one in lanes}
    assert outage([*lanes, seen(2, SOUND, owner="another")]) is None


def test_two_families_of_one_list_say_nothing_about_the_resolver() -> None:
    one = seen(0, TIMEOUT)
    assert outage([one, replace(one, lane=(one.lane[0], Family.IPV6))]) is None


A, B, C = (f"192.0.2.{number}:53" for number in (1, 2, 3))


@pytest.mark.parametrize(
    ("failing", "well", "meant"),
    [
        ((A, B, C, "192.0.2.4:53"), (), (A, B, C, "192.0.2.4:53")),  # each list through another one, and none is well
        ((A, A, B, B), (), (A, B)),  # a pair, both bad
        ((A, A, B, B), (C, C, C), (A, B)),  # and a third that works
        ((A, A, A, A, B), (B, B), (A,)),  # what fails where others are well is the list's own doing
        ((A, A, B, B), (A, B), (A, B)),
        ((A, A, B, B), (A, A, B), ()),  # through neither is it most of them, or of all
        ((A, B), (A, B), ()),
        ((A, A, B), (B, B, B), ()),
    ],
)
def test_nameservers_through_which_most_fails_are_meant_together(
    failing: tuple[str, ...], well: tuple[str, ...], meant: tuple[str, ...]
) -> None:
    lanes = [seen(number, TIMEOUT, nameserver=through) for number, through in enumerate(failing)]
    lanes += [seen(number, SOUND, nameserver=through) for number, through in enumerate(well, len(failing))]
    found = outage(lanes)
    assert (found.nameservers if found else ()) == meant
    if found is not None:
        assert found.lanes == {one.lane for one in lanes[: len(failing)] if one.nameserver in meant}
        assert nameservers_of(incident_of(found, at(0))) == meant


def test_lists_that_move_between_bad_nameservers_are_in_the_outage_that_is_known() -> None:
    both = outage([seen(0, TIMEOUT, nameserver=A), seen(1, TIMEOUT, nameserver=B), seen(2, TIMEOUT, nameserver=B)])
    first, third = (outage([seen(n, TIMEOUT, nameserver=through) for n in range(3)]) for through in (A, C))
    assert both is not None
    assert first is not None
    assert third is not None
    known = incident_of(both, at(30))
    assert both.soundness.detail.startswith("3 of 3 lists can't be believed through them; one of these lists no answer")
    assert is_about(known, first)
    assert not opens([known], first, at(60), HALF_HOUR)
    assert not is_about(known, third)
    assert opens([known], third, at(60), HALF_HOUR)


def test_an_outage_is_since_the_moment_when_it_was_more_than_half_of_the_lists() -> None:
    """A list that was failing alone before does not date it back."""
    lanes = [seen(0, TIMEOUT, -100), seen(1, TIMEOUT, 1), seen(2, TIMEOUT, 2), seen(3, TIMEOUT, 3), seen(4, SOUND)]
    found = outage(lanes)
    assert found is not None
    assert found.since_at == at(2)
    assert not opens([], found, at(31), timedelta(minutes=30))
    assert opens([], found, at(32), timedelta(minutes=30))
    assert not opens([incident_of(found, at(32))], found, at(40), timedelta(minutes=30))


@pytest.mark.parametrize(
    ("soundness", "fault"),
    [
        (TIMEOUT, Fault.CUT_OFF),
        (Soundness(State.UNREACHABLE, Reason.NETWORK), Fault.DEAD),
        (SERVFAIL, Fault.CUT_OFF),
        (REFUSED, Fault.REFUSES),
        (CODED, Fault.PUBLIC),
        (FILTERED, Fault.FILTERS),
        (PAGE, Fault.BLOCK_PAGE),
        (SILENT, Fault.HIDES),
        (STRIPPED, Fault.STRIPS),
    ],
)
def test_what_most_lists_look_like_says_what_the_resolver_does(soundness: Soundness, fault: Fault) -> None:
    found = outage(several(soundness, soundness, soundness, SERVFAIL))
    assert found is not None
    assert fault_of(found.soundness) is fault
    assert found.soundness.detail.startswith("4 of 4 lists")
    assert not suspected(fault).remedy.endswith(".")
    assert incident_of(found, at(0)).about_resolver


@given(st.lists(st.sampled_from(ALL), max_size=9), st.sets(st.integers(0, 8)))
def test_an_outage_explains_failing_lists_only_and_never_few_of_them(
    soundnesses: list[Soundness], own: set[int]
) -> None:
    lanes = several(*soundnesses)
    its_own = {lanes[number].lane for number in own if number < len(lanes)}
    found = outage(lanes, its_own)
    if found is not None:
        failing = {one.lane for one in lanes if not one.sight.condition.soundness.trusted}
        assert found.lanes <= failing - its_own
        counted = len(lanes) - len(its_own)
        assert len(found.lanes) >= (FEWEST_LISTS_OF_ALL if len(found.lanes) == counted else FEWEST_LISTS)
        assert 2 * len(found.lanes) > counted


def test_an_outage_goes_on_while_it_has_only_just_become_a_little_better() -> None:
    """Half of the lists are back for ten minutes: that may be a resolver on the brink."""
    lanes = [seen(number, TIMEOUT) for number in range(3)] + [seen(number, SOUND, 40) for number in range(3, 6)]
    assert lasting(lanes, now=at(50), blind_after=HALF_HOUR) == frozenset(one.lane for one in lanes[:3])
    assert lasting(lanes, now=at(69), blind_after=HALF_HOUR) is not None
    assert lasting(lanes, now=at(70), blind_after=HALF_HOUR) is None


def test_an_outage_is_over_at_once_when_few_lists_still_fail() -> None:
    lanes = [seen(0, TIMEOUT), *(seen(number, SOUND, 40) for number in range(1, 4))]
    assert lasting(lanes, now=at(40), blind_after=HALF_HOUR) is None


def test_better_days_count_from_when_enough_lists_came_back_and_stayed() -> None:
    """A list that fails and comes back in turn starts the wait anew; one that was always well does not."""
    lanes = [
        *(seen(number, TIMEOUT) for number in range(3)),
        seen(3, SOUND, -900),
        seen(4, SOUND, 1),
        seen(5, SOUND, 60),
    ]
    assert lasting(lanes, now=at(89), blind_after=HALF_HOUR) is not None
    assert lasting(lanes, now=at(90), blind_after=HALF_HOUR) is None


def test_what_begins_to_fail_when_an_outage_is_nearly_over_has_a_trouble_of_its_own() -> None:
    lanes = [seen(0, TIMEOUT), seen(1, TIMEOUT), seen(2, TIMEOUT, 45)] + [seen(n, SOUND, 40) for n in range(3, 6)]
    assert lasting(lanes, now=at(50), blind_after=HALF_HOUR) == frozenset({lanes[0].lane, lanes[1].lane})


@pytest.mark.parametrize("count", [0, 1])
def test_an_outage_is_over_when_too_few_lists_are_left_to_tell(count: int) -> None:
    assert lasting([seen(n, TIMEOUT) for n in range(count)], now=at(1), blind_after=HALF_HOUR) is None


@given(st.lists(st.sampled_from(ALL), max_size=9), st.integers(0, 10_000))
def test_every_outage_ends_once_it_stays_better(soundnesses: list[Soundness], blind_after_s: int) -> None:
    """However long trouble must last to be told: the wait is bounded."""
    lanes = several(*soundnesses)
    lasts = lasting(lanes, now=at(31), blind_after=timedelta(seconds=blind_after_s))
    assert lasts is None or outage(lanes) is not None


@pytest.mark.parametrize(
    ("others_since", "waits"),
    [
        (0, True),
        (-60, True),  # the others failed before it
        (15, True),  # a dead resolver is noticed within an interval
        (20, True),  # and a round, which takes a while
        (21, False),  # by then everybody was asked
        (29, False),  # a short trouble of others, just before it is told
    ],
)
def test_a_list_waits_for_others_that_began_to_fail_within_an_interval(others_since: float, *, waits: bool) -> None:
    lanes = [seen(0, TIMEOUT), *(seen(number, TIMEOUT, others_since) for number in (1, 2, 3)), seen(4, SOUND)]
    found = outage(lanes)
    assert found is not None
    assert (lanes[0].lane in excused(found, lanes, QUARTER)) == waits
    assert excused(found, lanes, QUARTER) >= {one.lane for one in lanes[1:4]}


@given(
    st.lists(st.tuples(st.sampled_from(ALL), st.integers(0, 90), st.sampled_from((A, B, C))), max_size=9),
    st.integers(0, 60),
    st.integers(1, 60),
    st.integers(0, 60),
)
def test_no_list_waits_for_others_longer_than_an_interval_and_a_round(
    others: list[tuple[Soundness, int, str]], blind_after_m: int, interval_m: int, late_m: int
) -> None:
    """Whatever the others do, and did: after that, it is told by itself or as part of an outage, when it is seen."""
    blind_after, interval = timedelta(minutes=blind_after_m), timedelta(minutes=interval_m)
    now = at(blind_after_m + interval_m + late_m) + LONGEST_ROUND
    lanes = [seen(0, TIMEOUT)]
    lanes += [seen(n, said, since, nameserver=through) for n, (said, since, through) in enumerate(others, 1)]
    found = outage(lanes)
    if found is not None and lanes[0].lane in excused(found, lanes, interval):
        assert opens([], found, now, blind_after)
