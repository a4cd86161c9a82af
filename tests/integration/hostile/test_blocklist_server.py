"""What a real blocklist server can be made to say: rbldnsd, asked itself and through unbound."""

import asyncio
from dataclasses import dataclass, replace

import pytest

from rblwatch.core.target import Family
from tests.conftest import StartUnbound
from tests.support.hostile import PLAIN, TARGETS, Row, ask_patiently, ask_through
from tests.support.plays import silent
from tests.support.rbldnsd import TEST_POINTS, Entry, Rbldnsd, Zone


@dataclass(frozen=True)
class Served:
    """How a zone is served, and what comes of it; through a resolver something else may."""

    name: str
    verdict: str
    state: str = "sound"
    behaviour: str = ":pass"
    entries: tuple[Entry, ...] = ()
    text: str | None = None
    resolved: tuple[str, str] | None = None

    def row(self, *, through_resolver: bool) -> Row:
        """The row of a table of behaviours; who plays is rbldnsd."""
        verdict, state = (self.resolved if through_resolver else None) or (self.verdict, self.state)
        # Of IPv6 addresses, rbldnsd holds one entry each.
        families = PLAIN.families if len(self.entries) < 2 else frozenset({Family.IPV4})
        like = replace(PLAIN, families=families)
        return Row(self.name, silent, verdict, "1, 4", state=state, like=like, text=self.text)


GONE = ("unknown servfail", "unreachable")
ZONES = (
    Served("clear", "clear"),
    Served("listed", "listed 127.0.0.2", entries=(Entry(),)),
    Served("two-codes", "listed 127.0.0.2 127.0.0.9", entries=(Entry("127.0.0.9"), Entry("127.0.0.2"))),
    Served("code-and-refusal", "listed 127.0.0.4", entries=(Entry("127.255.255.254"), Entry("127.0.0.4"))),
    Served("refusal", "unknown refusal-code", entries=(Entry("127.255.255.255"),)),
    Served("loopback", "unknown refusal-code", entries=(Entry("127.0.0.1"),)),
    Served("parked-entry", "unknown not-a-dnsbl-answer", entries=(Entry("91.195.240.117"),)),
    Served(
        "controls",
        "listed 127.0.0.2",
        entries=(Entry("127.0.0.2", "\x1b[31mred \u202ereversed"),),
        text="[31mred reversed",
    ),
    Served("wildcard", "unknown unsound", "unsound", ":127.0.0.2:all of you"),
    Served("told-off", "unknown refusal-code", "refusing", ":127.255.255.254:not you"),
    Served("parked", "unknown not-a-dnsbl-answer", "unsound", ":203.0.113.80:for sale"),
    Served("emptied", "unknown unsound", "unsound", ":empty"),
    Served("refusing", "unknown refused", "refusing", ":refuse", resolved=GONE),
    Served("silent", "unknown timeout", "unreachable", ":ignore"),
)


@pytest.fixture
def serving(rbldnsd: Rbldnsd) -> Rbldnsd:
    """All zones, with one start of the server."""
    for served in ZONES:
        zone = Zone(rbldnsd, f"{served.name}.hostile.example", behaviour=served.behaviour)
        zone.entries = {point: (Entry(),) for point in TEST_POINTS}
        if served.entries:
            zone.entries |= {target.text: served.entries for target in TARGETS.values()}
        rbldnsd.zones[zone.name] = zone
    rbldnsd.start()
    return rbldnsd


@pytest.mark.parametrize("through_resolver", [False, True])
async def test_every_way_to_serve_has_one_verdict(
    serving: Rbldnsd, start_unbound: StartUnbound, through_resolver: bool
) -> None:
    rows = [served.row(through_resolver=through_resolver) for served in ZONES]
    place = serving.endpoint
    if through_resolver:
        zones = dict.fromkeys(serving.zones, serving.endpoint)
        place = (await asyncio.to_thread(start_unbound, zones)).endpoint
    said = await ask_patiently(rows, lambda some, budget_s: ask_through(str(place), some, budget_s))
    made = {(row.name, family): said[row.name, family] for row in rows for family in row.families}
    assert {key: (one.verdict, one.reading.soundness.state.value) for key, one in made.items()} == {
        (row.name, family): (row.verdict, row.state) for row in rows for family in row.families
    }
    assert {one.document["text"] for (name, _), one in made.items() if name == "controls"} == {"[31mred reversed"}
