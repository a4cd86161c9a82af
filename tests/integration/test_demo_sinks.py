"""What Apprise sends to the demo's chat and mailbox arrives there as its reader would see it."""

import asyncio
import smtplib
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import apprise
import pytest

from rblwatch.demo.sinks import HOST, ChatSink, MailSink, Sink

# Apprise loads every plugin that it has, and one of them a module that Python 3.13 dropped.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

Call = tuple[str, str, datetime]

TITLE = "[CRITICAL] mx2 is listed on spam \N{EM DASH} café"
BODY = (
    "mx2 (198.51.100.25) is listed.\n\n  since 10:15\n.a line that SMTP must not eat\n<b>& *no* markup</b> \N{BULLET} "
    + "long " * 300
)


@pytest.fixture
def calls() -> list[Call]:
    return []


@pytest.fixture(params=[ChatSink, MailSink])
async def sink(request: pytest.FixtureRequest, calls: list[Call]) -> AsyncIterator[Sink]:
    async with request.param(lambda title, body, at: calls.append((title, body, at))) as running:
        yield running


async def send(sink: Sink, title: str, body: str) -> bool:
    sender = apprise.Apprise()
    assert sender.add(sink.url)
    return bool(await asyncio.to_thread(sender.notify, title=title, body=body, body_format=apprise.NotifyFormat.TEXT))


async def test_a_message_arrives_whole(sink: Sink, calls: list[Call]) -> None:
    before_at = datetime.now(UTC)
    assert await send(sink, TITLE, BODY)
    [message] = sink.messages
    assert (message.title, message.body) == (TITLE, BODY.rstrip())
    assert calls == [(message.title, message.body, message.at)]
    assert before_at <= message.at <= datetime.now(UTC)


async def test_messages_arrive_in_their_order(sink: Sink, calls: list[Call]) -> None:
    for number in range(3):
        assert await send(sink, f"message {number}", "text")
    assert (
        [message.title for message in sink.messages]
        == [call[0] for call in calls]
        == ["message 0", "message 1", "message 2"]
    )


@pytest.mark.parametrize(
    "request_text",
    [
        "POST /chat HTTP/1.1\r\n\r\n",
        "POST /chat HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        "POST /chat HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST /chat HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
        "POST /chat HTTP/1.1\r\nContent-Length: 4\r\n\r\nnull",
        'POST /chat HTTP/1.1\r\nContent-Length: 10\r\n\r\n{"a": "b"}',
        "POST /chat HTTP/1.1\r\nContent-Length: 4\r\n\r\n\xff\xff\xff\xff",
        "X" * 70_000 + "\r\n\r\n",
    ],
)
async def test_a_chat_refuses_what_is_no_message(request_text: str) -> None:
    async with ChatSink() as chat:
        reader, writer = await asyncio.open_connection(HOST, chat.port)
        writer.write(request_text.encode("latin-1"))
        assert (await reader.readline()).startswith(b"HTTP/1.1 400 ")
        writer.close()
        assert await send(chat, "still", "here")
        assert [message.title for message in chat.messages] == ["still"]


async def test_a_mailbox_takes_mail_without_plain_text() -> None:
    """It arrives with what can be read of it."""
    async with MailSink() as mailbox:

        def deliver() -> None:
            with smtplib.SMTP(HOST, mailbox.port, timeout=10) as client:
                client.sendmail("a@demo.test", ["b@demo.test"], "Content-Type: text/html\r\n\r\n<p>html</p>\r\n")
                client.sendmail("a@demo.test", ["b@demo.test"], b"no header at all \xff\r\n")

        await asyncio.to_thread(deliver)
        first, second = mailbox.messages
        assert (first.title, first.body) == ("", "")
        assert second.title == ""


@pytest.mark.parametrize("sink", [ChatSink(), MailSink()])
async def test_the_end_of_a_sink_ends_its_connections(sink: Sink) -> None:
    async with sink:
        reader, writer = await asyncio.open_connection(HOST, sink.port)
        assert await send(sink, "one", "more")
    async with asyncio.timeout(10):
        await reader.read()
    writer.close()


@pytest.mark.parametrize("kind", [ChatSink, MailSink])
def test_a_sink_has_no_url_before_it_runs(kind: type[Sink]) -> None:
    with pytest.raises(RuntimeError, match="start it with 'async with'"):
        _ = kind().url
