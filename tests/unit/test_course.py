"""Which incidents a list has, family by family: how they open, grow, and end."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.course import Sight, Turn, View, follow
from rblwatch.core.incident import Condition, Incident
from rblwatch.core.question import Reason
from rblwatch.core.soundness import Flaw, Soundness, State
from rblwatch.core.target import Family
from tests.unit.samples import at

V4, V6 = Family.IPV4, Family.IPV6
SOUND = Soundness(State.SOUND)
WILDCARD = Soundness(State.UNSOUND, Reason.UNSOUND, Flaw.WILDCARD)
INVERTED = Soundness(State.UNSOUND, Reason.UNSOUND, Flaw.INVERTED)
SILENT = Soundness(State.UNSOUND, Reason.UNSOUND, Flaw.SILENT)
REFUSING = Soundness(State.REFUSING, Reason.REFUSAL_CODE)
TIMEOUT = Soundness(State.UNREACHABLE, Reason.TIMEOUT)
SERVFAIL = Soundness(State.UNREACHABLE, Reason.SERVFAIL)
ALL = (SOUND, WILDCARD, INVERTED, SILENT, REFUSING, TIMEOUT, SERVFAIL)


def seen(soundness: Soundness, since: int, checked: int, *, distrusted: bool = False) -> Sight:
    return Sight(Condition(soundness, at(since)), at(checked), distrusted)


def view(minute: int, sights: Mapping[Family, Sight], *asked: Family) -> View:
    return View(
        blocklist="plain",
        zone="bl.example",
        asked=frozenset(asked or (V4, V6)),
        sights=sights,
        at=at(minute),
        blind_after=timedelta(minutes=30),
    )


def incident(soundness: Soundness, since: int, *families: Family, partial: bool = False) -> Incident:
    return Incident(
        id=7,
        blocklist="plain",
        zone="bl.example",
        state=soundness.state,
        reason=soundness.reason,
        flaw=soundness.flaw,
        detail="",
        since_at=at(since),
        opened_at=at(since),
        families=frozenset(families),
        partial=partial,
    )


def told(turns: list[tuple[Turn, Incident]]) -> list[tuple[Turn, set[Family], bool]]:
    return [(turn, set(incident.families), incident.partial) for turn, incident in turns]


def test_a_family_that_fails_alone_is_an_incident_of_its_own() -> None:
    turns = follow([], view(40, {V4: seen(SOUND, 0, 30), V6: seen(TIMEOUT, 10, 40)}))
    assert told(turns) == [(Turn.OPENED, {V6}, True)]
    assert turns[0][1].since_at == at(10)


def test_families_that_fail_for_one_cause_are_one_incident_though_one_began_later() -> None:
    """Whatever a time-out is called; the second one alone would not have been told yet."""
    assert told(follow([], view(40, {V4: seen(TIMEOUT, 10, 40), V6: seen(SERVFAIL, 20, 35)}))) == [
        (Turn.OPENED, {V4, V6}, False)
    ]


def test_two_causes_are_two_incidents() -> None:
    assert told(follow([], view(60, {V4: seen(TIMEOUT, 10, 40), V6: seen(SILENT, 0, 40)}))) == [
        (Turn.OPENED, {V6}, True),
        (Turn.OPENED, {V4}, True),
    ]


def test_what_was_not_asked_since_may_be_in_it_as_well() -> None:
    lies = seen(WILDCARD, 15, 15)
    (first,) = follow([], view(15, {V4: lies, V6: seen(SOUND, 0, 0)}))
    assert told([first]) == [(Turn.OPENED, {V4}, False)]
    # Then it is seen, and nobody is told twice.
    opened = replace(first[1], id=7)
    assert told(follow([opened], view(16, {V4: lies, V6: seen(INVERTED, 16, 16)}))) == [
        (Turn.ADJUSTED, {V4, V6}, False)
    ]
    assert told(follow([opened], view(16, {V4: lies, V6: seen(SOUND, 0, 16)}))) == [(Turn.ADJUSTED, {V4}, True)]


def test_a_family_that_joins_what_was_told_of_another_one_only_is_told_when_it_lasts() -> None:
    alone = incident(TIMEOUT, 0, V6, partial=True)
    dead = seen(TIMEOUT, 0, 60)
    assert follow([alone], view(60, {V4: seen(TIMEOUT, 45, 60), V6: dead})) == []
    assert told(follow([alone], view(80, {V4: seen(TIMEOUT, 45, 80), V6: dead}))) == [(Turn.GROWN, {V4, V6}, False)]


def test_a_family_in_other_trouble_does_not_join() -> None:
    alone = incident(SILENT, 0, V6, partial=True)
    turns = follow([alone], view(80, {V4: seen(REFUSING, 45, 80), V6: seen(SILENT, 0, 80)}))
    assert told(turns) == [(Turn.OPENED, {V4}, True)]


def test_an_incident_ends_with_the_last_of_its_families() -> None:
    both = incident(TIMEOUT, 0, V4, V6)
    back = seen(SOUND, 60, 60)
    assert follow([both], view(61, {V4: back, V6: seen(TIMEOUT, 0, 50)})) == []
    ((turn, ended),) = follow([both], view(61, {V4: back, V6: seen(SOUND, 61, 61)}))
    assert told([(turn, ended)]) == [(Turn.ENDED, {V4, V6}, False)]
    assert ended.ended_at == at(61)


def test_a_family_that_stays_behind_is_split_off_when_that_lasts() -> None:
    both = incident(TIMEOUT, 0, V4, V6)
    sights = {V4: seen(SOUND, 60, 88), V6: seen(SILENT, 0, 88)}
    assert follow([both], view(89, sights)) == []
    turns = follow([both], view(90, sights))
    assert told(turns) == [(Turn.ENDED, {V4}, True), (Turn.OPENED, {V6}, True)]
    assert turns[1][1].flaw is Flaw.SILENT
    # Not where it was not asked since, nor where only copies of its lies keep it from being believed.
    assert follow([both], view(90, sights | {V6: seen(TIMEOUT, 0, 59)})) == []
    assert follow([both], view(90, sights | {V6: seen(SOUND, 60, 88, distrusted=True)})) == []


def test_a_list_that_lied_is_believed_again_only_without_a_doubt() -> None:
    lied = incident(WILDCARD, 0, V4)
    assert follow([lied], view(10, {V4: seen(SOUND, 5, 10, distrusted=True)}, V4)) == []
    assert told(follow([lied], view(20, {V4: seen(SOUND, 5, 20)}, V4))) == [(Turn.ENDED, {V4}, False)]


def test_whom_nobody_asks_about_any_more_is_in_no_incident() -> None:
    gone = incident(SILENT, 0, V6, partial=True)
    assert told(follow([gone], view(60, {V4: seen(SOUND, 0, 60)}, V4))) == [(Turn.ENDED, {V6}, True)]


@st.composite
def lives(draw: st.DrawFn) -> list[tuple[datetime, Family, Soundness, bool]]:
    """What is seen of a list, one family at a time."""
    steps = draw(
        st.lists(st.tuples(st.integers(1, 40), st.sampled_from((V4, V6)), st.sampled_from(ALL), st.booleans()))
    )
    minute, life = 0, []
    for wait, family, soundness, distrusted in steps:
        minute += wait
        life.append((at(minute), family, soundness, distrusted))
    return life


@given(lives())
def test_in_any_life_a_family_is_in_one_incident_at_most_and_all_that_is_told_begins_and_ends_once(
    life: list[tuple[datetime, Family, Soundness, bool]],
) -> None:
    sights: dict[Family, Sight] = {}
    lasting: dict[int, Incident] = {}
    for number, (now, family, soundness, distrusted) in enumerate(life):
        before = sights.get(family)
        alike = before is not None and before.condition.soundness.trusted == soundness.trusted
        since_at = before.condition.since_at if before is not None and alike else now
        sights[family] = Sight(Condition(soundness, since_at), now, distrusted and soundness.trusted)
        turns = follow(list(lasting.values()), replace(view(0, sights), at=now))
        for place, (turn, one) in enumerate(turns):
            if turn is Turn.OPENED:
                lasting[10 * number + place + 1] = replace(one, id=10 * number + place + 1)
            elif turn is Turn.ENDED:
                assert one.ended_at == now
                del lasting[one.id]
            else:
                assert one.id in lasting
                lasting[one.id] = one
        members = [member for one in lasting.values() for member in one.families]
        assert len(members) == len(set(members))
        # Asked again, nothing more comes of it.
        assert follow(list(lasting.values()), replace(view(0, sights), at=now)) == []
        for member, sight in sights.items():
            # What lists the world is told at once.
            is_loud = sight.condition.soundness.flaw in (Flaw.WILDCARD, Flaw.INVERTED)
            assert member in members or not is_loud
        if all(sight.well for sight in sights.values()):
            assert lasting == {}
