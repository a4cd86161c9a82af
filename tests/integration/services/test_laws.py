"""The laws, end to end: whatever lists, caches, sinks, admins and crashes do, over services and a real database.

What the world may not do, since nothing could tell then: two lies in one. A list does not lie again while news from its
last lie still waits for its proof; nobody else fills the caches with a lie that we have not noticed; and a list without
a test point of its own does not fall silent.
"""

import asyncio
import contextlib
import functools
import sqlite3
from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from ipaddress import IPv4Address, ip_network
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from rblwatch.core.alert import Line, Told
from rblwatch.core.blocklist import Blocklist, Code, Kind, Meaning, Severity, bare
from rblwatch.core.listing import Ending, Listing
from rblwatch.core.matching import CodeRange
from rblwatch.core.routing import HELD, TOLD, Silence, decide
from rblwatch.core.selection import Catalogue
from rblwatch.core.settings import Route, Secret, Server, Settings, Topic
from rblwatch.core.standing import Change, Transition
from rblwatch.core.target import Family, Target, parse_name
from rblwatch.core.watchlist import Watchlist, joined, watch
from rblwatch.services import record
from rblwatch.services.announce import subject_of
from rblwatch.services.portion import Transitions
from rblwatch.store.database import Store
from rblwatch.store.rows import Pair
from tests.integration.services.ledger import Ledger
from tests.integration.services.scene import unverified
from tests.support.configuration import settings_of
from tests.support.site import Journey, Site
from tests.support.soak import repetitions
from tests.support.world import LYING, START, Mode, ScriptedClock, ScriptedList, World

T = TypeVar("T")

HOST, OTHER = Target("10.0.0.1", Family.IPV4), Target("10.0.0.2", Family.IPV4)
SIX = Target("fd00::1", Family.IPV6)
#: It is watched by a name only, which may also stand for one that is registered.
NAMED = Target("10.0.0.9", Family.IPV4)
HOST_NAME = "mx3.test"
TARGETS = (HOST, OTHER, SIX, NAMED)
CODES = {
    "127.0.0.2": Severity.MAJOR,
    "127.0.0.3": Severity.CRITICAL,
    "127.0.0.4": Severity.INFORMATIONAL,
}
#: The code that an admin may ignore; and an answer with several, so that something may be left of it.
IGNORED = IPv4Address("127.0.0.3")
ENTRIES = (*CODES, "127.0.0.2 127.0.0.3", None)
ALLOW = "allow.test"
LISTS = ("long.test", "quick.test", "unverified.test", ALLOW)
NAMESERVERS = ("127.0.0.1:53", "127.0.0.2:53")
WAITS_S = (0.4, 5, 31, 61, 240, 301, 901, 3605)
AFTER = timedelta(minutes=10)

JOURNEYS = (Journey.SENT, Journey.TRANSIENT, Journey.PERMANENT, Journey.HANGS, Journey.DIES)
CHANNELS = ("chat", "mail", "pager")
SILENCES = (
    Silence(id=0, until_at=START, server="mx2"),
    Silence(id=0, until_at=START, target=HOST.text),
    Silence(id=0, until_at=START, blocklist=LISTS[0]),
    Silence(id=0, until_at=START, tag="production"),
    Silence(id=0, until_at=START, code="127.0.0.2"),
)

some_list = st.integers(0, 3)
some_target = st.sampled_from(TARGETS)
some_wait = st.sampled_from(WAITS_S)

#: What an admin puts in and takes out.
FEATURES = (
    "mx1",
    "mx2",
    "mx3",
    *LISTS,
    "tag",
    "skip",
    *CHANNELS,
    "threshold",
    "rename",
    "ignore",
    "digest",
    "another digest",
    "escalation",
    "zone",
)
#: What is led to a recipient, now or later.
LED = TOLD | HELD


def coded(blocklist: Blocklist) -> Blocklist:
    """The list with codes of different severities."""
    rows = [
        Code(CodeRange(IPv4Address(code), IPv4Address(code)), Meaning(code, severity))
        for code, severity in CODES.items()
    ]
    return replace(blocklist, codes=tuple(rows))


BLOCKLISTS = {blocklist.id: coded(blocklist) for blocklist in (*map(bare, LISTS[:2]), unverified(LISTS[2]))}
BLOCKLISTS[ALLOW] = bare(ALLOW, kind=Kind.ALLOW)


def world() -> World:
    ttls = {"long.test": (3600, 60), "quick.test": (60, 300), "unverified.test": (300, 900), ALLOW: (60, 60)}
    lists = [ScriptedList(blocklist, *ttls[name]) for name, blocklist in BLOCKLISTS.items()]
    return World(ScriptedClock(), lists)


def configuration(features: frozenset[str]) -> Settings:
    """The configuration that an admin has written, who has put these features in."""
    tags = ("production",) if "tag" in features else ()
    skip = ("quick.test",) if "skip" in features else ()
    name = "mail1" if "rename" in features else "mx1"
    one = Server(name=name, networks=(ip_network("10.0.0.1/32"),), tags=tags, skip=skip)
    two = Server(name="mx2", networks=(ip_network("10.0.0.0/30"), ip_network("fd00::1/128")))
    three = Server(name="mail3" if "rename" in features else "mx3", hostnames=(parse_name(HOST_NAME),))
    ignored = (IGNORED,) if "ignore" in features else ()
    least = Severity.CRITICAL if "threshold" in features else Severity.MINOR
    routes = {
        "chat": Route(channels=("chat",), tags=frozenset({"production"})),
        # At once for what is critical, and a digest of the rest.
        "mail": Route(
            channels=("mail",),
            severity=Severity.INFORMATIONAL,
            digest="02:30" if "digest" in features else None,
        ),
        "pager": Route(channels=("pager",), severity=least, after=AFTER if "escalation" in features else None),
    }
    urgent = Route(channels=("mail",), severity=Severity.CRITICAL)
    also = Route(channels=("pager",), digest="18:00", tags=frozenset({"production"}))
    channels = [channel for channel in routes if channel in features]
    configured = settings_of(
        [server for server, feature in ((one, "mx1"), (two, "mx2"), (three, "mx3")) if feature in features],
        [
            replace(BLOCKLISTS[blocklist], ignored=() if blocklist == ALLOW else ignored)
            for blocklist in LISTS
            if blocklist in features
        ],
        channels=channels,
        routes=[
            *(routes[channel] for channel in channels),
            *([urgent] if {"mail", "digest"} <= features else []),
            *([also] if {"pager", "another digest"} <= features else []),
        ],
    )
    zone = "America/New_York" if "zone" in features else "Europe/Berlin"
    return replace(configured, schedule=replace(configured.schedule, timezone=zone))


class DiedError(Exception):
    """The process has ended."""


@pytest.fixture(autouse=True)
def portions_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every target that is looked at is recorded in a transaction of its own."""
    monkeypatch.setattr(record, "PORTION_TARGETS", 1)


@functools.cache
def empty_database() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        store = Store(Secret(f"sqlite:///{path}"))
        store.open()
        store.close()
        return path.read_bytes()


class Laws(RuleBasedStateMachine):
    """One daemon, its world, and everybody who reads its messages."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.database = Path(self.folder.name) / "rblwatch.db"
        self.database.write_bytes(empty_database())
        self.store = Store(Secret(f"sqlite:///{self.database}"))
        self.watcher = sqlite3.connect(self.database)
        self.seen = 0
        self.news_seen = 0
        self.loop = asyncio.new_event_loop()
        self.site = Site(self.store, world())
        self.world = self.site.world
        self.ledger = Ledger(self.site.notifier)
        self.features = frozenset(FEATURES) - {"skip", "threshold", "rename", "ignore"}
        self.toggled: tuple[str, ...] = ()

    def do(self, step: Coroutine[None, None, T]) -> T:
        return self.loop.run_until_complete(step)

    @initialize(
        lists=st.sets(st.sampled_from(LISTS), max_size=2),
        listed=st.sets(st.tuples(st.sampled_from(LISTS), st.sampled_from(TARGETS)), max_size=3),
        toggled=st.sets(st.sampled_from(FEATURES), min_size=1, max_size=2),
    )
    def begin(self, lists: set[str], listed: set[tuple[str, Target]], toggled: set[str]) -> None:
        """Watch some of the lists; the admin changes his mind about a few things only."""
        self.features -= lists
        self.toggled = tuple(sorted(toggled))
        self.site.names.known[HOST_NAME] = (NAMED,)
        for blocklist, target in sorted(listed):
            self.world.list(blocklist, target)
        self.do(self.site.start(configuration(self.features)))
        self.look_up_names()
        self.sweep()

    # --- the names ---

    @rule(found=st.none() | st.sets(st.sampled_from([OTHER, NAMED])))
    def move_name(self, found: set[Target] | None) -> None:
        """The name stands for other addresses, or cannot be looked up; and it is looked up."""
        if found is None:
            self.site.names.known.pop(HOST_NAME, None)
        else:
            self.site.names.known[HOST_NAME] = tuple(sorted(found))
        self.look_up_names()

    def look_up_names(self) -> None:
        """What is found is watched, and a failure takes nothing away."""
        before = self.site.survey.found
        self.do(self.site.look_up_names())
        found = self.site.names.known.get(HOST_NAME)
        for server, targets in self.site.survey.found.items():
            kept = before.get(server, ()) if found is None else found
            assert set(kept) <= set(targets)

    # --- the lists ---

    @rule(blocklist=some_list, host=some_target, codes=st.sampled_from(ENTRIES))
    def change_entry(self, blocklist: int, host: Target, codes: str | None) -> None:
        if codes is None:
            self.world.delist(self.watched(blocklist), host)
        else:
            self.world.list(self.watched(blocklist), host, *codes.split())

    @rule(blocklist=some_list, mode=st.sampled_from((*Mode, *[Mode.HEALTHY] * 4)), is_cached=st.booleans())
    def turn(self, blocklist: int, mode: Mode, is_cached: bool) -> None:
        """A list goes bad, or is mended; it may go bad just after somebody else has fetched its test points."""
        name = self.watched(blocklist)
        scripted = self.world.lists[name]
        if mode in LYING:
            if name == "unverified.test" and mode is not Mode.WILDCARD:
                return
            if any(pair.blocklist == name and pair.standing.pending for pair in self.pairs()):
                return
        if is_cached and mode is not Mode.HEALTHY:
            self.site.clock.advance(timedelta(seconds=1 + max(scripted.positive_ttl_s, scripted.negative_ttl_s)))
            self.fetch_points(name)
        self.world.turn(name, mode)

    @rule(blocklist=some_list, host=st.none() | some_target)
    def lose_questions(self, blocklist: int, host: Target | None) -> None:
        """Questions about a target, or about fresh points, time out from now on, or no longer."""
        scripted = self.world.lists[self.watched(blocklist)]
        if host is None:
            scripted.proofs_answered ^= True
        else:
            scripted.unanswered ^= {host}

    # --- the resolvers ---

    @rule(nameserver=st.sampled_from(NAMESERVERS))
    def change_nameserver(self, nameserver: str) -> None:
        self.site.lookup.nameserver = nameserver

    @rule(blocklist=some_list, host=some_target)
    def somebody_else_asks(self, blocklist: int, host: Target) -> None:
        name, nameserver = self.watched(blocklist), self.site.lookup.nameserver
        noticed = any(
            sounding.condition.soundness.flaw is not None
            for sounding in self.store.read_now(lambda queries: queries.soundings(name))
            if (sounding.nameserver, sounding.family) == (nameserver, host.family)
        )
        if noticed or self.world.lists[name].mode not in LYING:
            self.site.lookup.question(nameserver, name, host)

    @rule(blocklist=some_list)
    def somebody_else_tests(self, blocklist: int) -> None:
        if self.world.lists[self.watched(blocklist)].mode not in LYING:
            self.fetch_points(self.watched(blocklist))

    def fetch_points(self, blocklist: str) -> None:
        """Let the cache hold whatever the list says of its points, through the nameserver that is asked now."""
        for batch in self.site.lookup.batches:
            if batch.blocklist.id == blocklist and batch.targets:
                for probe in batch.probes:
                    self.site.lookup.question(self.site.lookup.nameserver, blocklist, probe.target)

    # --- time, and the daemon ---

    @rule(seconds=some_wait)
    def wait(self, seconds: float) -> None:
        self.site.clock.advance(timedelta(seconds=seconds))

    @rule(hours=st.sampled_from([5, 13, 25]))
    def sleep(self, hours: float) -> None:
        """The machine is off, maybe over the time of a digest."""
        self.site.clock.advance(timedelta(hours=hours))

    @rule()
    def release(self) -> None:
        self.do(self.site.release())

    @rule()
    def sweep(self) -> None:
        self.do(self.site.sweep())
        self.do(self.site.monitor.release_first_looks())

    @rule(seconds=some_wait)
    def wait_and_sweep(self, seconds: float) -> None:
        self.wait(seconds)
        self.sweep()
        self.do(self.site.end_silences())
        self.do(self.site.deliver())

    @rule(seconds=some_wait)
    def wait_and_beat(self, seconds: float) -> None:
        self.wait(seconds)
        self.do(self.site.beat())
        self.do(self.site.deliver())

    @rule()
    def restart(self) -> None:
        self.do(self.site.start(configuration(self.features)))

    @rule(portions=st.integers(1, 5))
    def die_while_recording(self, portions: int) -> None:
        """The process ends between two transactions of a batch, or of several."""
        left = iter(range(portions - 1))

        def live_on(_: Transitions) -> None:
            if next(left, None) is None:
                raise DiedError

        self.site.monitor.sweeper.on_transitions = live_on
        with contextlib.suppress(DiedError):
            self.do(self.site.sweep())
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.restart()

    # --- the recipients ---

    @rule(recipient=st.sampled_from(CHANNELS), journey=st.sampled_from((*JOURNEYS, Journey.SENT, Journey.SENT)))
    def change_journey(self, recipient: str, journey: Journey) -> None:
        self.site.notifier.journeys[recipient] = journey

    # --- the admin ---

    @rule(number=st.integers(0, 1), restarting=st.booleans())
    def configure(self, number: int, restarting: bool) -> None:
        self.features ^= {self.toggled[number % len(self.toggled)]}
        settings = configuration(self.features)
        self.do(self.site.start(settings) if restarting else self.site.reload(settings))
        self.ledger.forget([channel.name for channel in settings.channels])

    @rule(silence=st.sampled_from(SILENCES), seconds=some_wait)
    def mute(self, silence: Silence, seconds: float) -> None:
        at = self.site.clock.now()
        lasting = replace(silence, until_at=at + timedelta(seconds=seconds))
        self.store.write_now(lambda repo: repo.add_silence(lasting, at))

    @rule()
    def end_silences(self) -> None:
        at = self.site.clock.now()
        self.store.write_now(lambda repo: [repo.end_silence(silence.id, at) for silence in repo.silences(at)])
        self.do(self.site.end_silences())

    @property
    def ignorable(self) -> tuple[IPv4Address, ...]:
        """The codes that an admin may have ignored at any time."""
        return (IGNORED,) if "ignore" in self.toggled else ()

    def watched(self, number: int) -> str:
        """One of the lists that are configured, so that few rules are spent on the others."""
        lists = [blocklist for blocklist in LISTS if blocklist in self.features] or LISTS[:1]
        return lists[number % len(lists)]

    # --- what holds at every moment ---

    def pairs(self) -> list[Pair]:
        return self.store.read_now(lambda queries: queries.all_pairs())

    def history(self) -> list[tuple[Listing, list[Transition]]]:
        """All listings, the first one first, with all that happened to them."""
        return self.store.read_now(
            lambda queries: [(listing, queries.transitions(listing.id)) for listing in reversed(queries.history())]
        )

    @invariant()
    def laws_hold(self) -> None:
        self.ledger.read()
        version = self.watcher.execute("PRAGMA data_version").fetchone()[0]
        if version != self.seen:
            self.seen = version
            self.listings_are_true()
            self.news_and_deliveries_are_whole()
            self.nothing_is_held_of_what_is_not_watched()
            self.a_name_of_a_renamed_server_is_known()
            self.what_waits_is_seen()

    def listings_are_true(self) -> None:
        """Laws 1 to 4 and 8: what is held, a healthy list once held; what was delisted, it once was without."""
        for listing, transitions in self.history():
            first, *rest = transitions
            assert first.change is Change.LISTED
            ends = [transition for transition in rest if transition.change is not Change.CHANGED]
            assert ends == rest[len(rest) - len(ends) :]
            assert len(ends) == (listing.ended_by in (Ending.DELISTED, Ending.REINTERPRETED))
            assert listing.ended_by is not Ending.REINTERPRETED or listing.codes == (str(IGNORED),)
            for transition in transitions:
                codes = [str(code) for code in transition.listed.codes]
                place = (listing.blocklist, listing.target)
                assert self.world.ever_listed(*place, codes, ignored=self.ignorable), (listing, transition)
                if transition.change is Change.CHANGED:
                    assert transition.before is not None
                    assert set(transition.listed.said) != set(transition.before.said), "only read otherwise"
            if listing.ended_by is Ending.DELISTED:
                assert self.world.ever_clear(
                    listing.blocklist, listing.target, listing.listed_at, ignored=self.ignorable
                ), listing
            assert listing.clear_at is None or listing.clear_at <= listing.listed_at <= listing.seen_at

    def news_and_deliveries_are_whole(self) -> None:
        """Law 5: whatever is to be told has a delivery, and whatever happened is news."""
        untold = "SELECT * FROM telling WHERE (decision IN ('tell', 'grouped')) <> (delivery_id NOTNULL)"
        # What is held is due some time, or has its reason.
        lost = (
            "SELECT * FROM telling WHERE (due_at NOTNULL AND decision NOT IN "
            "('waiting-for-digest', 'waiting-for-acknowledgement', 'repeated-too-soon')) OR (due_at IS NULL AND "
            "dropped IS NULL AND decision IN ('waiting-for-digest', 'waiting-for-acknowledgement'))"
        )
        unsaid = (
            "SELECT * FROM transition WHERE NOT EXISTS "
            "(SELECT * FROM news WHERE news.listing_id = transition.listing_id AND news.kind = "
            "CASE transition.change WHEN 'reinterpreted' THEN 'ended' ELSE transition.change END)"
        )
        idle = (
            "SELECT * FROM delivery WHERE state <> 'empty' AND id NOT IN "
            "(SELECT delivery_id FROM telling WHERE delivery_id NOTNULL)"
        )
        for query in (untold, lost, unsaid, idle):
            assert self.watcher.execute(query).fetchall() == []
        self.everybody_has_a_reason()

    def everybody_has_a_reason(self) -> None:
        """Every transition has a telling for every recipient of the time."""
        channels = [channel.name for channel in self.site.settings.channels]
        counted = (
            "SELECT news.id, count(telling.recipient) FROM news JOIN alert ON alert.id = news.alert_id "
            "LEFT JOIN telling ON telling.news_id = news.id "
            "WHERE alert.\"group\" IN ('news', 'first-look') AND news.kind IN ('listed', 'changed', 'delisted') "
            "AND news.id > ? GROUP BY news.id ORDER BY news.id"
        )
        for news_id, reasons in self.watcher.execute(counted, [self.news_seen]).fetchall():
            assert reasons == len(channels), (news_id, reasons, channels)
            self.news_seen = news_id

    def nothing_is_held_of_what_is_not_watched(self) -> None:
        watchlist = self.watchlist
        for pair in self.pairs():
            assert watchlist.asks(pair.blocklist, pair.target)
        open_listings = self.store.read_now(lambda queries: queries.open_listings())
        listed = [pair for pair in self.pairs() if pair.standing.listed]
        assert {listing.id for listing in open_listings} == {p.listing_id for p in listed if p.blocklist != ALLOW}
        for pair in listed:
            if pair.blocklist == ALLOW:
                assert pair.listing_id is None
                assert pair.allowed_at is not None

    def a_name_of_a_renamed_server_is_known(self) -> None:
        """Whatever the admin calls its server: only where it is taken out, the name begins anew."""
        known = self.store.read_now(lambda queries: queries.known())
        assert {one.server for one in known} <= {server.name for server in self.site.settings.servers}

    @property
    def watchlist(self) -> Watchlist:
        """What is watched as configured and as found by name."""
        return joined(watch(self.site.settings, Catalogue()), self.site.survey.found)

    def what_waits_is_seen(self) -> None:
        shown = {
            (pair.blocklist, target.target)
            for server in self.site.status().servers
            for target in server.targets
            for pair in target.pairs
            if pair.pending is not None
        }
        assert shown == {(pair.blocklist, pair.target) for pair in self.pairs() if pair.standing.pending is not None}

    # --- what holds in the end ---

    def teardown(self) -> None:
        try:
            self.settle()
            self.everything_true_is_held_and_told()
        finally:
            self.do(self.site.deliverer.drain(0))
            self.loop.close()
            self.watcher.close()
            self.store.close()
            self.folder.cleanup()

    def settle(self) -> None:
        """Heal everything, and give it time."""
        for blocklist, scripted in self.world.lists.items():
            self.world.turn(blocklist, Mode.HEALTHY)
            scripted.proofs_answered = True
            scripted.unanswered.clear()
        self.site.notifier.journeys.clear()
        self.restart()
        for number in range(8):
            self.look_up_names()
            # Two resolvers that take turns put off nothing.
            self.site.lookup.nameserver = NAMESERVERS[number % 2]
            # Of a digest that is due, the first round finds today's gone, and the last that of another day.
            self.site.clock.advance(timedelta(hours=1.5 if number < 5 else 20))
            self.do(self.site.sweep())
            self.do(self.site.beat())
            self.site.clock.advance(timedelta(minutes=16))
            self.do(self.site.deliver())
            self.listings_are_true()
            self.ledger.read()

    def allow_lists_are_true(self) -> None:
        """Being on one is held, and a loss was told of those only that were on it and then were not."""
        entries = self.world.lists[ALLOW].entries
        on_it = {pair.target for pair in self.pairs() if pair.blocklist == ALLOW and pair.standing.listed}
        assert on_it == {target for target in entries if self.watchlist.asks(ALLOW, target)}
        for message in self.site.notifier.arrived:
            for entry in message.entries:
                if entry.line is Line.ALLOW_LOST:
                    target = next(one for one in TARGETS if one.text == entry.news.target)
                    assert self.world.ever_listed(ALLOW, target, entry.news.codes)
                    assert self.world.ever_clear(ALLOW, target, START)

    def everything_true_is_held_and_told(self) -> None:
        self.allow_lists_are_true()
        watchlist = self.watchlist
        listings = [listing for listing, _ in self.history()]
        held = {(one.blocklist, one.target): one.codes for one in listings if one.stands}
        ignored = {IGNORED} if "ignore" in self.features else set()
        assert held == {
            (blocklist, target): tuple(str(code) for code in codes if code not in ignored)
            for blocklist, scripted in self.world.lists.items()
            for target, codes in scripted.entries.items()
            if blocklist != ALLOW and watchlist.asks(blocklist, target) and not ignored.issuperset(codes)
        }
        assert self.pending_deliveries() == []
        assert self.store.read_now(lambda queries: queries.held()) == []
        assert self.store.read_now(lambda queries: queries.incidents(open_only=True)) == []
        routes = self.site.settings.routes
        for channel in self.site.settings.channels:
            failed = self.failed_listings(channel.name)
            assert self.ledger.believes_blind(channel.name) <= self.failed_incidents(channel.name)
            for listing in listings:
                subject = subject_of(listing, Topic.LISTED, watchlist)
                knows = self.ledger.knows(channel.name, listing.id)
                if listing.id in failed:
                    continue
                if not listing.stands:
                    assert knows is not Told.OPEN, (channel.name, listing)
                elif decide(subject, channel.name, routes, aware=False) in LED:
                    assert knows is Told.OPEN, (channel.name, listing)
                elif decide(subject, channel.name, routes, aware=True) not in LED:
                    assert knows is not Told.OPEN, (channel.name, listing)

    def failed_listings(self, recipient: str) -> set[int]:
        return self.store.write_now(lambda repo: repo.failed_listings(recipient))

    def failed_incidents(self, recipient: str) -> set[int]:
        return self.store.write_now(lambda repo: repo.failed_incidents(recipient))

    def pending_deliveries(self) -> list[int]:
        found = self.store.read_now(lambda queries: queries.deliveries(limit=1000))
        return [delivery.id for delivery in found if delivery.state in ("waiting", "claimed")]


Laws.TestCase.settings = hypothesis_settings(
    max_examples=repetitions(20, 1000), stateful_step_count=repetitions(30, 50), deadline=None
)
TestLaws = pytest.mark.soak(pytest.mark.timeout(repetitions(300, 5400))(Laws.TestCase))
