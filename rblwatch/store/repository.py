"""Everything that one write transaction can do, in one place.

Owns nothing of its own but the daemon's row: each part stands in the module of its idea. Must not open or end
transactions, which is `database.py`'s; what one job does with its repository is committed together, or not at all.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import update

from rblwatch.store.acceptance import Acceptances
from rblwatch.store.acknowledging import Acknowledged, Acknowledging
from rblwatch.store.audience import Audience
from rblwatch.store.found import Intervals
from rblwatch.store.hearing import Hearing
from rblwatch.store.held import Held, Holding
from rblwatch.store.names import Names
from rblwatch.store.outbox import Outbox
from rblwatch.store.pruning import Pruning
from rblwatch.store.reminding import Reminding
from rblwatch.store.rows import DaemonRow
from rblwatch.store.schema import daemon as daemon_table
from rblwatch.store.snapshot import Snapshot
from rblwatch.store.spending import Spendings
from rblwatch.store.telling import Alerts, Tellings
from rblwatch.store.watched import Registered, Standings


class Repository(
    Snapshot,
    Names,
    Registered,
    Standings,
    Intervals,
    Alerts,
    Tellings,
    Hearing,
    Held,
    Holding,
    Reminding,
    Acknowledged,
    Acknowledging,
    Outbox,
    Audience,
    Spendings,
    Acceptances,
    Pruning,
):
    """All that is stored, through one connection inside one write transaction."""

    def set_daemon(self, row: DaemonRow) -> None:
        """Store which daemon works on this database."""
        self._save(daemon_table, asdict(row) | {"id": 1})

    def beat(self, instance: str, at: datetime) -> bool:
        """Store that a daemon is alive; False if another one has taken its place."""
        ours = daemon_table.c.instance == instance
        return bool(self._change(update(daemon_table).where(ours).values(beat_at=at)))

    def end_daemon(self, instance: str, at: datetime) -> None:
        """Store that a daemon works no longer, unless another one has taken its place."""
        ours = daemon_table.c.instance == instance
        self._change(update(daemon_table).where(ours).values(ended_at=at))

    def note_heartbeat(self, instance: str, at: datetime, problem: str | None) -> None:
        """Store that a daemon's heartbeat arrived, or why it did not."""
        ours = daemon_table.c.instance == instance
        arrived: dict[str, object] = {"heartbeat_at": at} if problem is None else {}
        self._change(update(daemon_table).where(ours).values({**arrived, "heartbeat_problem": problem}))
