"""How values are written into columns, alike in both databases.

Owns the step between a value and what a driver takes. Must not know tables.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address
from typing import Any, TypeVar

from sqlalchemy import DateTime, LargeBinary, String, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from rblwatch.core.blocklist import Severity
from rblwatch.core.finding import Failure, Unwatched, Why
from rblwatch.core.question import Reason
from rblwatch.core.standing import Witness
from rblwatch.core.target import Family
from rblwatch.core.verdict import Listed

W = TypeVar("W", bound=StrEnum)


class Moment(TypeDecorator[datetime]):
    """An aware time. In SQLite it is text of one width (`2025-01-31T10:15:00.000000Z`), so it sorts as time does."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(String(27) if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone; stored times are aware")
        value = value.astimezone(UTC)
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z") if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return datetime.fromisoformat(value) if dialect.name == "sqlite" else value.astimezone(UTC)


class Word(TypeDecorator[W]):
    """A member of a closed set, by its value."""

    impl = Text
    cache_ok = True

    def __init__(self, words: type[W]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: W | None, dialect: Dialect) -> str | None:
        return None if value is None else self.words(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> W | None:
        return None if value is None else self.words(value)


class Texts(TypeDecorator[tuple[str, ...]]):
    """Texts in order, as a JSON array; a set of texts is written sorted and read as a tuple."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Collection[str] | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        return written(sorted(value) if isinstance(value, frozenset) else list(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...] | None:
        return None if value is None else _texts(value)


class Families(TypeDecorator[frozenset[Family]]):
    """Families, as a JSON array in one order, so that equal sets are equal texts."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Collection[Family] | None, dialect: Dialect) -> str | None:
        return None if value is None else written(sorted(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> frozenset[Family] | None:
        return None if value is None else frozenset(map(Family, json.loads(value)))


class Bitmap(TypeDecorator[int]):
    """A whole number of up to `plan.SLICE_TARGETS` bits, the lowest byte first; no bytes are none set."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> bytes | None:
        return None if value is None else value.to_bytes((value.bit_length() + 7) // 8, "little")

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> int | None:
        return None if value is None else int.from_bytes(value, "little")


class BitmapsByReason(TypeDecorator[dict[Reason, int]]):
    """Bitmaps by reason, as a JSON object of hexadecimal numbers; empty ones are left out."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: dict[Reason, int] | None, dialect: Dialect) -> str | None:
        return None if value is None else written({reason: f"{bits:x}" for reason, bits in value.items() if bits})

    def process_result_value(self, value: str | None, dialect: Dialect) -> dict[Reason, int] | None:
        return None if value is None else {Reason(name): int(bits, 16) for name, bits in json.loads(value).items()}


class ListedVerdict(TypeDecorator[Listed]):
    """A verdict "listed", as a JSON object."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Listed | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        stored = {
            "codes": [str(code) for code in value.codes],
            "severity": value.severity,
            "labels": list(value.labels),
            "refused": value.refused,
            "said": [str(code) for code in value.said],
        }
        return written(stored)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Listed | None:
        return None if value is None else _listed(value)


@lru_cache(maxsize=1024)  # thousands of pairs share a few verdicts
def _listed(value: str) -> Listed:
    stored = json.loads(value)
    codes, said = (tuple(map(IPv4Address, stored[name])) for name in ("codes", "said"))
    return Listed(codes, Severity(stored["severity"]), tuple(stored["labels"]), stored["refused"], said)


class Witnesses(TypeDecorator[tuple[Witness, ...]]):
    """What several nameservers said, as a JSON array of arrays; none at all is no value."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[Witness, ...] | None, dialect: Dialect) -> str | None:
        if not value:
            return None
        return written([(w.nameserver, w.clears, w.ready_at.isoformat(), _iso(w.repeat_at)) for w in value])

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[Witness, ...]:
        return tuple(
            Witness(nameserver, clears, datetime.fromisoformat(ready_at), _moment(repeat_at))
            for nameserver, clears, ready_at, repeat_at in json.loads(value or "[]")
        )


class Failures(TypeDecorator[tuple[Failure, ...]]):
    """Look-ups without an answer, as a JSON array of arrays."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[Failure, ...] | None, dialect: Dialect) -> str | None:
        return None if value is None else written([_failure(one) for one in value])

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[Failure, ...]:
        return tuple(
            Failure(what, Reason(reason), detail, part, _moment(since), unanswered)
            for what, reason, detail, part, since, unanswered in json.loads(value or "[]")
        )


class Reports(TypeDecorator[tuple[Unwatched, ...]]):
    """What was found and is not watched, in words, as a JSON array of arrays."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[Unwatched, ...] | None, dialect: Dialect) -> str | None:
        return None if value is None else written([(one.what, one.why, one.detail, one.part) for one in value])

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[Unwatched, ...]:
        return tuple(
            Unwatched(what, Why(why), detail, part=part) for what, why, detail, part in json.loads(value or "[]")
        )


def _failure(one: Failure) -> tuple[object, ...]:
    return one.what, one.reason, one.detail, one.part, _iso(one.since), one.unanswered


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _moment(stored: str | None) -> datetime | None:
    return None if stored is None else datetime.fromisoformat(stored)


@lru_cache(maxsize=1024)
def _texts(value: str) -> tuple[str, ...]:
    """Of a whole network that is listed, most rows hold the same few: they share one value."""
    return tuple(json.loads(value))


def written(value: object) -> str:
    """A value as the JSON that columns hold: letters as they are, so that a text can be searched for."""
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
