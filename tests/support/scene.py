"""A small world for a daemon: two servers, two lists, a chat and a mailbox, all on loopback.

Owns what is started and ended around a test. Must not know what is right.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rblwatch.core.alert import Line
from tests.support import told
from tests.support.blocklists import Blocklists
from tests.support.estate import Estate, Registered, chat_url, mail_url
from tests.support.httpsink import HttpSink
from tests.support.program import Program
from tests.support.smtpsink import SmtpSink
from tests.support.waiting import eventually

MX1, MX2 = "198.18.0.1", "198.18.0.2"
#: Registered by nobody to begin with.
MX3 = "198.18.0.3"
ONE, TWO = "one.example", "two.example"


@dataclass
class Scene:
    """The world, and the daemons in it."""

    estate: Estate
    lists: Blocklists
    chat: HttpSink
    mail: SmtpSink
    daemons: list[Program] = field(default_factory=list)

    def daemon(self, *options: str) -> Program:
        """A daemon over the configuration as it is now, not started yet."""
        self.daemons.append(self.estate.daemon(*options))
        return self.daemons[-1]

    def start(self, *options: str) -> Program:
        """A daemon that is at work, and has asked every list once."""
        daemon = self.daemon(*options)
        daemon.start()
        daemon.wait_for_line("sweep.finished", timeout_s=60)
        return daemon

    def told(self, recipient: str = "chat") -> list[told.Told]:
        """All that a recipient was told about addresses on lists, in order."""
        if recipient == "chat":
            texts = [told.chat_text(request) for request in self.chat.received]
        else:
            texts = [mail.text for mail in self.mail.received]
        return [one for text in texts for one in told.read(text)]

    def wait_until_told(self, line: Line, address: str, blocklist: str = "one", *, timeout_s: float = 20.0) -> None:
        """Wait until both recipients were told this."""
        wanted = told.Told(line, address, blocklist)
        for recipient in ("chat", "mail"):
            eventually(
                lambda recipient=recipient: wanted in self.told(recipient),  # type: ignore[misc]
                timeout_s,
                lambda recipient=recipient: f"{wanted} in {recipient}: {self.told(recipient)}\n{self._written}",  # type: ignore[misc]
            )

    @property
    def _written(self) -> str:
        return "\n".join(daemon.written for daemon in self.daemons)


@contextmanager
def new_scene(folder: Path, database: str = "", *, zones: Iterable[str] = ()) -> Iterator[Scene]:
    """Begin: nobody is listed, no daemon runs, and no answer may be kept by a cache."""
    with Blocklists([ONE, TWO, *zones], ttl_s=0) as lists, HttpSink() as chat, SmtpSink() as mail:
        estate = Estate(
            folder=folder,
            nameserver=lists.address,
            servers={"mx1": Registered((MX1,), ("production",)), "mx2": Registered((MX2,))},
            lists={"one": ONE, "two": TWO},
            channels={"chat": chat_url(chat.endpoint), "mail": mail_url(mail.endpoint)},
            database=database,
        )
        scene = Scene(estate, lists, chat, mail)
        try:
            yield scene
        finally:
            for daemon in scene.daemons:
                daemon.kill()
