"""One cause behind many symptoms: a list died, lies, or refuses us.

Owns when a list's trouble is worth telling, and when it ends the list's listings; how incidents follow one another is
`course.py`'s. Must not know servers: an incident is about a list or the resolver, and pages nobody about a server.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from rblwatch.core.question import Reason
from rblwatch.core.soundness import Flaw, Soundness, State
from rblwatch.core.target import Family

#: A list that stays unsound this long is as good as retired: its listings end. Source: design, law 8.
RETIRED_AFTER = timedelta(days=30)

#: From best to worst, for the one state that stands for a list over all families.
WORSENING = (State.SOUND, State.UNVERIFIED, State.REFUSING, State.UNREACHABLE, State.UNSOUND)

#: Flaws that would ring every phone.
_LOUD = (Flaw.WILDCARD, Flaw.INVERTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A list that cannot be believed, or a nameserver that makes it so for many, for one cause, from when to when."""

    id: int
    blocklist: str
    """Empty: it is about a nameserver."""
    zone: str
    """The list's, or the nameservers, each as `host:port`."""
    state: State
    reason: Reason | None
    flaw: Flaw | None
    detail: str
    since_at: datetime
    opened_at: datetime
    ended_at: datetime | None = None
    families: frozenset[Family] = frozenset()
    """The families that it is about."""
    partial: bool = False
    """The list was seen since for other families, and is not in this trouble there."""

    @property
    def stands(self) -> bool:
        """Whether it lasts."""
        return self.ended_at is None

    @property
    def soundness(self) -> Soundness:
        """The trouble that it is about."""
        return Soundness(self.state, self.reason, self.flaw, self.detail)

    @property
    def about_resolver(self) -> bool:
        """Whether it is about a nameserver, and what it did to many lists."""
        return not self.blocklist


@dataclass(frozen=True, slots=True)
class Condition:
    """The soundness of a list, and since when it has been so."""

    soundness: Soundness
    since_at: datetime
    """Since when it is believed, or is not, whatever the troubles were meanwhile."""
    unsound_at: datetime | None = None
    """When it first failed its self-test after it was believed last; None while it is believed, or never failed it."""

    @property
    def state_since_at(self) -> datetime:
        """Since when it is in its state: one that is unsound now may have been out of reach before."""
        is_unsound = self.soundness.state is State.UNSOUND
        return self.unsound_at if is_unsound and self.unsound_at is not None else self.since_at


def worst(conditions: Iterable[Condition]) -> Condition | None:
    """The condition that stands for a list; for the same state a loud flaw first, then what lasts longest."""
    ranked = sorted(
        conditions, key=lambda c: (-WORSENING.index(c.soundness.state), not loud(c.soundness.flaw), c.since_at)
    )
    return ranked[0] if ranked else None


def loud(flaw: Flaw | None) -> bool:
    """Whether a list lists what it must not."""
    return flaw in _LOUD


def notable(condition: Condition, now: datetime, blind_after: timedelta) -> bool:
    """Whether people are to be told about a list's condition now.

    A list that lists what it must not would ring every phone, so it is told at once; anything else that blinds us
    may be a passing fault and is told after `blind_after`.
    """
    if condition.soundness.trusted:
        return False
    if loud(condition.soundness.flaw):
        return True
    return now - condition.since_at >= blind_after


def retired(condition: Condition, now: datetime) -> bool:
    """Whether a list has been unsound for so long that its listings end.

    Being out of reach meanwhile does not make it sound; having been out of reach before does not make it unsound.
    """
    if condition.soundness.state is not State.UNSOUND or condition.unsound_at is None:
        return False
    return now - condition.unsound_at >= RETIRED_AFTER
