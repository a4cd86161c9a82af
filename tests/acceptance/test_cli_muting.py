"""`silence` and `alerts`, as processes, over a database that holds an alert about two listings."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rblwatch.core.listing import Ending
from rblwatch.core.settings import Secret
from rblwatch.store.database import Store
from tests.integration.store.samples import announced, at, listing
from tests.support.program import run

CONFIGURATION = """
[[servers]]
name = "mx1"
addresses = ["198.51.100.1", "198.51.100.2"]
tags = ["production"]
[blocklists]
use = ["psbl"]
[schedule]
timezone = "Europe/Berlin"
"""
ESCAPE = "\x1b[31m"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rblwatch.toml").write_text(CONFIGURATION)
    return tmp_path


@pytest.fixture
def store(folder: Path) -> Store:
    store = Store(Secret(f"sqlite:///{folder}/rblwatch.db"))
    store.open()
    return store


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--for 2h", "say what is to be muted"),
        ("--server mx --for 2h", "no server is called 'mx'; did you mean 'mx1'?"),
        ("--tag prodction --for 2h", "no tag is called 'prodction'; did you mean 'production'?"),
        ("--list psbll --for 2h", "no list is called 'psbll'; did you mean 'psbl'?"),
        ("--code 1.2.3.4 --for 2h", "'1.2.3.4' is not a return code of a list"),
        ("--target 10.0.0.300 --for 2h", "'10.0.0.300' is not an address"),
        ("--target 10.0.0.0/33 --for 2h", "'10.0.0.0/33' is not a range of addresses"),
        ("--scope world --for 2h", "'world' is not one of"),
        ("--server mx1", "say until when"),
        ("--server mx1 --for 2h --until 2099-01-01T00:00", "one of the two"),
        ("--server mx1 --for 2w", "'2w' is not a duration"),
        ("--server mx1 --until tomorrow", "'tomorrow' is not a date with a time"),
        ("--server mx1 --until 2020-01-01T00:00", "2020-01-01 00:00 +01:00 is past"),
        ("--server mx1 --for 2h --author \N{ZERO WIDTH SPACE}", "holds nothing that can be read"),
    ],
)
def test_a_silence_that_says_nothing_clear_is_refused(folder: Path, options: str, said: str) -> None:
    done = run("silence", "add", *options.split(), "--reason", "x", cwd=folder)
    assert (done.code, done.stdout) == (2, "")
    assert said in done.stderr
    assert not (folder / "rblwatch.db").exists()


def test_a_silence_is_shown_until_it_ends(folder: Path) -> None:
    reason = f"moving{ESCAPE}\nhouse"
    added = ("--target", "198.51.100.7/24", "--until", "2099-07-01 18:00", "--reason", reason, "--author", "ann")
    done = run("silence", "add", *added, cwd=folder)
    assert (done.code, done.stdout) == (0, "Silence 1: target 198.51.100.0/24 until 2099-07-01 18:00 +02:00.\n")
    assert "it lasts longer than a year" in done.stderr
    (row,) = json.loads(run("silence", "list", "--format", "json", cwd=folder).stdout)
    assert (row["until_at"], row["author"], row["reason"]) == ("2099-07-01T16:00:00Z", "ann", "moving[31m house")
    for command in (("silence", "list"), ("status",)):
        assert "target 198.51.100.0/24" in run(*command, cwd=folder).stdout
    assert json.loads(run("status", "--format", "json", cwd=folder).stdout)["silences"] == [row]
    assert run("silence", "end", "1", cwd=folder).stdout == "Silence 1 has ended.\n"
    again = run("silence", "end", "1", cwd=folder)
    assert (again.code, "no silence 1 is in force" in again.stderr) == (2, True)
    assert run("silence", "list", cwd=folder).stdout == "Nothing is muted.\n"


def test_a_silence_that_mutes_nothing_is_taken_and_remarked_upon(folder: Path) -> None:
    odd = run("silence", "add", "--target", "10.9.9.9", "--for", "1h", "--reason", "x", cwd=folder)
    assert odd.code == 0
    assert "nothing that is watched is 10.9.9.9, so it mutes nothing" in odd.stderr
    unasked = run("silence", "add", "--list", "spamcop", "--for", "1h", "--reason", "x", cwd=folder)
    assert "the list 'spamcop' is not asked about anything" in unasked.stderr


def test_an_alert_is_acknowledged_until_it_is_over(folder: Path, store: Store) -> None:
    assert run("alerts", cwd=folder).stdout == "Nothing was told yet.\n"
    first, second = store.write_now(lambda repo: repo.add_listings([listing(1, "psbl"), listing(2, "psbl")]))
    announced(store, (first.id, second.id))
    said = run("alerts", "ack", "1-1", "--note", f"on{ESCAPE} it", "--author", "ann", cwd=folder)
    assert said.stdout == (
        "Alert 1 is acknowledged: 2 things that it tells of are looked after, until that is over or gets worse.\n"
    )
    assert "was acknowledged already" in run("alerts", "ack", "1", cwd=folder).stdout
    (alert,) = json.loads(run("alerts", "--format", "json", cwd=folder).stdout)
    assert [(one["author"], one["note"]) for one in alert["acknowledged"]] == [("ann", "on[31m it")] * 2
    assert [(one["target"], one["stands"]) for one in alert["news"]] == [("198.51.0.1", True), ("198.51.0.2", True)]
    assert [(one["channel"], one["state"]) for one in alert["deliveries"]] == [("ops", "waiting")]
    for command in (("alerts",), ("status",)):
        assert "ann" in run(*command, cwd=folder).stdout
    store.write_now(lambda repo: [repo.end_listing(one.id, at(60), Ending.DELISTED) for one in (first, second)])
    assert json.loads(run("status", "--format", "json", cwd=folder).stdout)["acknowledged"] == []
    assert "Nothing of alert 1 stands any more" in run("alerts", "ack", "1", cwd=folder).stdout


def test_what_there_is_not_cannot_be_acknowledged(folder: Path) -> None:
    assert run("db", "upgrade", cwd=folder).code == 0
    done = run("alerts", "ack", "9", cwd=folder)
    assert (done.code, done.stdout) == (2, "")
    assert "there is no alert 9" in done.stderr


def test_only_what_began_lately_is_shown(folder: Path, store: Store) -> None:
    (found,) = store.write_now(lambda repo: repo.add_listings([listing(1, "psbl")]))
    announced(store, (found.id,))
    days = (datetime.now(UTC) - at(0)) // timedelta(days=1)
    assert run("alerts", "--since", f"{days + 2}d", cwd=folder).stdout.count("\n") == 2
    assert run("alerts", "--since", f"{days - 2}d", cwd=folder).stdout.startswith("Nothing was told since ")


def test_no_database_is_made_by_what_changes_one(folder: Path) -> None:
    for command in (("alerts", "ack", "1"), ("silence", "end", "1"), ("deliveries", "retry", "1"), ("alerts",)):
        done = run(*command, cwd=folder)
        assert (done.code, done.stdout) == (4, "")
        assert "there is no database yet" in done.stderr
    assert not (folder / "rblwatch.db").exists()
    assert "'x' is not an alert's number, such as 3 or 3-9" in run("alerts", "ack", "x", cwd=folder).stderr
