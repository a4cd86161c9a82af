"""What is watched: registered targets, known lists, and how far each list has been asked.

Owns the tables target, blocklist, coverage, pair and sounding. Must not know what follows from a change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime

from sqlalchemy import ColumnElement, delete, insert, select, update

from rblwatch.core.plan import slice_of
from rblwatch.core.target import Family, Target
from rblwatch.store import reading
from rblwatch.store.area import Area
from rblwatch.store.rows import Coverage, Pair, Sounding
from rblwatch.store.schema import blocklist as blocklist_table
from rblwatch.store.schema import coverage as coverage_table
from rblwatch.store.schema import pair as pair_table
from rblwatch.store.schema import sounding as sounding_table
from rblwatch.store.schema import target as target_table


class Coverages(Area):
    """How far lists have been asked."""

    def coverage(self, blocklist: str, family: Family, number: int) -> Coverage:
        """How far a list has been asked about one slice; a fresh value where it never was."""
        fresh = Coverage(blocklist=blocklist, family=family, slice=number)
        found = reading.coverages(self._connection, _is(fresh))
        return found[0] if found else fresh

    def save_coverage(self, coverage: Coverage) -> None:
        """Store how far a list has been asked about one slice."""
        self._save(coverage_table, {field.name: getattr(coverage, field.name) for field in fields(coverage)})

    def forget_coverage(self, blocklist: str, target_ids: Iterable[int]) -> None:
        """Take targets out of a list's coverage, as though it had never been asked about them."""
        self._clear_bits(target_ids, coverage_table.c.blocklist == blocklist)

    def _clear_bits(self, target_ids: Iterable[int], *where: ColumnElement[bool]) -> None:
        masks: dict[int, int] = {}
        for target_id in target_ids:
            number, bit = slice_of(target_id)
            masks[number] = masks.get(number, 0) | bit
        for number, mask in masks.items():
            for row in reading.coverages(self._connection, coverage_table.c.slice == number, *where):
                self.save_coverage(row.without(mask))


class Registered(Coverages):
    """Targets and lists."""

    def add_targets(self, targets: Iterable[Target], at: datetime) -> dict[Target, int]:
        """Register targets and give the ids of all of them, also of those that were registered before."""
        wanted = dict.fromkeys(targets)
        ids = self._ids([target.text for target in wanted])
        missing = [
            {"text": target.text, "family": target.family, "added_at": at}
            for target in wanted
            if target.text not in ids
        ]
        if missing:
            added = insert(target_table).returning(target_table.c.text, target_table.c.id)
            ids |= {row.text: row.id for row in self._connection.execute(added, missing)}
        return {target: ids[target.text] for target in wanted}

    def remove_targets(self, ids: Iterable[int]) -> None:
        """Forget targets, with their pairs and their bits in every coverage."""
        gone = sorted(set(ids))
        for chunk in reading.chunks(gone):
            self._change(delete(pair_table).where(pair_table.c.target_id.in_(chunk)))
            self._change(delete(target_table).where(target_table.c.id.in_(chunk)))
        self._clear_bits(gone)

    def add_blocklist(self, blocklist: str, zone: str, at: datetime) -> None:
        """Make a list known; one that is known keeps its date and takes the zone."""
        known = self._change(update(blocklist_table).where(blocklist_table.c.id == blocklist).values(zone=zone))
        if not known:
            self._change(insert(blocklist_table).values(id=blocklist, zone=zone, added_at=at))

    def remove_blocklist(self, blocklist: str) -> None:
        """Forget a list, with its coverage, its soundings and its pairs."""
        for table in (coverage_table, sounding_table, pair_table):
            self._change(delete(table).where(table.c.blocklist == blocklist))
        self._change(delete(blocklist_table).where(blocklist_table.c.id == blocklist))

    def _ids(self, texts: Sequence[str]) -> dict[str, int]:
        ids: dict[str, int] = {}
        for chunk in reading.chunks(texts):
            found = select(target_table.c.text, target_table.c.id).where(target_table.c.text.in_(chunk))
            ids |= reading.pairs_of_values(self._connection, found)
        return ids


class Standings(Area):
    """Pairs that stand out, and what the probes said last."""

    def save_pairs(self, pairs: Iterable[Pair]) -> None:
        """Store pairs that are listed or have news pending."""
        self._save_all(pair_table, [_pair_values(pair) for pair in pairs])

    def touch_pairs(self, blocklist: str, target_ids: Iterable[int], asked_at: datetime) -> None:
        """Store that pairs were asked about once more, and nothing else changed."""
        for chunk in reading.chunks(target_ids):
            theirs = (pair_table.c.blocklist == blocklist) & pair_table.c.target_id.in_(chunk)
            self._change(update(pair_table).where(theirs).values(asked_at=asked_at))

    def delete_pairs(self, blocklist: str, target_ids: Iterable[int]) -> None:
        """Forget what is held of pairs of a list."""
        self._delete_pairs(blocklist, target_ids)

    def delete_clear_pairs(self, blocklist: str, target_ids: Iterable[int]) -> None:
        """Forget those of a list's pairs that are clear, with nothing pending: its coverage stands for them."""
        columns = pair_table.c
        self._delete_pairs(blocklist, target_ids, columns.listed.is_(None), columns.pending_change.is_(None))

    def _delete_pairs(self, blocklist: str, target_ids: Iterable[int], *where: ColumnElement[bool]) -> None:
        for chunk in reading.chunks(target_ids):
            theirs = (pair_table.c.blocklist == blocklist) & pair_table.c.target_id.in_(chunk)
            self._change(delete(pair_table).where(theirs, *where))

    def sounding(self, blocklist: str, family: Family, nameserver: str) -> Sounding | None:
        """What the probes said last of a list through one nameserver and for one family."""
        columns = sounding_table.c
        here = (columns.blocklist == blocklist) & (columns.family == family) & (columns.nameserver == nameserver)
        found = reading.soundings(self._connection, here)
        return found[0] if found else None

    def remove_soundings(self, blocklist: str, family: Family) -> None:
        """Forget what the probes said of a list for one family, since nothing of that family is asked any more."""
        columns = sounding_table.c
        self._change(delete(sounding_table).where(columns.blocklist == blocklist, columns.family == family))

    def save_sounding(self, sounding: Sounding) -> None:
        """Store what the probes said."""
        values = {field.name: getattr(sounding, field.name) for field in fields(sounding) if field.name != "condition"}
        soundness = sounding.condition.soundness
        values |= {field.name: getattr(soundness, field.name) for field in fields(soundness)}
        values |= {"since_at": sounding.condition.since_at, "unsound_at": sounding.condition.unsound_at}
        self._save(sounding_table, values)


def _pair_values(pair: Pair) -> dict[str, object]:
    standing, pending = pair.standing, pair.standing.pending
    return {
        "blocklist": pair.blocklist,
        "target_id": pair.target_id,
        "listing_id": pair.listing_id,
        "allowed_at": pair.allowed_at,
        "asked_at": pair.asked_at,
        "looked": standing.looked,
        "listed": standing.listed,
        "clear_at": standing.clear_at,
        "clears": standing.clears,
        "pending_change": pending.change if pending else None,
        "pending_listed": pending.listed if pending else None,
        "pending_seen_at": pending.seen_at if pending else None,
        "pending_ready_at": pending.ready_at if pending else None,
        "pending_repeat_at": pending.repeat_at if pending else None,
        "pending_nameserver": pending.nameserver if pending else None,
        "pending_others": pending.others if pending else None,
    }


def _is(coverage: Coverage) -> ColumnElement[bool]:
    columns = coverage_table.c
    slice_ = (columns.family == coverage.family) & (columns.slice == coverage.slice)
    return (columns.blocklist == coverage.blocklist) & slice_
