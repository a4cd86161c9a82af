"""SPF records as text: which TXT record is one, and what it is made of.

Owns the grammar of a record. Must not look anything up, nor know what follows from a term: that is `spf_policy`.
Nothing is raised for any bytes: what is no valid record is a fault, which is a value.

Source for all of it: RFC 7208 sections 4.5, 4.6.1, 5, 6 and 12.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from rblwatch.core.errors import RblwatchError
from rblwatch.core.spf_macro import DomainSpec, MacroSyntax, parse_domain_spec, require_macro_string
from rblwatch.core.target import Network
from rblwatch.core.text import clean

_VERSION = b"v=spf1"
_LONGEST_QUOTE = 100

_MODIFIER = re.compile(r"([a-z][a-z0-9_.-]*)=(.*)", re.IGNORECASE | re.DOTALL)
_DIRECTIVE = re.compile(r"([+?~-]?)(all|include|a|mx|ptr|ip4|ip6|exists)((?:[:/].*)?)", re.IGNORECASE | re.DOTALL)
#: Leading zeros are an error, as in the addresses. Source: the RFC's test suite, `cidr4-032`.
_LENGTH = r"(0|[1-9][0-9]{0,2})"
_NAME_AND_LENGTHS = re.compile(rf"(?::(.+?))?(?:/{_LENGTH})?(?://{_LENGTH})?", re.DOTALL)
_NETWORK = re.compile(rf":([0-9a-f.:]+)(?:/{_LENGTH})?", re.IGNORECASE)


class Qualifier(StrEnum):
    """What a match means for the message."""

    PASS = "+"  # noqa: S105 - the RFC's word, and no password
    FAIL = "-"
    SOFTFAIL = "~"
    NEUTRAL = "?"


class Mechanism(StrEnum):
    """Mechanisms that name a domain."""

    A = "a"
    MX = "mx"
    INCLUDE = "include"
    EXISTS = "exists"
    PTR = "ptr"


@dataclass(frozen=True, slots=True)
class All:
    """Matches everybody."""

    text: str
    qualifier: Qualifier


@dataclass(frozen=True, slots=True)
class Addresses:
    """`ip4` and `ip6`."""

    text: str
    qualifier: Qualifier
    network: Network


@dataclass(frozen=True, slots=True)
class Named:
    """A mechanism about a domain: the one given, or that of the record."""

    text: str
    qualifier: Qualifier
    mechanism: Mechanism
    domain: DomainSpec | None = None
    lengths: tuple[int, int] = (32, 128)
    """Prefix lengths for IPv4 and IPv6, of `a` and `mx`."""


Term = All | Addresses | Named


@dataclass(frozen=True, slots=True)
class Record:
    """A valid SPF record."""

    terms: tuple[Term, ...]
    redirect: DomainSpec | None = None


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that breaks the rules: receivers make a permanent error of it."""

    detail: str
    """For people, starting with a verb; what it quotes is cleaned."""


class _Syntax(RblwatchError):
    """A term that SPF's grammar does not have."""


def select(texts: Iterable[bytes]) -> Record | BadRecord | None:
    """Find and read the SPF record among the TXT records of a name; None: it has none."""
    found = [text for text in texts if _is_spf(text)]
    if len(found) > 1:
        return BadRecord(f"has {len(found)} SPF records, and there may be one only")
    return parse(found[0]) if found else None


def parse(text: bytes) -> Record | BadRecord:
    """Read a record that begins with its version."""
    try:
        words = text.decode("ascii")[len(_VERSION) :].split(" ")
        return _record([word for word in words if word])
    except UnicodeDecodeError:
        return BadRecord("has an SPF record with other characters than ASCII")
    except _Syntax as error:
        return BadRecord(str(error))


def _is_spf(text: bytes) -> bool:
    return text[: len(_VERSION)].lower() == _VERSION and text[len(_VERSION) : len(_VERSION) + 1] in (b"", b" ")


def _record(words: Sequence[str]) -> Record:
    terms: list[Term] = []
    modifiers: dict[str, DomainSpec] = {}
    for word in words:
        try:
            if (match := _MODIFIER.fullmatch(word)) is not None:
                _modify(modifiers, match[1].lower(), match[2])
            else:
                terms.append(_term(word))
        except (_Syntax, MacroSyntax) as error:
            raise _Syntax(f"has an SPF record with an error: '{clean(word, _LONGEST_QUOTE)}' {error}") from error
    return Record(tuple(terms), modifiers.get("redirect"))


def _modify(modifiers: dict[str, DomainSpec], name: str, value: str) -> None:
    if name not in ("redirect", "exp"):
        require_macro_string(value)
        return
    if name in modifiers:
        raise _Syntax(f"is the second '{name}'")
    modifiers[name] = parse_domain_spec(value)


def _term(word: str) -> Term:
    match = _DIRECTIVE.fullmatch(word)
    if match is None:
        raise _Syntax("is no mechanism")
    qualifier, name, rest = Qualifier(match[1] or "+"), match[2].lower(), match[3]
    match name:
        case "all":
            if rest:
                raise _Syntax("is more than 'all'")
            return All(word, qualifier)
        case "ip4" | "ip6":
            return Addresses(word, qualifier, _network(name, rest))
        case _:
            return _named(word, qualifier, Mechanism(name), rest)


def _network(name: str, rest: str) -> Network:
    match = _NETWORK.fullmatch(rest)
    if match is None:
        raise _Syntax("is not followed by an address or a range")
    try:
        if name == "ip4":
            return IPv4Network((IPv4Address(match[1]), int(match[2] or 32)), strict=False)
        return IPv6Network((IPv6Address(match[1]), int(match[2] or 128)), strict=False)
    except ValueError as error:
        raise _Syntax("is not followed by an address or a range") from error


def _named(word: str, qualifier: Qualifier, mechanism: Mechanism, rest: str) -> Named:
    if mechanism in (Mechanism.A, Mechanism.MX):
        match = _NAME_AND_LENGTHS.fullmatch(rest)
        if match is None:
            raise _Syntax("is not followed by a domain and prefix lengths")
        lengths = int(match[2] or 32), int(match[3] or 128)
        if lengths[0] > 32 or lengths[1] > 128:
            raise _Syntax("has a prefix length that is too large")
        return Named(word, qualifier, mechanism, parse_domain_spec(match[1]) if match[1] else None, lengths)
    if not rest and mechanism is Mechanism.PTR:
        return Named(word, qualifier, mechanism)
    if not rest.startswith(":"):
        raise _Syntax("is not followed by ':' and a domain")
    return Named(word, qualifier, mechanism, parse_domain_spec(rest[1:]))
