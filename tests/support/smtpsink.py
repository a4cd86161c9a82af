"""Where mail arrives in tests: an SMTP server that records, and rejects on request."""

import email
import email.policy
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support.endpoint import Endpoint, new_endpoint
from tests.support.inbox import Inbox
from tests.support.serving import Serving

PORT = 15306

_TEXTS = {
    421: "Closing",
    450: "Mailbox busy, come back later",
    451: "Local error, come back later",
    550: "No such mailbox",
}


@dataclass(frozen=True, slots=True)
class Mail:
    """One accepted mail: the envelope and the message."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage
    received_at: datetime

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        """The plain text that a person reads."""
        body = self.message.get_body(("plain", "html"))
        return str(body.get_content()).replace("\r\n", "\n") if body is not None else ""


class SmtpSink(Inbox[Mail], Serving):
    """The server. It accepts everything until it is told otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.endpoint: Endpoint = new_endpoint(PORT)
        self.rejected: list[str] = []
        """Recipients that were rejected, in order."""
        self._reply_to: Callable[[str], int] = lambda _: 250
        self._controller: Controller | None = None

    def start(self) -> None:
        self._controller = Controller(self, hostname=self.endpoint.host, port=self.endpoint.port, ready_timeout=10)
        self._controller.start()

    def stop(self) -> None:
        """Be gone: connections are refused. What was received stays."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def reject(self, code: int, recipient: str | None = None) -> None:
        """Reject one recipient, or all, with this code: 450 and 451 mean later, 550 means never."""
        self._reply_to = lambda asked: code if recipient in (None, asked) else 250

    def reject_next(self, count: int, code: int = 450) -> None:
        """Reject the next `count` recipients, then accept."""
        end = len(self.rejected) + count
        self._reply_to = lambda _: code if len(self.rejected) < end else 250

    def recover(self) -> None:
        """Accept everything from now on."""
        self._reply_to = lambda _: 250

    async def handle_RCPT(  # noqa: N802 - the name is aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        code = self._reply_to(address)
        if code != 250:
            self.rejected.append(address)
            return f"{code} {_TEXTS.get(code, 'Rejected')}"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        message = email.message_from_bytes(envelope.original_content or b"", policy=email.policy.default)
        self.add(Mail(envelope.mail_from or "", tuple(envelope.rcpt_tos), message, datetime.now(UTC)))
        return "250 OK"
