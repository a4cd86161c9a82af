"""What is asked together, and when a list is due.

Owns the unit of work (a batch: one list, one family, a slice of targets) and the due times of lists and pairs. Must
not know how questions travel, nor who waits for the answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rblwatch.core.blocklist import Blocklist
from rblwatch.core.question import Failed, Found
from rblwatch.core.soundness import Probe, ProbeAnswer
from rblwatch.core.target import Family, Target

#: How long a list's TTL may lengthen the interval. Source: design, "What it costs".
LONGEST_TTL = timedelta(hours=1)
#: Targets in one batch at most; a target's id decides its slice, so a slice keeps its targets from sweep to sweep.
SLICE_TARGETS = 4096
#: A record that expires at the very second of the next question would be read from the cache once more.
_TTL_MARGIN = timedelta(seconds=1)
#: What a round may take, and a start; nobody is to be alarmed by it.
LONGEST_ROUND = timedelta(minutes=5)
#: How much of the longest TTL is still held an hour later.
_KEPT_PER_HOUR = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One list, one family, a slice of targets; the probes are asked first, through the same nameserver."""

    blocklist: Blocklist
    family: Family
    probes: tuple[Probe, ...] = ()
    targets: Sequence[Target] = ()
    """Asked only if the probes leave the list trusted; with no probes, asked in any case."""
    nameserver: str | None = None
    """`host:port` to ask; None lets the resolver choose one that answers, and change to another for the whole batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult:
    """What came back of a batch. Absent answers are counted, not kept: asked = absent + found + failed."""

    nameserver: str
    """`host:port` of the one nameserver that every answer here came from (or that failed to give one)."""
    probes: tuple[ProbeAnswer, ...] = ()
    asked: int = 0
    """Targets asked; 0 where the probes did not leave the list trusted."""
    absent: int = 0
    found: Mapping[Target, Found] = field(default_factory=dict)
    failed: Mapping[Target, Failed] = field(default_factory=dict)
    negative_ttl_s: int | None = None
    """The longest remaining time for which a cache may repeat one of the absent answers; None if none said so."""
    questions: int = 0
    """Transmissions, probes and repetitions included."""


def slice_of(target_id: int) -> tuple[int, int]:
    """The slice of a registered target, and the target's bit in that slice's bitmaps."""
    return target_id // SLICE_TARGETS, 1 << target_id % SLICE_TARGETS


def bitmap(target_ids: Iterable[int]) -> int:
    """The bitmap of targets that share a slice, by their ids."""
    bits = bytearray(SLICE_TARGETS // 8)
    for target_id in target_ids:
        position = target_id % SLICE_TARGETS
        bits[position >> 3] |= 1 << (position & 7)
    return int.from_bytes(bits, "little")


def positions(bits: int) -> Iterator[int]:
    """The positions of the bits that are set in a bitmap, in order."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def due_at(asked_at: datetime | None, interval: timedelta, ttl: timedelta | None) -> datetime | None:
    """When a list (or pair) is to be asked again; None means now.

    Asking before the cached answer has run out tells nothing new, so the TTL lengthens the interval, up to an hour.
    """
    if asked_at is None:
        return None
    wait = min(ttl, LONGEST_TTL) + _TTL_MARGIN if ttl else timedelta()
    return asked_at + max(interval, wait)


def longest_ttl_s(seen_s: Iterable[int], before_s: int | None, *, before_at: datetime, at: datetime) -> int | None:
    """For how long caches may repeat an absence: the longest TTL seen, now or before, in seconds; None if none was.

    What is told may be too little: unbound keeps an absence for as long as it was told itself, but tells the rest of an
    SOA record that all absences of a zone share. Operators do change TTLs, so what was seen before is slowly forgotten.
    """
    if before_s is None:
        return max(seen_s, default=None)
    hours = max(0, int(at.timestamp() // 3600) - int(before_at.timestamp() // 3600))
    longest_s = min(before_s, int(LONGEST_TTL.total_seconds()))
    return max([int(longest_s * _KEPT_PER_HOUR**hours), *seen_s])


def effective_interval(interval: timedelta, ttl: timedelta | None) -> timedelta:
    """The interval at which a list is really asked, as `due_at` applies it."""
    return max(interval, min(ttl, LONGEST_TTL) + _TTL_MARGIN) if ttl else interval


def outdated(asked_at: datetime, interval: timedelta, now: datetime) -> bool:
    """Whether an answer is too old to be called the state of things: a second one is overdue by its whole interval.

    `interval` is the effective one. However short it is, a round may take some minutes.
    """
    return now - asked_at > 2 * interval + LONGEST_ROUND
