"""The tables.

Owns what is stored and under which keys. Must not know who writes or reads it. A change here needs a revision in
`alembic/versions/`; a test compares the two.
"""

from rblwatch.store.schema.alerting import acknowledgement, alert, delivery, news, recipient, silence, telling, told
from rblwatch.store.schema.base import metadata
from rblwatch.store.schema.watching import (
    accepted,
    blocklist,
    coverage,
    daemon,
    incident,
    listing,
    origin,
    origin_target,
    pair,
    sounding,
    spending,
    target,
    transition,
)

__all__ = [
    "accepted",
    "acknowledgement",
    "alert",
    "blocklist",
    "coverage",
    "daemon",
    "delivery",
    "incident",
    "listing",
    "metadata",
    "news",
    "origin",
    "origin_target",
    "pair",
    "recipient",
    "silence",
    "sounding",
    "spending",
    "target",
    "telling",
    "told",
    "transition",
]
