"""Rows become values: the one home of that step, for the repository and for the read queries.

Owns which columns make which value. Must not know why somebody reads.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, select

from rblwatch.core.acknowledgement import Acknowledgement
from rblwatch.core.alert import News
from rblwatch.core.finding import WHOLE, Origin
from rblwatch.core.incident import Condition, Incident
from rblwatch.core.listing import Listing
from rblwatch.core.moving import Held
from rblwatch.core.routing import Silence
from rblwatch.core.soundness import Soundness
from rblwatch.core.standing import Pending, Standing, Transition
from rblwatch.core.target import Family, Target
from rblwatch.store import schema
from rblwatch.store.rows import Accepted, Coverage, DaemonRow, Delivery, Known, Pair, Sounding, Telling

T = TypeVar("T")

#: Values in one `IN (…)`: both databases limit the parameters of a statement (SQLite: 32,766).
_CHUNK = 1000

SILENCE_COLUMNS = tuple(column for column in schema.silence.c if column.name != "added_at")


def chunks(values: Iterable[T]) -> Iterator[list[T]]:
    """Cut into lists that fit into one statement."""
    iterator = iter(values)
    while chunk := list(islice(iterator, _CHUNK)):
        yield chunk


def rows(connection: Connection, statement: Select[*tuple[Any, ...]]) -> list[RowMapping]:
    """All rows of a query, by column name."""
    return list(connection.execute(statement).mappings())


def pairs_of_values(connection: Connection, statement: Select[*tuple[Any, ...]]) -> dict[Any, Any]:
    """A query's two columns as a mapping."""
    return {row[0]: row[1] for row in connection.execute(statement)}


def targets(connection: Connection) -> dict[Target, int]:
    """Every registered target and its id."""
    table = schema.target
    statement = select(table.c.text, table.c.family, table.c.id).order_by(table.c.id)
    return {Target(text, family): id_ for text, family, id_ in connection.execute(statement)}


def blocklists(connection: Connection) -> dict[str, str]:
    """Every known list's id and shown zone."""
    return pairs_of_values(connection, select(schema.blocklist.c.id, schema.blocklist.c.zone))


def coverages(connection: Connection, *where: ColumnElement[bool]) -> list[Coverage]:
    """Coverage rows, in the order of their keys."""
    table = schema.coverage
    statement = select(table).where(*where).order_by(table.c.blocklist, table.c.family, table.c.slice)
    return [Coverage(**row) for row in rows(connection, statement)]


def pairs(connection: Connection, *where: ColumnElement[bool]) -> list[Pair]:
    """Pairs that are listed or have news pending."""
    table, owner = schema.pair, schema.target
    statement = select(table, owner.c.text, owner.c.family).join(owner).where(*where)
    return [_pair(row) for row in rows(connection, statement.order_by(table.c.blocklist, table.c.target_id))]


def accepted(connection: Connection) -> list[Accepted]:
    """What lists say of targets whose listing there is accepted, or was when it was said."""
    table, owner = schema.accepted, schema.target
    statement = select(table, owner.c.text, owner.c.family).join(owner).order_by(table.c.blocklist, table.c.target_id)
    return [
        Accepted(
            target_id=row["target_id"],
            target=Target(row["text"], row["family"]),
            blocklist=row["blocklist"],
            codes=row["codes"],
            since_at=row["since_at"],
            seen_at=row["seen_at"],
        )
        for row in rows(connection, statement)
    ]


def soundings(connection: Connection, *where: ColumnElement[bool]) -> list[Sounding]:
    """What the probes said last."""
    table = schema.sounding
    statement = select(table).where(*where).order_by(table.c.blocklist, table.c.family, table.c.nameserver)
    return [_sounding(row) for row in rows(connection, statement)]


def listings(connection: Connection, *where: ColumnElement[bool]) -> list[Listing]:
    """Listings in the order in which they were found."""
    statement = select(schema.listing).where(*where).order_by(schema.listing.c.id)
    return [_listing(row) for row in rows(connection, statement)]


def listings_by_id(connection: Connection, ids: Collection[int]) -> dict[int, Listing]:
    """The listings with these ids, as far as they exist."""
    found = (listings(connection, schema.listing.c.id.in_(chunk)) for chunk in chunks(sorted(set(ids))))
    return {listing.id: listing for chunk in found for listing in chunk}


def transitions(connection: Connection, listing_id: int) -> list[Transition]:
    """All that happened to a listing, in order."""
    table = schema.transition
    names = ("change", "listed", "before", "seen_at", "clear_at", "first_look")
    statement = select(*(table.c[name] for name in names)).where(table.c.listing_id == listing_id).order_by(table.c.id)
    return [Transition(**row) for row in rows(connection, statement)]


def incidents(connection: Connection, *where: ColumnElement[bool]) -> list[Incident]:
    """Incidents in the order in which they were opened."""
    statement = select(schema.incident).where(*where).order_by(schema.incident.c.id)
    return [Incident(**row) for row in rows(connection, statement)]


def news(connection: Connection, *where: ColumnElement[bool]) -> tuple[News, ...]:
    """News in order, with its listings and incidents as they are now."""
    table = schema.news
    found = rows(connection, select(table).where(*where).order_by(table.c.id))
    about = listings_by_id(connection, {row["listing_id"] for row in found if row["listing_id"]})
    chunked = chunks({row["incident_id"] for row in found if row["incident_id"]})
    causes = {one.id: one for chunk in chunked for one in incidents(connection, schema.incident.c.id.in_(chunk))}
    own = ("id", "kind", "at", "codes", "before", "text", "servers", "target", "blocklist")
    return tuple(
        News(
            **{name: row[name] for name in own},
            listing=about.get(row["listing_id"]),
            incident=causes.get(row["incident_id"]),
        )
        for row in found
    )


def deliveries(connection: Connection, statement: Select[*tuple[Any, ...]]) -> list[Delivery]:
    """Deliveries that a query over `delivery_query` finds."""
    return [Delivery(**row) for row in rows(connection, statement)]


def delivery_query() -> Select[*tuple[Any, ...]]:
    """The columns of a delivery: its own, and its alert's group."""
    return select(schema.delivery, schema.alert.c.group).join(schema.alert)


def tellings(connection: Connection, *where: ColumnElement[bool]) -> list[Telling]:
    """What became of news, in the order of the news."""
    table = schema.telling
    statement = select(table).where(*where).order_by(table.c.news_id, table.c.recipient)
    return [Telling(**row) for row in rows(connection, statement)]


def silences(connection: Connection, *where: ColumnElement[bool]) -> list[Silence]:
    """Silences in the order in which they were added."""
    statement = select(*SILENCE_COLUMNS).where(*where).order_by(schema.silence.c.id)
    return [Silence(**row) for row in rows(connection, statement)]


def acknowledgements(connection: Connection, *where: ColumnElement[bool]) -> list[Acknowledgement]:
    """Acknowledgements in the order in which they came."""
    statement = select(schema.acknowledgement).where(*where).order_by(schema.acknowledgement.c.id)
    return [Acknowledgement(**row) for row in rows(connection, statement)]


def known_origins(connection: Connection) -> list[tuple[str, Origin]]:
    """Every registered name of which anything is known, with its server."""
    table = schema.origin
    found = connection.execute(select(table.c.server, table.c.kind, table.c.name))
    return [(server, Origin(kind, Target(name, Family.NAME))) for server, kind, name in found]


def known(connection: Connection) -> list[Known]:
    """What is known of every registered name."""
    targets: defaultdict[tuple[str, Origin], list[RowMapping]] = defaultdict(list)
    for row in rows(connection, select(schema.origin_target).order_by(schema.origin_target.c.target)):
        targets[_origin(row)].append(row)
    origins = rows(connection, select(schema.origin).order_by(schema.origin.c.server, schema.origin.c.name))
    return [_known(row, targets.get(_origin(row), [])) for row in origins]


def _origin(row: RowMapping) -> tuple[str, Origin]:
    return row["server"], Origin(row["kind"], Target(row["name"], Family.NAME))


def _known(row: RowMapping, found: list[RowMapping]) -> Known:
    server, origin = _origin(row)
    targets = [(Target(one["target"], one["family"]), one) for one in found]
    held = Held(
        targets={target: one["missed_at"] for target, one in targets},
        parts={target: one["parts"] for target, one in targets if one["parts"] != (WHOLE,)},
        told=frozenset(target for target, one in targets if one["told"]),
        **{name: row[name] for name in ("complete_at", "failing_since", "failures")},
    )
    how = {target: one["how"] for target, one in targets}
    seen = {name: row[name] for name in ("looked_at", "unwatched", "faults")}
    return Known(server=server, origin=origin, held=held, how=how, **seen)


def daemon(connection: Connection) -> DaemonRow | None:
    """The daemon that works on this database, or the last one that did."""
    found = rows(connection, select(*(column for column in schema.daemon.c if column.name != "id")))
    return DaemonRow(**found[0]) if found else None


def _listing(row: RowMapping) -> Listing:
    values = dict(row)
    family, tags = values.pop("family"), values.pop("tags")
    return Listing(**(values | {"target": Target(row["target"], family), "tags": frozenset(tags)}))


def _pair(row: RowMapping) -> Pair:
    return Pair(
        target_id=row["target_id"],
        target=Target(row["text"], row["family"]),
        blocklist=row["blocklist"],
        standing=Standing(row["looked"], row["listed"], row["clear_at"], row["clears"], _pending(row)),
        listing_id=row["listing_id"],
        asked_at=row["asked_at"],
        allowed_at=row["allowed_at"],
    )


def _pending(row: RowMapping) -> Pending | None:
    if row["pending_change"] is None:
        return None
    fields = ("change", "listed", "seen_at", "ready_at", "repeat_at", "nameserver", "others")
    return Pending(*(row[f"pending_{field}"] for field in fields))


def _sounding(row: RowMapping) -> Sounding:
    values = dict(row)
    soundness = Soundness(*(values.pop(name) for name in ("state", "reason", "flaw", "detail")))
    condition = Condition(soundness, values.pop("since_at"), values.pop("unsound_at"))
    return Sounding(condition=condition, **values)
