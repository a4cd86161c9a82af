"""The tables of who is told what.

Owns what is stored of alerts, their news and deliveries, of recipients and of silences. Must not know how anything is
found.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from rblwatch.core.alert import Drop, Group, Kind, Line, Told
from rblwatch.core.blocklist import Scope, Severity
from rblwatch.core.routing import Decision
from rblwatch.store.columns import Moment, Texts, Word
from rblwatch.store.rows import DeliveryState
from rblwatch.store.schema.base import metadata

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
    Column("servers", Texts, nullable=False),
    Column("target", Text),
    Column("blocklist", Text),
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
    Column("scope", Word(Scope)),
    sqlite_autoincrement=True,
)

acknowledgement = Table(
    "acknowledgement",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("alert_id", ForeignKey("alert.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("author", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("listing_id", ForeignKey("listing.id", ondelete="CASCADE"), index=True),
    Column("incident_id", ForeignKey("incident.id", ondelete="CASCADE"), index=True),
    Column("severity", Word(Severity)),
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
    Column("due_at", Moment),  # of what is held: when it is decided anew
)
Index(
    "ix_telling_due_at",
    telling.c.due_at,
    sqlite_where=telling.c.due_at.is_not(None),
    postgresql_where=telling.c.due_at.is_not(None),
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
    Column("added_at", Moment, nullable=False),
    Column("digest_at", Moment),  # when the last digest left
)
