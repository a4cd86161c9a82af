"""The tables.

Owns what is stored and under which keys. Must not know who writes or reads it. A change here needs a revision in
`alembic/versions/`; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from rblwatch.core.alert import Drop, Group, Kind, Line, Told
from rblwatch.core.blocklist import Severity
from rblwatch.core.listing import Ending
from rblwatch.core.question import Reason
from rblwatch.core.routing import Decision
from rblwatch.core.soundness import Flaw, State
from rblwatch.core.standing import Change
from rblwatch.core.target import Family
from rblwatch.store.columns import Bitmap, BitmapsByReason, Families, ListedVerdict, Moment, Texts, Witnesses, Word
from rblwatch.store.rows import DeliveryState

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

# Ids are never given twice, not even after the newest row is gone: bitmaps, messages and people refer to them.

target = Table(
    "target",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("text", Text, nullable=False, unique=True),
    Column("family", Word(Family), nullable=False),
    Column("added_at", Moment, nullable=False),
    sqlite_autoincrement=True,
)

blocklist = Table(
    "blocklist",
    metadata,
    Column("id", Text, primary_key=True),
    Column("zone", Text, nullable=False),  # as shown: never with a key in it
    Column("added_at", Moment, nullable=False),
)

# One row stands for all the pairs of a list and a slice of targets that are clear.
coverage = Table(
    "coverage",
    metadata,
    Column("blocklist", ForeignKey("blocklist.id", ondelete="CASCADE"), primary_key=True),
    Column("family", Word(Family), primary_key=True),
    Column("slice", Integer, primary_key=True, autoincrement=False),
    Column("asked", Bitmap, nullable=False),
    Column("covered", Bitmap, nullable=False),
    Column("failed", BitmapsByReason, nullable=False),
    Column("asked_at", Moment),
    Column("concluded_at", Moment),
    Column("failed_clear_at", Moment),
    Column("failed_since_at", Moment),
)

sounding = Table(
    "sounding",
    metadata,
    Column("blocklist", ForeignKey("blocklist.id", ondelete="CASCADE"), primary_key=True),
    Column("family", Word(Family), primary_key=True),
    Column("nameserver", Text, primary_key=True),
    Column("state", Word(State), nullable=False),
    Column("reason", Word(Reason)),
    Column("flaw", Word(Flaw)),
    Column("detail", Text, nullable=False),
    Column("since_at", Moment, nullable=False),
    Column("unsound_at", Moment),
    Column("checked_at", Moment, nullable=False),
    Column("distrust_until", Moment),
    Column("positive_ttl_s", Integer),
    Column("negative_ttl_s", Integer),
)

listing = Table(
    "listing",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("target", Text, nullable=False),  # as it was: history outlives the registration of its target
    Column("family", Word(Family), nullable=False),
    Column("blocklist", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("server", Text, nullable=False),
    Column("servers", Texts, nullable=False),
    Column("tags", Texts, nullable=False),
    Column("codes", Texts, nullable=False),
    Column("labels", Texts, nullable=False),
    Column("severity", Word(Severity), nullable=False),
    Column("text", Text),
    Column("listed_at", Moment, nullable=False),
    Column("clear_at", Moment),
    Column("seen_at", Moment, nullable=False),
    Column("nameserver", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("first_look", Boolean, nullable=False),
    Column("ended_at", Moment),
    Column("ended_by", Word(Ending)),
    sqlite_autoincrement=True,
)
Index("ix_listing_ended_by", listing.c.ended_by)
Index("ix_listing_target", listing.c.target)
Index(
    "uq_listing_open",
    listing.c.target,
    listing.c.blocklist,
    unique=True,
    sqlite_where=listing.c.ended_by.is_(None),
    postgresql_where=listing.c.ended_by.is_(None),
)

# A pair that is clear, with nothing pending, has no row.
pair = Table(
    "pair",
    metadata,
    Column("blocklist", ForeignKey("blocklist.id", ondelete="CASCADE"), primary_key=True),
    Column("target_id", ForeignKey("target.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("listing_id", ForeignKey("listing.id")),
    Column("asked_at", Moment, nullable=False),
    Column("looked", Boolean, nullable=False),
    Column("listed", ListedVerdict),
    Column("clear_at", Moment),
    Column("clears", Integer, nullable=False),
    Column("pending_change", Word(Change)),
    Column("pending_listed", ListedVerdict),
    Column("pending_seen_at", Moment),
    Column("pending_ready_at", Moment),
    Column("pending_repeat_at", Moment),
    Column("pending_nameserver", Text),
    Column("pending_others", Witnesses),
)

# Append-only: every change of a standing that was proven.
transition = Table(
    "transition",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("listing_id", ForeignKey("listing.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("change", Word(Change), nullable=False),
    Column("listed", ListedVerdict, nullable=False),
    Column("before", ListedVerdict),
    Column("seen_at", Moment, nullable=False),
    Column("clear_at", Moment),
    Column("first_look", Boolean, nullable=False),
    Column("recorded_at", Moment, nullable=False, index=True),
    sqlite_autoincrement=True,
)

incident = Table(
    "incident",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("blocklist", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("state", Word(State), nullable=False),
    Column("reason", Word(Reason)),
    Column("flaw", Word(Flaw)),
    Column("detail", Text, nullable=False),
    Column("since_at", Moment, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("families", Families, nullable=False),
    Column("partial", Boolean, nullable=False),
    sqlite_autoincrement=True,
)
Index(
    "uq_incident_open",
    incident.c.blocklist,
    incident.c.families,
    unique=True,
    sqlite_where=incident.c.ended_at.is_(None),
    postgresql_where=incident.c.ended_at.is_(None),
)

alert = Table(
    "alert",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("group", Word(Group), nullable=False),
    Column("key", Text, nullable=False),
    Column("at", Moment, nullable=False),
    sqlite_autoincrement=True,
)
Index("ix_alert_group_key", alert.c.group, alert.c.key)

news = Table(
    "news",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("alert_id", ForeignKey("alert.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", Word(Kind), nullable=False),
    Column("at", Moment, nullable=False),
    Column("listing_id", ForeignKey("listing.id", ondelete="CASCADE"), index=True),
    Column("incident_id", ForeignKey("incident.id", ondelete="CASCADE"), index=True),
    Column("codes", Texts, nullable=False),
    Column("before", Texts, nullable=False),
    Column("text", Text, nullable=False),
    sqlite_autoincrement=True,
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("alert_id", ForeignKey("alert.id", ondelete="CASCADE"), nullable=False),
    Column("recipient", Text, nullable=False),
    Column("state", Word(DeliveryState), nullable=False),
    Column("not_before", Moment, nullable=False),
    Column("next_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("first_tried_at", Moment),  # also the mark of a delivery that was claimed once
    Column("sent_at", Moment),
    Column("error", Text),
    Column("holder", Text),
    Column("token", Text),
    Column("lease_until", Moment),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("alert_id", "recipient"),
    sqlite_autoincrement=True,
)
Index("ix_delivery_state_next_at", delivery.c.state, delivery.c.next_at)
Index("ix_delivery_recipient_state", delivery.c.recipient, delivery.c.state)

silence = Table(
    "silence",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("added_at", Moment, nullable=False),
    Column("until_at", Moment, nullable=False, index=True),
    Column("reason", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("server", Text),
    Column("target", Text),
    Column("blocklist", Text),
    Column("tag", Text),
    Column("code", Text),
    sqlite_autoincrement=True,
)

telling = Table(
    "telling",
    metadata,
    Column("news_id", ForeignKey("news.id", ondelete="CASCADE"), primary_key=True),
    Column("recipient", Text, primary_key=True),
    Column("decision", Word(Decision), nullable=False),
    Column("delivery_id", ForeignKey("delivery.id", ondelete="CASCADE"), index=True),
    Column("silence_id", ForeignKey("silence.id")),
    Column("line", Word(Line)),
    Column("dropped", Word(Drop)),
)
Index(
    "ix_telling_silenced",
    telling.c.silence_id,
    sqlite_where=telling.c.decision == Decision.SILENCED,
    postgresql_where=telling.c.decision == Decision.SILENCED,
)

told = Table(
    "told",
    metadata,
    Column("recipient", Text, primary_key=True),
    Column("listing_id", ForeignKey("listing.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("state", Word(Told), nullable=False),
    Column("at", Moment, nullable=False),
)

recipient = Table(
    "recipient",
    metadata,
    Column("name", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),  # of the routes that lead to it
    Column("added_at", Moment, nullable=False),
)

# The daemon that works on this database, or the last one that did: at most one row.
daemon = Table(
    "daemon",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("instance", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("version", Text, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("beat_at", Moment, nullable=False),
    CheckConstraint("id = 1", name="single"),
)
