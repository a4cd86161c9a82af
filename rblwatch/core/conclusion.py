"""What many verdicts together amount to, as one number that scripts and monitoring systems act on.

Owns the exit codes and the alarm levels. Must not know how anything is asked, stored or printed.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from rblwatch.core.blocklist import Severity


class Exit(IntEnum):
    """The exit codes of the program. Source: the interface, "Commands"."""

    DONE = 0
    """Also: nothing is listed, and everything asked was answered."""
    LISTED = 1
    USAGE = 2
    """The command line or the configuration is wrong."""
    INCONCLUSIVE = 3
    """Nothing is listed, as far as the answers went, but some are unknown."""
    INTERNAL = 4


class Alarm(IntEnum):
    """The states of a monitoring plugin. Source: Monitoring Plugins development guidelines, "Plugin return codes"."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


def conclude(*, listed: int, unknown: int) -> Exit:
    """Say with which code a command ends that saw so many listings and unknowns."""
    if listed:
        return Exit.LISTED
    return Exit.INCONCLUSIVE if unknown else Exit.DONE


def alarm(severities: Iterable[Severity], *, conclusive: int, lists: int, stale: bool = False) -> Alarm:
    """Say how loud a monitoring system is to be, from the severities of all that is listed.

    A single list that fails rings nobody: only when fewer than half of the lists were `conclusive` is nothing known.
    """
    worst = max((severity.rank for severity in severities), default=-1)
    if worst >= Severity.MAJOR.rank:
        return Alarm.CRITICAL
    if worst == Severity.MINOR.rank:
        return Alarm.WARNING
    return Alarm.UNKNOWN if stale or not lists or 2 * conclusive < lists else Alarm.OK


def conclusive_lists(shares: Iterable[tuple[str, int, int]]) -> tuple[int, int]:
    """How many lists were conclusive, and how many there are, from rows of (list, verdicts, unknown verdicts).

    A list with rows for several families or servers is conclusive if no more than half of all its verdicts are unknown.
    """
    totals: dict[str, tuple[int, int]] = {}
    for blocklist, verdicts, unknown in shares:
        all_verdicts, all_unknown = totals.get(blocklist, (0, 0))
        totals[blocklist] = (all_verdicts + verdicts, all_unknown + unknown)
    return sum(_conclusive(*total) for total in totals.values()), len(totals)


def _conclusive(verdicts: int, unknown: int) -> bool:
    return verdicts > 0 and 2 * unknown <= verdicts
