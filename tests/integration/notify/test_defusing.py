"""Text that came from DNS does nothing where it is read: one test per family of sinks."""

from dataclasses import replace

import pytest

from rblwatch.core.alert import Line
from rblwatch.core.message import Message
from rblwatch.notify import Sink, render
from tests.integration.notify.samples import (
    CHAT,
    INCIDENT,
    LISTING,
    MAIL,
    MARKDOWN,
    PROGRAM,
    about,
    message,
    notice,
    trouble,
)

HOSTILE = (
    "@everyone @here <!channel> <@U0123> <https://evil.example|bank> **bold** [x](https://evil.example) `code` "
    '"quote" \x1b[31mred \u202egnp.exe\r\nSubject: owned\r\n\r\n# heading'
)


def hostile() -> Message:
    return message(
        about(Line.LISTED, replace(LISTING, text=HOSTILE, evidence=HOSTILE)),
        trouble(Line.BLIND, replace(INCIDENT, detail=HOSTILE)),
    )


def words(sink: Sink) -> str:
    """The line with the list's own words."""
    lines = render(hostile(), sink).body.splitlines()
    return next(line for line in lines if line.startswith("The list's own words"))


def test_a_chat_sees_mentions_and_links_broken() -> None:
    body = render(hostile(), CHAT).body
    for live in ("@everyone", "@here", "<!channel>", "<@U0123>", "<https://"):
        assert live not in body
    assert "@\u200beveryone" in body


def test_a_chat_with_markdown_reads_foreign_words_as_code() -> None:
    line = words(MARKDOWN)
    assert line.startswith("The list's own words: `@\u200beveryone ")
    assert line.endswith("# heading`")
    assert line.count("`") == 2, "the words must not end the code themselves"


def test_mail_gets_foreign_words_in_quotes_that_they_cannot_end() -> None:
    line = words(MAIL)
    assert line.count('"') == 2
    assert "@everyone <!channel>" in line.replace("@here ", ""), "mail obeys no mention, so nothing is put into it"


def test_a_program_gets_the_words_unchanged_but_clean() -> None:
    assert words(PROGRAM) == words(MAIL)


@pytest.mark.parametrize("sink", [MAIL, PROGRAM, CHAT, MARKDOWN])
def test_no_control_and_no_bidi_mark_gets_anywhere(sink: Sink) -> None:
    rendered = render(hostile(), sink)
    text = (rendered.title + rendered.body).replace("\n", "").replace("\u200b", "")
    assert text.isprintable()


@pytest.mark.parametrize("sink", [MAIL, PROGRAM, CHAT, MARKDOWN])
def test_a_line_break_never_reaches_a_title(sink: Sink) -> None:
    """A title becomes a mail's subject, where a line break would begin another header."""
    texts = ["one\r\nBcc: all@example.org", "\rX", "a\u2028b\x0bc\x85d"]
    for text in texts:
        assert len(render(message(notice(text)), sink).title.splitlines()) == 1


def test_a_foreign_line_break_makes_no_line_of_its_own() -> None:
    assert not [line for line in render(hostile(), MAIL).body.splitlines() if line.startswith(("Subject:", "#"))]


def test_a_mention_in_a_title_is_broken_as_well() -> None:
    assert "@everyone" not in render(message(notice("told @everyone")), CHAT).title


def test_an_address_in_foreign_words_stays_usable() -> None:
    """Only what a chat would obey is broken; a contact address is no mention."""
    listing = replace(LISTING, text="mail abuse@example.org or @admin")
    body = render(message(about(Line.LISTED, listing)), CHAT).body
    assert "abuse@example.org" in body
    assert "@\u200badmin" in body


def test_an_ipv6_address_is_no_emoji() -> None:
    """A chat turns `:100:` into a picture."""
    listing = replace(LISTING, target=replace(LISTING.target, text="2001:db8:100::1"))
    assert "mx1 (`2001:db8:100::1`)" in render(message(about(Line.LISTED, listing)), MARKDOWN).body
