"""Questions as bytes, and the one kind of answer that is read from its bytes.

Owns the wire form of a question, what makes a reply the answer to it, and the recognition of a plain "no such name",
which is what almost every answer is. Must not read records: what is not plain goes to `records`.

Source for all offsets and bits: RFC 1035 section 4.1; RFC 6891 section 6.1 (OPT); RFC 2308 section 5 (the SOA).
"""

from __future__ import annotations

import socket
import struct
from itertools import product

from rblwatch.core.target import Family, Target

#: Types of the questions asked here.
A = 1
TXT = 16

#: Recursion is desired: the nameserver may be a resolver. One question, and one additional record (OPT).
_HEADER = bytes.fromhex("0100 0001 0000 0000 0001".replace(" ", ""))
#: EDNS version 0 without options, so that an Extended DNS Error may come back, with a payload that no path fragments.
#: Source: RFC 6891; RFC 9715 and DNS flag day 2020 (1232).
_OPT = struct.pack(">BHHIH", 0, 41, 1232, 0, 0)
_HEADER_LENGTH = 12
#: Source: RFC 1035 section 2.3.4.
_LONGEST_LABEL = 63
_LONGEST_NAME = 255

_CLASS_IN = 1
_TYPE_SOA = 6
_POINTER = 0xC0
_RECORD = struct.Struct(">HHIH")
#: Two names of at least one byte, and five numbers.
_SHORTEST_SOA = 22
_LONGEST_TTL = 2**31 - 1
#: No cache should keep a record, or an absence, for longer: seven days, one day. Nobody waits for 68 years to be sure.
#: Source: RFC 8767 section 4; RFC 2308 section 5.
_LONGEST_KEPT_S = 604_800
_LONGEST_KEPT_ABSENCE_S = 86_400

_OCTETS = {str(number): bytes([len(str(number))]) + str(number).encode() for number in range(256)}

#: Flags and the first two counts of a reply that says "no such name" and nothing else: QR set, opcode 0, TC clear,
#: RCODE 3, one question, no answer. AA, RD, RA, AD and CD may be either.
_NO_SUCH_NAME = frozenset(
    struct.pack(">HHH", 0x8003 | aa << 10 | rd << 8 | ra << 7 | ad << 5 | cd << 4, 1, 0)
    for aa, rd, ra, ad, cd in product((0, 1), repeat=5)
)
#: How many authority and additional records a plain answer has: a SOA or none, an OPT or none.
_PLAIN_COUNTS = {struct.pack(">HH", soa, opt): (soa, opt) for soa, opt in product((0, 1), repeat=2)}

#: What `plain_absence` gives for an answer without a SOA.
NO_TTL = -1


class Unaskable(ValueError):
    """A name that DNS cannot carry: an empty or too long label, or more than 255 bytes."""


def labels(target: Target) -> bytes:
    """Encode the part of the name that stands for the target: what `core.question.reversed_labels` says, as bytes.

    Raises: Unaskable.
    """
    if target.family is Family.IPV4:
        a, b, c, d = target.text.split(".")
        return _OCTETS[d] + _OCTETS[c] + _OCTETS[b] + _OCTETS[a]
    if target.family is Family.IPV6:
        encoded = bytearray(b"\x01" * 64)
        encoded[1::2] = socket.inet_pton(socket.AF_INET6, target.text).hex()[::-1].encode()
        return bytes(encoded)
    return _encode(target.text)


def ending(zone: str, kind: int, *, keyed: bool) -> bytes:
    """Encode what follows the target's labels in every question: the zone, the type, the class.

    Lower case, but for a key, which is sent as it was given.
    Raises: Unaskable.
    """
    return _encode(zone if keyed else zone.lower()) + struct.pack(">BHH", 0, kind, _CLASS_IN)


def opening(key_first: str) -> bytes:
    """Encode what comes before the target's labels: the key of a list that wants it there, and mostly nothing.

    Raises: Unaskable.
    """
    return _encode(key_first) if key_first else b""


def question(target: Target, tail: bytes, head: bytes = b"") -> bytes:
    """Join a question section; `tail` is an `ending`, `head` an `opening`.

    Raises: Unaskable.
    """
    section = head + labels(target) + tail
    if len(section) > _LONGEST_NAME + 4:
        raise Unaskable("the name has more than 255 bytes")
    return section


def packet(number: bytes, section: bytes) -> bytes:
    """Join the whole query from its two bytes of id and its question."""
    return number + _HEADER + section + _OPT


def answers(reply: bytes, section: bytes) -> bool:
    """Whether a reply answers this question: QR set, an ordinary query, and the same question, in any case of letters.

    The id, and the socket that it came on, have been compared before. Source: RFC 5452 section 9.1; RFC 4343.
    """
    end = _HEADER_LENGTH + len(section)
    if len(reply) < end or reply[2] & 0xF8 != 0x80 or reply[4:6] != b"\x00\x01":
        return False
    echoed = reply[_HEADER_LENGTH:end]
    # Lengths of labels, type and class are no letters, so lowering the bytes changes letters only.
    return echoed == section or echoed.lower() == section.lower()


def truncated(reply: bytes) -> bool:
    """Whether TC is set: the rest has to be fetched over TCP."""
    return bool(reply[2] & 0x02)


def plain_absence(reply: bytes, section: bytes) -> int | None:
    """Read a plain "no such name": for how many seconds a cache may repeat it, `NO_TTL` without a SOA; None: not plain.

    Plain: NXDOMAIN, not truncated, no answers, at most a SOA of the name or a parent of it and an OPT without
    options, and nothing after that. So nothing that could carry another meaning (an Extended DNS Error, a CNAME) or
    break its own counts passes as plain. The reply has been matched with its question by `answers`.
    """
    counts = _PLAIN_COUNTS.get(reply[8:12])
    if counts is None or reply[2:8] not in _NO_SUCH_NAME:
        return None
    has_soa, has_opt = counts
    start, end = _HEADER_LENGTH + len(section), len(reply)
    if has_opt:
        end -= len(_OPT)
        if end < start or not _is_empty_opt(reply[end:]):
            return None
    if not has_soa:
        return NO_TTL if start == end else None
    return _negative_ttl(reply, start, end)


def _is_empty_opt(record: bytes) -> bool:
    """Whether it is an OPT of version 0 without options, and without the upper bits of an extended rcode."""
    return record[:3] == b"\x00\x00\x29" and record[5:7] == b"\x00\x00" and record[9:] == b"\x00\x00"


def _negative_ttl(reply: bytes, start: int, end: int) -> int | None:
    owner_end = _end_of_owner(reply, start)
    if owner_end is None or owner_end + _RECORD.size > end:
        return None
    kind, rdclass, ttl, length = _RECORD.unpack_from(reply, owner_end)
    if kind != _TYPE_SOA or rdclass != _CLASS_IN or length < _SHORTEST_SOA:
        return None
    if owner_end + _RECORD.size + length != end:
        return None
    minimum = int.from_bytes(reply[end - 4 : end], "big")
    return sane_negative_ttl(ttl, minimum)


def sane_ttl(ttl: int) -> int:
    """Read a TTL, as caches do; one with its highest bit set counts as 0. Source: RFC 2181 section 8."""
    return min(ttl, _LONGEST_KEPT_S) if ttl <= _LONGEST_TTL else 0


def sane_negative_ttl(ttl: int, minimum: int) -> int:
    """For how long a cache may repeat an absence, from its SOA's TTL and minimum. Source: RFC 2308 section 5."""
    return min(sane_ttl(ttl), sane_ttl(minimum), _LONGEST_KEPT_ABSENCE_S)


def _end_of_owner(reply: bytes, start: int) -> int | None:
    """Where the owner's name ends, if it is the root or points to the name in question or a parent of it; else None."""
    if start + 2 > len(reply):
        return None
    first = reply[start]
    if first == 0:
        return start + 1
    if first < _POINTER:
        return None
    aim = (first & ~_POINTER) << 8 | reply[start + 1]
    label = _HEADER_LENGTH
    while label < aim and reply[label]:
        label += reply[label] + 1
    return start + 2 if label == aim else None


def _encode(name: str) -> bytes:
    encoded = bytearray()
    for label in name.split("."):
        try:
            raw = label.encode("ascii")
        except UnicodeEncodeError as error:
            raise Unaskable("a label is not ASCII") from error
        if not 0 < len(raw) <= _LONGEST_LABEL:
            raise Unaskable("a label is empty or has more than 63 bytes")
        encoded.append(len(raw))
        encoded += raw
    return bytes(encoded)
