"""What becomes of a list that is unsound: in one family only, after an outage, or worse than it was."""

from dataclasses import dataclass, replace
from datetime import timedelta
from ipaddress import ip_network

from rblwatch.core.alert import Kind
from rblwatch.core.blocklist import bare
from rblwatch.core.question import Absent, Answer
from rblwatch.core.settings import Server
from rblwatch.core.soundness import Flaw
from rblwatch.core.target import Family, Target
from rblwatch.store.database import Store
from tests.integration.services.scene import CHAT, HOST, MX1, held, list_of, look, to, watching
from tests.support.site import Site
from tests.support.world import Mode, ScriptedList

DUAL = replace(MX1, networks=(*MX1.networks, ip_network("fd00::1/128")))


@dataclass
class IPv4Only(ScriptedList):
    """A zone that has nothing about IPv6, not even its test point."""

    def answer(self, target: Target) -> Answer:
        return Absent(60) if target.family is Family.IPV6 else super().answer(target)


def told_of_list(site: Site) -> list[tuple[Kind, Flaw | None, str]]:
    return [
        (entry.news.kind, entry.news.incident.flaw, entry.news.incident.detail)
        for message in to(site, CHAT)
        for entry in message.entries
        if entry.news.incident is not None
    ]


async def test_a_family_that_is_unsound_for_a_month_leaves_the_listings_of_the_other(store: Store) -> None:
    servers: list[Server] = [DUAL]
    site = await watching(store, IPv4Only(bare("a.test")), servers=servers)
    site.world.list("a.test", HOST)
    await look(site)
    await look(site)
    await look(site)
    ((kind, flaw, detail),) = told_of_list(site)
    assert (kind, flaw) == (Kind.BLIND, Flaw.SILENT)
    assert detail.startswith("only its IPv6 answers cannot be believed, its IPv4 answers can: ")
    site.clock.advance(timedelta(days=31))
    before = len(to(site, CHAT))
    for _ in range(4):
        await look(site)
    assert held(site) == [("a.test", HOST.text)]
    assert to(site, CHAT, since=before) == []


async def test_a_month_out_of_reach_is_no_month_of_failed_self_tests(store: Store) -> None:
    site = await watching(store, list_of())
    site.world.list("a.test", HOST)
    await look(site)
    site.world.turn("a.test", Mode.DEAD)
    await look(site)
    site.clock.advance(timedelta(days=30))
    site.world.turn("a.test", Mode.WILDCARD)
    await look(site)
    assert held(site) == [("a.test", HOST.text)]
    site.clock.advance(timedelta(days=30))
    await look(site)
    assert held(site) == []


async def test_a_list_out_of_reach_that_then_lists_everybody_is_told_once_more(store: Store) -> None:
    site = await watching(store, list_of())
    for mode in (Mode.DEAD, Mode.WILDCARD, Mode.DEAD, Mode.WILDCARD):
        site.world.turn("a.test", mode)
        for _ in range(4):
            await look(site)
    assert len(told_of_list(site)) == 2
    assert told_of_list(site)[-1][:2] == (Kind.BLIND, Flaw.WILDCARD)
