"""The places where there are truly two of a kind: one real, one scripted.

Owns the Protocols that services reach the outside world through. Must not know any implementation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from rblwatch.core.blocklist import Blocklist
from rblwatch.core.circuit import Pace
from rblwatch.core.examination import Contact
from rblwatch.core.finding import Finding
from rblwatch.core.lookup import Query, Reply
from rblwatch.core.message import Message
from rblwatch.core.plan import Batch, BatchResult
from rblwatch.core.retry import Outcome
from rblwatch.core.settings import Server
from rblwatch.core.target import Target


class Clock(Protocol):
    """Time and chance, the only two things that the rules cannot know themselves."""

    def now(self) -> datetime:
        """Wall-clock time, aware, in UTC."""

    def monotonic_s(self) -> float:
        """Seconds on a clock that no step of the wall clock moves; durations are measured with it."""

    def random(self) -> float:
        """A number in [0, 1)."""


class Purse(Protocol):
    """What may still be asked of a list: every packet is paid for before it leaves."""

    @property
    def left(self) -> int:
        """How many packets it is still good for."""

    def pay(self) -> bool:
        """Pay for one packet, and say whether there was enough; if not, there will never be."""


class Lookup(Protocol):
    """Asks DNS lists. Failures are values: nothing is raised for what a network or a list does."""

    async def ask(self, batch: Batch, purse: Purse | None = None) -> BatchResult:
        """Ask a batch: its probes first, then its targets if the probes leave the list trusted.

        One result holds answers of one nameserver only; where that one fails, the whole batch is asked of the next.
        What a purse does not pay for fails as not asked, or as not answered if it was asked before.
        """

    async def texts(
        self, blocklist: Blocklist, targets: Sequence[Target], purse: Purse | None = None
    ) -> dict[Target, str]:
        """The list's own words (TXT) on listed targets, cleaned of controls and bidi marks, at most 500 characters.

        For people only; a target without one is left out.
        """


class Names(Protocol):
    """Looks up ordinary names."""

    async def addresses(self, name: Target) -> tuple[Target, ...] | None:
        """The A and AAAA records of a name, CNAMEs followed; empty: it has none; None: it could not be looked up."""


class Records(Protocol):
    """Looks up records of ordinary names, for discovery."""

    async def look_up(self, query: Query) -> Reply:
        """One answer, or a failure, which is a value. A name that cannot be asked does not exist."""


class Nameservers(Protocol):
    """Knows who is asked, and whether they take questions over TCP as well."""

    @property
    def all(self) -> tuple[str, ...]:
        """The nameservers in the order in which they are asked, as `host:port`."""

    async def over_tcp(self, nameserver: str) -> Contact:
        """Ask one of them over TCP about a name that does not exist, and say what came of it."""


class Discoverer(Protocol):
    """Looks up what is registered by name."""

    async def discover(self, servers: Sequence[Server]) -> Mapping[str, Sequence[Finding]]:
        """What the names of each server stand for now, one finding for each origin.

        Nothing is raised for what a network, a nameserver or a record does.
        """


class Heart(Protocol):
    """Shows somebody outside that we live."""

    async def beat(self) -> Outcome:
        """Show it once. Nothing is raised for what a network or a server does."""


class Notifier(Protocol):
    """Sends one message to one recipient. What a sink does wrong is an outcome, not an exception."""

    def pace(self, recipient: str) -> Pace:
        """How fast the recipient's sink takes messages."""

    async def send(self, message: Message) -> Outcome:
        """Render the message for its recipient's sink and send it, within the notifier's hard time-out."""
