"""The status as JSON, alike for every face.

Owns the keys that other people's scripts rely on: within a major version they are added, never renamed or removed.
Must not know how or where the JSON is written, nor work anything out: every number is the report's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rblwatch.core.timespan import rfc3339, rfc3339_or_none

if TYPE_CHECKING:
    from rblwatch.services.report import ListStatus, PairStatus, Report, TargetStatus


def status_document(report: Report) -> dict[str, object]:
    """Write the whole status."""
    return {
        "generated_at": rfc3339(report.generated_at),
        "servers": [
            {"name": s.name, "tags": list(s.tags), "targets": [_target_document(t) for t in s.targets]}
            for s in report.servers
        ],
        "blocklists": [list_document(blocklist) for blocklist in report.blocklists],
        "gaps": list(report.gaps),
    }


def _target_document(target: TargetStatus) -> dict[str, object]:
    return {
        "target": target.target.text,
        "listed": target.listed,
        "clear": target.clear,
        "unknown": target.unknown,
        "verdicts": [_pair_document(pair) for pair in target.pairs],
    }


def _pair_document(pair: PairStatus) -> dict[str, object]:
    listing, pending, said = pair.listing, pair.pending, pair.listing or pair.clear
    return {
        "blocklist": pair.blocklist,
        "zone": pair.zone,
        "verdict": pair.verdict,
        "codes": list(map(str, said.codes)) if said else [],
        "labels": list(said.labels) if said else [],
        "severity": listing.severity.value if listing else None,
        "reason": pair.reason.value if pair.reason else None,
        "text": listing.text if listing else None,
        "lookup_url": pair.lookup_url,
        "delist_url": pair.delist_url,
        "listed_at": rfc3339_or_none(listing.listed_at if listing else None),
        "clear_at": rfc3339_or_none(listing.clear_at if listing else None),
        "pending": None
        if pending is None
        else {
            "change": pending.change.value,
            "codes": list(pending.codes),
            "seen_at": rfc3339(pending.seen_at),
            "ready_at": rfc3339(pending.ready_at),
        },
    }


def list_document(blocklist: ListStatus) -> dict[str, object]:
    """Write whether one list can be believed, and since when."""
    condition = blocklist.condition
    soundness = condition.soundness if condition else None
    return {
        "blocklist": blocklist.blocklist,
        "zone": blocklist.zone,
        "state": soundness.state.value if soundness else None,
        "reason": soundness.reason.value if soundness and soundness.reason else None,
        "detail": soundness.detail or None if soundness else None,
        "since": rfc3339_or_none(condition.state_since_at if condition else None),
        "checked_at": rfc3339_or_none(blocklist.asked_at),
        "stale": blocklist.stale,
    }
