"""Look up the names of servers, keep what they came to, and say what is watched by it.

Owns how a finding is kept, who is told of a change, and when names are looked up again. Must not decide what a change
is, nor how long what went is watched: the rules are in `core`.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rblwatch.core.alert import Group, Kind
from rblwatch.core.errors import NothingRegistered
from rblwatch.core.finding import Finding, Origin, origins_of, within
from rblwatch.core.listing import Listing
from rblwatch.core.moving import Held, Moved, settle
from rblwatch.core.settings import Settings
from rblwatch.core.target import Target
from rblwatch.core.watchlist import Roster, Watchlist, joined
from rblwatch.core.wording import several
from rblwatch.ports import Clock, Discoverer
from rblwatch.services.announce import Announcement, Announcer, subject_about
from rblwatch.services.asked import Terms
from rblwatch.services.causes import how_moved
from rblwatch.services.policy import Policy
from rblwatch.services.reconcile import reconcile
from rblwatch.store.database import Store
from rblwatch.store.repository import Repository
from rblwatch.store.rows import Known, NewNews
from rblwatch.store.snapshot import Snapshot

_log = logging.getLogger(__name__)

#: Servers that a refusal names.
_NAMED = 3

Findings = Mapping[str, Sequence[Finding]]
"""By server."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What is known of all registered names."""

    found: Mapping[str, tuple[Target, ...]]
    """By server: the targets that are watched since its names stand for them, or did within a day."""
    due_at: datetime | None
    """When names are to be looked up again; None: there are none."""


def survey(stored: Snapshot, settings: Settings, at: datetime) -> Survey:
    """Read what is known of the names that are registered."""
    wanted = registered_origins(settings)
    known = {(one.server, one.origin): one for one in stored.known() if (one.server, one.origin) in wanted}
    found: dict[str, dict[Target, None]] = {}
    for (server, _), one in known.items():
        found.setdefault(server, {}).update(dict.fromkeys(one.held.targets))
    # What was looked up by a clock that was ahead is due no later for it.
    looked_at = [one.looked_at if one.looked_at <= at else at - settings.schedule.interval for one in known.values()]
    due_at = at if wanted.keys() - known.keys() else min(looked_at, default=at) + settings.schedule.interval
    return Survey({server: tuple(targets) for server, targets in found.items()}, due_at if wanted else None)


def begin(
    repo: Repository, settings: Settings, watchlist: Watchlist, policy: Policy, at: datetime
) -> tuple[Roster, Survey]:
    """Bring the database in line with a configuration and with what is known of its names; see `reconcile`.

    Raises: NothingRegistered, where no server is left of those that listings stand about.
    """
    if not settings.servers:
        _refuse_to_end(repo.open_listings())
    wanted = registered_origins(settings)
    repo.rename(_renamed(repo.known_origins(), wanted))
    repo.forget_names(wanted)
    surveyed = survey(repo, settings, at)
    return reconcile(repo, joined(watchlist, surveyed.found), policy, at), surveyed


def _refuse_to_end(listings: Sequence[Listing]) -> None:
    if listings:
        about = several(sorted({listing.server for listing in listings}), _NAMED)
        raise NothingRegistered(
            f"servers: there is none, and the database holds {len(listings)} open listing{'s'[: len(listings) != 1]}, "
            f"of {about}, which would end as unwatched. If the file lost its servers by mistake, put them back; if the "
            'listings are to end, leave one server in, with skip = ["all"] and the ids of custom lists in it'
        )


def _renamed(
    known: Iterable[tuple[str, Origin]], wanted: Collection[tuple[str, Origin]]
) -> Iterator[tuple[str, Origin, str]]:
    """The names that stand under other servers now, each with the one before, and the one of now.

    A server that is renamed keeps what is known of its names, and a name that is moved to another server as well.
    """
    new: dict[Origin, list[str]] = {}
    known = list(known)
    for server, origin in wanted:
        if (server, origin) not in known:
            new.setdefault(origin, []).append(server)
    for server, origin in known:
        if (server, origin) not in wanted and new.get(origin):
            yield server, origin, new[origin].pop(0)


async def look_up(store: Store, discoverer: Discoverer, clock: Clock, settings: Settings, terms: Terms) -> Survey:
    """Look up the names of servers, keep what they came to, and tell what changed.

    Raises: StoreError.
    """
    return await keep(store, await discoverer.discover(settings.servers), clock, settings, terms)


async def keep(store: Store, findings: Findings, clock: Clock, settings: Settings, terms: Terms) -> Survey:
    """Keep what a look-up of names came to, and tell what changed; `settings` are those under which it was made.

    They must be the ones in force: what is told goes where they say.

    Raises: StoreError.
    """
    at = clock.now()

    def write(repo: Repository) -> Survey:
        take_in(repo, findings, terms.roster.watchlist, terms.policy, at)
        return survey(repo, settings, at)

    surveyed = await store.write(write)
    _log.debug("names.looked_up", extra={"servers": len(findings)})
    return surveyed


def registered_origins(settings: Settings) -> dict[tuple[str, Origin], None]:
    """Every name that is looked up, with its server, in the order of the configuration."""
    return {(server.name, origin): None for server in settings.servers for origin in origins_of(server)}


def take_in(repo: Repository, findings: Findings, watchlist: Watchlist, policy: Policy, at: datetime) -> None:
    """Keep what one round came to, and tell what changed; all in one transaction."""
    known = {(one.server, one.origin): one for one in repo.known()}
    moves: dict[tuple[str, Moved], list[Origin]] = {}
    for server, some in findings.items():
        for finding in some:
            before = known.get((server, finding.origin))
            held, moved = settle(before.held if before is not None else Held(), finding, at)
            repo.save_known(_kept(server, finding, held, before, at), before)
            if moved is not None:
                moves.setdefault((server, moved), []).append(finding.origin)
    # One change that several names show, as a host and the MX that it is, is told once.
    Announcer(repo, policy, at).announce(
        _announcement(server, moved, origins, watchlist, at) for (server, moved), origins in moves.items()
    )


def _kept(server: str, finding: Finding, held: Held, before: Known | None, at: datetime) -> Known:
    how = dict(finding.targets)
    if before is not None:
        how = {target: before.how.get(target, "") for target in held.targets} | how
    # Of what failed nobody knows what else there is.
    lost = [failure.part for failure in finding.failures]
    hidden = (one for one in (before.unwatched if before is not None else ()) if within(one.part, lost))
    return Known(
        server=server,
        origin=finding.origin,
        held=held,
        how=how,
        looked_at=at,
        unwatched=tuple(dict.fromkeys((*finding.unwatched, *hidden))),
        faults=finding.faults,
    )


def _announcement(
    server: str, moved: Moved, origins: Iterable[Origin], watchlist: Watchlist, at: datetime
) -> Announcement:
    news = NewNews(kind=Kind.MOVED, at=at, text=how_moved(moved, origins), servers=(server,))
    return Announcement(news, subject_about(news, watchlist), Group.NEWS)
