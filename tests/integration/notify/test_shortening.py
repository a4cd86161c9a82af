"""A message keeps to its sink's limits: shortened with a count, what matters most last to go."""

from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st

from rblwatch.core.alert import Line
from rblwatch.core.message import Tally
from rblwatch.notify import Medium, Sink, render
from tests.integration.notify.samples import CHAT, LISTING, PSBL, about, many, message, notice, over, trouble

HUNDREDS = message(*(about(Line.LISTED, one) for one in many(240)))
DISCORD = Sink(medium=Medium.CHAT, markdown=True, title_limit=250, body_limit=2000)
PHONE = Sink(medium=Medium.CHAT, title_limit=0, body_limit=160)


def test_hundreds_of_addresses_are_cut_with_a_count_and_the_meaning_stays() -> None:
    lines = render(HUNDREDS, DISCORD).body.split("\n")
    assert lines[0] == "mx1: 240 addresses are listed on Spamhaus ZEN (zen.spamhaus.org):"
    shown, rest = lines[1].removesuffix(" more").split(" … and ")
    assert shown.startswith("192.0.2.1, 192.0.2.2, 192.0.2.3, ")
    assert len(shown.split(", ")) + int(rest) == 240
    assert lines[2] == "Severity: critical. Many large receivers reject mail from whatever is listed here."
    assert "How to get off: https://check.spamhaus.org/" in lines
    assert lines[-1] == "rblwatch alert 12, delivery 12-9"


def test_where_there_is_room_nothing_is_cut() -> None:
    body = render(HUNDREDS, CHAT).body
    assert "192.0.2.240" in body
    assert "more" not in body


def test_mark_up_of_a_mail_takes_no_room_from_addresses() -> None:
    """It is counted by the line, and not by the address."""
    rendered = render(HUNDREDS, Sink(medium=Medium.MAIL, html=True, body_limit=8000))
    assert rendered.html is not None
    assert len(rendered.html) <= 8000
    assert "192.0.2.240" in rendered.html
    assert " more" not in rendered.html


def test_a_text_message_says_the_one_thing() -> None:
    rendered = render(message(about(Line.LISTED, LISTING)), PHONE)
    assert rendered.title == "[rblwatch] mx1 listed on Spamhaus ZEN (critical)"
    assert rendered.body.startswith("mx1 (192.0.2.1) is listed on Spamhaus ZEN (zen.spamhaus.org).")
    assert len(f"{rendered.title}\r\n{rendered.body}") <= 160


def test_parts_that_do_not_fit_are_counted() -> None:
    lists = [replace(PSBL, id=f"list-{n}", zone=f"list-{n}.example", name="") for n in range(40)]
    entries = [about(Line.LISTED, replace(LISTING, blocklist=one.id, zone=one.zone), one) for one in lists]
    rendered = render(message(*entries), replace(DISCORD, body_limit=1000))
    heads = [line for line in rendered.body.split("\n") if line.startswith("mx1 (192.0.2.1) is listed on")]
    assert f"… and {40 - len(heads)} more; `rblwatch status` shows all." in rendered.body
    assert rendered.title == "[rblwatch] mx1 listed on 40 lists (critical)"


def test_no_part_takes_the_room_of_the_others_details() -> None:
    entries = [about(Line.LISTED, LISTING), about(Line.LISTED, replace(LISTING, blocklist="psbl"), PSBL)]
    body = render(message(*entries), replace(DISCORD, body_limit=700)).body
    assert body.count("Severity: critical.") == 2


def test_characters_that_a_sink_escapes_count_as_what_they_become() -> None:
    """Apprise escapes `.` for a chat that wants Markdown: a body of the right length would be too long there."""

    def escaped(text: str) -> int:
        return len(text.replace(".", "\\."))

    sink = Sink(medium=Medium.CHAT, title_limit=0, body_limit=1000, size=escaped)
    rendered = render(HUNDREDS, sink)
    assert escaped(f"{rendered.title}\r\n{rendered.body}") <= 1000


entries = st.lists(
    st.one_of(
        st.builds(about, st.sampled_from([Line.LISTED, Line.CHANGED]), st.sampled_from(many(200))),
        st.builds(about, st.sampled_from([Line.DELISTED, Line.WAS_LISTED, Line.ENDED]), st.just(over())),
        st.just(about(Line.UNROUTED, LISTING, tally=Tally(2, 3, 4, ("psbl",)))),
        st.builds(trouble, st.sampled_from([Line.BLIND, Line.SIGHTED])),
        st.builds(notice, st.text()),
    ),
    min_size=1,
    max_size=30,
)
sinks = st.builds(
    Sink,
    medium=st.sampled_from(Medium),
    markdown=st.booleans(),
    title_limit=st.integers(0, 300),
    body_limit=st.integers(60, 4000),
    size=st.sampled_from([len, lambda text: len(text.encode()), lambda text: 2 * len(text)]),
)


@given(entries, sinks)
@example([notice("\u200b")], Sink(medium=Medium.CHAT, title_limit=0, body_limit=60))
def test_nothing_exceeds_a_limit_and_nothing_is_empty(told: list[object], sink: Sink) -> None:
    rendered = render(message(*told), sink)  # type: ignore[arg-type]
    assert rendered.body
    if sink.title_limit:
        assert len(rendered.title) <= sink.title_limit
        assert sink.size(rendered.body) <= sink.body_limit
    else:
        assert sink.size(f"{rendered.title}\r\n{rendered.body}") <= sink.body_limit


@given(entries, sinks)
def test_a_title_is_one_line(told: list[object], sink: Sink) -> None:
    title = render(message(*told), sink).title  # type: ignore[arg-type]
    assert title.splitlines() in ([title], [])
