"""Servers that change their mind while they are asked: between the probes and a question, and after it.

Every sequence has nameservers of its own, and all are asked at once.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import islice

import pytest

from rblwatch.core.blocklist import bare
from rblwatch.core.question import reversed_labels
from rblwatch.core.reading import Reading
from rblwatch.core.target import Family, expand, parse_address, parse_range
from rblwatch.core.verdict import Clear, Listed, Unknown
from rblwatch.services import inquiry
from tests.integration.resolver.asking import new_engine
from tests.support.hostile import BUDGET_S
from tests.support.nameserver import Nameserver, Query, Reply, Script, listing, reply_to
from tests.support.plays import Play, clear, codes, crafted, listed, say, silent

LIST = bare("bl.example")
TARGETS = list(islice(expand(parse_range("198.18.0.0/24")), 20))
LISTED_ONE = TARGETS[7]
HONEST = listing(reversed_labels(LISTED_ONE))
NOBODY = listing()
#: Its three probes come first.
PROBES = 3


def turning(after: int, later: Play, first: Play = HONEST) -> Script:
    """Play one part for so many questions about addresses, then another."""
    asked: list[str] = []

    def script(query: Query) -> Sequence[Reply]:
        if query.kind == "A" and query.name not in asked:
            asked.append(query.name)
        is_later = query.name not in asked[:after]
        return list((later if is_later else first)(query))

    return script


def stripping(query: Query) -> Sequence[Reply]:
    """Answer like a router with rebinding protection: what is inside 127/8 is left out."""
    is_inside = query.name.startswith(("2.0.0.127.", reversed_labels(LISTED_ONE)))
    return [reply_to(query)] if is_inside else list(clear(query))


def rewriting(query: Query) -> Sequence[Reply]:
    """Answer like a provider's search page: what does not exist has its address."""
    (reply,) = HONEST(query)
    is_absent = isinstance(reply, bytes) and reply[3] & 0x0F == 3
    return list(codes("203.0.113.80")(query)) if is_absent else [reply]


@dataclass(frozen=True)
class Turn:
    """After how many questions what is played, and how many of twenty targets have which verdict then."""

    name: str
    after: int
    later: Play
    made: dict[str, int]
    first: Play = HONEST
    second: Play | None = None
    """What the next nameserver plays, where there is one."""


SEQUENCES = (
    Turn("honest", PROBES, HONEST, {"Clear": 19, "Listed": 1}),
    # It lists the world from the first question after its probes on: the second look sees that.
    Turn("wildcard-after-probes", PROBES, listed, {"unsound": 20}),
    # It does so only after all questions: the one true listing is not believed either.
    Turn("wildcard-after-questions", PROBES + 20, listed, {"unsound": 20}),
    # Amid the questions: the clear answers from before are not believed either.
    Turn("wildcard-amid-questions", PROBES + 10, listed, {"unsound": 20}),
    # The second look is refused, parked, filtered or dropped: a listing that cannot be proven is unknown.
    Turn("refusal-code-at-second-look", PROBES + 20, codes("127.255.255.254"), {"refusal-code": 20}),
    Turn("parked-at-second-look", PROBES + 20, codes("203.0.113.80"), {"not-a-dnsbl-answer": 20}),
    Turn("refused-at-second-look", PROBES + 20, say("REFUSED"), {"refused": 20}),
    Turn("filtered-at-second-look", PROBES + 20, say("NXDOMAIN", note=15), {"filtered": 20}),
    Turn("silent-at-second-look", PROBES + 20, silent, {"timeout": 20}),
    # Ten good answers, then none: what was said before counts, and what was not is unknown.
    Turn("servfail-after-ten", PROBES + 10, say("SERVFAIL"), {"Clear": 10, "servfail": 10}, NOBODY),
    Turn("refused-after-ten", PROBES + 10, say("REFUSED"), {"Clear": 10, "refused": 10}, NOBODY),
    Turn("told-off-after-ten", PROBES + 10, codes("127.0.0.1"), {"Clear": 10, "refusal-code": 10}, NOBODY),
    Turn("parked-after-ten", PROBES + 10, codes("91.1.1.1"), {"Clear": 10, "not-a-dnsbl-answer": 10}, NOBODY),
    Turn("broken-after-ten", PROBES + 10, crafted(counts=(1, 0, 0)), {"Clear": 10, "malformed": 10}, NOBODY),
    Turn("filtered-after-ten", PROBES + 10, say("NOERROR", note=17), {"Clear": 10, "filtered": 10}, NOBODY),
    Turn("silent-after-ten", PROBES + 10, silent, {"Clear": 10, "timeout": 10}, NOBODY),
    # From the first target on.
    Turn("servfail-after-probes", PROBES, say("SERVFAIL"), {"servfail": 20}),
    Turn("refusal-code-after-probes", PROBES, codes("127.0.0.1"), {"refusal-code": 20}),
    Turn("silent-after-probes", PROBES, silent, {"timeout": 20}),
    # Its probes: one or two good answers, then trouble.
    Turn("silent-after-one-probe", 1, silent, {"timeout": 20}),
    Turn("servfail-after-one-probe", 1, say("SERVFAIL"), {"servfail": 20}),
    Turn("wildcard-after-two-probes", 2, listed, {"unsound": 20}),
    # It is emptied between its probes and the questions: that cannot be seen at once, and is no news of a listing.
    Turn("emptied-after-probes", PROBES, clear, {"Clear": 20}),
    # The nameserver dies, and the next one is asked everything anew, its probes too. It makes of a listing nothing, or
    # of nothing something: no trust is handed over.
    Turn("failover", PROBES, silent, {"Clear": 19, "Listed": 1}, second=HONEST),
    Turn("failover-to-stripping", PROBES, silent, {"unsound": 20}, second=stripping),
    Turn("failover-to-rewriting", PROBES, silent, {"not-a-dnsbl-answer": 20}, second=rewriting),
    Turn("failover-to-refusing", PROBES, silent, {"refusal-code": 20}, second=codes("127.255.255.254")),
)

pytestmark = pytest.mark.xdist_group("hostile")


async def ask(sequence: Turn, budget_s: float = BUDGET_S) -> dict[str, int]:
    """How many targets have which verdict; a time-out that was not to be is tried again, in no hurry."""
    async with AsyncExitStack() as running:
        scripts = [turning(sequence.after, sequence.later, sequence.first), *filter(None, [sequence.second])]
        servers = [await running.enter_async_context(Nameserver(script)) for script in scripts]
        engine = new_engine(*(server.address for server in servers), budget_s=budget_s)
        await running.enter_async_context(engine)
        (reading,) = await inquiry.hold(engine, inquiry.conversations([LIST], TARGETS))
    made = verdicts(reading)
    is_hurried = "timeout" in made and "timeout" not in sequence.made and budget_s == BUDGET_S
    return await ask(sequence, 8 * BUDGET_S) if is_hurried else made


def verdicts(reading: Reading) -> dict[str, int]:
    """How many targets have which verdict."""
    said = [reading.verdict(target) for target in reading.targets]
    names = [verdict.reason.value if isinstance(verdict, Unknown) else type(verdict).__name__ for verdict in said]
    return {name: names.count(name) for name in names}


@pytest.fixture(scope="module")
def made() -> dict[str, dict[str, int]]:
    """What came of all of them."""

    async def ask_all() -> list[dict[str, int]]:
        return await asyncio.gather(*map(ask, SEQUENCES))

    return dict(zip([sequence.name for sequence in SEQUENCES], asyncio.run(ask_all()), strict=True))


@pytest.mark.parametrize("sequence", SEQUENCES, ids=lambda sequence: sequence.name)
def test_a_server_that_changes_its_mind(sequence: Turn, made: dict[str, dict[str, int]]) -> None:
    assert made[sequence.name] == sequence.made


async def test_each_family_has_its_own_soundness() -> None:
    """A list that lists every IPv6 address is believed about IPv4."""
    v6 = parse_address("2001:db8:100::7")

    def script(query: Query) -> Sequence[Reply]:
        return list(listed(query) if len(query.name) > 60 else HONEST(query))

    async with Nameserver(script) as server, new_engine(server.address) as engine:
        readings = await inquiry.hold(engine, inquiry.conversations([LIST], [LISTED_ONE, TARGETS[0], v6]))
    said = {reading.family: reading for reading in readings}
    assert isinstance(said[Family.IPV4].verdict(LISTED_ONE), Listed)
    assert said[Family.IPV4].verdict(TARGETS[0]) == Clear()
    assert verdicts(said[Family.IPV6]) == {"unsound": 1}
