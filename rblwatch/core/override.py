"""An admin's own word about a list.

Owns what may be changed of a list's description, and the list that comes of it. Must not know where that was written.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address

from rblwatch.core.blocklist import Blocklist, Severity
from rblwatch.core.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """What an admin changes of a list's description."""

    severity: Severity | None = None
    """Takes the place of every severity in the list's table."""
    ignore_codes: tuple[IPv4Address, ...] = ()
    accept: tuple[Target, ...] = field(default=())
    per_day: int | None = None
    """What the admin and the list's operator agreed upon, in place of what the operator allows everybody."""


def overridden(blocklist: Blocklist, override: Override) -> Blocklist:
    """The list as the admin wants it read."""
    changed = replace(
        blocklist,
        ignored=override.ignore_codes,
        accepted=frozenset(override.accept),
        pace=replace(blocklist.pace, per_day=override.per_day or blocklist.pace.per_day),
    )
    if override.severity is None:
        return changed
    severity = override.severity
    return replace(
        changed,
        codes=tuple(replace(row, meaning=replace(row.meaning, severity=severity)) for row in changed.codes),
        otherwise=replace(changed.otherwise, severity=severity),
    )
