"""Every kind of message, in every family of sinks, as it was looked at by somebody and found good.

The messages are in `golden/`, by kind and family. Where a wording changes on purpose, write them anew and look at what
has changed (`git diff`), at HTML in a browser:

    RBLWATCH_GOLDEN=write .venv/bin/python -m pytest tests/integration/notify/test_golden.py
"""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rblwatch.core.alert import Group, Line
from rblwatch.core.message import Message
from rblwatch.core.message_document import message_document
from rblwatch.core.sample import sample_names, samples
from rblwatch.notify import Medium, Sink, render
from rblwatch.notify.headline import headline

GOLDEN = Path(__file__).parent / "golden"
WRITE = os.environ.get("RBLWATCH_GOLDEN") == "write"

AT = datetime(2026, 3, 1, 10, 17, tzinfo=UTC)
SENT = {name: replace(message, test=False) for name, message in samples("ops", "12-9", AT)}
SENT["test"] = dict(samples("ops", "12-9", AT))["listed"]

CHAT = Sink(medium=Medium.CHAT)
MARKDOWN = Sink(medium=Medium.CHAT, markdown=True, body_limit=2000)
PHONE = Sink(medium=Medium.CHAT, title_limit=0, body_limit=160)
MAIL = Sink(medium=Medium.MAIL, html=True)


def _text(message: Message, sink: Sink) -> str:
    rendered = render(message, sink)
    return f"{rendered.tone}\n{rendered.title}\n\n{rendered.body}\n"


def _html(message: Message) -> str:
    return render(message, MAIL).html or ""


def _document(message: Message) -> str:
    return json.dumps(message_document(message, headline(message)), indent=1, ensure_ascii=False) + "\n"


FAMILIES = {
    "chat.txt": lambda message: _text(message, CHAT),
    "markdown.txt": lambda message: _text(message, MARKDOWN),
    "phone.txt": lambda message: _text(message, PHONE),
    "mail.txt": lambda message: _text(message, MAIL),
    "mail.html": _html,
    "json": _document,
}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", SENT)
def test_a_message_reads_as_it_was_found_good(name: str, family: str) -> None:
    path = GOLDEN / f"{name}.{family}"
    written = FAMILIES[family](SENT[name])
    if WRITE:
        path.write_text(written, encoding="utf-8")
    assert written == path.read_text(encoding="utf-8")


def test_every_kind_of_line_and_of_message_has_a_golden_one() -> None:
    assert {entry.line for message in SENT.values() for entry in message.entries} == set(Line)
    assert {message.group for message in SENT.values()} == set(Group)
    assert set(SENT) == {*sample_names(), "test"}


def test_no_golden_message_is_left_over() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {f"{name}.{family}" for name in SENT for family in FAMILIES}
