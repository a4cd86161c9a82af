"""What the loopback nameserver says to one packet.

Owns the step from a question's bytes and the zones to an answer's bytes. Must not know sockets, nor wait.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.TXT
import dns.rrset

from rblwatch.demo.zone import Entry, Mode, Zone

#: What a client takes over UDP that does not say more. Source: RFC 1035 section 4.2.1; RFC 6891 section 6.2.3.
_SMALLEST_UDP = 512
#: What this server takes over UDP, so that nothing is sent in fragments. Source: RFC 9715.
_OUR_UDP = 1232
_LARGEST = 65_535
#: Id, flags and four counts. Source: RFC 1035 section 4.1.1.
_HEADER = struct.Struct("!HHHHHH")
#: The opcode and "recursion desired", which an answer repeats.
_REPEATED = 0x7900

#: Resolvers answer "no such name" to these without asking anybody. Source: RFC 6761 section 6.4.
_INVALID = dns.name.from_text("invalid.")

_RCODES = {Mode.REFUSING: dns.rcode.REFUSED, Mode.SERVFAIL: dns.rcode.SERVFAIL}
_IN = dns.rdataclass.IN

Zones = Mapping[dns.name.Name, Zone]


@dataclass(frozen=True, slots=True)
class Reply:
    """One packet to send, and how long to hold it back."""

    wire: bytes
    delay_s: float = 0.0


def respond(wire: bytes, zones: Zones, *, stream: bool) -> Reply | None:
    """Answer one packet; None where nothing is sent back.

    Total: no packet makes it raise. An answer larger than the client takes is cut, and says so, unless it goes over
    a `stream`.
    """
    if len(wire) < _HEADER.size or wire[2] & 0x80:  # no header, or itself an answer: two servers could talk for ever
        return None
    if wire[2] >> 3 & 0xF != dns.opcode.QUERY:
        return _refusal(wire, dns.rcode.NOTIMP)
    try:
        query = dns.message.from_wire(wire)
    except dns.exception.DNSException:
        return _refusal(wire, dns.rcode.FORMERR)
    if len(query.question) != 1:
        return _refusal(wire, dns.rcode.FORMERR)
    return _answer(query, zones, stream=stream)


def _refusal(wire: bytes, rcode: dns.rcode.Rcode) -> Reply:
    """A header alone, for a packet whose body is not to be relied on."""
    number, flags, *_ = _HEADER.unpack_from(wire)
    return Reply(_HEADER.pack(number, dns.flags.QR | flags & _REPEATED | rcode, 0, 0, 0, 0))


def _answer(query: dns.message.Message, zones: Zones, *, stream: bool) -> Reply | None:
    asked = query.question[0]
    zone = _zone_of(asked.name, zones)
    if zone is not None and zone.mode is Mode.DROP:
        return None
    response = dns.message.make_response(query, our_payload=_OUR_UDP)
    if query.edns > 0:
        response.set_rcode(dns.rcode.BADVERS)
    elif asked.rdclass != _IN:
        response.set_rcode(dns.rcode.REFUSED)
    elif zone is None:
        response.set_rcode(dns.rcode.NXDOMAIN if asked.name.is_subdomain(_INVALID) else dns.rcode.REFUSED)
    elif zone.mode in _RCODES:
        response.set_rcode(_RCODES[zone.mode])
    else:
        _fill(response, zone)
    largest = _LARGEST if stream else max(_SMALLEST_UDP, query.payload)
    return Reply(response.to_wire(max_size=largest, prefer_truncation=True), zone.delay_s if zone else 0.0)


def _zone_of(name: dns.name.Name, zones: Zones) -> Zone | None:
    """The zone that a name is in; of two, one inside the other, the inner one."""
    while name != dns.name.root:
        if zone := zones.get(name):
            return zone
        name = name.parent()
    return None


def _fill(response: dns.message.Message, zone: Zone) -> None:
    """Say what the zone holds, or that it holds nothing."""
    response.flags |= dns.flags.AA
    asked = response.question[0]
    owner = asked.name.to_text(omit_final_dot=True).lower()
    apex, entry = owner == zone.name, zone.entry(owner)
    records = _apex_records(zone, asked.rdtype) if apex else _records(entry, asked.rdtype)
    if records:
        response.answer.append(dns.rrset.from_rdata_list(asked.name, zone.ttl_s, records))
        return
    if not apex and entry is None:
        response.set_rcode(dns.rcode.NXDOMAIN)
    # For how long a "no" may be repeated stands in the SOA beside it. Source: RFC 2308 section 3.
    soa = _apex_records(zone, dns.rdatatype.SOA)
    response.authority.append(dns.rrset.from_rdata_list(dns.name.from_text(zone.name), zone.negative_ttl_s, soa))


def _apex_records(zone: Zone, kind: dns.rdatatype.RdataType) -> list[dns.rdata.Rdata]:
    match kind:
        case dns.rdatatype.SOA:
            numbers = f"1 3600 600 86400 {zone.negative_ttl_s}"
            return [dns.rdata.from_text(_IN, kind, f"ns.{zone.name}. hostmaster.{zone.name}. {numbers}")]
        case dns.rdatatype.NS:
            return [dns.rdata.from_text(_IN, kind, f"ns.{zone.name}.")]
        case _:
            return []


def _records(entry: Entry | None, kind: dns.rdatatype.RdataType) -> list[dns.rdata.Rdata]:
    if entry is None:
        return []
    match kind:
        case dns.rdatatype.A:
            return [dns.rdata.from_text(_IN, kind, code) for code in entry.codes]
        case dns.rdatatype.TXT if entry.text:
            text = entry.text.encode()
            # Strings of at most 255 octets each. Source: RFC 1035 section 3.3.
            pieces = [text[start : start + 255] for start in range(0, len(text), 255)]
            return [dns.rdtypes.ANY.TXT.TXT(_IN, kind, pieces)]
        case _:
            return []
