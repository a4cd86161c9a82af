"""For how long history is kept.

Owns the moment before which what is over may go. What still stands, and what is still to be told, stays however old.
"""

from __future__ import annotations

from datetime import datetime

from rblwatch.core.settings import Alerts


def kept_since(alerts: Alerts, at: datetime) -> datetime:
    """Since when everything is kept: never less than what flapping looks back on."""
    return at - max(alerts.keep, alerts.flap.window)
