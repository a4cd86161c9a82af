"""What came of a send, read from the traces that Apprise leaves.

Owns which failures are permanent. Apprise gives the cause of a failure only in its log, which holds secrets and other
people's words: nothing but status codes is taken from it. Must not know Apprise's types.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from rblwatch.core.retry import Outcome, Permanent, Transient

#: Answers of an HTTP service that no repetition will change. Source: RFC 9110 section 15.5.
_HOPELESS = frozenset({400, 401, 403, 404, 405, 410})
#: Redirects that say they will not last: a log-in page in between, a host that is being maintained. The others say that
#: the address is another one from now on. Source: RFC 9110 section 15.4.
_PASSING_REDIRECTS = frozenset({302, 303, 307})

#: How every HTTP plugin of Apprise ends its warning. Source: apprise 2.2.0, `plugins/*.py`.
_HTTP_CODE = re.compile(r"error=(\d{3})\b")
#: How smtplib's exceptions print, and how Apprise words a refused recipient. Source: `smtplib.SMTPResponseException`,
#: `SMTPRecipientsRefused`; apprise 2.2.0, `plugins/email/smtp.py`.
_SMTP_EXCEPTION = re.compile(r"\((\d{3}), b['\"]")
_SMTP_REFUSAL = re.compile(r"^SMTP recipient \S+ was refused: (\d{3}) ")


@dataclass(frozen=True, slots=True)
class Trace:
    """One line of Apprise's log about one send. Secret: it may hold tokens, and what the other side said."""

    grave: bool
    """A warning or worse, so Apprise's own wording; below that come exceptions and foreign text."""
    text: str

    def __repr__(self) -> str:
        return "Trace(***)"


def failure(traces: Iterable[Trace]) -> Outcome:
    """The outcome of a send that failed; transient unless a permanent cause is certain."""
    traces = tuple(traces)
    smtp = _smtp_codes(traces)
    if smtp:
        return _mail_failure(smtp)
    http = [int(code) for trace in traces if trace.grave for code in _HTTP_CODE.findall(trace.text)]
    if http:
        return http_failure(http[-1])
    return Transient("no connection, or no usable answer")


def _smtp_codes(traces: Iterable[Trace]) -> list[int]:
    codes: list[int] = []
    for trace in traces:
        found = _SMTP_REFUSAL.findall(trace.text) if trace.grave else []
        if trace.text.startswith("Socket Exception:"):
            found = _SMTP_EXCEPTION.findall(trace.text)
        codes.extend(int(code) for code in found)
    return codes


def _mail_failure(codes: list[int]) -> Outcome:
    """Of several answers one that may change makes it worth trying again."""
    passing = [code for code in codes if not 500 <= code <= 599]
    if passing:
        return Transient(f"the mail server put it off (SMTP {passing[0]})")
    return Permanent(f"the mail server refuses it (SMTP {codes[0]}); the address or the login may be wrong")


def asked_to_wait(outcome: Outcome, status: int | None, asked: str | None, now: datetime) -> Outcome:
    """The outcome with the wait that the sink asked for, in the words of a `Retry-After` header.

    Source: RFC 9110 section 10.2.3, RFC 6585 section 4.
    """
    wait = _wait(asked, now) if asked and status in (429, 503) else None
    return replace(outcome, retry_after=wait) if isinstance(outcome, Transient) and wait is not None else outcome


def _wait(asked: str, now: datetime) -> timedelta | None:
    """Seconds or a date; None: neither, or none that is ahead."""
    if re.fullmatch(r"[0-9]{1,9}", asked.strip()):
        return timedelta(seconds=int(asked))
    try:
        until = parsedate_to_datetime(asked)
    except ValueError:
        return None
    until = until if until.tzinfo is not None else until.replace(tzinfo=UTC)
    return until - now if until > now else None


def http_failure(code: int) -> Outcome:
    """What an answer that is no success means for the next attempt."""
    if code in _PASSING_REDIRECTS:
        return Transient(
            f"answers with a redirect (HTTP {code}), which is not followed; it may be a log-in page or maintenance, "
            "else configure the address that it leads to"
        )
    if 300 <= code <= 399:
        return Permanent(
            f"answers with a redirect (HTTP {code}), which is not followed; configure the address that it leads to"
        )
    if code in _HOPELESS:
        return Permanent(f"refuses it (HTTP {code} {_phrase(code)}); the channel's URL may be wrong or no longer valid")
    return Transient(f"answered HTTP {code} {_phrase(code)}".rstrip())


def _phrase(code: int) -> str:
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return ""
