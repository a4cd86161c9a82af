"""The report over real rows: one verdict for each pair, and every number of every face follows from it."""

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

from rblwatch.core.blocklist import Meaning, Scope, Severity, bare
from rblwatch.core.conclusion import Alarm, Exit
from rblwatch.core.settings import Server
from rblwatch.core.timespan import rfc3339, rfc3339_or_none
from rblwatch.services.report import PairStatus, Report
from rblwatch.services.status_document import list_document, status_document
from rblwatch.store.database import Store
from tests.integration.services.scene import HOST, MX1, list_of, look, minutes, pending, watching
from tests.support.world import Mode, ScriptedList


def shown(report: Report) -> list[tuple[str, str, PairStatus]]:
    return [
        (target.target.text, pair.verdict, pair)
        for server in report.servers
        for target in server.targets
        for pair in target.pairs
    ]


async def test_what_was_called_listed_and_is_not_confirmed_is_unknown_everywhere(store: Store) -> None:
    site = await watching(store, list_of("a.test"))
    site.world.list("a.test", HOST)
    site.world.lists["a.test"].proofs_answered = False
    await look(site)
    report = site.status()
    assert len(pending(site)) == 1
    assert [(target, verdict, pair.reason) for target, verdict, pair in shown(report)] == [
        ("10.0.0.1", "unknown", None)
    ]
    first = report.servers[0].targets[0]
    assert (first.listed, first.clear, first.unknown) == (0, 0, 1)
    assert (report.listed, report.unknown, report.conclusion) == (0, 1, Exit.INCONCLUSIVE)
    assert [status.unknown for status in report.blocklists] == [1]
    assert '"verdict": "clear"' not in str(status_document(report)).replace("'", '"')


async def test_a_listing_on_a_list_in_trouble_counts_as_listed_and_not_as_unknown_too(store: Store) -> None:
    site = await watching(store, list_of("a.test"), first_round=False)
    site.world.list("a.test", HOST)
    await look(site)
    site.world.turn("a.test", Mode.WILDCARD)
    await look(site)
    report = site.status()
    said = {target: (verdict, pair.list_in_trouble) for target, verdict, pair in shown(report)}
    assert said == {"10.0.0.1": ("listed", True), "10.0.0.2": ("unknown", True)}
    assert (report.listed, report.unknown, report.conclusion) == (1, 1, Exit.LISTED)
    assert [(status.targets, status.unknown) for status in report.blocklists] == [(2, 1)]


async def test_lists_that_were_never_asked_count_as_lists_that_told_nothing(store: Store) -> None:
    asked, *others = [list_of(f"l{number}.test") for number in range(5)]
    site = await watching(store, asked)
    assert (site.status().conclusive, site.status().alarm) == ((1, 1), Alarm.OK)
    others_too = await watching(store, asked, *others, first_round=False)
    report = others_too.status()
    assert (report.conclusive[1], report.alarm) == (5, Alarm.UNKNOWN)
    assert report.conclusive[0] <= 1


async def test_what_no_list_is_asked_about_is_said_and_is_no_good_news(store: Store) -> None:
    named = Server(name="by-name")
    site = await watching(store, list_of("a.test"), servers=[MX1, named])
    report = site.status()
    assert report.gaps == ("no list is asked about by-name: no address of it is registered",)
    assert (report.listed, report.unknown, report.conclusion) == (0, 0, Exit.INCONCLUSIVE)


async def test_before_the_first_sweep_everything_is_unknown(store: Store) -> None:
    big = Server(name="mx", networks=(ip_network("10.0.0.0/29"),))
    site = await watching(store, list_of("a.test"), servers=[big], first_round=False)
    report = site.status()
    assert (report.listed, report.unknown, report.alarm) == (0, 8, Alarm.UNKNOWN)
    assert [(status.targets, status.unknown) for status in report.blocklists] == [(8, 8)]


async def test_a_list_whose_rounds_stopped_is_stale_though_the_others_go_on(store: Store) -> None:
    """Each is judged by its own effective interval: one TTL of an hour makes an answer of an hour ago a fresh one."""
    names = ["a.test", "b.test", "slow.test"]
    site = await watching(store, *(list_of(name, negative_ttl_s=3600 if name == "slow.test" else 60) for name in names))
    site.world.lists["a.test"].answers.clear()
    site.clock.advance(minutes(40))
    site.monitor.start_due()
    await site.settle()
    report = site.status()
    assert (report.overdue, report.stale) == (("a.test",), False)
    assert (report.conclusive, report.alarm) == ((2, 3), Alarm.OK)
    # Nobody asks for an hour: the slow one may be that old, and half of the lists are not heard of any more.
    site.clock.advance(minutes(60))
    report = site.status()
    assert (report.overdue, report.stale) == (("a.test", "b.test"), False)
    assert (report.conclusive, report.alarm) == ((1, 3), Alarm.UNKNOWN)
    site.clock.advance(minutes(60))
    assert (site.status().stale, site.status().alarm) == (True, Alarm.UNKNOWN)
    await site.monitor.sweeper.drain(0)


async def test_what_is_listed_is_shown_with_what_its_entry_is_for(store: Store) -> None:
    of_networks = replace(bare("a.test"), otherwise=Meaning("listed", Severity.MAJOR, scope=Scope.AS))
    site = await watching(store, ScriptedList(of_networks), list_of("b.test"), first_round=False)
    site.world.list("a.test", HOST)
    site.world.list("b.test", HOST)
    await look(site)
    listed = [pair for _, verdict, pair in shown(site.status()) if verdict == "listed"]
    assert {pair.blocklist: pair.scope for pair in listed} == {"a.test": Scope.AS, "b.test": Scope.ADDRESS}
    assert {pair.blocklist: pair.wider_scope for pair in listed} == {"a.test": Scope.AS, "b.test": None}
    written = str(status_document(site.status()))
    assert ("'scope': 'as'" in written, "'scope': 'address'" in written) == (True, True)


async def test_the_last_good_sweep_of_a_list_is_not_when_it_was_asked_in_vain(store: Store) -> None:
    site = await watching(store, list_of("a.test"), list_of("b.test"), first_round=False)
    assert [(one.asked_at, one.concluded_at) for one in site.status().blocklists] == [(None, None)] * 2
    await look(site)
    good = site.status().blocklists[0].asked_at
    assert good is not None
    assert {one.concluded_at for one in site.status().blocklists} == {good}

    site.world.lists["a.test"].mode = Mode.DEAD
    await look(site)
    lost, sound = site.status().blocklists
    assert sound.asked_at == sound.concluded_at == lost.asked_at == site.clock.now() - timedelta(seconds=30)
    assert lost.concluded_at == good
    document = list_document(lost)
    assert (document["checked_at"], document["concluded_at"]) == (rfc3339_or_none(sound.asked_at), rfc3339(good))

    site.world.lists["a.test"].mode = Mode.HEALTHY
    await look(site)
    assert [one.asked_at == one.concluded_at for one in site.status().blocklists] == [True, True]
