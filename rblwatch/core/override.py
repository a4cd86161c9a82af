"""An admin's own word about a list.

Owns what may be changed of a list's description, and the list that comes of it. Must not know where that was written.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address

from rblwatch.core.blocklist import Blocklist, Claim, Meaning, Severity
from rblwatch.core.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """What an admin changes of a list's description."""

    severity: Severity | None = None
    """Of every listing on the list, whatever the code: codes that were facts to be shown (`info`) are listings then."""
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
        codes=tuple(replace(row, meaning=_of_severity(row.meaning, severity)) for row in changed.codes),
        otherwise=_of_severity(changed.otherwise, severity),
    )


def _of_severity(meaning: Meaning, severity: Severity) -> Meaning:
    claim = Claim.LISTED if meaning.claim is Claim.INFO else meaning.claim
    return replace(meaning, severity=severity, claim=claim)
