"""What operators allow in a day, and what that makes of a plan and of a list's interval.

Owns the words for it. Must not ask anybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from rblwatch import app
from rblwatch.cli.discovering import targets_of
from rblwatch.cli.terminal import counted
from rblwatch.configured import Configured
from rblwatch.core.blocklist import Blocklist
from rblwatch.core.budget import DAY, Budget, planned_budgets
from rblwatch.core.errors import RblwatchError
from rblwatch.core.finding import Finding, origins_of
from rblwatch.core.rhythm import Cause, rhythm
from rblwatch.core.timespan import roughly, written
from rblwatch.core.watchlist import Watchlist, joined

_BECAUSE = {
    Cause.SCHEDULE: "as configured",
    Cause.DATA: "its data does not change before",
    Cause.TTL: "caches hold its answers for so long",
    Cause.BUDGET: "more would use up what its operator allows in a day",
}


def counted_in(configured: Configured, found: Mapping[str, Sequence[Finding]] | None) -> tuple[Watchlist, str | None]:
    """The watchlist with what names stand for: as just `found`, or else as the database knows it.

    And in words what is not counted in; None: everything is.
    """
    watchlist = configured.watchlist
    if not watchlist.named:
        return watchlist, None
    if found is not None:
        is_complete = all(finding.complete for some in found.values() for finding in some)
        return joined(watchlist, targets_of(found)), None if is_complete else _NOT_ALL
    try:
        with app.reading(configured.settings) as store:
            known = {(one.server, one.origin) for one in store.read_now(lambda queries: queries.known())}
            watchlist = app.read_watched(store, configured)
    except RblwatchError:
        return watchlist, _NOTHING
    wanted = {(server.name, origin) for server in configured.settings.servers for origin in origins_of(server)}
    return watchlist, None if wanted <= known else _NOT_LOOKED_UP


_NOTHING = (
    "what the names of servers stand for is not counted in the budgets, since no database knows it yet; "
    "with --probe it is looked up"
)
_NOT_LOOKED_UP = (
    "the budgets count names as they were looked up last; some never were, and are not counted in; "
    "with --probe they are looked up"
)
_NOT_ALL = "the budgets count what names stand for as far as it could be looked up"


def plan_lines(watchlist: Watchlist, interval: timedelta) -> Iterator[str]:
    """Where a plan takes more than an operator allows, and which interval would fit."""
    for budget in planned_budgets(watchlist).values():
        if not budget.fits(interval):
            lists = f"{counted(len(budget.costs), 'list')} ({', '.join(budget.costs)})"
            yield (
                f"{budget.operator} allows {budget.per_day:,} questions a day, a quarter of which is kept for "
                f"what is confirmed or repeated; {lists} every "
                f"{roughly(interval)} would take {budget.planned(interval):,}. {_instead(budget)}"
            )


def _instead(budget: Budget) -> str:
    fitting = written(budget.interval)
    if budget.interval <= DAY:
        return f'They are asked every {fitting} instead; interval = "{fitting}" in [schedule] would fit'
    return (
        f"One round takes {budget.round_cost:,}, so it is spread over {fitting}, and most is unknown until then; "
        "put these lists into `skip`, register fewer addresses on them, or agree on a larger `per_day`"
    )


def plan_documents(watchlist: Watchlist, interval: timedelta) -> list[dict[str, object]]:
    """The same for programs, of every operator who allows a number."""
    return [_plan_document(budget, interval) for budget in planned_budgets(watchlist).values()]


def _plan_document(budget: Budget, interval: timedelta) -> dict[str, object]:
    return {
        "operator": budget.operator,
        "per_day": budget.per_day,
        "blocklists": list(budget.costs),
        "planned_per_day": budget.planned(interval),
        "fits": budget.fits(interval),
        "fitting_interval": written(budget.interval),
    }


def how_often(configured: Configured | None, blocklist: Blocklist) -> dict[str, object]:
    """How often a list is asked, and why; and what was asked of its operator's daily number."""
    if configured is None:
        return {}
    interval = configured.settings.schedule.interval
    today = datetime.now(UTC).date()
    try:
        with app.reading(configured.settings) as store:
            soundings, spent = store.read_now(lambda queries: (queries.soundings(blocklist.id), queries.spent(today)))
            watchlist = app.read_watched(store, configured)
    except RblwatchError:
        # What the database would add is unknown; everything else is shown all the same.
        return {"interval": roughly(interval), "effective_interval": None}
    budget = planned_budgets(watchlist).get(blocklist.counted_by)
    ttls = [sounding.negative_ttl_s for sounding in soundings if sounding.negative_ttl_s is not None]
    effective = rhythm(
        interval,
        blocklist,
        ttl=timedelta(seconds=max(ttls)) if ttls else None,
        budget=budget.interval if budget else None,
    )
    shown: dict[str, object] = {
        "interval": roughly(interval),
        "effective_interval": roughly(effective.interval),
        "interval_because": _BECAUSE[effective.cause],
    }
    if budget is not None:
        asked = spent.get(budget.operator, 0)
        shown |= {"asked_today": asked, "left_today": max(budget.per_day - asked, 0)}
    return shown
