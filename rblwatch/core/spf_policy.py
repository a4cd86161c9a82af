"""An SPF record with everything that it refers to looked up: who may send for a domain.

Owns what a policy is made of. Must not know how it was looked up (that is `spf_walk`), nor which of its addresses are
watched (that is `senders`).

A receiver has one sender's address and stops at the first mechanism that matches it. We have none and want all
addresses, so the outcome of every mechanism is kept, as a step. What a receiver would say of an address can be read
from the steps, up to the first one that is opaque: that depends on the message, or was not followed on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rblwatch.core.lookup import Query
from rblwatch.core.question import Failed
from rblwatch.core.spf import All, Qualifier
from rblwatch.core.target import Network


class Obstacle(StrEnum):
    """Why nobody can say, without a message, whom a mechanism allows."""

    MACRO = "macro"
    EXISTS = "exists"
    PTR = "ptr"
    THIRD_PARTY = "third-party"


class Error(StrEnum):
    """What a receiver makes of a policy that it cannot use."""

    NONE = "none"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


@dataclass(frozen=True, slots=True)
class Trouble:
    """An error, and why; it makes the outcome for every address that got that far."""

    error: Error
    detail: str
    """For people, starting with a verb; cleaned."""
    failed: Failed | None = None
    """Of a temporary error."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A query that failed."""

    query: Query
    failed: Failed


@dataclass(frozen=True, slots=True)
class Matching:
    """`ip4`, `ip6`, `a` and `mx`: matches these networks."""

    text: str
    qualifier: Qualifier
    networks: tuple[Network, ...]
    lost: tuple[Lost, ...] = ()


@dataclass(frozen=True, slots=True)
class Nested:
    """`include`: matches whom that policy passes."""

    text: str
    qualifier: Qualifier
    policy: Policy


@dataclass(frozen=True, slots=True)
class Opaque:
    """A mechanism that was not followed; of a third party, `name` says which."""

    text: str
    qualifier: Qualifier
    obstacle: Obstacle
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Broken:
    """A mechanism, or `redirect`, that ends in an error for whoever gets there."""

    text: str
    trouble: Trouble


Step = All | Matching | Nested | Opaque | Broken


@dataclass(frozen=True, slots=True)
class Policy:
    """The outcome for one domain."""

    domain: str
    steps: tuple[Step, ...] = ()
    """In the order in which they are tried."""
    redirect: Policy | Opaque | Broken | None = None
    """What is asked when no step matches."""
    trouble: Trouble | None = None
    """There are no steps, for this reason."""
