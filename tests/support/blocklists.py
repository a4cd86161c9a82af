"""Blocklists on loopback whose entries a test changes at will, served from a thread of their own.

Owns the thread, and the count of what was asked. Must not know what is made of the answers. They are the demo's lists,
so that many can be slow or silent at no cost; for a real blocklist server there is `rbldnsd`.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rblwatch.demo.nameserver import LoopbackNameserver
from rblwatch.demo.zone import Entry, Zone
from tests.support.serving import Serving
from tests.support.waiting import eventually

_FOR_EVER_S = 86_400.0


@dataclass(slots=True)
class CountingZone(Zone):
    """A zone that counts what it was asked."""

    asked: int = 0
    asked_s: float = 0.0
    """When it was asked last, on the monotonic clock."""
    last: int | None = None
    """The question with which the server is done: it answers nothing from then on."""
    on_last: Callable[[], None] = lambda: None

    def entry(self, owner: str) -> Entry | None:
        self.asked += 1
        self.asked_s = time.monotonic()
        if self.asked == self.last:
            self.on_last()
        return Zone.entry(self, owner)

    @property
    def busy(self) -> bool:
        """Whether somebody waits for an answer that is held back."""
        return time.monotonic() - self.asked_s < self.delay_s


class Blocklists(Serving):
    """The nameserver with its zones; the test points are listed."""

    def __init__(self, names: Iterable[str], *, ttl_s: int = 1, delay_s: float = 0.0) -> None:
        self.delay_s = delay_s
        """How long each answer is held back."""
        self.zones = {name: CountingZone(name, ttl_s, ttl_s, delay_s=delay_s) for name in names}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._leaving = asyncio.Event()
        self._address = ""
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="blocklists")

    def start(self) -> None:
        self._thread.start()
        eventually(lambda: self._address, message="the blocklists are served")

    def stop(self) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._leaving.set)
        self._thread.join()

    @property
    def address(self) -> str:
        """`host:port`."""
        return self._address

    @property
    def asked(self) -> int:
        """How many questions came, over all zones."""
        return sum(zone.asked for zone in self.zones.values())

    @property
    def busy(self) -> bool:
        """Whether somebody waits for an answer that is held back."""
        return any(zone.busy for zone in self.zones.values())

    def list(self, zone: str, address: str, *codes: str) -> None:
        """Put an address on a list; the next question sees it."""
        self.zones[zone].add(address, *codes, text=f"{address} sent mail to a trap")

    def delist(self, zone: str, address: str) -> None:
        """Take an address off a list."""
        self.zones[zone].remove(address)

    def fall_silent(self) -> None:
        """Take questions and answer none from now on, as a dead nameserver does."""
        for zone in self.zones.values():
            zone.delay_s = _FOR_EVER_S

    def fall_silent_after(self, zone: str, questions: int) -> None:
        """Fall silent in all zones in the midst of a sweep: with so many more questions about one of them."""
        self.zones[zone].on_last = self.fall_silent
        self.zones[zone].last = self.zones[zone].asked + questions

    def recover(self) -> None:
        """Answer questions again, those from now on."""
        for zone in self.zones.values():
            zone.delay_s = self.delay_s

    def wait_for_questions(self, count: int = 1, timeout_s: float = 20.0) -> None:
        """Wait until so many more questions have come."""
        wanted = self.asked + count
        eventually(lambda: self.asked >= wanted, timeout_s, f"{count} more questions come to the blocklists")

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with LoopbackNameserver(*self.zones.values()) as server:
            self._address = server.address
            await self._leaving.wait()
