"""Sends messages to channels, each in threads of its own: through Apprise, or to a structured webhook.

Owns the hard time-out of a send, and that nothing secret is said of it. Must not know the outbox, nor word messages.

A send that meets its time-out goes on in its thread and may still arrive: the repetition that follows may duplicate it,
which the delivery's id tells. Until it ends it takes one of its channel's threads (over HTTP that is soon: `wire.py`);
the program's end waits for none.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from rblwatch.core.circuit import Pace
from rblwatch.core.message import Message
from rblwatch.core.retry import Outcome, Permanent, Transient
from rblwatch.core.settings import Channel, Secret
from rblwatch.notify.conversation import references
from rblwatch.notify.pace import pace_of
from rblwatch.notify.render import render
from rblwatch.notify.threads import Threads
from rblwatch.notify.webhook import post

if TYPE_CHECKING:
    from rblwatch.notify.outlet import Outlet

#: How long one send may take before it counts as failed. A delivery's lease must outlive it.
SEND_TIMEOUT = timedelta(seconds=30)
#: How many sends of one channel may be under way, those included that nobody waits for any more.
AT_ONCE = 4

#: Loggers that tell URLs with tokens in them, or what was sent.
_TALKATIVE = ("apprise", "urllib3", "requests_oauthlib", "oauthlib")

_UNKNOWN = (
    "is not a URL that Apprise understands, or needs a library that is not installed; "
    "see https://github.com/caronc/apprise/wiki"
)

_log = logging.getLogger(__name__)


class AppriseNotifier:
    """Sends to the configured channels, by name."""

    def __init__(
        self, channels: Sequence[Channel], *, timeout: timedelta = SEND_TIMEOUT, at_once: int = AT_ONCE
    ) -> None:
        self._channels = {channel.name: channel for channel in channels}
        self._threads: dict[str, Threads[Outcome]] = {name: Threads(name, at_once) for name in self._channels}
        self._timeout_s = timeout.total_seconds()

    def pace(self, recipient: str) -> Pace:
        """How fast the recipient's sink takes messages, as far as its URL tells."""
        channel = self._channels.get(recipient)
        return pace_of(channel.url if channel is not None else None)

    async def send(self, message: Message) -> Outcome:
        """Render the message for its recipient's sink and send it, within the notifier's hard time-out."""
        channel = self._channels.get(message.recipient)
        if channel is None:
            return Permanent(f"channel '{message.recipient}' is no longer configured")
        future = self._threads[channel.name].submit(_call(channel, message))
        try:
            async with asyncio.timeout(self._timeout_s):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            fate = "was not sent, as earlier ones hang" if future.cancel() else "may still arrive"
            return Transient(f"channel '{channel.name}': no answer within {self._timeout_s:g} s; the message {fate}")


def _call(channel: Channel, message: Message) -> Callable[[], Outcome]:
    """What sends a message to a channel of its kind."""
    if channel.url is not None:
        return partial(_deliver, channel.name, channel.url, message)
    if channel.webhook is not None:
        return partial(_post, channel, channel.webhook, message)
    return lambda: Permanent(f"channel '{channel.name}' has no address")


def _post(channel: Channel, webhook: Secret, message: Message) -> Outcome:
    return _named(channel.name, post(webhook, channel.secret, message, datetime.now(UTC)))


def validate(channel: Channel) -> str | None:
    """Say what is wrong with a channel's URL, without the URL, in words that follow its name; None: nothing."""
    if channel.url is None:
        return None
    outlet = _open(channel.url)
    if outlet is None:
        return _UNKNOWN
    if outlet.services > 1:
        return f"names {outlet.services} services; give each a channel of its own, so that each is told exactly once"
    if outlet.recipients > 1:
        return (
            f"names {outlet.recipients} recipients; give each a channel of its own, so that a failure for one neither "
            "repeats the message to the others nor is lost behind their success"
        )
    return None


def targets_of(channel: Channel) -> int:
    """How many recipients a channel's URL names; where it is more than one, a failure for one repeats it to all."""
    if channel.url is None:
        return 1 if channel.webhook is not None else 0
    outlet = _open(channel.url)
    return outlet.recipients if outlet is not None else 0


def _open(url: Secret, delivery_id: str = "", threads: str = "") -> Outlet | None:
    """Open a URL with Apprise, which is loaded the first time that somebody needs it.

    Whatever Apprise raises over a URL is not told, since it may hold the URL.
    """
    _hush()
    from rblwatch.notify.outlet import Outlet  # noqa: PLC0415 - half a second and 16 MiB, and it logs while it loads

    try:
        return Outlet.opened(url, delivery_id, threads)
    except Exception as error:  # noqa: BLE001 - a plugin of Apprise may raise anything
        _log.error("notify.url_crashed", extra={"error": type(error).__name__})
        return None


def _hush() -> None:
    """Let no log of Apprise's or of what it stands on out; its records reach the capture of a send all the same."""
    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        logger.propagate = False
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
    logging.getLogger("apprise").setLevel(logging.DEBUG)


def _deliver(name: str, url: Secret, message: Message) -> Outcome:
    """Render and send, in a thread of the channel's own."""
    outlet = _open(url, message.delivery_id, references(message))
    if outlet is None:
        return Permanent(f"channel '{name}' {_UNKNOWN}")
    rendered = render(message, outlet.sink)
    try:
        outcome = outlet.post(rendered)
    except Exception as error:  # noqa: BLE001 - a plugin of Apprise may raise anything
        _log.error("notify.crashed", extra={"channel": name, "error": type(error).__name__})
        return Transient(f"channel '{name}': Apprise failed ({type(error).__name__})")
    return _named(name, outcome)


def _named(name: str, outcome: Outcome) -> Outcome:
    """The outcome with the channel's name, which is all that may be said of where it leads."""
    match outcome:
        case Transient(detail, retry_after):
            return Transient(f"channel '{name}': {detail}", retry_after)
        case Permanent(detail):
            return Permanent(f"channel '{name}': {detail}")
        case _:
            return outcome
