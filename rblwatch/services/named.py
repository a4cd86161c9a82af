"""What the status says of names that are looked up: what they stand for, and why nothing is known of one.

Owns the reading of stored names for faces. Must not look anything up, nor change what is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rblwatch.core.finding import Origin, origins_of
from rblwatch.core.settings import Settings
from rblwatch.services.report import NameStatus
from rblwatch.store.rows import Known


def name_statuses(known: Iterable[Known], settings: Settings) -> dict[str, tuple[NameStatus, ...]]:
    """What is known of every name that is looked up, by server; every server is there."""
    by_origin = {(one.server, one.origin): one for one in known}
    return {
        server.name: tuple(_status(origin, by_origin.get((server.name, origin))) for origin in origins_of(server))
        for server in settings.servers
    }


def name_gaps(names: Mapping[str, Iterable[NameStatus]]) -> Iterator[str]:
    """The names of which nothing is watched though something may be, in words."""
    for server, some in names.items():
        for one in some:
            if one.gap is not None:
                yield f"no list is asked about {one.origin} of {server}: {one.gap}"


def _status(origin: Origin, known: Known | None) -> NameStatus:
    if known is None:
        return NameStatus(origin=origin)
    return NameStatus(
        origin=origin,
        targets=tuple(known.held.targets),
        missing={target: moment for target, moment in known.held.targets.items() if moment is not None},
        looked_at=known.looked_at,
        failing_since=known.held.failing_since,
        failures=known.held.failures,
        parts=known.held.parts,
        unwatched=known.unwatched,
        faults=known.faults,
    )
