"""What would be told, held against what was told."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.alert import Line
from rblwatch.core.hindsight import Mark, Said, compare, count
from rblwatch.core.routing import Decision

START = datetime(2026, 3, 1, 10, tzinfo=UTC)
TOLERANCE = timedelta(minutes=1)


def said(at_minute: float, line: Line = Line.LISTED, *, channel: str = "chat", about: str = "listing 1") -> Said:
    return Said(at=START + timedelta(minutes=at_minute), channel=channel, line=line, about=about, news_id=7)


@pytest.mark.parametrize(
    ("was", "would", "marks"),
    [
        # The same line within the tolerance is the same.
        ([said(0)], [said(1)], [Mark.SAME]),
        # Later than that it has moved.
        ([said(0)], [said(1.1)], [Mark.MOVED]),
        # "Was listed" is the beginning as well, in other words, even at the same time.
        ([said(0)], [said(0, Line.WAS_LISTED)], [Mark.MOVED]),
        ([said(0, Line.BLIND)], [said(600, Line.WAS_BLIND)], [Mark.MOVED]),
        # An end is no beginning.
        ([said(0)], [said(0, Line.DELISTED)], [Mark.NEW, Mark.GONE]),
        # Other channels and other things are others.
        ([said(0)], [said(0, channel="mail")], [Mark.GONE, Mark.NEW]),
        ([said(0)], [said(0, about="listing 2")], [Mark.GONE, Mark.NEW]),
        # Of several alike, those that agree in time belong together, and what is left over is gone.
        ([said(0), said(60), said(120)], [said(60), said(120)], [Mark.GONE, Mark.SAME, Mark.SAME]),
        # The rest belongs together in order.
        ([said(0), said(60)], [said(30), said(90)], [Mark.MOVED, Mark.MOVED]),
        ([], [], []),
    ],
)
def test_each_line_is_marked(was: list[Said], would: list[Said], marks: list[Mark]) -> None:
    assert sorted(one.mark for one in compare(was, would, TOLERANCE)) == sorted(marks)


def test_what_is_gone_has_its_reason() -> None:
    (gone,) = compare([said(0)], [], TOLERANCE, {(7, "chat"): Decision.OTHER_TAGS})
    assert (gone.mark, gone.reason) == (Mark.GONE, Decision.OTHER_TAGS)
    (gone,) = compare([said(0)], [], TOLERANCE, {(7, "mail"): Decision.OTHER_TAGS})
    assert gone.reason is None


some_lines = st.lists(
    st.builds(
        said,
        st.integers(0, 300),
        st.sampled_from([Line.LISTED, Line.WAS_LISTED, Line.DELISTED]),
        channel=st.sampled_from(["chat", "mail"]),
        about=st.sampled_from(["listing 1", "listing 2"]),
    ),
    max_size=8,
)


@given(some_lines, some_lines)
def test_every_line_is_accounted_for_once(was: list[Said], would: list[Said]) -> None:
    compared = compare(was, would, TOLERANCE)
    by_time = sorted(was, key=lambda one: (one.at, one.channel, one.about, one.line))
    assert (
        sorted((c.was for c in compared if c.was), key=lambda one: (one.at, one.channel, one.about, one.line))
        == by_time
    )
    assert sum(one.would is not None for one in compared) == len(would)
    assert sum(counted.total() for counted in count(compared).values()) == len(compared)
    assert [one.at for one in compared] == sorted(one.at for one in compared)


@given(some_lines)
def test_what_is_alike_is_the_same(lines: list[Said]) -> None:
    assert {one.mark for one in compare(lines, lines, TOLERANCE)} <= {Mark.SAME}
