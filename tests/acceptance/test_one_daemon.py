"""One daemon to a database, and other commands beside it: on SQLite and on PostgreSQL."""

import socket
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from rblwatch.core.alert import Line
from tests.support.estate import FAST
from tests.support.program import RBLWATCH, clean_environment, run
from tests.support.scene import MX1, MX2, ONE, TWO, Scene, new_scene
from tests.support.told import Told
from tests.support.waiting import eventually


@pytest.fixture(params=["sqlite", "postgresql"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    url = f"sqlite:///{tmp_path}/rblwatch.db"
    if request.param == "postgresql":
        url = str(request.getfixturevalue("postgres_url"))
    with new_scene(tmp_path, url) as scene:
        yield scene


def test_a_second_daemon_ends_with_4_and_says_who_works_there(scene: Scene) -> None:
    first = scene.start()
    second = scene.estate.run("run", timeout_s=30)
    assert second.code == 4
    (complaint,) = [line for line in second.stderr.splitlines() if not line.startswith(f"{scene.estate.path}:")]
    assert (
        f"another daemon works on this database (host {socket.gethostname()}, process {first.child.pid}, " in complaint
    )
    assert second.stdout == ""

    scene.lists.list(ONE, MX1)
    scene.wait_until_told(Line.LISTED, MX1)


def test_the_next_daemon_starts_at_once_after_a_kill(scene: Scene) -> None:
    for _ in range(3):
        daemon = scene.daemon()
        daemon.start()
        daemon.wait_for_line("daemon.started")
        daemon.kill()
    assert scene.start().running


def test_two_that_start_at_once_on_an_empty_database_both_find_one(scene: Scene) -> None:
    """One becomes the daemon, the other says so; and `db upgrade` gets along with both."""
    daemons = [scene.daemon(), scene.daemon()]
    for daemon in daemons:
        daemon.start()
    upgrades = [
        subprocess.Popen(
            [RBLWATCH, "--config", scene.estate.path, "db", "upgrade"],
            cwd=scene.estate.folder,
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for _ in range(2)
    ]
    said = [upgrade.communicate(timeout=60)[0] for upgrade in upgrades]
    assert [upgrade.returncode for upgrade in upgrades] == [0, 0], said

    eventually(lambda: sum(daemon.running for daemon in daemons) == 1, 30, lambda: str([d.written for d in daemons]))
    (winner,) = [daemon for daemon in daemons if daemon.running]
    (other,) = [daemon for daemon in daemons if daemon is not winner]
    assert other.wait() == 4
    assert f"process {winner.child.pid}, " in other.stderr
    winner.wait_for_line("sweep.finished")
    scene.lists.list(ONE, MX1)
    scene.wait_until_told(Line.LISTED, MX1)


def test_sweeps_beside_the_daemon_tell_everything_once(scene: Scene) -> None:
    daemon = scene.start()
    told: Counter[Told] = Counter()
    for address, blocklist, zone in [(MX1, "one", ONE), (MX2, "two", TWO), (MX2, "one", ONE)]:
        scene.lists.list(zone, address)
        assert scene.estate.run("sweep").code == 1
        scene.wait_until_told(Line.LISTED, address, blocklist)
        told[Told(Line.LISTED, address, blocklist)] += 1
    scene.lists.delist(ONE, MX1)
    assert scene.estate.run("sweep").code == 1
    scene.wait_until_told(Line.DELISTED, MX1)
    told[Told(Line.DELISTED, MX1, "one")] += 1
    daemon.wait_for_line("sweep.finished", daemon.stderr.count("sweep.finished") + 2)

    assert daemon.terminate() == 0
    assert Counter(scene.told("chat")) == told
    assert Counter(scene.told("mail")) == told
    assert "Traceback" not in daemon.stderr


def test_a_sweep_tells_what_it_finds_while_the_daemon_waits(scene: Scene) -> None:
    scene.estate.more = FAST.replace('"1s"', '"1h"')
    daemon = scene.start()
    scene.lists.list(ONE, MX1)
    swept = scene.estate.run("sweep")
    assert (swept.code, len(scene.chat.received), len(scene.mail.received)) == (1, 1, 1), swept
    assert daemon.running
    assert "transition" not in daemon.stderr


def test_a_daemon_notices_that_a_sweep_worked_with_a_changed_file_and_reads_it(scene: Scene) -> None:
    """Nobody sent SIGHUP; what the sweep took out of the database would blind the daemon otherwise."""
    daemon = scene.start()
    scene.estate.servers.pop("mx2")
    assert scene.estate.run("sweep").code == 0
    scene.lists.list(ONE, MX2)
    daemon.wait_for_line("daemon.configured_again")
    scene.lists.list(ONE, MX1)
    scene.wait_until_told(Line.LISTED, MX1)
    assert MX2 not in "".join(request.text for request in scene.chat.received)
    assert "Traceback" not in daemon.stderr
    assert scene.estate.run("status").code == 1


def test_a_daemon_that_finds_the_file_spoilt_after_a_sweep_goes_on_with_its_own(scene: Scene) -> None:
    daemon = scene.start()
    mx2 = scene.estate.servers.pop("mx2")
    other = scene.estate.path.with_name("other.toml")
    other.write_text(scene.estate.text)
    scene.estate.path.write_bytes(b"\xff\xfe\x00")
    swept = run("--config", str(other), "sweep", cwd=other.parent, environment=scene.estate.environment)
    assert swept.code == 0
    scene.lists.list(ONE, MX2)
    scene.wait_until_told(Line.LISTED, MX2)
    assert "Traceback" not in daemon.stderr
    scene.estate.servers["mx2"] = mx2
    assert scene.estate.run("status").code == 1
