"""The interval that is named fits, whatever is registered; and what is asked ahead of a round leaves it its share."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.blocklist import Blocklist, Kind, Pace
from rblwatch.core.budget import (
    DAY,
    Budget,
    batch_cost,
    budgets,
    budgets_of,
    extra_at,
    next_day,
    planned_budgets,
    round_at,
    with_losses,
)
from rblwatch.core.rhythm import Cause, Rhythm, rhythm
from rblwatch.core.target import Family, Target, expand, parse_address
from rblwatch.core.timespan import parse_duration, written
from rblwatch.core.watchlist import Watchlist, enrol

QUARTER = timedelta(minutes=15)
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)


def a_list(name: str, per_day: int | None = None, operator: str = "", interval_s: int | None = None) -> Blocklist:
    return Blocklist(
        id=name, zone=f"{name}.example", operator=operator, pace=Pace(per_day=per_day, interval_s=interval_s)
    )


def watching(targets: int, *blocklists: Blocklist) -> Watchlist:
    addresses = [Target(f"10.0.{number >> 8}.{number & 255}", Family.IPV4) for number in range(targets)]
    return Watchlist(
        {blocklist.id: blocklist for blocklist in blocklists},
        dict.fromkeys(addresses, ("mx1",)),
        {"mx1": frozenset()},
        {blocklist.id: frozenset({"mx1"}) for blocklist in blocklists},
    )


def of(per_day: int, *costs: int, minimum: timedelta = timedelta()) -> Budget:
    names = [f"list{number}" for number in range(len(costs))]
    return Budget("acme", per_day, dict(zip(names, costs, strict=True)), dict.fromkeys(names, minimum))


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


budgets_ = st.builds(
    of,
    st.integers(1, 10**6),
    *([st.integers(1, 70_000)] * 3),
    minimum=st.sampled_from([timedelta(), timedelta(minutes=3), hours(3)]),
)


def test_all_lists_of_one_operator_share_the_smallest_of_their_numbers() -> None:
    """A list without a number of its own is counted with its operator's others; a stranger's is not."""
    lists = (a_list("a", 500, "acme"), a_list("b", 100, "acme"), a_list("c", None, "acme"), a_list("d", 7), a_list("e"))
    found = budgets(lists, [(blocklist, Family.IPV4, 10) for blocklist in lists])
    assert {name: (each.per_day, sorted(each.costs)) for name, each in found.items()} == {
        "acme": (100, ["a", "b", "c"]),
        "d": (7, ["d"]),
    }


def test_a_key_is_counted_by_its_account() -> None:
    keyed = Blocklist(id="zen", zone="k.zen.example", operator="Zen", account="zen-key", pace=Pace(per_day=9))
    assert list(budgets([keyed, a_list("other", 5, "Zen")], [])) == ["zen-key", "Zen"]


def test_a_batch_costs_its_probes_and_one_more_point() -> None:
    """127.0.0.2, 127.0.0.1 and a point that must be clear; a list of names has two of its own as well."""
    names = Blocklist(id="n", zone="n.example", kind=Kind.DOMAIN, families=frozenset({Family.NAME}))
    assert batch_cost(a_list("a"), Family.IPV4, 10) == 13
    assert batch_cost(names, Family.NAME, 10) == 13


def test_a_plan_is_reckoned_as_it_will_be_asked() -> None:
    """Before targets have their ids and after: two full slices and a rest are three batches with their probes."""
    network = list(expand(ip_network("10.0.0.0/19")))
    watchlist = watching(0, a_list("a", 1000))
    watchlist = Watchlist(
        watchlist.blocklists, dict.fromkeys(network, ("mx1",)), watchlist.tags, {"a": frozenset({"mx1"})}
    )
    roster = enrol(watchlist, {target: number for number, target in enumerate(network)})
    assert budgets_of(roster) == planned_budgets(watchlist)
    assert budgets_of(roster)["a"].round_cost == 8192 + 2 * 3


@given(st.data())
def test_a_plan_counts_what_each_server_is_asked_about_on_its_own_lists(data: st.DataObject) -> None:
    """Several operators, all families, targets under several servers: what is planned is what will be asked."""
    names = Blocklist(
        id="n", zone="n.example", operator="acme", kind=Kind.DOMAIN, families=frozenset({Family.NAME}), registrable=True
    )
    lists = {each.id: each for each in (a_list("a", 500, "acme"), a_list("b", None, "acme"), a_list("c", 90), names)}
    targets = [*map(parse_address, ("10.0.0.1", "10.0.0.2", "2001:db8::1")), Target("x.example", Family.NAME)]
    servers = ("mx1", "mx2", "mx3")
    some = st.lists(st.sampled_from(servers), unique=True, min_size=1)
    watchlist = Watchlist(
        lists,
        {
            target: tuple(sorted(data.draw(some)))
            for target in data.draw(st.lists(st.sampled_from(targets), unique=True))
        },
        dict.fromkeys(servers, frozenset()),
        {name: frozenset(data.draw(some)) for name in lists},
        registrable=data.draw(st.sampled_from([frozenset(), frozenset(targets[-1:])])),
    )
    planned = planned_budgets(watchlist)
    assert planned == budgets_of(enrol(watchlist, {target: number for number, target in enumerate(targets)}))
    asked = {(each, target) for each in lists for target in watchlist.servers if watchlist.asks(each, target)}
    for operator, members in (("acme", "abn"), ("c", "c")):
        probing = len({(each, target.family) for each, target in asked if each in members}) * 3
        assert planned[operator].round_cost == probing + sum(each in members for each, _ in asked)


@given(budgets_, st.timedeltas(timedelta(seconds=1), timedelta(days=30)))
def test_the_interval_that_is_named_fits(budget: Budget, configured: timedelta) -> None:
    """And so does every longer one, and what an admin reads of it and writes into his configuration."""
    assert budget.fits(budget.interval)
    assert budget.fits(max(configured, budget.interval))
    text = written(budget.interval)
    named = timedelta(**{{"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[text[-1]]: int(text[:-1])})
    assert budget.fits(named)
    assert budget.planned(named) <= budget.per_day


@given(st.integers(1, 10**6), st.integers(1, 70_000))
def test_no_shorter_interval_fits(per_day: int, cost: int) -> None:
    budget = of(per_day, cost)
    shorter = budget.interval - timedelta(seconds=1)
    assert shorter <= timedelta() or not budget.fits(shorter)


@given(st.timedeltas(timedelta(0), timedelta(days=3000)))
def test_a_written_duration_is_not_shorter(duration: timedelta) -> None:
    assert duration <= parse_duration(written(duration)) <= duration * 1.25 + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("spent", "asked_ago", "wait"),
    [
        # Rounds of 10 from 40 a day are 8 h apart, so that a quarter is left for what nobody planned.
        (0, hours(0), hours(16 / 4)),  # half a day for a whole day's budget: twice as fast
        (20, hours(0), hours(8)),
        (20, hours(7), hours(1)),
        (20, hours(9), hours(-1)),
        # A sweep came in between: what is left is stretched over the rest of the day.
        (30, hours(5), hours(11)),
        (35, hours(0), hours(12)),
        # Nothing is left: tomorrow.
        (40, hours(20), hours(12)),
        (47, hours(20), hours(12)),
    ],
)
def test_what_is_left_is_stretched_over_the_rest_of_the_day(spent: int, asked_ago: timedelta, wait: timedelta) -> None:
    assert round_at(of(40, 10), spent, asked_at=NOON - asked_ago, now=NOON) == NOON + wait


@pytest.mark.parametrize(
    ("spent", "cost", "at"),
    [
        # Rounds need 15 of 40 more until midnight: 25 can be spared, of which 20 are spent.
        (20, 5, NOON),
        (20, 6, NOON + hours(1 / 1.25)),
        (25, 10, NOON + hours(8)),
        # Never today.
        (30, 15, MIDNIGHT),
        (40, 1, MIDNIGHT),
    ],
)
def test_what_is_asked_ahead_of_a_round_leaves_the_rounds_their_share(spent: int, cost: int, at: datetime) -> None:
    assert extra_at(of(40, 10), spent, cost=cost, interval=hours(8), now=NOON) == at


@given(budgets_, st.integers(0, 86_399), st.integers(0, 10**6), st.timedeltas(timedelta(0), timedelta(days=3)))
def test_nothing_waits_for_longer_than_tomorrow(budget: Budget, second: int, spent: int, ago: timedelta) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=second)
    assert round_at(budget, spent, asked_at=now - ago, now=now) <= next_day(now) <= now + DAY
    assert now <= extra_at(budget, spent, cost=5, interval=max(QUARTER, budget.interval), now=now) <= next_day(now)


@given(budgets_, st.integers(0, 86_399))
def test_a_day_of_rounds_alone_is_never_held_up(budget: Budget, second: int) -> None:
    """Where only rounds were asked, evenly, the next one is due after the interval that was named."""
    now = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=second)
    spent = int(budget.planned(budget.interval) * second / 86_400)
    due = round_at(budget, spent, asked_at=now, now=now)
    assert due <= now + budget.interval or budget.interval >= DAY or spent * 4 > budget.per_day * 3


@pytest.mark.parametrize(("questions", "at_hand"), [(0, 2), (3, 5), (5, 8), (100, 127)])
def test_some_questions_are_lost(questions: int, at_hand: int) -> None:
    assert with_losses(questions) == at_hand


@pytest.mark.parametrize(
    ("wanted", "interval_s", "ttl", "budget", "expected"),
    [
        # What the admin wants is slow enough for all.
        (QUARTER, None, None, None, Rhythm(QUARTER, Cause.SCHEDULE)),
        (QUARTER, 900, timedelta(seconds=60), QUARTER, Rhythm(QUARTER, Cause.SCHEDULE)),
        # The data changes every three hours.
        (QUARTER, 10_800, timedelta(hours=1), QUARTER, Rhythm(hours(3), Cause.DATA)),
        # Caches hold it for longer, an hour at most.
        (QUARTER, 180, timedelta(hours=9), None, Rhythm(timedelta(seconds=3601), Cause.TTL)),
        # The operator allows less.
        (QUARTER, None, timedelta(hours=9), hours(8), Rhythm(hours(8), Cause.BUDGET)),
    ],
)
def test_the_longest_interval_wins_and_says_why(
    wanted: timedelta, interval_s: int | None, ttl: timedelta | None, budget: timedelta | None, expected: Rhythm
) -> None:
    assert rhythm(wanted, a_list("a", interval_s=interval_s), ttl=ttl, budget=budget) == expected
