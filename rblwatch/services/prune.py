"""Forget history that is older than it is to be kept, a little at a time.

Owns how much is deleted in one transaction, so that nobody who writes has to wait, and that the room is given back.
Must not decide what is old, which is `core/retention.py`'s, nor what is over, which is `store/pruning.py`'s.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial

from rblwatch.store.database import Store
from rblwatch.store.queries import Queries

_log = logging.getLogger(__name__)

#: What one transaction deletes at most; the news of a whole network is one alert.
_ALERTS, _NEWS, _LISTINGS, _SILENCES = 100, 1000, 200, 10
#: Between two transactions, for the writers of other processes.
_PAUSE_S = 0.02


async def prune(store: Store, before: datetime) -> Counter[str]:
    """Delete what is over since before a moment; how many rows of each kind.

    Raises: StoreError; what was deleted until then stays deleted.
    """
    pruned: Counter[str] = Counter()
    pruned["alerts"] = await _prune_alerts(store, before)
    pruned["listings"] = await _prune_listings(store, before)
    pruned["incidents"] = await _all(
        lambda: store.read(lambda queries: queries.incidents_over(before, _LISTINGS)),
        lambda ids: store.write(lambda repo: repo.prune_incidents(ids, before)),
    )
    pruned["silences"] = await _all(
        lambda: store.read(lambda queries: queries.silences_over(before, _SILENCES)),
        lambda ids: store.write(lambda repo: repo.prune_silences(ids)),
    )
    pruned["days"] = await store.write(lambda repo: repo.prune_spending(before))
    await store.shrink()
    if pruned.total():
        _log.info("history.pruned", extra={**pruned, "before": before.isoformat(timespec="seconds")})
    return pruned


async def _prune_alerts(store: Store, before: datetime) -> int:
    async def delete(ids: list[int]) -> int:
        gone = 1
        while gone:
            gone = await store.write(lambda repo: repo.prune_news(ids, before, _NEWS))
            await asyncio.sleep(_PAUSE_S)
        return await store.write(lambda repo: repo.prune_alerts(ids, before))

    return await _in_order(store, lambda queries, last: queries.alerts_over(before, last, _ALERTS), delete)


async def _prune_listings(store: Store, before: datetime) -> int:
    async def delete(ids: list[int]) -> int:
        return await store.write(lambda repo: repo.prune_listings(ids, before))

    return await _in_order(store, lambda queries, last: queries.listings_over(before, last, _LISTINGS), delete)


async def _in_order(
    store: Store, find: Callable[[Queries, int], list[int]], delete: Callable[[list[int]], Awaitable[int]]
) -> int:
    """Delete from the oldest on, looking at each once."""
    deleted, last = 0, 0
    while ids := await store.read(partial(_found, find, last)):
        deleted += await delete(ids)
        last = ids[-1]
        await asyncio.sleep(_PAUSE_S)
    return deleted


def _found(find: Callable[[Queries, int], list[int]], last: int, queries: Queries) -> list[int]:
    return find(queries, last)


async def _all(find: Callable[[], Awaitable[list[int]]], delete: Callable[[list[int]], Awaitable[int]]) -> int:
    """Delete until nothing more is found, or what is found stays."""
    deleted = 0
    while ids := await find():
        gone = await delete(ids)
        deleted += gone
        if not gone:
            break
        await asyncio.sleep(_PAUSE_S)
    return deleted
