"""Which failures are permanent, read from what Apprise leaves in its log."""

import pytest

from rblwatch.core.retry import Permanent, Transient
from rblwatch.notify.reply import Trace, failure


def warning(text: str) -> Trace:
    return Trace(grave=True, text=text)


def debug(text: str) -> Trace:
    return Trace(grave=False, text=text)


@pytest.mark.parametrize(
    ("traces", "kind", "code"),
    [
        # The URL is wrong, or no longer valid: nobody but an admin can help.
        ([warning("Failed to send JSON POST notification: Bad Request, error=400.")], Permanent, "400"),
        ([warning("Failed to send ntfy notification: Unauthorized - error=401.")], Permanent, "401"),
        ([warning("x, error=403.")], Permanent, "403"),
        ([warning("x, error=404.")], Permanent, "404"),
        ([warning("x, error=405.")], Permanent, "405"),
        ([warning("x, error=410.")], Permanent, "410"),
        # A redirect is not followed; one that lasts leads nowhere for ever, the others may be gone in an hour.
        ([warning("x, error=301.")], Permanent, "301"),
        ([warning("x, error=308.")], Permanent, "308"),
        ([warning("x, error=302.")], Transient, "302"),
        ([warning("x, error=303.")], Transient, "303"),
        ([warning("x, error=307.")], Transient, "307"),
        # It may work later.
        ([warning("x, error=408.")], Transient, "408"),
        ([warning("x, error=425.")], Transient, "425"),
        ([warning("x, error=429.")], Transient, "429"),
        ([warning("x, error=500.")], Transient, "500"),
        ([warning("x, error=503.")], Transient, "503"),
        # Nobody knows what this means, so it is tried again.
        ([warning("x, error=499.")], Transient, "499"),
        ([warning("Failed to send to Slack: error=channel_not_found.")], Transient, ""),
        ([warning("A Connection error occurred sending JSON notification to 127.0.0.1.")], Transient, ""),
        ([], Transient, ""),
        # The last of several steps is the one that failed.
        ([warning("login, error=503."), warning("send, error=404.")], Permanent, "404"),
        # What the other side says is no evidence.
        ([warning("x, error=500."), debug("Response Details: b'error=404'")], Transient, "500"),
        # Mail: one recipient, refused for now or for good.
        ([debug("Socket Exception: {'a@example.org': (450, b'Mailbox busy')}")], Transient, "450"),
        ([debug("Socket Exception: {'a@example.org': (550, b'No such mailbox')}")], Permanent, "550"),
        ([debug("Socket Exception: (535, b'5.7.8 Authentication failed')")], Permanent, "535"),
        ([debug("Socket Exception: (421, b'Closing', 'rblwatch@example.org')")], Transient, "421"),
        # Mail: some recipients refused.
        ([warning("SMTP recipient b@example.org was refused: 550 b'No such mailbox'")], Permanent, "550"),
        # As long as one of them may change its mind, it is worth another try.
        (
            [debug("Socket Exception: {'a@example.org': (550, b'No'), 'b@example.org': (451, b'Later')}")],
            Transient,
            "451",
        ),
        # A server that imitates codes in its text can only keep us trying.
        ([debug("Socket Exception: {'a@example.org': (450, b\"x (550, b'y\")}")], Transient, "450"),
        ([debug("Socket Exception: [Errno 111] Connection refused")], Transient, ""),
    ],
)
def test_each_failure_has_its_outcome(traces: list[Trace], kind: type, code: str) -> None:
    outcome = failure(traces)
    assert type(outcome) is kind
    assert code in outcome.detail


def test_nothing_but_codes_is_taken_from_a_trace() -> None:
    traces = [warning("to https://hooks.example.org/sEcReT, error=404."), debug("Socket Exception: (550, b'sEcReT')")]
    assert "sEcReT" not in failure(traces).detail
    assert "sEcReT" not in repr(traces)
