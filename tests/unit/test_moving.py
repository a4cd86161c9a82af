"""What is held of a name while its addresses come and go: a story per rule, and the laws."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.finding import WHOLE, Failure, Finding, Origin, OriginKind, in_doubt, part_of, within
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
    since = NOON + timedelta(hours=1)
    failures = (replace(FAILURE, since=since),)
    assert held == Held(targets={A: None, B: None}, complete_at=NOON, failing_since=since, failures=failures)
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


V4, V6 = (part_of(WHOLE, "mx1.example.org", kind) for kind in ("A", "AAAA"))
SIX = parse_address("2001:db8::1")


def of_parts(found: Mapping[str, tuple[Target, ...] | None]) -> Finding:
    """A finding by parts; of one with None, the look-up failed."""
    parts: dict[Target, tuple[str, ...]] = {}
    for part, targets in found.items():
        for target in targets or ():
            parts[target] = (*parts.get(target, ()), part)
    lost = [part for part, targets in found.items() if targets is None]
    failures = tuple(Failure(f"the look-up of {part}", Reason.SERVFAIL, "answered SERVFAIL", part) for part in lost)
    return Finding(origin=ORIGIN, targets=dict.fromkeys(parts, "by a part"), parts=parts, failures=failures)


def test_a_family_that_always_fails_does_not_hold_up_the_other() -> None:
    held, news = play(of_parts({V4: (A,), V6: None}), *[of_parts({V4: (B,), V6: None})] * 25)
    assert [moved for moved in news if moved is not None] == [Moved(came=(B,), missing=(A,))]
    assert held.targets == {B: None}
    assert held.complete_at is None
    assert held.failing_since == NOON


def test_a_family_that_fails_keeps_its_own_while_the_other_loses_its_last() -> None:
    held, news = play(of_parts({V4: (A,), V6: (SIX,)}), *[of_parts({V4: (), V6: None})] * 30)
    assert held.targets == {SIX: None}
    assert [moved for moved in news if moved is not None] == [Moved(went=(A,))], "nobody knows that nothing is left"
    assert play(of_parts({V4: (A,), V6: None}), of_parts({V4: (), V6: None}))[1] == [None, None]


def test_what_a_family_is_answered_with_first_is_no_news() -> None:
    _, news = play(of_parts({V4: (A,), V6: None}), of_parts({V4: (A,), V6: (SIX,)}), of_parts({V4: (A, B), V6: (SIX,)}))
    assert news == [None, None, Moved(came=(B,))]


def test_what_comes_of_a_part_that_failed_for_a_while_is_news() -> None:
    _, news = play(of_parts({V4: (A,), V6: ()}), of_parts({V4: (A,), V6: None}), of_parts({V4: (A,), V6: (SIX,)}))
    assert news == [None, None, Moved(came=(SIX,))]


def test_each_part_fails_since_its_own_time() -> None:
    held, _ = play(of_parts({V4: None, V6: None}), of_parts({V4: (A,), V6: None}), of_parts({V4: None, V6: None}))
    assert [(one.part, one.since, one.unanswered) for one in held.failures] == [
        (V4, NOON + timedelta(hours=2), False),
        (V6, NOON, True),
    ]


def test_an_include_that_is_found_broken_behind_a_record_that_was_not_answered_starts_from_its_first_answer() -> None:
    first, later = of_parts({"ip4:a": (A,), "include:b": None}), of_parts({"ip4:a": (A,), "include:b": (B,)})
    assert play(of_parts({WHOLE: None}), first, later)[1] == [None, None, None]


def test_an_include_that_was_never_answered_starts_from_its_first_answer_whatever_else_failed_before() -> None:
    first, later = of_parts({"ip4:a": (A,), "include:b": None}), of_parts({"ip4:a": (A,), "include:b": (B,)})
    held, news = play(first, *[of_parts({WHOLE: None})] * 2)
    assert [(one.part, one.since) for one in held.failures] == [(WHOLE, NOON + timedelta(hours=1)), ("include:b", NOON)]
    assert settle(held, later, NOON + timedelta(hours=3))[1] is None
    assert news == [None] * 3


def test_a_target_that_two_parts_have_stays_while_one_of_them_cannot_be_looked_up() -> None:
    held, news = play(of_parts({"a": (A,), "b": (A, B)}), *[of_parts({"a": (), "b": None})] * 30)
    assert set(held.targets) == {A, B}
    assert news == [None] * 31


def test_an_include_that_is_taken_out_takes_its_targets_along_though_it_failed() -> None:
    story = of_parts({"ip4:a": (A,), "include:b": (B,)}), of_parts({"ip4:a": (A,), "include:b": None})
    held, news = play(*story, *[of_parts({"ip4:a": (A,)})] * 25)
    assert set(held.targets) == {A}
    assert news[-1] == Moved(went=(B,))


EXCEPT = "-a:x.example.org A"


def in_doubts(*doubtful: Target, sure: tuple[Target, ...] = ()) -> Finding:
    """What may take out some of these failed."""
    parts = dict.fromkeys(sure, ("ip4:a A",)) | dict.fromkeys(doubtful, (in_doubt("ip4:a A"),))
    failures = (Failure("A of x.example.org", Reason.SERVFAIL, "answered SERVFAIL", EXCEPT),)
    targets = dict.fromkeys(parts, "by a mechanism")
    return Finding(origin=ORIGIN, targets=targets, parts=parts, failures=failures, doubtful=set(doubtful))


def certainly(*some: Target) -> Finding:
    return of_parts({"ip4:a A": some})


def test_what_is_found_in_doubt_stays_as_it_was() -> None:
    held, news = play(certainly(A), *[in_doubts(A, B)] * 30, certainly(A))
    assert held.targets == {A: None}
    assert news == [None] * 32
    held, news = play(certainly(A, B), certainly(A), *[in_doubts(A, B)] * 30)
    assert held.targets == {A: None, B: NOON + timedelta(hours=1)}
    assert news == [None] * 32


def test_what_comes_without_a_doubt_is_news_though_a_look_up_fails() -> None:
    assert play(certainly(A), in_doubts(A, B, sure=(C,)))[1] == [None, Moved(came=(C,))]
    assert play(certainly(A), in_doubts(A, B), certainly(A, B))[1] == [None, None, Moved(came=(B,))]


def test_what_a_policy_does_not_name_any_more_goes_though_a_look_up_fails() -> None:
    held, news = play(certainly(A, B), *[in_doubts(A)] * 30)
    assert held.targets == {A: None}
    assert [moved for moved in news if moved is not None] == [Moved(went=(B,))]


def test_what_was_always_in_doubt_is_watched_and_no_news_when_it_comes_or_goes() -> None:
    held, news = play(in_doubts(A, B), in_doubts(A, B, C))
    assert held.targets == {A: None, B: None, C: None}
    assert news == [None, None]
    held, news = play(in_doubts(A, B, C), in_doubts(A, B), of_parts({WHOLE: None}), certainly(A))
    assert held.targets == {A: None}
    assert news == [None, None, None, None]
    assert play(in_doubts(A), certainly(A), certainly(B))[1] == [None, None, Moved(came=(B,), missing=(A,))]
    assert play(in_doubts(A), certainly())[1] == [None, None]


def test_what_was_always_in_doubt_stays_while_its_own_include_fails() -> None:
    part = "include:b ip4:a A"
    doubted = Finding(
        origin=ORIGIN,
        targets={A: ""},
        parts={A: (in_doubt(part),)},
        doubtful={A},
        failures=(Failure("x", Reason.SERVFAIL, "", EXCEPT),),
    )
    held, news = play(doubted, of_parts({EXCEPT: None, "include:b": None}))
    assert (held.targets, news) == ({A: None}, [None, None])


def test_long_words_make_short_parts_and_different_ones() -> None:
    one, other = (part_of("include:a", f"exists:{'%{i}' * 9_000}{last}") for last in "ab")
    assert one != other
    assert len(one) < 80
    assert within(part_of(one, "A"), (one,))
    assert not within(other, (one,))
    assert not within("include:ab", ("include:a",))


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
            assert before != Held()
            assert moved.came == () or WHOLE not in before.unanswered
            assert set(moved.came) <= found
            assert set(moved.went) <= before.targets.keys() - found
            assert set(moved.missing) <= before.targets.keys() - found
            assert not before.told.intersection((*moved.missing, *moved.went))
        mentioned = (*moved.missing, *moved.went) if moved is not None else ()
        assert held.told <= before.told.union(mentioned)
        assert held.told <= {target for target, moment in held.targets.items() if moment is not None} or fails


by_part = st.dictionaries(st.sampled_from([V4, V6]), st.none() | st.sets(st.sampled_from([A, B, C])).map(tuple))


@given(st.lists(st.tuples(by_part, st.integers(0, 30)), max_size=20))
def test_no_part_moves_by_what_another_one_lost(story: list[tuple[dict[str, tuple[Target, ...] | None], int]]) -> None:
    held, at = Held(), NOON
    for found, hours in story:
        at += timedelta(hours=hours)
        before, (held, moved) = held, settle(held, of_parts(found), at)
        lost = {part for part, some in found.items() if some is None}
        seen = {target for some in found.values() for target in some or ()}
        for target in before.targets.keys() - seen:
            if any(part in lost for part in before.parts.get(target, (WHOLE,))):
                assert held.targets[target] == before.targets[target], "kept as it was"
            else:
                assert target not in held.targets or held.targets[target] is not None
        assert {one.part for one in held.failures} == lost
        assert held.unanswered <= lost
        if moved is not None and moved.emptied:
            assert not lost
