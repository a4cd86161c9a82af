"""What hostile servers do: the parts from which tables of behaviours are put together.

Owns replies made byte by byte, and scripts made of other scripts. Must not know what any of it is to mean.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Address
from itertools import pairwise

from tests.support.nameserver import Chunk, Elsewhere, Later, Query, Reply, absent, found, reply_to, truncated

Play = Callable[[Query], Iterable[Reply]]

_HEADER = 12
A, NS, CNAME, SOA, TXT, AAAA, OPT, TSIG = 1, 2, 5, 6, 16, 28, 41, 250
IN, CHAOS = 1, 3
#: A pointer to the name in question.
QNAME = b"\xc0\x0c"


def silent(_: Query) -> list[Reply]:
    """Say nothing."""
    return []


def clear(query: Query) -> list[Reply]:
    """Say "no such name"."""
    return [absent(query)]


def codes(*addresses: str, ttl_s: int = 60) -> Play:
    """Answer with address records."""
    return lambda query: [found(query, *addresses, ttl_s=ttl_s)]


listed = codes("127.0.0.2")


def say(rcode: str, *records: str, note: int | None = None) -> Play:
    """Answer with an rcode, records and an Extended DNS Error."""
    return lambda query: [reply_to(query, rcode, *records, note=note)]


def after(delay_s: float, play: Play) -> Play:
    """Answer later."""
    return lambda query: [Later(delay_s, reply) for reply in _wires(play(query))]


def from_elsewhere(host: str | None, play: Play) -> Play:
    """Answer from another port, or another address too."""
    return lambda query: [Elsewhere(reply, host) for reply in _wires(play(query))]


def both(*plays: Play) -> Play:
    """Give the replies of several, in their order."""
    return lambda query: [reply for play in plays for reply in play(query)]


def truncating(over_tcp: Play) -> Play:
    """Truncate over UDP; over TCP, something else."""
    return lambda query: over_tcp(query) if query.over_tcp else [truncated(query)]


def edited(edit: Callable[[bytes], bytes], play: Play = listed) -> Play:
    """Change the bytes of what another says."""
    return lambda query: [edit(reply) for reply in _wires(play(query))]


def at(place: int, *values: int) -> Callable[[bytes], bytes]:
    """An edit that sets some bytes."""
    return lambda reply: reply[:place] + bytes(values) + reply[place + len(values) :]


def flags(value: int, play: Play = listed) -> Play:
    """Answer with these flags."""
    return edited(at(2, value >> 8, value & 0xFF), play)


def shouting(reply: bytes) -> bytes:
    """Edit: the question's letters in upper case."""
    end = reply.index(0, _HEADER)
    return reply[:_HEADER] + reply[_HEADER:end].upper() + reply[end:]


def whispering(reply: bytes) -> bytes:
    """Edit: the question's letters in lower case, as from a server that loses the case (0x20)."""
    end = reply.index(0, _HEADER)
    return reply[:_HEADER] + reply[_HEADER:end].lower() + reply[end:]


def in_chunks(size: int, delay_s: float, play: Play = listed) -> Play:
    """Over TCP: drip the answer, so many bytes after so many seconds each time."""

    def dripping(query: Query) -> list[Reply]:
        (reply,) = _wires(play(query))
        whole = struct.pack(">H", len(reply)) + reply
        return [Chunk(whole[start : start + size], delay_s) for start in range(0, len(whole), size)]

    return dripping


def chunk(wire: bytes, *, then_hold_s: float = 0.0) -> Play:
    """Over TCP: say these bytes, and hang up at once or later."""
    return lambda _: [Chunk(wire), *([Chunk(b"", then_hold_s)] if then_hold_s else [])]


def _wires(replies: Iterable[Reply]) -> list[bytes]:
    return [reply for reply in replies if isinstance(reply, bytes)]


# Messages by hand


def name(text: str) -> bytes:
    """Encode a name."""
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".") if label) + b"\0"


def record(
    kind: int, rdata: bytes, *, owner: bytes = QNAME, rdclass: int = IN, ttl_s: int = 60, length: int | None = None
) -> bytes:
    """Encode a record; `length` is a lie about its length."""
    return owner + struct.pack(">HHIH", kind, rdclass, ttl_s, len(rdata) if length is None else length) + rdata


def address(text: str = "127.0.0.2", **changes: int | bytes) -> bytes:
    """Encode an address record."""
    return record(A, IPv4Address(text).packed, **changes)  # type: ignore[arg-type]


def soa(owner: str = "hostile.example", ttl_s: int = 60, minimum_s: int = 60) -> bytes:
    """Encode a SOA record."""
    return record(SOA, b"\0\0" + struct.pack(">5I", 1, 2, 3, 4, minimum_s), owner=name(owner), ttl_s=ttl_s)


def opt(options: bytes = b"", *, version: int = 0, rcode: int = 0) -> bytes:
    """Encode an OPT record; `rcode` is the upper half."""
    return b"\0" + struct.pack(">HHBBHH", OPT, 1232, rcode, version, 0, len(options)) + options


def crafted(
    *answers: bytes,
    authority: Sequence[bytes] = (),
    additional: Sequence[bytes] = (),
    header: int = 0x8180,
    counts: tuple[int, int, int] | None = None,
    tail: bytes = b"",
) -> Play:
    """Answer with these records; `counts` are lies about how many there are in each section."""
    sections = counts or (len(answers), len(authority), len(additional))
    body = b"".join([*answers, *authority, *additional]) + tail

    def saying(query: Query) -> list[Reply]:
        question = query.wire[_HEADER : query.wire.index(0, _HEADER) + 5]
        return [query.wire[:2] + struct.pack(">HHHHH", header, 1, *sections) + question + body]

    return saying


def chain(links: int, end: Sequence[bytes] = (address(owner=name("end.example")),)) -> Play:
    """Answer with so many aliases in a row, and what the last one leads to."""
    names = [QNAME, *(name(f"n{number}.example") for number in range(1, links)), name("end.example")]
    aliases = [record(CNAME, alias, owner=owner) for owner, alias in pairwise(names)]
    return crafted(*aliases, *end)
