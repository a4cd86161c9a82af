"""How the daemon starts and ends: drained within its bound, one to a database, and going on where it stopped."""

import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rblwatch.core.alert import Line
from tests.support.scene import MX1, MX2, ONE, TWO, Scene, new_scene
from tests.support.waiting import eventually

#: Source: the issue, "SIGTERM drains and exits within 10 s".
DRAINED_S = 10.0


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with new_scene(tmp_path) as scene:
        yield scene


@pytest.mark.parametrize(
    "numbers",
    # `timeout` sends SIGTERM to the process, and at once to its group.
    [[signal.SIGTERM, signal.SIGTERM], [signal.SIGINT]],
    ids=["SIGTERM, and its twin", "SIGINT"],
)
def test_a_signal_ends_the_daemon_with_0(scene: Scene, numbers: list[signal.Signals]) -> None:
    daemon = scene.start()
    for number in numbers:
        daemon.send(number)
    assert daemon.wait(DRAINED_S) == 0
    assert "daemon.stopped" in daemon.stderr
    assert "Traceback" not in daemon.stderr


def test_a_stuck_send_keeps_nobody_waiting_and_is_taken_up_again(scene: Scene) -> None:
    """The chat's answer drips in, so that no time-out of a read ever strikes; another test has one that hangs."""
    daemon = scene.start()
    scene.chat.drip_head()
    scene.lists.list(ONE, MX1)
    scene.chat.wait_for_count(1)
    assert daemon.terminate(DRAINED_S) == 0

    scene.chat.recover()
    scene.start()
    again = scene.chat.wait_for_count(2)
    assert again[0].headers["x-rblwatch-delivery"] == again[1].headers["x-rblwatch-delivery"]
    assert again[0].json == again[1].json or Line.LISTED in {told.line for told in scene.told()}


def test_a_batch_without_answers_keeps_nobody_waiting_and_is_asked_again(scene: Scene) -> None:
    scene.estate.resolver = 'timeout = "30s"\nattempts = 2'
    daemon = scene.start()
    scene.lists.list(ONE, MX1)
    scene.lists.fall_silent()
    scene.lists.wait_for_questions()
    assert daemon.terminate(DRAINED_S) == 0

    scene.lists.recover()
    scene.start()
    scene.wait_until_told(Line.LISTED, MX1)


def test_nothing_that_is_stuck_keeps_the_daemon_for_longer_than_its_bound(scene: Scene, tmp_path: Path) -> None:
    """A hanging chat, a dead nameserver and a database that another program has locked, all at once."""
    scene.estate.resolver = 'timeout = "30s"\nattempts = 2'
    daemon = scene.start()
    scene.chat.hang()
    scene.lists.list(ONE, MX1)
    scene.chat.wait_for_count(1)
    scene.lists.fall_silent()
    scene.lists.wait_for_questions()
    with sqlite3.connect(tmp_path / "rblwatch.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        assert daemon.terminate(DRAINED_S) == 0
    other.close()

    scene.chat.recover()
    scene.lists.recover()
    scene.start()
    scene.wait_until_told(Line.LISTED, MX1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_second_signal_ends_it_at_once(scene: Scene, number: signal.Signals) -> None:
    daemon = scene.start()
    scene.chat.hang()
    scene.lists.list(ONE, MX1)
    scene.chat.wait_for_count(1)
    daemon.send(number)
    daemon.wait_for_line("daemon.stopping")
    daemon.send(number)
    assert daemon.wait() == 128 + number
    assert "daemon.stopped" not in daemon.stderr


def standing(scene: Scene) -> tuple[Any, Any]:
    """What `status` and `history` say, without the times at which it was said or asked."""
    status, history = scene.estate.read("status"), scene.estate.read("history")
    return [(server["name"], server["targets"]) for server in status["servers"]], history


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_a_restart_loses_and_repeats_nothing(scene: Scene, number: signal.Signals) -> None:
    daemon = scene.start()
    scene.lists.list(ONE, MX1)
    scene.lists.list(TWO, MX2)
    scene.wait_until_told(Line.LISTED, MX1)
    scene.wait_until_told(Line.LISTED, MX2, "two")
    scene.lists.delist(ONE, MX1)
    scene.wait_until_told(Line.DELISTED, MX1)
    eventually(lambda: daemon.stderr.count("delivery.sent") >= 4, message=lambda: daemon.stderr)
    before = standing(scene)
    daemon.send(number)
    assert daemon.wait() == (0 if number is signal.SIGTERM else -number)
    heard = len(scene.chat.received), len(scene.mail.received)

    again = scene.start()
    again.wait_for_line("sweep.finished", 3)
    assert standing(scene) == before
    assert (len(scene.chat.received), len(scene.mail.received)) == heard
    assert [one.line for one in scene.told() if one.address == MX1] == [Line.LISTED, Line.DELISTED]
