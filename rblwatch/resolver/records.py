"""What a DNS message says about the name that was asked, read with dnspython.

Owns the reading of everything that is not a plain "no such name". Must not send anything, nor know what an answer
means for its target. Nothing is raised for any bytes: what cannot be read is a failure, which is a value.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.CNAME
import dns.rdtypes.ANY.SOA
import dns.rdtypes.ANY.TXT
import dns.rdtypes.IN.A
import dns.rrset
import dns.wire

from rblwatch.core.question import Absent, Answer, Failed, Found, Reason
from rblwatch.resolver.wire import sane_negative_ttl, sane_ttl

#: How many aliases are followed. Source: facts/protocol, section 5; resolvers stop at 11 to 20.
MOST_LINKS = 16
_LONGEST_TTL = 2**31 - 1
#: Reading a record takes 0.2 ms, during which nobody else is heard: what one list sends must not silence the others.
_MOST_RECORDS = 512
#: Blocked, Censored, Filtered, Prohibited: the resolver stands between us and the list. Source: RFC 8914 section 4.
_FILTERING = range(15, 19)

#: Their class is no class. Source: RFC 6891 section 6.1.2; RFC 8945 section 4.2.
_OF_THE_MESSAGE = frozenset({dns.rdatatype.OPT, dns.rdatatype.TSIG})
#: Source: RFC 6895 section 3.1 (65280 to 65534: private use).
_PRIVATE_TYPE = (65280).to_bytes(2, "big")
#: A length from here on begins a pointer, with which a name ends. Source: RFC 1035 section 4.1.4.
_POINTER = 0xC0
_REFERRED = Failed(Reason.MALFORMED, "referred to other nameservers and said nothing of the name: it is no resolver")


@dataclass(frozen=True, slots=True)
class Words:
    """The TXT records of a name, each with its strings joined, as bytes: hostile, and not cleaned yet."""

    texts: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """The records of one type that a name has, in the order received; one or more."""

    records: tuple[dns.rdata.Rdata, ...]
    ttl_s: int
    """The smallest of theirs, and of the aliases on the way."""


def read(reply: bytes, kind: dns.rdatatype.RdataType) -> Answer | Words:
    """Say what a reply holds for the name in its question: records of this kind (A or TXT), nothing, or a failure.

    As `read_records`.
    """
    answer = read_records(reply, kind)
    if not isinstance(answer, Held):
        return answer
    if kind == dns.rdatatype.TXT:
        return Words(tuple(b"".join(one.strings) for one in answer.records if isinstance(one, dns.rdtypes.ANY.TXT.TXT)))
    addresses = (IPv4Address(one.address) for one in answer.records if isinstance(one, dns.rdtypes.IN.A.A))
    return Found(tuple(dict.fromkeys(addresses)), answer.ttl_s)


def read_records(reply: bytes, kind: dns.rdatatype.RdataType) -> Held | Absent | Failed:
    """Say what a reply holds for the name in its question: records of any kind, nothing, or a failure.

    Records of another owner or class are ignored, aliases are followed inside the answer. A failure's detail starts
    with a verb, for the nameserver's name to be put before it, and quotes nothing from the message.
    Source: RFC 1035 section 4; RFC 2308 sections 2 and 5; RFC 8914.
    """
    if _records_said(reply) > _MOST_RECORDS:
        return Failed(Reason.MALFORMED, f"answered with more than {_MOST_RECORDS} records")
    try:
        return _read(_message(reply), kind)
    except (dns.exception.DNSException, ValueError):
        return Failed(Reason.MALFORMED, "answered with a message that cannot be read")


def _records_said(reply: bytes) -> int:
    """How many records a message says that it holds."""
    return sum(int.from_bytes(reply[start : start + 2], "big") for start in (6, 8, 10))


def _message(reply: bytes) -> dns.message.Message:
    try:
        return dns.message.from_wire(reply, one_rr_per_rrset=True)
    except dns.exception.DNSException:
        return dns.message.from_wire(_with_opaque_strangers(reply), one_rr_per_rrset=True)


def _with_opaque_strangers(reply: bytes) -> bytes:
    """Give records of another class a type of which nothing is known: what is ignored must not break the message.

    An address of class CH, for one, is a name and a number to dnspython.
    Raises: DNSException, where the records are fewer than the message says.
    """
    parser = dns.wire.Parser(reply)
    opaque = bytearray(reply)
    questions, *others = parser.get_struct("!HHHHHH")[2:]
    for _ in range(questions):
        _skip_name(parser)
        parser.get_bytes(4)
    for _ in range(sum(others)):
        _skip_name(parser)
        start = parser.current
        kind, rdclass, _, length = parser.get_struct("!HHIH")
        parser.get_bytes(length)
        if rdclass != dns.rdataclass.IN and kind not in _OF_THE_MESSAGE:
            opaque[start : start + 2] = _PRIVATE_TYPE
    return bytes(opaque)


def _skip_name(parser: dns.wire.Parser) -> None:
    while length := parser.get_uint8():
        if length >= _POINTER:
            parser.get_uint8()
            return
        parser.get_bytes(length)


def _read(message: dns.message.Message, kind: dns.rdatatype.RdataType) -> Held | Absent | Failed:
    if not message.question:
        return Failed(Reason.MALFORMED, "answered without a question")
    if message.flags & dns.flags.TC:
        return Failed(Reason.MALFORMED, "truncated its answer even over TCP")
    rcode = message.rcode()
    said = dns.rcode.to_text(rcode)
    notes = message.extended_errors()
    for note in notes:
        if note.code in _FILTERING:
            return Failed(Reason.FILTERED, f"filters: {said} with the note {_noted(note)}")
    if rcode in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return _follow(message, kind)
    detail = " ".join([f"answered {said}", *(f"({_noted(note)})" for note in notes)])
    return Failed(_REASONS.get(rcode, Reason.MALFORMED), detail)


_REASONS = {dns.rcode.SERVFAIL: Reason.SERVFAIL, dns.rcode.REFUSED: Reason.REFUSED}


def _noted(note: dns.edns.EDEOption) -> str:
    """Name an Extended DNS Error; its text is left out, since it may quote the query name."""
    try:
        return dns.edns.EDECode(note.code).name.replace("_", " ").lower()
    except ValueError:
        return f"extended error {int(note.code)}"


def _follow(message: dns.message.Message, kind: dns.rdatatype.RdataType) -> Held | Absent | Failed:
    name, ttl_s = message.question[0].name, _LONGEST_TTL
    for _ in range(MOST_LINKS + 1):
        records = _records(message.answer, name, kind)
        if records:
            return _found(message, records, min(ttl_s, _ttl_s(records)))
        aliases = _records(message.answer, name, dns.rdatatype.CNAME)
        if not aliases:
            exists = message.rcode() == dns.rcode.NOERROR
            return _REFERRED if _is_referral(message) else Absent(_negative_ttl(message, name), exists=exists)
        targets = {one.target for alias in aliases for one in alias if isinstance(one, dns.rdtypes.ANY.CNAME.CNAME)}
        if len(targets) > 1:
            return Failed(Reason.MALFORMED, "answered with two aliases (CNAME) of one name")
        name, ttl_s = targets.pop(), min(ttl_s, _ttl_s(aliases))
    return Failed(Reason.MALFORMED, f"answered with a loop, or with more than {MOST_LINKS} aliases (CNAME) in a row")


def alias_of(reply: bytes) -> dns.name.Name | None:
    """The name that a reply without records refers to by its aliases, for whoever asks a server that leaves it at that.

    Such a server has the alias in its own data, and looks nothing else up. None: it does not refer to another name.
    """
    message = _message(reply)
    first = name = message.question[0].name
    for _ in range(MOST_LINKS):
        aliases = _records(message.answer, name, dns.rdatatype.CNAME)
        if not aliases:
            break
        name = next(one.target for alias in aliases for one in alias if isinstance(one, dns.rdtypes.ANY.CNAME.CNAME))
    return None if name == first else name


def _is_referral(message: dns.message.Message) -> bool:
    """Whether a message without an answer only names other nameservers, as a server does that is no resolver.

    Source: RFC 2308 section 2.2: NS records and no SOA; who has authority (AA) refers nobody.
    """
    kinds = {rrset.rdtype for rrset in message.authority}
    is_authority = message.rcode() == dns.rcode.NXDOMAIN or message.flags & dns.flags.AA
    return not is_authority and dns.rdatatype.NS in kinds and dns.rdatatype.SOA not in kinds


def _records(
    section: list[dns.rrset.RRset], name: dns.name.Name, kind: dns.rdatatype.RdataType
) -> list[dns.rrset.RRset]:
    """The records of a name, without regard to the case of letters (RFC 4343)."""
    return [
        rrset
        for rrset in section
        if rrset.rdtype == kind and rrset.rdclass == dns.rdataclass.IN and rrset.name == name and len(rrset)
    ]


def _ttl_s(records: list[dns.rrset.RRset]) -> int:
    return min(sane_ttl(record.ttl) for record in records)


def _found(message: dns.message.Message, records: list[dns.rrset.RRset], ttl_s: int) -> Held | Failed:
    if message.rcode() == dns.rcode.NXDOMAIN:
        return Failed(Reason.MALFORMED, "answered NXDOMAIN together with the records of the name")
    return Held(tuple(one for record in records for one in record), ttl_s)


def _negative_ttl(message: dns.message.Message, name: dns.name.Name) -> int | None:
    """Seconds for which a cache may repeat an absence, from the SOA of the name or of a parent."""
    for rrset in message.authority:
        is_soa = rrset.rdtype == dns.rdatatype.SOA and rrset.rdclass == dns.rdataclass.IN
        if is_soa and name.is_subdomain(rrset.name):
            for soa in rrset:
                if isinstance(soa, dns.rdtypes.ANY.SOA.SOA):
                    return sane_negative_ttl(rrset.ttl, soa.minimum)
    return None
