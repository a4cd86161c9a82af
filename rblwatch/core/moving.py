"""What is held of a name's targets while its addresses come and go, and when a change is news.

Owns the step from what was held and a new finding to what is held now. Must not know how names are looked up, nor who
is told.

A look-up that fails says nothing of its part, a family or a mechanism: the targets of that stay, and since when it
fails is kept; the other parts move. What a part is answered with first is where it starts from, and no news. An address
that disappears is watched for a day more, since many names rotate among more addresses than one answer has. So an
address is news when it comes, unless it was there within the day; those that it replaces are named with it. That
another one went is news only when the day is over, or when nothing is left.

What is found in doubt stays as it was. Only where nothing was ever answered completely, it is watched on trial: better
too many than none. That is no news, neither now nor when it turns out to be nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from rblwatch.core.finding import MOST_PARTS, WHOLE, Failure, Finding, of_doubt, within
from rblwatch.core.target import Target

#: For how long a target is watched after it disappeared. Source: issue 3.
GRACE = timedelta(hours=24)
_ALL = (WHOLE,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What is held of one origin."""

    targets: Mapping[Target, datetime | None] = field(default_factory=dict)
    """All that are watched, with the moment in which each was first missed; None: it is there, as far as we know."""
    parts: Mapping[Target, tuple[str, ...]] = field(default_factory=dict)
    """By which parts each was found last; those that are not here, by the whole."""
    told: frozenset[Target] = frozenset()
    """Those of the missed ones that were told of: when their day is over, that is no news."""
    complete_at: datetime | None = None
    """When everything was last answered; None: never yet."""
    failing_since: datetime | None = None
    """Since when something fails that still does."""
    failures: tuple[Failure, ...] = ()
    """Of the last look-up, each with the time since which it fails; the reasons for which old targets are kept."""

    @property
    def unanswered(self) -> frozenset[str]:
        """The parts of which nothing was ever heard: what comes of them is no news."""
        if self.complete_at is None and not self.failures:
            return frozenset({WHOLE})
        return frozenset(failure.part for failure in self.failures if failure.unanswered)

    def on_trial(self, target: Target) -> bool:
        """Whether one that is held was never found without a doubt."""
        return all(of_doubt(part) is not None for part in self.parts.get(target, _ALL))


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

    Laws: what failed takes no target of its parts away, and nothing goes by it; what is found is held and not missed;
    only what was held can go; of what was never answered, nothing is news.
    """
    failures = tuple(_failures(before, finding, at))
    parts = _parts(before, finding)
    certain = finding.targets.keys() - finding.doubtful
    targets: dict[Target, datetime | None] = {
        target: None for target in finding.targets if target in certain or before.complete_at is None
    }
    for target, missed_at in before.targets.items():
        if parts[target]:
            targets[target] = None if target in certain else missed_at
        elif not before.on_trial(target) and at - (missed_at or at) < GRACE:
            targets[target] = missed_at or at
    after = Held(
        targets=targets,
        parts={target: some for target in targets if (some := parts[target] or before.parts.get(target, _ALL)) != _ALL},
        complete_at=at if finding.complete else before.complete_at,
        failing_since=min((failure.since for failure in failures if failure.since), default=None),
        failures=failures,
    )
    moved = _news(before, finding, after)
    told = before.told.union((*moved.missing, *moved.went) if moved is not None else ())
    missed = (target for target, moment in after.targets.items() if moment is not None)
    return replace(after, told=told.intersection(missed)), moved


def _failures(before: Held, finding: Finding, at: datetime) -> Iterator[Failure]:
    """What fails, and what never had an answer and is hidden behind that."""
    for failure in finding.failures:
        yield _remembered(failure, before, at)
    lost = {failure.part for failure in finding.failures}
    for failure in before.failures:
        if failure.unanswered and failure.part not in lost and within(failure.part, lost):
            yield failure


def _remembered(failure: Failure, before: Held, at: datetime) -> Failure:
    """A failure with since when it lasts, and whether there was an answer before."""
    since = min((one.since for one in before.failures if one.since and one.part == failure.part), default=at)
    return replace(failure, since=since, unanswered=within(failure.part, before.unanswered))


def _parts(before: Held, finding: Finding) -> dict[Target, tuple[str, ...]]:
    """By which parts each target was found, or may still be there as far as anybody knows; none: it is missed."""
    lost = {failure.part for failure in finding.failures}
    parts = {target: finding.parts.get(target, _ALL) for target in finding.targets}
    for target in before.targets:
        found, was = parts.get(target, ()), before.parts.get(target, _ALL)
        if target in finding.doubtful:
            parts[target] = was
            continue
        hidden = (one for one in was if within(of_doubt(one) or one, lost)) if lost else ()
        parts[target] = tuple(dict.fromkeys((*found, *hidden)))[:MOST_PARTS]
    return parts


def _news(before: Held, finding: Finding, after: Held) -> Moved | None:
    unanswered = before.unanswered

    def is_news(target: Target) -> bool:
        return not any(within(part, unanswered) for part in finding.parts.get(target, _ALL))

    # Where all are gone and told of, they come as if they had never been there.
    was_empty = None not in before.targets.values() and before.told.issuperset(before.targets)
    is_empty = finding.complete and None not in after.targets.values()
    new = (target for target in finding.targets if was_empty or target not in before.targets)
    sure = (target for target in new if target not in finding.doubtful)
    came = tuple(target for target in sure if not unanswered or is_news(target))
    # Where nothing is left, that is told at once, and for all; so nothing more is told when their day is over.
    gone = before.targets if is_empty else (target for target in before.targets if target not in after.targets)
    went = tuple(target for target in gone if target not in before.told and not before.on_trial(target))
    missed = (target for target, moment in after.targets.items() if moment is not None and target not in before.told)
    missing = tuple(missed) if came and not is_empty else ()
    return Moved(came, missing, went, is_empty) if came or went else None
