"""Many lists that can't be believed at once: one incident about the resolver, and none about each of them."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from rblwatch.core.alert import Line
from rblwatch.notify.render import render
from rblwatch.notify.sink import Medium, Sink
from rblwatch.store.database import Store
from tests.integration.services.scene import CHAT, HOST, condition, held, list_of, look, tell, to, watching
from tests.support.configuration import settings_of
from tests.support.site import Site
from tests.support.world import NAMESERVER, Mode, ScriptedList

NAMES = ("a.test", "b.test", "c.test", "d.test", "e.test")
OTHER = "192.0.2.2:53"
BLIND, SIGHTED = Line.BLIND, Line.SIGHTED


def told(site: Site) -> list[tuple[Line, str]]:
    """What was told of incidents: the list's id, or the nameserver."""
    return [
        (entry.line, incident.blocklist or incident.zone)
        for message in to(site, CHAT)
        for entry in message.entries
        if (incident := entry.news.incident) is not None
    ]


async def five(store: Store) -> tuple[Site, list[ScriptedList]]:
    lists = [list_of(name) for name in NAMES]
    site = await watching(store, *lists)
    site.world.list("a.test", HOST)
    await look(site)
    assert held(site) == [("a.test", HOST.text)]
    return site, lists


def turn(lists: list[ScriptedList], mode: Mode) -> None:
    for scripted in lists:
        scripted.mode = mode


async def looks(site: Site, times: int) -> None:
    for _ in range(times):
        await look(site)


@pytest.mark.parametrize("mode", [Mode.DEAD, Mode.REFUSING, Mode.SILENT, Mode.OUTSIDE, Mode.REFUSAL_CODE])
async def test_what_befalls_all_lists_at_once_is_one_incident_and_one_recovery(mode: Mode, store: Store) -> None:
    site, lists = await five(store)
    turn(lists, mode)
    await looks(site, 2)
    assert told(site) == []  # it may pass
    await looks(site, 3)
    assert told(site) == [(BLIND, NAMESERVER)]
    turn(lists, Mode.HEALTHY)
    await looks(site, 3)
    assert told(site) == [(BLIND, NAMESERVER), (SIGHTED, NAMESERVER)]
    assert held(site) == [("a.test", HOST.text)]


async def test_what_passes_before_it_is_worth_telling_is_not_told(store: Store) -> None:
    site, lists = await five(store)
    turn(lists, Mode.DEAD)
    await looks(site, 2)
    turn(lists, Mode.HEALTHY)
    await looks(site, 4)
    assert told(site) == []


async def test_a_list_that_stays_away_gets_an_incident_of_its_own_when_the_others_are_back(store: Store) -> None:
    site, lists = await five(store)
    turn(lists, Mode.DEAD)
    await looks(site, 4)
    turn(lists[:-1], Mode.HEALTHY)
    await looks(site, 2)
    assert told(site) == [(BLIND, NAMESERVER), (SIGHTED, NAMESERVER), (BLIND, "e.test")]
    turn(lists, Mode.HEALTHY)
    await looks(site, 2)
    assert told(site)[3:] == [(SIGHTED, "e.test")]


async def test_a_list_that_was_away_before_keeps_its_incident(store: Store) -> None:
    site, lists = await five(store)
    lists[0].mode = Mode.DEAD
    await looks(site, 4)
    assert told(site) == [(BLIND, "a.test")]
    turn(lists, Mode.DEAD)
    await looks(site, 4)
    turn(lists, Mode.HEALTHY)
    await looks(site, 3)
    assert sorted(told(site)[1:]) == [(BLIND, NAMESERVER), (SIGHTED, NAMESERVER), (SIGHTED, "a.test")]


async def test_two_of_five_are_two_incidents(store: Store) -> None:
    site, lists = await five(store)
    turn(lists[:2], Mode.DEAD)
    await looks(site, 4)
    assert told(site) == [(BLIND, "a.test"), (BLIND, "b.test")]


async def test_a_list_that_lists_everybody_is_told_during_an_outage_as_well(store: Store) -> None:
    site, lists = await five(store)
    turn(lists, Mode.DEAD)
    await looks(site, 4)
    lists[1].mode = Mode.WILDCARD
    await look(site)
    assert told(site) == [(BLIND, NAMESERVER), (BLIND, "b.test")]


@pytest.mark.parametrize("mode", [Mode.DEAD, Mode.SILENT])
async def test_an_outage_is_not_over_because_another_nameserver_fails_as_well(mode: Mode, store: Store) -> None:
    """Lists move over one by one; in between, no nameserver has most of them."""
    site, lists = await five(store)
    turn(lists, Mode.DEAD)
    await looks(site, 4)
    assert told(site) == [(BLIND, NAMESERVER)]
    site.lookup.nameserver = OTHER
    turn(lists, mode)
    await looks(site, 2)
    assert told(site) == [(BLIND, NAMESERVER)]
    await looks(site, 3)
    assert sorted(told(site)[1:]) == [(BLIND, OTHER), (SIGHTED, NAMESERVER)]
    titles = [render(message, Sink(medium=Medium.CHAT)).title for message in to(site, CHAT)]
    assert not any("works again" in title for title in titles)
    turn(lists, Mode.HEALTHY)
    await looks(site, 3)
    assert told(site)[3:] == [(SIGHTED, OTHER)]
    assert render(to(site, CHAT)[-1], Sink(medium=Medium.CHAT)).title == "[rblwatch] your resolver works again"


async def test_a_pair_of_bad_nameservers_is_one_incident_that_names_both(store: Store) -> None:
    """A failing batch is put down to either; which one it is changes from round to round."""
    site, lists = await five(store)
    turn(lists, Mode.DEAD)
    site.lookup.through = dict.fromkeys(NAMES[:2], OTHER)
    await looks(site, 3)
    assert told(site) == [(BLIND, f"{NAMESERVER}, {OTHER}")]
    for through in (NAMES, (), NAMES[2:], NAMES, NAMES):
        site.lookup.through = dict.fromkeys(through, OTHER)
        await look(site)
    assert told(site) == [(BLIND, f"{NAMESERVER}, {OTHER}")]
    turn(lists, Mode.HEALTHY)
    await looks(site, 3)
    assert told(site) == [(BLIND, f"{NAMESERVER}, {OTHER}"), (SIGHTED, f"{NAMESERVER}, {OTHER}")]
    began, ended = (render(message, Sink(medium=Medium.MAIL)) for message in to(site, CHAT)[-2:])
    assert began.title == "[rblwatch] most lists can't be believed through any of your resolvers"
    assert f"Most lists can't be believed through any of your resolvers, {NAMESERVER} and {OTHER}." in began.body
    assert "Seen: 5 of 5 lists can't be believed through them; one of these lists no answer" in began.body
    assert ended.title == "[rblwatch] most lists can be believed again"


async def test_lists_that_go_to_and_fro_between_bad_nameservers_end_no_outage(store: Store) -> None:
    """People know of the first one; the second is told of when nothing was asked through the first for long."""
    site, lists = await five(store)
    turn(lists, Mode.DEAD)
    await looks(site, 3)
    assert told(site) == [(BLIND, NAMESERVER)]
    for _ in range(4):
        site.lookup.nameserver = OTHER
        await look(site)
        site.lookup.nameserver = NAMESERVER
        await look(site)
    assert told(site) == [(BLIND, NAMESERVER)]


@pytest.mark.parametrize("names", [NAMES[:1], NAMES[:2], NAMES[:4]])
async def test_when_nothing_can_be_asked_that_is_one_message_and_one_at_its_end(
    names: tuple[str, ...], store: Store
) -> None:
    """However few lists there are, and where nobody is listed."""
    lists = [list_of(name) for name in names]
    site = await watching(store, *lists)
    await look(site)
    turn(lists, Mode.DEAD)
    await looks(site, 2)
    assert told(site) == []
    await looks(site, 3)
    whom = NAMESERVER if len(names) > 1 else names[0]
    assert told(site) == [(BLIND, whom)]
    turn(lists, Mode.HEALTHY)
    await looks(site, 3)
    assert told(site) == [(BLIND, whom), (SIGHTED, whom)]


async def test_when_all_lists_are_one_operators_and_none_answers_that_is_one_message(store: Store) -> None:
    lists = [list_of(name) for name in NAMES[:2]]
    for scripted in lists:
        scripted.blocklist = replace(scripted.blocklist, operator="one")
    site = await watching(store, *lists)
    turn(lists, Mode.DEAD)
    await looks(site, 5)
    assert told(site) == [(BLIND, NAMESERVER)]
    turn(lists, Mode.HEALTHY)
    await looks(site, 3)
    assert told(site) == [(BLIND, NAMESERVER), (SIGHTED, NAMESERVER)]


async def test_a_resolver_that_is_down_from_the_start_is_one_message(store: Store) -> None:
    lists = [list_of(name) for name in NAMES]
    turn(lists, Mode.DEAD)
    site = await watching(store, *lists)
    await looks(site, 3)
    assert told(site) == [(BLIND, NAMESERVER)]
    turn(lists, Mode.HEALTHY)
    await looks(site, 3)
    assert told(site) == [(BLIND, NAMESERVER), (SIGHTED, NAMESERVER)]


async def test_a_reload_in_the_midst_of_an_outage_neither_repeats_nor_ends_it(store: Store) -> None:
    """Before it is told, and after; with another nameserver that is well, it ends."""
    site, lists = await five(store)
    turn(lists, Mode.DEAD)
    await looks(site, 2)
    await site.reload(site.settings)
    await looks(site, 1)
    await site.reload(site.settings)
    await looks(site, 3)
    assert told(site) == [(BLIND, NAMESERVER)]
    site.lookup.nameserver = OTHER
    turn(lists, Mode.HEALTHY)
    await site.reload(site.settings)
    await looks(site, 3)
    assert told(site) == [(BLIND, NAMESERVER), (SIGHTED, NAMESERVER)]


async def test_short_troubles_of_others_do_not_keep_a_list_from_being_told(store: Store) -> None:
    """In the round in which it is to be told, the others fail, and are seen first."""
    site, lists = await five(store)
    lists[0].mode = Mode.DEAD
    await looks(site, 2)
    turn(lists[1:4], Mode.DEAD)
    lists[0].answers.clear()
    site.clock.advance(timedelta(minutes=15))
    round_ = asyncio.create_task(site.sweep())
    while any(condition(site, name).soundness.trusted for name in NAMES[1:4]):  # noqa: ASYNC110 - the test's own time limit bounds it
        await asyncio.sleep(0.001)
    assert told(site) == []
    lists[0].answers.set()
    await round_
    await tell(site)
    assert told(site) == [(BLIND, "a.test")]
    turn(lists[1:4], Mode.HEALTHY)
    await looks(site, 3)
    assert told(site) == [(BLIND, "a.test")]


async def test_a_restart_neither_repeats_nor_ends_an_outage(store: Store) -> None:
    site, lists = await five(store)
    turn(lists, Mode.DEAD)
    await looks(site, 4)
    await site.start(site.settings)
    await looks(site, 2)
    assert told(site) == [(BLIND, NAMESERVER)]


async def test_a_resolver_on_the_brink_is_one_incident_that_ends_once(store: Store) -> None:
    """Some lists come back and are lost again, time after time: nobody is told that it works before it does."""
    site, lists = await five(store)
    turn(lists, Mode.DEAD)
    await looks(site, 4)
    for _ in range(4):
        turn(lists[:3], Mode.HEALTHY)
        await look(site)
        turn(lists[:3], Mode.DEAD)
        await looks(site, 2)
    assert told(site) == [(BLIND, NAMESERVER)]
    turn(lists, Mode.HEALTHY)
    await looks(site, 3)
    assert told(site) == [(BLIND, NAMESERVER), (SIGHTED, NAMESERVER)]
    assert held(site) == [("a.test", HOST.text)]


async def test_an_outage_that_stays_half_over_ends_and_what_is_left_is_told_list_by_list(store: Store) -> None:
    site, lists = await five(store)
    turn(lists, Mode.DEAD)
    await looks(site, 4)
    turn(lists[:3], Mode.HEALTHY)
    await looks(site, 5)
    assert told(site)[:2] == [(BLIND, NAMESERVER), (SIGHTED, NAMESERVER)]
    assert sorted(told(site)[2:]) == [(BLIND, "d.test"), (BLIND, "e.test")]


async def test_whoever_knows_of_an_outage_is_told_that_no_list_is_asked_any_more(store: Store) -> None:
    site, lists = await five(store)
    turn(lists, Mode.DEAD)
    await looks(site, 4)
    await site.reload(settings_of(site.settings.servers, []))
    await tell(site)
    assert told(site) == [(BLIND, NAMESERVER), (SIGHTED, NAMESERVER)]
    assert (
        render(to(site, CHAT)[-1], Sink(medium=Medium.CHAT)).title == "[rblwatch] your resolver is not asked any more"
    )


async def test_a_list_whose_answer_is_from_before_the_end_gets_no_incident_for_it(store: Store) -> None:
    """Its time-outs come last: it was asked while the resolver was dead, and is fine the next time."""
    site, lists = await five(store)
    turn(lists, Mode.DEAD)
    await looks(site, 4)
    turn(lists[:-1], Mode.HEALTHY)
    lists[-1].answers.clear()
    site.clock.advance(timedelta(minutes=15))
    round_ = asyncio.create_task(site.sweep())
    await site.settle()
    while len(told(site)) < 2:
        await tell(site)
    assert told(site) == [(BLIND, NAMESERVER), (SIGHTED, NAMESERVER)]
    lists[-1].answers.set()
    await round_
    await tell(site)
    lists[-1].mode = Mode.HEALTHY
    await looks(site, 3)
    assert told(site) == [(BLIND, NAMESERVER), (SIGHTED, NAMESERVER)]


async def test_the_messages_say_what_the_resolver_does_and_what_to_do(store: Store) -> None:
    site, lists = await five(store)
    turn(lists, Mode.SILENT)
    await looks(site, 4)
    turn(lists, Mode.HEALTHY)
    await looks(site, 2)
    began, ended = (render(message, Sink(medium=Medium.MAIL)) for message in to(site, CHAT)[-2:])
    assert [began.title, ended.title] == [
        "[rblwatch] your resolver shows nothing of most lists, not even their test points",
        "[rblwatch] your resolver works again",
    ]
    body = began.body
    assert f"Your resolver {NAMESERVER} shows nothing of most lists, not even their test points." in body
    assert "Seen: 5 of 5 lists can't be believed through it; one of them does not list its test point 127.0.0.2" in body
    assert "What to do: see whether it, or what it forwards to, filters blocklists" in body
