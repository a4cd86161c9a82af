"""Which recipients know of which incidents.

Owns no table: whether somebody was told of an incident follows from what became of its news. Must not decide who is
told.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, exists, select

from rblwatch.core.alert import Kind, Line, Told
from rblwatch.core.routing import TOLD
from rblwatch.store import reading
from rblwatch.store.area import Bound
from rblwatch.store.rows import DeliveryState
from rblwatch.store.schema import delivery as delivery_table
from rblwatch.store.schema import news as news_table
from rblwatch.store.schema import recipient as recipient_table
from rblwatch.store.schema import telling as telling_table

#: What a recipient knows of an incident after each line.
_KNOWS = {Line.BLIND: Told.OPEN, Line.SIGHTED: Told.CLOSED, Line.WAS_BLIND: Told.CLOSED}

_FROM = news_table.join(telling_table).join(delivery_table, delivery_table.c.id == telling_table.c.delivery_id)

#: Who is added again is told afresh, whatever he was told before.
_ADDED_SINCE = exists().where(
    recipient_table.c.name == delivery_table.c.recipient, recipient_table.c.added_at > delivery_table.c.created_at
)


class Hearing(Bound):
    """What each recipient knows of incidents."""

    def told_incidents(self, recipient: str, incident_ids: Collection[int]) -> dict[int, Told]:
        """What a recipient knows of these incidents; one that he was never told of is left out."""
        known: dict[int, Told] = {}
        for chunk in reading.chunks(incident_ids):
            for incident_id, _, line in self._lines(
                news_table.c.incident_id.in_(chunk), telling_table.c.recipient == recipient
            ):
                known[incident_id] = _KNOWS[line]
        return known

    def aware_of_incident(self, incident_id: int) -> set[str]:
        """Recipients that know the incident as open, or will by a message that is on its way."""
        about = news_table.c.incident_id == incident_id
        told = {recipient: _KNOWS[line] for _, recipient, line in self._lines(about)}
        coming = (
            select(telling_table.c.recipient)
            .select_from(_FROM)
            .where(about, news_table.c.kind == Kind.BLIND, telling_table.c.decision.in_(TOLD))
            .where(delivery_table.c.state.in_((DeliveryState.WAITING, DeliveryState.CLAIMED)))
        )
        on_its_way = set(self._connection.execute(coming).scalars())
        known = {recipient for recipient, state in told.items() if state is Told.OPEN}
        return known | {recipient for recipient in on_its_way if recipient not in told}

    def failed_incidents(self, recipient: str) -> set[int]:
        """Incidents that a recipient was to be told of by a message that failed for good, since he was added last."""
        failed = (
            select(news_table.c.incident_id)
            .select_from(_FROM)
            .where(telling_table.c.recipient == recipient, news_table.c.incident_id.is_not(None))
            .where(delivery_table.c.state == DeliveryState.FAILED, ~_ADDED_SINCE)
        )
        return set(self._connection.execute(failed).scalars())

    def _lines(self, *where: ColumnElement[bool]) -> list[tuple[int, str, Line]]:
        """What was read of incidents, in order: incident, recipient and line."""
        columns = (news_table.c.incident_id, telling_table.c.recipient, telling_table.c.line)
        read = select(*columns).select_from(_FROM).where(telling_table.c.line.in_(tuple(_KNOWS)), ~_ADDED_SINCE, *where)
        rows = self._connection.execute(read.order_by(news_table.c.id))
        return [(incident_id, recipient, line) for incident_id, recipient, line in rows]
