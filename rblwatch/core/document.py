"""The JSON of the interface: its shapes, and how values become them.

Owns the keys that other people's scripts rely on: within a major version they are added, never renamed or removed.
Must not know how or where the JSON is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NotRequired, TypedDict

from rblwatch.core.blocklist import Blocklist, link
from rblwatch.core.soundness import Soundness
from rblwatch.core.target import Target
from rblwatch.core.verdict import Clear, Listed, Unknown, Verdict


class VerdictDocument(TypedDict):
    """What one list said of one target."""

    blocklist: str
    zone: str
    verdict: str
    codes: list[str]
    labels: list[str]
    severity: str | None
    scope: str | None
    """Of a listing: what its entry is made for, the target or more; see `Scope`."""
    reason: str | None
    text: str | None
    lookup_url: str | None
    delist_url: str | None


class TargetDocument(TypedDict):
    """What all lists said of one target."""

    target: str
    listed: int
    clear: int
    unknown: int
    verdicts: list[VerdictDocument]
    addresses: NotRequired[list[str] | None]
    """Of a name: those that were asked about; null where they could not be looked up."""


class BlocklistDocument(TypedDict):
    """Whether one list can be believed."""

    blocklist: str
    zone: str
    state: str
    reason: str | None
    detail: str | None


def verdict_document(
    blocklist: Blocklist, target: Target, verdict: Verdict, text: str | None = None
) -> VerdictDocument:
    """Write a verdict; `text` is the list's own words, cleaned."""
    document = VerdictDocument(
        blocklist=blocklist.id,
        zone=blocklist.shown_zone,
        verdict="clear",
        codes=[],
        labels=[],
        severity=None,
        scope=None,
        reason=None,
        text=None,
        lookup_url=link(blocklist.lookup_url, target),
        delist_url=link(blocklist.delist_url, target),
    )
    match verdict:
        case Listed(codes, severity, labels):
            document |= {"verdict": "listed", "severity": severity.value, "text": text}
            document |= {"codes": [str(code) for code in codes], "labels": list(labels)}
            document["scope"] = blocklist.scope_of(codes).value
        case Clear(codes, labels):
            document |= {"codes": [str(code) for code in codes], "labels": list(labels)}
        case Unknown(reason):
            document |= {"verdict": "unknown", "reason": reason.value}
    return document


def target_document(target: Target, verdicts: Iterable[VerdictDocument]) -> TargetDocument:
    """Write the verdicts on one target, with their counts."""
    written = list(verdicts)
    said = [verdict["verdict"] for verdict in written]
    return TargetDocument(
        target=target.text,
        listed=said.count("listed"),
        clear=said.count("clear"),
        unknown=said.count("unknown"),
        verdicts=written,
    )


def blocklist_document(blocklist: Blocklist, soundness: Soundness) -> BlocklistDocument:
    """Write the state of a list."""
    return BlocklistDocument(
        blocklist=blocklist.id,
        zone=blocklist.shown_zone,
        state=soundness.state.value,
        reason=None if soundness.reason is None else soundness.reason.value,
        detail=soundness.detail or None,
    )
