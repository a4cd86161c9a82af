"""Behaviours: the words of a list on what it lists. They are hostile text, and change no verdict."""

from collections.abc import Iterable

from tests.support.hostile import BUDGET_S, Row
from tests.support.nameserver import Query, Reply, truncated
from tests.support.plays import (
    CNAME,
    TXT,
    Play,
    after,
    chunk,
    clear,
    codes,
    crafted,
    listed,
    name,
    record,
    say,
    silent,
    truncating,
)

CLEANED = "law 7: text that came from DNS is cleaned at the door"
MISSING = "interface: the text is for people; without one, the listing stands"
STRANGER = name("x.example")
NUMBERS = " ".join(f"{number:02}" for number in range(1, 100))


def texts(*strings: bytes) -> bytes:
    """Encode one TXT record."""
    return record(TXT, b"".join(bytes([len(string)]) + string for string in strings))


def _row(label: str, words: Play, text: str | None, why: str = CLEANED) -> Row:
    return Row(f"txt-{label}", listed, "listed 127.0.0.2", why, words=words, text=text)


def _said(label: str, raw: bytes, text: str) -> Row:
    pieces = [raw[start : start + 255] for start in range(0, len(raw), 255)]
    return _row(label, crafted(texts(*pieces)), text)


def over_tcp_only(query: Query) -> Iterable[Reply]:
    """Truncate over UDP, and say a great deal over TCP."""
    if not query.over_tcp:
        return [truncated(query)]
    return crafted(*(texts(*[b"y" * 255] * 4) for _ in range(60)))(query)


ROWS = (
    _said("plain", b"see https://bl.example/q?198.18.0.7", "see https://bl.example/q?198.18.0.7"),
    # Terminals.
    _said("colour", b"\x1b[31mred\x1b[0m", "[31mred[0m"),
    _said("title", b"\x1b]0;owned\x07here", "]0;ownedhere"),
    _said("c1-control", "a\u009b31mb".encode(), "a31mb"),
    _said("c1-byte", b"a\x9b31mb", "a\ufffd31mb"),
    _said("backspace", b"listed\x08\x08\x08\x08\x08\x08clear", "listedclear"),
    _said("carriage-return", b"listed\rclear", "listed clear"),
    _said("line-ends", b"listed\r\n\n198.18.0.7 is clear", "listed 198.18.0.7 is clear"),
    _said("line-separators", "a\u2028b\u2029c\x85d".encode(), "a b c d"),
    _said("nul", b"a\0b", "ab"),
    _said("delete", b"a\x7fb", "ab"),
    _said("tabs", b"a\t\t b\x0b\x0cc", "a b c"),
    # Reading order, and letters that show nothing.
    _said("bidi-override", "see \u202egro.elpmaxe\u202c".encode(), "see gro.elpmaxe"),
    _said("bidi-isolate", "\u2066a\u2069 \u200fb\u061c".encode(), "a b"),
    _said("zero-width", "a\u200bb\u200cc\ufeffd\u2060e".encode(), "abcde"),
    _said("tags", "a\U000e0041\U000e0042b".encode(), "ab"),
    _said("soft-hyphen", "a\u00adb".encode(), "ab"),
    _said("private-use", "a\ue000\U000f0000b".encode(), "ab"),
    _said("surrogates", b"a\xed\xa0\x80b", "a\ufffd\ufffd\ufffdb"),
    _said("not-utf-8", b"\xff\xfe caf\xe9", "\ufffd\ufffd caf\ufffd"),
    _said("utf-8", "café 列表".encode(), "café 列表"),
    _said("split-in-a-letter", b"z" * 254 + "é".encode(), "z" * 254 + "é"),
    # Markup is escaped where it is shown, and is a text until then.
    _said("markup", b"<script>alert(1)</script> @everyone [bold]", "<script>alert(1)</script> @everyone [bold]"),
    # Long, many, none.
    _said("long", b"x" * 900, "x" * 499 + "…"),
    _row("huge", crafted(texts(*[b"y" * 255] * 14)), "y" * 499 + "…"),
    _row(
        "more-than-a-packet", crafted(*(texts(*[b"y" * 255] * 4) for _ in range(5))), None, "5: read up to 4,096 bytes"
    ),
    _row("huge-over-tcp", over_tcp_only, "y" * 499 + "…"),
    _row("many-strings", crafted(texts(*[b"a", b" "] * 100)), " ".join("a" * 100)),
    _row("many-records", crafted(*(texts(b"%02d" % number) for number in range(99, 0, -1))), NUMBERS),
    _row("empty", crafted(texts(b"")), None, MISSING),
    _row("only-controls", crafted(texts(b"\x1b\x07\0", "\u202e".encode())), None, MISSING),
    _row("order-changes", crafted(texts(b"b"), texts(b"a")), "a b", "texts: in an order of their own"),
    # It fails, while the address lists.
    _row("nxdomain", clear, None, MISSING),
    _row("nodata", say("NOERROR"), None, MISSING),
    _row("servfail", say("SERVFAIL"), None, MISSING),
    _row("refused", say("REFUSED"), None, MISSING),
    _row("filtered", say("NOERROR", '@ 60 IN TXT "x"', note=15), None, MISSING),
    _row("drop", silent, None, MISSING),
    _row("tcp-silent", truncating(after(4 * BUDGET_S, clear)), None, MISSING),
    _row("tcp-garbage", truncating(chunk(b"\0\x02\xff")), None, MISSING),
    _row("address-instead", listed, None, MISSING),
    _row("malformed", crafted(record(TXT, b"\xffabc")), None, MISSING),
    _row("of-another", crafted(record(TXT, b"\x01x", owner=STRANGER)), None, MISSING),
    _row("behind-alias", crafted(record(CNAME, STRANGER), record(TXT, b"\x01x", owner=STRANGER)), "x", "5: CNAME"),
    # Words alone list nobody.
    Row("txt-without-address", clear, "clear", "1: an A record is a listing", words=say("NOERROR", '@ 60 IN TXT "x"')),
    Row(
        "txt-of-refused", codes("127.255.255.254"), "unknown refusal-code", "4", words=say("NOERROR", '@ 60 IN TXT "x"')
    ),
)
