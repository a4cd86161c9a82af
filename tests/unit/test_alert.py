"""What one recipient reads: a table of single messages, and law 5 over whole lives of listings."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.alert import FIRST_LOOK_WAIT, Drop, Group, Kind, Line, News, Told, compose, ending_line
from rblwatch.core.incident import Incident
from rblwatch.core.listing import Ending, Listing
from rblwatch.core.question import Reason
from rblwatch.core.soundness import Flaw, State
from tests.unit.samples import at, listing

STANDS = listing(1)
OVER = listing(1, ended_by=Ending.DELISTED)
RETIRED = listing(1, ended_by=Ending.LIST_RETIRED)


def news(*kinds: Kind, about: Listing = STANDS) -> list[News]:
    """News about one listing, as it is now, in the order it happened."""
    return [
        News(id=number, kind=kind, at=at(number), listing=about, codes=about.codes) for number, kind in enumerate(kinds)
    ]


LISTED, CHANGED, DELISTED, ENDED, UNROUTED = Kind.LISTED, Kind.CHANGED, Kind.DELISTED, Kind.ENDED, Kind.UNROUTED


@pytest.mark.parametrize(
    ("items", "told", "group", "line", "after"),
    [
        # The everyday life of a listing, one message each.
        (news(LISTED), Told.NEVER, Group.NEWS, Line.LISTED, Told.OPEN),
        (news(CHANGED), Told.OPEN, Group.NEWS, Line.CHANGED, Told.OPEN),
        (news(DELISTED, about=OVER), Told.OPEN, Group.NEWS, Line.DELISTED, Told.CLOSED),
        # A first look is told as what it is by the message; the line is the same.
        (news(LISTED), Told.NEVER, Group.FIRST_LOOK, Line.LISTED, Told.OPEN),
        # Several things in one message are one line, which says how it stands now.
        (news(LISTED, CHANGED), Told.NEVER, Group.NEWS, Line.LISTED, Told.OPEN),
        (news(CHANGED, DELISTED, about=OVER), Told.OPEN, Group.NEWS, Line.DELISTED, Told.CLOSED),
        # Began and ended unsaid: one past interval, whether the end is in the same message …
        (news(LISTED, DELISTED, about=OVER), Told.NEVER, Group.NEWS, Line.WAS_LISTED, Told.CLOSED),
        (news(LISTED, DELISTED, about=OVER), Told.NEVER, Group.FIRST_LOOK, Line.WAS_LISTED, Told.CLOSED),
        # … or in a later one, which then has nothing left to say.
        (news(LISTED, about=OVER), Told.NEVER, Group.NEWS, Line.WAS_LISTED, Told.CLOSED),
        (news(DELISTED, about=OVER), Told.CLOSED, Group.NEWS, Drop.ALREADY_TOLD, Told.CLOSED),
        # A change that lifts a listing over a route's threshold is told there as "listed", and once.
        (news(CHANGED), Told.NEVER, Group.NEWS, Line.LISTED, Told.OPEN),
        (news(CHANGED, about=OVER), Told.NEVER, Group.NEWS, Line.WAS_LISTED, Told.CLOSED),
        (news(CHANGED, CHANGED), Told.NEVER, Group.NEWS, Line.LISTED, Told.OPEN),
        # The end of what this recipient was not told of.
        (news(DELISTED, about=OVER), Told.NEVER, Group.NEWS, Drop.NEVER_TOLD, Told.NEVER),
        (news(ENDED, about=RETIRED), Told.NEVER, Group.ENDED, Drop.NEVER_TOLD, Told.NEVER),
        (news(UNROUTED), Told.NEVER, Group.ENDED, Drop.NEVER_TOLD, Told.NEVER),
        # It ended, but was not delisted.
        (news(ENDED, about=RETIRED), Told.OPEN, Group.ENDED, Line.ENDED, Told.CLOSED),
        (news(ENDED, about=RETIRED), Told.CLOSED, Group.ENDED, Drop.ALREADY_TOLD, Told.CLOSED),
        # No route leads there any more: told once, and as good as never told from then on.
        (news(UNROUTED), Told.OPEN, Group.ENDED, Line.UNROUTED, Told.NEVER),
        # Over by now: that is what there is to say. An end that is no delisting has news of its own, past all routes.
        (news(UNROUTED, about=OVER), Told.OPEN, Group.ENDED, Line.DELISTED, Told.CLOSED),
        (news(UNROUTED, about=RETIRED), Told.OPEN, Group.ENDED, Drop.OVER, Told.OPEN),
        (news(UNROUTED, ENDED, about=RETIRED), Told.OPEN, Group.ENDED, Line.ENDED, Told.CLOSED),
        # Told already: nothing is read twice.
        (news(LISTED), Told.OPEN, Group.NEWS, Drop.ALREADY_TOLD, Told.OPEN),
        (news(LISTED), Told.OPEN, Group.STANDING, Drop.ALREADY_TOLD, Told.OPEN),
        (news(LISTED, DELISTED, about=OVER), Told.CLOSED, Group.NEWS, Drop.ALREADY_TOLD, Told.CLOSED),
        # A change of what is over by now: its end will be told, and a message says what is true when it leaves.
        (news(CHANGED, about=OVER), Told.OPEN, Group.NEWS, Drop.OVER, Told.OPEN),
        # A silence ended, or the recipient is new: what still stands is told …
        (news(LISTED), Told.NEVER, Group.STANDING, Line.LISTED, Told.OPEN),
        (news(CHANGED), Told.OPEN, Group.STANDING, Line.CHANGED, Told.OPEN),
        # … and what came and went meanwhile is not.
        (news(LISTED, about=OVER), Told.NEVER, Group.STANDING, Drop.OVER, Told.NEVER),
        (news(LISTED, DELISTED, about=OVER), Told.NEVER, Group.STANDING, Drop.OVER, Told.NEVER),
        # The muted end of something that he was told of is told all the same.
        (news(DELISTED, about=OVER), Told.OPEN, Group.STANDING, Line.DELISTED, Told.CLOSED),
    ],
)
def test_each_piece_of_news_makes_a_line_or_has_a_reason_for_none(
    items: list[News], told: Told, group: Group, line: Line | Drop, after: Told
) -> None:
    composed = compose(items, {1: told}, group)
    if isinstance(line, Line):
        assert [spoken for spoken, _ in composed.lines] == [line]
        assert composed.dropped == tuple((Drop.MERGED, item) for item in items[:-1])
    else:
        assert composed.lines == ()
        assert composed.dropped == tuple((line, item) for item in items)
    assert composed.told == {1: after}


def changed(number: int, before: str, codes: str) -> News:
    return replace(news(CHANGED)[0], id=number, before=(before,), codes=(codes,))


@pytest.mark.parametrize(
    ("items", "change"),
    [
        ([changed(1, "127.0.0.2", "127.0.0.3")], ("127.0.0.2", "127.0.0.3")),
        # Two steps are told as one, from the codes that the recipient knows.
        ([changed(1, "127.0.0.2", "127.0.0.3"), changed(2, "127.0.0.3", "127.0.0.4")], ("127.0.0.2", "127.0.0.4")),
        # A catch-up with what stands, which joined the message first, knows of no codes from before.
        ([*news(LISTED), changed(1, "127.0.0.2", "127.0.0.3")], ("127.0.0.2", "127.0.0.3")),
        # There and back again is nothing.
        ([changed(1, "127.0.0.2", "127.0.0.3"), changed(2, "127.0.0.3", "127.0.0.2")], None),
    ],
)
def test_changes_are_told_from_what_was_told_before(items: list[News], change: tuple[str, str] | None) -> None:
    composed = compose(items, {1: Told.OPEN}, Group.NEWS)
    assert [(item.before, item.codes) for _, item in composed.lines] == (
        [((change[0],), (change[1],))] if change else []
    )
    assert {item.id for _, item in (*composed.lines, *composed.dropped)} == {item.id for item in items}


def test_lines_keep_the_order_of_the_news() -> None:
    first, second = listing(1), listing(2)
    over = replace(_incident(), ended_at=at(5))
    items = [
        News(id=1, kind=Kind.LISTED, at=at(1), listing=first),
        News(id=2, kind=Kind.LISTED, at=at(1), listing=second),
        News(id=3, kind=Kind.BLIND, at=at(2), incident=over),
        News(id=4, kind=Kind.CHANGED, at=at(3), listing=first),
        News(id=5, kind=Kind.NOTICE, at=at(4), text="the configuration could not be read"),
        News(id=6, kind=Kind.SIGHTED, at=at(5), incident=over),
    ]
    composed = compose(items, {}, Group.NEWS)
    assert [(line, item.id) for line, item in composed.lines] == [
        (Line.LISTED, 2),
        (Line.LISTED, 4),
        (Line.NOTICE, 5),
        (Line.WAS_BLIND, 6),
    ]
    assert composed.told == {1: Told.OPEN, 2: Told.OPEN}


def test_an_incident_that_grew_before_it_was_told_is_one_cause() -> None:
    grown, other = _incident(), replace(_incident(), id=2, blocklist="other")
    items = [
        News(id=1, kind=Kind.BLIND, at=at(1), incident=grown),
        News(id=2, kind=Kind.BLIND, at=at(2), incident=other),
        News(id=3, kind=Kind.BLIND, at=at(3), incident=grown),
    ]
    composed = compose(items, {}, Group.INCIDENT)
    assert [(line, item.id) for line, item in composed.lines] == [(Line.BLIND, 2), (Line.BLIND, 3)]
    assert [(reason, item.id) for reason, item in composed.dropped] == [(Drop.MERGED, 1)]


@pytest.mark.parametrize(
    ("kinds", "is_over", "told", "group", "said"),
    [
        # The beginning, then the end, each once.
        ([Kind.BLIND], False, Told.NEVER, Group.INCIDENT, (Line.BLIND, None)),
        ([Kind.SIGHTED], True, Told.OPEN, Group.INCIDENT, (Line.SIGHTED, None)),
        ([Kind.SIGHTED], True, Told.CLOSED, Group.INCIDENT, (None, Drop.ALREADY_TOLD)),
        # It grew: told once more, and as one list however often it grew.
        ([Kind.BLIND], False, Told.OPEN, Group.INCIDENT, (Line.BLIND, None)),
        ([Kind.BLIND, Kind.BLIND], False, Told.NEVER, Group.INCIDENT, (Line.BLIND, Drop.MERGED)),
        # It began and ended unsaid.
        ([Kind.BLIND], True, Told.NEVER, Group.INCIDENT, (Line.WAS_BLIND, None)),
        ([Kind.BLIND, Kind.SIGHTED], True, Told.NEVER, Group.INCIDENT, (Line.WAS_BLIND, Drop.MERGED)),
        ([Kind.BLIND], True, Told.NEVER, Group.STANDING, (None, Drop.OVER)),
        # Nobody is told of the end of what he was not told of.
        ([Kind.SIGHTED], True, Told.NEVER, Group.INCIDENT, (None, Drop.NEVER_TOLD)),
        # That it had grown is late; the end has news of its own.
        ([Kind.BLIND], True, Told.OPEN, Group.INCIDENT, (None, Drop.OVER)),
        ([Kind.BLIND, Kind.SIGHTED], True, Told.OPEN, Group.INCIDENT, (Line.SIGHTED, Drop.MERGED)),
    ],
)
def test_an_incident_is_told_once_and_its_end_to_those_who_know_it(
    kinds: list[Kind], is_over: bool, told: Told, group: Group, said: tuple[Line | None, Drop | None]
) -> None:
    line, drop = said
    incident = replace(_incident(), ended_at=at(5) if is_over else None)
    items = [News(id=n, kind=kind, at=at(n), incident=incident) for n, kind in enumerate(kinds, start=1)]
    composed = compose(items, {}, group, incidents={incident.id: told})
    assert [one for one, _ in composed.lines] == ([line] if line is not None else [])
    assert [reason for reason, _ in composed.dropped] == ([drop] if drop is not None else [])
    assert {item.id for _, item in (*composed.lines, *composed.dropped)} == {item.id for item in items}


def _incident() -> Incident:
    return Incident(
        id=1,
        blocklist="plain",
        zone="bl.example",
        state=State.UNSOUND,
        reason=Reason.UNSOUND,
        flaw=Flaw.WILDCARD,
        detail="lists everything",
        since_at=at(0),
        opened_at=at(0),
    )


def test_first_looks_are_held_for_five_minutes_at_most() -> None:
    assert timedelta(minutes=5) == FIRST_LOOK_WAIT


def test_nothing_to_say_is_no_message() -> None:
    assert compose([], {}, Group.NEWS).lines == ()


@pytest.mark.parametrize(
    ("ending", "kind"),
    [
        (Ending.DELISTED, Kind.DELISTED),
        # Only the first is told as a delisting.
        (Ending.UNWATCHED, Kind.ENDED),
        (Ending.LIST_RETIRED, Kind.ENDED),
        (Ending.REINTERPRETED, Kind.ENDED),
    ],
)
def test_only_a_delisting_is_told_as_one(ending: Ending, kind: Kind) -> None:
    assert ending_line(ending) is kind


# Law 5 over whole lives: what happens to three listings, cut into messages that leave in order, but late.


@dataclass
class Life:
    """What really happens to some listings, as news, and which of them were over after each piece of it."""

    items: list[News] = field(default_factory=list)
    over: list[dict[int, Ending]] = field(default_factory=list)
    codes: dict[int, str] = field(default_factory=dict)

    def happen(self, listing_id: int, kind: Kind, code: str) -> None:
        """Let one thing happen to a listing, if it can: it begins once, and nothing comes after its end."""
        over = dict(self.over[-1]) if self.over else {}
        before = self.codes.get(listing_id)
        if listing_id in over or (before is None and kind is not LISTED) or (kind is CHANGED and before == code):
            return
        if kind in (DELISTED, ENDED):
            over[listing_id] = Ending.DELISTED if kind is DELISTED else Ending.UNWATCHED
        if before is None or kind is CHANGED:
            self.codes[listing_id] = code
        codes = (self.codes[listing_id],)
        known = (before,) if kind is CHANGED and before is not None else ()
        about = listing(listing_id, codes=codes)
        number = len(self.items)
        self.items.append(News(id=number, kind=kind, at=at(number), listing=about, codes=codes, before=known))
        self.over.append(over)

    def told_after(self, moment: int, items: Iterable[News]) -> list[News]:
        """News as a message has it that leaves after the moment-th piece: every listing as it stands then."""
        over = self.over[moment]
        return [replace(item, listing=_as_of(item, over)) for item in items]


def _as_of(item: News, over: dict[int, Ending]) -> Listing:
    assert item.listing is not None
    return listing(item.listing.id, codes=item.listing.codes, ended_by=over.get(item.listing.id))


@dataclass
class Message:
    """A message to the one recipient: which news it was given, after which piece of news it leaves."""

    items: list[News]
    moment: int
    group: Group


# A listing's second "listed" is how a recipient catches up with what stands.
KINDS = [LISTED, LISTED, CHANGED, CHANGED, DELISTED, ENDED, UNROUTED]


@st.composite
def lives(draw: st.DrawFn, kinds: Sequence[Kind] = tuple(KINDS)) -> Life:
    life = Life()
    for _ in range(draw(st.integers(1, 14))):
        code = draw(st.sampled_from(["127.0.0.2", "127.0.0.3"]))
        life.happen(draw(st.integers(1, 3)), draw(st.sampled_from(kinds)), code)
    return life


@st.composite
def correspondence(
    draw: st.DrawFn,
    life: st.SearchStrategy[Life],
    groups: Sequence[Group] = (Group.NEWS, Group.STANDING),
    *,
    muting: bool = True,
) -> tuple[Life, list[Message]]:
    """A life cut into messages; what was muted, or decided against, is in none."""
    lived = draw(life)
    messages: list[Message] = []
    position, moment = 0, 0
    while position < len(lived.items):
        chunk = lived.items[position : position + draw(st.integers(1, 5))]
        position += len(chunk)
        moment = max(moment, draw(st.integers(position - 1, len(lived.items) - 1)))
        heard = [item for item in chunk if not muting or draw(st.booleans())]
        messages.append(Message(heard, moment, draw(st.sampled_from(groups))))
    return lived, messages


def read(lived: Life, messages: Iterable[Message]) -> tuple[list[tuple[Line, News]], dict[int, Told]]:
    """All that the recipient reads, one message after the other, and what he knows in the end."""
    told: dict[int, Told] = {}
    lines: list[tuple[Line, News]] = []
    for message in messages:
        composed = compose(lived.told_after(message.moment, message.items), told, message.group)
        told |= composed.told
        lines += composed.lines
    return lines, told


#: What may be read of a listing by whoever knows so much of it, and what he knows then.
READABLE = {
    Told.NEVER: {Line.LISTED: Told.OPEN, Line.WAS_LISTED: Told.CLOSED},
    Told.OPEN: {
        Line.CHANGED: Told.OPEN,
        Line.UNROUTED: Told.NEVER,
        Line.DELISTED: Told.CLOSED,
        Line.ENDED: Told.CLOSED,
    },
    Told.CLOSED: {},
}


@given(correspondence(lives()))
def test_nobody_reads_of_the_end_or_change_of_what_he_did_not_read_of_and_nothing_twice(
    case: tuple[Life, list[Message]],
) -> None:
    """Law 5, whatever was muted and however late each message left."""
    lines, told = read(*case)
    known: dict[int, Told] = {}
    for line, item in lines:
        assert item.listing is not None
        readable = READABLE[known.get(item.listing.id, Told.NEVER)]
        assert line in readable
        known[item.listing.id] = readable[line]
    assert known == {listing_id: state for listing_id, state in told.items() if listing_id in known}
    assert {state for listing_id, state in told.items() if listing_id not in known} <= {Told.NEVER}


@given(correspondence(lives()))
def test_a_message_says_what_is_true_when_it_leaves(case: tuple[Life, list[Message]]) -> None:
    for line, item in read(*case)[0]:
        assert item.listing is not None
        assert item.listing.stands == (line in (Line.LISTED, Line.CHANGED, Line.UNROUTED))


@given(correspondence(lives()))
def test_every_piece_of_news_is_a_line_or_has_a_reason_for_none(case: tuple[Life, list[Message]]) -> None:
    lived, messages = case
    told: dict[int, Told] = {}
    for message in messages:
        composed = compose(lived.told_after(message.moment, message.items), told, message.group)
        told |= composed.told
        accounted = [item.id for _, item in (*composed.lines, *composed.dropped)]
        assert sorted(accounted) == [item.id for item in message.items]
        assert [item.id for _, item in composed.lines] == sorted(item.id for _, item in composed.lines)
        assert len({item.listing.id for _, item in composed.lines if item.listing}) == len(composed.lines)


@given(correspondence(lives([LISTED, CHANGED, DELISTED, ENDED]), [Group.NEWS], muting=False))
def test_whoever_is_told_everything_knows_how_it_stands(case: tuple[Life, list[Message]]) -> None:
    """Late messages lose nothing: what stands is known to stand, what is over is known to be over, each read once."""
    lived, messages = case
    lines, told = read(lived, messages)
    over = lived.over[-1] if lived.over else {}
    assert told == {listing_id: Told.CLOSED if listing_id in over else Told.OPEN for listing_id in lived.codes}
    beginnings = [item.listing.id for line, item in lines if line in (Line.LISTED, Line.WAS_LISTED) and item.listing]
    assert sorted(beginnings) == sorted(lived.codes)


@given(lives([LISTED, CHANGED, DELISTED, ENDED]))
def test_one_message_about_a_whole_life_says_it_in_one_line_each(lived: Life) -> None:
    """Began and ended unsaid is one past interval."""
    everything = [Message(lived.items, len(lived.items) - 1, Group.NEWS)] if lived.items else []
    lines, _ = read(lived, everything)
    over = lived.over[-1] if lived.over else {}
    said = {item.listing.id: line for line, item in lines if item.listing}
    assert said == {number: Line.WAS_LISTED if number in over else Line.LISTED for number in lived.codes}


@given(correspondence(lives([LISTED, CHANGED, DELISTED, ENDED]), [Group.NEWS]))
def test_what_was_muted_and_still_stands_is_told_after(case: tuple[Life, list[Message]]) -> None:
    """Law 9: when a silence ends, one message about what stands closes every gap, and leaves no other."""
    lived, messages = case
    _, told = read(lived, messages)
    last = len(lived.items) - 1
    over = lived.over[-1] if lived.over else {}
    catching_up = [
        News(id=last + number, kind=LISTED, at=at(last), listing=listing(number, codes=(code,)))
        for number, code in lived.codes.items()
        if number not in over
    ]
    composed = compose(catching_up, told, Group.STANDING)
    unaware = {number for number in lived.codes if number not in over and told.get(number, Told.NEVER) is Told.NEVER}
    assert {item.listing.id for line, item in composed.lines if item.listing and line is Line.LISTED} == unaware
    assert len(composed.lines) == len(unaware)
    assert all(state is Told.OPEN for state in composed.told.values())
