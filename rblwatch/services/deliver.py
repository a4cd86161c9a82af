"""Send what the outbox holds, and write down what came of it.

Theory of operation. A delivery is claimed by a conditional update that commits before anything is sent: the claim
carries a lease and a token. What the message says is composed after the claim, from what is true then and from what
the recipient has been told before. It is sent, and the receipt is written under the token: what the recipient knows now
and that the delivery is done, in one transaction. A crash between the two leaves a lease that runs out (or is void as
soon as the next daemon starts), and the message leaves again: at least once, never not at all. The delivery's id goes
with the message, so that a duplicate can be told from news.

- Per recipient, messages about one listing leave in order: the store does not hand out a delivery while an earlier one
  with a listing in common is unfinished.
- A transient failure is tried again (`core/retry.py`); only a permanent cause ends in `failed`, which stays visible.
- A receipt that cannot be written is tried until it can be, since the message is out.

Must not know how a message is rendered or transported, nor decide who is told.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rblwatch.core.alert import Composed, Group, News, compose
from rblwatch.core.blocklist import Blocklist
from rblwatch.core.message import Entry, Message
from rblwatch.core.retry import PATIENCE, Outcome, Permanent, Sent, Transient, delay, next_attempt_at
from rblwatch.core.routing import Decision, Silence, Subject, silenced
from rblwatch.core.settings import Topic
from rblwatch.core.watchlist import Watchlist
from rblwatch.ports import Clock, Notifier
from rblwatch.services.announce import subject_of
from rblwatch.services.tally import Tallies
from rblwatch.store.database import Store
from rblwatch.store.errors import StoreUnavailable
from rblwatch.store.repository import Repository
from rblwatch.store.rows import Claimed, DeliveryState, Telling

_log = logging.getLogger(__name__)

#: Longer than the notifier's hard time-out, so that a lease never runs out under a send that is still on its way.
LEASE = timedelta(seconds=120)
#: Messages to one recipient that may be on their way at once.
IN_FLIGHT = 4
#: Between two tries to write a receipt.
_RECEIPT_RETRY_S = 1.0


@dataclass(frozen=True, slots=True)
class Desk:
    """What composing a message needs to know of the configuration."""

    watchlist: Watchlist
    recipients: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A claimed delivery, composed."""

    claimed: Claimed
    composed: Composed
    message: Message
    stands: bool
    """Anything that it tells of stands still, so it is worth telling for as long as it takes."""


class Deliverer:
    """Works off the outbox, for one holder of leases."""

    def __init__(self, store: Store, notifier: Notifier, clock: Clock, desk: Desk, *, holder: str) -> None:
        self._store = store
        self._notifier = notifier
        self._clock = clock
        self._desk = desk
        self._holder = holder
        self._running: dict[int, tuple[str, asyncio.Task[None]]] = {}
        self._interrupted: list[Claimed] = []
        self.outcomes: Counter[DeliveryState] = Counter()
        self.on_outcome: Callable[[str, DeliveryState], None] | None = None

    @property
    def busy(self) -> bool:
        """Whether any message is on its way."""
        return bool(self._running)

    def adopt(self, notifier: Notifier, desk: Desk) -> None:
        """Go on with a new configuration; what is on its way finishes under the old one."""
        self._notifier = notifier
        self._desk = desk

    async def start_due(self) -> int:
        """Claim what is due and start sending it; returns how many messages were claimed.

        Raises: StoreError.
        """
        busy = Counter(recipient for recipient, _ in self._running.values())
        now = self._clock.now()
        interrupted = list(self._interrupted)
        chance = self._clock.random()

        def claim(repo: Repository) -> list[Claimed]:
            for one in interrupted:
                again_at = now + delay(one.delivery.attempts + 1, chance)
                repo.finish(one.delivery.id, _token(one), state=DeliveryState.WAITING, at=now, next_at=again_at)
            # What is on its way keeps its lease, e.g. while its receipt waits for the database to come back.
            repo.renew(self._holder, list(self._running), now + LEASE)
            return repo.claim(now, holder=self._holder, lease=LEASE, limit_per_recipient=IN_FLIGHT, busy=busy)

        claimed = await self._store.write(claim)
        del self._interrupted[: len(interrupted)]
        for one in claimed:
            task = asyncio.create_task(self._handle(one), name=f"delivery {one.delivery.id}")
            self._running[one.delivery.id] = (one.delivery.recipient, task)
        return len(claimed)

    async def finish_all(self) -> None:
        """Wait until nothing is on its way."""
        while self._running:
            await asyncio.wait([task for _, task in self._running.values()])

    async def drain(self, timeout_s: float) -> None:
        """Let messages that are on their way finish for so many seconds; those that don't are taken up again later."""
        tasks = [task for _, task in self._running.values()]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=timeout_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _handle(self, claimed: Claimed) -> None:
        try:
            prepared = await self._store.write(lambda repo: self._prepare(repo, claimed))
            if prepared is None:
                self._count(claimed, DeliveryState.EMPTY)
                return
            outcome = await self._send(prepared)
            await self._receipt(prepared, outcome)
        except StoreUnavailable as error:
            _log.error("delivery.interrupted", extra={"delivery": claimed.delivery.id, "why": str(error)})
            self._interrupted.append(claimed)
        except Exception:  # noqa: BLE001 - a job's boundary: the delivery is given back and taken up again
            _log.exception("delivery.interrupted", extra={"delivery": claimed.delivery.id})
            self._interrupted.append(claimed)
        finally:
            self._running.pop(claimed.delivery.id, None)

    async def _send(self, prepared: _Prepared) -> Outcome:
        recipient = prepared.message.recipient
        if recipient not in self._desk.recipients:
            return Permanent(f"the channel '{recipient}' is no longer configured")
        return await self._notifier.send(prepared.message)

    async def _receipt(self, prepared: _Prepared, outcome: Outcome) -> None:
        """Write the receipt, however long the database is away: the message is out."""
        chance = self._clock.random()
        while True:
            try:
                state = await self._store.write(lambda repo: self._finish(repo, prepared, outcome, chance))
            except StoreUnavailable as error:
                _log.error(
                    "delivery.receipt_waits", extra={"delivery": prepared.claimed.delivery.id, "why": str(error)}
                )
                await asyncio.sleep(_RECEIPT_RETRY_S)
                continue
            self._count(prepared.claimed, state)
            self._log_outcome(prepared, outcome, state)
            return

    def _prepare(self, repo: Repository, claimed: Claimed) -> _Prepared | None:
        """Compose a claimed delivery, taking silenced news out of it; None if nothing is left."""
        now = self._clock.now()
        news = self._unsilenced(repo, claimed, now)
        recipient = claimed.delivery.recipient
        listing_ids = [item.listing.id for item in news if item.listing is not None]
        composed = compose(news, repo.told(recipient, listing_ids), claimed.delivery.group)
        if not composed.lines:
            self._write_down(repo, claimed, composed)
            repo.finish(claimed.delivery.id, _token(claimed), state=DeliveryState.EMPTY, at=now)
            return None
        return _Prepared(
            claimed,
            composed,
            self._message(repo, claimed, composed, now),
            stands=any(item.listing is not None and item.listing.stands for _, item in composed.lines),
        )

    def _unsilenced(self, repo: Repository, claimed: Claimed, now: datetime) -> list[News]:
        """The news of a delivery that no silence mutes now; what one does is set aside until it ends."""
        silences = repo.silences(now)
        heard: list[News] = []
        for item in claimed.news:
            muting = silenced(_subject(item, self._desk.watchlist), silences, now) if silences else None
            if muting is None:
                heard.append(item)
            else:
                repo.update_telling(_muted(item, claimed.delivery.recipient, muting))
        return heard

    def _message(self, repo: Repository, claimed: Claimed, composed: Composed, now: datetime) -> Message:
        tallies = Tallies.read(repo, self._desk.watchlist) if any(i.listing for _, i in composed.lines) else None
        entries = []
        for line, item in composed.lines:
            listing = item.listing
            blocklist = _description(self._desk.watchlist, item)
            tally = tallies.of(listing.target, apart_from=listing.blocklist) if tallies and listing else None
            entries.append(Entry(line, item, blocklist, tally))
        return Message(
            delivery_id=f"{claimed.delivery.alert_id}-{claimed.delivery.id}",
            alert_id=claimed.delivery.alert_id,
            recipient=claimed.delivery.recipient,
            group=claimed.delivery.group,
            at=now,
            entries=tuple(entries),
        )

    def _finish(self, repo: Repository, prepared: _Prepared, outcome: Outcome, chance: float) -> DeliveryState:
        """Write what came of a delivery; nothing, if its token no longer holds and somebody else has it."""
        now = self._clock.now()
        delivery = prepared.claimed.delivery
        state, error, next_at = _fate(prepared, outcome, now, chance)
        written = repo.finish(delivery.id, _token(prepared.claimed), state=state, at=now, error=error, next_at=next_at)
        if written and state is DeliveryState.SENT:
            self._write_down(repo, prepared.claimed, prepared.composed)
            repo.set_told(delivery.recipient, prepared.composed.told, now)
        return state

    def _write_down(self, repo: Repository, claimed: Claimed, composed: Composed) -> None:
        recipient = claimed.delivery.recipient
        base = Telling(news_id=0, recipient=recipient, decision=Decision.TELL, delivery_id=claimed.delivery.id)
        for line, item in composed.lines:
            repo.update_telling(replace(base, news_id=item.id, line=line))
        for reason, item in composed.dropped:
            repo.update_telling(replace(base, news_id=item.id, dropped=reason))

    def _count(self, claimed: Claimed, state: DeliveryState) -> None:
        self.outcomes[state] += 1
        if self.on_outcome is not None:
            self.on_outcome(claimed.delivery.recipient, state)

    def _log_outcome(self, prepared: _Prepared, outcome: Outcome, state: DeliveryState) -> None:
        fields = {
            "delivery": prepared.claimed.delivery.id,
            "channel": prepared.message.recipient,
            "state": state.value,
            "attempt": prepared.claimed.delivery.attempts + 1,
            "detail": outcome.detail,
        }
        match state:
            case DeliveryState.SENT:
                _log.info("delivery.sent", extra=fields)
            case DeliveryState.FAILED:
                _log.error("delivery.failed", extra=fields)
            case _:
                _log.warning("delivery.retrying", extra=fields)


def _fate(
    prepared: _Prepared, outcome: Outcome, now: datetime, chance: float
) -> tuple[DeliveryState, str | None, datetime | None]:
    """The state that an outcome leads to, the error to show, and when it is tried next."""
    match outcome:
        case Sent():
            return DeliveryState.SENT, None, None
        case Permanent(detail):
            return DeliveryState.FAILED, detail, None
        case Transient(detail):
            delivery = prepared.claimed.delivery
            until = None if prepared.stands else (delivery.first_tried_at or now) + PATIENCE
            next_at = next_attempt_at(outcome, delivery.attempts + 1, now=now, patience_until=until, chance=chance)
            if next_at is None:
                return DeliveryState.FAILED, f"given up after 72 h, nothing in it stands any more: {detail}", None
            return DeliveryState.WAITING, detail, next_at


def _subject(item: News, watchlist: Watchlist) -> Subject:
    if item.listing is not None:
        return subject_of(item.listing, Topic.LISTED, watchlist)
    return Subject(topic=Topic.BLIND, blocklist=item.incident.blocklist if item.incident else None)


def _muted(item: News, recipient: str, silence: Silence) -> Telling:
    return Telling(news_id=item.id, recipient=recipient, decision=Decision.SILENCED, silence_id=silence.id)


def _description(watchlist: Watchlist, item: News) -> Blocklist | None:
    about = item.listing.blocklist if item.listing else item.incident.blocklist if item.incident else ""
    return watchlist.blocklists.get(about)


def _token(claimed: Claimed) -> str:
    assert claimed.delivery.token is not None  # a claim gives one
    return claimed.delivery.token


def release_first_looks(repo: Repository, at: datetime) -> int:
    """Let first looks leave, since every list was asked about everything or set aside; returns how many alerts left."""
    waiting = repo.waiting_alerts(Group.FIRST_LOOK)
    if waiting:
        repo.set_not_before(waiting, at)
    return len(waiting)


def release_all(repo: Repository, at: datetime) -> None:
    """Let every alert that still gathers news leave at once: a single sweep has nothing more to wait for."""
    gathering: Mapping[Group, Sequence[int]] = {group: repo.waiting_alerts(group) for group in Group}
    for alerts in gathering.values():
        if alerts:
            repo.set_not_before(alerts, at)
