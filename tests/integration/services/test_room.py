"""A disk that runs full is told in time, and a reserve lets what matters still be written."""

import logging
from pathlib import Path

import pytest

from rblwatch.core.alert import Group
from rblwatch.core.blocklist import bare
from rblwatch.core.room import TOLD_EVERY, Room
from rblwatch.core.settings import Route, Topic
from rblwatch.services.policy import policy_of
from rblwatch.services.room import RoomWatch, room_warning
from rblwatch.store.database import Store
from tests.integration.services.scene import CHAT, MAIL, MX1, list_of, minutes, to, watching
from tests.support.configuration import settings_of
from tests.support.site import Site

MB = 1_000_000
ROOMY, LOW, SCARCE = Room(90_000 * MB, 100_000 * MB), Room(200 * MB, 100_000 * MB), Room(20 * MB, 100_000 * MB)


async def site_over(store: Store) -> Site:
    routes = [Route(channels=(CHAT,)), Route(channels=(MAIL,), on=frozenset({Topic.LISTED}))]
    settings = settings_of([MX1], [bare("a.test")], channels=[CHAT, MAIL], routes=routes)
    return await watching(store, list_of(), settings=settings)


async def look(site: Site, watch: RoomWatch) -> None:
    await watch.look(policy_of(site.settings), site.clock.now())
    site.clock.advance(minutes(1))
    await site.deliver()


async def test_a_disk_that_runs_full_is_told_to_who_hears_of_blindness_and_not_all_the_time(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    site, watch = await site_over(store), RoomWatch(store)
    rooms = [ROOMY]
    monkeypatch.setattr(store, "room", lambda: rooms[-1])
    await look(site, watch)
    assert site.notifier.arrived == []
    rooms.append(LOW)
    for _ in range(3):
        await look(site, watch)
    # A restart forgets nothing of it.
    await look(site, RoomWatch(store))
    (message,) = to(site, CHAT)
    assert message.group is Group.NOTICE
    assert "is almost full (200 MB free of 100.0 GB): make room" in message.entries[0].news.text
    assert to(site, MAIL) == []
    assert caplog.messages.count("disk.low") == 2
    rooms.append(ROOMY)
    await look(site, watch)
    assert "disk.roomy" in caplog.messages
    # As long as it lasts, once a day.
    rooms.append(LOW)
    site.clock.advance(TOLD_EVERY)
    await look(site, watch)
    assert len(to(site, CHAT)) == 2


async def test_a_reserve_is_kept_while_there_is_room_and_given_up_when_there_is_none(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    site, watch, reserve = await site_over(store), RoomWatch(store), tmp_path / "rblwatch.db.reserve"
    rooms = [ROOMY]
    monkeypatch.setattr(store, "room", lambda: rooms[-1])
    await look(site, watch)
    assert reserve.stat().st_blocks * 512 >= ROOMY.reserve_bytes
    rooms.append(LOW)
    await look(site, watch)
    assert reserve.exists()
    rooms.append(SCARCE)
    await look(site, watch)
    assert not reserve.exists()
    rooms.append(ROOMY)
    await look(site, watch)
    assert reserve.exists()


def test_a_disk_is_looked_at_for_real(store: Store) -> None:
    room = store.room()
    assert room is not None
    assert 0 < room.free <= room.total


@pytest.mark.parametrize(
    ("room", "low", "scarce"),
    [
        (ROOMY, False, False),
        (LOW, True, False),
        (SCARCE, True, True),
        # A small disk: its shares count, so that it is not low for ever.
        (Room(200 * MB, 1000 * MB), False, False),
        (Room(99 * MB, 1000 * MB), True, False),
        (Room(19 * MB, 1000 * MB), True, True),
        (Room(0, 0), False, False),
    ],
)
def test_what_is_little_depends_on_the_disk(room: Room, *, low: bool, scarce: bool) -> None:
    assert (room.is_low, room.is_scarce) == (low, scarce)
    assert (room_warning("x", room) is not None) == low


def test_of_a_server_nothing_is_known_and_nothing_said() -> None:
    assert room_warning("postgresql://db", None) is None
