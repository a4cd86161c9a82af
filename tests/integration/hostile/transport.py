"""Behaviours: answers that do not fit into a packet, and what comes over TCP instead."""

import struct

from tests.support.hostile import BUDGET_S, Row, Where, untested
from tests.support.nameserver import Query, Reply, found, truncated
from tests.support.plays import (
    Play,
    after,
    both,
    chunk,
    clear,
    codes,
    edited,
    flags,
    in_chunks,
    listed,
    say,
    silent,
    truncating,
)

OVER_TCP = "5: retry over TCP on TC=1 (RFC 7766)"
NO_TCP = "4: unknown, and which failure it was"
GARBAGE = "5: what does not match is ignored over TCP as well, and the wait goes on"

HELD_S = 4 * BUDGET_S
MANY = [f"127.0.{third}.{last}" for third in range(1, 3) for last in range(250)]


def other_id(reply: bytes) -> bytes:
    """Change the id."""
    return bytes([reply[0] ^ 1]) + reply[1:]


def short(query: Query) -> list[Reply]:
    """Say half of what the length before it promises, and hang up."""
    (reply,) = listed(query)
    assert isinstance(reply, bytes)
    return list(chunk(struct.pack(">H", len(reply)) + reply[:20])(query))


def held_short(query: Query) -> list[Reply]:
    """Promise more than is said, and hold the line."""
    (reply,) = listed(query)
    assert isinstance(reply, bytes)
    return list(chunk(struct.pack(">H", len(reply) + 9) + reply, then_hold_s=HELD_S)(query))


def half_said(query: Query) -> list[Reply]:
    """Say one code with the truncation bit; over TCP, another."""
    if query.over_tcp:
        return [found(query, "127.0.0.4")]
    return list(flags(0x8380)(query))


def _row(name: str, over_tcp: Play, verdict: str, why: str = OVER_TCP) -> Row:
    return Row(name, truncating(over_tcp), verdict, why)


ROWS = (
    _row("tcp", listed, "listed 127.0.0.2"),
    _row("tcp-clear", clear, "clear"),
    _row("tcp-many", codes(*MANY), f"listed {' '.join(MANY)}"),
    _row("tcp-too-many", codes(*MANY, *MANY), "unknown malformed", "records: what is read must not silence others"),
    Row("tcp-says-otherwise", half_said, "listed 127.0.0.4", "5: a truncated answer is not the answer"),
    Row("truncated-nxdomain", flags(0x8383, clear), "unknown malformed", "5: truncated over TCP too"),
    _row("tcp-servfail", say("SERVFAIL"), "unknown servfail", NO_TCP),
    _row("tcp-refused-code", codes("127.255.255.254"), "unknown refusal-code", NO_TCP),
    _row("tcp-truncated-again", lambda query: [truncated(query)], "unknown malformed", NO_TCP),
    # Nobody there, nobody speaks, nobody stays.
    Row("tcp-connection-refused", truncating(listed), "unknown network", NO_TCP, where=Where.NO_TCP),
    Row(
        "tcp-connection-refused-everywhere",
        truncating(listed),
        "unknown network",
        NO_TCP,
        everywhere=True,
        state="unreachable",
        where=Where.NO_TCP,
    ),
    _row("tcp-silent", after(HELD_S, listed), "unknown timeout", NO_TCP),
    Row(
        "tcp-silent-everywhere",
        truncating(after(HELD_S, listed)),
        "unknown timeout",
        NO_TCP,
        everywhere=True,
        state="unreachable",
    ),
    _row("tcp-hangs-up", silent, "unknown network", NO_TCP),
    _row("tcp-hangs-up-amid", short, "unknown network", NO_TCP),
    _row("tcp-length-lies", held_short, "unknown timeout", NO_TCP),
    # Garbage.
    _row("tcp-garbage", chunk(b"\x00\x40" + b"\xff" * 64), "unknown network", GARBAGE),
    _row("tcp-garbage-held", chunk(b"\x00\x40" + b"\xff" * 64, then_hold_s=HELD_S), "unknown timeout", GARBAGE),
    _row("tcp-http", chunk(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "unknown network", GARBAGE),
    _row("tcp-empty-message", both(lambda _: [b""], listed), "listed 127.0.0.2", GARBAGE),
    _row("tcp-other-id", both(edited(other_id, clear), listed), "listed 127.0.0.2", GARBAGE),
    _row("tcp-two-answers", both(listed, clear), "listed 127.0.0.2", GARBAGE),
    # Slow drip.
    _row("tcp-drip", in_chunks(7, 0.01), "listed 127.0.0.2"),
    _row("tcp-drip-for-ever", in_chunks(1, BUDGET_S / 8), "unknown timeout", NO_TCP),
    untested(_row("tcp-untested", listed, "listed 127.0.0.2")),
)
