"""The story that the demo tells, as values.

Owns who is watched, which lists there are, and what is done to them when. Must not know how the lists are served, what
watches them, or how the story is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, ip_network
from typing import assert_never

from rblwatch.core.blocklist import Blocklist, Code, Meaning, Severity
from rblwatch.core.matching import CodeRange
from rblwatch.core.settings import Server
from rblwatch.demo.zone import Mode, Zone

#: Everything that the story tells has happened and was told by then, counted from the first finished sweep.
LENGTH_S = 30.0

INTRODUCTION = (
    "Four mail servers are watched on five blocklists, every 2 seconds. Everything runs on this machine: a nameserver "
    "that plays the blocklists, the real rblwatch daemon with a database of its own, a chat and a mailbox. No packet "
    "leaves the machine."
)

_SPAM = "spam"
_CROWD = "crowd"

#: Documentation addresses: nobody has them. Source: RFC 5737 and RFC 3849.
SERVERS = (
    Server(name="mx1", networks=(ip_network("192.0.2.25"), ip_network("2001:db8::25")), tags=("production",)),
    Server(name="mx2", networks=(ip_network("198.51.100.25"),), tags=("production",)),
    Server(name="mx3", networks=(ip_network("203.0.113.25"),), tags=("production",)),
    Server(name="mx4", networks=(ip_network("203.0.113.26"),), tags=("newsletter",)),
)
_UNLUCKY = "198.51.100.25"


def _blocklist(name: str, severity: Severity, label: str, text: str) -> Blocklist:
    code = IPv4Address("127.0.0.2")
    return Blocklist(
        id=name,
        zone=f"{name}.demo.test",
        name=name,
        operator="rblwatch demo",
        codes=(Code(CodeRange(code, code), Meaning(label, severity, text=text)),),
        lookup_url=f"https://{name}.demo.test/lookup?ip={{ip}}",
        delist_url=f"https://{name}.demo.test/removal?ip={{ip}}",
    )


BLOCKLISTS = (
    _blocklist(_SPAM, Severity.CRITICAL, "spam source", "Spam from this address reached a spam trap."),
    _blocklist(_CROWD, Severity.MAJOR, "reported", "Users reported mail from this address."),
    _blocklist("exploits", Severity.CRITICAL, "hijacked", "The machine at this address runs a bot."),
    _blocklist("policy", Severity.MINOR, "no mail server", "Mail should not come from this address directly."),
    _blocklist("public", Severity.MAJOR, "spam source", "Mail from this address was spam."),
)


def new_zones() -> tuple[Zone, ...]:
    """The lists as the story begins: in good order, but for one that refuses whoever asks through a public resolver."""
    zones = {blocklist.id: Zone(blocklist.zone) for blocklist in BLOCKLISTS}
    zones["public"].mode = Mode.REFUSAL_CODE
    return tuple(zones.values())


@dataclass(frozen=True, slots=True)
class Enlist:
    """Somebody gets on a list."""

    address: str
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Remove:
    """Somebody gets off a list."""

    address: str


@dataclass(frozen=True, slots=True)
class Turn:
    """A list changes for the worse, or recovers."""

    mode: Mode


Act = Enlist | Remove | Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that the demo does to one list."""

    at_s: float
    """When, counted from the first finished sweep."""
    zone: str
    act: Act
    told: str
    """What was done, for whoever watches."""
    expected: str
    """What rblwatch makes of it."""


STORY = (
    Step(
        at_s=3,
        zone=f"{_SPAM}.demo.test",
        act=Enlist(_UNLUCKY, "127.0.0.2", f"{_UNLUCKY} sent mail to a spam trap, case 4711"),
        told=f"The list '{_SPAM}' puts mx2 ({_UNLUCKY}) on it.",
        expected="rblwatch tests the list once more, then sends one message to the chat and one by mail.",
    ),
    Step(
        at_s=8,
        zone=f"{_CROWD}.demo.test",
        act=Turn(Mode.WILDCARD),
        told=f"The list '{_CROWD}' dies: its domain was sold, and it now answers \"listed\" to whatever is asked.",
        expected="rblwatch catches it lying about its test points and sets it aside: one message about the list, "
        "none about a server.",
    ),
    Step(
        at_s=13,
        zone=f"{_CROWD}.demo.test",
        act=Turn(Mode.HEALTHY),
        told=f"The list '{_CROWD}' is repaired.",
        expected="rblwatch sees its test points right again and believes it again.",
    ),
    Step(
        at_s=17,
        zone=f"{_SPAM}.demo.test",
        act=Remove(_UNLUCKY),
        told=f"The list '{_SPAM}' takes mx2 ({_UNLUCKY}) off again.",
        expected='rblwatch wants two clear answers and a list that still works, then says "delisted".',
    ),
)


def perform(act: Act, zone: Zone) -> None:
    """Do one thing to a list."""
    match act:
        case Enlist(address, code, text):
            zone.add(address, code, text=text)
        case Remove(address):
            zone.remove(address)
        case Turn(mode):
            zone.mode = mode
        case _:
            assert_never(act)
