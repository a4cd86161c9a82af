"""An admin's configuration that a test rewrites, and the commands and daemons over it.

Owns the file. Must not know what is right, nor what arrives in the sinks.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.endpoint import Endpoint
from tests.support.program import Finished, Program, run

#: Everything as fast as the whole seconds of DNS let it be.
FAST = """
[schedule]
interval = "1s"
recheck_listed = "1s"
[alerts]
delist_after = 1
group_wait = "0s"
flap = { changes = 1000, window = "24h" }
[web]
listen = ""
"""


@dataclass(frozen=True, slots=True)
class Registered:
    """One server."""

    addresses: tuple[str, ...]
    tags: tuple[str, ...] = ()


@dataclass(kw_only=True)
class Estate:
    """What is configured; the file is written before every command and start, from the fields as they are then."""

    folder: Path
    nameserver: str
    servers: dict[str, Registered] = field(default_factory=dict)
    lists: dict[str, str] = field(default_factory=dict)
    """Zones by id."""
    channels: dict[str, str] = field(default_factory=dict)
    """Apprise URLs by name, or tables such as `{ file = "chat.url" }`."""
    routes: list[str] = field(default_factory=list)
    """Lines of each route; without any, every channel hears everything."""
    use: list[str] = field(default_factory=list)
    """Lists of the catalogue, by id."""
    database: str = ""
    resolver: str = 'timeout = "1s"\nattempts = 2'
    more: str = FAST
    """Further sections."""
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        return self.folder / "rblwatch.toml"

    @property
    def text(self) -> str:
        """The file's text."""
        database = f"[database]\nurl = {_value(self.database)}\n" if self.database else ""
        routes = self.routes or [f'channels = {json.dumps(list(self.channels))}\nseverity = "informational"']
        return "\n".join(
            [
                database + f'[resolver]\nnameservers = ["{self.nameserver}"]\n{self.resolver}',
                self.more,
                f"[blocklists]\nuse = {json.dumps(self.use)}",
                *(f'[[blocklists.custom]]\nid = "{id_}"\nzone = "{zone}"' for id_, zone in self.lists.items()),
                *(_server(name, registered) for name, registered in self.servers.items()),
                *(f'[[channels]]\nname = "{name}"\nurl = {_value(url)}' for name, url in self.channels.items()),
                *(f"[[routes]]\n{lines}" for lines in routes if self.channels),
            ]
        )

    def write(self) -> Path:
        """Write the configuration as it is now."""
        self.path.write_text(self.text)
        return self.path

    def run(self, *arguments: str, timeout_s: float = 60.0) -> Finished:
        """Run a command to its end."""
        return run(
            "--config",
            str(self.write()),
            *arguments,
            cwd=self.folder,
            environment=self.environment,
            timeout_s=timeout_s,
        )

    def read(self, *arguments: str) -> Any:  # noqa: ANN401 - whatever JSON holds
        """What a command prints with `--format json`."""
        done = self.run(*arguments, "--format", "json")
        assert done.stdout, f"`rblwatch {' '.join(arguments)}` ended with {done.code}, and said: {done.stderr}"
        return json.loads(done.stdout)

    def daemon(self, *options: str) -> Program:
        """The daemon over this configuration, not started yet; its output is kept in a folder of its own."""
        folder = self.folder / f"daemon-{len(list(self.folder.glob('daemon-*')))}"
        folder.mkdir()
        return Program(["--config", str(self.write()), *options, "run"], folder, self.environment)


def chat_url(sink: Endpoint, path: str = "chat") -> str:
    """The URL of a channel that posts JSON to an HTTP sink."""
    return f"json://{sink}/{path}"


def mail_url(sink: Endpoint, login: str = "") -> str:
    """The URL of a channel that sends mail to an SMTP sink; `login` is `user:password`."""
    before = f"{login}@" if login else ""
    return f"mailto://{before}{sink}/?mode=insecure&from=rblwatch@example.org&to=postmaster@example.org"


def _value(text: str) -> str:
    return text if text.startswith("{") else json.dumps(text)


def _server(name: str, registered: Registered) -> str:
    addresses, tags = json.dumps(list(registered.addresses)), json.dumps(list(registered.tags))
    return f'[[servers]]\nname = "{name}"\naddresses = {addresses}\ntags = {tags}'
