"""Signals at bad moments: from the first one of the start on none is lost, and SIGTERM ends the daemon in time."""

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from rblwatch.core.alert import Line
from tests.support.estate import Registered, mail_url
from tests.support.program import RBLWATCH, Program, clean_environment
from tests.support.scene import MX1, ONE, Scene, new_scene
from tests.support.waiting import eventually

#: Source: the issue, "SIGTERM drains and exits within 10 s".
DRAINED_S = 10.0
#: After the program has come to its first line: across all of its start, and a little of what follows.
OFFSETS_S = (0.0, 0.1, 0.3, 0.6, 1.0, 1.5, 2.0)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with new_scene(tmp_path) as scene:
        yield scene


def keeps(pid: int, number: signal.Signals) -> bool:
    """Whether the kernel keeps a signal for a process until it is asked for. Source: proc(5), `SigBlk`."""
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return bool(int(status["SigBlk"], 16) >> (number - 1) & 1)


def start_many(scene: Scene, count: int) -> list[Program]:
    """Daemons that have come to their first line, each with a folder and a database of its own."""
    daemons = []
    for index in range(count):
        folder = scene.estate.folder / str(index)
        folder.mkdir()
        daemons.append(replace(scene.estate, folder=folder).daemon())
    scene.daemons += daemons
    for daemon in daemons:
        daemon.start()
    for daemon in daemons:
        eventually(lambda pid=daemon.child.pid: keeps(pid, signal.SIGHUP))  # type: ignore[misc]
    return daemons


def send_at_offsets(daemons: list[Program], number: signal.Signals) -> None:
    began_s = time.monotonic()
    for daemon, offset_s in zip(daemons, OFFSETS_S, strict=True):
        time.sleep(max(0.0, began_s + offset_s - time.monotonic()))
        daemon.send(number)


def test_a_stop_during_the_start_ends_it_with_0(scene: Scene) -> None:
    daemons = start_many(scene, len(OFFSETS_S))
    send_at_offsets(daemons, signal.SIGTERM)
    assert [daemon.wait(DRAINED_S) for daemon in daemons] == [0] * len(daemons)
    assert "Traceback" not in "".join(daemon.written for daemon in daemons)


def test_a_reload_during_the_start_is_done_after_it(scene: Scene) -> None:
    daemons = start_many(scene, len(OFFSETS_S))
    send_at_offsets(daemons, signal.SIGHUP)
    for daemon in daemons:
        daemon.wait_for_line("reload.done", timeout_s=60)
        daemon.send(signal.SIGTERM)
    assert [daemon.wait(DRAINED_S) for daemon in daemons] == [0] * len(daemons)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, -signal.SIGTERM), (signal.SIGINT, 130)])
def test_other_commands_end_by_signals_as_any_program(scene: Scene, number: signal.Signals, code: int) -> None:
    scene.lists.fall_silent()
    with subprocess.Popen(
        [RBLWATCH, "--config", scene.estate.write(), "sweep"], env=clean_environment(), stderr=subprocess.DEVNULL
    ) as sweep:
        eventually(lambda: keeps(sweep.pid, number))
        sweep.send_signal(number)
        assert sweep.wait(DRAINED_S) == code
    assert scene.lists.asked == 0


def test_a_stop_while_the_start_waits_for_a_locked_database_ends_it_with_0(scene: Scene, tmp_path: Path) -> None:
    assert scene.estate.run("db", "upgrade").code == 0
    with closing(sqlite3.connect(tmp_path / "rblwatch.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        daemon = scene.daemon()
        daemon.start()
        eventually((tmp_path / "rblwatch.db.lock").exists, 20, lambda: daemon.stderr)
        assert daemon.terminate(DRAINED_S) == 0
    assert "Traceback" not in daemon.stderr


def test_a_log_that_nobody_reads_keeps_nobody_waiting(scene: Scene) -> None:
    """The first word of the program is a warning about its configuration, and finds the pipe full."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writing, b"x")
    os.set_blocking(writing, True)
    command = [str(RBLWATCH), "--config", str(scene.estate.write()), "run"]
    with subprocess.Popen(command, env=clean_environment(), stderr=writing) as daemon:
        eventually(lambda: keeps(daemon.pid, signal.SIGTERM))
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(DRAINED_S) == 0
    os.close(reading)
    os.close(writing)


def test_a_mail_server_that_accepts_and_says_nothing_keeps_nobody_waiting(scene: Scene) -> None:
    good = scene.estate.channels["mail"]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        scene.estate.channels["mail"] = mail_url(f"127.0.0.1:{silent.getsockname()[1]}")  # type: ignore[arg-type]
        daemon = scene.start()
        scene.lists.list(ONE, MX1)
        silent.settimeout(20)
        connection, _ = silent.accept()
        with connection:
            assert daemon.terminate(DRAINED_S) == 0
    scene.estate.channels["mail"] = good
    scene.start()
    scene.wait_until_told(Line.LISTED, MX1)


def test_a_stop_while_many_news_are_recorded_loses_and_repeats_none(scene: Scene, tmp_path: Path) -> None:
    scene.estate.servers = {"mx1": Registered(("198.18.0.0/24",))}
    daemon = scene.start()
    for number in range(256):
        scene.lists.list(ONE, f"198.18.0.{number}")
    with closing(sqlite3.connect(tmp_path / "rblwatch.db", isolation_level=None, timeout=0)) as other:
        # What else is written takes less than these looks are apart.
        eventually(lambda: all(is_locked(other) for _ in range(3)), 60, lambda: daemon.stderr)
    assert daemon.terminate(DRAINED_S) == 0
    assert "Traceback" not in daemon.stderr

    scene.start()
    listings = [(one["target"], one["delisted_at"]) for one in scene.estate.read("history")]
    assert sorted(listings) == sorted((f"198.18.0.{number}", None) for number in range(256))


def is_locked(database: sqlite3.Connection) -> bool:
    """Whether somebody writes to the database, a moment from now."""
    time.sleep(0.02)
    try:
        database.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return True
    database.execute("ROLLBACK")
    return False
