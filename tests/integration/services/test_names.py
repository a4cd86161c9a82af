"""Names of servers: what they stand for is watched, a change is told once, and a failure takes nothing away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

from rblwatch.core.alert import Line
from rblwatch.core.conclusion import Exit
from rblwatch.core.finding import Unwatched, Why
from rblwatch.core.listing import Ending
from rblwatch.core.message import Message
from rblwatch.core.settings import Route, Server, Topic
from rblwatch.core.target import Family, Target, parse_name
from rblwatch.services.named import name_statuses
from rblwatch.services.report import NameStatus
from rblwatch.store.database import Store
from tests.integration.services.scene import CHAT, MAIL, MX2, held, list_of, look, said, tell, to
from tests.support.configuration import settings_of
from tests.support.site import Site
from tests.support.world import ScriptedClock, World

HOST_NAME = "mx1.example.test"
OLD, NEW, THIRD = (Target(f"10.0.0.{last}", Family.IPV4) for last in (5, 6, 7))
BY_NAME = Server(name="mx1", hostnames=(parse_name(HOST_NAME),), tags=("production",))
DAY = timedelta(hours=25)


async def site_of(
    store: Store, *, servers: Sequence[Server] = (BY_NAME, MX2), routes: Sequence[Route] | None = None
) -> Site:
    """A daemon that has looked its names up once, and asked everything."""
    lists = [list_of("a.test")]
    site = Site(store, World(ScriptedClock(), lists))
    site.names.known[HOST_NAME] = (OLD,)
    await site.start(settings_of(servers, [one.blocklist for one in lists], routes=routes))
    await step(site)
    return site


async def step(site: Site, by: timedelta = timedelta(minutes=15)) -> None:
    """After a while, look names up, and sweep as the daemon does."""
    site.clock.advance(by)
    await site.look_up_names()
    await look(site)


def moves(messages: Sequence[Message]) -> list[str]:
    return [e.news.text.split("\n")[0] for m in messages for e in m.entries if e.line is Line.MOVED]


def watched(site: Site) -> set[Target]:
    return {target.target for server in site.status().servers for target in server.targets if server.name == "mx1"}


def name_of(site: Site) -> NameStatus:
    return site.status().servers[0].names[0]


async def test_the_addresses_of_a_host_name_are_watched_and_told_as_any_other(store: Store) -> None:
    site = await site_of(store)
    assert watched(site) == {OLD}
    site.world.list("a.test", OLD)
    await step(site)
    assert [said(message) for message in to(site, CHAT)] == [[(Line.LISTED, "10.0.0.5")]]
    (listing,) = store.read_now(lambda queries: queries.history(server="mx1"))
    assert (listing.target, listing.tags) == (OLD, frozenset({"production"}))


async def test_a_change_of_address_is_told_once_and_the_history_stays(store: Store) -> None:
    site = await site_of(store)
    site.world.list("a.test", OLD)
    await step(site)
    site.names.known[HOST_NAME] = (NEW,)
    await step(site)
    assert (
        moves(to(site, CHAT))
        == moves(to(site, MAIL))
        == [f"{HOST_NAME}: other addresses, 10.0.0.6 instead of 10.0.0.5."]
    )
    assert watched(site) == {OLD, NEW}
    assert list(name_of(site).missing) == [OLD]
    for _ in range(3):
        await step(site)
    await step(site, DAY)
    await step(site)
    assert watched(site) == {NEW}
    assert len(moves(to(site, CHAT))) == 1
    assert [line for message in to(site, CHAT) for line, _ in said(message)] == [Line.LISTED, Line.ENDED]
    (listing,) = store.read_now(lambda queries: queries.history(server="mx1"))
    assert (listing.target, listing.ended_by) == (OLD, Ending.UNWATCHED)


async def test_an_address_that_is_new_and_listed_already_is_a_first_look(store: Store) -> None:
    site = await site_of(store)
    site.world.list("a.test", NEW)
    site.names.known[HOST_NAME] = (OLD, NEW)
    await step(site)
    await step(site)
    (listing,) = store.read_now(lambda queries: queries.open_listings())
    assert (listing.target, listing.first_look) == (NEW, True)


async def test_a_failed_look_up_keeps_what_was_known_and_says_since_when_and_why(store: Store) -> None:
    site = await site_of(store)
    del site.names.known[HOST_NAME]
    await step(site)
    since = name_of(site).failing_since
    for _ in range(3):
        await step(site, DAY)
    assert since is not None
    assert name_of(site).failing_since == since
    assert [(one.what, one.detail) for one in name_of(site).failures] == [(f"A of {HOST_NAME}", "no answer within 4 s")]
    assert watched(site) == {OLD}
    assert moves(site.notifier.arrived) == []
    assert site.status().conclusion is Exit.DONE, "the address is asked about as before"
    site.names.known[HOST_NAME] = (OLD,)
    await step(site)
    assert name_of(site).failing_since is None


async def test_records_that_rotate_are_told_of_when_they_are_new_and_never_again(store: Store) -> None:
    site = await site_of(store)
    pairs = [(OLD, NEW), (NEW, THIRD), (THIRD, OLD)]
    for number in range(12):
        site.names.known[HOST_NAME] = pairs[number % 3]
        await step(site, timedelta(hours=3))
    assert watched(site) == {OLD, NEW, THIRD}
    assert len(moves(to(site, CHAT))) == 2


async def test_a_restart_forgets_nothing(store: Store) -> None:
    site = await site_of(store)
    site.names.known[HOST_NAME] = (NEW,)
    await step(site)
    del site.names.known[HOST_NAME]
    await step(site)
    before = name_of(site)
    await site.start(site.settings)
    assert watched(site) == {OLD, NEW}
    assert name_of(site) == before
    assert len(moves(to(site, CHAT))) == 1


async def test_a_name_of_which_nothing_is_known_is_no_good_news(store: Store) -> None:
    site = await site_of(store, servers=[replace(BY_NAME, hostnames=(parse_name("other.test"),)), MX2])
    report = site.status()
    assert report.gaps == ("no list is asked about other.test of mx1: A of other.test: no answer within 4 s",)
    assert report.conclusion is Exit.INCONCLUSIVE
    site.names.known["other.test"] = ()
    await step(site)
    assert site.status().gaps == ("no list is asked about other.test of mx1: other.test has no address",)


async def test_a_name_that_is_registered_no_more_is_forgotten_with_what_only_it_had(store: Store) -> None:
    site = await site_of(store)
    site.world.list("a.test", OLD)
    await step(site)
    fixed = Server(name="mx1", networks=(ip_network("10.0.0.9/32"),))
    await site.reload(replace(site.settings, servers=(fixed, MX2)))
    await look(site)
    assert held(site) == []
    assert store.read_now(lambda queries: queries.known()) == []
    assert name_statuses([], site.settings) == {"mx1": (), "mx2": ()}


async def test_a_renamed_server_keeps_what_is_known_of_its_names(store: Store) -> None:
    site = await site_of(store)
    site.world.list("a.test", OLD)
    site.names.known[HOST_NAME] = (OLD, NEW)
    await step(site)
    site.names.known[HOST_NAME] = (NEW,)
    await step(site)
    before = name_of(site)
    assert list(before.missing) == [OLD]
    await site.reload(replace(site.settings, servers=(replace(BY_NAME, name="renamed"), MX2)))
    assert name_of(site) == before
    assert store.read_now(lambda queries: [one.server for one in queries.known()]) == ["renamed"]
    (listing,) = store.read_now(lambda queries: queries.history(target=OLD.text))
    assert (listing.target, listing.ended_by) == (OLD, None)
    site.names.known[HOST_NAME] = (NEW, THIRD)
    await step(site)
    assert moves(to(site, CHAT))[1:] == [f"{HOST_NAME}: other addresses, 10.0.0.7 instead of 10.0.0.5."]


async def test_servers_that_exchange_their_names_exchange_what_is_known(store: Store) -> None:
    other = Server(name="mx3", hostnames=(parse_name("mx3.test"),))
    site = await site_of(store, servers=[BY_NAME, other])
    site.names.known["mx3.test"] = (THIRD,)
    await step(site)
    exchanged = replace(BY_NAME, name="mx3"), replace(other, name="mx1")
    await site.reload(replace(site.settings, servers=exchanged))
    assert {server.name: server.names[0].targets for server in site.status().servers} == {
        "mx3": (OLD,),
        "mx1": (THIRD,),
    }


async def test_a_name_that_one_of_two_servers_keeps_is_moved_from_the_other_only(store: Store) -> None:
    site = await site_of(store, servers=[BY_NAME, replace(BY_NAME, name="mx3")])
    await site.reload(replace(site.settings, servers=(BY_NAME, replace(BY_NAME, name="mx4"))))
    assert [server.names[0].targets for server in site.status().servers] == [(OLD,), (OLD,)]


async def test_a_mechanism_that_fails_keeps_its_own_reports_and_the_others_lose_theirs(store: Store) -> None:
    site = await site_of(store)
    one, two = (Unwatched(what, Why.TOO_LARGE, "large", part=what) for what in ("include:a", "include:b"))
    site.names.unwatched[HOST_NAME] = (one, two)
    await step(site)
    site.names.unwatched[HOST_NAME] = ()
    site.names.failing[HOST_NAME] = ("include:a",)
    await step(site)
    assert name_of(site).unwatched == (one,)
    (failure,) = name_of(site).failures
    assert (failure.part, failure.since) == ("include:a", name_of(site).looked_at)
    assert name_of(site).behind(failure) == []


async def test_what_was_found_and_is_not_watched_is_shown(store: Store) -> None:
    site = await site_of(store)
    report = Unwatched("ip4:10.8.0.0/16", Why.TOO_LARGE, "65,536 addresses; register them to have them watched")
    site.names.unwatched[HOST_NAME] = (report,)
    await step(site)
    assert name_of(site).unwatched == (report,)
    del site.names.known[HOST_NAME]
    site.names.unwatched.clear()
    await step(site)
    assert name_of(site).unwatched == (report,), "nobody knows whether it is gone"


async def test_one_change_that_several_names_show_is_told_once(store: Store) -> None:
    server = replace(BY_NAME, senders_of=(parse_name(HOST_NAME),))
    site = await site_of(store, servers=[server])
    site.names.known[HOST_NAME] = (NEW,)
    await step(site)
    assert moves(to(site, CHAT)) == [
        f"{HOST_NAME} and MX of {HOST_NAME} and SPF of {HOST_NAME}: other addresses, 10.0.0.6 instead of 10.0.0.5."
    ]


async def test_moves_go_where_their_topic_and_tags_lead(store: Store) -> None:
    other = replace(BY_NAME, name="mx3", tags=(), hostnames=(parse_name("mx3.test"),))
    routes = [
        Route(channels=(CHAT,), on=frozenset({Topic.MOVED}), tags=frozenset({"production"})),
        Route(channels=(MAIL,), on=frozenset({Topic.LISTED})),
    ]
    site = await site_of(store, servers=[BY_NAME, other], routes=routes)
    site.names.known["mx3.test"] = (OLD,)
    await step(site)
    site.names.known |= {HOST_NAME: (NEW,), "mx3.test": (THIRD,)}
    await step(site)
    await tell(site)
    assert moves(to(site, CHAT)) == [f"{HOST_NAME}: other addresses, 10.0.0.6 instead of 10.0.0.5."]
    assert to(site, MAIL) == []


async def test_an_address_under_two_servers_goes_when_the_last_of_them_has_it_no_more(store: Store) -> None:
    fixed = replace(MX2, networks=(ip_network("10.0.0.5/32"),))
    site = await site_of(store, servers=[BY_NAME, fixed])
    assert store.read_now(lambda queries: len(queries.targets())) == 1
    site.names.known[HOST_NAME] = (NEW,)
    await step(site)
    await step(site, DAY)
    await step(site)
    assert watched(site) == {NEW}
    assert OLD in store.read_now(lambda queries: queries.targets())


async def test_names_are_due_once_an_interval_and_at_once_where_one_is_new(store: Store) -> None:
    site = await site_of(store)
    looked_at = name_of(site).looked_at
    assert looked_at is not None
    assert site.survey.due_at == looked_at + site.settings.schedule.interval
    await site.start(site.settings)
    assert site.survey.due_at == looked_at + site.settings.schedule.interval, "a restart looks nothing up too early"
    more = replace(BY_NAME, hostnames=(*BY_NAME.hostnames, parse_name("more.test")))
    await site.reload(replace(site.settings, servers=(more, MX2)))
    assert site.survey.due_at == site.clock.now()
    await site.reload(replace(site.settings, servers=(MX2,)))
    assert site.survey.due_at is None
