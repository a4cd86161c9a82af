"""The stage for bad days: blocklists behind a resolver and a proxy, and a program that asks through them.

Owns what is set up, what happens to lists and to who is on them, and what was remembered and told. Must not know in
which order things happen, nor what is right.

Each list is asked about servers of its own, each with one address: some are really listed from the start, one is found
listed later, and the others never are. Besides there is a list that is well all the time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from rblwatch.core.settings import Secret
from rblwatch.store.database import Store
from rblwatch.store.queries import Queries
from tests.support.blocklists import Blocklists
from tests.support.dnsdist import Dnsdist
from tests.support.httpsink import HttpSink
from tests.support.installation import Installation
from tests.support.rbldnsd import Entry, Rbldnsd, Zone
from tests.support.smtpsink import SmtpSink
from tests.support.told import Said, read_about, sections
from tests.support.unbound import Unbound
from tests.support.waiting import eventually

#: Lists that are well all the time: where most are not, it is the resolver.
SOUND = tuple(f"sound-{number}.example" for number in range(1, 9))
#: Another one, and who is really on it, from the start and later. Both are asked on all lists.
CONTROL = "control.example"
CONTROLLED, CONTROLLED_LATER = "198.19.0.1", "198.19.0.2"
#: No answer at all, as from nameservers that are not there.
SILENCE = ":silence"

#: No operator's daily number lengthens the interval.
_UNBOUNDED = "per_day = 1000000000"
_SERVER = re.compile(r"\b198\.1[89]\.\d+\.\d+\b")

#: Number, target, list, and whether it stands.
Listing = tuple[int, str, str, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What happened to a list, and how it shows."""

    name: str
    story: str
    """What happened, and where that is told."""
    blocklist: str
    """The list's id: of the catalogue, of a list that is history, or of one of the admin's own (then `table`)."""
    zone: str
    says: str
    """What it answers to every question, as an action of rbldnsd: `:127.0.0.2:text`, `:empty`; or `SILENCE`."""
    state: str
    reason: str
    code: str = "127.0.0.2"
    """What it really has of those who are on it."""
    is_history: bool = False
    """The catalogue has buried it."""
    is_allow: bool = False
    table: str = ""
    """Further lines of its `[[blocklists.custom]]`."""
    servers: int = 3
    listed: int = 1


@dataclass(frozen=True, slots=True)
class Cast:
    """A day with its servers, each with one address."""

    day: Day
    number: int

    @property
    def addresses(self) -> list[str]:
        return [f"198.18.{self.number}.{host}" for host in range(1, self.day.servers + 1)]

    def server(self, address: str) -> str:
        """The name of the server with this address."""
        return f"{self.day.name}-{address.rpartition('.')[2]}"

    @property
    def listed(self) -> list[str]:
        """Who is on the list from the start."""
        return self.addresses[: self.day.listed]

    @property
    def later(self) -> str:
        """Who is on it when the day is over."""
        return self.addresses[-1]


@dataclass
class Stage:
    """The servers of the lists, a resolver and a proxy before it, and an installation that asks through them."""

    folder: Path
    cast: list[Cast]
    rbldnsd: Rbldnsd
    sinks: tuple[HttpSink, SmtpSink]
    zones: dict[str, Zone] = field(default_factory=dict)
    ttl_s: int = 1
    has_first: bool = False
    """Whether another nameserver is asked before the proxy, as long as it answers."""

    def set_up(self, running: ExitStack) -> None:
        """Serve all lists, with who is really on them."""
        names = (CONTROL, *SOUND, *(one.day.zone for one in self.cast))
        zones = self.rbldnsd.serve(*names, ttl_s=self.ttl_s, negative_ttl_s=self.ttl_s)
        self.zones |= {zone.name: zone for zone in zones}
        self.zones[CONTROL].entries[CONTROLLED] = (Entry(),)
        for one in self.cast:
            self.zones[one.day.zone].entries |= dict.fromkeys(one.listed, (Entry(one.day.code),))
        self.rbldnsd.reload()
        self.resolver = running.enter_context(Unbound(dict.fromkeys(self.zones, self.rbldnsd.endpoint)))
        self.proxy = running.enter_context(Dnsdist(self.resolver.endpoint))
        self.first = running.enter_context(self._another()) if self.has_first else None

    def _another(self) -> Blocklists:
        """A nameserver that says the same."""
        lists = Blocklists(self.zones, ttl_s=0)
        for one in self.cast:
            for address in one.listed:
                lists.list(one.day.zone, address, one.day.code)
        return lists

    @cached_property
    def installed(self) -> Installation:
        """The program, configured for all of it."""
        chat, mail = self.sinks
        days = [one.day for one in self.cast]
        of_catalogue = tuple(day.blocklist for day in days if not (day.is_history or day.table))
        own = {one.server(address): (one.day.blocklist, address) for one in self.cast for address in one.addresses}
        return Installation(
            folder=self.folder,
            resolver=self.resolver,
            chat=chat,
            mail=mail,
            nameservers=tuple(str(one) for one in (self.first and self.first.address, self.proxy.endpoint) if one),
            servers={"control": (CONTROLLED, CONTROLLED_LATER)} | {name: (mx,) for name, (_, mx) in own.items()},
            uses={name: (blocklist,) for name, (blocklist, _) in own.items()},
            use=of_catalogue,
            overrides=dict.fromkeys(of_catalogue, _UNBOUNDED),
            force=tuple(day.blocklist for day in days if day.is_history),
            customs={"control": CONTROL}
            | dict(zip(SOUND, SOUND, strict=True))
            | {day.blocklist: day.zone for day in days if day.table},
            tables={day.blocklist: day.table for day in days if day.table},
            # The one that dies is not to be told of, for it takes a sweep until it is no longer asked.
            blind_after="6s" if self.has_first else "3s",
        )

    def begin(self) -> None:
        """Let all days begin, at once."""
        for one in self.cast:
            if one.day.says is SILENCE:
                self.proxy.drop(one.day.zone)
            else:
                self.zones[one.day.zone].behaviour = one.day.says
        self.rbldnsd.reload()

    def end(self) -> None:
        """Let them be over, and every list be itself again."""
        for one in self.cast:
            if one.day.says is SILENCE:
                self.proxy.recover(one.day.zone)
            self.zones[one.day.zone].behaviour = ":pass"
        self.rbldnsd.reload()

    def move_on(self) -> None:
        """Let true things happen: who was listed is not any more, and somebody else is."""
        for one in self.cast:
            entries = self.zones[one.day.zone].entries
            for address in one.listed:
                del entries[address]
            entries[one.later] = (Entry(one.day.code),)
        self.rbldnsd.reload()

    def listings(self) -> list[Listing]:
        """All listings that there ever were; read beside the daemon."""
        store = Store(Secret(f"sqlite:///{self.folder}/rblwatch.db"))
        try:
            store.open_to_read()
            history = store.read_now(Queries.history)
        finally:
            store.close()
        return sorted((one.id, one.target.text, one.blocklist, one.stands) for one in history)

    def strays(self) -> list[str]:
        """What was told of some address, and not read as news of a list that is played."""
        known = tuple(self.zones)
        return [
            section
            for messages in self.installed.heard.values()
            for message in messages
            for section in sections(message.text)
            if _SERVER.search(section) and not any(zone in section for zone in known)
        ]

    def told(self, zone: str) -> dict[str, list[Said]]:
        """All that each recipient was told about a list, in order."""
        return {
            channel: [one for message in messages for one in read_about(message.text, zone)]
            for channel, messages in self.installed.heard.items()
        }

    def resolver_told(self) -> dict[str, list[str]]:
        """What each recipient was told about the resolver, in order: the first sentences."""
        return {
            channel: [
                section.partition("\n")[0]
                for message in messages
                for section in sections(message.text)
                if "our resolver" in section.partition("\n")[0]
            ]
            for channel, messages in self.installed.heard.items()
        }

    def wait_until_told(self, what: str, about: Iterable[tuple[str, Sequence[str]]]) -> None:
        """Wait until every recipient was told this about lists (by zone), or about each of some addresses on them."""
        waiting = {(zone, address) for zone, addresses in about for address in addresses or ("",)}

        def is_told() -> bool:
            for zone, address in list(waiting):
                told = self.told(zone).values()
                if all((what, address) in lines for lines in told):
                    waiting.discard((zone, address))
            return not waiting

        self.wait_until(is_told, lambda: f"'{what}' about {sorted(waiting)}")

    def wait_until(self, predicate: Callable[[], bool], what: Callable[[], str]) -> None:
        """Wait for something, which may take as long as a busy machine and some TTLs."""
        eventually(predicate, 60 + 5 * self.ttl_s, lambda: f"{what()}; {self.installed.titles}")
