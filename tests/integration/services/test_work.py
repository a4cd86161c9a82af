"""What the daemon does while its configuration is exchanged."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from rblwatch import app
from rblwatch.configured import Configured
from rblwatch.core.finding import Finding
from rblwatch.core.selection import Catalogue
from rblwatch.core.settings import Server
from rblwatch.core.target import Family, Target, parse_name
from rblwatch.core.watchlist import watch
from rblwatch.store.database import Store
from rblwatch.work import Work
from tests.integration.services.scene import MX2
from tests.support.configuration import settings_of
from tests.support.names import ScriptedNames
from tests.support.world import ScriptedClock

BY_NAME = Server(name="mx1", hostnames=(parse_name("mx1.example.test"),))


class SlowNames(ScriptedNames):
    """Its look-ups end when they are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.let_go = asyncio.Event(), asyncio.Event()

    async def discover(self, servers: Sequence[Server]) -> Mapping[str, Sequence[Finding]]:
        found = await super().discover(servers)
        self.begun.set()
        await self.let_go.wait()
        return found


def configured(*servers: Server) -> Configured:
    settings = settings_of(servers, [])
    settings = replace(settings, resolver=replace(settings.resolver, nameservers=("127.0.0.1:9",)))
    return Configured(Path("rblwatch.toml"), settings, (), Catalogue(), watch(settings, Catalogue()))


async def test_a_look_up_that_a_reload_overtook_is_not_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is told of it, and whether the server is watched at all, is no longer what it was when it began."""
    names = SlowNames()
    names.known["mx1.example.test"] = (Target("10.0.0.5", Family.IPV4),)
    monkeypatch.setattr(app, "build_discoverer", lambda _: names)
    work = Work(store, configured(BY_NAME, MX2), ScriptedClock(), holder="daemon:1")
    await work.start()
    looking = asyncio.create_task(work.look_up_names())
    await asyncio.wait_for(names.begun.wait(), 10)
    await work.change(configured(MX2))
    names.let_go.set()
    await looking
    await work.drain()
    assert store.read_now(lambda queries: queries.known()) == []
