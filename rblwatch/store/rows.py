"""Rows as values: what the repository takes and gives.

Owns the shapes that exist only because they are stored. Must not know SQL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from rblwatch.core.alert import Drop, Group, Kind, Line
from rblwatch.core.finding import Origin, Unwatched
from rblwatch.core.incident import Condition
from rblwatch.core.moving import Held
from rblwatch.core.question import Reason
from rblwatch.core.routing import Decision
from rblwatch.core.standing import Standing
from rblwatch.core.target import Family, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How far one list has been asked about one slice of targets of one family. Bitmaps are indexed by `plan.slice_of`.

    This one row stands for all the pairs that are clear: a clear pair has no row of its own.
    """

    blocklist: str
    family: Family
    slice: int
    asked: int = 0
    """Bitmap: targets that have been asked about, whatever came back."""
    covered: int = 0
    """Bitmap: targets with a conclusive answer, ever."""
    failed: dict[Reason, int] = field(default_factory=dict)
    """Bitmaps: targets whose last question failed, by reason."""
    asked_at: datetime | None = None
    """Start of the last full round."""
    concluded_at: datetime | None = None
    """Start of the last full round in which the list was trusted; all covered targets that did not fail were clear then
    or have a pair row."""
    failed_clear_at: datetime | None = None
    """`concluded_at` as it was before the first of the targets in `failed` failed."""

    def without(self, targets: int) -> Coverage:
        """The coverage with some targets (a bitmap) taken out, as if they had never been asked."""
        failed = {reason: left for reason, failing in self.failed.items() if (left := failing & ~targets)}
        return replace(
            self,
            asked=self.asked & ~targets,
            covered=self.covered & ~targets,
            failed=failed,
            failed_clear_at=self.failed_clear_at if failed else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A pair that is listed, or has news pending."""

    target_id: int
    target: Target
    blocklist: str
    standing: Standing
    listing_id: int | None
    asked_at: datetime
    allowed_at: datetime | None = None
    """Of an allow list: since when the target is seen on it, whatever its codes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What a list says of a target whose listing there the admin has accepted: it is held to be clear."""

    target_id: int
    target: Target
    blocklist: str
    codes: tuple[str, ...]
    since_at: datetime
    """When it was seen first."""
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sounding:
    """What the probes said last of a list, through one nameserver and for one family."""

    blocklist: str
    family: Family
    nameserver: str
    condition: Condition
    checked_at: datetime
    distrust_until: datetime | None = None
    positive_ttl_s: int | None = None
    negative_ttl_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of one registered name of a server: what it came to last, and what is held of that."""

    server: str
    origin: Origin
    held: Held
    how: Mapping[Target, str]
    """How each held target was found, for people."""
    looked_at: datetime
    unwatched: tuple[Unwatched, ...] = ()
    """Of the last complete finding, or of an incomplete one before that."""
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """An alert without what it gathered."""

    id: int
    group: Group
    at: datetime
    """When it was opened."""


class DeliveryState(StrEnum):
    """Where a delivery is on its way."""

    WAITING = "waiting"  # for its time, the first or the next
    CLAIMED = "claimed"  # a sender holds its lease
    SENT = "sent"
    FAILED = "failed"  # for a permanent cause; visible, never dropped silently
    EMPTY = "empty"  # when its time came there was nothing left to tell; the reasons stand with its news


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An alert on its way to one recipient."""

    id: int
    alert_id: int
    group: Group
    recipient: str
    state: DeliveryState
    not_before: datetime
    """When it may leave first."""
    next_at: datetime
    """When it is tried next."""
    attempts: int = 0
    first_tried_at: datetime | None = None
    """From when our patience counts: moved on by the time in which nobody could try."""
    sent_at: datetime | None = None
    error: str | None = None
    holder: str | None = None
    token: str | None = None
    lease_until: datetime | None = None
    created_at: datetime

    @property
    def held_token(self) -> str:
        """The token of a delivery that was claimed: whoever finishes it must still have it."""
        assert self.token is not None, f"delivery {self.id} was not claimed"
        return self.token


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What became of one piece of news for one recipient."""

    news_id: int
    recipient: str
    decision: Decision
    """When the news was committed, or when it was decided anew: at the claim for a silence, when due for what is held.
    """
    delivery_id: int | None = None
    silence_id: int | None = None
    line: Line | None = None
    """What the recipient read of it, once sent."""
    dropped: Drop | None = None
    due_at: datetime | None = None
    """Of what is held: when it is decided anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNews:
    """A piece of news to be added to an alert."""

    kind: Kind
    at: datetime
    listing_id: int | None = None
    codes: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    incident_id: int | None = None
    text: str = ""
    servers: tuple[str, ...] = ()
    target: str | None = None
    blocklist: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A sender's right to a delivery, for as long as he renews it."""

    id: int
    """The delivery's."""
    token: str
    lease_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonRow:
    """The daemon that works on a database, or the last one that did."""

    instance: str
    host: str
    pid: int
    version: str
    started_at: datetime
    beat_at: datetime
    ended_at: datetime | None = None
    """When it was stopped; None: it runs, or was killed."""
    heartbeat_at: datetime | None = None
    """When the heartbeat's URL was last asked and answered."""
    heartbeat_problem: str | None = None
    """Why it is not asked, or what came of it; None: nothing is wrong."""
