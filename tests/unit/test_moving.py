"""What is held of a name while its addresses come and go: a story per rule, and the laws."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.finding import Failure, Finding, Origin, OriginKind
from rblwatch.core.moving import GRACE, Held, Moved, settle
from rblwatch.core.question import Reason
from rblwatch.core.target import Target, parse_address, parse_name

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ORIGIN = Origin(OriginKind.HOSTNAME, parse_name("mx1.example.org"))
A, B, C = (parse_address(f"192.0.2.{last}") for last in (1, 2, 3))
FAILURE = Failure("A of mx1.example.org", Reason.SERVFAIL, "answered SERVFAIL")


def finding(*targets: Target, fails: bool = False) -> Finding:
    return Finding(
        origin=ORIGIN, targets=dict.fromkeys(targets, "A of mx1.example.org"), failures=(FAILURE,) if fails else ()
    )


def play(*findings: Finding | None, every: timedelta = timedelta(hours=1)) -> tuple[Held, list[Moved | None]]:
    """Take findings in, one an hour; None is an hour in which nobody looked."""
    held, news = Held(), []
    for number, one in enumerate(findings):
        if one is not None:
            held, moved = settle(held, one, NOON + number * every)
            news.append(moved)
    return held, news


def test_the_first_finding_is_no_news() -> None:
    held, news = play(finding(A, B))
    assert held == Held(targets={A: None, B: None}, complete_at=NOON)
    assert news == [None]


def test_an_address_that_comes_is_news_at_once() -> None:
    assert play(finding(A), finding(A, B))[1] == [None, Moved(came=(B,))]


def test_a_changed_address_is_news_and_the_old_one_is_watched_for_a_day() -> None:
    held, news = play(finding(A), finding(B))
    assert news == [None, Moved(came=(B,), missing=(A,))]
    assert held.targets == {B: None, A: NOON + timedelta(hours=1)}
    held, moved = settle(held, finding(B), NOON + timedelta(hours=24))
    assert (set(held.targets), moved) == ({A, B}, None)
    held, moved = settle(held, finding(B), NOON + timedelta(hours=25))
    assert (set(held.targets), moved) == ({B}, None), "who heard of B heard of A, too"


def test_an_address_that_goes_without_another_is_news_when_its_day_is_over() -> None:
    held, news = play(finding(A, B), *[finding(A)] * 30)
    assert set(held.targets) == {A}
    assert [moved for moved in news if moved is not None] == [Moved(went=(B,))]


def test_an_address_that_was_replaced_and_came_back_may_go_again() -> None:
    _, news = play(finding(A), finding(B), finding(A, B), *[finding(B)] * 30)
    assert [moved for moved in news if moved is not None] == [Moved(came=(B,), missing=(A,)), Moved(went=(A,))]


def test_records_that_rotate_make_no_news() -> None:
    rounds = [finding(A, B), finding(B, C), finding(C, A)] * 20
    held, news = play(*rounds)
    assert set(held.targets) == {A, B, C}
    # C was unknown in the first hour.
    assert news == [None, Moved(came=(C,), missing=(A,)), *[None] * 58]


def test_a_failed_look_up_keeps_everything_and_says_since_when() -> None:
    held, news = play(finding(A, B), finding(fails=True), finding(B, fails=True))
    assert held == Held(
        targets={A: None, B: None}, complete_at=NOON, failing_since=NOON + timedelta(hours=1), failures=(FAILURE,)
    )
    assert news == [None, None, None]
    assert play(finding(A), finding(fails=True), finding(A))[0].failing_since is None


def test_a_failure_lasts_however_long() -> None:
    """Not even the day of an address that was missed before runs out by it."""
    held, news = play(finding(A, B), finding(A), *[finding(fails=True)] * 100)
    assert set(held.targets) == {A, B}
    assert news == [None] * 102


def test_what_an_incomplete_look_up_did_find_is_watched() -> None:
    held, news = play(finding(A), finding(B, fails=True))
    assert held.targets == {A: None, B: None}
    assert news == [None, Moved(came=(B,))]


def test_nothing_is_news_before_everything_was_answered_once() -> None:
    held, news = play(finding(A, fails=True), finding(A, B, fails=True), finding(A, B, C))
    assert set(held.targets) == {A, B, C}
    assert news == [None, None, None]


def test_a_name_that_loses_its_last_address_is_news_at_once_and_once() -> None:
    held, news = play(finding(A, B), finding(), *[finding()] * 30)
    assert news[:2] == [None, Moved(went=(A, B), emptied=True)]
    assert news[2:] == [None] * 30
    assert held.targets == {}


def test_a_name_that_gets_its_addresses_back_is_news() -> None:
    assert play(finding(A), finding(), finding(A))[1] == [None, Moved(went=(A,), emptied=True), Moved(came=(A,))]


targets = st.sets(st.sampled_from([A, B, C]))
stories = st.lists(st.tuples(targets, st.booleans(), st.integers(0, 30)), max_size=20)


@given(stories)
def test_the_laws_of_moving(story: list[tuple[set[Target], bool, int]]) -> None:
    held, at = Held(), NOON
    for found, fails, hours in story:
        at += timedelta(hours=hours)
        before, (held, moved) = held, settle(held, finding(*sorted(found), fails=fails), at)
        assert all(held.targets[target] is None for target in found)
        assert held.targets.keys() <= before.targets.keys() | found
        assert (held.failing_since is not None) == fails
        if fails:
            assert before.targets.keys() <= held.targets.keys()
            assert moved is None or moved.went == ()
        assert all(moment is None or at - moment < GRACE for moment in held.targets.values()) or fails
        if moved is not None:
            assert before.complete_at is not None
            assert set(moved.came) <= found
            assert set(moved.went) <= before.targets.keys() - found
            assert set(moved.missing) <= before.targets.keys() - found
            assert not before.told.intersection((*moved.missing, *moved.went))
        mentioned = (*moved.missing, *moved.went) if moved is not None else ()
        assert held.told <= before.told.union(mentioned)
        assert held.told <= {target for target, moment in held.targets.items() if moment is not None} or fails
