"""What was told: alerts with their news, their messages, and the reasons why somebody was not told.

Owns the shape in which every face shows an alert. Must not change anything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from rblwatch.core.acknowledgement import Acknowledgement
from rblwatch.core.alert import Group, News
from rblwatch.core.routing import Decision
from rblwatch.core.timespan import rfc3339, rfc3339_or_none
from rblwatch.store.rows import Delivery

if TYPE_CHECKING:
    from rblwatch.store.queries import Queries


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertStatus:
    """One alert, as it stands now."""

    id: int
    group: Group
    at: datetime
    news: tuple[News, ...]
    """What it gathered, and what its messages told."""
    deliveries: tuple[Delivery, ...]
    kept: Mapping[tuple[str, Decision], int]
    """How much of what it gathered is not told to whom, and why."""
    acknowledged: tuple[Acknowledgement, ...]
    """Those that still hold."""

    @property
    def stands(self) -> bool:
        """Whether anything that it tells of lasts, so that it can be acknowledged."""
        return any(item.stands for item in self.news)


def alerts(queries: Queries, *, since: datetime | None, limit: int) -> list[AlertStatus]:
    """The newest alerts first, at most `limit`; with `since`, those that began then or later."""
    rows = queries.alerts(since=since, limit=limit)
    ids = [row.id for row in rows]
    news = queries.news_of_alerts(ids)
    deliveries: defaultdict[int, list[Delivery]] = defaultdict(list)
    for delivery in queries.messages_of(ids):
        deliveries[delivery.alert_id].append(delivery)
    kept = queries.kept_of(ids)
    acknowledged: defaultdict[int, list[Acknowledgement]] = defaultdict(list)
    for one, _ in queries.acknowledged():
        acknowledged[one.alert_id].append(one)
    return [
        AlertStatus(
            id=row.id,
            group=row.group,
            at=row.at,
            news=news.get(row.id, ()),
            deliveries=tuple(deliveries[row.id]),
            kept=kept.get(row.id, {}),
            acknowledged=tuple(acknowledged[row.id]),
        )
        for row in rows
    ]


def alert_document(alert: AlertStatus) -> dict[str, object]:
    """An alert in JSON."""
    return {
        "id": alert.id,
        "group": alert.group.value,
        "at": rfc3339(alert.at),
        "news": [_news_document(item) for item in alert.news],
        "deliveries": [
            {"id": one.id, "channel": one.recipient, "state": one.state.value, "sent_at": rfc3339_or_none(one.sent_at)}
            for one in alert.deliveries
        ],
        "not_told": [
            {"channel": channel, "reason": decision.value, "news": count}
            for (channel, decision), count in sorted(alert.kept.items())
        ],
        "acknowledged": [
            {
                "at": rfc3339(one.at),
                "author": one.author,
                "note": one.note,
                "listing": one.listing_id,
                "incident": one.incident_id,
            }
            for one in alert.acknowledged
        ],
        "stands": alert.stands,
    }


def _news_document(item: News) -> dict[str, object]:
    listing, incident = item.listing, item.incident
    return {
        "kind": item.kind.value,
        "at": rfc3339(item.at),
        "servers": list(listing.servers if listing is not None else item.servers),
        "target": listing.target.text if listing is not None else item.target,
        "blocklist": listing.blocklist if listing is not None else (incident.blocklist if incident else item.blocklist),
        "codes": list(item.codes),
        "severity": listing.severity.value if listing is not None else None,
        "listing": listing.id if listing is not None else None,
        "incident": incident.id if incident is not None else None,
        "stands": item.stands,
    }
