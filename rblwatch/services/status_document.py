"""The status as JSON, alike for every face.

Owns the keys that other people's scripts rely on: within a major version they are added, never renamed or removed.
Must not know how or where the JSON is written, nor work anything out: every number is the report's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rblwatch.core.finding import remarks_on
from rblwatch.core.listing import Listing
from rblwatch.core.timespan import rfc3339, rfc3339_or_none

if TYPE_CHECKING:
    from rblwatch.core.acknowledgement import Acknowledgement
    from rblwatch.core.incident import Incident
    from rblwatch.core.routing import Silence
    from rblwatch.services.report import BudgetStatus, ListStatus, NameStatus, PairStatus, Report, TargetStatus


def status_document(report: Report) -> dict[str, object]:
    """Write the whole status."""
    return {
        "generated_at": rfc3339(report.generated_at),
        "servers": [
            {
                "name": server.name,
                "tags": list(server.tags),
                "targets": [_target_document(target) for target in server.targets],
                "names": [_name_document(name) for name in server.names],
            }
            for server in report.servers
        ],
        "blocklists": [list_document(blocklist) for blocklist in report.blocklists],
        "gaps": list(report.gaps),
        "warnings": list(report.warnings),
        "budgets": [_budget_document(budget) for budget in report.budgets],
        "outbox": {
            "depth": report.outbox.depth,
            "oldest_at": rfc3339_or_none(report.outbox.oldest_at),
            "failed": report.outbox.failed,
        },
        "daemon": _daemon_document(report),
        "heartbeat": _heartbeat_document(report),
        "silences": [silence_document(silence) for silence in report.silences],
        "acknowledged": [acknowledgement_document(one, subject) for one, subject in report.acknowledged],
    }


def _daemon_document(report: Report) -> dict[str, object] | None:
    daemon = report.daemon
    if daemon is None:
        return None
    return {
        "running": report.alive,
        "host": daemon.host,
        "pid": daemon.pid,
        "version": daemon.version,
        "started_at": rfc3339(daemon.started_at),
        "seen_at": rfc3339(daemon.beat_at),
        "ended_at": rfc3339_or_none(daemon.ended_at),
    }


def _heartbeat_document(report: Report) -> dict[str, object] | None:
    """None where no heartbeat is configured."""
    if not report.heartbeat:
        return None
    daemon = report.daemon
    return {
        "sent_at": rfc3339_or_none(daemon.heartbeat_at if daemon is not None else None),
        "problem": daemon.heartbeat_problem if daemon is not None else None,
    }


def silence_document(silence: Silence) -> dict[str, object]:
    """Write what is muted and until when; null stands for a field that may be anything."""
    return {
        "id": silence.id,
        "server": silence.server,
        "target": silence.target,
        "blocklist": silence.blocklist,
        "tag": silence.tag,
        "code": silence.code,
        "scope": silence.scope.value if silence.scope else None,
        "until_at": rfc3339(silence.until_at),
        "author": silence.author,
        "reason": silence.reason,
    }


def acknowledgement_document(said: Acknowledgement, subject: Listing | Incident) -> dict[str, object]:
    """Write what somebody looks after: one listing, or one incident, whose target is null."""
    return {
        "alert": said.alert_id,
        "target": subject.target.text if isinstance(subject, Listing) else None,
        "blocklist": subject.blocklist,
        "at": rfc3339(said.at),
        "author": said.author,
        "note": said.note,
    }


def _target_document(target: TargetStatus) -> dict[str, object]:
    return {
        "target": target.target.text,
        "listed": target.listed,
        "clear": target.clear,
        "unknown": target.unknown,
        "verdicts": [_pair_document(pair) for pair in target.pairs],
    }


def _name_document(name: NameStatus) -> dict[str, object]:
    return {
        "name": name.origin.name.text,
        "kind": name.origin.kind.value,
        "targets": [target.text for target in name.targets],
        "missing": {target.text: rfc3339(missed_at) for target, missed_at in name.missing.items()},
        "looked_at": rfc3339_or_none(name.looked_at),
        "failing_since": rfc3339_or_none(name.failing_since),
        "failures": [
            {
                "what": one.what,
                "reason": one.reason.value,
                "detail": one.detail,
                "since": rfc3339_or_none(one.since),
                "kept": [target.text for target in name.behind(one)],
            }
            for one in name.failures
        ],
        "unwatched": [{"what": one.what, "why": one.why.value, "detail": one.detail} for one in name.unwatched],
        "faults": list(name.faults),
        "warnings": list(remarks_on(name.targets)),
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
        "scope": pair.scope.value if pair.scope else None,
        "reason": pair.reason.value if pair.reason else None,
        "text": listing.text if listing else None,
        "lookup_url": pair.lookup_url,
        "delist_url": pair.delist_url,
        "listed_at": rfc3339_or_none(listing.listed_at if listing else None),
        "clear_at": rfc3339_or_none(listing.clear_at if listing else None),
        "allowed_since": rfc3339_or_none(pair.allowed_since),
        "accepted_since": rfc3339_or_none(pair.accepted_since),
        "pending": None
        if pending is None
        else {
            "change": pending.change.value,
            "codes": list(pending.codes),
            "seen_at": rfc3339(pending.seen_at),
            "ready_at": rfc3339(pending.ready_at),
        },
    }


def _budget_document(budget: BudgetStatus) -> dict[str, object]:
    return {
        "operator": budget.operator,
        "per_day": budget.per_day,
        "spent": budget.spent,
        "left": budget.left,
        "renewed_at": rfc3339(budget.renewed_at),
        "interval_s": int(budget.interval.total_seconds()),
        "not_asked": dict(budget.unasked),
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
        "concluded_at": rfc3339_or_none(blocklist.concluded_at),
        "stale": blocklist.stale,
    }
