"""What holds for every message and every family of sinks, whatever strangers write."""

import html
import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.alert import Line
from rblwatch.core.message import Message
from rblwatch.core.message_document import message_document
from rblwatch.notify import Medium, Sink, render
from rblwatch.notify.headline import headline
from tests.integration.notify.samples import INCIDENT, LISTING, about, many, message, notice, trouble

#: What chats obey; each in any case.
_LIVE = re.compile(r"@everyone|@here|@channel|@all\b|<!|<@|<#|<https?:", re.IGNORECASE)
#: What only a browser or a mail program would obey.
_TAG = re.compile(r"<(?!/?(html|head|meta|body|p|br|b|a)\b)", re.IGNORECASE)
_HREF = re.compile(r'href="([^"]*)"')

_BAITS = st.sampled_from(
    [
        *("@everyone", "@HERE ", "<!channel>", "<@U123>", "<#C1>", "<https://evil.example|a>"),
        *("[x](https://evil.example)", "**b**", "`", "<script>alert(1)</script>", '" onclick="x'),
        *("\r\nBcc: a@b.example\r\n\r\n", "\x1b[31m", "\u202e"),
    ]
)
texts = st.lists(st.one_of(_BAITS, st.text(max_size=20)), max_size=6).map("".join)
hostile = st.builds(
    lambda text: message(
        about(Line.LISTED, replace(LISTING, text=text, evidence=text)),
        about(Line.ENDED, LISTING, text=text),
        about(Line.UNSTABLE, LISTING, text=text),
        trouble(Line.BLIND, replace(INCIDENT, detail=text)),
        trouble(Line.SIGHTED, INCIDENT, text=text),
        notice(text),
    ),
    texts,
)
limits = st.integers(60, 6000)


@given(hostile, st.booleans(), limits)
def test_no_text_does_anything_in_a_chat(told: Message, markdown: bool, limit: int) -> None:
    rendered = render(told, Sink(medium=Medium.CHAT, markdown=markdown, body_limit=limit))
    shown = f"{rendered.title}\n{rendered.body}"
    assert not _LIVE.search(shown)
    assert not (markdown and "](" in shown)
    assert shown.replace("\n", "").replace("\u200b", "").isprintable()


@given(hostile, limits)
def test_no_text_becomes_mark_up_or_a_link_in_a_mail(told: Message, limit: int) -> None:
    """A link leads to the catalogue's pages and nowhere else."""
    rendered = render(told, Sink(medium=Medium.MAIL, html=True, body_limit=limit))
    assert rendered.html is not None
    assert not _TAG.search(rendered.html)
    assert {html.unescape(page) for page in _HREF.findall(rendered.html)} <= {
        "https://check.spamhaus.org/results/?query=192.0.2.1",
        "https://check.spamhaus.org/",
    }
    assert rendered.html.replace("\n", "").isprintable()
    assert len(rendered.title.splitlines()) == 1


@given(hostile, st.integers(600, 6000))
def test_html_keeps_to_the_limit_with_all_its_tags(told: Message, limit: int) -> None:
    rendered = render(told, Sink(medium=Medium.MAIL, html=True, body_limit=limit))
    assert rendered.html is not None
    assert len(rendered.html) <= limit


@given(st.integers(1, 250), st.integers(120, 5000), st.booleans(), st.booleans())
def test_every_address_is_named_or_counted(count: int, limit: int, same_server: bool, as_html: bool) -> None:
    entries = (about(Line.LISTED, one) for one in many(count, server="mx1" if same_server else None))
    sink = Sink(medium=Medium.MAIL if as_html else Medium.CHAT, html=as_html, body_limit=limit + 500 * as_html)
    rendered = render(message(*entries), sink)
    head, _, rest = rendered.body.partition("\n")
    items = rest.split("\n")[0]
    named = len(re.findall(r"\b192\.0\.2\.\d+(?= \(|,| …|$)", items)) if count > 1 else 1
    more = re.search(r"… and (\d+) more$", items)
    if more is not None:
        assert named + int(more[1]) == count
    else:
        assert named == count or f"{count} addresses" in head


@given(st.lists(st.sampled_from([about(Line.LISTED, LISTING), trouble(Line.BLIND), notice("x")]), max_size=9), limits)
def test_a_program_is_told_of_every_event_or_of_how_many_are_missing(entries: list[object], at_most: int) -> None:
    told = message(*entries)  # type: ignore[arg-type]
    document = message_document(told, headline(told) if entries else "", at_most=at_most % 10)
    assert len(document["events"]) + document["left_out"] == len(entries) == sum(document["counts"].values())
