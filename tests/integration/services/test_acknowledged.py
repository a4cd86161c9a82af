"""What acknowledgements and silences may never do to anybody, whatever is listed meanwhile."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rblwatch.core.alert import Line
from rblwatch.core.routing import Silence
from rblwatch.core.settings import Route, Secret
from rblwatch.services.acknowledge import acknowledge
from rblwatch.store.database import Store
from rblwatch.store.repository import Repository
from tests.integration.services.scene import (
    CHAT,
    HOST,
    MAIL,
    MX1,
    MX2,
    OTHER,
    list_of,
    look,
    minutes,
    said,
    to,
    watching,
)
from tests.support.configuration import settings_of
from tests.support.site import Site
from tests.support.soak import repetitions

AT_ONCE = Route(channels=(CHAT,))
LATER = Route(channels=(MAIL,), after=minutes(50))
FOREVER = timedelta(days=30)

#: What happens within each quarter of an hour: on the list, off it, on it under another code, or nothing.
histories = st.lists(st.sampled_from(["127.0.0.2", "127.0.0.3", "", None]), min_size=2, max_size=8)


async def watched(store: Store) -> Site:
    a = list_of("a.test")
    settings = settings_of((MX1, MX2), [a.blocklist], routes=[AT_ONCE, LATER])
    return await watching(store, a, settings=settings)


async def step(site: Site, event: str | None) -> None:
    if event:
        site.world.list("a.test", HOST, event)
    elif event is not None:
        site.world.delist("a.test", HOST)
    await look(site)
    await site.end_silences()
    await site.release()


def acknowledge_all(site: Site) -> None:
    """Somebody acknowledges every alert that there is."""
    at = site.clock.now()

    def job(repo: Repository) -> None:
        alert_id = 1
        while acknowledge(repo, alert_id, author="ann", note="", at=at) is not None:
            alert_id += 1

    site.store.write_now(job)


async def lines_of(store: Store, history: list[str | None], acknowledged_at: int | None) -> dict[str, list[Line]]:
    """What each recipient reads of one pair, if from one step on somebody acknowledges all that is told."""
    site = await watched(store)
    for number, event in enumerate([*history, *[None] * 8]):
        await step(site, event)
        if acknowledged_at is not None and number >= acknowledged_at:
            acknowledge_all(site)
    return {name: [line for message in to(site, name) for line, _ in said(message)] for name in (CHAT, MAIL)}


@pytest.mark.soak
@pytest.mark.timeout(repetitions(300, 3600))
@hypothesis_settings(
    max_examples=repetitions(3, 400),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(histories, st.integers(0, 6))
@example(["127.0.0.2", None, "127.0.0.3", None, ""], 1)  # it changes while somebody looks after it, and ends
async def test_an_acknowledgement_changes_nothing_for_whoever_is_told_at_once_and_calls_nobody_more(
    tmp_path_factory: pytest.TempPathFactory, history: list[str | None], acknowledged_at: int
) -> None:
    read = []
    for said_at in (None, acknowledged_at):
        one = Store(Secret(f"sqlite:///{tmp_path_factory.mktemp('history')}/rblwatch.db"))
        one.open()
        try:
            read.append(await lines_of(one, history, said_at))
        finally:
            one.close()
    without, with_it = read
    assert with_it[CHAT] == without[CHAT]
    assert with_it[MAIL].count(Line.LISTED) <= without[MAIL].count(Line.LISTED)
    # Who is told of an end was told of the beginning.
    assert with_it[MAIL].count(Line.DELISTED) <= with_it[MAIL].count(Line.LISTED)


@pytest.mark.parametrize("stands", [True, False])
async def test_a_silence_that_is_ended_by_hand_tells_what_stands_in_one_message(store: Store, *, stands: bool) -> None:
    site = await watched(store)
    at = site.clock.now()
    silence_id = store.write_now(lambda repo: repo.add_silence(Silence(id=0, until_at=at + FOREVER), at))
    for target in (HOST, OTHER):
        site.world.list("a.test", target)
        await look(site)
    if not stands:
        for target in (HOST, OTHER):
            site.world.delist("a.test", target)
        for _ in range(4):
            await look(site)
    await site.end_silences()
    await look(site)
    assert to(site, CHAT) == []
    assert store.write_now(lambda repo: repo.end_silence(silence_id, site.clock.now()))
    await site.end_silences()
    await look(site)
    told = [[(Line.LISTED, HOST.text), (Line.LISTED, OTHER.text)]] if stands else []
    assert [said(message) for message in to(site, CHAT)] == told
    # It is over: a second end finds nothing to end, and nothing is told twice.
    assert not store.write_now(lambda repo: repo.end_silence(silence_id, site.clock.now()))
    await site.end_silences()
    await look(site)
    assert len(to(site, CHAT)) == len(told)
