"""When news is told: a table of routes and moments, and what holds for all of them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.blocklist import Severity
from rblwatch.core.holding import Ruling, Situation, rule
from rblwatch.core.routing import HELD, Decision, Subject, decide
from rblwatch.core.settings import Route, Topic
from tests.unit.samples import at

HOUR = 60
LISTED = Subject(topic=Topic.LISTED, severity=Severity.MAJOR, servers=("mx1",), tags=frozenset({"production"}))
DELISTED = replace(LISTED, topic=Topic.DELISTED)
ENDED = replace(DELISTED, ended_otherwise=True)
CRITICAL = replace(LISTED, severity=Severity.CRITICAL)

AT_ONCE = Route(channels=("chat",))
URGENT = Route(channels=("chat",), severity=Severity.CRITICAL)
#: News is from 10:00; the digest is at noon.
DIGEST = Route(channels=("chat",), digest="12:00")
NIGHTLY = Route(channels=("chat",), digest="22:00")
AFTER_1H = Route(channels=("chat",), after=timedelta(hours=1))
AFTER_3H = Route(channels=("chat",), after=timedelta(hours=3))
LATER_IN_DIGEST = Route(channels=("chat",), after=timedelta(hours=3), digest="12:00")
LAB = Route(channels=("chat",), tags=frozenset({"lab"}))

TELL = Ruling(Decision.TELL)
IN_DIGEST = Ruling(Decision.TELL, waited_for=Decision.WAITING_FOR_DIGEST)
ESCALATED = Ruling(Decision.TELL, waited_for=Decision.WAITING_FOR_ACKNOWLEDGEMENT)
OVER = Ruling(Decision.WAITING_FOR_ACKNOWLEDGEMENT)
ACKNOWLEDGED = Ruling(Decision.ACKNOWLEDGED)


def digest_at(hours: float) -> Ruling:
    return Ruling(Decision.WAITING_FOR_DIGEST, at(hours * HOUR))


def called_at(hours: float) -> Ruling:
    return Ruling(Decision.WAITING_FOR_ACKNOWLEDGEMENT, at(hours * HOUR))


def hours_on(hours: float, **known: object) -> Situation:
    """So many hours after the news was committed."""
    return replace(Situation(at=at(hours * HOUR), since_at=at(0)), **known)  # type: ignore[arg-type]


NOW = hours_on(0)


@pytest.mark.parametrize(
    ("subject", "routes", "situation", "ruling"),
    [
        # At once, unless the route says otherwise.
        (LISTED, [AT_ONCE], NOW, TELL),
        (LISTED, [LAB], NOW, Ruling(Decision.OTHER_TAGS)),
        (LISTED, [], NOW, Ruling(Decision.NO_ROUTE)),
        # A digest: at its next time, also for what the reader follows; an end of what he never heard of is nothing.
        (LISTED, [DIGEST], NOW, digest_at(2)),
        (LISTED, [DIGEST], hours_on(2), IN_DIGEST),
        (DELISTED, [DIGEST], hours_on(0, aware=True), digest_at(2)),
        (ENDED, [DIGEST], hours_on(0, aware=True), digest_at(2)),
        (DELISTED, [DIGEST], NOW, Ruling(Decision.NEVER_TOLD)),
        # The machine was off: what the digest missed is due, also days later.
        (LISTED, [DIGEST], hours_on(3), IN_DIGEST),
        (LISTED, [DIGEST], hours_on(75), IN_DIGEST),
        # It is over by then, and told all the same: that is what a digest is for.
        (LISTED, [DIGEST], hours_on(2, ended_at=at(30)), IN_DIGEST),
        # One on a date: today's has left already.
        (LISTED, [DIGEST], hours_on(0, digest_at=at(-HOUR)), digest_at(26)),
        (LISTED, [DIGEST], hours_on(0, digest_at=at(-HOUR * 22)), digest_at(2)),
        # A clock that was days ahead is set right: neither its digest nor its news is waited for.
        (LISTED, [DIGEST], hours_on(0, digest_at=at(72 * HOUR)), digest_at(2)),
        (LISTED, [DIGEST], hours_on(0, since_at=at(72 * HOUR)), digest_at(2)),
        (LISTED, [AFTER_1H], hours_on(0, since_at=at(72 * HOUR)), called_at(1)),
        # An escalation: in time, unless somebody acknowledges it or it is over first.
        (LISTED, [AFTER_1H], NOW, called_at(1)),
        (LISTED, [AFTER_1H], hours_on(1), ESCALATED),
        (LISTED, [AFTER_1H], hours_on(1, acknowledged=True), ACKNOWLEDGED),
        (LISTED, [AFTER_1H], hours_on(1, ended_at=at(30)), OVER),
        # Acknowledged before it was told here: a change of codes calls nobody, either.
        (LISTED, [AFTER_1H], hours_on(0, acknowledged=True), ACKNOWLEDGED),
        # Whoever was called hears the end at once, acknowledged or not.
        (DELISTED, [AFTER_1H], hours_on(0, aware=True), TELL),
        (DELISTED, [AFTER_1H], hours_on(0, aware=True, acknowledged=True), TELL),
        (DELISTED, [AFTER_1H], NOW, Ruling(Decision.NEVER_TOLD)),
        # Both on one route: in the first digest after that time, if nobody acknowledged it until it leaves.
        (LISTED, [LATER_IN_DIGEST], NOW, called_at(3)),
        (LISTED, [LATER_IN_DIGEST], hours_on(3), digest_at(26)),
        (LISTED, [LATER_IN_DIGEST], hours_on(26), IN_DIGEST),
        (LISTED, [LATER_IN_DIGEST], hours_on(26, acknowledged=True), ACKNOWLEDGED),
        # … where it was over before that time, nobody need know; after it, the digest tells what was.
        (LISTED, [LATER_IN_DIGEST], hours_on(3, ended_at=at(2 * HOUR)), OVER),
        (LISTED, [LATER_IN_DIGEST], hours_on(26, ended_at=at(5 * HOUR)), IN_DIGEST),
        (DELISTED, [LATER_IN_DIGEST], hours_on(0, aware=True), digest_at(2)),
        # Two routes to one channel: at once for what is critical, the digest for the rest.
        (CRITICAL, [URGENT, DIGEST], NOW, TELL),
        (LISTED, [URGENT, DIGEST], NOW, digest_at(2)),
        # … and how the rest goes on is in the digest as well; what was told at once goes on at once.
        (DELISTED, [URGENT, DIGEST], hours_on(0, aware=True), digest_at(2)),
        (replace(CRITICAL, topic=Topic.DELISTED), [URGENT, DIGEST], hours_on(0, aware=True), TELL),
        # … unless the digest is not for it at all: whoever was told hears how it goes on.
        (DELISTED, [URGENT, LAB], hours_on(0, aware=True), TELL),
        # The quickest of several routes counts, whichever it is.
        (LISTED, [NIGHTLY, DIGEST], NOW, digest_at(2)),
        (LISTED, [AFTER_1H, DIGEST], NOW, called_at(1)),
        (LISTED, [AFTER_3H, DIGEST], NOW, digest_at(2)),
        (LISTED, [AFTER_3H, DIGEST, AT_ONCE], NOW, TELL),
        # One that calls nobody any more leaves it to the other.
        (LISTED, [AFTER_1H, DIGEST], hours_on(1, acknowledged=True), digest_at(2)),
        (LISTED, [AFTER_1H, DIGEST], hours_on(1, ended_at=at(30)), digest_at(2)),
        # Both are due: it is told as what calls for somebody.
        (LISTED, [AFTER_1H, DIGEST], hours_on(2), ESCALATED),
        # An end that is no delisting is told though its routes are gone, and then at once.
        (ENDED, [], hours_on(0, aware=True), TELL),
        (ENDED, [LAB], hours_on(0, aware=True), TELL),
    ],
)
def test_each_piece_of_news_has_its_time(
    subject: Subject, routes: list[Route], situation: Situation, ruling: Ruling
) -> None:
    assert rule(subject, "chat", routes, situation) == ruling
    assert rule(subject, "chat", routes[::-1], situation) == ruling


subjects = st.builds(
    Subject,
    topic=st.sampled_from(Topic),
    severity=st.none() | st.sampled_from(Severity),
    tags=st.frozensets(st.sampled_from(["production", "lab"])),
    ended_otherwise=st.booleans(),
)
routes = st.builds(
    Route,
    channels=st.just(("chat",)),
    tags=st.frozensets(st.sampled_from(["production", "lab"]), max_size=1),
    severity=st.sampled_from(Severity),
    on=st.frozensets(st.sampled_from(Topic), min_size=5),
    digest=st.sampled_from([None, "00:00", "10:00", "12:00"]),
    after=st.sampled_from([None, timedelta(seconds=1), timedelta(hours=2), timedelta(days=3)]),
)
some_routes = st.lists(routes, max_size=3)
minutes = st.integers(0, 5 * 24 * HOUR)
situations = st.builds(
    Situation,
    at=minutes.map(at),
    since_at=st.just(at(0)),
    digest_at=st.none() | st.integers(-2 * 24 * HOUR, 0).map(at),
    aware=st.booleans(),
    acknowledged=st.booleans(),
    ended_at=st.none() | minutes.map(at),
)


@given(subjects, some_routes, situations)
def test_news_is_told_or_has_a_reason_and_what_waits_is_due_later(
    subject: Subject, several: list[Route], situation: Situation
) -> None:
    ruling = rule(subject, "chat", several, situation)
    assert not (ruling.tells and ruling.waits)
    if ruling.waits:
        assert ruling.decision in HELD
        assert ruling.due_at is not None
        assert ruling.due_at > situation.at


@given(subjects, some_routes, situations)
def test_what_waits_is_settled_in_the_end(subject: Subject, several: list[Route], situation: Situation) -> None:
    """Nothing waits for ever: decided anew whenever it is due, it is told or has its reason soon."""
    decided = 0
    while (ruling := rule(subject, "chat", several, situation)).due_at is not None:
        situation = replace(situation, at=ruling.due_at)
        decided += 1
        assert decided <= 2 * len(several) + 1


@given(subjects, some_routes, situations)
def test_who_is_led_to_is_told_unless_somebody_looks_after_it_or_it_was_over(
    subject: Subject, several: list[Route], situation: Situation
) -> None:
    calm = replace(situation, acknowledged=False, ended_at=None)
    is_led_to = decide(subject, "chat", several, aware=calm.aware) in HELD | {Decision.TELL}
    ruling = rule(subject, "chat", several, calm)
    assert is_led_to == (ruling.tells or ruling.waits)
    if is_led_to:
        assert rule(subject, "chat", several, replace(calm, at=at(30 * 24 * HOUR))).tells


@given(subjects, some_routes, routes, situations)
def test_another_route_never_makes_anything_later(
    subject: Subject, several: list[Route], another: Route, situation: Situation
) -> None:
    """But for one that takes the news for its severity, where the others take it only from who heard of it before."""
    unaware = replace(situation, aware=False)
    before, after = (rule(subject, "chat", routes_, unaware) for routes_ in (several, [*several, another]))
    assert not before.tells or after.tells
    if before.due_at is not None:
        assert after.tells or (after.due_at is not None and after.due_at <= before.due_at)


@given(subjects, some_routes, situations)
def test_an_acknowledgement_never_adds_a_message_or_hurries_one(
    subject: Subject, several: list[Route], situation: Situation
) -> None:
    without = rule(subject, "chat", several, replace(situation, acknowledged=False))
    ruling = rule(subject, "chat", several, replace(situation, acknowledged=True))
    assert without.tells or not ruling.tells
    if without.due_at is not None and ruling.due_at is not None:
        assert ruling.due_at >= without.due_at


@given(subjects, some_routes, situations)
def test_nobody_is_told_the_end_of_what_he_was_not_told_of(
    subject: Subject, several: list[Route], situation: Situation
) -> None:
    """Law 5."""
    if subject.is_end and not situation.aware:
        ruling = rule(subject, "chat", several, situation)
        assert not ruling.tells
        assert not ruling.waits
