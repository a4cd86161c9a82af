"""The worst days of lists, played to a daemon: first all is well, then they come, then they are over.

Owns the course of such a day, the same for all, and the account of what was shown and told meanwhile. Must not know
which days there are, nor what is right. Many days are played at the same time in one daemon.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.httpsink import HttpSink
from tests.support.installation import let_sweep
from tests.support.program import Program
from tests.support.rbldnsd import Rbldnsd
from tests.support.smtpsink import SmtpSink
from tests.support.stage import CONTROL, CONTROLLED_LATER, Cast, Day, Listing, Stage
from tests.support.told import Said


@dataclass(frozen=True, slots=True)
class Account:
    """What was shown of a list, and told of it to each recipient."""

    state: tuple[str, str | None]
    """State and reason in the midst of the day."""
    verdicts: dict[str, str]
    """Of its servers, in the midst of the day; those that are not shown are clear."""
    before: list[Listing]
    """Its listings, as they were before the day."""
    after: list[Listing]
    """The same after it."""
    told: dict[str, list[Said]]
    """By recipient, in order."""


def play(days: Sequence[Day], folder: Path, *, ttl_s: int = 1) -> dict[str, Account]:
    """Play all days at once, and give an account of each by its name."""
    with _stage(days, folder, ttl_s) as stage:
        daemon = Program(["--config", str(stage.installed.write()), "run"], folder)
        daemon.start()
        try:
            return _course(stage, daemon)
        finally:
            daemon.kill()


@contextmanager
def _stage(days: Sequence[Day], folder: Path, ttl_s: int) -> Iterator[Stage]:
    cast = [Cast(day, number) for number, day in enumerate(days)]
    with ExitStack() as running:
        rbldnsd = running.enter_context(Rbldnsd())
        sinks = running.enter_context(HttpSink()), running.enter_context(SmtpSink())
        stage = Stage(folder, cast, rbldnsd, sinks, ttl_s=ttl_s)
        stage.set_up(running)
        yield stage


def _course(stage: Stage, daemon: Program) -> dict[str, Account]:
    everything = [(one.day.zone, ()) for one in stage.cast]
    blocking = [one for one in stage.cast if not one.day.is_allow]
    allowing = [one for one in stage.cast if one.day.is_allow]
    stage.wait_until_told("listed", [(one.day.zone, one.listed) for one in blocking])
    before = stage.listings()

    stage.begin()
    stage.wait_until_told("blind", everything)
    # What is right is told in the midst of it.
    stage.zones[CONTROL].add(CONTROLLED_LATER)
    stage.wait_until_told("listed", [(CONTROL, [CONTROLLED_LATER])])
    let_sweep(daemon, 1)
    _, status = stage.installed.read("status")

    stage.end()
    stage.wait_until_told("sighted", everything)
    let_sweep(daemon, 1)
    after = stage.listings()

    stage.move_on()
    stage.wait_until_told("delisted", [(one.day.zone, one.listed) for one in blocking])
    stage.wait_until_told("lost", [(one.day.zone, one.listed) for one in allowing])
    stage.wait_until_told("listed", [(one.day.zone, [one.later]) for one in blocking])
    let_sweep(daemon, 1)
    assert daemon.terminate() == 0, daemon.written
    assert stage.strays() == []
    account = Chronicle(stage, status, before, after)
    played = {one.day.name: account.of(one.day.blocklist, one.day.zone) for one in stage.cast}
    return played | {"control": account.of("control", CONTROL)}


@dataclass(frozen=True, slots=True)
class Chronicle:
    """All that there is to tell of the days."""

    stage: Stage
    status: Any
    before: Sequence[Listing]
    after: Sequence[Listing]

    def of(self, blocklist: str, zone: str) -> Account:
        """What concerns one list."""
        (shown,) = (row for row in self.status["blocklists"] if row["blocklist"] == blocklist)
        verdicts = {
            target["target"]: verdict["verdict"]
            for server in self.status["servers"]
            for target in server["targets"]
            for verdict in target["verdicts"]
            if verdict["blocklist"] == blocklist
        }
        return Account(
            state=(shown["state"], shown["reason"]),
            verdicts=verdicts,
            before=[listing for listing in self.before if listing[2] == blocklist],
            after=[listing for listing in self.after if listing[2] == blocklist],
            told=self.stage.told(zone),
        )
