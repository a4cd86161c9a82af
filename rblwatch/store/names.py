"""What is known of registered names: what each stands for, and since when it cannot be looked up.

Owns the tables origin and origin_target. Must not know what follows from a change.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from sqlalchemy import ColumnElement, Table, delete

from rblwatch.core.finding import WHOLE, Origin
from rblwatch.core.target import Target
from rblwatch.store import reading
from rblwatch.store.area import Area
from rblwatch.store.rows import Known
from rblwatch.store.schema import origin as origin_table
from rblwatch.store.schema import origin_target as target_table

Row = dict[str, object]


class Names(Area):
    """What registered names came to."""

    def save_known(self, known: Known, before: Known | None = None) -> None:
        """Store what is known of a name; of its targets, only what differs from `before` is written."""
        key: Row = {"server": known.server, "kind": known.origin.kind, "name": known.origin.name.text}
        held = known.held
        values = {name: getattr(held, name) for name in ("complete_at", "failing_since", "failures")}
        values |= {name: getattr(known, name) for name in ("looked_at", "unwatched", "faults")}
        self._save(origin_table, key | values)
        if before is None or _targets(before) != _targets(known):
            self._save_targets(key, known, {} if before is None else _rows(before))

    def _save_targets(self, key: Row, known: Known, was: dict[Target, Row]) -> None:
        now = _rows(known)
        gone = [target.text for target in was if target not in now]
        for chunk in reading.chunks(gone):
            here = _is(target_table, known.server, known.origin)
            self._change(delete(target_table).where(here, target_table.c.target.in_(chunk)))
        self._save_all(target_table, [key | row for target, row in now.items() if was.get(target) != row])

    def rename(self, servers: Iterable[tuple[str, Origin, str]]) -> None:
        """Put what is known of names, each a server's, under other servers, of which nothing is known."""
        moves = list(servers)
        wanted = {(server, origin): other for server, origin, other in moves}
        known = [one for one in reading.known(self._connection) if (one.server, one.origin) in wanted] if moves else []
        for one in known:
            self._forget(one.server, one.origin)
        for one in known:
            self.save_known(replace(one, server=wanted[one.server, one.origin]))

    def forget_names(self, kept: Collection[tuple[str, Origin]]) -> None:
        """Forget the names that are not among these, each a server's, with all that they stood for."""
        for known in reading.known_origins(self._connection):
            if known not in kept:
                self._forget(*known)

    def _forget(self, server: str, origin: Origin) -> None:
        self._change(delete(target_table).where(_is(target_table, server, origin)))
        self._change(delete(origin_table).where(_is(origin_table, server, origin)))


def _targets(known: Known) -> tuple[object, ...]:
    """All that the rows of its targets are made of: most rounds change none of it, and a name may have thousands."""
    return known.held.targets, known.held.parts, known.held.told, known.how


def _rows(known: Known) -> dict[Target, Row]:
    return {
        target: {
            "target": target.text,
            "family": target.family,
            "how": known.how.get(target, ""),
            "parts": known.held.parts.get(target, (WHOLE,)),
            "missed_at": missed_at,
            "told": target in known.held.told,
        }
        for target, missed_at in known.held.targets.items()
    }


def _is(table: Table, server: str, origin: Origin) -> ColumnElement[bool]:
    return (table.c.server == server) & (table.c.kind == origin.kind) & (table.c.name == origin.name.text)
