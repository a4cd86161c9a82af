"""Looking names up in a table, with no socket: for walks."""

from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address
from typing import TypeVar

from rblwatch.core.lookup import Exchange, Missing, Present, Query, RecordKind, Reply, Value, Walk
from rblwatch.core.question import Failed, Reason

T = TypeVar("T")

#: By name, then by type: what is in the records, or a failure. A single text stands for a tuple of one.
Zone = Mapping[str, Mapping[str, Sequence[str | bytes] | str | Failed]]

TIMED_OUT = Failed(Reason.TIMEOUT, "did not answer")


def look_up(zone: Zone) -> Callable[[Query], Reply]:
    """Answer from a zone; MX records are written `10 mail.example.org`, the null MX `0 .`."""

    def reply(query: Query) -> Reply:
        records = zone.get(query.name)
        if records is None:
            return Missing(exists=False)
        found = records.get("*", records.get(query.kind, ()))
        if isinstance(found, Failed):
            return found
        written = (found,) if isinstance(found, str) else found
        return Present(tuple(_value(query.kind, text) for text in written)) if written else Missing(exists=True)

    return reply


def run(walk: Walk[T], reply: Callable[[Query], Reply]) -> tuple[T, list[Query]]:
    """Answer all that a walk asks; what it came to, and what it asked."""
    asked: list[Query] = []
    replies: tuple[Reply, ...] | None = None
    while True:
        try:
            queries = next(walk) if replies is None else walk.send(replies)
        except StopIteration as ended:
            return ended.value, asked
        asked += queries
        replies = tuple(map(reply, queries))


def _value(kind: RecordKind, written: str | bytes) -> Value:
    if isinstance(written, bytes):
        return written
    match kind:
        case RecordKind.TXT:
            return written.encode()
        case RecordKind.MX:
            preference, host = written.split(maxsplit=1)
            return Exchange(int(preference), host.removesuffix("."))
        case _:
            return ip_address(written)
