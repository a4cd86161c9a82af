"""`replay`, as a process, over a database in which one listing was told to one channel an hour ago."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rblwatch.core.alert import Group, Kind, Line, Told
from rblwatch.core.routing import Decision
from rblwatch.core.settings import Secret
from rblwatch.store.database import Store
from rblwatch.store.repository import Repository
from rblwatch.store.rows import DeliveryState, NewNews, Telling
from tests.integration.store.samples import listing
from tests.support.program import run

CONFIGURATION = """
[[servers]]
name = "mx1"
addresses = ["198.51.0.1"]
[blocklists]
use = ["psbl"]
[[channels]]
name = "ops"
url = "json://127.0.0.1:9/ops"
[[channels]]
name = "boss"
url = "json://127.0.0.1:9/boss"
[[routes]]
channels = ["ops"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rblwatch.toml").write_text(CONFIGURATION)
    (tmp_path / "new.toml").write_text(CONFIGURATION.replace('channels = ["ops"]', 'channels = ["boss"]'))
    return tmp_path


@pytest.fixture
def told(folder: Path) -> Path:
    """The database's file."""
    store = Store(Secret(f"sqlite:///{folder}/rblwatch.db"))
    store.open()
    store.write_now(tell)
    store.close()
    return folder / "rblwatch.db"


def tell(repo: Repository) -> None:
    at = datetime.now(UTC) - timedelta(hours=1)
    repo.add_recipient("ops", at)
    (found,) = repo.add_listings([listing(1, "psbl")])
    alert = repo.add_alert(Group.NEWS, "", at)
    (news,) = repo.add_news(alert, NewNews(kind=Kind.LISTED, at=at, listing_id=found.id, codes=found.codes))
    delivery = repo.add_delivery(alert, "ops", at, at)
    repo.add_tellings(
        Telling(news_id=news, recipient="ops", decision=Decision.TELL, delivery_id=delivery, line=Line.LISTED)
    )
    (claimed,) = repo.claim(
        at, holder="daemon:1", lease=timedelta(minutes=1), room=lambda names: dict.fromkeys(names, 1)
    )
    repo.finish(claimed, state=DeliveryState.SENT, at=at)
    repo.set_told("ops", {found.id: Told.OPEN}, at)


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ("--since soon", 2, "'soon' is not a duration"),
        ("--since 0s", 2, "too short"),
        ("--config none.toml", 2, "none.toml"),
        ("--config broken.toml", 2, "broken.toml"),
        ("", 4, "there is no database yet"),
    ],
)
def test_what_cannot_be_replayed_is_refused(folder: Path, options: str, code: int, said: str) -> None:
    (folder / "broken.toml").write_text(CONFIGURATION.replace('channels = ["ops"]', 'channels = ["opps"]'))
    done = run("replay", *options.split(), cwd=folder)
    assert (done.code, done.stdout) == (code, "")
    assert said in done.stderr
    assert not (folder / "rblwatch.db").exists()


def test_another_configuration_is_held_against_what_was_told(folder: Path, told: Path) -> None:
    before = hashlib.sha256(told.read_bytes()).digest()
    (same,) = json.loads(run("replay", "--format", "json", cwd=folder).stdout)["lines"]
    assert (same["channel"], same["mark"], same["target"]) == ("ops", "same", "198.51.0.1")
    done = run("replay", "--config", "new.toml", "--format", "json", cwd=folder)
    assert done.code == 0
    assert "there is no history before" in done.stderr
    document = json.loads(done.stdout)
    assert {(one["channel"], one["mark"], one["reason"]) for one in document["lines"]} == {
        ("ops", "gone", "no-route"),
        ("boss", "new", None),
    }
    assert document["channels"] == [
        {"channel": "ops", "same": 0, "moved": 0, "new": 0, "gone": 1},
        {"channel": "boss", "same": 0, "moved": 0, "new": 1, "gone": 0},
    ]
    shown = run("replay", "--config", "new.toml", "--since", "2h", cwd=folder).stdout
    assert "mx1 198.51.0.1 on psbl" in shown
    assert "ops: 0 same, 0 moved, 0 new, 1 gone\n" in shown
    assert hashlib.sha256(told.read_bytes()).digest() == before
    assert run("replay", "--since", "5m", cwd=folder).stdout.startswith("Nothing was told since ")
