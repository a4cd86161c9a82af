"""What one registered name came to: addresses to watch, and everything that was seen and is not watched.

Owns the shape of a finding. Must not know how names are looked up, nor what was found before.

An origin has *parts*, since some of its look-ups may fail while others are answered: a family of a host, a mechanism of
an SPF policy. A part is a path of words, and holds those that start with it; the part `""` is the whole.

A part is *in doubt* where nobody knows whether it stands for its targets, since what may take them out could not be
looked up: an earlier mechanism of a policy that does not pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from ipaddress import ip_address

from rblwatch.core.question import Reason
from rblwatch.core.settings import Server
from rblwatch.core.target import Network, Target, remark
from rblwatch.core.wording import several


class OriginKind(StrEnum):
    """Where targets come from, besides registered addresses."""

    HOSTNAME = "hostname"
    """The addresses of a registered host name."""
    MX = "mx"
    """The mail exchangers of a domain in `senders_of`."""
    SPF = "spf"
    """Whom such a domain allows to send for it."""


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """A registered name, and what is made of it; findings are remembered by it."""

    kind: OriginKind
    name: Target

    def __str__(self) -> str:
        return self.name.text if self.kind is OriginKind.HOSTNAME else f"{self.kind.upper()} of {self.name}"


def origins_of(server: Server) -> tuple[Origin, ...]:
    """All that is looked up for a server, in the order of the configuration."""
    hosts = [Origin(OriginKind.HOSTNAME, name) for name in server.hostnames]
    senders = [Origin(kind, name) for name in server.senders_of for kind in (OriginKind.MX, OriginKind.SPF)]
    return tuple(dict.fromkeys((*hosts, *senders)))


#: The part that holds all others.
WHOLE = ""
#: With this word begins a part that is in doubt; no name and no mechanism is written so.
_DOUBT = "?"
#: So many parts are remembered by which one target was found.
MOST_PARTS = 20
_LONGEST_WORD = 48
_MOST_NAMED = 5
_DIGITS = 16


def part_of(outer: str, *words: str) -> str:
    """The part that words lead to from another one; a long word, which may be hostile, is cut and stays different."""
    short = (
        word if len(word) <= _LONGEST_WORD else f"{word[: _LONGEST_WORD - _DIGITS]}{_digest(word)}" for word in words
    )
    return " ".join((outer, *short)).lstrip()


def _digest(word: str) -> str:
    return sha256(word.encode("utf-8", "backslashreplace")).hexdigest()[:_DIGITS]


def within(part: str, outer: Iterable[str]) -> bool:
    """Whether a part is one of these, or in one of them."""
    return any(one in (WHOLE, part) or part.startswith(f"{one} ") for one in outer)


def in_doubt(part: str) -> str:
    """The same part, where it is in doubt."""
    return f"{_DOUBT} {part}"


def of_doubt(part: str) -> str | None:
    """The part as it is without the doubt; None if it is in none."""
    word, _, rest = part.partition(" ")
    return rest if word == _DOUBT else None


class Why(StrEnum):
    """Why something that was found is not watched."""

    TOO_LARGE = "too-large"
    THIRD_PARTY = "third-party"
    DEPENDS_ON_MESSAGE = "depends-on-message"
    EVERYBODY = "everybody"
    BROKEN = "broken"


def remarks_on(targets: Iterable[Target]) -> tuple[str, ...]:
    """Say of found addresses why no blocklist will ever have them, as is said of registered ones; a line per reason."""
    alike: dict[str, list[str]] = {}
    for target in targets:
        said = remark(ip_address(target.text))
        if said is not None:
            alike.setdefault(said, []).append(target.text)
    return tuple(
        f"{several(some, _MOST_NAMED)} {'is' if len(some) == 1 else 'are each'} {said}, which no blocklist has; "
        f"{'it is' if len(some) == 1 else 'they are'} watched all the same"
        for said, some in alike.items()
    )


@dataclass(frozen=True, slots=True)
class Unwatched:
    """Found, and not watched."""

    what: str
    """As it was published, cleaned."""
    why: Why
    detail: str
    """For people: the reason, and what to do to watch it all the same."""
    network: Network | None = None
    """Of a range: whoever registers it watches it."""
    part: str = field(default=WHOLE, compare=False)


@dataclass(frozen=True, slots=True)
class Failure:
    """A look-up without an answer, or an answer that cannot be read: the targets known before stay."""

    what: str
    """What was looked up, e.g. `AAAA of mx1.example.org`."""
    reason: Reason
    detail: str
    part: str = WHOLE
    """Nothing is known of it."""
    since: datetime | None = None
    """Of one that is remembered: when it failed first, without an answer since."""
    unanswered: bool = False
    """Of one that is remembered: there never was an answer, so that the first one is no news."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one origin came to."""

    origin: Origin
    targets: Mapping[Target, str] = field(default_factory=dict)
    """With how each was found, for people, e.g. `MX mail.example.org`."""
    parts: Mapping[Target, tuple[str, ...]] = field(default_factory=dict)
    """By which parts each target was found; those that are not here, by the whole."""
    unwatched: tuple[Unwatched, ...] = ()
    faults: tuple[str, ...] = ()
    """What is wrong with what was answered, for people: a name that does not exist, a policy that breaks the rules."""
    failures: tuple[Failure, ...] = ()

    doubtful: AbstractSet[Target] = frozenset()
    """Those of the targets that may not be meant: what would take them out failed. All their parts are in doubt."""

    @property
    def complete(self) -> bool:
        """Whether everything was answered, so that a target that is not here is gone."""
        return not self.failures
