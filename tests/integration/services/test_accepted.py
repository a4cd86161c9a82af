"""A listing that the admin has accepted is shown as such: it is no news, and counts as clear."""

from dataclasses import replace

from rblwatch.core.blocklist import bare
from rblwatch.services.report import PairStatus
from rblwatch.store.database import Store
from tests.integration.services.scene import HOST, OTHER, look, minutes, watching
from tests.support.site import Site
from tests.support.world import Mode, ScriptedList


def pairs(site: Site) -> dict[str, PairStatus]:
    """What the status shows of each target's pairs that are worth a line."""
    return {t.target.text: pair for server in site.status().servers for t in server.targets for pair in t.pairs}


def accepting() -> ScriptedList:
    return ScriptedList(replace(bare("a.test"), accepted=frozenset({HOST})))


async def test_an_accepted_listing_is_shown_and_not_told(store: Store) -> None:
    site = await watching(store, accepting())
    assert pairs(site) == {}
    before = len(site.notifier.arrived)
    site.world.list("a.test", HOST, "127.0.0.4")
    site.clock.advance(minutes(5))
    seen_at = site.clock.now() + minutes(15)
    for _ in range(3):
        await look(site)
    (shown,) = pairs(site).values()
    assert shown.clear is not None
    assert (shown.verdict, tuple(map(str, shown.clear.codes))) == ("clear", ("127.0.0.4",))
    assert shown.accepted_since == seen_at
    assert len(site.notifier.arrived) == before
    report = site.status()
    assert (report.listed, report.unknown) == (0, 0)


async def test_what_is_accepted_and_listed_no_more_is_not_shown(store: Store) -> None:
    site = await watching(store, accepting())
    site.world.list("a.test", HOST)
    await look(site)
    assert list(pairs(site)) == [HOST.text]
    site.world.delist("a.test", HOST)
    await look(site)
    assert pairs(site) == {}


async def test_nothing_is_said_of_it_while_the_list_is_blind(store: Store) -> None:
    site = await watching(store, accepting())
    site.world.list("a.test", HOST)
    await look(site)
    site.world.turn("a.test", Mode.DEAD)
    await look(site)
    assert {text: pair.verdict for text, pair in pairs(site).items()} == {HOST.text: "unknown", OTHER.text: "unknown"}


async def test_who_is_accepted_no_more_is_listed(store: Store) -> None:
    """The admin takes his word back: the listing is found, and told."""
    scripted = accepting()
    site = await watching(store, scripted)
    site.world.list("a.test", HOST)
    await look(site)
    settings = replace(site.settings, lists=replace(site.settings.lists, custom=(bare("a.test"),)))
    await site.reload(settings)
    assert {pair.verdict for pair in pairs(site).values()} <= {"clear"}
    assert all(pair.accepted_since is None for pair in pairs(site).values())
    for _ in range(3):
        await look(site)
    assert pairs(site)[HOST.text].verdict == "listed"
