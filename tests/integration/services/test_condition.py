"""What becomes of a list that cannot be believed: which incidents there are, and when they grow and end."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from ipaddress import ip_network

from rblwatch.core.alert import Line
from rblwatch.core.blocklist import bare
from rblwatch.core.incident import Incident
from rblwatch.core.question import Absent, Answer, Failed, Reason
from rblwatch.core.settings import Server
from rblwatch.core.soundness import Flaw
from rblwatch.core.target import Family, Target
from rblwatch.core.timespan import rfc3339
from rblwatch.services.status_document import list_document
from rblwatch.store.database import Store
from tests.integration.services.scene import CHAT, HOST, MX1, MX2, condition, held, list_of, look, tell, to, watching
from tests.support.configuration import settings_of
from tests.support.site import Site
from tests.support.world import Mode, ScriptedList

DUAL = replace(MX1, networks=(*MX1.networks, ip_network("fd00::1/128")))
V4, V6 = frozenset({Family.IPV4}), frozenset({Family.IPV6})
BLIND, SIGHTED = Line.BLIND, Line.SIGHTED

#: A line, the families that it is about where that is not the whole list, and the flaw.
Said = tuple[Line, frozenset[Family], Flaw | None]


@dataclass
class TwoFaced(ScriptedList):
    """A list that behaves in its own way for each family."""

    modes: dict[Family, Mode] = field(default_factory=dict)

    def answer(self, target: Target) -> Answer:
        match self.modes.get(target.family):
            case Mode.SILENT:
                return Absent(60)
            case Mode.DEAD:
                return Failed(Reason.TIMEOUT, "no answer within 4 s")
            case _:
                return super().answer(target)


def told_of_list(site: Site) -> list[Said]:
    return [
        (entry.line, incident.families if incident.partial else frozenset(), incident.flaw)
        for message in to(site, CHAT)
        for entry in message.entries
        if (incident := entry.news.incident) is not None
    ]


def lasting(store: Store) -> list[Incident]:
    return store.read_now(lambda queries: queries.incidents(open_only=True))


def state_shown(site: Site) -> tuple[str, object]:
    (shown,) = map(list_document, site.status().blocklists)
    return str(shown["state"]), shown["since"]


async def two_faced(store: Store, **modes: Mode) -> tuple[Site, TwoFaced]:
    servers: list[Server] = [DUAL]
    scripted = TwoFaced(bare("a.test"), modes={Family(family): mode for family, mode in modes.items()})
    return await watching(store, scripted, servers=servers), scripted


async def looks(site: Site, times: int) -> None:
    for _ in range(times):
        await look(site)


async def test_a_family_that_is_unsound_for_a_month_leaves_the_listings_of_the_other(store: Store) -> None:
    site, _ = await two_faced(store, ipv6=Mode.SILENT)
    site.world.list("a.test", HOST)
    await looks(site, 3)
    assert told_of_list(site) == [(BLIND, V6, Flaw.SILENT)]
    site.clock.advance(timedelta(days=31))
    before = len(to(site, CHAT))
    await looks(site, 4)
    assert held(site) == [("a.test", HOST.text)]
    assert to(site, CHAT, since=before) == []


async def test_a_family_that_never_works_hides_no_trouble_of_another(store: Store) -> None:
    """The zone has nothing about IPv6; when it no longer answers about IPv4, that is told, and its end as well."""
    site, scripted = await two_faced(store, ipv6=Mode.SILENT)
    await looks(site, 3)
    scripted.modes[Family.IPV4] = Mode.DEAD
    await looks(site, 4)
    scripted.modes[Family.IPV4] = Mode.HEALTHY
    await looks(site, 3)
    assert told_of_list(site) == [(BLIND, V6, Flaw.SILENT), (BLIND, V4, None), (SIGHTED, V4, None)]
    assert [incident.families for incident in lasting(store)] == [V6]


async def test_a_family_that_fails_for_the_same_cause_joins_and_that_is_told(store: Store) -> None:
    site, scripted = await two_faced(store, ipv6=Mode.DEAD)
    await looks(site, 4)
    scripted.modes[Family.IPV4] = Mode.DEAD
    await looks(site, 2)
    assert told_of_list(site) == [(BLIND, V6, None)]
    await looks(site, 2)
    assert told_of_list(site) == [(BLIND, V6, None), (BLIND, frozenset(), None)]
    assert [incident.families for incident in lasting(store)] == [V4 | V6]
    scripted.modes.clear()
    await looks(site, 2)
    assert told_of_list(site)[2:] == [(SIGHTED, frozenset(), None)]
    assert lasting(store) == []


async def test_a_list_that_lists_everybody_is_one_incident_however_many_families_it_has(store: Store) -> None:
    site, _ = await two_faced(store)
    site.world.turn("a.test", Mode.WILDCARD)
    await looks(site, 4)
    site.world.turn("a.test", Mode.HEALTHY)
    await looks(site, 4)
    assert told_of_list(site) == [(BLIND, frozenset(), Flaw.WILDCARD), (SIGHTED, frozenset(), Flaw.WILDCARD)]


async def test_a_family_that_stays_behind_is_told_with_the_recovery_of_the_other(store: Store) -> None:
    """All of a list was out of reach; it comes back, and is seen to have nothing about IPv6."""
    site, scripted = await two_faced(store, ipv4=Mode.DEAD, ipv6=Mode.DEAD)
    await looks(site, 3)
    assert told_of_list(site) == [(BLIND, frozenset(), None)]
    scripted.modes = {Family.IPV6: Mode.SILENT}
    await looks(site, 2)
    assert len(told_of_list(site)) == 1
    await looks(site, 3)
    assert told_of_list(site)[1:] == [(SIGHTED, V4, None), (BLIND, V6, Flaw.SILENT)]
    assert [incident.families for incident in lasting(store)] == [V6]


async def test_a_month_out_of_reach_is_no_month_of_failed_self_tests(store: Store) -> None:
    site = await watching(store, list_of())
    site.world.list("a.test", HOST)
    await look(site)
    site.world.turn("a.test", Mode.DEAD)
    await look(site)
    site.clock.advance(timedelta(days=30))
    site.world.turn("a.test", Mode.WILDCARD)
    await look(site)
    assert held(site) == [("a.test", HOST.text)]
    site.clock.advance(timedelta(days=30))
    await look(site)
    assert held(site) == []


async def test_the_status_says_since_when_a_list_is_in_its_state(store: Store) -> None:
    """Out of reach, then listing everybody: it is unsound since that moment, whatever it was before."""
    site = await watching(store, list_of())
    site.world.turn("a.test", Mode.DEAD)
    await looks(site, 2)
    site.world.turn("a.test", Mode.WILDCARD)
    await looks(site, 1)
    lied_at = site.clock.now() - timedelta(seconds=30)
    await looks(site, 1)
    assert state_shown(site) == ("unsound", rfc3339(lied_at))
    # What does not answer is not believed since it did so last.
    site.world.turn("a.test", Mode.DEAD)
    await looks(site, 1)
    assert state_shown(site) == ("unreachable", rfc3339(condition(site, "a.test").since_at))


async def test_a_list_out_of_reach_that_then_lists_everybody_is_told_once_more(store: Store) -> None:
    site = await watching(store, list_of())
    for mode in (Mode.DEAD, Mode.WILDCARD, Mode.DEAD, Mode.WILDCARD):
        site.world.turn("a.test", mode)
        await looks(site, 4)
    assert [(line, flaw) for line, _, flaw in told_of_list(site)] == [(BLIND, None), (BLIND, Flaw.WILDCARD)]


async def test_a_list_that_goes_and_comes_is_told_only_where_it_stays_away(store: Store) -> None:
    site = await watching(store, list_of())
    for _ in range(4):
        site.world.turn("a.test", Mode.DEAD)
        await looks(site, 2)
        site.world.turn("a.test", Mode.HEALTHY)
        await look(site)
    assert told_of_list(site) == []
    for _ in range(2):
        site.world.turn("a.test", Mode.DEAD)
        await looks(site, 4)
        site.world.turn("a.test", Mode.HEALTHY)
        await looks(site, 2)
    assert [line for line, _, _ in told_of_list(site)] == [BLIND, SIGHTED] * 2


async def test_a_restart_neither_repeats_nor_ends_an_incident(store: Store) -> None:
    site = await watching(store, list_of())
    site.world.turn("a.test", Mode.REFUSING)
    await looks(site, 2)
    # What has been so for a while is not new after a restart, nor is it forgotten.
    await site.start(site.settings)
    await looks(site, 2)
    since_at = lasting(store)[0].since_at
    await site.start(site.settings)
    await looks(site, 2)
    assert [line for line, _, _ in told_of_list(site)] == [BLIND]
    assert [incident.since_at for incident in lasting(store)] == [since_at]
    site.world.turn("a.test", Mode.HEALTHY)
    await site.start(site.settings)
    await looks(site, 2)
    assert [line for line, _, _ in told_of_list(site)] == [BLIND, SIGHTED]


async def test_whoever_knows_of_an_incident_is_told_that_its_list_was_taken_out(store: Store) -> None:
    site = await watching(store, list_of("a.test"), list_of("b.test"))
    site.world.turn("a.test", Mode.WILDCARD)
    await look(site)
    await site.reload(settings_of([MX1, MX2], [bare("b.test")]))
    await tell(site)
    assert [entry.news.text for entry in to(site, CHAT)[-1].entries] == ["nothing is asked of it any more"]
    assert [line for line, _, _ in told_of_list(site)] == [BLIND, SIGHTED]
    assert lasting(store) == []


async def test_a_list_that_was_renamed_is_another_list_with_an_incident_of_its_own(store: Store) -> None:
    site = await watching(store, list_of("a.test"))
    site.world.turn("a.test", Mode.WILDCARD)
    await look(site)
    renamed = replace(bare("a.test"), id="corp", name="corp")
    site.world.add(ScriptedList(renamed, mode=Mode.WILDCARD))
    await site.reload(settings_of([MX1, MX2], [renamed]))
    await look(site)
    assert [line for line, _, _ in told_of_list(site)] == [BLIND, SIGHTED, BLIND]
    assert [incident.blocklist for incident in lasting(store)] == ["corp"]


async def test_a_list_that_is_no_longer_asked_about_ipv6_has_no_incident_about_it(store: Store) -> None:
    site, scripted = await two_faced(store, ipv6=Mode.SILENT)
    await looks(site, 3)
    only_ipv4 = replace(scripted.blocklist, families=V4)
    scripted.blocklist = only_ipv4
    await site.reload(settings_of([DUAL], [only_ipv4]))
    await looks(site, 1)
    assert [entry.news.text for entry in to(site, CHAT)[-1].entries] == [
        "it is not asked about IPv6 addresses any more"
    ]
    assert [line for line, _, _ in told_of_list(site)] == [BLIND, SIGHTED]
    assert lasting(store) == []
