"""The demo's screen shows everything on a terminal of any usual width, and all of it in plain lines elsewhere."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from rich.console import Console

from rblwatch.demo.screen import BoardRow, Mark, Screen
from rblwatch.demo.script import INTRODUCTION, STORY

START = datetime(2026, 1, 1, tzinfo=UTC)
TITLE = "[rblwatch] mx2 listed on spam (critical)"
BODY = "mx2 (198.51.100.25) is listed.\n\nLook it up: https://spam.demo.test/lookup?ip=198.51.100.25"
LISTS = ("spam", "crowd", "exploits", "policy", "public")


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def rows(**marks: Mark) -> list[BoardRow]:
    usual = dict.fromkeys(LISTS, Mark.CLEAR) | {"public": Mark.UNKNOWN}
    return [BoardRow("mx1", "2001:db8::25", usual), BoardRow("mx2", "198.51.100.25", usual | marks)]


def play(console: Console) -> None:
    with Screen(console, START) as screen:
        screen.introduce("rblwatch demo", INTRODUCTION)
        screen.status(rows(), at(1), aside={"public": "refusing"})
        screen.event(STORY[0].told, at(4), expected=STORY[0].expected)
        screen.status(rows(spam=Mark.LISTED), at(6), aside={"public": "refusing"})
        screen.message("chat", TITLE, BODY, at(7))
        screen.message("mail", TITLE, BODY, at(7.1))
        screen.status(
            rows(spam=Mark.LISTED, crowd=Mark.UNKNOWN), at(12), aside={"public": "refusing", "crowd": "unsound"}
        )
        screen.status(rows(), at(16), aside={"public": "refusing"})


def shown(show: Callable[[Console], None], *, width: int, terminal: bool) -> str:
    """What stands on the screen, or in the file, in the end."""
    file = StringIO()
    show(Console(file=file, width=width, force_terminal=terminal, color_system=None, legacy_windows=False))
    return on_screen(file.getvalue()) if terminal else file.getvalue()


def on_screen(written: str) -> str:
    """What a terminal makes of the few controls that move its cursor up and clear a line.

    Any other is left as it is, for a test to stumble over.
    """
    lines = [""]
    row = 0
    for piece in re.split(r"(\x1b\[\d*A|\x1b\[2K|\x1b\[\?25[lh]|\r|\n)", written):
        match piece:
            case "\n":
                row += 1
                lines += [""] * (row + 1 - len(lines))
            case "\x1b[2K":
                lines[row] = ""
            case "\x1b[1A":
                row -= 1
            case "\r" | "\x1b[?25l" | "\x1b[?25h":
                pass
            case _:
                lines[row] += piece
    return "\n".join(lines)


@pytest.mark.parametrize("width", [80, 120])
def test_a_terminal_shows_all_of_it(width: int) -> None:
    text = shown(play, width=width, terminal=True)
    assert max(map(len, text.splitlines())) <= width
    flat = " ".join(text.replace("│", " ").split())
    for part in (INTRODUCTION, STORY[0].told, STORY[0].expected, TITLE, "mail message: " + TITLE + " (the same)"):
        assert " ".join(part.split()) in flat
    assert "https://spam.demo.test/lookup?ip=198.51.100.25" in flat  # on one line, as it is to be clicked


@pytest.mark.parametrize("width", [80, 120])
def test_a_terminal_keeps_the_standings_at_the_bottom(width: int) -> None:
    text = shown(play, width=width, terminal=True)
    last = text[text.rindex("Standings after 16 s") :]
    for part in ("mx1", "2001:db8::25", "mx2", "198.51.100.25", "clear", "unknown", "refusing", *LISTS):
        assert part in last
    assert "unsound" not in last
    assert "listed" not in last


def test_elsewhere_it_is_plain_lines() -> None:
    """Each as long as its text, so that they can be searched; a standing is told when it changes."""
    lines = shown(play, width=80, terminal=False).splitlines()
    assert lines == [
        "rblwatch demo",
        INTRODUCTION,
        "   1.0 s list public: set aside (refusing)",
        "   1.0 s mx1 2001:db8::25: unknown on public; clear on all others",
        "   1.0 s mx2 198.51.100.25: unknown on public; clear on all others",
        f"   4.0 s {STORY[0].told}",
        f"         {STORY[0].expected}",
        "   6.0 s mx2 198.51.100.25: listed on spam; unknown on public; clear on all others",
        f"   7.0 s chat message: {TITLE}",
        "         mx2 (198.51.100.25) is listed.",
        "",
        "         Look it up: https://spam.demo.test/lookup?ip=198.51.100.25",
        f"   7.1 s mail message: {TITLE} (the same)",
        "  12.0 s list crowd: set aside (unsound)",
        "  16.0 s list crowd: believed again",
        "  16.0 s mx2 198.51.100.25: unknown on public; clear on all others",
    ]


@pytest.mark.parametrize(
    ("arrivals", "whole"),
    [
        # The second sink's copy is named, and not shown again.
        ([("chat", "a"), ("mail", "a")], [True, False]),
        # The same news told twice to one sink is a duplicate that must not be hidden.
        ([("chat", "a"), ("chat", "a")], [True, True]),
        ([("chat", "a"), ("mail", "a"), ("mail", "a"), ("chat", "a")], [True, False, True, False]),
        ([("chat", "a"), ("mail", "b")], [True, True]),
    ],
)
def test_each_message_is_shown_whole_once(arrivals: list[tuple[str, str]], whole: list[bool]) -> None:
    def show(console: Console) -> None:
        with Screen(console, START) as screen:
            for number, (sink, title) in enumerate(arrivals):
                screen.message(sink, title, f"body {number}", at(number))

    text = shown(show, width=80, terminal=False)
    assert [f"body {number}" in text for number in range(len(arrivals))] == whole


@pytest.mark.parametrize("terminal", [False, True])
def test_nothing_that_is_shown_steers_the_terminal(*, terminal: bool) -> None:
    evil = "\x1b[2J[bold]\x07\u202e\x9b31m"

    def show(console: Console) -> None:
        with Screen(console, START) as screen:
            screen.introduce(evil, evil)
            screen.event(evil, at(1), expected=evil)
            screen.message(evil, evil, evil, at(2))
            screen.status([BoardRow(evil, evil, {evil: Mark.LISTED})], at(3), aside={evil: evil})

    text = shown(show, width=120, terminal=terminal)
    assert not set(text) & set("\x1b\x07\u202e\x9b")
    assert "[bold]" in text
