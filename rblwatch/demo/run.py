"""The demo: the story played to the real daemon, and what comes of it shown.

Owns the order of things: what is started, when the story's steps happen, and when the demo ends. Must not know how
anything is drawn, nor do any of the daemon's work.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from rblwatch.app import daemon_row, holding
from rblwatch.configured import Configured
from rblwatch.core.selection import Catalogue
from rblwatch.core.watchlist import watch
from rblwatch.daemon import Daemon
from rblwatch.demo.nameserver import LoopbackNameserver
from rblwatch.demo.screen import BoardRow, Mark, Screen
from rblwatch.demo.script import BLOCKLISTS, INTRODUCTION, LENGTH_S, SERVERS, STORY, new_zones, perform
from rblwatch.demo.settings import demo_settings
from rblwatch.demo.sinks import ChatSink, MailSink, OnMessage
from rblwatch.services.report import PairStatus, Report, TargetStatus
from rblwatch.services.status import report
from rblwatch.signals import Signals
from rblwatch.store.database import Store

_LOOK_EVERY_S = 0.5
#: A sweep over loopback takes a fraction of a second; a machine under load gets this long.
_FIRST_SWEEP_S = 60.0


async def play(console: Console, signals: Signals, *, stay: bool) -> None:
    """Play the story once; `stay` then goes on watching until Ctrl-C.

    Raises: RblwatchError, where something cannot be started.
    """
    with tempfile.TemporaryDirectory(prefix="rblwatch-demo-") as folder, Screen(console, _now()) as screen:
        screen.introduce("rblwatch demo", INTRODUCTION)
        async with AsyncExitStack() as stack:
            await _Play(Path(folder), screen, stay=stay).run(stack, signals)


class _Play:
    """One performance."""

    def __init__(self, folder: Path, screen: Screen, *, stay: bool) -> None:
        self._folder = folder
        self._screen = screen
        self._stay = stay
        self._nameserver = LoopbackNameserver(*new_zones())

    async def run(self, stack: AsyncExitStack, signals: Signals) -> None:
        await stack.enter_async_context(self._nameserver)
        chat = await stack.enter_async_context(ChatSink(self._on("chat")))
        mail = await stack.enter_async_context(MailSink(self._on("mail")))
        configured = self._configure({"chat": chat.url, "mail": mail.url})
        row = daemon_row(_now())
        store = stack.enter_context(holding(configured.settings, row))
        daemon = Daemon(store, row, configured=configured, read_again=lambda: configured)
        watching = asyncio.create_task(daemon.run(signals), name="daemon")
        telling = asyncio.create_task(self._tell(store, configured), name="story")
        await asyncio.wait([watching, telling], return_when=asyncio.FIRST_COMPLETED)
        if watching.done():
            telling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await telling
        else:
            daemon.stop()
        await watching
        if telling.done() and not telling.cancelled():
            telling.result()

    def _on(self, sink: str) -> OnMessage:
        return lambda title, body, at: self._screen.message(sink, title, body, at)

    def _configure(self, channels: Mapping[str, str]) -> Configured:
        settings = demo_settings(
            self._folder, self._nameserver.address, servers=SERVERS, blocklists=BLOCKLISTS, channels=channels
        )
        return Configured(self._folder / "rblwatch.toml", settings, (), Catalogue(), watch(settings, Catalogue()))

    async def _tell(self, store: Store, configured: Configured) -> None:
        """Wait for the first sweep, then do what the story says when it says so, and show how things stand."""
        began_at = await self._first_sweep(store, configured)
        steps = list(STORY)
        while self._stay or (_now() - began_at).total_seconds() < LENGTH_S:
            while steps and (_now() - began_at).total_seconds() >= steps[0].at_s:
                step = steps.pop(0)
                self._screen.event(step.told, _now(), expected=step.expected)
                perform(step.act, self._nameserver.zone(step.zone))
            await asyncio.sleep(_LOOK_EVERY_S)
            await self._show(store, configured)

    async def _first_sweep(self, store: Store, configured: Configured) -> datetime:
        async with asyncio.timeout(_FIRST_SWEEP_S):
            found = await self._show(store, configured)
            while not all(one.asked_at for one in found.blocklists):
                await asyncio.sleep(_LOOK_EVERY_S)
                found = await self._show(store, configured)
        self._screen.event("The first sweep is done: nobody is listed.", _now())
        return _now()

    async def _show(self, store: Store, configured: Configured) -> Report:
        now = _now()
        found = await store.read(lambda queries: report(queries, configured.settings, configured.watchlist, now))
        rows = [_row(server.name, target) for server in found.servers for target in server.targets]
        aside = {
            one.blocklist: one.condition.soundness.state.value
            for one in found.blocklists
            if one.condition is not None and not one.condition.soundness.trusted
        }
        self._screen.status(rows, now, aside=aside)
        return found


def _row(server: str, target: TargetStatus) -> BoardRow:
    said = {pair.blocklist: _mark(pair) for pair in target.pairs}
    marks = {blocklist.id: said.get(blocklist.id, Mark.CLEAR) for blocklist in BLOCKLISTS}
    return BoardRow(server, target.target.text, marks)


def _mark(pair: PairStatus) -> Mark:
    if pair.listing is not None:
        return Mark.LISTED
    if pair.pending is not None:
        return Mark.PENDING
    return Mark.UNKNOWN


def _now() -> datetime:
    return datetime.now(UTC)
