"""Domain names on domain lists: found, proven, told and ended as addresses are."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

from rblwatch.core.alert import Line
from rblwatch.core.blocklist import Kind, bare
from rblwatch.core.settings import Server
from rblwatch.core.soundness import State
from rblwatch.core.target import Family, Target, parse_name
from rblwatch.store.database import Store
from tests.integration.services.scene import CHAT, condition, held, list_of, look, said, to, watching
from tests.support.world import Mode, ScriptedList

DOMAIN, MAIL_NAME = parse_name("example.test"), parse_name("mail.example.test")
NAMED = Server(name="mx1", networks=(ip_network("10.0.0.1/32"),), domains=(MAIL_NAME, DOMAIN), tags=("production",))


def domain_list(zone: str = "dbl.test") -> ScriptedList:
    return ScriptedList(bare(zone, kind=Kind.DOMAIN))


async def test_a_domain_is_told_when_it_is_listed_and_when_it_is_delisted(store: Store) -> None:
    site = await watching(store, list_of(), domain_list(), servers=[NAMED])
    site.world.list("dbl.test", DOMAIN, "127.0.1.2")
    await look(site)
    assert held(site) == [("dbl.test", "example.test")]
    (server,) = site.status().servers
    assert [(t.target.text, t.listed, t.clear) for t in server.targets] == [
        ("10.0.0.1", 0, 1),
        ("mail.example.test", 0, 1),
        ("example.test", 1, 0),
    ]
    site.world.delist("dbl.test", DOMAIN)
    for _ in range(3):
        await look(site)
    assert [said(message) for message in to(site, CHAT)] == [
        [(Line.LISTED, "example.test")],
        [(Line.DELISTED, "example.test")],
    ]
    (listing,) = store.read_now(lambda queries: queries.history(server="mx1"))
    assert (listing.target, listing.blocklist) == (DOMAIN, "dbl.test")


async def test_news_of_a_domain_is_proven_by_a_label_that_no_cache_can_hold(store: Store) -> None:
    site = await watching(store, domain_list(), servers=[NAMED])
    site.world.list("dbl.test", DOMAIN)
    site.world.lists["dbl.test"].proofs_answered = False
    await look(site)
    assert to(site, CHAT) == []
    site.world.lists["dbl.test"].proofs_answered = True
    await look(site)
    assert [said(message) for message in to(site, CHAT)] == [[(Line.LISTED, "example.test")]]


async def test_a_domain_list_that_lists_everything_pages_nobody_about_a_domain(store: Store) -> None:
    site = await watching(store, domain_list(), servers=[NAMED])
    site.world.turn("dbl.test", Mode.WILDCARD)
    await look(site)
    assert held(site) == []
    assert condition(site, "dbl.test").soundness.state is State.UNSOUND
    assert [line for message in to(site, CHAT) for line in [entry.line for entry in message.entries]] == [Line.BLIND]


async def test_a_list_of_whole_domains_is_asked_about_nothing_else(store: Store) -> None:
    whole = ScriptedList(replace(bare("whole.test", kind=Kind.DOMAIN), registrable=True))
    site = await watching(store, whole, domain_list(), list_of(), servers=[NAMED])
    site.world.list("whole.test", MAIL_NAME)
    await look(site)
    assert (held(site), to(site, CHAT)) == ([], [])
    site.world.list("whole.test", DOMAIN)
    await look(site)
    assert held(site) == [("whole.test", "example.test")]
    (message,) = to(site, CHAT)
    # Clear on the other domain list; no address list was asked.
    assert [(entry.tally.listed, entry.tally.lists) for entry in message.entries if entry.tally] == [(1, 2)]


async def test_a_name_that_is_registered_no_more_ends_as_an_address_does(store: Store) -> None:
    site = await watching(store, domain_list(), servers=[NAMED])
    site.world.list("dbl.test", MAIL_NAME)
    await look(site)
    await site.reload(replace(site.settings, servers=(replace(NAMED, domains=(DOMAIN,)),)))
    await look(site)
    assert held(site) == []
    assert [line for message in to(site, CHAT) for line, _ in said(message)] == [Line.LISTED, Line.ENDED]
    assert Target("mail.example.test", Family.NAME) not in store.read_now(lambda queries: queries.targets())


async def test_each_name_is_counted_on_the_lists_that_are_asked_about_it(store: Store) -> None:
    whole = ScriptedList(replace(bare("whole.test", kind=Kind.DOMAIN), registrable=True))
    site = await watching(store, whole, domain_list(), servers=[NAMED])
    site.world.list("dbl.test", MAIL_NAME)
    site.world.list("dbl.test", DOMAIN)
    await look(site)
    targets = {t.target.text: (t.listed, t.clear) for t in site.status().servers[0].targets}
    assert targets == {"10.0.0.1": (0, 0), "mail.example.test": (1, 0), "example.test": (1, 1)}
    (message,) = to(site, CHAT)
    lists = {e.news.listing.target: e.tally.lists for e in message.entries if e.news.listing and e.tally}
    assert lists == {MAIL_NAME: 1, DOMAIN: 2}
