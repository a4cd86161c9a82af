"""Behaviours: what is no answer to the question, who else may have sent one, and when answers come."""

from rblwatch.core.blocklist import bare
from tests.support.hostile import BUDGET_S, Row, Where, keyed, untested
from tests.support.nameserver import Query, Reply, absent
from tests.support.plays import (
    after,
    at,
    both,
    clear,
    codes,
    crafted,
    edited,
    flags,
    from_elsewhere,
    listed,
    shouting,
    silent,
    whispering,
)

IGNORED = "5: a reply counts only with QR set, the right id, socket and question; the wait goes on"
FLAGS = "5: AA, RA, AD, CD and Z say nothing about the name"
LOST = "engine: a question is sent again within its budget"
TIMED_OUT = "4: a time-out is unknown"

#: Of a key whose letters must come back only in some case.
KEYED = keyed(bare("any.example"))

MANY = [f"127.0.1.{number}" for number in range(180)]


def behind_name(place: int, value: int, reply: bytes) -> bytes:
    """Set a byte of the type (0, 1) or the class (2, 3) in the question."""
    place += reply.index(0, 12) + 1
    return at(place, value)(reply)


def other_name(reply: bytes) -> bytes:
    """Change a letter of the name in question."""
    return at(13, reply[13] ^ 1)(reply)


def other_id(reply: bytes) -> bytes:
    """Change the id."""
    return at(0, reply[0] ^ 1)(reply)


def racing(query: Query) -> list[Reply]:
    """A hundred guesses of the id, each saying "not listed", before the true answer."""
    lie = absent(query)
    guesses = [lie[:1] + bytes([lie[1] ^ guess]) + lie[2:] for guess in range(1, 101)]
    return [*guesses, *listed(query)]


def third_time(query: Query) -> list[Reply]:
    """Answer only what was asked twice in vain."""
    return list(listed(query)) if query.attempt >= 3 else []


ROWS = (
    # What is not the answer.
    Row("other-id", edited(other_id), "unknown timeout", IGNORED),
    Row("other-id-then-true", both(edited(other_id, clear), listed), "listed 127.0.0.2", IGNORED),
    Row("other-name", edited(other_name), "unknown timeout", IGNORED),
    Row("other-name-then-true", both(edited(other_name, clear), listed), "listed 127.0.0.2", IGNORED),
    Row("other-type", edited(lambda reply: behind_name(1, 16, reply), clear), "unknown timeout", IGNORED),
    Row("other-class", edited(lambda reply: behind_name(3, 3, reply), clear), "unknown timeout", IGNORED),
    Row("no-question", edited(lambda reply: reply[:4] + bytes(8)), "unknown timeout", IGNORED),
    Row("no-question-formerr", edited(lambda r: r[:2] + b"\x81\x81" + bytes(8)), "unknown timeout", IGNORED),
    Row("two-questions", edited(at(5, 2), clear), "unknown timeout", IGNORED),
    Row("query-comes-back", lambda query: [query.wire], "unknown timeout", IGNORED),
    Row("opcode-status", flags(0x9180, clear), "unknown timeout", IGNORED),
    Row("opcode-update", flags(0xA980, clear), "unknown timeout", IGNORED),
    Row("empty-packet", lambda _: [b""], "unknown timeout", IGNORED),
    Row("one-byte", edited(lambda reply: reply[:1]), "unknown timeout", IGNORED),
    Row("half-header", edited(lambda reply: reply[:7]), "unknown timeout", IGNORED),
    Row("header-only", edited(lambda reply: reply[:12]), "unknown timeout", IGNORED),
    Row("half-question", edited(lambda reply: reply[:20]), "unknown timeout", IGNORED),
    Row("noise", lambda _: [b"\xff" * 200], "unknown timeout", IGNORED),
    Row("noise-behind-id", lambda query: [query.wire[:2] + b"\xff" * 200], "unknown timeout", IGNORED),
    Row("zeros-behind-id", lambda query: [query.wire[:2] + bytes(200)], "unknown timeout", IGNORED),
    # A pointer where the name in question stands is not the question that was sent.
    Row(
        "question-is-a-pointer",
        edited(lambda r: r[:12] + b"\xc0\x0c" + r[r.index(0, 12) + 1 :]),
        "unknown timeout",
        IGNORED,
    ),
    # Who else may have sent it.
    Row("other-port", from_elsewhere(None, clear), "unknown timeout", IGNORED),
    Row("other-address", from_elsewhere("127.0.0.1", clear), "unknown timeout", IGNORED),
    Row("other-port-then-true", both(from_elsewhere(None, clear), listed), "listed 127.0.0.2", IGNORED),
    Row("other-address-then-true", both(from_elsewhere("127.0.0.1", clear), listed), "listed 127.0.0.2", IGNORED),
    Row("spoofed-race", racing, "listed 127.0.0.2", IGNORED),
    Row("forged-everywhere", edited(other_id, clear), "unknown timeout", IGNORED, everywhere=True, state="unreachable"),
    # Letters.
    Row("shouting", edited(shouting), "listed 127.0.0.2", "5: names are compared without regard to case (RFC 4343)"),
    Row("whispering", edited(whispering), "listed 127.0.0.2", "5: 0x20, the letters come back in lower case"),
    Row("key-whispered", edited(whispering), "listed 127.0.0.2", "5: keys are sent as given", like=KEYED),
    Row("key-shouted", edited(shouting, clear), "clear", "5: keys are sent as given", like=KEYED),
    # Flags that say nothing, and those that do.
    Row("no-aa-no-ra", flags(0x8100), "listed 127.0.0.2", FLAGS),
    Row("no-aa-no-ra-clear", flags(0x8103, clear), "clear", FLAGS),
    Row("no-rd", flags(0x8000), "listed 127.0.0.2", FLAGS),
    Row("all-flags", flags(0x85F0), "listed 127.0.0.2", FLAGS),
    Row("z-bit-clear", flags(0x81C3, clear), "clear", FLAGS),
    Row("ad-cd-clear", flags(0x85B3, clear), "clear", FLAGS),
    # How often, and when.
    Row("twice", both(listed, listed), "listed 127.0.0.2", "engine: an answer ends its question"),
    Row("twice-clear", both(clear, clear, clear), "clear", "engine: an answer ends its question"),
    Row("listed-then-clear", both(listed, clear), "listed 127.0.0.2", "5: the first reply that matches is the answer"),
    Row("clear-then-listed", both(clear, listed), "clear", "5: the first reply that matches is the answer"),
    Row("slow", after(0.1, listed), "listed 127.0.0.2", "interface: timeout x attempts is the budget of a question"),
    Row("third-time", third_time, "listed 127.0.0.2", LOST),
    Row("too-late", after(4 * BUDGET_S, listed), "unknown timeout", TIMED_OUT),
    Row("drop", silent, "unknown timeout", TIMED_OUT),
    Row("drop-everywhere", silent, "unknown timeout", TIMED_OUT, everywhere=True, state="unreachable"),
    untested(Row("drop-everywhere", silent, "unknown timeout", TIMED_OUT, everywhere=True), state="unreachable"),
    Row("port-unreachable", silent, "unknown network", "4: no resolver", state="unreachable", where=Where.NOWHERE),
    # Size.
    Row("three-kilobytes", codes(*MANY), f"listed {' '.join(MANY)}", "5: read up to 4,096 bytes"),
    Row("nine-kilobytes", crafted(tail=bytes(9000)), "unknown malformed", "5: read up to 4,096 bytes"),
)
