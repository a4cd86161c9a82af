"""The whole schema.

Revision: 0001

Revisions stand on their own: they import nothing of rblwatch, since what it means may change.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# Text of one width in SQLite, so that it sorts as time does.
MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    _watched()
    _found()
    _alerts()
    _told()
    _daemon()


def _watched() -> None:
    op.create_table(
        "target",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_target")),
        sa.UniqueConstraint("text", name=op.f("uq_target_text")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "origin",
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("looked_at", MOMENT, nullable=False),
        sa.Column("complete_at", MOMENT),
        sa.Column("failing_since", MOMENT),
        sa.Column("failures", sa.Text(), nullable=False),
        sa.Column("unwatched", sa.Text(), nullable=False),
        sa.Column("faults", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("server", "kind", "name", name=op.f("pk_origin")),
    )
    op.create_table(
        "origin_target",
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("parts", sa.Text(), nullable=False),
        sa.Column("missed_at", MOMENT),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["server", "kind", "name"],
            ["origin.server", "origin.kind", "origin.name"],
            name=op.f("fk_origin_target_server_kind_name"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("server", "kind", "name", "target", name=op.f("pk_origin_target")),
    )
    op.create_table(
        "blocklist",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blocklist")),
    )
    op.create_table(
        "coverage",
        sa.Column("blocklist", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("slice", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("asked", sa.LargeBinary(), nullable=False),
        sa.Column("covered", sa.LargeBinary(), nullable=False),
        sa.Column("failed", sa.Text(), nullable=False),
        sa.Column("asked_at", MOMENT),
        sa.Column("concluded_at", MOMENT),
        sa.Column("failed_clear_at", MOMENT),
        sa.ForeignKeyConstraint(
            ["blocklist"], ["blocklist.id"], name=op.f("fk_coverage_blocklist"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("blocklist", "family", "slice", name=op.f("pk_coverage")),
    )
    op.create_table(
        "sounding",
        sa.Column("blocklist", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("nameserver", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("flaw", sa.Text()),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("since_at", MOMENT, nullable=False),
        sa.Column("unsound_at", MOMENT),
        sa.Column("checked_at", MOMENT, nullable=False),
        sa.Column("distrust_until", MOMENT),
        sa.Column("positive_ttl_s", sa.Integer()),
        sa.Column("negative_ttl_s", sa.Integer()),
        sa.ForeignKeyConstraint(
            ["blocklist"], ["blocklist.id"], name=op.f("fk_sounding_blocklist"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("blocklist", "family", "nameserver", name=op.f("pk_sounding")),
    )
    op.create_table(
        "spending",
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("questions", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("operator", "day", name=op.f("pk_spending")),
    )
    op.create_table(
        "accepted",
        sa.Column("blocklist", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("codes", sa.Text(), nullable=False),
        sa.Column("since_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["blocklist"], ["blocklist.id"], name=op.f("fk_accepted_blocklist"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["target_id"], ["target.id"], name=op.f("fk_accepted_target_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("blocklist", "target_id", name=op.f("pk_accepted")),
    )
    op.create_index(op.f("ix_accepted_target_id"), "accepted", ["target_id"])


def _found() -> None:
    op.create_table(
        "listing",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("blocklist", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("servers", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("codes", sa.Text(), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("text", sa.Text()),
        sa.Column("listed_at", MOMENT, nullable=False),
        sa.Column("clear_at", MOMENT),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("nameserver", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("first_look", sa.Boolean(), nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.Column("ended_by", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listing")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_listing_ended_by", "listing", ["ended_by"], unique=False)
    op.create_index("ix_listing_target", "listing", ["target"], unique=False)
    op.create_index(
        "uq_listing_open",
        "listing",
        ["target", "blocklist"],
        unique=True,
        sqlite_where=sa.text("ended_by IS NULL"),
        postgresql_where=sa.text("ended_by IS NULL"),
    )
    op.create_table(
        "pair",
        sa.Column("blocklist", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("listing_id", sa.Integer()),
        sa.Column("allowed_at", MOMENT),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("looked", sa.Boolean(), nullable=False),
        sa.Column("listed", sa.Text()),
        sa.Column("clear_at", MOMENT),
        sa.Column("clears", sa.Integer(), nullable=False),
        sa.Column("pending_change", sa.Text()),
        sa.Column("pending_listed", sa.Text()),
        sa.Column("pending_seen_at", MOMENT),
        sa.Column("pending_ready_at", MOMENT),
        sa.Column("pending_repeat_at", MOMENT),
        sa.Column("pending_nameserver", sa.Text()),
        sa.Column("pending_others", sa.Text()),
        sa.ForeignKeyConstraint(["blocklist"], ["blocklist.id"], name=op.f("fk_pair_blocklist"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], name=op.f("fk_pair_listing_id")),
        sa.ForeignKeyConstraint(["target_id"], ["target.id"], name=op.f("fk_pair_target_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("blocklist", "target_id", name=op.f("pk_pair")),
    )
    op.create_index(op.f("ix_pair_listing_id"), "pair", ["listing_id"], unique=False)
    op.create_index(op.f("ix_pair_target_id"), "pair", ["target_id"], unique=False)
    op.create_table(
        "transition",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("listing_id", sa.Integer(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("listed", sa.Text(), nullable=False),
        sa.Column("before", sa.Text()),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("clear_at", MOMENT),
        sa.Column("first_look", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["listing_id"], ["listing.id"], name=op.f("fk_transition_listing_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transition")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_transition_listing_id"), "transition", ["listing_id"], unique=False)
    op.create_index(op.f("ix_transition_recorded_at"), "transition", ["recorded_at"], unique=False)
    op.create_table(
        "incident",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("blocklist", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("flaw", sa.Text()),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("since_at", MOMENT, nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.Column("families", sa.Text(), nullable=False),
        sa.Column("partial", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_incident_open",
        "incident",
        ["blocklist", "families"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _alerts() -> None:
    op.create_table(
        "alert",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alert_group_key", "alert", ["group", "key"], unique=False)
    op.create_table(
        "news",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("alert_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("listing_id", sa.Integer()),
        sa.Column("incident_id", sa.Integer()),
        sa.Column("codes", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("servers", sa.Text(), nullable=False),
        sa.Column("target", sa.Text()),
        sa.Column("blocklist", sa.Text()),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_news_alert_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_news_incident_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], name=op.f("fk_news_listing_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_news")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_news_alert_id"), "news", ["alert_id"], unique=False)
    op.create_index(op.f("ix_news_incident_id"), "news", ["incident_id"], unique=False)
    op.create_index(op.f("ix_news_listing_id"), "news", ["listing_id"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("alert_id", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("not_before", MOMENT, nullable=False),
        sa.Column("next_at", MOMENT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_tried_at", MOMENT),
        sa.Column("sent_at", MOMENT),
        sa.Column("error", sa.Text()),
        sa.Column("holder", sa.Text()),
        sa.Column("token", sa.Text()),
        sa.Column("lease_until", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_delivery_alert_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("alert_id", "recipient", name=op.f("uq_delivery_alert_id_recipient")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_delivery_recipient_state", "delivery", ["recipient", "state"], unique=False)
    op.create_index("ix_delivery_state_next_at", "delivery", ["state", "next_at"], unique=False)


def _told() -> None:
    op.create_table(
        "silence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("until_at", MOMENT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("server", sa.Text()),
        sa.Column("target", sa.Text()),
        sa.Column("blocklist", sa.Text()),
        sa.Column("tag", sa.Text()),
        sa.Column("code", sa.Text()),
        sa.Column("scope", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_silence")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_silence_until_at"), "silence", ["until_at"], unique=False)
    op.create_table(
        "acknowledgement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("alert_id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("listing_id", sa.Integer()),
        sa.Column("incident_id", sa.Integer()),
        sa.Column("severity", sa.Text()),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alert.id"], name=op.f("fk_acknowledgement_alert_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.id"], name=op.f("fk_acknowledgement_incident_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["listing_id"], ["listing.id"], name=op.f("fk_acknowledgement_listing_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acknowledgement")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_acknowledgement_alert_id"), "acknowledgement", ["alert_id"], unique=False)
    op.create_index(op.f("ix_acknowledgement_incident_id"), "acknowledgement", ["incident_id"], unique=False)
    op.create_index(op.f("ix_acknowledgement_listing_id"), "acknowledgement", ["listing_id"], unique=False)
    op.create_table(
        "telling",
        sa.Column("news_id", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("delivery_id", sa.Integer()),
        sa.Column("silence_id", sa.Integer()),
        sa.Column("line", sa.Text()),
        sa.Column("dropped", sa.Text()),
        sa.Column("due_at", MOMENT),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("fk_telling_delivery_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["news_id"], ["news.id"], name=op.f("fk_telling_news_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["silence_id"], ["silence.id"], name=op.f("fk_telling_silence_id")),
        sa.PrimaryKeyConstraint("news_id", "recipient", name=op.f("pk_telling")),
    )
    op.create_index(op.f("ix_telling_delivery_id"), "telling", ["delivery_id"], unique=False)
    op.create_index(
        "ix_telling_due_at",
        "telling",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_telling_silenced",
        "telling",
        ["silence_id"],
        unique=False,
        sqlite_where=sa.text("decision = 'silenced'"),
        postgresql_where=sa.text("decision = 'silenced'"),
    )
    op.create_table(
        "told",
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("listing_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], name=op.f("fk_told_listing_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("recipient", "listing_id", name=op.f("pk_told")),
    )
    op.create_index(op.f("ix_told_listing_id"), "told", ["listing_id"], unique=False)
    op.create_table(
        "recipient",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("digest_at", MOMENT),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_recipient")),
    )


def _daemon() -> None:
    op.create_table(
        "daemon",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("beat_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("heartbeat_at", MOMENT, nullable=True),
        sa.Column("heartbeat_problem", sa.Text(), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_daemon_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_daemon")),
    )
