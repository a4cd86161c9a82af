"""A chat and a mailbox on loopback, for messages to arrive in.

Owns the least of HTTP and SMTP that Apprise's `json://` and `mailto://` speak, and what arrived. Must not know what the
messages are about. Both run in the event loop that enters them, and call back in it.
"""

from __future__ import annotations

import asyncio
import email
import email.message
import email.policy
import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from types import TracebackType
from typing import Self
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, Envelope, Session

from rblwatch.demo.conversations import Conversations

HOST = "127.0.0.1"

#: What a message may hold; a sink is no place to fill the memory of a test.
_LARGEST_BODY = 1 << 20
_REQUEST_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Received:
    """One message, as its reader sees it."""

    title: str
    body: str
    at: datetime


OnMessage = Callable[[str, str, datetime], None]


class Sink(ABC):
    """A place where messages arrive; it listens inside `async with`."""

    def __init__(self, on_message: OnMessage | None = None) -> None:
        self.messages: list[Received] = []
        self._on_message = on_message
        self._server: asyncio.Server | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """The Apprise URL that leads here."""

    @property
    def port(self) -> int:
        """The port that it listens on; the kernel chooses it at the start."""
        if self._server is None:
            raise RuntimeError("the sink has no port yet: start it with 'async with'")
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def __aenter__(self) -> Self:
        self._server = await self._listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        await self._hang_up()

    @abstractmethod
    async def _listen(self) -> asyncio.Server: ...

    @abstractmethod
    async def _hang_up(self) -> None:
        """End the conversations that are under way."""

    def _receive(self, title: str, body: str) -> None:
        received = Received(title, body, datetime.now(UTC))
        self.messages.append(received)
        if self._on_message is not None:
            self._on_message(received.title, received.body, received.at)


class ChatSink(Sink):
    """A chat: takes what Apprise's `json://` posts."""

    def __init__(self, on_message: OnMessage | None = None) -> None:
        super().__init__(on_message)
        self._conversations = Conversations(self._converse)

    @property
    def url(self) -> str:
        return f"json://{HOST}:{self.port}/chat"

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._conversations.begin, HOST, 0)

    async def _hang_up(self) -> None:
        await self._conversations.end()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request and close: a client that wants more connects again."""
        async with asyncio.timeout(_REQUEST_TIMEOUT_S):
            status = self._take(await _read_body(reader))
            head = f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            writer.write(head.encode())
            await writer.drain()

    def _take(self, body: bytes) -> HTTPStatus:
        try:
            post = json.loads(body)
            title, text = post["title"], post["message"]
        except (ValueError, KeyError, TypeError):
            return HTTPStatus.BAD_REQUEST
        self._receive(str(title), str(text))
        return HTTPStatus.OK


async def _read_body(reader: asyncio.StreamReader) -> bytes:
    """Read one HTTP request and give its body, which is empty where the head is not understood."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(email.message_from_bytes(head.partition(b"\r\n")[2])["Content-Length"] or 0)
    except (asyncio.LimitOverrunError, ValueError):
        return b""
    return await reader.readexactly(length) if 0 < length <= _LARGEST_BODY else b""


class MailSink(Sink):
    """A mailbox: takes mail for whatever recipient over SMTP."""

    def __init__(self, on_message: OnMessage | None = None) -> None:
        super().__init__(on_message)
        self._sessions: WeakSet[SMTP] = WeakSet()

    @property
    def url(self) -> str:
        return f"mailto://{HOST}:{self.port}/?from=rblwatch@demo.test&to=postmaster@demo.test&mode=insecure&format=text"

    async def _listen(self) -> asyncio.Server:
        # The library logs every command at INFO; who reads the daemon's log did not ask for the other side's.
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        return await asyncio.get_running_loop().create_server(self._new_session, HOST, 0)

    async def _hang_up(self) -> None:
        for session in list(self._sessions):
            if session.transport is not None:
                session.transport.close()

    def _new_session(self) -> SMTP:
        # Without a host name, the library would ask DNS for one.
        session = SMTP(
            self,
            hostname="localhost",
            data_size_limit=_LARGEST_BODY,
            loop=asyncio.get_running_loop(),
            ident="rblwatch demo",
        )
        self._sessions.add(session)
        return session

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  the library's name
        """Take one mail; called by the SMTP library."""
        self._receive(*_read_mail(envelope.original_content or b""))
        return "250 OK"


def _read_mail(content: bytes) -> tuple[str, str]:
    """The subject and the plain text of a mail, decoded."""
    mail = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(mail, email.message.EmailMessage)
    text = mail.get_body(preferencelist=("plain",))
    body = text.get_content() if text is not None else ""
    return str(mail["Subject"] or ""), str(body).replace("\r\n", "\n").rstrip("\n")
