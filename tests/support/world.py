"""Scripted lists behind a resolver that caches as a real one does, and scripted time.

Owns what lists truly say, what a cache repeats of it, and what was ever true. Must not know what is made of it.

A cache makes all the difference: it repeats an answer, honest or not, until the TTL that the answer came with has run
out, and tells only the rest of it, in whole seconds. So a list's lies outlive it, and so does its honesty.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Address

from rblwatch.core.blocklist import Blocklist
from rblwatch.core.plan import Batch, BatchResult
from rblwatch.core.question import Absent, Answer, Failed, Found, Reason
from rblwatch.core.soundness import ProbeAnswer, worth_asking
from rblwatch.core.target import Target
from rblwatch.ports import Purse

START = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
NAMESERVER = "127.0.0.1:53"
_UNPAID = Failed(Reason.NOT_ASKED, "not paid for")

Codes = tuple[IPv4Address, ...]


class ScriptedClock:
    """A clock that moves only when told, and chance that is the same in every run."""

    def __init__(self) -> None:
        self._now = START
        self._stepped = timedelta()
        self._chance = random.Random(7)  # noqa: S311 - a script, no secret

    def now(self) -> datetime:
        return self._now

    def monotonic_s(self) -> float:
        return (self._now - START - self._stepped).total_seconds()

    def random(self) -> float:
        return self._chance.random()

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self._now += by

    def step(self, by: timedelta) -> None:
        """Set the wall clock to another time, as NTP does; no time passes."""
        self._now += by
        self._stepped += by


class Mode(StrEnum):
    """How a list behaves."""

    HEALTHY = "healthy"
    WILDCARD = "wildcard"  # lists everybody
    SILENT = "silent"  # its zone is empty
    INVERTED = "inverted"  # lists everybody but its own test points
    DEAD = "dead"
    REFUSING = "refusing"
    REFUSAL_CODE = "refusal-code"
    OUTSIDE = "outside"  # a parked domain: an address that is none of a DNSBL


LYING = frozenset({Mode.WILDCARD, Mode.SILENT, Mode.INVERTED})
_EVERYBODY: Codes = (IPv4Address("127.0.0.2"),)


def _set() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass
class ScriptedList:
    """What a list's own nameservers say at this moment."""

    blocklist: Blocklist
    positive_ttl_s: int = 60
    negative_ttl_s: int = 60
    mode: Mode = Mode.HEALTHY
    entries: dict[Target, Codes] = field(default_factory=dict)
    unanswered: set[Target] = field(default_factory=set)
    """Questions that time out, whatever the mode."""
    proofs_answered: bool = True
    """Whether points that no cache can hold get an answer."""
    answers: asyncio.Event = field(default_factory=_set)
    """While it is cleared, batches wait for their answers."""

    def answer(self, target: Target) -> Answer:
        match self.mode:
            case Mode.HEALTHY:
                points = self.blocklist.selftest.listed
                codes = _EVERYBODY if target in points else self.entries.get(target)
                return self._found(codes) if codes else Absent(self.negative_ttl_s)
            case Mode.WILDCARD:
                return self._found(_EVERYBODY)
            case Mode.SILENT:
                return Absent(self.negative_ttl_s)
            case Mode.INVERTED:
                is_point = target in self.blocklist.selftest.listed
                return Absent(self.negative_ttl_s) if is_point else self._found(_EVERYBODY)
            case Mode.DEAD:
                return Failed(Reason.TIMEOUT, "no answer within 4 s")
            case Mode.REFUSING:
                return Failed(Reason.REFUSED, "REFUSED")
            case Mode.REFUSAL_CODE:
                return self._found((IPv4Address("127.255.255.254"),))
            case Mode.OUTSIDE:
                return self._found((IPv4Address("203.0.113.80"),))

    def _found(self, codes: Codes) -> Found:
        return Found(codes, self.positive_ttl_s)


@dataclass(frozen=True)
class _Truth:
    """What a list truly held from a moment on, if it was healthy then."""

    since_at: datetime
    healthy: bool
    entries: dict[Target, Codes]


class World:
    """All lists, and all that was ever true of them."""

    def __init__(self, clock: ScriptedClock, lists: Iterable[ScriptedList]) -> None:
        self.clock = clock
        self.lists: dict[str, ScriptedList] = {}
        self._history: dict[str, list[_Truth]] = {}
        for scripted in lists:
            self.add(scripted)

    def add(self, scripted: ScriptedList) -> None:
        """Set up one more list."""
        self.lists[scripted.blocklist.id] = scripted
        self._history[scripted.blocklist.id] = []
        self._note(scripted.blocklist.id)

    def list(self, blocklist: str, target: Target, *codes: str) -> None:
        """Put a target on a list, or change its codes."""
        self.lists[blocklist].entries[target] = tuple(map(IPv4Address, codes)) or _EVERYBODY
        self._note(blocklist)

    def delist(self, blocklist: str, target: Target) -> None:
        self.lists[blocklist].entries.pop(target, None)
        self._note(blocklist)

    def turn(self, blocklist: str, mode: Mode) -> None:
        """Let a list behave otherwise from now on."""
        self.lists[blocklist].mode = mode
        self._note(blocklist)

    def ever_listed(
        self, blocklist: str, target: Target, codes: Sequence[str], *, ignored: Collection[IPv4Address] = ()
    ) -> bool:
        """Whether a healthy list ever held exactly these codes for a target, with those ignored or without them."""
        held = [truth.entries.get(target, ()) for truth in self._history[blocklist] if truth.healthy]
        read = [*held, *(tuple(code for code in one if code not in ignored) for one in held)]
        return any(sorted(map(str, one)) == sorted(codes) for one in read)

    def ever_clear(
        self, blocklist: str, target: Target, since_at: datetime, *, ignored: Collection[IPv4Address] = ()
    ) -> bool:
        """Whether a healthy list had nothing but ignored codes for a target at any moment from `since_at` on."""
        truths = self._history[blocklist]
        ends = [truth.since_at for truth in truths[1:]] + [self.clock.now()]
        return any(
            truth.healthy and set(truth.entries.get(target, ())) <= set(ignored)
            for truth, until_at in zip(truths, ends, strict=True)
            if until_at >= since_at
        )

    def _note(self, blocklist: str) -> None:
        scripted = self.lists[blocklist]
        truth = _Truth(self.clock.now(), scripted.mode is Mode.HEALTHY, dict(scripted.entries))
        self._history[blocklist].append(truth)


class CachingLookup:
    """Implements `ports.Lookup` as an engine behind caching resolvers would; `nameserver` is the one asked now."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._cached: dict[tuple[str, str, Target], tuple[Answer, float]] = {}
        """Until when, on the monotonic clock: the resolver's is not stepped with ours."""
        self.nameserver = NAMESERVER
        self.through: dict[str, str] = {}
        """By list: the nameserver that it is asked through instead."""
        self.batches: list[Batch] = []
        self.sent: list[tuple[datetime, str]] = []
        """Every question that left: when, and about which list."""

    async def ask(self, batch: Batch, purse: Purse | None = None) -> BatchResult:
        self.batches.append(batch)
        sent_before = len(self.sent)
        blocklist = batch.blocklist
        nameserver = batch.nameserver or self.through.get(blocklist.id, self.nameserver)
        await self._world.lists[blocklist.id].answers.wait()
        is_proof = batch.nameserver is not None
        probes = tuple(
            ProbeAnswer(
                probe,
                self._probe(nameserver, blocklist.id, probe.target, is_proof=is_proof)
                if self._paid(blocklist, purse)
                else _UNPAID,
            )
            for probe in batch.probes
        )
        result = BatchResult(nameserver=nameserver, probes=probes, questions=len(self.sent) - sent_before)
        if batch.probes and not worth_asking(probes, blocklist):
            return result
        answers = {
            target: self.question(nameserver, blocklist.id, target) if self._paid(blocklist, purse) else _UNPAID
            for target in batch.targets
        }
        absences = [answer.ttl_s for answer in answers.values() if isinstance(answer, Absent)]
        return BatchResult(
            nameserver=nameserver,
            probes=probes,
            asked=len(answers),
            absent=len(absences),
            found={target: answer for target, answer in answers.items() if isinstance(answer, Found)},
            failed={target: answer for target, answer in answers.items() if isinstance(answer, Failed)},
            negative_ttl_s=max((ttl_s for ttl_s in absences if ttl_s is not None), default=None),
            questions=len(self.sent) - sent_before,
        )

    async def texts(
        self, blocklist: Blocklist, targets: Sequence[Target], purse: Purse | None = None
    ) -> dict[Target, str]:
        told = [target for target in targets if self._paid(blocklist, purse)]
        return {target: f"{target} sent mail to a trap of {blocklist.id}" for target in told}

    def _paid(self, blocklist: Blocklist, purse: Purse | None) -> bool:
        """Whether a question may leave; it is noted then."""
        if purse is not None and not purse.pay():
            return False
        self.sent.append((self._world.clock.now(), blocklist.id))
        return True

    def question(self, nameserver: str, blocklist: str, target: Target) -> Answer:
        """One question, by us or by anybody else who uses the same resolver."""
        now_s = self._world.clock.monotonic_s()
        key = (nameserver, blocklist, target)
        scripted = self._world.lists[blocklist]
        if target in scripted.unanswered:
            return Failed(Reason.TIMEOUT, "no answer within 4 s")
        answer, until_s = self._cached.get(key, (None, now_s))
        if answer is None or until_s <= now_s:
            answer = scripted.answer(target)
            if not isinstance(answer, Failed):
                self._cached[key] = (answer, now_s + (answer.ttl_s or 0))
            return answer
        assert not isinstance(answer, Failed)
        rest_s = int(until_s - now_s)
        return Found(answer.addresses, rest_s) if isinstance(answer, Found) else Absent(rest_s)

    def _probe(self, nameserver: str, blocklist: str, target: Target, *, is_proof: bool) -> Answer:
        if is_proof and not self._world.lists[blocklist].proofs_answered:
            return Failed(Reason.TIMEOUT, "no answer within 4 s")
        return self.question(nameserver, blocklist, target)
