"""Allow lists: being on one is shown, losing it is told once it is proven, and nothing of it counts as listed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from rblwatch.core.alert import Line
from rblwatch.core.blocklist import Kind, bare
from rblwatch.core.conclusion import Exit
from rblwatch.core.message import Message
from rblwatch.core.routing import Silence
from rblwatch.core.settings import Route, Topic
from rblwatch.store.database import Store
from tests.integration.services.scene import (
    CHAT,
    HOST,
    MAIL,
    MX1,
    MX2,
    OTHER,
    held,
    list_of,
    look,
    minutes,
    pending,
    tell,
    to,
    watching,
)
from tests.support.configuration import settings_of
from tests.support.site import Site
from tests.support.world import Mode, ScriptedList

ALLOW = "wl.test"


def allow_list() -> ScriptedList:
    return ScriptedList(bare(ALLOW, kind=Kind.ALLOW))


async def site_with_a_good_word(store: Store, routes: Sequence[Route] | None = None) -> Site:
    lists = [list_of(), allow_list()]
    settings = settings_of([MX1, MX2], [one.blocklist for one in lists], routes=routes)
    site = await watching(store, *lists, settings=settings)
    site.world.list(ALLOW, HOST, "127.0.5.2")
    await look(site)
    return site


def lost(messages: Sequence[Message]) -> list[tuple[str | None, str | None]]:
    return [(e.news.target, e.news.blocklist) for m in messages for e in m.entries if e.line is Line.ALLOW_LOST]


async def test_being_on_an_allow_list_is_shown_and_no_news(store: Store) -> None:
    site = await site_with_a_good_word(store)
    assert (site.notifier.arrived, held(site)) == ([], [])
    report = site.status()
    first, second = (server.targets[0] for server in report.servers)
    assert (first.listed, first.clear, first.unknown, second.clear) == (0, 2, 0, 2)
    assert [(pair.verdict, str(pair.clear.codes[0])) for pair in first.pairs if pair.clear] == [("clear", "127.0.5.2")]
    assert (report.listed, report.unknown, report.conclusion) == (0, 0, Exit.DONE)
    assert store.read_now(lambda queries: queries.history()) == []


async def test_losing_it_is_told_once_after_as_many_answers_as_a_delisting_takes(store: Store) -> None:
    site = await site_with_a_good_word(store)
    site.world.delist(ALLOW, HOST)
    await look(site)
    assert lost(site.notifier.arrived) == []
    assert len(pending(site)) == 1
    assert site.status().conclusion is Exit.DONE, "it is clear all the same"
    await look(site)
    assert lost(to(site, CHAT)) == lost(to(site, MAIL)) == [("10.0.0.1", ALLOW)]
    for _ in range(3):
        await look(site)
    assert len(lost(to(site, CHAT))) == 1


async def test_it_is_remembered_by_a_new_daemon(store: Store) -> None:
    site = await site_with_a_good_word(store)
    await site.start(site.settings)
    site.world.delist(ALLOW, HOST)
    await look(site)
    await site.start(site.settings)
    await look(site)
    assert lost(to(site, CHAT)) == [("10.0.0.1", ALLOW)]


async def test_since_when_it_is_on_one_is_shown_and_outlasts_all_but_a_loss(store: Store) -> None:
    site = await site_with_a_good_word(store)
    (began_at,) = sinces(site)
    assert began_at is not None
    assert began_at <= site.clock.now()
    site.world.list(ALLOW, HOST, "127.0.5.1")
    await look(site)
    await look(site)
    await site.start(site.settings)
    assert sinces(site) == [began_at], "another code is the same membership"
    site.world.turn(ALLOW, Mode.DEAD)
    await look(site)
    assert sinces(site) == [], "nothing can be said now"
    site.world.turn(ALLOW, Mode.HEALTHY)
    await look(site)
    assert sinces(site) == [began_at]
    site.world.delist(ALLOW, HOST)
    await look(site)
    await look(site)
    assert sinces(site) == []
    assert len(lost(to(site, CHAT))) == 1
    site.world.list(ALLOW, HOST)
    await look(site)
    (again_at,) = sinces(site)
    assert again_at is not None
    assert again_at > began_at


def sinces(site: Site) -> list[datetime | None]:
    pairs = [pair for server in site.status().servers for target in server.targets for pair in target.pairs]
    return [pair.allowed_since for pair in pairs if pair.clear is not None and pair.clear.codes]


@pytest.mark.parametrize("mode", [Mode.SILENT, Mode.DEAD, Mode.REFUSING, Mode.WILDCARD, Mode.REFUSAL_CODE])
async def test_an_allow_list_that_cannot_be_believed_takes_nothing_away_and_gives_nothing(
    store: Store, mode: Mode
) -> None:
    site = await site_with_a_good_word(store)
    site.world.turn(ALLOW, mode)
    for _ in range(4):
        await look(site)
    assert lost(site.notifier.arrived) == []
    site.world.turn(ALLOW, Mode.HEALTHY)
    await look(site)
    await look(site)
    assert lost(site.notifier.arrived) == []
    words = [pair.clear for server in site.status().servers for pair in server.targets[0].pairs if pair.clear]
    assert len(words) == 1, "the other target was never on it, though the list said so for a while"


async def test_a_message_does_not_count_a_good_word_as_a_listing(store: Store) -> None:
    site = await site_with_a_good_word(store)
    site.world.list("a.test", HOST)
    await look(site)
    (message,) = to(site, CHAT)
    tallies = [entry.tally for entry in message.entries if entry.tally]
    assert [(one.listed, one.clear, one.also_on) for one in tallies] == [(1, 1, ())]


async def test_another_code_on_an_allow_list_is_no_news(store: Store) -> None:
    site = await site_with_a_good_word(store)
    site.world.list(ALLOW, HOST, "127.0.5.1")
    await look(site)
    await look(site)
    assert site.notifier.arrived == []


async def test_whoever_is_on_an_allow_list_is_not_asked_about_ahead_of_its_round(store: Store) -> None:
    """As a listed address is: the list's operator counts questions."""
    site = await site_with_a_good_word(store)
    batches = len(site.lookup.batches)
    site.clock.advance(minutes(6))
    await site.beat()
    assert len(site.lookup.batches) == batches


async def test_news_of_allow_lists_goes_where_its_topic_and_tags_lead(store: Store) -> None:
    routes = [
        Route(channels=(CHAT,), on=frozenset({Topic.ALLOW_LOST}), tags=frozenset({"production"})),
        Route(channels=(MAIL,), on=frozenset({Topic.LISTED, Topic.DELISTED})),
    ]
    site = await site_with_a_good_word(store, routes)
    site.world.list(ALLOW, OTHER)
    await look(site)
    site.world.delist(ALLOW, OTHER)
    site.world.delist(ALLOW, HOST)
    for _ in range(3):
        await look(site)
    assert lost(to(site, CHAT)) == [("10.0.0.1", ALLOW)], "only mx1 is in production"
    assert to(site, MAIL) == []


async def test_a_loss_is_muted_by_a_silence_that_begins_before_the_message_leaves(store: Store) -> None:
    site = await site_with_a_good_word(store)
    site.world.delist(ALLOW, HOST)
    for _ in range(2):
        site.clock.advance(minutes(15))
        await site.sweep()
    silence = Silence(id=0, until_at=site.clock.now() + timedelta(hours=1), server="mx1")
    await store.write(lambda repo: repo.add_silence(silence, site.clock.now()))
    await tell(site)
    assert site.notifier.arrived == []
    site.clock.advance(timedelta(hours=2))
    for _ in range(2):
        await site.end_silences()
        await tell(site)
    assert lost(to(site, CHAT)) == [("10.0.0.1", ALLOW)], "muted is not lost"
