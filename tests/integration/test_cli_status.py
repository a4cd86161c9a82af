"""What `status` shows of a listing, of messages that wait, and of who watches."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from rblwatch.cli import status
from rblwatch.core.blocklist import Scope
from rblwatch.core.conclusion import Alarm
from rblwatch.services.report import (
    ListStatus,
    OutboxStatus,
    PairStatus,
    Report,
    ServerStatus,
    TargetStatus,
)
from rblwatch.services.status_document import status_document
from rblwatch.store.rows import DaemonRow
from tests.integration.notify.samples import LISTING, at

IDLE = Report(
    generated_at=at(12),
    servers=(),
    blocklists=(),
    outbox=OutboxStatus(depth=0, oldest_at=None, failed=0),
    daemon=None,
)
DAEMON = DaemonRow(instance="i", host="mail", pid=7, version="1.2", started_at=at(8), beat_at=at(11, 59))
WHO = "(on mail, process 7, version 1.2)"
STARTED = "The daemon runs since 2026-03-01 08:00 UTC (on mail, process 7, version 1.2)."


def shown(scope: Scope, capsys: pytest.CaptureFixture[str]) -> str:
    """The table's words about one listing."""
    pair = PairStatus(blocklist="bl", zone="bl.test", listing=LISTING, scope=scope)
    target = TargetStatus(target=LISTING.target, listed=1, clear=0, unknown=0, pairs=(pair,))
    server = ServerStatus(name="mx1", tags=(), targets=(target,))
    return printed(replace(IDLE, servers=(server,)), capsys)


def printed(report: Report, capsys: pytest.CaptureFixture[str]) -> str:
    """The whole table."""
    status._print(report, UTC)
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        (Scope.ADDRESS, " SBL: https"),
        (Scope.DOMAIN, " SBL: https"),
        (Scope.RANGE, "[of its range] SBL: https"),
        (Scope.AS, "[of its whole network (AS)] SBL: https"),
        (Scope.COUNTRY, "[of its whole country] SBL: https"),
    ],
)
def test_an_entry_that_is_not_for_the_target_alone_says_for_what(
    scope: Scope, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = shown(scope, capsys)
    assert said in text
    assert ("[of its" in text) is (scope.width > 0)


@pytest.mark.parametrize(
    ("outbox", "said", "document"),
    [
        # Nothing waits, and nothing is said.
        (OutboxStatus(depth=0, oldest_at=None, failed=0), None, (0, None, 0)),
        (
            OutboxStatus(depth=3, oldest_at=at(9, 30), failed=0),
            "Messages: 3 waiting (the oldest for 2h 30m), 0 failed; see `rblwatch deliveries`.",
            (3, "2026-03-01T09:30:00Z", 0),
        ),
        # It was written a moment ago, by a clock that is a little ahead.
        (
            OutboxStatus(depth=1, oldest_at=at(12, 1), failed=0),
            "Messages: 1 waiting, 0 failed; see `rblwatch deliveries`.",
            (1, "2026-03-01T12:01:00Z", 0),
        ),
        # What failed for good waits for somebody.
        (
            OutboxStatus(depth=0, oldest_at=None, failed=2),
            "Messages: 0 waiting, 2 failed; see `rblwatch deliveries`.",
            (0, None, 2),
        ),
    ],
)
def test_messages_that_wait_or_failed_are_counted_with_the_age_of_the_oldest(
    outbox: OutboxStatus,
    said: str | None,
    document: tuple[int, str | None, int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = replace(IDLE, outbox=outbox)
    lines = [line for line in printed(report, capsys).splitlines() if line.startswith("Messages")]
    assert lines == ([said] if said else [])
    depth, oldest_at, failed = document
    assert status_document(report)["outbox"] == {"depth": depth, "oldest_at": oldest_at, "failed": failed}


@pytest.mark.parametrize(
    ("daemon", "said", "running"),
    [
        # Sweeps alone do without a daemon.
        (None, None, None),
        (DAEMON, STARTED, True),
        # On another machine, whose clock is ahead.
        (replace(DAEMON, beat_at=at(12, 1)), STARTED, True),
        # Killed, or hung: it was not stopped.
        (
            replace(DAEMON, beat_at=at(11, 58)),
            f"The daemon does not run: it was seen last 2m ago, and was not stopped {WHO}.",
            False,
        ),
        # Stopped a moment ago: that is known at once.
        (
            replace(DAEMON, beat_at=at(12), ended_at=at(12)),
            f"The daemon does not run: it was stopped 0s ago {WHO}.",
            False,
        ),
    ],
)
def test_whether_a_daemon_runs_is_said_and_when_it_was_stopped_or_seen_last(
    daemon: DaemonRow | None, said: str | None, *, running: bool | None, capsys: pytest.CaptureFixture[str]
) -> None:
    report = replace(IDLE, daemon=daemon)
    lines = [line for line in printed(report, capsys).splitlines() if line.startswith("The daemon")]
    assert lines == ([said] if said else [])
    document = status_document(report)["daemon"]
    if daemon is None:
        assert document is None
        return
    assert document == {
        "running": running,
        "host": "mail",
        "pid": 7,
        "version": "1.2",
        "started_at": "2026-03-01T08:00:00Z",
        "seen_at": f"{daemon.beat_at:%Y-%m-%dT%H:%M:%SZ}",
        "ended_at": "2026-03-01T12:00:00Z" if daemon.ended_at else None,
    }


@pytest.mark.parametrize(
    ("row", "said", "sent_at"),
    [
        (DAEMON, "Heartbeat: not sent yet.", None),
        (replace(DAEMON, heartbeat_at=at(11, 55)), "Heartbeat: sent last 5m ago.", "2026-03-01T11:55:00Z"),
        (
            replace(DAEMON, heartbeat_at=at(9), heartbeat_problem="sweeps are overdue (psbl)"),
            "Heartbeat: sent last 3h ago; now: sweeps are overdue (psbl).",
            "2026-03-01T09:00:00Z",
        ),
    ],
)
def test_a_heartbeat_is_said_with_what_is_wrong_and_only_where_one_is_configured(
    row: DaemonRow, said: str, sent_at: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    report = replace(IDLE, daemon=row)
    assert "Heartbeat" not in printed(report, capsys)
    assert status_document(report)["heartbeat"] is None
    report = replace(report, heartbeat=True)
    assert said in printed(report, capsys).splitlines()
    assert status_document(report)["heartbeat"] == {"sent_at": sent_at, "problem": row.heartbeat_problem}


def asked(name: str, *, unknown: int = 0, asked_at: datetime | None = None, stale: bool = False) -> ListStatus:
    """A list that was asked about ten targets."""
    return ListStatus(
        blocklist=name,
        zone=name,
        name=name,
        condition=None,
        asked_at=asked_at or at(11, 50),
        concluded_at=None,
        incident=None,
        targets=10,
        unknown=unknown,
        stale=stale,
    )


SOUND, LOST, OLD = asked("a"), asked("b", unknown=10), asked("c", asked_at=at(1), stale=True)


@pytest.mark.parametrize(
    ("lists", "line"),
    [
        # Half of the lists are enough; what is not known is said all the same.
        ([SOUND, LOST], "RBLWATCH OK: nothing listed; 0 unknown | listed=0;;;0 unknown=0;;;0 lists=2;;;0 conclusive=1"),
        ([SOUND, LOST, replace(LOST, blocklist="d")], "RBLWATCH UNKNOWN: nothing listed; 0 unknown | "),
        # A list that was not asked when it was due concludes nothing.
        ([SOUND, OLD], "RBLWATCH OK: nothing listed; 0 unknown; 1 list overdue (c) | "),
        ([OLD], "RBLWATCH UNKNOWN: nothing listed; 0 unknown; the data is stale | "),
        # Nothing was asked yet.
        ([], "RBLWATCH UNKNOWN: nothing listed; 0 unknown; the data is stale | "),
    ],
)
def test_a_monitoring_system_is_told_that_nothing_is_known_only_where_that_is_so(
    lists: list[ListStatus], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    alarm = status._print_line(replace(IDLE, blocklists=tuple(lists)))
    printed_line = capsys.readouterr().out
    assert printed_line.startswith(line)
    assert alarm == (Alarm.UNKNOWN if "UNKNOWN" in line else Alarm.OK)


def test_a_listing_is_told_to_a_monitoring_system_whatever_is_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    listed, unknown = PairStatus(blocklist="a", zone="a", listing=LISTING), PairStatus(blocklist="b", zone="b")
    target = TargetStatus(target=LISTING.target, listed=1, clear=0, unknown=1, pairs=(listed, unknown))
    server = ServerStatus(name="mx1", tags=(), targets=(target,))
    report = replace(IDLE, servers=(server,), blocklists=(OLD,))
    assert status._print_line(report) is Alarm.CRITICAL
    line = capsys.readouterr().out
    assert line.startswith("RBLWATCH CRITICAL: 192.0.2.1 listed on a (critical); 1 unknown; the data is stale | ")
    assert "unknown=1;;;0" in line
