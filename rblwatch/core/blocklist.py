"""A DNS list: its zone, what its answers mean, how it is tested, how fast it may be asked.

Owns the reading of return codes. Must not know how answers are fetched, nor where the descriptions come from.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network

from rblwatch.core.matching import CodeBit, CodePattern, CodeRange, Refusal, covers
from rblwatch.core.target import Family, Target

#: Answers of a DNSBL stay inside this range; anything else is a parked zone or a rewriting resolver.
#: Source: RFC 5782 section 2.1.
LISTING_RANGE = IPv4Network("127.0.0.0/8")

#: What many operators answer to a query that they do not serve, unless the list's own table says otherwise.
#: Source: Spamhaus "DNSBL return codes" (127.255.255.0/24); RFC 5782 section 5 (127.0.0.1 is never a listing).
COMMON_REFUSALS = (IPv4Network("127.255.255.0/24"), IPv4Network("127.0.0.1/32"))


class Severity(StrEnum):
    """What a listing does to mail delivery, from "reported" to "many large receivers reject"."""

    INFORMATIONAL = "informational"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Position from 0 (informational) to 3 (critical)."""
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


class Claim(StrEnum):
    """What kind of thing a return code claims about its target."""

    LISTED = "listed"
    INFO = "info"  # a fact worth showing: listed, at severity informational
    NEUTRAL = "neutral"  # a normal answer of a reputation scale
    ALLOW = "allow"  # a good word


class Kind(StrEnum):
    """What a list is asked about, and whether being on it is bad."""

    IP = "ip"
    DOMAIN = "domain"
    ALLOW = "allow"


class Scope(StrEnum):
    """What an entry is made for: the target itself, or much more, of which the target is a part."""

    ADDRESS = "address"
    DOMAIN = "domain"
    RANGE = "range"
    AS = "as"  # all networks of one provider (autonomous system)
    COUNTRY = "country"

    @property
    def width(self) -> int:
        """From 0 (the target itself) upwards; the wider, the less the target's own admin can do about it."""
        return _WIDTHS[self]


_WIDTHS = {Scope.ADDRESS: 0, Scope.DOMAIN: 0, Scope.RANGE: 1, Scope.AS: 2, Scope.COUNTRY: 3}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one return code says."""

    label: str
    severity: Severity
    claim: Claim = Claim.LISTED
    text: str = ""
    """The code's meaning in a sentence, for people; `{2}`, `{3}` and `{4}` stand for octets of the code."""
    scope: Scope = Scope.ADDRESS


@dataclass(frozen=True, slots=True)
class Code:
    """A row of a list's table: which answers, and what they say."""

    match: CodeRange | CodePattern | CodeBit
    meaning: Meaning


@dataclass(frozen=True, slots=True)
class SelfTest:
    """Points whose right answers are known. No listed point: the list can be tested on its negative side only."""

    listed: tuple[Target, ...] = ()
    clear: tuple[Target, ...] = ()


#: Source: RFC 5782 section 5.
RFC5782_SELFTEST = SelfTest(
    listed=(
        Target("127.0.0.2", Family.IPV4),
        Target("::ffff:7f00:2", Family.IPV6),
        Target("test", Family.NAME),
    ),
    clear=(
        Target("127.0.0.1", Family.IPV4),
        Target("::ffff:7f00:1", Family.IPV6),
        Target("invalid", Family.NAME),
    ),
)


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the operator allows a list to be asked; None where no number is known."""

    per_second: float | None = None
    per_day: int | None = None
    """Of all lists of the same operator together."""
    interval_s: int | None = None
    """Seconds in which the list's data does not change, so that asking again about the same target tells nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocklist:
    """A DNS list, as it is asked and read here."""

    id: str
    zone: str = field(repr=False)
    """Lower case, without a final dot; holds the key where the list wants one (then `keyed`)."""
    kind: Kind = Kind.IP
    name: str = ""
    operator: str = ""
    families: frozenset[Family] = frozenset({Family.IPV4, Family.IPV6})
    """What the list has entries about; nothing else is asked of it, and an absence there would mean nothing."""
    codes: tuple[Code, ...] = ()
    """Several rows may match one code (bits); where an exact row matches, it alone counts."""
    refusals: tuple[Refusal, ...] = COMMON_REFUSALS
    """Answers that mean "you may not ask", unless `codes` names the very same address."""
    otherwise: Meaning = Meaning("listed", Severity.MAJOR)
    """For a code inside 127.0.0.0/8 that the table lacks: seen, reported, never critical."""
    ignored: tuple[IPv4Address, ...] = ()
    """Codes that the admin does not want to hear of: read as neutral."""
    accepted: frozenset[Target] = frozenset()
    """Targets whose listing here the admin has accepted."""
    selftest: SelfTest = RFC5782_SELFTEST
    lists_reserved: bool = False
    """It lists documentation addresses, rightly: they cannot tell whether it lists everything."""
    pace: Pace = Pace()
    scope: Scope = Scope.ADDRESS
    """Of codes without one of their own."""
    keyed: bool = False
    """The query name holds a secret: it is never logged, shown or stored."""
    key_first: str = field(default="", repr=False)
    """The key, where the list wants it before the target's labels and not in the zone (then `keyed`)."""
    lacks_key: bool = False
    """The list answers only with a key, and there is none: asking it is in vain."""
    account: str = ""
    """Who counts the questions: lists of one account share its daily number. Empty: the operator."""
    registrable: bool = False
    """Of a domain list: it knows registrable domains only, so that is what of a longer name is asked."""
    public_zone: str = ""
    """The zone without its key, for people; empty where they are the same."""
    lookup_url: str = ""
    delist_url: str = ""
    note: str = ""

    @property
    def shown_zone(self) -> str:
        """The zone that may be shown: never with a key in it."""
        return self.public_zone or self.zone

    @property
    def counted_by(self) -> str:
        """Who counts the questions: all of his lists share one daily number."""
        return self.account or self.operator or self.id

    def meanings(self, code: IPv4Address) -> tuple[Meaning, ...]:
        """All that one code inside 127.0.0.0/8 says, at least one meaning; never a refusal's."""
        rows = [row for row in self.codes if row.match.matches(code)]
        exact = [row for row in rows if isinstance(row.match, CodeRange) and row.match.first == row.match.last]
        said = tuple(_spelt_out(row.meaning, code) for row in exact or rows) or (self.otherwise,)
        if code in self.ignored:
            return tuple(replace(meaning, claim=Claim.NEUTRAL) for meaning in said)
        return said

    def refuses(self, code: IPv4Address) -> bool:
        """Whether the code is the list's "you may not ask"; its own table wins over the common refusals."""
        named = any(
            isinstance(row.match, CodeRange) and row.match.first == row.match.last == code for row in self.codes
        )
        return not named and any(covers(refusal, code) for refusal in self.refusals)

    def scope_of(self, codes: Iterable[IPv4Address]) -> Scope:
        """What a listing under these codes is made for: the narrowest scope that any of them has."""
        said = [meaning for code in codes for meaning in self.meanings(code)]
        return min((meaning.scope for meaning in said), key=lambda scope: scope.width, default=self.scope)


def _spelt_out(meaning: Meaning, code: IPv4Address) -> Meaning:
    if "{" not in meaning.text:
        return meaning
    text = meaning.text
    for position, octet in enumerate(code.packed, start=1):
        text = text.replace(f"{{{position}}}", str(octet))
    return replace(meaning, text=text)


def bare(zone: str, *, families: frozenset[Family] | None = None, kind: Kind = Kind.IP) -> Blocklist:
    """A list of which only the zone is known: RFC 5782 self-test, the common refusals, any other code a listing."""
    zone = zone.strip().rstrip(".").lower()
    if kind is not Kind.DOMAIN:
        both = frozenset({Family.IPV4, Family.IPV6})
        return Blocklist(id=zone, zone=zone, kind=kind, name=zone, families=families or both)
    return Blocklist(
        id=zone,
        zone=zone,
        kind=kind,
        name=zone,
        families=families or frozenset({Family.NAME}),
        otherwise=Meaning("listed", Severity.MAJOR, scope=Scope.DOMAIN),
        scope=Scope.DOMAIN,
    )


def link(template: str, target: Target | str) -> str | None:
    """A look-up or delisting page for a target: `{ip}` and `{domain}` stand for its text; None if there is no page.

    Templates come from the catalogue and the configuration only, and a target's text is canonical, so nothing
    needs escaping.
    """
    if not template:
        return None
    return template.replace("{ip}", str(target)).replace("{domain}", str(target))
