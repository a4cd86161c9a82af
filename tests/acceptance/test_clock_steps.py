"""The clock of the daemon is stepped by an hour, by a library that it alone sees: nothing is lost, twice or silent."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rblwatch.core.alert import Line
from tests.support.faketime import FakeTime
from tests.support.scene import MX1, MX2, ONE, TWO, Scene, new_scene
from tests.support.told import Told
from tests.support.waiting import eventually

#: Nobody waits for an hour that was taken away; a busy machine may take a while.
TOLD_S = 60.0


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with new_scene(tmp_path) as scene:
        yield scene


@pytest.mark.timeout(300)
def test_a_clock_that_is_stepped_by_an_hour_delays_and_repeats_nothing(scene: Scene, tmp_path: Path) -> None:
    faked = FakeTime(tmp_path / "offset")
    scene.estate.environment |= faked.environment
    daemon = scene.start()
    wanted: list[Told] = []
    for steps, (hours, zone, blocklist, host) in enumerate([(1, ONE, "one", MX1), (-1, TWO, "two", MX2)], 1):
        # A message waits for its next try when the clock is stepped.
        scene.chat.fail()
        scene.lists.list(zone, host)
        daemon.wait_for_line("delivery.retrying", daemon.stderr.count("delivery.retrying") + 1, timeout_s=TOLD_S)
        faked.step(hours)
        daemon.wait_for_line("daemon.clock_stepped", steps)
        scene.chat.recover()
        # What the chat refused, it has received as well.
        daemon.wait_for_line("channel=chat state=sent", 2 * steps - 1, timeout_s=TOLD_S)
        scene.wait_until_told(Line.LISTED, host, blocklist, timeout_s=TOLD_S)
        scene.lists.delist(zone, host)
        scene.wait_until_told(Line.DELISTED, host, blocklist, timeout_s=TOLD_S)
        wanted += [Told(Line.LISTED, host, blocklist), Told(Line.DELISTED, host, blocklist)]

    daemon.wait_for_line("sweep.finished", daemon.stderr.count("sweep.finished") + 2, timeout_s=TOLD_S)
    eventually(lambda: daemon.stderr.count("delivery.sent") >= 8, message=lambda: daemon.stderr)
    assert len({request.headers["x-rblwatch-delivery"] for request in scene.chat.received}) == 4
    assert scene.told("mail") == wanted
    assert daemon.terminate() == 0
    assert "Traceback" not in daemon.stderr
