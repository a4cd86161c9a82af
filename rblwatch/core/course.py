"""How incidents about one list open, grow and end, as the list is seen from time to time.

A list is seen family by family (IPv4, IPv6, names), and a family that fails is in one incident. Families that fail for
the same cause share one; another cause is another incident, so that a family which never works hides no other one. Not
all families are asked at the same moment: what was not asked since a trouble began may be in it as well, and what was
not asked since another family recovered may have recovered, too.

Owns which incidents there are, and which of their turns people are told. Must not know who is told, nor how.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from rblwatch.core.incident import Condition, Incident, loud, notable, worst
from rblwatch.core.soundness import Flaw, Soundness, State
from rblwatch.core.target import Family


@dataclass(frozen=True, slots=True)
class Sight:
    """How a list stands for one family, as it was seen last."""

    condition: Condition
    checked_at: datetime
    distrusted: bool = False
    """It was caught lying, and the good word of its probes may be a copy from before."""

    @property
    def well(self) -> bool:
        """Whether it can be believed, without a doubt."""
        return self.condition.soundness.trusted and not self.distrusted


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A list as it stands at one moment."""

    blocklist: str
    zone: str
    asked: frozenset[Family]
    """The families that it is asked about."""
    sights: Mapping[Family, Sight]
    """Of those, the ones that it was asked about already."""
    at: datetime
    blind_after: timedelta
    excused: frozenset[Family] = frozenset()
    """Families whose trouble is the resolver's: they are in no incident about the list."""


class Turn(StrEnum):
    """What becomes of an incident."""

    OPENED = "opened"
    GROWN = "grown"  # it is worse than people were told: they are told once more
    ADJUSTED = "adjusted"  # which families are concerned is known better: nothing is told
    ENDED = "ended"


def follow(incidents: Sequence[Incident], view: View) -> list[tuple[Turn, Incident]]:
    """Say what becomes of a list's open incidents, and which new ones there are; nothing for what goes on as it is.

    A new one has the id 0.
    """
    gone_on = [_go_on(incident, view) for incident in incidents]
    lasting = [incident for _, incident in gone_on if incident.stands]
    free = view.asked - view.excused - {family for incident in lasting for family in incident.families}
    turns: list[tuple[Turn, Incident]] = []
    for turn, before in gone_on:
        after = before
        if before.stands:
            joining = {family for family in free if _joins(family, before, view)}
            free -= joining
            after = _known_better(replace(before, families=before.families | joining), view)
            if turn is None and after != before:
                # Whoever was told of some families only does not know yet of the others.
                turns.append((Turn.GROWN if joining and before.partial else Turn.ADJUSTED, after))
                continue
        if turn is not None:
            turns.append((turn, after))
    return turns + _opened(free, view)


def _go_on(incident: Incident, view: View) -> tuple[Turn | None, Incident]:
    """What becomes of one incident, by its own families alone."""
    sights = {family: view.sights[family] for family in incident.families if family in view.sights}
    ailing = {family: sight for family, sight in sights.items() if not sight.well}
    if not ailing:
        return Turn.ENDED, replace(incident, ended_at=view.at)
    back = sights.keys() - ailing.keys()
    if back and _stay_behind(ailing.values(), max(sights[family].condition.since_at for family in back), view):
        return Turn.ENDED, replace(incident, families=frozenset(back), partial=True, ended_at=view.at)
    grave = worst(sight.condition for sight in ailing.values() if loud(sight.condition.soundness.flaw))
    if grave is not None and not loud(incident.flaw):
        return Turn.GROWN, _told_as(incident, grave.soundness)
    return None, incident


def _stay_behind(ailing: Iterable[Sight], back_at: datetime, view: View) -> bool:
    """Whether some families go on failing though others have recovered; not all are asked at the same moment."""
    return view.at - back_at >= view.blind_after and all(
        sight.checked_at >= back_at and not sight.condition.soundness.trusted for sight in ailing
    )


def _joins(family: Family, incident: Incident, view: View) -> bool:
    """Whether a family that is in no incident is in this one's trouble.

    At once where the list was held to be in trouble as a whole; otherwise it is as much news as a new incident.
    """
    sight = view.sights.get(family)
    if sight is None or sight.condition.soundness.trusted or sight.checked_at < incident.since_at:
        return False
    soundness = sight.condition.soundness
    alike = _cause(soundness) == _cause(incident.soundness)
    return alike and (not incident.partial or notable(sight.condition, view.at, view.blind_after))


def _opened(free: frozenset[Family], view: View) -> list[tuple[Turn, Incident]]:
    """New incidents, one for each cause."""
    failing = {
        family: view.sights[family].condition
        for family in free & view.sights.keys()
        if not view.sights[family].condition.soundness.trusted
    }
    opened: list[tuple[Turn, Incident]] = []
    while True:
        grave = worst(c for c in failing.values() if notable(c, view.at, view.blind_after))
        if grave is None:
            return opened
        alike = {family for family, c in failing.items() if _cause(c.soundness) == _cause(grave.soundness)}
        failing = {family: condition for family, condition in failing.items() if family not in alike}
        opened.append((Turn.OPENED, _new(grave, frozenset(alike), view)))


def _new(condition: Condition, families: frozenset[Family], view: View) -> Incident:
    soundness = condition.soundness
    incident = Incident(
        id=0,
        blocklist=view.blocklist,
        zone=view.zone,
        state=soundness.state,
        reason=soundness.reason,
        flaw=soundness.flaw,
        detail=soundness.detail,
        since_at=condition.since_at,
        opened_at=view.at,
        families=families,
    )
    return _known_better(incident, view)


def _told_as(incident: Incident, soundness: Soundness) -> Incident:
    return replace(
        incident, state=soundness.state, reason=soundness.reason, flaw=soundness.flaw, detail=soundness.detail
    )


def _known_better(incident: Incident, view: View) -> Incident:
    """The incident with what is known of the other families: one that was not asked since may be in it as well."""
    others = (view.sights.get(family) for family in view.asked - incident.families)
    return replace(incident, partial=any(s is not None and s.checked_at >= incident.since_at for s in others))


def _cause(soundness: Soundness) -> object:
    """What two families have in common that fail for the same cause."""
    if loud(soundness.flaw):
        return Flaw.WILDCARD
    return (
        (soundness.state, soundness.flaw or soundness.reason) if soundness.state is State.UNSOUND else soundness.state
    )
