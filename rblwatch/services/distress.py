"""Tell that a channel does not work, through the others.

Owns to whom that is told, and how often: once a day for a channel and a cause, not for every message, so that two
channels that both fail do not go on telling each other. Must not send, nor decide that a message is given up.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from rblwatch.core.alert import Group, Kind
from rblwatch.core.retry import Outcome, Permanent, Transient
from rblwatch.core.routing import stand_ins
from rblwatch.core.timespan import minute
from rblwatch.services.announce import Announcer
from rblwatch.services.policy import Policy
from rblwatch.store.repository import Repository
from rblwatch.store.rows import Delivery, NewNews

#: For so long a channel may fail in ways that may pass before others are told.
LATE_AFTER = timedelta(hours=1)
#: The same cause is not told again sooner, whether the channel worked in between or not. History is kept for longer.
AGAIN_AFTER = timedelta(days=1)
#: What the alerts of such news are gathered by.
_FAILED, _IS_LATE = " failed: ", " is late"


def tell_distress(
    announcer: Announcer, policy: Policy, delivery: Delivery, outcome: Outcome, *, given_up: bool
) -> None:
    """Tell the other channels of a route what a delivery that was not sent says of its channel, if that is new."""
    name, at = delivery.recipient, announcer.at
    if name not in policy.recipients or not isinstance(outcome, (Permanent, Transient)):
        return  # A channel that was taken out of the configuration is missed by nobody.
    cause = outcome.detail.removeprefix(f"channel '{name}': ")
    if given_up:
        key, text = f"{name}{_FAILED}{cause}", _failed(name, delivery.id, cause)
    elif (since_at := delivery.first_tried_at) is not None and at - since_at >= LATE_AFTER:
        key, text = f"{name}{_IS_LATE}", _late(name, since_at, cause)
    else:
        return
    others = stand_ins(name, policy.routes)
    if others and not _is_known(announcer.repo, key, at):
        news = NewNews(kind=Kind.NOTICE, at=at, text=text)
        announcer.tell(news, others, Group.NOTICE, key=key)


def failing_channel(key: str) -> str | None:
    """The channel that a notice is about, by the key of its alert; None: it is about something else."""
    if key.endswith(_IS_LATE):
        return key.removesuffix(_IS_LATE)
    name, separator, _ = key.partition(_FAILED)
    return name if separator else None


def _failed(name: str, delivery_id: int, cause: str) -> str:
    return (
        f"a message to the channel '{name}' was given up: it {cause}. What it was to tell may be known to nobody: see "
        f"`rblwatch deliveries --state failed`; when the cause is mended, `rblwatch deliveries retry {delivery_id}` "
        "sends it"
    )


def _late(name: str, since_at: datetime, cause: str) -> str:
    return (
        f"messages to the channel '{name}' do not arrive, one of them since {minute(since_at)}: {cause}. They are "
        "tried again, and nothing is lost; `rblwatch deliveries --state waiting` shows what nobody there knows yet"
    )


def _is_known(repo: Repository, key: str, at: datetime) -> bool:
    """Whether that was told within a day."""
    told_at = repo.last_alert_at(Group.NOTICE, key)
    return told_at is not None and at - told_at < AGAIN_AFTER
