"""How a batch gets into the database: in portions that are whole by themselves, and in few statements."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Collection
from contextlib import closing
from ipaddress import ip_network
from pathlib import Path

import pytest
from sqlalchemy import event

from rblwatch.core.alert import Line
from rblwatch.core.listing import Ending
from rblwatch.core.settings import Secret, Server
from rblwatch.core.target import Family, Target
from rblwatch.services import record
from rblwatch.services.portion import Transitions
from rblwatch.store.database import Store
from tests.integration.services.scene import HOST, held, list_of, look, minutes, watching
from tests.support.site import Site

SEVEN = [Target(f"10.0.1.{number}", Family.IPV4) for number in range(1, 8)]
PHASES = ("listed", "repeated", "changed", "clear", "delisted")
RANGE = Server(name="range", networks=tuple(ip_network(f"{target.text}/32") for target in SEVEN))


@pytest.fixture
def portions_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven targets with news take four transactions."""
    monkeypatch.setattr(record, "PORTION_TARGETS", 2)


class CutOffError(Exception):
    """The process ends here."""


def cut_off_after(site: Site, portions: int) -> None:
    """Let the process end as soon as so many portions with news are committed."""
    left = [portions]

    def end(transitions: Transitions) -> None:
        left[0] -= bool(transitions)
        if not left[0]:
            raise CutOffError

    site.monitor.sweeper.on_transitions = end


async def cut_off(site: Site, portions: int) -> None:
    """Sweep, end in the middle of it, and begin anew over the same database."""
    site.clock.advance(minutes(15))
    cut_off_after(site, portions)
    with pytest.raises(CutOffError):
        await site.sweep()
    await site.start(site.settings)


def list_all(site: Site, *codes: str) -> None:
    for target in SEVEN:
        site.world.list("a.test", target, *codes)


def delist_all(site: Site) -> None:
    for target in SEVEN:
        site.world.delist("a.test", target)


@pytest.mark.usefixtures("portions_of_two")
async def test_others_write_between_the_portions_of_a_batch(store: Store) -> None:
    site = await watching(store, list_of(), servers=[RANGE])
    list_all(site)
    seen: list[int] = []

    def look_in(_: Transitions) -> None:
        seen.append(store.write_now(lambda repo: len(repo.open_listings())))

    site.monitor.sweeper.on_transitions = look_in
    site.clock.advance(minutes(15))
    totals = await site.sweep()
    assert seen == [2, 4, 6, 7]
    assert (totals.batches, totals.listed, len(totals.transitions)) == (1, 7, 7)


@pytest.mark.usefixtures("portions_of_two")
async def test_a_sweep_that_is_stopped_ends_between_two_portions(store: Store) -> None:
    site = await watching(store, list_of(), servers=[RANGE])
    list_all(site)
    site.clock.advance(minutes(15))
    stopped: list[asyncio.Task[None]] = []

    def stop(_: Transitions) -> None:
        stopped.append(asyncio.create_task(site.monitor.sweeper.drain(0)))
        site.monitor.sweeper.on_transitions = None

    site.monitor.sweeper.on_transitions = stop
    site.monitor.start_due()
    await site.settle()
    await asyncio.gather(*stopped)
    known = store.write_now(lambda repo: repo.open_listings())  # after the portion that was being written
    assert len(known) in (2, 4, 6)
    assert store.write_now(lambda repo: repo.open_listings()) == known, "no other one follows"
    await site.start(site.settings)
    await look(site)
    assert Counter(site.notifier.lines("chat")) == Counter((Line.LISTED, t.text, "a.test") for t in SEVEN)


@pytest.mark.usefixtures("portions_of_two")
async def test_what_is_found_in_several_portions_leaves_as_one_message(store: Store) -> None:
    site = await watching(store, list_of(), servers=[RANGE])
    list_all(site)
    await look(site)
    assert [len(message.entries) for message in site.notifier.arrived] == [7, 7], "one to each of two channels"


@pytest.mark.usefixtures("portions_of_two")
async def test_news_of_a_late_portion_is_gathered_as_long_as_any_other(store: Store) -> None:
    """Or every portion of a batch that takes longer to write than news is gathered would be a message of its own."""
    site = await watching(store, list_of(), servers=[RANGE])
    list_all(site)
    site.clock.advance(minutes(15))
    left: list[int] = []

    def room(recipients: Collection[str]) -> dict[str, int]:
        return dict.fromkeys(recipients, 4)

    def dawdle(_: Transitions) -> None:
        site.clock.advance(site.settings.alerts.group_wait * 0.6)
        due = store.write_now(lambda repo: repo.claim(site.clock.now(), holder="post", lease=minutes(2), room=room))
        left.append(len({delivery.alert_id for delivery in due}))

    site.monitor.sweeper.on_transitions = dawdle
    await site.sweep()
    assert left == [0, 1, 0, 1], "two portions at a time, as two fit into the wait"


@pytest.mark.usefixtures("portions_of_two")
@pytest.mark.parametrize("portions", [1, 2, 3])
async def test_a_batch_that_is_cut_off_loses_nothing_and_repeats_nothing(
    store: Store, tmp_path: Path, portions: int
) -> None:
    """In each of a listing's phases, and what was committed by then is whole."""
    site = await watching(store, list_of(), servers=[RANGE])
    list_all(site)
    await cut_off(site, portions)
    assert len(held(site)) == 2 * portions
    assert unsaid(tmp_path) == []
    await look(site)
    list_all(site, "127.0.0.3")
    await cut_off(site, portions)
    assert unsaid(tmp_path) == []
    await look(site)
    delist_all(site)
    await look(site)  # the first of two clear answers
    await cut_off(site, portions)
    assert len(held(site)) == 7 - 2 * portions
    assert unsaid(tmp_path) == []
    await look(site)
    await look(site)
    once = Counter((line, target.text, "a.test") for target in SEVEN for line in (Line.LISTED, Line.CHANGED))
    once += Counter((Line.DELISTED, target.text, "a.test") for target in SEVEN)
    assert Counter(site.notifier.lines("chat")) == Counter(site.notifier.lines("mail")) == once
    assert store.read_now(lambda queries: queries.counts())["transition"] == 3 * len(SEVEN)
    assert store.read_now(lambda queries: queries.counts())["pair"] == 0


def unsaid(folder: Path) -> list[object]:
    """Transitions without news, and news that somebody is to be told without a delivery."""
    query = """
        SELECT id FROM transition WHERE NOT EXISTS
        (SELECT * FROM news WHERE news.listing_id = transition.listing_id AND news.kind = transition.change)
        UNION SELECT news_id FROM telling WHERE decision = 'tell' AND delivery_id IS NULL
        UNION SELECT id FROM news WHERE id NOT IN (SELECT news_id FROM telling)
    """
    with closing(sqlite3.connect(folder / "rblwatch.db")) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.usefixtures("portions_of_two")
async def test_a_target_of_a_batch_that_was_cut_off_was_clear_when_it_answered_so(store: Store) -> None:
    """Not at the round before, when it was still listed: the coverage cannot speak for it yet."""
    site = await watching(store, list_of(), servers=[RANGE])
    list_all(site)
    await look(site)
    delist_all(site)
    await look(site)
    await cut_off(site, 1)
    cleared_at = site.clock.now()
    list_all(site)
    await look(site)
    history = store.read_now(lambda queries: queries.history(target=SEVEN[0].text))
    assert [listing.ended_by for listing in history] == [None, Ending.DELISTED]
    assert history[0].clear_at == cleared_at


@pytest.mark.usefixtures("portions_of_two")
async def test_what_another_process_finds_between_two_portions_stays(store: Store) -> None:
    """As of `rblwatch sweep` next to a daemon: without its row, the listing that it opens could never end."""
    site = await watching(store, list_of(), servers=[RANGE])
    list_all(site)
    await look(site)
    listed = store.read_now(lambda queries: queries.all_pairs())[0]
    delist_all(site)
    await look(site)

    def find_again(transitions: Transitions) -> None:
        if transitions and transitions[0][1].target == SEVEN[0]:
            store.write_now(lambda repo: repo.save_pairs([listed]))

    site.monitor.sweeper.on_transitions = find_again
    site.clock.advance(minutes(15))
    await site.sweep()
    assert store.read_now(lambda queries: queries.all_pairs()) == [listed]


@pytest.mark.usefixtures("portions_of_two")
async def test_a_batch_that_was_cut_off_on_a_first_look_is_looked_at_first_once_more(store: Store) -> None:
    """Targets that were not reached are still new; nobody is told that they were listed just now."""
    site = await watching(store, list_of(), servers=[RANGE], first_round=False)
    list_all(site)
    await cut_off(site, 2)
    await look(site)
    assert all(listing.first_look for listing in store.read_now(lambda queries: queries.open_listings()))
    assert [len(message.entries) for message in site.notifier.arrived] == [7, 7]


@pytest.mark.parametrize("phase", PHASES)
async def test_a_batch_takes_as_many_statements_for_ninety_targets_as_for_nine(tmp_path: Path, phase: str) -> None:
    """Whatever becomes of all of them."""
    assert await statements(tmp_path / "few.db", phase, 9) == await statements(tmp_path / "many.db", phase, 90)


async def statements(database: Path, phase: str, number: int) -> Counter[str]:
    """What the writer executes when so many targets are in the same phase at once, by kind and table."""
    targets = [Target(f"10.1.0.{host}", Family.IPV4) for host in range(1, number + 1)]
    server = Server(name="range", networks=tuple(ip_network(f"{target.text}/32") for target in targets))
    executed: list[str] = []
    store = Store(Secret(f"sqlite:///{database}"))
    store.open()
    try:
        site = await watching(store, list_of(), servers=[server])
        for before in PHASES[: PHASES.index(phase)]:
            enter(site, before, targets)
            await look(site)
        enter(site, phase, targets)
        site.clock.advance(minutes(15))
        event.listen(store._writer, "before_cursor_execute", lambda *given: executed.append(given[2]))
        await site.sweep()
    finally:
        store.close()
    return Counter(" ".join(statement.split()[:3]) for statement in executed)


def enter(site: Site, phase: str, targets: list[Target]) -> None:
    for target in targets:
        match phase:
            case "listed":
                site.world.list("a.test", target)
            case "changed":
                site.world.list("a.test", target, "127.0.0.3")
            case "clear":
                site.world.delist("a.test", target)


async def test_the_words_of_a_list_about_other_codes_are_not_shown_with_these(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a list said of the codes before says nothing about those that it gives now."""
    site = await watching(store, list_of())
    site.world.list("a.test", HOST)
    await look(site)
    (before,) = store.read_now(lambda queries: queries.open_listings())
    assert before.text is not None

    async def silent(*_: object) -> dict[Target, str]:
        return {}

    monkeypatch.setattr(site.lookup, "texts", silent)
    await look(site)
    assert store.read_now(lambda queries: queries.open_listings())[0].text == before.text, "the codes are the same"
    site.world.list("a.test", HOST, "127.0.0.3")
    await look(site)
    (after,) = store.read_now(lambda queries: queries.open_listings())
    assert (after.codes, after.text) == (("127.0.0.3",), None)
