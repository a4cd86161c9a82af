"""Send what the outbox holds, and write down what came of it.

Theory of operation. A delivery is claimed by a conditional update that commits before anything is sent: the claim
carries a lease and a token. What the message says is composed after the claim (`draft.py`), on a connection that only
reads: the writer is held for what changes, and no longer. It is sent, and the receipt is written under the token: what
the recipient knows now and that the delivery is done, in one transaction. A crash between the two leaves a lease that
nobody renews (or is void as soon as the next daemon starts), and the message leaves again: at least once, never not at
all. The delivery's id goes with the message, so that a duplicate can be told from news.

- Per recipient, messages about one pair leave in order: the store does not hand out a delivery while an earlier one
  with a pair in common is unfinished.
- A transient failure is tried again (`core/retry.py`); only a permanent cause ends in `failed`, which stays visible and
  is told through other channels (`distress.py`).
- A channel that fails again and again is left alone for a while, and none gets more than it takes (`gates.py`): what
  waits for that is not tried, so it costs neither attempts nor patience.
- A receipt that cannot be written is tried until it can be, since the message is out; by a command that is to end, for
  a while.

Must not know how a message is rendered or transported, nor decide who is told.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from rblwatch.core.retry import PATIENCE, Outcome, Permanent, Sent, Transient, next_attempt_at
from rblwatch.core.vitality import LONGEST_WAIT, Round, Vitals
from rblwatch.core.watchlist import Watchlist
from rblwatch.ports import Clock, Notifier
from rblwatch.services.announce import Announcer
from rblwatch.services.claims import Claims
from rblwatch.services.distress import tell_distress
from rblwatch.services.draft import Draft, draft
from rblwatch.services.gates import Gates
from rblwatch.services.leases import LEASE, RENEWED_EVERY
from rblwatch.services.policy import Policy
from rblwatch.store.database import Store
from rblwatch.store.errors import StoreError
from rblwatch.store.repository import Repository
from rblwatch.store.rows import Delivery, DeliveryState

_log = logging.getLogger(__name__)

#: Between two tries to write a receipt.
_RECEIPT_RETRY_S = 1.0
#: For how long a command that is to end waits for a database that went away.
_PATIENCE_WITH_STORE_S = 30.0


@dataclass(frozen=True, slots=True)
class Desk:
    """What composing a message needs to know of the configuration."""

    watchlist: Watchlist
    policy: Policy


class Deliverer:
    """Works off the outbox, for one holder of leases."""

    def __init__(self, store: Store, notifier: Notifier, clock: Clock, desk: Desk, *, holder: str) -> None:
        self._store = store
        self._notifier = notifier
        self._clock = clock
        self._desk = desk
        self._claims = Claims(clock, holder)
        self._gates = Gates(clock, notifier.pace)
        self._running: dict[int, tuple[str, asyncio.Task[None]]] = {}
        self._interrupted: list[Delivery] = []
        self._looked_s = clock.monotonic_s()
        self._composing = asyncio.Lock()
        self.outcomes: Counter[DeliveryState] = Counter()

    async def vitals(self, rounds: tuple[Round, ...]) -> Vitals:
        """What shows whether messages leave in time, beside how lists are asked.

        Raises: StoreError.
        """
        due_by = self._clock.now() - LONGEST_WAIT
        waiting = await self._store.write(lambda repo: repo.unclaimed(due_by))
        since = [since_at for name, since_at in waiting.items() if not self._gates.out_of_order(name)]
        return Vitals(
            rounds=rounds,
            looked_for=timedelta(seconds=self._clock.monotonic_s() - self._looked_s),
            unclaimed_since_at=min(since, default=None),
        )

    @property
    def busy(self) -> bool:
        """Whether any message is on its way."""
        return bool(self._running)

    def adopt(self, notifier: Notifier, desk: Desk) -> None:
        """Go on with a new configuration: every channel may be tried; what is on its way finishes under the old one."""
        self._notifier = notifier
        self._gates = Gates(self._clock, notifier.pace)
        self._desk = desk

    async def start_due(self) -> int:
        """Claim what is due and start sending it; returns how many messages were claimed.

        Raises: StoreError.
        """
        running = {delivery_id: recipient for delivery_id, (recipient, _) in self._running.items()}
        interrupted = list(self._interrupted)
        claimed = await self._claims.take(self._store, running, interrupted, gates=self._gates)
        self._looked_s = self._clock.monotonic_s()
        del self._interrupted[: len(interrupted)]
        for one in claimed:
            task = asyncio.create_task(self._handle(one), name=f"delivery {one.id}")
            self._running[one.id] = (one.recipient, task)
        return len(claimed)

    async def work_off(self) -> None:
        """Send all that is due, until nothing more is: for a command that is to end.

        Raises: StoreError; also where the database went away while messages were on their way, and stays away.
        """
        away_s: float | None = None
        while True:
            try:
                claimed, away_s = await self.start_due(), None
            except StoreError as error:
                away_s = self._clock.monotonic_s() if away_s is None else away_s
                if not self.busy or self._clock.monotonic_s() - away_s >= _PATIENCE_WITH_STORE_S:
                    raise self._unfinished(error) from error
                claimed = 0
            if self._running:
                tasks = [task for _, task in self._running.values()]
                await asyncio.wait(tasks, timeout=RENEWED_EVERY.total_seconds())
            elif self._claims.wait_for_leases or (not claimed and self._gates.paced):
                await asyncio.sleep(RENEWED_EVERY.total_seconds())
            elif not claimed and away_s is None:
                return

    async def drain(self, timeout_s: float) -> None:
        """Let messages that are on their way finish for so many seconds; those that don't are taken up again later."""
        tasks = [task for _, task in self._running.values()]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=timeout_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _unfinished(self, error: StoreError) -> StoreError:
        if not self._running:
            return error
        many = len(self._running) > 1
        messages, stay = (f"{len(self._running)} messages", "they stay") if many else ("1 message", "it stays")
        return StoreError(
            f"{error}; what became of {messages} could not be written down, so {stay} in the outbox and may leave twice"
        )

    async def _handle(self, delivery: Delivery) -> None:
        try:
            await self._compose_and_send(delivery)
        except StoreError as error:
            _log.error("delivery.interrupted", extra={"delivery": delivery.id, "why": str(error)})
            self._interrupted.append(delivery)
        except Exception:  # noqa: BLE001 - a job's boundary: the delivery is given back and taken up again
            _log.exception("delivery.interrupted", extra={"delivery": delivery.id})
            self._interrupted.append(delivery)
        finally:
            self._running.pop(delivery.id, None)

    async def _compose_and_send(self, delivery: Delivery) -> None:
        watchlist, now = self._desk.watchlist, self._clock.now()
        # One at a time: a whole network's listings are in memory once, and other readers are not held up.
        async with self._composing:
            composed = await self._store.read(lambda queries: draft(queries, watchlist, delivery, now))
        if composed.empty or composed.muted:
            held = await self._store.write(lambda repo: set_aside(repo, composed, self._clock.now()))
            if not held:
                _log.warning("delivery.taken_over", extra={"delivery": delivery.id})
                return
        if composed.empty:
            self.outcomes[DeliveryState.EMPTY] += 1
            return
        await self._receipt(composed, await self._send(composed))

    async def _send(self, composed: Draft) -> Outcome:
        recipient = composed.delivery.recipient
        if recipient not in self._desk.policy.recipients:
            return Permanent(f"the channel '{recipient}' is no longer configured")
        return await self._notifier.send(composed.message)

    async def _receipt(self, sent: Draft, outcome: Outcome) -> None:
        """Write the receipt, however long the database is away: the message is out."""
        chance = self._clock.random()
        works_again = self._gates.note(sent.delivery.recipient, outcome)
        while True:
            try:
                state = await self._store.write(
                    lambda repo: self._finish(repo, sent, outcome, chance=chance, works_again=works_again)
                )
            except StoreError as error:
                _log.error("delivery.receipt_waits", extra={"delivery": sent.delivery.id, "why": str(error)})
                await asyncio.sleep(_RECEIPT_RETRY_S)
                continue
            self.outcomes[state] += 1
            _log_outcome(sent.delivery, outcome, state)
            return

    def _finish(
        self, repo: Repository, sent: Draft, outcome: Outcome, *, chance: float, works_again: bool
    ) -> DeliveryState:
        """Write what came of a delivery; nothing, if its token no longer holds and somebody else has it."""
        now, delivery = self._clock.now(), sent.delivery
        state, error, next_at = _fate(sent, outcome, now, chance)
        written = repo.finish(delivery, state=state, at=now, error=error, next_at=next_at)
        if written and state is DeliveryState.SENT:
            write_receipt(repo, sent, now)
        elif written:
            announcer = Announcer(repo, self._desk.policy, now)
            given_up = state is DeliveryState.FAILED
            tell_distress(announcer, self._desk.policy, delivery, outcome, given_up=given_up)
        if works_again:
            repo.hasten_retries(delivery.recipient, now)
        return state


def set_aside(repo: Repository, composed: Draft, at: datetime) -> bool:
    """Write what a delivery does not tell, before it leaves; False, and nothing, if somebody else has it."""
    delivery = composed.delivery
    if composed.empty:
        held = repo.finish(delivery, state=DeliveryState.EMPTY, at=at)
    else:
        held = repo.keep(delivery, at + LEASE)
    if held:
        repo.mute(delivery, composed.muted)
    if held and composed.empty:
        repo.write_down(delivery, composed.composed)
    return held


def write_receipt(repo: Repository, sent: Draft, at: datetime) -> None:
    """Write what a recipient has read in a message that arrived, and what he knows from now on."""
    repo.write_down(sent.delivery, sent.composed)
    repo.set_told(sent.delivery.recipient, sent.composed.learned, at)


def _fate(
    sent: Draft, outcome: Outcome, now: datetime, chance: float
) -> tuple[DeliveryState, str | None, datetime | None]:
    """The state that an outcome leads to, the error to show, and when it is tried next."""
    match outcome:
        case Sent():
            return DeliveryState.SENT, None, None
        case Permanent(detail):
            return DeliveryState.FAILED, detail, None
        case Transient(detail):
            delivery = sent.delivery
            until = None if sent.stands else (delivery.first_tried_at or now) + PATIENCE
            next_at = next_attempt_at(outcome, delivery.attempts + 1, now=now, patience_until=until, chance=chance)
            if next_at is None:
                return DeliveryState.FAILED, f"given up after 72 h, nothing in it stands any more: {detail}", None
            return DeliveryState.WAITING, detail, next_at


def _log_outcome(delivery: Delivery, outcome: Outcome, state: DeliveryState) -> None:
    fields = {
        "delivery": delivery.id,
        "channel": delivery.recipient,
        "state": state.value,
        "attempt": delivery.attempts + 1,
        "detail": outcome.detail,
    }
    match state:
        case DeliveryState.SENT:
            _log.info("delivery.sent", extra=fields)
        case DeliveryState.FAILED:
            _log.error("delivery.failed", extra=fields)
        case _:
            _log.warning("delivery.retrying", extra=fields)
