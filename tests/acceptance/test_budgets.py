"""The lists of one operator are asked no more in a day than he allows, by their own count, whatever is killed."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.blocklists import Blocklists
from tests.support.estate import FAST, Estate, Registered
from tests.support.program import Program
from tests.support.rbldnsd import Rbldnsd
from tests.support.waiting import eventually

PER_DAY = 40
ZONES = {name: f"{name}.example" for name in ("one", "two", "three")}
CUSTOM = '[[blocklists.custom]]\nid = "{}"\nzone = "{}"\noperator = "Acme"\nper_day = {}\n'
#: Held back for so long, the answers of a batch leave time to kill whoever waits for them.
DELAY_S = 0.3


@pytest.fixture
def lists() -> Iterator[Blocklists]:
    with Blocklists(ZONES.values(), delay_s=DELAY_S) as lists:
        yield lists


@pytest.fixture
def estate(lists: Blocklists, tmp_path: Path) -> Estate:
    customs = "".join(CUSTOM.format(name, zone, PER_DAY) for name, zone in ZONES.items())
    return Estate(
        folder=tmp_path,
        nameserver=lists.address,
        servers={"mx1": Registered(("198.18.0.1", "198.18.0.2"))},
        more=f"{FAST}{customs}",
    )


def allowed(since: datetime) -> int:
    """By now; a test that runs past midnight has two days."""
    return PER_DAY * (1 + (datetime.now(UTC).date() - since.date()).days)


def kill_amid_questions(program: Program, lists: Blocklists) -> None:
    """Kill -9 while it waits for answers, or when it finds that it may not ask."""
    before = lists.asked
    program.start()
    eventually(
        lambda: (lists.busy and lists.asked > before) or "budget.used_up" in program.written or not program.running,
        20.0,
        "questions come, or none are left",
    )
    program.kill()


def kill_when_logged(daemon: Program, rbldnsd: Rbldnsd) -> None:
    """Kill -9 when the server has logged a question of this start."""
    before = len(rbldnsd.questions())
    daemon.start()
    eventually(lambda: len(rbldnsd.questions()) > before, 20.0, "questions come")
    assert daemon.running
    daemon.kill()
    assert "sweep.finished" not in daemon.written, "it was amid its first round"


def test_no_restart_and_no_sweep_takes_more_than_the_operator_allows(estate: Estate, lists: Blocklists) -> None:
    began_at = datetime.now(UTC)
    for number in range(6):
        if number % 2:
            folder = estate.folder / f"sweep-{number}"
            folder.mkdir()
            program = Program(["--config", str(estate.write()), "sweep"], folder)
        else:
            program = estate.daemon()
        kill_amid_questions(program, lists)
        assert lists.asked <= allowed(began_at)
    asked = lists.asked
    assert asked > 0
    swept = estate.read("sweep")
    assert swept["not_asked"] == dict.fromkeys(ZONES, 2)
    assert (swept["unknown"], swept["listed"]) == (6, 0)
    assert lists.asked == asked <= allowed(began_at)

    status = estate.read("status")
    (budget,) = status["budgets"]
    assert (budget["operator"], budget["per_day"], budget["not_asked"]) == ("Acme", PER_DAY, dict.fromkeys(ZONES, 2))
    assert asked <= budget["spent"] <= PER_DAY
    reasons = {verdict["reason"] for target in status["servers"][0]["targets"] for verdict in target["verdicts"]}
    assert reasons == {"not-asked"}
    shown = estate.run("status").stdout
    assert "Acme allows 40 questions a day, and they are used up until" in shown
    assert f"Acme: {budget['spent']} of 40 questions asked today" in shown


def test_a_fast_schedule_is_stretched_over_the_day_and_it_is_said_beforehand(estate: Estate, lists: Blocklists) -> None:
    """Every second was configured; rounds of 15 questions fit twice a day, and leave a quarter."""
    began_at = datetime.now(UTC)
    told = estate.run("config", "check").stdout
    assert "Acme allows 40 questions a day" in told
    assert 'interval = "12h" in [schedule] would fit' in told
    daemon = estate.daemon()
    daemon.start()
    daemon.wait_for_line("sweep.finished")
    asked = lists.asked
    assert daemon.terminate() == 0
    daemon.start()
    daemon.wait_for_line("daemon.started", count=2)
    assert daemon.terminate() == 0
    # On a busy machine some questions are sent again.
    assert 15 <= lists.asked == asked <= allowed(began_at)
    shown = estate.read("lists", "show", "one")
    assert (shown["interval"], shown["effective_interval"]) == ("1s", "12h")
    assert (shown["asked_today"], shown["left_today"]) == (asked, PER_DAY - asked)
    assert "allows" in shown["interval_because"]


def test_the_log_of_a_real_list_has_no_more_questions_than_the_operator_allows(
    rbldnsd: Rbldnsd, tmp_path: Path
) -> None:
    """The daemon is killed time and again amid its questions, then sweeps use up what is left."""
    began_at = datetime.now(UTC)
    _, _, silent = rbldnsd.serve(*ZONES.values())
    # A round ends when this one was waited for: until then, whoever asked the others is amid his questions.
    silent.turn_silent()
    estate = Estate(
        folder=tmp_path,
        nameserver=str(rbldnsd.endpoint),
        servers={"mx1": Registered(("198.18.0.1", "198.18.0.2"))},
        more=FAST + "".join(CUSTOM.format(name, zone, PER_DAY) for name, zone in ZONES.items()),
        resolver='timeout = "5s"\nattempts = 1',
    )
    daemon = estate.daemon()
    for _ in range(2):
        kill_when_logged(daemon, rbldnsd)
    silent.recover()
    swept: dict[str, Any] = {"not_asked": {}}
    while swept["not_asked"] != dict.fromkeys(ZONES, 2):
        asked = len(rbldnsd.questions())
        swept = estate.read("sweep")
        assert len(rbldnsd.questions()) > asked or swept["not_asked"]
    spent = estate.read("status")["budgets"][0]["spent"]
    assert 0 < len(rbldnsd.questions()) <= allowed(began_at)
    assert len(rbldnsd.questions()) <= spent <= PER_DAY or allowed(began_at) > PER_DAY
