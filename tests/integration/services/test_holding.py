"""What is told later: the digest of the day and the escalation, over services and a real database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rblwatch.core.alert import Drop, Group, Line
from rblwatch.core.blocklist import Severity, bare
from rblwatch.core.message import Message
from rblwatch.core.routing import Decision, Silence
from rblwatch.core.settings import Route, Secret, Server, Settings, Topic
from rblwatch.services.acknowledge import acknowledge
from rblwatch.store.database import Store
from rblwatch.store.rows import Telling
from tests.integration.services.scene import (
    CHAT,
    HOST,
    MAIL,
    MX1,
    MX2,
    OTHER,
    list_of,
    look,
    minutes,
    said,
    tell,
    to,
    watching,
)
from tests.support.configuration import settings_of
from tests.support.site import Site
from tests.support.soak import repetitions
from tests.support.world import Mode

A, B = bare("a.test"), bare("b.test")
BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
DIGEST = Route(channels=(MAIL,), digest="12:00")
AT_ONCE = Route(channels=(CHAT,))
AFTER = Route(channels=(MAIL,), after=timedelta(hours=2))
HOURS = timedelta(hours=1)


def configured(*routes: Route, zone: str = "UTC", servers: tuple[Server, ...] = (MX1, MX2)) -> Settings:
    plain = settings_of(servers, [A, B], routes=routes)
    return replace(plain, schedule=replace(plain.schedule, timezone=zone))


async def watched(store: Store, *routes: Route, zone: str = "UTC") -> Site:
    """Two servers on two lists, nothing listed; it is soon after 10:00 UTC on 1 March 2026."""
    return await watching(store, list_of("a.test"), list_of("b.test"), settings=configured(*routes, zone=zone))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


async def pass_to(site: Site, moment: datetime) -> None:
    """Let the daemon do nothing but tell what is due, every minute for the last ten before a moment, and then at it."""
    site.clock.advance(max(moment - minutes(10) - site.clock.now(), timedelta()))
    while (left := moment - site.clock.now()) > timedelta():
        await site.release()
        await site.deliver()
        site.clock.advance(min(left, minutes(1)))
    await site.release()
    await tell(site)


async def delist(site: Site, target: str = "10.0.0.1") -> None:
    """Off the list, until that is believed."""
    site.world.delist("a.test", HOST if target == HOST.text else OTHER)
    for _ in range(4):
        await look(site)


def read(site: Site, recipient: str = MAIL) -> list[list[tuple[Line, str]]]:
    return [said(message) for message in to(site, recipient)]


def held(store: Store) -> list[Telling]:
    return store.read_now(lambda queries: queries.held())


def reasons(store: Store, recipient: str = MAIL) -> list[tuple[Decision, Drop | None]]:
    """What became of each piece of news for a recipient."""
    news = store.write_now(lambda repo: repo.news_as_committed(range(1, repo.last_news_id() + 1)))
    found = store.write_now(lambda repo: repo.tellings_of(news))
    return [(telling.decision, telling.dropped) for telling in found if telling.recipient == recipient]


def silence(site: Site, lasting: timedelta) -> None:
    at = site.clock.now()
    site.store.write_now(lambda repo: repo.add_silence(Silence(id=0, until_at=at + lasting), at))


def acknowledge_all(site: Site, message: Message) -> None:
    """Somebody looks after what a message tells of."""
    at = site.clock.now()
    looked = site.store.write_now(lambda repo: acknowledge(repo, message.alert_id, author="admin", note="", at=at))
    assert looked is not None
    assert looked.taken


# --- the digest ---


async def test_a_digest_tells_in_one_message_what_happened_since_the_last_one(store: Store) -> None:
    site = await watched(store, AT_ONCE, DIGEST)
    site.world.list("a.test", HOST)
    await look(site)
    site.world.list("b.test", OTHER)
    await look(site)
    assert (len(to(site, CHAT)), to(site, MAIL)) == (2, [])
    await pass_to(site, utc("2026-03-01 11:59"))
    assert to(site, MAIL) == []
    await pass_to(site, utc("2026-03-01 12:00"))
    (digest,) = to(site, MAIL)
    assert (digest.group, said(digest)) == (Group.DIGEST, [(Line.LISTED, "10.0.0.1"), (Line.LISTED, "10.0.0.2")])
    assert held(store) == []


async def test_a_digest_with_nothing_in_it_is_not_sent(store: Store) -> None:
    site = await watched(store, DIGEST)
    for day in (1, 2, 3):
        await pass_to(site, utc(f"2026-03-0{day} 12:30"))
    assert site.notifier.attempts == []
    assert store.read_now(lambda queries: queries.deliveries()) == []
    # Nor does that use up the day: what comes later is in the digest of the next.
    assert store.read_now(lambda queries: queries.digests()) == {}


async def test_what_is_over_by_then_is_told_as_what_it_was(store: Store) -> None:
    site = await watched(store, DIGEST)
    site.world.list("a.test", HOST)
    await look(site)
    await delist(site)
    await pass_to(site, utc("2026-03-01 12:00"))
    assert read(site) == [[(Line.WAS_LISTED, "10.0.0.1")]]
    assert reasons(store) == [(Decision.TELL, None), (Decision.NEVER_TOLD, None)]


async def test_the_end_of_what_a_digest_told_is_in_the_next_one(store: Store) -> None:
    site = await watched(store, DIGEST)
    site.world.list("a.test", HOST)
    await look(site)
    await pass_to(site, utc("2026-03-01 12:00"))
    await delist(site)
    assert read(site) == [[(Line.LISTED, "10.0.0.1")]]
    await pass_to(site, utc("2026-03-02 12:00"))
    assert read(site) == [[(Line.LISTED, "10.0.0.1")], [(Line.DELISTED, "10.0.0.1")]]


async def test_one_digest_leaves_on_a_date(store: Store) -> None:
    """A second time of day on the same date waits for the next, and nothing waits in vain."""
    site = await watched(store, DIGEST, Route(channels=(MAIL,), digest="18:00", tags=frozenset({"production"})))
    site.world.list("a.test", OTHER)
    await look(site)
    await pass_to(site, utc("2026-03-01 12:00"))
    site.world.list("a.test", HOST)
    await look(site)
    await pass_to(site, utc("2026-03-01 23:00"))
    assert read(site) == [[(Line.LISTED, "10.0.0.2")]]
    await pass_to(site, utc("2026-03-02 12:00"))
    assert read(site) == [[(Line.LISTED, "10.0.0.2")], [(Line.LISTED, "10.0.0.1")]]


async def test_a_machine_that_was_off_tells_its_digest_at_the_start(store: Store) -> None:
    site = await watched(store, DIGEST)
    site.world.list("a.test", HOST)
    await look(site)
    site.clock.advance(timedelta(days=2))
    await site.start(site.settings)
    await site.deliver()
    assert read(site) == [[(Line.LISTED, "10.0.0.1")]]
    assert to(site, MAIL)[0].group is Group.DIGEST


async def test_a_restart_loses_nothing_that_waits_and_tells_nothing_twice(store: Store) -> None:
    site = await watched(store, DIGEST)
    site.world.list("a.test", HOST)
    await look(site)
    before = held(store)
    for _ in range(3):
        await site.start(site.settings)
        await site.deliver()
    assert held(store) == before
    await pass_to(site, utc("2026-03-01 12:00"))
    for _ in range(3):
        await site.start(site.settings)
        await tell(site)
    assert read(site) == [[(Line.LISTED, "10.0.0.1")]]


async def test_first_looks_at_fifty_old_listings_are_one_message_or_in_the_digest(store: Store) -> None:
    many = Server(name="many", networks=(ip_network("10.0.0.0/26"),))
    plain = configured(AT_ONCE, DIGEST, servers=(many,))
    listed = [str(address) for address in ip_network("10.0.0.0/26")][:50]
    site = await watching(store, list_of("a.test"), list_of("b.test"), settings=plain, first_round=False)
    for address in listed:
        site.world.list("a.test", replace(HOST, text=address))
    await look(site)
    await look(site)
    (chat,) = to(site, CHAT)
    assert sorted(said(chat)) == sorted((Line.LISTED, address) for address in listed)
    assert to(site, MAIL) == []
    await pass_to(site, utc("2026-03-01 12:00"))
    (digest,) = to(site, MAIL)
    assert sorted(said(digest)) == sorted(said(chat))


async def test_a_route_with_a_digest_that_is_added_tells_what_stands_in_it(store: Store) -> None:
    site = await watched(store, AT_ONCE)
    site.world.list("a.test", HOST)
    await look(site)
    for _ in range(2):
        await site.reload(configured(AT_ONCE, DIGEST))
        await tell(site)
    assert to(site, MAIL) == []
    await pass_to(site, utc("2026-03-01 12:00"))
    assert read(site) == [[(Line.LISTED, "10.0.0.1")]]


async def test_a_lists_trouble_waits_for_the_digest_and_is_told_as_what_it_was(store: Store) -> None:
    site = await watched(store, DIGEST)
    site.world.turn("a.test", Mode.WILDCARD)
    await look(site)
    site.world.turn("a.test", Mode.HEALTHY)
    await look(site)
    site.world.turn("b.test", Mode.WILDCARD)
    await look(site)
    assert to(site, MAIL) == []
    await pass_to(site, utc("2026-03-01 12:00"))
    (digest,) = to(site, MAIL)
    assert [entry.line for entry in digest.entries] == [Line.WAS_BLIND, Line.BLIND]


# --- two nights in a year, and zones ---


@pytest.mark.parametrize(
    ("zone", "time_of_day", "noon_before", "leaves"),
    [
        # Spring: the clock jumps over 02:30.
        (BERLIN, "02:30", "2026-03-28 12:00", "2026-03-29 01:00"),
        (NEW_YORK, "02:30", "2026-03-07 12:00", "2026-03-08 07:00"),
        # Autumn: it shows 02:30 (in New York 01:30) twice.
        (BERLIN, "02:30", "2026-10-24 12:00", "2026-10-25 00:30"),
        (NEW_YORK, "01:30", "2026-10-31 12:00", "2026-11-01 05:30"),
    ],
)
async def test_a_digest_leaves_once_in_the_nights_in_which_the_clock_is_set(
    store: Store, zone: str, time_of_day: str, noon_before: str, leaves: str
) -> None:
    site = await watched(store, replace(DIGEST, digest=time_of_day), zone=zone)
    site.clock.advance(utc(noon_before) - site.clock.now())
    site.world.list("a.test", HOST)
    await look(site)
    at = utc(leaves)
    await pass_to(site, at - minutes(1))
    assert to(site, MAIL) == []
    await pass_to(site, at)
    # What happens between the two is for the next date.
    site.world.list("a.test", OTHER)
    await look(site)
    for later in range(1, 10):
        await pass_to(site, at + later * HOURS)
    assert read(site) == [[(Line.LISTED, "10.0.0.1")]]
    await pass_to(site, at + timedelta(hours=25))
    assert read(site) == [[(Line.LISTED, "10.0.0.1")], [(Line.LISTED, "10.0.0.2")]]


async def test_another_time_zone_moves_what_waits_and_never_makes_two_of_a_date(store: Store) -> None:
    site = await watched(store, replace(DIGEST, digest="13:00"), zone=BERLIN)
    site.world.list("a.test", HOST)
    await look(site)
    await site.reload(configured(replace(DIGEST, digest="13:00"), zone=NEW_YORK))
    assert [telling.due_at for telling in held(store)] == [utc("2026-03-01 18:00")]
    await site.reload(configured(replace(DIGEST, digest="13:00"), zone=BERLIN))
    await pass_to(site, utc("2026-03-01 12:00"))
    assert read(site) == [[(Line.LISTED, "10.0.0.1")]]
    site.world.list("a.test", OTHER)
    await look(site)
    # It is 1 March there, too, and 13:00 is to come.
    await site.reload(configured(replace(DIGEST, digest="13:00"), zone=NEW_YORK))
    await pass_to(site, utc("2026-03-01 20:00"))
    assert len(to(site, MAIL)) == 1
    await pass_to(site, utc("2026-03-02 18:00"))
    assert read(site)[1:] == [[(Line.LISTED, "10.0.0.2")]]


# --- routes that change while news waits ---


async def test_a_route_that_tells_at_once_from_now_on_tells_what_waits(store: Store) -> None:
    site = await watched(store, DIGEST)
    site.world.list("a.test", HOST)
    await look(site)
    await site.reload(configured(Route(channels=(MAIL,))))
    await tell(site)
    assert read(site) == [[(Line.LISTED, "10.0.0.1")]]
    assert held(store) == []


async def test_what_no_route_leads_to_any_more_is_not_told_and_says_why(store: Store) -> None:
    site = await watched(store, DIGEST)
    site.world.list("a.test", OTHER)
    await look(site)
    await site.reload(configured(replace(DIGEST, tags=frozenset({"production"}))))
    assert reasons(store) == [(Decision.OTHER_TAGS, None)]
    await pass_to(site, utc("2026-03-02 12:00"))
    assert to(site, MAIL) == []


async def test_an_end_that_waits_is_told_though_its_route_goes(store: Store) -> None:
    """Or its reader would believe for ever that it stands."""
    site = await watched(store, DIGEST)
    site.world.list("a.test", OTHER)
    await look(site)
    await pass_to(site, utc("2026-03-01 12:00"))
    await delist(site, OTHER.text)
    await site.reload(configured(replace(DIGEST, tags=frozenset({"production"}))))
    await tell(site)
    assert read(site) == [[(Line.LISTED, "10.0.0.2")], [(Line.DELISTED, "10.0.0.2")]]


async def test_a_channel_that_goes_takes_what_waits_with_it(store: Store) -> None:
    site = await watched(store, AT_ONCE, DIGEST)
    site.world.list("a.test", HOST)
    await look(site)
    plain = settings_of([MX1, MX2], [A, B], channels=[CHAT], routes=[AT_ONCE])
    await site.reload(plain)
    assert reasons(store) == [(Decision.NO_ROUTE, None)]
    # Should it come back, it hears what stands.
    await site.reload(configured(AT_ONCE, DIGEST))
    await pass_to(site, utc("2026-03-01 12:00"))
    assert read(site) == [[(Line.LISTED, "10.0.0.1")]]


# --- several routes to one channel ---

URGENT = Route(channels=(MAIL,), severity=Severity.CRITICAL)


async def test_what_is_critical_is_told_at_once_and_the_rest_in_the_digest(store: Store) -> None:
    site = await watching(
        store,
        replace(list_of("a.test"), blocklist=replace(A, otherwise=replace(A.otherwise, severity=Severity.CRITICAL))),
        list_of("b.test"),
        settings=replace(
            plain := configured(URGENT, DIGEST),
            lists=replace(
                plain.lists,
                custom=(replace(A, otherwise=replace(A.otherwise, severity=Severity.CRITICAL)), B),
            ),
        ),
    )
    site.world.list("a.test", HOST)
    site.world.list("b.test", OTHER)
    await look(site)
    assert read(site) == [[(Line.LISTED, "10.0.0.1")]]
    await delist(site)
    assert read(site) == [[(Line.LISTED, "10.0.0.1")], [(Line.DELISTED, "10.0.0.1")]]
    await pass_to(site, utc("2026-03-01 12:00"))
    assert read(site)[2:] == [[(Line.LISTED, "10.0.0.2")]]
    site.world.delist("b.test", OTHER)
    for _ in range(4):
        await look(site)
    assert len(read(site)) == 3
    await pass_to(site, utc("2026-03-02 12:00"))
    assert read(site)[3:] == [[(Line.DELISTED, "10.0.0.2")]]


async def test_what_waits_about_a_pair_goes_along_with_news_that_is_told_at_once(store: Store) -> None:
    """A delisting that waits, and the pair is listed again: told the other way round, it would seem to be over."""
    listed_at_once = Route(channels=(MAIL,), on=frozenset({Topic.LISTED}))
    delisted_later = replace(DIGEST, on=frozenset(Topic) - {Topic.LISTED})
    site = await watched(store, listed_at_once, delisted_later)
    site.world.list("a.test", HOST)
    site.world.list("b.test", OTHER)
    await look(site)
    await delist(site)
    assert [telling.decision for telling in held(store)] == [Decision.WAITING_FOR_DIGEST]
    site.world.list("a.test", HOST)
    await look(site)
    assert read(site)[1:] == [[(Line.DELISTED, "10.0.0.1"), (Line.LISTED, "10.0.0.1")]]
    assert held(store) == []
    await pass_to(site, utc("2026-03-02 12:00"))
    assert len(read(site)) == 2


async def test_what_a_message_that_waits_is_joined_by_says_so(store: Store) -> None:
    plain = configured(Route(channels=(MAIL,)))
    gathering = replace(plain, alerts=replace(plain.alerts, group_wait=minutes(10)))
    site = await watching(store, list_of("a.test"), list_of("b.test"), settings=gathering)
    for blocklist, target in (("a.test", HOST), ("b.test", OTHER)):
        site.clock.advance(minutes(5))
        site.world.list(blocklist, target)
        await site.sweep()
    site.clock.advance(minutes(10))
    await site.deliver()
    assert read(site) == [[(Line.LISTED, "10.0.0.1"), (Line.LISTED, "10.0.0.2")]]
    assert reasons(store) == [(Decision.TELL, None), (Decision.GROUPED, None)]


async def test_what_waits_holds_up_no_other_message(store: Store) -> None:
    site = await watched(store, AT_ONCE, DIGEST, Route(channels=(MAIL,), on=frozenset({Topic.DELISTED})))
    site.world.list("a.test", HOST)
    await look(site)
    site.world.turn("b.test", Mode.WILDCARD)
    await look(site)
    assert len(to(site, CHAT)) == 2
    assert len(held(store)) == 2


# --- escalation ---


async def test_what_nobody_acknowledged_in_time_is_told_to_others_and_so_is_its_end(store: Store) -> None:
    site = await watched(store, AT_ONCE, AFTER)
    site.world.list("a.test", HOST)
    await look(site)
    (chat,) = to(site, CHAT)
    assert to(site, MAIL) == []
    due = chat.at + 2 * HOURS
    await pass_to(site, due - minutes(1))
    assert to(site, MAIL) == []
    await pass_to(site, due + minutes(1))
    (mail,) = to(site, MAIL)
    assert (mail.group, said(mail)) == (Group.ESCALATED, [(Line.LISTED, "10.0.0.1")])
    await delist(site)
    assert read(site)[1:] == [[(Line.DELISTED, "10.0.0.1")]]


async def test_what_is_over_in_time_is_told_to_nobody_else(store: Store) -> None:
    site = await watched(store, AT_ONCE, AFTER)
    site.world.list("a.test", HOST)
    await look(site)
    await delist(site)
    await pass_to(site, utc("2026-03-02 10:00"))
    assert [len(to(site, recipient)) for recipient in (CHAT, MAIL)] == [2, 0]
    assert reasons(store) == [(Decision.WAITING_FOR_ACKNOWLEDGEMENT, Drop.OVER), (Decision.NEVER_TOLD, None)]


async def test_what_somebody_acknowledged_is_told_to_nobody_else(store: Store) -> None:
    site = await watched(store, AT_ONCE, AFTER)
    site.world.list("a.test", HOST)
    await look(site)
    acknowledge_all(site, to(site, CHAT)[0])
    site.world.list("b.test", OTHER)
    await look(site)
    await pass_to(site, utc("2026-03-01 14:00"))
    assert read(site) == [[(Line.LISTED, "10.0.0.2")]]
    assert reasons(store) == [(Decision.ACKNOWLEDGED, None), (Decision.TELL, None)]
    # A restart, or another configuration, begins nothing anew; nor is anybody told the end of it.
    for _ in range(2):
        await site.start(site.settings)
        await site.reload(configured(AFTER, AT_ONCE))
    await delist(site)
    await pass_to(site, utc("2026-03-02 10:00"))
    assert read(site) == [[(Line.LISTED, "10.0.0.2")]]


@pytest.mark.parametrize("route", [DIGEST, AFTER])
async def test_what_was_told_later_is_acknowledged_by_the_message_that_told_it(store: Store, route: Route) -> None:
    third = replace(AFTER, channels=("pager",), after=timedelta(hours=5))
    plain = settings_of([MX1, MX2], [A, B], channels=[CHAT, MAIL, "pager"], routes=[route, third])
    site = await watching(store, list_of("a.test"), list_of("b.test"), settings=plain)
    site.world.list("a.test", HOST)
    await look(site)
    await pass_to(site, utc("2026-03-01 14:00"))
    (told,) = to(site, MAIL)
    acknowledge_all(site, told)
    await pass_to(site, utc("2026-03-01 18:00"))
    assert to(site, "pager") == []
    assert reasons(store, "pager") == [(Decision.ACKNOWLEDGED, None)]


async def test_a_cause_that_hits_many_is_one_escalation(store: Store) -> None:
    many = Server(name="many", networks=(ip_network("10.0.0.0/26"),))
    plain = configured(AT_ONCE, AFTER, servers=(many,))
    site = await watching(store, list_of("a.test"), list_of("b.test"), settings=plain)
    for address in [str(address) for address in ip_network("10.0.0.0/26")][:50]:
        site.world.list("a.test", replace(HOST, text=address))
    await look(site)
    await pass_to(site, utc("2026-03-01 14:00"))
    assert [len(said(message)) for message in to(site, MAIL)] == [50]


async def test_a_machine_that_was_off_calls_at_the_start_for_what_stands(store: Store) -> None:
    site = await watched(store, AT_ONCE, AFTER)
    site.world.list("a.test", HOST)
    await look(site)
    site.clock.advance(timedelta(days=1))
    await site.start(site.settings)
    await tell(site)
    assert read(site) == [[(Line.LISTED, "10.0.0.1")]]


async def test_an_escalation_into_the_digest(store: Store) -> None:
    """Both on one route: what nobody acknowledged in time is in the first digest after that."""
    site = await watched(store, AT_ONCE, replace(DIGEST, after=timedelta(hours=3)))
    site.world.list("a.test", HOST)
    await look(site)
    await pass_to(site, utc("2026-03-01 14:00"))
    assert [(t.decision, t.due_at) for t in held(store)] == [(Decision.WAITING_FOR_DIGEST, utc("2026-03-02 12:00"))]
    await pass_to(site, utc("2026-03-02 12:00"))
    assert read(site) == [[(Line.LISTED, "10.0.0.1")]]


async def test_a_route_that_calls_later_is_not_called_for_what_another_route_told(store: Store) -> None:
    site = await watched(store, Route(channels=(MAIL,), tags=frozenset({"production"})), AFTER)
    site.world.list("a.test", HOST)
    site.world.list("a.test", OTHER)
    await look(site)
    assert read(site) == [[(Line.LISTED, "10.0.0.1")]]
    await pass_to(site, utc("2026-03-01 14:00"))
    assert read(site) == [[(Line.LISTED, "10.0.0.1")], [(Line.LISTED, "10.0.0.2")]]


# --- clocks ---


@pytest.mark.parametrize("ahead", [HOURS, timedelta(days=3)])
@pytest.mark.parametrize(("route", "latest"), [(DIGEST, "2026-03-01 12:00"), (AFTER, "2026-03-01 13:20")])
async def test_a_clock_that_is_set_right_puts_nothing_off(
    store: Store, route: Route, latest: str, ahead: timedelta
) -> None:
    """It was ahead when the news came."""
    site = await watched(store, route)
    site.clock.step(ahead)
    site.world.list("a.test", HOST)
    site.monitor.rearm()
    await look(site)
    site.clock.step(-ahead)
    await site.release(clock_stepped=True)
    await tell(site)
    assert to(site, MAIL) == []
    await pass_to(site, utc(latest))
    assert read(site) == [[(Line.LISTED, "10.0.0.1")]]


# --- silences ---


@pytest.mark.parametrize("route", [DIGEST, AFTER])
async def test_what_is_muted_when_it_is_due_is_told_when_the_silence_ends_and_it_stands(
    store: Store, route: Route
) -> None:
    """Law 9, by the routes of the recipient: in his next digest, or if nobody acknowledges it from then on."""
    site = await watched(store, route)
    site.world.list("a.test", HOST)
    await look(site)
    silence(site, timedelta(hours=20))
    await pass_to(site, utc("2026-03-01 14:00"))
    assert (to(site, MAIL), reasons(store)) == ([], [(Decision.SILENCED, None)])
    assert store.read_now(lambda queries: queries.digests()) == {}
    site.clock.advance(timedelta(hours=18))
    await site.end_silences()
    await tell(site)
    assert to(site, MAIL) == []
    await pass_to(site, utc("2026-03-02 12:00"))
    assert read(site) == [[(Line.LISTED, "10.0.0.1")]]


async def test_what_was_muted_and_is_told_by_a_change_is_told_once(store: Store) -> None:
    """The change comes when the silence is over, and before anybody has looked at what it kept back."""
    site = await watched(store, Route(channels=(MAIL,)))
    silence(site, minutes(20))
    site.world.list("a.test", HOST)
    await look(site)
    site.world.list("a.test", HOST, "127.0.0.3")
    await look(site)
    await site.end_silences()
    await tell(site)
    assert read(site) == [[(Line.LISTED, "10.0.0.1")]]


some_routes = st.lists(
    st.builds(
        Route,
        channels=st.just((MAIL,)),
        tags=st.sampled_from([frozenset(), frozenset({"production"})]),
        digest=st.sampled_from([None, "11:00", "12:00", "02:30"]),
        after=st.sampled_from([None, minutes(20), 2 * HOURS]),
        on=st.sampled_from([frozenset(Topic), frozenset({Topic.LISTED}), frozenset(Topic) - {Topic.DELISTED}]),
    ),
    min_size=1,
    max_size=2,
)
#: What happens within each half an hour: the pair is on the list, off it, on it under another code, or left alone.
histories = st.lists(st.sampled_from(["127.0.0.2", "127.0.0.3", "", None]), min_size=2, max_size=8)


async def messages_of(
    folder_store: Store, routes: list[Route], history: list[str | None], muted: tuple[int, int] | None
) -> list[Message]:
    """All that a recipient is told of one pair, if a silence mutes it from one step on for some."""
    site = await watching(folder_store, list_of("a.test"), list_of("b.test"), settings=configured(*routes))
    for step, event in enumerate([*history, *[None] * 6]):
        if muted is not None and step == muted[0]:
            silence(site, muted[1] * minutes(45))
        if event:
            site.world.list("a.test", HOST, event)
        elif event is not None:
            site.world.delist("a.test", HOST)
        for _ in range(2):
            await look(site)
            await site.end_silences()
            await site.release()
    for hour in (3, 12, 36):
        site.clock.advance(hour * HOURS)
        await site.end_silences()
        await site.release()
        await tell(site)
    assert held(folder_store) == []
    return to(site, MAIL)


@pytest.mark.soak
@pytest.mark.timeout(repetitions(300, 5400))
@hypothesis_settings(
    max_examples=repetitions(8, 400),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(some_routes, histories, st.tuples(st.integers(0, 6), st.integers(1, 12)))
async def test_a_silence_never_adds_a_message(
    tmp_path_factory: pytest.TempPathFactory, routes: list[Route], history: list[str | None], muted: tuple[int, int]
) -> None:
    counts = []
    for silenced in (None, muted):
        folder = tmp_path_factory.mktemp("history")
        one = Store(Secret(f"sqlite:///{folder}/rblwatch.db"))
        one.open()
        try:
            counts.append(len(await messages_of(one, routes, history, silenced)))
        finally:
            one.close()
    without, with_silence = counts
    assert with_silence <= without
