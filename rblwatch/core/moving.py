"""What is held of a name's targets while its addresses come and go, and when a change is news.

Owns the step from what was held and a new finding to what is held now. Must not know how names are looked up, nor who
is told.

A look-up that fails says nothing: all targets stay, and since when it fails is kept. An address that disappears is
watched for a day more, since many names rotate among more addresses than one answer has. So an address is news when it
comes, unless it was there within the day; those that it replaces are named with it. That another one went is news only
when the day is over, or when nothing is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from rblwatch.core.finding import Failure, Finding
from rblwatch.core.target import Target

#: For how long a target is watched after it disappeared. Source: issue 3.
GRACE = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What is held of one origin."""

    targets: Mapping[Target, datetime | None] = field(default_factory=dict)
    """All that are watched, with the moment in which each was first missed; None: it is there, as far as we know."""
    told: frozenset[Target] = frozenset()
    """Those of the missed ones that were told of: when their day is over, that is no news."""
    complete_at: datetime | None = None
    """When everything was last answered; None: never yet, so that nothing that comes is news."""
    failing_since: datetime | None = None
    failures: tuple[Failure, ...] = ()
    """Of the last look-up; the reasons for which old targets are kept."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A change of targets that is news."""

    came: tuple[Target, ...] = ()
    missing: tuple[Target, ...] = ()
    """Not there any more since others came; watched until their day is over."""
    went: tuple[Target, ...] = ()
    """Missed for a day and no longer watched; or, where nothing is left, all of them, which are watched for a day."""
    emptied: bool = False
    """Nothing is left."""


def settle(before: Held, finding: Finding, at: datetime) -> tuple[Held, Moved | None]:
    """Take a finding in; `before` is `Held()` the first time.

    Laws: an incomplete finding takes no target away, and nothing goes by it; what is found is held and not missed;
    only what was held can go; nothing is news before the first complete finding.
    """
    if not finding.complete:
        targets = dict(before.targets) | dict.fromkeys(finding.targets)
        failing_since = before.failing_since or at
        after = Held(
            targets=targets,
            complete_at=before.complete_at,
            failing_since=failing_since,
            failures=finding.failures,
            told=before.told.difference(finding.targets),
        )
    else:
        absent = {target: moment or at for target, moment in before.targets.items() if target not in finding.targets}
        kept = {target: moment for target, moment in absent.items() if at - moment < GRACE}
        after = Held(targets=dict.fromkeys(finding.targets) | kept, complete_at=at)
    moved = None if before.complete_at is None else _news(before, finding, after)
    if finding.complete:
        told = before.told.union((*moved.missing, *moved.went) if moved is not None else ())
        missed = (target for target, moment in after.targets.items() if moment is not None)
        after = replace(after, told=told.intersection(missed))
    return after, moved


def _news(before: Held, finding: Finding, after: Held) -> Moved | None:
    was_empty = None not in before.targets.values()
    is_empty = None not in after.targets.values()
    came = tuple(target for target in finding.targets if was_empty or target not in before.targets)
    # Where nothing is left, that is told at once, and for all; so nothing more is told when their day is over.
    if is_empty:
        gone = [] if was_empty else list(before.targets)
    else:
        gone = [target for target in before.targets if target not in after.targets]
    went = tuple(target for target in gone if target not in before.told)
    missed = (target for target, moment in after.targets.items() if moment is not None and target not in before.told)
    missing = tuple(missed) if came and not is_empty else ()
    return Moved(came, missing, went, is_empty) if came or went else None
