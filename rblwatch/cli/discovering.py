"""What the names of servers stand for right now, as `rblwatch config check --probe` shows it.

Owns the layout. Must not keep anything, nor decide what is watched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence

from rblwatch import app
from rblwatch.cli.styles import VERDICTS
from rblwatch.cli.terminal import Cell, Row, print_line, print_table
from rblwatch.core.finding import Finding, remarks_on
from rblwatch.core.settings import Settings
from rblwatch.core.target import Target
from rblwatch.core.wording import several

_HEADER = ("SERVER", "NAME", "STATE", "WHAT WAS FOUND")
#: Addresses that are named one by one.
_MOST_NAMED = 5

Found = Mapping[str, Sequence[Finding]]
"""By server."""


def discover(settings: Settings) -> Found:
    """Look up the names of all servers once."""
    return asyncio.run(app.build_discoverer(settings.resolver).discover(settings.servers))


def targets_of(found: Found) -> dict[str, tuple[Target, ...]]:
    """What would be watched by the names of each server."""
    return {
        server: tuple(dict.fromkeys(target for finding in some for target in finding.targets))
        for server, some in found.items()
    }


def print_discovered(found: Found) -> None:
    """Write a table of what each name stands for, and of what is not watched or wrong."""
    rows = [
        (server, str(finding.origin), *said)
        for server, some in found.items()
        for finding in some
        for said in _said(finding)
    ]
    if rows:
        print_line("")
        print_table(_HEADER, rows)


def discovered_documents(found: Found) -> list[dict[str, object]]:
    """The same as JSON, one object for each name."""
    return [
        {
            "server": server,
            "name": finding.origin.name.text,
            "kind": finding.origin.kind.value,
            "targets": [target.text for target in finding.targets],
            "failures": [
                {"what": one.what, "reason": one.reason.value, "detail": one.detail} for one in finding.failures
            ],
            "unwatched": [{"what": one.what, "why": one.why.value, "detail": one.detail} for one in finding.unwatched],
            "faults": list(finding.faults),
            "warnings": list(remarks_on(finding.targets)),
        }
        for server, some in found.items()
        for finding in some
    ]


def _said(finding: Finding) -> Iterator[Row]:
    targets = [target.text for target in finding.targets]
    if targets:
        yield "found", several(targets, _MOST_NAMED)
    for said in dict.fromkeys(f"{one.what}: {one.detail or one.reason}" for one in finding.failures):
        yield Cell("failing", VERDICTS["unknown"]), said
    for one in finding.unwatched:
        yield "not watched", f"{one.what}: {one.detail}"
    for fault in finding.faults:
        yield "fault", fault
    for warning in remarks_on(finding.targets):
        yield "warning", warning
