"""rblwatch as an admin has it: a configuration file, a resolver, a chat and a mailbox.

Owns the file, the commands over it, and one way of reading what arrived in either sink. Must not know what is right.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.support.endpoint import Endpoint
from tests.support.httpsink import HttpSink, Request
from tests.support.program import Finished, Program, run
from tests.support.smtpsink import Mail, SmtpSink
from tests.support.unbound import Unbound
from tests.support.waiting import eventually

CHANNELS = ("chat", "mail")

_HEAD = """
[resolver]
nameservers = {nameservers}
timeout = "{timeout}"
attempts = 2
[schedule]
interval = "{interval}"
recheck_listed = "{recheck}"
[alerts]
delist_after = 2
group_wait = "{group_wait}"
blind_after = "{blind_after}"
[web]
listen = ""
[[channels]]
name = "chat"
url = "json://{chat}/chat"
[[channels]]
name = "mail"
url = "mailto://{mail.host}:{mail.port}/?mode=insecure&from=rblwatch@example.org&to=postmaster@example.org"
[[routes]]
channels = ["chat", "mail"]
severity = "informational"
"""


@dataclass(frozen=True, slots=True)
class Heard:
    """One message, as a person reads it in chat or mail."""

    title: str
    text: str
    at: datetime


@dataclass(kw_only=True)
class Installation:
    """The configuration is written before every command, from the fields as they are then."""

    folder: Path
    resolver: Unbound
    chat: HttpSink
    mail: SmtpSink
    nameserver: Endpoint | None = None
    """Who is asked, if not the resolver itself: a proxy before it."""
    nameservers: tuple[str, ...] = ()
    """Who is asked, where there are several, in this order."""
    servers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By name, its addresses."""
    lines: dict[str, str] = field(default_factory=dict)
    """Further lines of a server, by name."""
    use: tuple[str, ...] = ()
    """Lists of the catalogue."""
    force: tuple[str, ...] = ()
    """Lists that are history, and are asked all the same."""
    uses: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The lists of one server, by its name, where they are not everybody's."""
    overrides: dict[str, str] = field(default_factory=dict)
    """Lines about lists of the catalogue, by id."""
    customs: dict[str, str] = field(default_factory=dict)
    """Lists of the admin's own, by id: the zone."""
    tables: dict[str, str] = field(default_factory=dict)
    """Further lines of a custom list, by id."""
    interval: str = "2s"
    recheck: str = "2s"
    group_wait: str = "1s"
    blind_after: str = "30m"
    timeout: str = "1s"

    def write(self) -> Path:
        """Write the configuration as it is now."""
        head = _HEAD.format(
            nameservers=json.dumps(self.nameservers or (str(self.nameserver or self.resolver.endpoint),)),
            chat=self.chat.endpoint,
            mail=self.mail.endpoint,
            interval=self.interval,
            recheck=self.recheck,
            group_wait=self.group_wait,
            blind_after=self.blind_after,
            timeout=self.timeout,
        )
        servers = "".join(
            f"[[servers]]\nname = {json.dumps(name)}\naddresses = {json.dumps(list(addresses))}\n"
            + (f"use = {json.dumps(list(self.uses[name]))}\n" if name in self.uses else "")
            + f"{self.lines.get(name, '')}\n"
            for name, addresses in self.servers.items()
        )
        customs = "".join(
            f'[[blocklists.custom]]\nid = "{id_}"\nzone = "{zone}"\n{self.tables.get(id_, "")}\n'
            for id_, zone in self.customs.items()
        )
        path = self.folder / "rblwatch.toml"
        lists = f"[blocklists]\nuse = {json.dumps(list(self.use))}\nforce = {json.dumps(list(self.force))}\n"
        overrides = "".join(f"[blocklists.override.{id_}]\n{lines}\n" for id_, lines in self.overrides.items())
        path.write_text(f"{head}{lists}{overrides}{customs}{servers}")
        return path

    def run(self, *arguments: str) -> Finished:
        """Run a command to its end."""
        return run("--config", str(self.write()), *arguments, cwd=self.folder)

    def read(self, *arguments: str) -> tuple[int, Any]:
        """Run a command with `--format json`; its exit code and what it printed."""
        done = self.run(*arguments, "--format", "json")
        assert done.stdout, f"`rblwatch {' '.join(arguments)}` ended with {done.code}, and said: {done.stderr}"
        return done.code, json.loads(done.stdout)

    @property
    def heard(self) -> dict[str, list[Heard]]:
        """All that arrived, by channel, in the order in which it did."""
        return {
            "chat": [heard_in_chat(request) for request in self.chat.received],
            "mail": [heard_by_mail(mail) for mail in self.mail.received],
        }

    def hear(self, *words: str, timeout_s: float = 15.0) -> dict[str, Heard]:
        """The first message with all these words in each channel, once there is one."""
        eventually(
            lambda: all(about(messages, *words) for messages in self.heard.values()),
            timeout_s,
            lambda: f"a message with {words} in each channel; there are {self.titles}",
        )
        return {channel: about(messages, *words)[0] for channel, messages in self.heard.items()}

    @property
    def counts(self) -> dict[str, int]:
        """How many messages arrived, by channel."""
        return {channel: len(messages) for channel, messages in self.heard.items()}

    def listings(self) -> list[tuple[str, str, str, str | None]]:
        """All listings that there ever were: target, list, beginning, end."""
        _, history = self.read("history")
        return sorted((one["target"], one["blocklist"], one["listed_at"], one["delisted_at"]) for one in history)

    @property
    def titles(self) -> dict[str, list[str]]:
        """The titles of all that arrived, by channel."""
        return {channel: [message.title for message in messages] for channel, messages in self.heard.items()}


def heard_in_chat(request: Request) -> Heard:
    """Read what Apprise posts to a `json://` sink."""
    body: Mapping[str, str] = json.loads(request.body)
    return Heard(body["title"], body["message"], request.received_at)


def heard_by_mail(mail: Mail) -> Heard:
    """Read a mail."""
    return Heard(mail.subject, mail.text, mail.received_at)


def about(messages: Iterable[Heard], *words: str) -> list[Heard]:
    """The messages in which all the words occur, in order."""
    return [message for message in messages if all(word in f"{message.title}\n{message.text}" for word in words)]


def let_sweep(daemon: Program, times: int = 3) -> None:
    """Let a daemon sweep so many times more."""
    done = daemon.written.count("sweep.finished")
    daemon.wait_for_line("sweep.finished", count=done + times, timeout_s=60)
