"""What the daemon's log says of nameservers, from what sweeps hear: when it changes, and no question more."""

import logging
from datetime import timedelta

import pytest

from rblwatch.core.examination import Contact
from rblwatch.core.plan import Batch, BatchResult
from rblwatch.services.diagnose import Examiner
from rblwatch.services.vigil import Vigil
from rblwatch.store.database import Store
from tests.integration.services.scene import list_of, watching
from tests.support.site import Site
from tests.support.world import NAMESERVER, CachingLookup, Mode

NAMES = ("a.test", "b.test", "c.test")


class OneNameserver:
    """Implements `ports.Nameservers`."""

    all = (NAMESERVER,)

    async def over_tcp(self, nameserver: str) -> Contact:
        return Contact.ANSWERED


class Reserved:
    """The lists' look-up, which knows reserved names as well, and counts what it is asked."""

    def __init__(self, lookup: CachingLookup) -> None:
        self._lookup = lookup
        self.asked: list[str] = []

    async def ask(self, batch: Batch) -> BatchResult:
        self.asked.append(batch.blocklist.id)
        return await self._lookup.ask(batch)


def findings(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    told = [(record.getMessage(), getattr(record, "finding", "")) for record in caplog.records]
    return [one for one in told if one[0].startswith("resolver.")]


async def settle(site: Site, vigil: Vigil) -> None:
    site.clock.advance(timedelta(minutes=15))
    await site.sweep()
    await vigil.look()  # too early: more may come
    site.clock.advance(timedelta(seconds=6))
    await vigil.look()
    await vigil.look()


async def test_the_log_says_what_is_wrong_once_and_when_it_is_over(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "rblwatch.services.vigil")
    lists = [list_of(name) for name in NAMES]
    site = await watching(store, *lists, list_of("invalid"))
    lookup = Reserved(site.lookup)
    vigil = Vigil(Examiner(lookup, OneNameserver(), site.clock), site.clock)  # type: ignore[arg-type]
    site.monitor.sweeper.on_asked = vigil.note
    await settle(site, vigil)
    assert findings(caplog) == [("resolver.sound", "")]
    for mode in (Mode.OUTSIDE, Mode.OUTSIDE, Mode.HEALTHY, Mode.HEALTHY):
        for scripted in lists:
            scripted.mode = mode
        await settle(site, vigil)
    assert findings(caplog) == [("resolver.sound", ""), ("resolver.finding", "block-page"), ("resolver.sound", "")]
    assert set(lookup.asked) == {"invalid"}
    (record,) = [one for one in caplog.records if one.getMessage() == "resolver.finding"]
    assert record.levelno == logging.ERROR
    assert record.blinds == list(NAMES)  # type: ignore[attr-defined]
