"""Servers that change their mind while they are asked: between the probes and a question, and after it."""

from collections.abc import Callable, Sequence
from itertools import islice

import pytest

from rblwatch.core.blocklist import bare
from rblwatch.core.question import reversed_labels
from rblwatch.core.reading import Reading
from rblwatch.core.target import Family, Target, expand, parse_address, parse_range
from rblwatch.core.verdict import Clear, Listed, Unknown
from rblwatch.services import inquiry
from tests.integration.resolver.asking import new_engine
from tests.support.nameserver import Nameserver, Query, Reply, Script, listing, reply_to
from tests.support.plays import Play, clear, codes, crafted, listed, say, silent

LIST = bare("bl.example")
TARGETS = list(islice(expand(parse_range("198.18.0.0/24")), 20))
LISTED_ONE = TARGETS[7]
HONEST = listing(reversed_labels(LISTED_ONE))
#: Its three probes come first.
PROBES = 3


async def ask(*scripts: Script, targets: Sequence[Target] = TARGETS, budget_s: float = 0.8) -> Reading:
    """Ask one list about targets, through nameservers that follow these scripts."""
    servers = [Nameserver(script) for script in scripts]
    for server in servers:
        await server.__aenter__()
    try:
        async with new_engine(*(server.address for server in servers), budget_s=budget_s) as engine:
            (reading,) = await inquiry.hold(engine, inquiry.conversations([LIST], targets))
            return reading
    finally:
        for server in servers:
            await server.__aexit__(None, None, None)


def turning(after: int, later: Play, first: Play = HONEST) -> Script:
    """Play one part for so many questions about addresses, then another."""
    asked: list[str] = []

    def script(query: Query) -> Sequence[Reply]:
        if query.kind == "A" and query.name not in asked:
            asked.append(query.name)
        is_later = query.name not in asked[:after]
        return list((later if is_later else first)(query))

    return script


def verdicts(reading: Reading) -> dict[str, int]:
    """How many targets have which verdict."""
    said = [reading.verdict(target) for target in reading.targets]
    names = [verdict.reason.value if isinstance(verdict, Unknown) else type(verdict).__name__ for verdict in said]
    return {name: names.count(name) for name in names}


@pytest.mark.parametrize(
    ("script", "made"),
    [
        # Honest to the end.
        (lambda: HONEST, {"Clear": 19, "Listed": 1}),
        # It lists the world from the first question after its probes on: the second look sees that.
        (lambda: turning(PROBES, listed), {"unsound": 20}),
        # It does so only after all questions: the one true listing is not believed either.
        (lambda: turning(PROBES + 20, listed), {"unsound": 20}),
        # Amid the questions: the clear answers from before are not believed either.
        (lambda: turning(PROBES + 10, listed), {"unsound": 20}),
        # The second look is refused, parked, filtered or dropped: a listing that cannot be proven is unknown.
        (lambda: turning(PROBES + 20, codes("127.255.255.254")), {"refusal-code": 20}),
        (lambda: turning(PROBES + 20, codes("203.0.113.80")), {"not-a-dnsbl-answer": 20}),
        (lambda: turning(PROBES + 20, say("REFUSED")), {"refused": 20}),
        (lambda: turning(PROBES + 20, say("NXDOMAIN", note=15)), {"filtered": 20}),
        (lambda: turning(PROBES + 20, silent), {"timeout": 20}),
        # Ten good answers, then none: what was said before counts, and what was not is unknown.
        (lambda: turning(PROBES + 10, say("SERVFAIL"), listing()), {"Clear": 10, "servfail": 10}),
        (lambda: turning(PROBES + 10, say("REFUSED"), listing()), {"Clear": 10, "refused": 10}),
        (lambda: turning(PROBES + 10, codes("127.255.255.255"), listing()), {"Clear": 10, "refusal-code": 10}),
        (lambda: turning(PROBES + 10, codes("91.195.240.117"), listing()), {"Clear": 10, "not-a-dnsbl-answer": 10}),
        (lambda: turning(PROBES + 10, crafted(counts=(1, 0, 0)), listing()), {"Clear": 10, "malformed": 10}),
        (lambda: turning(PROBES + 10, say("NOERROR", note=17), listing()), {"Clear": 10, "filtered": 10}),
        (lambda: turning(PROBES + 10, silent, listing()), {"Clear": 10, "timeout": 10}),
        # From the first target on.
        (lambda: turning(PROBES, say("SERVFAIL")), {"servfail": 20}),
        (lambda: turning(PROBES, codes("127.0.0.1")), {"refusal-code": 20}),
        # Its probes: one good answer, then trouble.
        (lambda: turning(1, silent), {"timeout": 20}),
        (lambda: turning(1, say("SERVFAIL")), {"servfail": 20}),
        (lambda: turning(2, listed), {"unsound": 20}),
        # It is emptied between its probes and the questions: that cannot be seen at once, and is no news of a listing.
        (lambda: turning(PROBES, clear), {"Clear": 20}),
    ],
)
async def test_a_server_that_changes_its_mind(script: Callable[[], Script], made: dict[str, int]) -> None:
    assert verdicts(await ask(script())) == made


def stripping(query: Query) -> Sequence[Reply]:
    """Answer like a router with rebinding protection: what is inside 127/8 is left out."""
    return [reply_to(query)] if query.name.startswith(("2.0.0.127.", reversed_labels(LISTED_ONE))) else clear(query)


def rewriting(query: Query) -> Sequence[Reply]:
    """Answer like a provider's search page: what does not exist has its address."""
    (reply,) = HONEST(query)
    is_absent = isinstance(reply, bytes) and reply[3] & 0x0F == 3
    return list(codes("203.0.113.80")(query)) if is_absent else [reply]


@pytest.mark.parametrize(
    ("second", "made"),
    [
        # The next one is asked everything anew, its probes too.
        (HONEST, {"Clear": 19, "Listed": 1}),
        # Failover in mid-sweep: the next nameserver makes of a listing nothing, or of nothing something.
        (stripping, {"unsound": 20}),
        (rewriting, {"not-a-dnsbl-answer": 20}),
        (codes("127.255.255.254"), {"refusal-code": 20}),
    ],
)
async def test_a_nameserver_that_dies_in_mid_sweep_hands_over_no_trust(second: Play, made: dict[str, int]) -> None:
    reading = await ask(turning(PROBES, silent), second, targets=[*TARGETS])
    assert verdicts(reading) == made


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
