"""The tables of what is watched, and what was found of it.

Owns what is stored of targets, lists, standings, listings and incidents. Must not know who is told.
"""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, ForeignKeyConstraint, Index, Integer, Table, Text

from rblwatch.core.blocklist import Severity
from rblwatch.core.finding import OriginKind
from rblwatch.core.listing import Ending
from rblwatch.core.question import Reason
from rblwatch.core.soundness import Flaw, State
from rblwatch.core.standing import Change
from rblwatch.core.target import Family
from rblwatch.store.columns import (
    Bitmap,
    BitmapsByReason,
    Failures,
    Families,
    ListedVerdict,
    Moment,
    Reports,
    Texts,
    Witnesses,
    Word,
)
from rblwatch.store.schema.base import metadata

target = Table(
    "target",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("text", Text, nullable=False, unique=True),
    Column("family", Word(Family), nullable=False),
    Column("added_at", Moment, nullable=False),
    sqlite_autoincrement=True,
)

# A registered name of a server, and what looking it up came to last.
origin = Table(
    "origin",
    metadata,
    Column("server", Text, primary_key=True),
    Column("kind", Word(OriginKind), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("looked_at", Moment, nullable=False),
    Column("complete_at", Moment),
    Column("failing_since", Moment),
    Column("failures", Failures, nullable=False),
    Column("unwatched", Reports, nullable=False),
    Column("faults", Texts, nullable=False),
)

# What it stands for, and what it stood for a while ago.
origin_target = Table(
    "origin_target",
    metadata,
    Column("server", Text, primary_key=True),
    Column("kind", Word(OriginKind), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("target", Text, primary_key=True),
    Column("family", Word(Family), nullable=False),
    Column("how", Text, nullable=False),
    Column("parts", Texts, nullable=False),
    Column("missed_at", Moment),
    Column("told", Boolean, nullable=False),
    ForeignKeyConstraint(
        ["server", "kind", "name"], ["origin.server", "origin.kind", "origin.name"], ondelete="CASCADE"
    ),
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
    Column("listing_id", ForeignKey("listing.id"), index=True),
    Column("allowed_at", Moment),
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

# What was asked of an operator's lists in a day, or may have been: a process that dies leaves its share reserved.
spending = Table(
    "spending",
    metadata,
    Column("operator", Text, primary_key=True),
    Column("day", Text, primary_key=True),  # in UTC, e.g. 2026-03-01
    Column("questions", Integer, nullable=False),
)

# What lists say of targets whose listing there the admin has accepted.
accepted = Table(
    "accepted",
    metadata,
    Column("blocklist", ForeignKey("blocklist.id", ondelete="CASCADE"), primary_key=True),
    Column("target_id", ForeignKey("target.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("codes", Texts, nullable=False),
    Column("since_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
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
    Column("ended_at", Moment),
    Column("heartbeat_at", Moment),
    Column("heartbeat_problem", Text),
    CheckConstraint("id = 1", name="single"),
)
