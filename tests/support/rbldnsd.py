"""A real blocklist server: rbldnsd, serving zones that a test writes, and rewrites while it runs.

Every change is visible to the next question when the method that made it returns.
"""

import itertools
import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path

import dns.rdtypes.ANY.SOA

from tests.support.dnsquery import ask
from tests.support.endpoint import Endpoint, new_endpoint
from tests.support.process import DebianServer, Process, find_binary, hand_over
from tests.support.waiting import eventually

PORT = 15300

#: The test points of RFC 5782 section 5, for lists of addresses and lists of domain names: listed, but nothing else is.
TEST_POINTS = ("127.0.0.2", "::ffff:7f00:2", "test")

_CONTROL = "control.rbldnsd.example"


@dataclass(frozen=True, slots=True)
class Entry:
    """One record set that a zone serves: the A record and the text; a `$` in the text becomes what was asked."""

    code: str = "127.0.0.2"
    text: str = "listed: $"

    def __str__(self) -> str:
        return f":{self.code}:{self.text}"


@dataclass(slots=True)
class Zone:
    """One blocklist. Holds addresses, ranges and domain names alike; the test points are listed from the start."""

    server: "Rbldnsd"
    name: str
    ttl_s: int = 60
    negative_ttl_s: int = 60
    entries: dict[str, tuple[Entry, ...]] = field(default_factory=dict)
    behaviour: str = ":pass"
    """The action that rbldnsd's access list takes on every question."""

    def add(self, what: str, *entries: Entry) -> None:
        """List an address, a range or a domain name (`.example.org` lists its subdomains too)."""
        self.add_all({what: entries or (Entry(),)})

    def add_all(self, entries: dict[str, tuple[Entry, ...]]) -> None:
        """List many at once, with one reload."""
        self.entries |= entries
        self.server.reload()

    def remove(self, *names: str) -> None:
        """Delist what was added under these names."""
        for name in names:
            del self.entries[name]
        self.server.reload()

    def turn_wildcard(self, entry: Entry | None = None) -> None:
        """From now on, list whatever is asked about, as a list does whose domain was parked."""
        self._behave(str(entry or Entry()))

    def turn_empty(self) -> None:
        """From now on, list nothing, not even the test points."""
        self._behave(":empty")

    def turn_refusing(self) -> None:
        """From now on, answer REFUSED."""
        self._behave(":refuse")

    def turn_silent(self) -> None:
        """From now on, answer nothing at all."""
        self._behave(":ignore")

    def recover(self) -> None:
        """Serve the entries again, as they are now."""
        self._behave(":pass")

    def questions(self) -> list[str]:
        """Every question that the server was asked about this zone, in order, as `NAME TYPE`."""
        return [question for question in self.server.questions() if question.split()[0].endswith("." + self.name)]

    def asked(self, address: str) -> int:
        """How often the server itself was asked whether an address is listed."""
        return self.questions().count(f"{question_name(address, self.name)} A")

    def _behave(self, action: str) -> None:
        self.behaviour = action
        self.server.reload()


class Rbldnsd(DebianServer):
    """The server. Give it zones; it runs from the first one on."""

    def __init__(self) -> None:
        super().__init__("rbldnsd")
        self.endpoint: Endpoint = new_endpoint(PORT)
        self.zones: dict[str, Zone] = {}
        self._process: Process | None = None
        self._serials = itertools.count(1)
        # rbldnsd sees a change by the file's time, in whole seconds: every write gets a later one.
        self._file_times = itertools.count(int(time.time()))

    def zone(self, name: str, *, ttl_s: int = 60, negative_ttl_s: int = 60, listed: Iterable[str] = ()) -> Zone:
        """Serve one more zone, with the test points and these entries listed.

        A zone is declared on the command line, so the server starts anew; its address stays.
        """
        (zone,) = self.serve(name, ttl_s=ttl_s, negative_ttl_s=negative_ttl_s, listed=listed)
        return zone

    def serve(self, *names: str, ttl_s: int = 60, negative_ttl_s: int = 60, listed: Iterable[str] = ()) -> list[Zone]:
        """Serve several more zones alike, with one start of the server."""
        zones = [Zone(self, name, ttl_s, negative_ttl_s) for name in names]
        for zone in zones:
            zone.entries = {what: (Entry(),) for what in (*TEST_POINTS, *listed)}
            self.zones[zone.name] = zone
        self.stop()
        self.start()
        return zones

    def start(self) -> None:
        """Serve the zones that are there, if any."""
        if not self.zones:
            return
        serial = self._write()
        specs = [f"{zone.name}:{kind}:{zone.name}.{kind}" for zone in self.zones.values() for kind in _DATASETS]
        command = [
            *(find_binary("rbldnsd"), "-n", "-e", "-a", "-c", "0", "-l", "+questions"),
            *("-b", f"{self.endpoint.host}/{self.endpoint.port}", "-w", str(self._folder)),
            *(f"{_CONTROL}:generic:control", *specs),
        ]
        self._process = Process("rbldnsd", command, self._folder)
        self._process.start(lambda: self._serves(serial))

    def stop(self) -> None:
        """Be gone, as a server without power is: the port is closed."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def behave(self, **behaviours: str) -> None:
        """Change how several zones answer, all at once: `behave(bl=":empty")` is about `bl.example`."""
        for name, behaviour in behaviours.items():
            self.zones[f"{name}.example"].behaviour = behaviour
        self.reload()

    def reload(self) -> None:
        """Write the zones, and return once the server answers from them."""
        serial = self._write()
        if self._process is not None:
            self._process.send(signal.SIGHUP)
            log = self._process
            eventually(lambda: self._serves(serial), 10.0, lambda: f"rbldnsd serves its new data; it said:\n{log.log}")

    def questions(self) -> list[str]:
        """Every question so far, in order, as `NAME TYPE`."""
        log = self._folder / "questions"
        lines = log.read_text().splitlines() if log.exists() else []
        asked = [line.split() for line in lines]
        return [f"{words[2]} {words[3]}" for words in asked if len(words) > 3 and not words[2].endswith(_CONTROL)]

    def _serves(self, serial: int) -> bool:
        answer = ask(self.endpoint, _CONTROL, "SOA", timeout_s=0.1)
        records = [record for rrset in (answer.answer if answer else []) for record in rrset]
        return any(isinstance(record, dns.rdtypes.ANY.SOA.SOA) and record.serial == serial for record in records)

    def _write(self) -> int:
        """Write all data, the control zone last: when it shows the returned serial, the rest was read too."""
        for zone in self.zones.values():
            for kind, text in _datasets(zone).items():
                self._replace(self._folder / f"{zone.name}.{kind}", text)
        serial = next(self._serials)
        self._replace(
            self._folder / "control", f"$SOA 0 ns.{_CONTROL} admin.{_CONTROL} {serial} 60 60 60 0\n@ A 127.0.0.2\n"
        )
        return serial

    def _replace(self, path: Path, text: str) -> None:
        file_time = next(self._file_times)
        fresh = path.with_suffix(".new")
        fresh.write_text(text)
        os.utime(fresh, (file_time, file_time))
        hand_over(fresh)
        fresh.replace(path)


_DATASETS = ("ip4set", "ip6trie", "dnset", "acl")


def _datasets(zone: Zone) -> dict[str, str]:
    negative = zone.negative_ttl_s
    head = f"$SOA {negative} ns.{zone.name} admin.{zone.name} 1 60 60 60 {negative}\n$TTL {zone.ttl_s}\n"
    lines: dict[str, list[str]] = {"ip4set": [], "ip6trie": [], "dnset": []}
    for what, entries in zone.entries.items():
        lines[_dataset_of(what)] += [f"{what} {entry}" for entry in entries]
    texts = {kind: head + "\n".join(rows) + "\n" for kind, rows in lines.items()}
    return texts | {"acl": f"$TTL {zone.ttl_s}\n0.0.0.0/0 {zone.behaviour}\n::/0 {zone.behaviour}\n"}


def _dataset_of(what: str) -> str:
    try:
        network = ip_network(what, strict=False)
    except ValueError:
        return "dnset"
    return "ip4set" if network.version == 4 else "ip6trie"


def question_name(address: str, zone: str) -> str:
    """Give the DNS name that asks about an address: `2.0.0.127.bl.example`. Source: RFC 5782 sections 2.1 and 2.4."""
    target = ip_address(address)
    labels = list(target.exploded.replace(":", "")) if isinstance(target, IPv6Address) else target.exploded.split(".")
    return ".".join([*reversed(labels), zone])
