"""A chat and a mailbox that have moods: they take messages slowly, refuse a share, and let some hang.

Owns what happens to each message, and the memory of what a person came to see. A message that was refused or that
hangs was never seen; one that is taken slowly was, before its sender knows.
"""

from __future__ import annotations

import asyncio
import json
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support.httpsink import HttpSink, Reply, Request
from tests.support.smtpsink import SmtpSink

_HEADER = "X-Rblwatch-Delivery"
#: So often a message meets with a bad mood at most, so that its next try after the last start comes within seconds.
_BAD_MOODS = 2


class Mood(StrEnum):
    """What becomes of a message that arrives."""

    TAKEN = "taken"
    TAKEN_SLOWLY = "taken slowly"
    REFUSED = "refused"
    HANGS = "hangs"


@dataclass(frozen=True, slots=True)
class Seen:
    """A message that a person came to see."""

    delivery: str
    text: str
    at_s: float
    """On the monotonic clock."""


class Moods:
    """The moods in which one recipient takes messages, and what he saw."""

    def __init__(self, seed: int, *, hold_s: float = 0.4) -> None:
        self.hold_s = hold_s
        self.seen: list[Seen] = []
        self.shown: Counter[Mood] = Counter()
        self._chance = random.Random(seed)  # noqa: S311 - the same moods in every run
        self._calm = False
        self._bad: Counter[str] = Counter()
        self._in_hand: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def in_hand(self) -> set[str]:
        """Deliveries that arrived, and whose sender waits for an answer."""
        with self._lock:
            return set(self._in_hand)

    def calm(self) -> None:
        """Take everything at once from now on."""
        self._calm = True

    def begin(self, delivery: str, text: str) -> Mood:
        """A message has arrived: decide on it."""
        with self._lock:
            mood = Mood.TAKEN if self._calm else self._decide(delivery)
            self.shown[mood] += 1
            self._in_hand[delivery] += 1
            if mood in (Mood.TAKEN, Mood.TAKEN_SLOWLY):
                self.seen.append(Seen(delivery, text, time.monotonic()))
            return mood

    def end(self, delivery: str) -> None:
        """A message is about to be answered."""
        with self._lock:
            self._in_hand -= Counter([delivery])

    def forget(self) -> None:
        """Whoever sent what is in hand is gone."""
        with self._lock:
            self._in_hand.clear()

    def _decide(self, delivery: str) -> Mood:
        drawn = self._chance.random()
        if drawn < 0.2 and self._bad[delivery] < _BAD_MOODS:
            self._bad[delivery] += 1
            return Mood.REFUSED if drawn < 0.1 else Mood.HANGS
        return Mood.TAKEN_SLOWLY if drawn < 0.8 else Mood.TAKEN


class MoodyChat(HttpSink):
    """A chat server with moods."""

    def __init__(self, moods: Moods) -> None:
        super().__init__()
        self.moods = moods

    def take(self, request: Request) -> Reply:
        delivery = request.headers[_HEADER.lower()]
        mood = self.moods.begin(delivery, json.loads(request.body)["message"])
        try:
            if mood is Mood.TAKEN_SLOWLY:
                self.leaving.wait(self.moods.hold_s)
            elif mood is Mood.HANGS:
                self.leaving.wait()
        finally:
            self.moods.end(delivery)
        return Reply(500 if mood is Mood.REFUSED else 200)


class MoodyMailbox(SmtpSink):
    """A mail server with moods."""

    def __init__(self, moods: Moods) -> None:
        super().__init__()
        self.moods = moods

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        await super().handle_DATA(server, session, envelope)
        mail = self.received[-1]
        delivery = str(mail.message[_HEADER])
        mood = self.moods.begin(delivery, mail.text)
        try:
            if mood is Mood.TAKEN_SLOWLY:
                await asyncio.sleep(self.moods.hold_s)
            elif mood is Mood.HANGS:
                await asyncio.Event().wait()
        finally:
            self.moods.end(delivery)
        return "451 Local error, come back later" if mood is Mood.REFUSED else "250 OK"
