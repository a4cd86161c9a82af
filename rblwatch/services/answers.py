"""How the answers of a batch are read: which pairs need a look, what was said of them, and under which circumstances.

Owns the step from a batch to verdicts and circumstances, for those who gather proof and for those who record. Must not
ask, nor write.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from rblwatch.core.allowing import holdable
from rblwatch.core.plan import LONGEST_TTL
from rblwatch.core.question import Absent, Found, Reason
from rblwatch.core.soundness import Expectation
from rblwatch.core.standing import Circumstances, Standing, reread
from rblwatch.core.target import Target
from rblwatch.core.verdict import Listed, Unknown, Verdict, judge
from rblwatch.services.asked import Asked
from rblwatch.store.rows import Coverage, Pair, Sounding


def circumstances(asked: Asked, target: Target, sounding: Sounding | None) -> Circumstances:
    """What the answer about one target of a batch has to be read with."""
    ttls = [
        answered.answer.ttl_s
        for answered in asked.result.probes
        if answered.probe.expected is Expectation.LISTED and isinstance(answered.answer, Found)
    ]
    return Circumstances(
        at=asked.at,
        positive_until=_runs_out_at(asked.at, max(ttls)) if ttls else None,
        distrust_until=sounding.distrust_until if sounding is not None else None,
        copy_until=_copy_until(asked, target, sounding),
        nameserver=asked.result.nameserver,
    )


def _copy_until(asked: Asked, target: Target, sounding: Sounding | None) -> datetime | None:
    """When the copy of an answer will have run out; of an absence, at the latest, as its own TTL was not kept."""
    found = asked.result.found.get(target)
    if found is not None:
        # A listing that could not be proven at once is not kept waiting for longer than any TTL counts here.
        return min(_runs_out_at(asked.at, found.ttl_s), asked.at + LONGEST_TTL)
    # A cache may keep it for longer than it tells, see `longest_ttl_s`.
    ttls = [asked.result.negative_ttl_s, sounding.negative_ttl_s if sounding is not None else None]
    longest_s = max((ttl_s for ttl_s in ttls if ttl_s is not None), default=None)
    return None if longest_s is None else _runs_out_at(asked.at, longest_s)


def _runs_out_at(at: datetime, ttl_s: int) -> datetime:
    # A resolver tells whole seconds, and keeps the rest of the last one to itself.
    return at + timedelta(seconds=ttl_s + 1)


def standing_before(asked: Asked, pair: Pair | None, *, coverage: Coverage, bit: int) -> Standing:
    """What is held of a pair: its row, or else what the coverage says of all the pairs without one.

    It is read under the description by which the new answer is read too: an admin may have edited it in between.
    """
    if pair is not None:
        target = pair.target
        return reread(pair.standing, lambda listed: asked.read(listed.answer, target))
    failed = any(targets & bit for targets in coverage.failed.values())
    looked = bool(coverage.covered & bit)
    clear_at = coverage.failed_clear_at if failed else coverage.concluded_at
    return Standing(looked=looked, clear_at=clear_at if looked else None)


def verdict_of(asked: Asked, target: Target) -> Verdict:
    """The verdict of one target of a batch, as its standing holds it."""
    verdict = asked.verdicts.get(target)
    if verdict is None:
        return judge(Absent(), asked.blocklist, asked.soundness.reason)
    return holdable(verdict, asked.blocklist)


def unknowns(asked: Asked) -> dict[Target, Reason]:
    """The targets about which a trusted batch says nothing, and why: no answer, or one that means nothing."""
    return {target: verdict.reason for target, verdict in asked.verdicts.items() if isinstance(verdict, Unknown)}


def accepted(asked: Asked) -> dict[Target, tuple[str, ...]]:
    """What a list says of targets that it would be news of, had the admin not accepted their listing."""
    blocklist, found = asked.blocklist, asked.result.found
    said = {target: judge(found[target], blocklist, None) for target in found if target in blocklist.accepted}
    return {t: tuple(map(str, verdict.codes)) for t, verdict in said.items() if isinstance(verdict, Listed)}


def remarkable(asked: Asked, rows: Collection[Target]) -> list[Target]:
    """The targets whose pairs need to be looked at: those found, and those with a row, unless they are unknown.

    Every other target was absent, has no standing but "clear", and costs nothing.
    """
    told = dict.fromkeys((*asked.result.found, *rows))
    without = unknowns(asked)
    return [target for target in told if target not in without]
