"""The worst days of lists and resolvers, played to a daemon: first all is well, then they come, then they are over.

Owns the course of such a day, the same for all, and the account of what was shown and told meanwhile. Must not know
which days there are, nor what is right. The days of many lists are played at the same time in one daemon; a day of the
resolver befalls all lists, and is played alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.support.httpsink import HttpSink
from tests.support.installation import let_sweep
from tests.support.program import Program
from tests.support.rbldnsd import Rbldnsd
from tests.support.smtpsink import SmtpSink
from tests.support.stage import CONTROL, CONTROLLED_LATER, Cast, Day, Listing, Stage
from tests.support.told import Said


class Trouble(Protocol):
    """What comes and goes; each step returns when people were told."""

    def begin(self, stage: Stage) -> None: ...
    def end(self, stage: Stage) -> None: ...


class ListsTurnBad:
    """Every list has its own bad day."""

    def begin(self, stage: Stage) -> None:
        stage.begin()
        stage.wait_until_told("blind", [(one.day.zone, ()) for one in stage.cast])
        # What is right is told in the midst of it.
        stage.zones[CONTROL].add(CONTROLLED_LATER)
        stage.wait_until_told("listed", [(CONTROL, [CONTROLLED_LATER])])

    def end(self, stage: Stage) -> None:
        stage.end()
        stage.wait_until_told("sighted", [(one.day.zone, ()) for one in stage.cast])


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolverTurnsBad:
    """The resolver has a bad day, and with it all lists."""

    name: str
    story: str
    """What happens, and where that is told."""
    spoil: Callable[[Stage], None]
    repair: Callable[[Stage], None]
    does: str
    """What is said of the resolver."""
    reason: str
    """Why nothing is known of any list."""
    prepare: Callable[[Stage], None] = lambda _: None
    """What is so from the start, and does no harm yet."""
    is_second: bool = False
    """Another one is asked first, and dies."""

    def begin(self, stage: Stage) -> None:
        self.spoil(stage)
        self._wait_for_word(stage, 1)

    def end(self, stage: Stage) -> None:
        self.repair(stage)
        self._wait_for_word(stage, 2)

    def _wait_for_word(self, stage: Stage, number: int) -> None:
        stage.wait_until(
            lambda: all(len(words) >= number for words in stage.resolver_told().values()),
            lambda: f"{number} words about the resolver",
        )


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


@dataclass(frozen=True, slots=True)
class Chronicle:
    """All that there is to tell of the days."""

    lists: dict[str, Account]
    """By the day's name, and `control`."""
    resolver: dict[str, list[str]]
    """What each recipient was told about the resolver."""
    nameserver: str
    """Its address."""
    log: str


def play_lists(days: Sequence[Day], folder: Path, *, ttl_s: int = 1) -> Chronicle:
    """Play the days of many lists, all at once."""
    with _stage(days, folder, ttl_s) as stage:
        return _play(stage, ListsTurnBad())


def play_resolver(trouble: ResolverTurnsBad, days: Sequence[Day], folder: Path) -> Chronicle:
    """Play a day of the resolver, through which these lists are asked; their own days never come."""
    with _stage(days, folder, ttl_s=1, has_first=trouble.is_second) as stage:
        trouble.prepare(stage)
        return _play(stage, trouble)


@contextmanager
def _stage(days: Sequence[Day], folder: Path, ttl_s: int, *, has_first: bool = False) -> Iterator[Stage]:
    cast = [Cast(day, number) for number, day in enumerate(days)]
    with ExitStack() as running:
        rbldnsd = running.enter_context(Rbldnsd())
        sinks = running.enter_context(HttpSink()), running.enter_context(SmtpSink())
        stage = Stage(folder, cast, rbldnsd, sinks, ttl_s=ttl_s, has_first=has_first)
        stage.set_up(running)
        yield stage


def _play(stage: Stage, trouble: Trouble) -> Chronicle:
    daemon = Program(["--config", str(stage.installed.write()), "run"], stage.folder)
    daemon.start()
    try:
        return _course(stage, trouble, daemon)
    finally:
        daemon.kill()


def _course(stage: Stage, trouble: Trouble, daemon: Program) -> Chronicle:
    blocking = [one for one in stage.cast if not one.day.is_allow]
    allowing = [one for one in stage.cast if one.day.is_allow]
    stage.wait_until_told("listed", [(one.day.zone, one.listed) for one in blocking])
    before = stage.listings()

    trouble.begin(stage)
    let_sweep(daemon, 1)
    _, status = stage.installed.read("status")
    trouble.end(stage)
    let_sweep(daemon, 1)
    after = stage.listings()

    stage.move_on()
    stage.wait_until_told("delisted", [(one.day.zone, one.listed) for one in blocking])
    stage.wait_until_told("lost", [(one.day.zone, one.listed) for one in allowing])
    stage.wait_until_told("listed", [(one.day.zone, [one.later]) for one in blocking])
    let_sweep(daemon, 1)
    assert daemon.terminate() == 0, daemon.written
    assert stage.strays() == []

    def account(blocklist: str, zone: str) -> Account:
        return Account(
            *_shown(status, blocklist),
            before=[listing for listing in before if listing[2] == blocklist],
            after=[listing for listing in after if listing[2] == blocklist],
            told=stage.told(zone),
        )

    lists = {one.day.name: account(one.day.blocklist, one.day.zone) for one in stage.cast}
    return Chronicle(
        lists | {"control": account("control", CONTROL)},
        resolver=stage.resolver_told(),
        nameserver=str(stage.proxy.endpoint),
        log=daemon.written,
    )


def _shown(status: Mapping[str, Any], blocklist: str) -> tuple[tuple[str, str | None], dict[str, str]]:
    """What the status says of one list, and of everybody who is asked about on it."""
    (shown,) = (row for row in status["blocklists"] if row["blocklist"] == blocklist)
    verdicts = {
        target["target"]: verdict["verdict"]
        for server in status["servers"]
        for target in server["targets"]
        for verdict in target["verdicts"]
        if verdict["blocklist"] == blocklist
    }
    return (shown["state"], shown["reason"]), verdicts
