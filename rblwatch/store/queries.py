"""What the faces read: everything as it stood at one moment.

Owns the questions that pages, commands and metrics have. Must not write, nor know how anything is shown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, Text, func, or_, select, type_coerce

from rblwatch.core.alert import News, Told
from rblwatch.core.incident import Incident
from rblwatch.core.listing import Listing
from rblwatch.core.routing import TOLD, Decision, Silence
from rblwatch.core.standing import Transition
from rblwatch.core.target import Target
from rblwatch.store import reading
from rblwatch.store.acknowledging import Acknowledged
from rblwatch.store.columns import written
from rblwatch.store.hearing import Hearing
from rblwatch.store.held import Held
from rblwatch.store.past import Past
from rblwatch.store.pruning import Old
from rblwatch.store.reminding import Reminding
from rblwatch.store.rows import AlertRow, Coverage, Delivery, DeliveryState, Telling
from rblwatch.store.schema import alert as alert_table
from rblwatch.store.schema import coverage as coverage_table
from rblwatch.store.schema import delivery as delivery_table
from rblwatch.store.schema import incident as incident_table
from rblwatch.store.schema import listing as listing_table
from rblwatch.store.schema import metadata
from rblwatch.store.schema import news as news_table
from rblwatch.store.schema import pair as pair_table
from rblwatch.store.schema import silence as silence_table
from rblwatch.store.schema import target as target_table
from rblwatch.store.schema import telling as telling_table
from rblwatch.store.schema import told as told_table
from rblwatch.store.snapshot import Snapshot

_UNFINISHED = delivery_table.c.state.in_((DeliveryState.WAITING, DeliveryState.CLAIMED))


class Queries(Snapshot, Hearing, Held, Reminding, Acknowledged, Old, Past):
    """All that can be read, through one read-only connection."""

    def history(
        self, server: str | None = None, target: str | None = None, since: datetime | None = None
    ) -> list[Listing]:
        """Listings, the newest first: of a server by the name it had then, of a target, not over before `since`."""
        where: list[ColumnElement[bool]] = []
        if server is not None:
            # The column's text only narrows the search (it may ignore case): `servers` itself decides below.
            where.append(type_coerce(listing_table.c.servers, Text).contains(written(server), autoescape=True))
        if target is not None:
            where.append(listing_table.c.target == target)
        if since is not None:
            where.append(or_(listing_table.c.ended_at.is_(None), listing_table.c.ended_at >= since))
        found = reading.listings(self._connection, *where)
        newest_first = sorted(found, key=lambda listing: (listing.listed_at, listing.id), reverse=True)
        return [listing for listing in newest_first if server is None or server in listing.servers]

    def transitions(self, listing_id: int) -> list[Transition]:
        """All that happened to a listing, in order."""
        return reading.transitions(self._connection, listing_id)

    def incidents(self, *, open_only: bool = False) -> list[Incident]:
        """Incidents about lists, in the order in which they were opened."""
        return reading.incidents(self._connection, *((incident_table.c.ended_at.is_(None),) if open_only else ()))

    def deliveries(self, state: DeliveryState | None = None, limit: int = 100) -> list[Delivery]:
        """Messages on their way or done, the newest first."""
        statement = reading.delivery_query().order_by(delivery_table.c.id.desc()).limit(limit)
        if state is not None:
            statement = statement.where(delivery_table.c.state == state)
        return reading.deliveries(self._connection, statement)

    def delivery(self, delivery_id: int) -> Delivery | None:
        """One message."""
        found = reading.deliveries(self._connection, reading.delivery_query().where(delivery_table.c.id == delivery_id))
        return found[0] if found else None

    def alerts(self, *, since: datetime | None, limit: int) -> list[AlertRow]:
        """The newest alerts first."""
        later = () if since is None else (alert_table.c.at >= since,)
        columns = (alert_table.c.id, alert_table.c.group, alert_table.c.at)
        found = select(*columns).where(*later).order_by(alert_table.c.id.desc()).limit(limit)
        return [AlertRow(**row) for row in reading.rows(self._connection, found)]

    def messages_of(self, alert_ids: Iterable[int]) -> list[Delivery]:
        """The messages of these alerts."""
        theirs = (reading.delivery_query().where(delivery_table.c.alert_id.in_(c)) for c in reading.chunks(alert_ids))
        found = (reading.deliveries(self._connection, some.order_by(delivery_table.c.id)) for some in theirs)
        return [delivery for some in found for delivery in some]

    def kept_of(self, alert_ids: Iterable[int]) -> dict[int, dict[tuple[str, Decision], int]]:
        """By alert, how much of the news that it gathered is not told: to which recipient, and why."""
        kept: defaultdict[int, dict[tuple[str, Decision], int]] = defaultdict(dict)
        for chunk in reading.chunks(alert_ids):
            reasons = (news_table.c.alert_id, telling_table.c.recipient, telling_table.c.decision)
            found = select(*reasons, func.count()).join_from(news_table, telling_table).group_by(*reasons)
            withheld = found.where(news_table.c.alert_id.in_(chunk), telling_table.c.decision.not_in(TOLD))
            for alert_id, recipient, decision, count in self._connection.execute(withheld):
                kept[alert_id][recipient, decision] = count
        return kept

    def tellings(self, delivery_id: int) -> list[Telling]:
        """What a message was to tell, and what became of each piece of news."""
        return reading.tellings(self._connection, telling_table.c.delivery_id == delivery_id)

    def news(self, delivery_id: int) -> tuple[News, ...]:
        """What a delivery is to tell, in order, with its listings and incidents as they are now."""
        told = (telling_table.c.delivery_id == delivery_id) & telling_table.c.decision.in_(TOLD)
        return reading.news(self._connection, news_table.c.id.in_(select(telling_table.c.news_id).where(told)))

    def told(self, recipient: str, listing_ids: Iterable[int]) -> dict[int, Told]:
        """What a recipient knows of these listings; one that he was never told of is left out."""
        known: dict[int, Told] = {}
        for chunk in reading.chunks(listing_ids):
            ours = (told_table.c.recipient == recipient) & told_table.c.listing_id.in_(chunk)
            known |= reading.pairs_of_values(
                self._connection, select(told_table.c.listing_id, told_table.c.state).where(ours)
            )
        return known

    def silences(self, at: datetime) -> list[Silence]:
        """Silences in force at a moment."""
        return reading.silences(self._connection, silence_table.c.until_at > at)

    def ids_of(self, targets: Collection[Target]) -> dict[Target, int]:
        """The ids of these targets, as far as they are registered."""
        table, found = target_table, dict[Target, int]()
        for chunk in reading.chunks(target.text for target in targets):
            some = select(table.c.text, table.c.family, table.c.id).where(table.c.text.in_(chunk))
            found |= {Target(text, family): id_ for text, family, id_ in self._connection.execute(some)}
        return found

    def coverages_of(self, slices: Collection[int]) -> list[Coverage]:
        """How far all lists have been asked about these slices."""
        return reading.coverages(self._connection, coverage_table.c.slice.in_(slices))

    def marks_of(self, target_ids: Iterable[int]) -> list[tuple[str, int, bool, bool]]:
        """Of these targets' pairs with a row: the list, the target's id, whether it is listed, whether news waits."""
        table, found = pair_table, list[tuple[str, int, bool, bool]]()
        for chunk in reading.chunks(target_ids):
            listed, waits = table.c.listed.is_not(None), table.c.pending_change.is_not(None)
            marks = select(table.c.blocklist, table.c.target_id, listed, waits).where(table.c.target_id.in_(chunk))
            found += [
                (list_, id_, bool(is_listed), bool(has))
                for list_, id_, is_listed, has in self._connection.execute(marks)
            ]
        return found

    def outbox(self) -> tuple[int, datetime | None]:
        """How many deliveries are unfinished, and when the first of them was to leave, maybe later than now."""
        statement = select(func.count(), func.min(delivery_table.c.not_before)).where(_UNFINISHED)
        depth, oldest_at = self._connection.execute(statement).one()
        return depth, oldest_at

    def failed_deliveries(self) -> int:
        """How many deliveries failed for good."""
        failed = select(func.count()).where(delivery_table.c.state == DeliveryState.FAILED)
        return int(self._connection.execute(failed).scalar_one())

    def counts(self) -> dict[str, int]:
        """Rows of every table, by its name."""
        counted = {t.name: select(func.count()).select_from(t) for t in metadata.sorted_tables}
        return {name: self._connection.execute(statement).scalar_one() for name, statement in counted.items()}
