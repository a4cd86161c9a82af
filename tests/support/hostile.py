"""Behaviours of DNS servers, and a stage on which all of them play at once.

Owns what a row of a table of behaviours says, and the asking of all rows through the parts that `rblwatch check` is
made of. Must not know which behaviours there are: `tests/integration/hostile` has the tables.

Each behaviour is a zone, and each zone is a list. Of a row that does not say otherwise, the list is sound, and only
what is asked about the three targets is answered in the hostile way.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum

from rblwatch import app
from rblwatch.catalog import load_catalogue
from rblwatch.core.blocklist import Blocklist, SelfTest, bare
from rblwatch.core.document import VerdictDocument, verdict_document
from rblwatch.core.question import query_name
from rblwatch.core.reading import Reading
from rblwatch.core.settings import Resolver
from rblwatch.core.target import Family, Target
from rblwatch.services import inquiry
from tests.support.endpoint import new_endpoint
from tests.support.nameserver import PORT, Nameserver, Query, Reply, Script, absent, found, reply_to

#: What is asked about: one of each family.
TARGETS = {
    Family.IPV4: Target("198.18.0.7", Family.IPV4),
    Family.IPV6: Target("2001:db8:100::7", Family.IPV6),
    Family.NAME: Target("spam.example.org", Family.NAME),
}
#: The time of one question. An answer that is to come in time comes much sooner, one that is not never comes.
TIMEOUT_S = 0.8
ATTEMPTS = 2
BUDGET_S = TIMEOUT_S * ATTEMPTS
#: The nameserver shares a thread with those who ask it.
_MOST_AT_ONCE = 64
#: What timed out unexpectedly on a busy machine is asked again, a few at a time and with more patience.
_MOST_IN_NO_HURRY = 8
_PATIENT_BUDGETS_S = (4 * BUDGET_S, 16 * BUDGET_S)

_TEST_CODE = "127.0.0.2"
PLAIN = bare("any.example")
_SUFFIX = ".hostile.example"
_ENTRIES = load_catalogue().entries

Play = Callable[[Query], Iterable[Reply]]


class Where(Enum):
    """Where a zone is served."""

    SHARED = "the one nameserver, with all the others"
    NO_TCP = "a nameserver that has no TCP"
    NOWHERE = "an address at which nobody listens"


@dataclass(frozen=True, slots=True)
class Row:
    """One behaviour, and what rblwatch is to make of it."""

    name: str
    """A label of DNS, so that each has a zone of its own."""
    plays: Play
    verdict: str
    """`listed CODE…`, `clear CODE…` or `unknown REASON`: of every target whose family the list carries."""
    why: str
    """The rule; `3` to `6` are sections of the facts about the protocol."""
    everywhere: bool = False
    """The test points are answered like the targets; else they are answered as a sound list does."""
    state: str = "sound"
    like: Blocklist = PLAIN
    """What the list is like; it gets the row's name and zone."""
    code: str = _TEST_CODE
    """What the sound list answers about its test points."""
    words: Play | None = None
    """What is answered about texts; `plays` has the rest."""
    text: str | None = "listed"
    """The list's own words, where something is listed."""
    where: Where = Where.SHARED

    @property
    def blocklist(self) -> Blocklist:
        """The list that is asked."""
        zone = self.like.zone.replace("any.example", f"{self.name}{_SUFFIX}")
        return replace(self.like, id=self.name, name=self.name, zone=zone)

    @property
    def families(self) -> list[Family]:
        """What the list can be asked about."""
        return [conversation.cohort.family for conversation in conversations(self)]


def conversations(row: Row) -> tuple[inquiry.Conversation, ...]:
    """All that a row's list is asked; the name is a whole domain to those lists that know no others."""
    return inquiry.conversations([row.blocklist], TARGETS.values(), [TARGETS[Family.NAME]])


class _Part:
    """A row at play: which names are its targets and its listed test points is known beforehand."""

    def __init__(self, row: Row) -> None:
        blocklist = row.blocklist
        self._row = row
        self._targets = {_asked(target, blocklist) for target in TARGETS.values()}
        self._points = {_asked(point, blocklist) for point in blocklist.selftest.listed}

    def answer(self, query: Query) -> Iterable[Reply]:
        row, name = self._row, query.name.lower()
        if query.kind == "TXT":
            return row.words(query) if row.words is not None else [reply_to(query, "NOERROR", '@ 60 IN TXT "listed"')]
        if row.everywhere or name in self._targets:
            return row.plays(query)
        return [found(query, row.code) if name in self._points else absent(query)]


def _asked(target: Target, blocklist: Blocklist) -> str:
    return query_name(target, blocklist.zone, blocklist.key_first).lower()


def untested(row: Row, verdict: str | None = None, state: str = "unverified") -> Row:
    """The same behaviour of a list that has no self-test."""
    name = f"{row.name}-untested"
    like = replace(row.like, selftest=SelfTest())
    return replace(row, name=name, like=like, verdict=verdict or row.verdict, state=state)


def catalogued(name: str) -> Blocklist:
    """A list of the catalogue, under its row's zone."""
    return replace(_ENTRIES[name].blocklist, zone="any.example")


def keyed(blocklist: Blocklist) -> Blocklist:
    """The same list with a key in its zone, whose letters must go out as they are."""
    zone = blocklist.zone
    return replace(blocklist, zone=f"SeKrEt.{zone}", keyed=True, public_zone=zone, lacks_key=False)


def key_first(blocklist: Blocklist) -> Blocklist:
    """The same list with a key before the target's labels."""
    return replace(blocklist, key_first="SeKrEt", keyed=True, public_zone=blocklist.zone, lacks_key=False)


@dataclass(frozen=True, slots=True)
class Said:
    """What was made of one row, for one family."""

    reading: Reading
    document: VerdictDocument

    @property
    def verdict(self) -> str:
        """As rows say it."""
        said = self.document
        details = [said["reason"]] if said["reason"] else said["codes"]
        return " ".join([said["verdict"], *details])


def script_of(rows: Sequence[Row]) -> Script:
    """What a nameserver says that serves the zones of all these rows."""
    stage = {row.name: _Part(row) for row in rows}
    twice = [name for name, count in Counter(row.name for row in rows).items() if count > 1]
    assert not twice, f"two behaviours have the same name: {twice}"

    def script(query: Query) -> Iterable[Reply]:
        label = query.name.lower().removesuffix(_SUFFIX).rsplit(".", 1)[-1]
        return stage[label].answer(query)

    return script


async def ask_through(address: str, rows: Sequence[Row], budget_s: float = BUDGET_S) -> dict[tuple[str, Family], Said]:
    """Ask the lists of all rows through one nameserver, as `rblwatch check` does; many at once, the slowest first."""
    resolver = Resolver(
        nameservers=(address,),
        timeout=timedelta(seconds=budget_s / ATTEMPTS),
        attempts=ATTEMPTS,
        queries_per_second=0,
    )
    limit = asyncio.Semaphore(_MOST_AT_ONCE if budget_s <= BUDGET_S else _MOST_IN_NO_HURRY)
    async with app.build_lookup(resolver) as lookup:

        async def ask(row: Row) -> tuple[Reading, ...]:
            async with limit:
                return await inquiry.hold(lookup, conversations(row))

        readings = await asyncio.gather(*map(ask, sorted(rows, key=lambda row: "timeout" not in row.verdict)))
    return {(one.blocklist.id, one.family): _said(one) for several in readings for one in several}


async def ask_all(rows: Sequence[Row]) -> dict[tuple[str, Family], Said]:
    """Play all rows at once, and ask all of them at once."""
    return await ask_patiently(rows, _ask_everywhere)


async def ask_patiently(
    rows: Sequence[Row], ask: Callable[[Sequence[Row], float], Awaitable[dict[tuple[str, Family], Said]]]
) -> dict[tuple[str, Family], Said]:
    """Ask all rows with the usual budget, and those in no hurry that timed out unexpectedly.

    On a busy machine even an answer in time may come too late.
    """
    said = await ask(rows, BUDGET_S)
    for budget_s in _PATIENT_BUDGETS_S:
        hurried = [row for row in rows if any(_came_late(row, said[row.name, family]) for family in row.families)]
        said |= await ask(hurried, budget_s) if hurried else {}
    return said


async def _ask_everywhere(rows: Sequence[Row], budget_s: float) -> dict[tuple[str, Family], Said]:
    script = script_of(rows)
    async with Nameserver(script) as shared, Nameserver(script, listens_on_tcp=False) as without_tcp:
        addresses = {
            Where.SHARED: shared.address,
            Where.NO_TCP: without_tcp.address,
            Where.NOWHERE: str(new_endpoint(PORT)),
        }
        asked = await asyncio.gather(
            *(
                ask_through(address, [row for row in rows if row.where is where], budget_s)
                for where, address in addresses.items()
            )
        )
    return {key: said for some in asked for key, said in some.items()}


def _came_late(row: Row, said: Said) -> bool:
    if said.verdict.startswith("listed"):
        return said.document["text"] is None and row.text is not None
    is_unreachable = said.reading.soundness.state.value == "unreachable" != row.state
    return said.verdict == "unknown timeout" and (row.verdict != said.verdict or is_unreachable)


def _said(reading: Reading) -> Said:
    target = TARGETS[reading.family]
    verdict = reading.verdict(target)
    return Said(reading, verdict_document(reading.blocklist, target, verdict, reading.texts.get(target)))
