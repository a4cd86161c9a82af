"""What a delivery costs the writer, whom everybody waits for: counted in statements, on both sides of a send."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import event

from rblwatch.core.alert import Line
from rblwatch.core.blocklist import bare
from rblwatch.core.routing import Decision, Silence
from rblwatch.core.selection import Catalogue
from rblwatch.core.settings import Secret, Server
from rblwatch.core.target import Family, Target
from rblwatch.core.watchlist import watch
from rblwatch.services.draft import Draft
from rblwatch.services.policy import policy_of
from rblwatch.services.reconcile import reconcile
from rblwatch.store.database import Store
from rblwatch.store.queries import Queries
from rblwatch.store.repository import Repository
from rblwatch.store.rows import DeliveryState
from tests.integration.services.scene import CHAT, HOST, MX1, MX2, OTHER, list_of, minutes, said, tell, watching
from tests.support.configuration import settings_of
from tests.support.site import Site

T = TypeVar("T")


@dataclass
class Written:
    """Statements that the writer was given."""

    statements: list[str] = field(default_factory=list)

    def reads(self, *tables: str) -> bool:
        """Whether it was asked about one of these tables."""
        return any(f"FROM {table} " in statement for table in tables for statement in self.statements)


@contextmanager
def writing(store: Store) -> Iterator[Written]:
    """Note what the writer is given meanwhile."""
    written = Written()

    def note(*args: object) -> None:
        written.statements.append(str(args[2]))

    event.listen(store._writer, "before_cursor_execute", note)
    try:
        yield written
    finally:
        event.remove(store._writer, "before_cursor_execute", note)


async def found(store: Store, *, watched: int, listed: int) -> Site:
    """So many addresses are watched, and so many of them were found to be listed just now."""
    prefix = 32 - (watched - 1).bit_length()
    server = Server(name="mx", networks=(ip_network(f"10.0.0.0/{prefix}"),))
    site = await watching(store, list_of(), settings=settings_of([server], [bare("a.test")], channels=[CHAT]))
    for number in range(listed):
        site.world.list("a.test", Target(f"10.0.{number // 256}.{number % 256}", Family.IPV4))
    site.clock.advance(minutes(15))
    await site.sweep()
    site.clock.advance(timedelta(seconds=30))
    return site


@pytest.mark.parametrize(("watched", "listed"), [(2, 1), (4096, 1), (512, 500)])
async def test_a_delivery_takes_the_writer_as_often_however_much_is_watched_or_told(
    store: Store, watched: int, listed: int
) -> None:
    site = await found(store, watched=watched, listed=listed)
    with writing(store) as written:
        await site.deliverer.start_due()
        await site.quiet()
    (message,) = site.notifier.arrived
    assert len(message.entries) == listed
    assert not written.reads("coverage", "pair", "sounding", "target", "news")
    assert len(written.statements) <= 25
    about = [entry.news.listing.id for entry in message.entries if entry.news.listing is not None]
    assert len(store.read_now(lambda queries: queries.told(CHAT, about))) == listed
    first = message.entries[0].tally
    assert first is not None
    assert (first.listed, first.clear, first.unknown) == (1, 0, 0)


class Reading(Store):
    """A real database in which something happens just after a message was composed, and before anything is written."""

    then: Callable[[Repository], object] | None = None

    async def read(self, job: Callable[[Queries], T]) -> T:
        composed = await super().read(job)
        if self.then is not None and isinstance(composed, Draft):
            await self.write(self.then)
        return composed


@pytest.fixture
def meddled(tmp_path: Path) -> Iterator[Reading]:
    store = Reading(Secret(f"sqlite:///{tmp_path}/meddled.db"))
    store.open()
    yield store
    store.close()


def mute_now(site: Site, server: Server) -> None:
    at = site.clock.now()
    silence = Silence(id=0, until_at=at + minutes(60), server=server.name)
    site.store.write_now(lambda repo: repo.add_silence(silence, at))


@pytest.mark.parametrize(
    ("servers", "left"),
    [
        # Nothing is left to tell; or something is, and waits to be told by whoever has the delivery now.
        ((MX1, MX2), []),
        ((MX1,), [[(Line.LISTED, "10.0.0.2")]]),
    ],
)
async def test_a_sender_whose_lease_was_lost_while_it_composed_writes_and_sends_nothing(
    meddled: Reading, servers: tuple[Server, ...], left: list[list[tuple[Line, str]]]
) -> None:
    site = await watching(meddled, list_of(), settings=settings_of([MX1, MX2], [bare("a.test")], channels=[CHAT]))
    for target in (HOST, OTHER):
        site.world.list("a.test", target)
    site.clock.advance(minutes(15))
    await site.sweep()
    for server in servers:
        mute_now(site, server)
    site.clock.advance(timedelta(seconds=30))
    meddled.then = lambda repo: repo.void_leases("daemon:next", site.clock.now())
    assert await site.deliverer.start_due() == 1
    await site.quiet()
    (delivery,) = meddled.read_now(lambda queries: queries.deliveries())
    tellings = meddled.read_now(lambda queries: queries.tellings(delivery.id))
    assert delivery.state is DeliveryState.WAITING
    assert [telling.decision for telling in tellings] == [Decision.TELL, Decision.TELL]
    assert site.notifier.attempts == []
    meddled.then = None
    await site.deliver()
    assert [said(message) for message in site.notifier.arrived] == left
    assert len(meddled.write_now(lambda repo: repo.silenced_tellings(CHAT))) == len(servers)


async def test_a_silence_that_is_ended_while_a_message_is_composed_loses_nothing(meddled: Reading) -> None:
    """What it muted is seen to be free when silences are looked at next."""
    site = await watching(meddled, list_of(), settings=settings_of([MX1, MX2], [bare("a.test")], channels=[CHAT]))
    site.world.list("a.test", HOST)
    site.clock.advance(minutes(15))
    await site.sweep()
    mute_now(site, MX1)
    meddled.then = lambda repo: repo.end_silence(1, site.clock.now())
    await tell(site)
    assert site.notifier.arrived == []
    meddled.then = None
    site.clock.advance(timedelta(seconds=30))
    await site.end_silences()
    await site.deliver()
    assert [said(message) for message in site.notifier.arrived] == [[(Line.LISTED, "10.0.0.1")]]


async def test_what_ends_while_it_is_composed_is_told_as_it_was_and_then_as_ended(meddled: Reading) -> None:
    site = await watching(meddled, list_of(), settings=settings_of([MX1, MX2], [bare("a.test")], channels=[CHAT]))
    site.world.list("a.test", HOST)
    site.clock.advance(minutes(15))
    await site.sweep()
    settings = settings_of([MX2], [bare("a.test")], channels=[CHAT])

    def take_out(repo: Repository) -> None:
        meddled.then = None
        reconcile(repo, watch(settings, Catalogue()), policy_of(settings), site.clock.now())

    meddled.then = take_out
    await tell(site)
    await tell(site)
    assert [said(message) for message in site.notifier.arrived] == [
        [(Line.LISTED, "10.0.0.1")],
        [(Line.ENDED, "10.0.0.1")],
    ]
