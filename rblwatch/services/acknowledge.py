"""Acknowledge an alert: say that somebody looks after all that it told of and that still stands.

Owns the step from an alert to what is looked after. Must not say how long that holds (`core/acknowledgement.py`), nor
decide what follows from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from rblwatch.core.acknowledgement import Acknowledgement
from rblwatch.core.alert import News
from rblwatch.core.incident import Incident
from rblwatch.core.listing import Listing
from rblwatch.services.acknowledged import Acknowledged

if TYPE_CHECKING:
    from rblwatch.store.repository import Repository


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of an acknowledgement."""

    taken: tuple[Listing | Incident, ...]
    """What is looked after from now on."""
    known: tuple[Listing | Incident, ...]
    """What somebody looked after already."""
    over: int
    """How many of what the alert told of do not stand any more."""


def acknowledge(repo: Repository, alert_id: int, *, author: str, note: str, at: datetime) -> Looked | None:
    """Acknowledge an alert; None where there is none of that id. `author` and `note` are cleaned already."""
    if not repo.has_alert(alert_id):
        return None
    about = _about(repo.news_of_alerts([alert_id]).get(alert_id, ()))
    standing = [subject for subject in about if subject.stands]
    looked_after = Acknowledged.now(repo)
    known = [subject for subject in standing if looked_after.includes(subject)]
    taken = [subject for subject in standing if not looked_after.includes(subject)]
    repo.add_acknowledgements(_said(subject, alert_id, author, note, at) for subject in taken)
    return Looked(tuple(taken), tuple(known), over=len(about) - len(standing))


def _about(news: tuple[News, ...]) -> list[Listing | Incident]:
    """The listings and incidents that news is about, each once, as they are now."""
    about: dict[tuple[type, int], Listing | Incident] = {}
    for item in news:
        subject = item.listing or item.incident
        if subject is not None:
            about[type(subject), subject.id] = subject
    return list(about.values())


def _said(subject: Listing | Incident, alert_id: int, author: str, note: str, at: datetime) -> Acknowledgement:
    is_listing = isinstance(subject, Listing)
    return Acknowledgement(
        id=0,
        alert_id=alert_id,
        at=at,
        author=author,
        note=note,
        listing_id=subject.id if is_listing else None,
        incident_id=None if is_listing else subject.id,
        severity=subject.severity if isinstance(subject, Listing) else None,
    )
