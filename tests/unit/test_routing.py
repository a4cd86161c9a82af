"""Who is told what, and why not: a table of decisions, and the laws of silences."""

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.blocklist import Scope, Severity
from rblwatch.core.routing import Decision, Silence, Subject, decide, silenced
from rblwatch.core.settings import Route, Topic
from tests.unit.samples import at

LISTED = Subject(
    topic=Topic.LISTED,
    severity=Severity.MAJOR,
    servers=("edge", "mx1"),
    tags=frozenset({"production", "mail"}),
    target="198.51.100.7",
    blocklist="zen",
    codes=("127.0.0.2", "127.0.0.4"),
    scope=Scope.RANGE,
)
CHANGED = replace(LISTED, topic=Topic.CHANGED)
DELISTED = replace(LISTED, topic=Topic.DELISTED)
ENDED = replace(LISTED, topic=Topic.DELISTED, ended_otherwise=True)
BLIND = Subject(topic=Topic.BLIND, blocklist="zen")

TO_CHAT = Route(channels=("chat",))
URGENT = Route(channels=("chat",), severity=Severity.CRITICAL)
LAB = Route(channels=("chat",), tags=frozenset({"lab"}))
MAIL_SERVERS = Route(channels=("chat", "mail"), tags=frozenset({"lab", "mail"}))
LISTED_ONLY = Route(channels=("chat",), on=frozenset({Topic.LISTED}))
NO_LISTED = Route(channels=("chat",), on=frozenset(Topic) - {Topic.LISTED})
NO_DELISTED = Route(channels=("chat",), on=frozenset(Topic) - {Topic.DELISTED})
NO_BLIND = Route(channels=("chat",), on=frozenset(Topic) - {Topic.BLIND})


def minor(subject: Subject) -> Subject:
    return replace(subject, severity=Severity.MINOR)


@pytest.mark.parametrize(
    ("subject", "routes", "aware", "decision"),
    [
        # A plain route tells everything that an admin would hear.
        (LISTED, [TO_CHAT], False, Decision.TELL),
        (CHANGED, [TO_CHAT], True, Decision.TELL),
        (DELISTED, [TO_CHAT], True, Decision.TELL),
        (ENDED, [TO_CHAT], True, Decision.TELL),
        (BLIND, [TO_CHAT], False, Decision.TELL),
        # The defaults leave out what is informational only.
        (replace(LISTED, severity=Severity.MINOR), [TO_CHAT], False, Decision.TELL),
        (replace(LISTED, severity=Severity.INFORMATIONAL), [TO_CHAT], False, Decision.BELOW_SEVERITY),
        # No route leads there.
        (LISTED, [], False, Decision.NO_ROUTE),
        (LISTED, [Route(channels=("mail",))], False, Decision.NO_ROUTE),
        # At least this severe.
        (replace(LISTED, severity=Severity.CRITICAL), [URGENT], False, Decision.TELL),
        (LISTED, [URGENT], False, Decision.BELOW_SEVERITY),
        # Any of the route's tags will do.
        (LISTED, [LAB], False, Decision.OTHER_TAGS),
        (LISTED, [MAIL_SERVERS], False, Decision.TELL),
        # An incident is about no server and has no severity: every route with `blind` gets it.
        (BLIND, [LAB], False, Decision.TELL),
        (BLIND, [URGENT], False, Decision.TELL),
        (BLIND, [NO_BLIND], False, Decision.NOT_ON_ROUTE),
        # Not what this route is about.
        (LISTED, [NO_LISTED], False, Decision.NOT_ON_ROUTE),
        (CHANGED, [LISTED_ONLY], True, Decision.NOT_ON_ROUTE),
        (DELISTED, [NO_DELISTED], True, Decision.NOT_ON_ROUTE),
        # A change is a listing to whoever was not told of it: that lifts it over a route's threshold …
        (replace(CHANGED, severity=Severity.CRITICAL), [URGENT], False, Decision.TELL),
        (CHANGED, [LISTED_ONLY], False, Decision.TELL),
        (CHANGED, [NO_LISTED], False, Decision.NOT_ON_ROUTE),
        # … or leaves it below.
        (CHANGED, [URGENT], False, Decision.BELOW_SEVERITY),
        # Whoever was told hears how it goes on, however harmless it became.
        (minor(CHANGED), [URGENT], True, Decision.TELL),
        (minor(DELISTED), [URGENT], True, Decision.TELL),
        # Nobody is told of the end of what he was not told of, in whatever way it ended.
        (DELISTED, [TO_CHAT], False, Decision.NEVER_TOLD),
        (ENDED, [TO_CHAT], False, Decision.NEVER_TOLD),
        # An end that is no delisting is told to whoever was told, though the routes say otherwise or are gone.
        (ENDED, [LAB], True, Decision.TELL),
        (ENDED, [NO_DELISTED], True, Decision.TELL),
        (ENDED, [], True, Decision.TELL),
        # A delisting follows the routes.
        (DELISTED, [LAB], True, Decision.OTHER_TAGS),
        # Several routes to one recipient: one that tells is enough …
        (LISTED, [LAB, TO_CHAT], False, Decision.TELL),
        (LISTED, [TO_CHAT, LAB], False, Decision.TELL),
        (LISTED, [URGENT, LAB, NO_LISTED, MAIL_SERVERS], False, Decision.TELL),
        # … and otherwise the reason is that of the one that came closest.
        (LISTED, [LAB, NO_LISTED, URGENT], False, Decision.BELOW_SEVERITY),
        (LISTED, [NO_LISTED, LAB], False, Decision.NOT_ON_ROUTE),
        (LISTED, [LAB, Route(channels=("mail",))], False, Decision.OTHER_TAGS),
    ],
)
def test_each_piece_of_news_has_its_decision(
    subject: Subject, routes: list[Route], aware: bool, decision: Decision
) -> None:
    assert decide(subject, "chat", routes, aware=aware) is decision


EVERYTHING = Silence(id=1, until_at=at(60))


@pytest.mark.parametrize(
    ("silence", "minute", "covers"),
    [
        # Until its end, and not at it.
        (EVERYTHING, 0, True),
        (EVERYTHING, 59, True),
        (EVERYTHING, 60, False),
        # Each field matches one of the subject's …
        (replace(EVERYTHING, server="edge"), 0, True),
        (replace(EVERYTHING, server="mx1"), 0, True),
        (replace(EVERYTHING, target="198.51.100.7"), 0, True),
        (replace(EVERYTHING, blocklist="zen"), 0, True),
        (replace(EVERYTHING, tag="mail"), 0, True),
        (replace(EVERYTHING, code="127.0.0.4"), 0, True),
        # … or mutes nothing.
        (replace(EVERYTHING, server="mx2"), 0, False),
        (replace(EVERYTHING, target="198.51.100.8"), 0, False),
        (replace(EVERYTHING, blocklist="psbl"), 0, False),
        (replace(EVERYTHING, tag="lab"), 0, False),
        (replace(EVERYTHING, code="127.0.0.3"), 0, False),
        # A range mutes every address in it, and no other one; IPv6 in any form of the range, too.
        (replace(EVERYTHING, target="198.51.100.0/29"), 0, True),
        (replace(EVERYTHING, target="198.51.100.8/29"), 0, False),
        (replace(EVERYTHING, target="2001:db8::/64"), 0, False),
        # What the entry is made for.
        (replace(EVERYTHING, scope=Scope.RANGE), 0, True),
        (replace(EVERYTHING, scope=Scope.ADDRESS), 0, False),
        # Every field that is given must match.
        (replace(EVERYTHING, server="mx1", blocklist="zen"), 0, True),
        (replace(EVERYTHING, server="mx1", blocklist="psbl"), 0, False),
        (replace(EVERYTHING, server="mx1", blocklist="zen"), 60, False),
    ],
)
def test_a_silence_covers_what_all_its_fields_match(silence: Silence, minute: int, covers: bool) -> None:
    assert silence.covers(LISTED, at(minute)) == covers
    assert silenced(LISTED, [silence], at(minute)) == (silence if covers else None)


@pytest.mark.parametrize(
    ("silence", "covers"),
    [
        # An incident is about a list: a silence about the list mutes it, one about a server does not.
        (replace(EVERYTHING, blocklist="zen"), True),
        (EVERYTHING, True),
        (replace(EVERYTHING, server="mx1"), False),
        (replace(EVERYTHING, target="198.51.100.7"), False),
        (replace(EVERYTHING, tag="mail"), False),
        (replace(EVERYTHING, code="127.0.0.2"), False),
        (replace(EVERYTHING, target="198.51.100.0/24"), False),
        (replace(EVERYTHING, scope=Scope.RANGE), False),
    ],
)
def test_an_incident_is_muted_by_its_list_only(silence: Silence, covers: bool) -> None:
    assert silence.covers(BLIND, at(0)) == covers


def test_the_silence_that_lasts_longest_is_the_one_that_mutes() -> None:
    short, long = replace(EVERYTHING, id=2, until_at=at(30)), replace(EVERYTHING, id=3, until_at=at(90), server="mx1")
    elsewhere = replace(EVERYTHING, id=4, until_at=at(900), server="mx2")
    assert silenced(LISTED, [short, EVERYTHING, long, elsewhere], at(0)) == long
    assert silenced(LISTED, [elsewhere], at(0)) is None
    assert silenced(LISTED, [], at(0)) is None


names = st.sampled_from(["mx1", "mx2", "edge"])
tags = st.frozensets(st.sampled_from(["production", "mail", "lab"]), max_size=2)
subjects = st.builds(
    Subject,
    topic=st.sampled_from(Topic),
    severity=st.none() | st.sampled_from(Severity),
    servers=st.lists(names, unique=True, max_size=2).map(tuple),
    tags=tags,
    target=st.sampled_from([None, "198.51.100.7", "198.51.100.8"]),
    blocklist=st.sampled_from([None, "zen", "psbl"]),
    codes=st.lists(st.sampled_from(["127.0.0.2", "127.0.0.4"]), unique=True).map(tuple),
    scope=st.none() | st.sampled_from(Scope),
    ended_otherwise=st.booleans(),
)
routes = st.builds(
    Route,
    channels=st.lists(st.sampled_from(["chat", "mail"]), min_size=1, unique=True).map(tuple),
    tags=tags,
    severity=st.sampled_from(Severity),
    on=st.frozensets(st.sampled_from(Topic)),
)
silences = st.builds(
    Silence,
    id=st.integers(1, 9),
    until_at=st.integers(-5, 60).map(at),
    server=st.none() | names,
    target=st.sampled_from([None, "198.51.100.7", "198.51.100.0/24"]),
    blocklist=st.sampled_from([None, "zen"]),
    tag=st.sampled_from([None, "mail"]),
    code=st.sampled_from([None, "127.0.0.2"]),
    scope=st.none() | st.sampled_from(Scope),
)


moments = st.integers(-10, 70).map(at)
FIELDS = ("server", "target", "blocklist", "tag", "code", "scope")


@given(subjects, st.lists(routes, max_size=4), st.booleans())
def test_every_piece_of_news_has_one_decision_whatever_the_order_of_the_routes(
    subject: Subject, several: list[Route], aware: bool
) -> None:
    decision = decide(subject, "chat", several, aware=aware)
    assert decision in Decision
    assert decide(subject, "chat", several[::-1], aware=aware) is decision


@given(subjects, st.lists(routes, max_size=3), routes, st.booleans())
def test_another_route_never_takes_news_away(
    subject: Subject, several: list[Route], another: Route, aware: bool
) -> None:
    before = decide(subject, "chat", several, aware=aware)
    assert before is not Decision.TELL or decide(subject, "chat", [*several, another], aware=aware) is Decision.TELL


@given(subjects, st.lists(routes, max_size=4))
def test_nobody_is_told_of_the_end_of_what_he_was_not_told_of(subject: Subject, several: list[Route]) -> None:
    """Law 5."""
    if subject.topic is Topic.DELISTED or subject.ended_otherwise:
        assert decide(subject, "chat", several, aware=False) is not Decision.TELL


@given(subjects, silences, moments, st.sampled_from(FIELDS))
def test_a_silence_mutes_no_less_when_a_field_is_left_out(
    subject: Subject, silence: Silence, moment: datetime, field: str
) -> None:
    wider = Silence(**{name: getattr(silence, name) for name in ("id", "until_at", *FIELDS) if name != field})
    assert silence.covers(subject, moment) <= wider.covers(subject, moment)
    assert not silence.covers(subject, silence.until_at)


@given(subjects, st.lists(silences, max_size=4), moments)
def test_what_mutes_is_a_silence_that_covers_and_the_last_of_them_to_end(
    subject: Subject, several: list[Silence], moment: datetime
) -> None:
    muting = silenced(subject, several, moment)
    covering = [silence for silence in several if silence.covers(subject, moment)]
    assert (muting is None) == (not covering)
    if muting is not None:
        assert muting in covering
        assert muting.until_at == max(silence.until_at for silence in covering)
