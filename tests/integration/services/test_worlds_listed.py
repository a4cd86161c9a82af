"""A list that lists everybody, with 200 servers registered: it is one cause, and no news of any server.

What history's lists did is in `facts/dead`: osirusoft (2003), ORDB (2008), AHBL (2015) and a dozen lapsed domains.
"""

from collections.abc import Sequence
from datetime import timedelta
from ipaddress import ip_network

import pytest

from rblwatch.core.alert import Line
from rblwatch.core.incident import Incident
from rblwatch.core.settings import Server
from rblwatch.core.target import Family, Target
from rblwatch.store.database import Store
from tests.integration.services.scene import CHAT, MAIL, held, list_of, look, said, tell, to, watching
from tests.support.site import Site
from tests.support.world import NAMESERVER, Mode, ScriptedList

SERVERS = [Server(name=f"mx{number}", networks=(ip_network(f"10.1.0.{number}/32"),)) for number in range(1, 201)]
TARGETS = [Target(f"10.1.0.{number}", Family.IPV4) for number in range(1, 201)]
#: Really listed from before: some of everybody's, none a neighbour of another.
LISTED = TARGETS[4::40]
NEWLY = TARGETS[100]
OTHERS = [target for target in TARGETS if target not in LISTED]
RECIPIENTS = (CHAT, MAIL)


async def fleet(store: Store, scripted: ScriptedList) -> Site:
    """Two hundred servers on two lists, some of them on one of these; everybody knows."""
    scripted.entries = dict.fromkeys(LISTED, ())
    site = await watching(store, scripted, list_of("b.test"), servers=SERVERS, first_round=False)
    for target in LISTED:
        site.world.list("a.test", target)
    await site.sweep()
    await site.monitor.release_first_looks()
    await site.deliver()
    for recipient in RECIPIENTS:
        (first,) = to(site, recipient)
        assert said(first) == [(Line.LISTED, target.text) for target in LISTED]
    return site


async def hide(site: Site, mode: Mode) -> None:
    """Sweep while the resolver holds the right answers to the self-test, since somebody else has just asked for them.

    All servers look listed then, on a list whose self-test passes.
    """
    site.clock.advance(timedelta(minutes=5))
    for probe in site.lookup.batches[0].probes:
        site.lookup.question(NAMESERVER, "a.test", probe.target)
    site.world.turn("a.test", mode)
    site.clock.advance(timedelta(minutes=2))
    tally = await site.sweep()
    assert tally.unknown >= len(OTHERS)


def told_of_servers(site: Site) -> dict[str, list[tuple[Line, str]]]:
    """What everybody was told of servers after the first message."""
    return {name: [line for message in to(site, name, since=1) for line in said(message)] for name in RECIPIENTS}


def told_of_causes(site: Site) -> dict[str, list[tuple[Line, str]]]:
    """What everybody was told of lists."""
    return {
        name: [
            (entry.line, incident.blocklist)
            for message in to(site, name)
            for entry in message.entries
            if (incident := entry.news.incident) is not None
        ]
        for name in RECIPIENTS
    }


def incidents(store: Store) -> Sequence[Incident]:
    return store.read_now(lambda queries: queries.incidents(open_only=False))


def everybody(*lines: tuple[Line, str]) -> dict[str, list[tuple[Line, str]]]:
    return {name: list(lines) for name in RECIPIENTS}


@pytest.mark.parametrize(
    ("mode", "ttls_s", "is_hidden"),
    [
        # Its self-test shows it at once.
        (Mode.WILDCARD, (60, 60), False),
        # The resolver still holds the right answers to its self-test, but no longer those about servers.
        (Mode.WILDCARD, (3600, 300), True),
        # It holds the lies for longer than they last.
        (Mode.WILDCARD, (3600, 60), False),
        (Mode.INVERTED, (60, 60), False),
        (Mode.INVERTED, (3600, 300), True),
        # Its domain was parked: what is answered is no answer of a DNSBL.
        (Mode.OUTSIDE, (60, 60), False),
        (Mode.OUTSIDE, (3600, 300), True),
    ],
)
async def test_a_list_that_lists_everybody_is_one_cause_and_no_news_of_200_servers(
    store: Store, mode: Mode, ttls_s: tuple[int, int], *, is_hidden: bool
) -> None:
    site = await fleet(store, list_of("a.test", positive_ttl_s=ttls_s[0], negative_ttl_s=ttls_s[1]))
    before = store.read_now(lambda queries: queries.open_listings())

    if is_hidden:
        await hide(site, mode)
    site.world.turn("a.test", mode)
    for _ in range(6):
        await look(site)
    assert told_of_servers(site) == everybody()
    assert told_of_causes(site) == everybody((Line.BLIND, "a.test"))
    assert held(site) == [("a.test", target.text) for target in LISTED]

    site.world.turn("a.test", Mode.HEALTHY)
    for _ in range(8):
        await look(site)
    assert told_of_servers(site) == everybody()
    assert told_of_causes(site) == everybody((Line.BLIND, "a.test"), (Line.SIGHTED, "a.test"))
    assert [(incident.blocklist, incident.stands) for incident in incidents(store)] == [("a.test", False)]
    # The very same listings as before, not others in their place.
    after = store.read_now(lambda queries: queries.open_listings())
    assert [(one.id, one.target, one.listed_at) for one in after] == [
        (one.id, one.target, one.listed_at) for one in before
    ]

    site.world.list("a.test", NEWLY)
    site.world.delist("a.test", LISTED[0])
    for _ in range(6):
        await look(site)
        site.clock.advance(timedelta(hours=1))
    await tell(site)
    assert {name: sorted(lines) for name, lines in told_of_servers(site).items()} == everybody(
        (Line.DELISTED, LISTED[0].text), (Line.LISTED, NEWLY.text)
    )


async def test_copies_of_a_moments_lies_are_no_news_of_200_servers(store: Store) -> None:
    """It listed everybody for two minutes; the resolver repeats that for an hour, while its self-test is right."""
    site = await fleet(store, list_of("a.test", positive_ttl_s=3600, negative_ttl_s=300))
    before = held(site)
    await hide(site, Mode.WILDCARD)
    site.world.turn("a.test", Mode.HEALTHY)
    for _ in range(10):
        site.clock.advance(timedelta(minutes=5))
        await site.sweep()
        await tell(site)
    assert told_of_servers(site) == everybody()
    for _ in range(6):
        await look(site)
    assert told_of_servers(site) == everybody()
    assert told_of_causes(site) == everybody((Line.BLIND, "a.test"), (Line.SIGHTED, "a.test"))
    assert held(site) == before


async def test_two_hundred_servers_that_are_really_listed_are_all_told(store: Store) -> None:
    """A whole range that is listed looks much like a list that lists everybody; its self-test passes, so it is true."""
    site = await fleet(store, list_of("a.test"))
    for target in OTHERS:
        site.world.list("a.test", target)
    for _ in range(3):
        await look(site)
    assert told_of_causes(site) == everybody()
    for lines in told_of_servers(site).values():
        assert sorted(lines) == sorted((Line.LISTED, target.text) for target in OTHERS)
    assert len(to(site, CHAT)) == 2


async def test_five_hundred_servers_listed_by_one_cause_are_one_message_that_tells_of_all(store: Store) -> None:
    targets = [Target(f"10.2.{number // 250}.{number % 250 + 1}", Family.IPV4) for number in range(500)]
    servers = [Server(name=f"s{at}", networks=(ip_network(f"{one.text}/32"),)) for at, one in enumerate(targets)]
    site = await watching(store, list_of("a.test"), list_of("b.test"), servers=servers)
    for target in targets:
        site.world.list("a.test", target)
    for _ in range(3):
        await look(site)
    for recipient in RECIPIENTS:
        (message,) = to(site, recipient)
        assert sorted(said(message)) == sorted((Line.LISTED, target.text) for target in targets)

    for target in targets:
        site.world.delist("a.test", target)
    for _ in range(5):
        await look(site)
    for recipient in RECIPIENTS:
        _, message = to(site, recipient)
        assert sorted(said(message)) == sorted((Line.DELISTED, target.text) for target in targets)
