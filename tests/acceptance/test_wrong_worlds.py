"""What is wrong when the program starts: said at once, in words and with a code, and nothing is touched."""

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from tests.support.endpoint import new_endpoint
from tests.support.postgres import PASSWORD, Postgres
from tests.support.program import RBLWATCH, Finished, clean_environment
from tests.support.scene import ONE, Scene, new_scene

#: One that writes and one that reads: each has its own way to a database.
WAYS = ("run", "status")

MISTAKES = f"""\
[database]
url = "mysql://rblwatch@db.example.org/rblwatch"
[[servers]]
name = "mx1"
addresses = ["198.18.0.1", "10.0.0.300"]
[[servers]]
name = "mx1"
adresses = ["198.18.0.2"]
[blocklists]
use = ["spamcopp"]
[[blocklists.custom]]
id = "one"
zone = "{ONE}"
[resolver]
nameservers = ["NAMESERVER", "127.0.0.1:99999"]
[schedule]
interval = "15 minutes"
timezone = "Europe/Brlin"
[alerts]
delist_after = 0
[[channels]]
name = "chat"
url = "chat.example.org/hook"
[[routes]]
channels = ["chatt"]
severity = "huge"
"""

#: Line, key, value (if it is no secret) and remedy.
PROBLEMS = [
    (2, "database.url", "", "write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"),
    (5, "servers[0].addresses[1]", "'10.0.0.300'", "write e.g. '192.0.2.0/28'"),
    (7, "servers[1].name", "'mx1'", "write another"),
    (8, "servers[1].adresses", "", "did you mean 'addresses'?"),
    (10, "blocklists.use[0]", "'spamcopp'", "did you mean 'spamcop'?"),
    (15, "resolver.nameservers[1]", "'127.0.0.1:99999'", "1 to 65535"),
    (17, "schedule.interval", "'15 minutes'", "e.g. '15m'"),
    (18, "schedule.timezone", "'Europe/Brlin'", "did you mean 'Europe/Berlin'?"),
    (20, "alerts.delist_after", "0", "from 1 to 100"),
    (23, "channels[0].url", "", "write e.g. 'mailtos://"),
    (25, "routes[0].channels[0]", "'chatt'", "did you mean 'chat'?"),
    (26, "routes[0].severity", "'huge'", "write one of informational, minor, major or critical"),
]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with new_scene(tmp_path) as scene:
        yield scene


@pytest.mark.parametrize("command", ["run", "sweep", "status"])
def test_a_wrong_configuration_tells_every_problem_and_touches_nothing(scene: Scene, command: str) -> None:
    text = MISTAKES.replace("NAMESERVER", scene.lists.address)
    path = scene.estate.folder / "wrong.toml"
    path.write_text(text)
    done = Finished(*_finish("--config", str(path), command, cwd=scene.estate.folder))
    assert (done.code, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    for line, key, value, remedy in PROBLEMS:
        (said,) = [one for one in lines if one.startswith(f"{path}:{line}: {key}: ")]
        assert value in said
        assert remedy in said
    assert all(line.startswith(f"{path}:") for line in lines)
    _assert_untouched(scene, {path})


@pytest.mark.parametrize("command", ["run", "sweep"])
def test_a_channel_that_nothing_can_be_sent_to_is_a_problem_of_the_configuration(scene: Scene, command: str) -> None:
    scene.estate.channels["chat"] = "nonsense://chat.example.org/hook"
    done = scene.estate.run(command)
    assert (done.code, done.stdout) == (2, "")
    (said,) = [line for line in done.stderr.splitlines() if "channels[0].url: " in line]
    assert said.startswith(f"{scene.estate.path}:")
    _assert_untouched(scene, {scene.estate.path})


def _assert_untouched(scene: Scene, files: set[Path]) -> None:
    assert set(scene.estate.folder.iterdir()) == files
    assert (scene.lists.asked, scene.chat.received, scene.mail.received) == (0, [], [])


def _finish(*arguments: str, cwd: Path, before: tuple[str, ...] = ()) -> tuple[int, str, str]:
    done = subprocess.run(
        [*before, str(RBLWATCH), *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=cwd,
        env=clean_environment(),
        timeout=60,
        stdin=subprocess.DEVNULL,
    )
    return done.returncode, done.stdout, done.stderr


def _assert_one_clear_line(scene: Scene, done: Finished, *words: str) -> None:
    """Exit code 4, and beside warnings about the configuration one line with all of these words."""
    assert (done.code, done.stdout) == (4, ""), done
    said = [line for line in done.stderr.splitlines() if not line.startswith(f"{scene.estate.path}:")]
    assert len(said) == 1, done.stderr
    for word in words:
        assert word in said[0]
    assert scene.lists.asked == 0


@pytest.mark.parametrize("command", WAYS)
@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("missing/rblwatch.db", ["there is no folder", "create it"]),
        ("file/rblwatch.db", ["there is no folder"]),
        ("folder", ["this is a folder", "must name a file"]),
        ("file", ["this file is not a database", "point [database] url to another one"]),
    ],
    ids=["folder missing", "below a file", "a folder", "another file"],
)
def test_a_path_that_can_hold_no_database_is_explained(
    scene: Scene, tmp_path: Path, command: str, place: str, words: list[str]
) -> None:
    (tmp_path / "file").write_text("this is no database, but a text about one, and longer than a header\n" * 9)
    (tmp_path / "folder").mkdir()
    before = (tmp_path / "file").read_bytes()
    scene.estate.database = f"sqlite:///{tmp_path / place}"
    done = scene.estate.run(command)
    # Only a command that writes needs the folder; for one that reads, there is just no database.
    nothing_there = command == "status" and place.endswith("rblwatch.db")
    _assert_one_clear_line(scene, done, str(tmp_path / place), *(["no database yet"] if nothing_there else words))
    assert (tmp_path / "file").read_bytes() == before
    assert not list((tmp_path / "folder").iterdir())


@pytest.mark.parametrize("locked", ["folder", "file"])
def test_a_path_that_this_user_may_not_write_is_explained(scene: Scene, tmp_path: Path, locked: str) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    database = folder / "rblwatch.db"
    if locked == "file":
        database.touch(mode=0o444)
    else:
        folder.chmod(0o555)
    scene.estate.database = f"sqlite:///{database}"
    # Permissions bind nobody who has root's capabilities.
    powerless = ("setpriv", "--bounding-set=-all", "--inh-caps=-all") if os.geteuid() == 0 else ()
    config = str(scene.estate.write())
    done = Finished(*_finish("--config", config, "run", cwd=tmp_path, before=powerless))
    folder.chmod(0o755)
    _assert_one_clear_line(scene, done, str(database), "this user may not")


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_database_of_a_later_version_is_left_alone(
    scene: Scene, tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    if kind == "postgresql":
        scene.estate.database = str(request.getfixturevalue("postgres_url"))
    assert scene.estate.run("db", "upgrade").code == 0
    later = "UPDATE alembic_version SET version_num = '9999'"
    if kind == "postgresql":
        with psycopg.connect(scene.estate.database) as connection:
            connection.execute(later)
    else:
        with closing(sqlite3.connect(tmp_path / "rblwatch.db")) as file, file:
            file.execute(later)
    for command in (*WAYS, "db upgrade"):
        done = scene.estate.run(*command.split())
        _assert_one_clear_line(scene, done, "the database is newer than this program", "9999", "install the version")


@pytest.mark.parametrize("command", WAYS)
def test_a_postgresql_that_is_not_there_is_explained(scene: Scene, command: str) -> None:
    nobody = new_endpoint(15398)
    scene.estate.database = f"postgresql://rblwatch:{PASSWORD}@{nobody}/rblwatch"
    done = scene.estate.run(command)
    _assert_one_clear_line(
        scene, done, f"postgresql://rblwatch@{nobody}/rblwatch", "can't be reached", "is it running?"
    )
    assert PASSWORD not in done.stderr


@pytest.mark.parametrize("command", WAYS)
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda server: server.url("rblwatch").replace(PASSWORD, "wrong-password"), ["refused this user", "password"]),
        (lambda server: server.url("missing"), ["does not exist", "create it"]),
    ],
    ids=["wrong password", "no such database"],
)
def test_a_postgresql_that_lets_nobody_in_is_explained(
    scene: Scene, postgres: Postgres, command: str, change: object, words: list[str]
) -> None:
    postgres.start()
    assert callable(change)
    scene.estate.database = change(postgres)
    done = scene.estate.run(command)
    _assert_one_clear_line(scene, done, *words)
    assert "wrong-password" not in done.stderr
