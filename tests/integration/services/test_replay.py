"""What another configuration would have told, over services and a real database."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rblwatch.core.blocklist import Severity, bare
from rblwatch.core.hindsight import Mark
from rblwatch.core.routing import Silence
from rblwatch.core.settings import Route, Secret, Server, Settings, Topic
from rblwatch.services.acknowledge import acknowledge
from rblwatch.services.policy import policy_of
from rblwatch.services.replay import Replayed, replay
from rblwatch.store.database import Store
from rblwatch.store.scratch import Scratch
from tests.integration.services.scene import CHAT, HOST, MAIL, MX1, MX2, OTHER, list_of, minutes
from tests.support.configuration import settings_of
from tests.support.site import Journey, Site
from tests.support.soak import repetitions
from tests.support.world import Mode, ScriptedClock, World

A, B = bare("a.test"), bare("b.test")
PAGER = "pager"
EVERY = timedelta(hours=6)
ROUTES = {
    "at once": (Route(channels=(CHAT, MAIL, PAGER)),),
    "digest": (Route(channels=(CHAT,)), Route(channels=(MAIL,), digest="12:00")),
    "escalation": (Route(channels=(CHAT,)), Route(channels=(PAGER,), after=timedelta(hours=2))),
    "reminders": (
        Route(channels=(CHAT,), remind_every=EVERY),
        Route(channels=(MAIL,), digest="12:00", remind_every=EVERY),
    ),
    "all of it": (
        Route(channels=(CHAT,), tags=frozenset({"production"})),
        Route(channels=(MAIL,), digest="02:30", severity=Severity.MAJOR),
        Route(channels=(PAGER,), after=timedelta(minutes=40), on=frozenset({Topic.LISTED, Topic.DELISTED})),
        Route(channels=(PAGER,), digest="18:00", after=timedelta(hours=1), remind_every=EVERY),
    ),
}


def configured(*routes: Route, servers: tuple[Server, ...] = (MX1, MX2)) -> Settings:
    return settings_of(servers, [A, B], channels=(CHAT, MAIL, PAGER), routes=routes)


@contextmanager
def fresh() -> Iterator[Store]:
    # In memory, where there is such a place: what is proven here is not that a disk remembers.
    with TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        store = Store(Secret(f"sqlite:///{Path(folder)}/rblwatch.db"))
        store.open()
        try:
            yield store
        finally:
            store.close()


async def started(store: Store, settings: Settings) -> Site:
    site = Site(store, World(ScriptedClock(), [list_of("a.test"), list_of("b.test")]))
    await site.start(settings)
    await step(site)
    return site


async def step(site: Site) -> None:
    await site.beat()
    await site.deliver()


async def run(site: Site, lasting: timedelta) -> None:
    """Let a daemon run that looks at what is due the moment that it is, and every quarter of an hour."""
    end = site.clock.now() + lasting
    while (now := site.clock.now()) < end:
        due = site.store.write_now(lambda repo: Scratch(repo._connection).next_at(now))
        moments = [due, *(message.at + EVERY for message in site.notifier.arrived)]
        following = min((moment for moment in moments if moment is not None and moment > now), default=end)
        site.clock.advance(min(following, now + minutes(15), end) - now)
        await step(site)


def replayed(site: Site, settings: Settings | None = None, *, since_at: datetime | None = None) -> Replayed:
    history = site.store.read_now(lambda queries: queries.past())
    policy = policy_of(settings or site.settings)
    watchlist = site.terms.roster.watchlist
    since = since_at or site.clock.now() - timedelta(days=30)
    return replay(history, watchlist, policy, since_at=since, until_at=site.clock.now())


def rows(of: Replayed) -> list[tuple[str, Mark, str, str, str]]:
    return [
        (
            one.said.channel,
            one.mark,
            one.said.target or one.said.text,
            f"{one.was.line.value} {one.was.at:%d %H:%M:%S}" if one.was else "",
            f"{one.would.line.value} {one.would.at:%d %H:%M:%S}" if one.would else "",
        )
        for one in of.lines
    ]


# --- the law ---

waits = st.sampled_from([timedelta(minutes=5), timedelta(minutes=31), timedelta(hours=3), timedelta(hours=11)])
hosts = st.sampled_from([HOST, OTHER])
names = st.sampled_from(["a.test", "b.test"])
deeds = st.one_of(
    st.tuples(st.just("list"), names, hosts),
    st.tuples(st.just("delist"), names, hosts),
    st.tuples(st.just("turn"), names, st.sampled_from([Mode.DEAD, Mode.WILDCARD, Mode.HEALTHY, Mode.HEALTHY])),
    st.tuples(st.just("silence"), st.sampled_from([{"server": "mx1"}, {"blocklist": "b.test"}, {}]), waits),
    st.tuples(st.just("acknowledge"), st.integers(0, 3), st.none()),
)


def do(site: Site, deed: str, what: object, more: object) -> None:
    at = site.clock.now()
    match deed, what, more:
        case "list", str(name), _:
            site.world.list(name, HOST if more == HOST else OTHER)
        case "delist", str(name), _:
            site.world.delist(name, HOST if more == HOST else OTHER)
        case "turn", str(name), Mode() as mode:
            site.world.turn(name, mode)
        case "silence", dict(matching), timedelta() as lasting:
            site.store.write_now(lambda repo: repo.add_silence(Silence(id=0, until_at=at + lasting, **matching), at))
        case "acknowledge", int(back), _:
            alerts = site.store.read_now(lambda queries: queries.alerts(since=None, limit=back + 1))
            for alert in alerts[-1:]:
                said = partial(acknowledge, alert_id=alert.id, author="x", note="", at=at)
                site.store.write_now(said)


async def live(site: Site, deeds_and_waits: list[tuple[tuple[str, object, object], timedelta]]) -> None:
    for deed, wait in deeds_and_waits:
        do(site, *deed)
        await run(site, wait)


@pytest.mark.soak
@pytest.mark.timeout(repetitions(300, 3600))
@hypothesis_settings(max_examples=repetitions(6, 1000), deadline=None)
@given(st.sampled_from(list(ROUTES)), st.lists(st.tuples(deeds, waits), min_size=2, max_size=10), st.integers(0, 40))
def test_the_same_configuration_gives_what_was_told(
    routes: str, lived: list[tuple[tuple[str, object, object], timedelta]], seen: int
) -> None:
    """Line by line, to the second, whatever part of the past is looked at."""
    with fresh() as store:

        async def told() -> Replayed:
            site = await started(store, configured(*ROUTES[routes]))
            await live(site, lived)
            return replayed(site, since_at=site.clock.now() - timedelta(hours=seen) if seen else None)

        found = asyncio.run(told())
    assert [row for row in rows(found) if row[1] is not Mark.SAME] == []
    assert all(one.was is not None and one.would is not None and one.was.at == one.would.at for one in found.lines)


# --- another configuration ---


async def lived_through(store: Store) -> Site:
    """Listed and delisted within hours: told at once to one channel."""
    site = await started(store, configured(Route(channels=(CHAT,))))
    await live(site, [(("list", "a.test", HOST), timedelta(hours=3)), (("delist", "a.test", HOST), timedelta(hours=3))])
    return site


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        # A channel more.
        (Route(channels=(CHAT, MAIL)), {CHAT: ["same", "same"], MAIL: ["new", "new"]}),
        # In the digest it was listed and is over: one line, and no end for whoever did not know that it began.
        (Route(channels=(CHAT,), digest="15:00"), {CHAT: ["moved", "gone never-told"]}),
        # It waits still.
        (Route(channels=(CHAT,), digest="18:00"), {CHAT: ["gone waiting-for-digest", "gone never-told"]}),
        (Route(channels=(CHAT,), severity=Severity.CRITICAL), {CHAT: ["gone below-severity", "gone never-told"]}),
        (Route(channels=(CHAT,), tags=frozenset({"x"})), {CHAT: ["gone other-tags", "gone never-told"]}),
        # It was over before anybody would have been called.
        (Route(channels=(CHAT,), after=timedelta(hours=5)), {CHAT: ["gone over", "gone never-told"]}),
        (Route(channels=(CHAT,), on=frozenset({Topic.BLIND})), {CHAT: ["gone not-on-route", "gone never-told"]}),
    ],
)
async def test_another_configuration_is_held_against_what_was_told(
    store: Store, route: Route, expected: dict[str, list[str]]
) -> None:
    site = await lived_through(store)
    found = replayed(site, configured(route))
    by_channel: dict[str, list[str]] = {}
    for one in found.lines:
        why = f" {one.reason.value}" if one.reason is not None else ""
        by_channel.setdefault(one.said.channel, []).append(f"{one.mark.value}{why}")
    assert by_channel == expected
    assert set(found.counts) == {CHAT, MAIL, PAGER}


async def test_nothing_is_written(store: Store) -> None:
    site = await lived_through(store)
    before = store.read_now(lambda queries: queries.past())
    replayed(site, configured(Route(channels=(MAIL,))))
    assert store.read_now(lambda queries: queries.past()) == before


async def test_a_channel_that_was_down_was_told_as_late_by_the_same_configuration(store: Store) -> None:
    site = await started(store, configured(Route(channels=(CHAT,))))
    site.notifier.journeys[CHAT] = Journey.TRANSIENT
    site.world.list("a.test", HOST)
    await run(site, timedelta(hours=2))
    site.notifier.journeys.clear()
    await run(site, timedelta(hours=2))
    assert [row[1] for row in rows(replayed(site)) if row[0] == CHAT and row[2] == HOST.text] == [Mark.SAME]
