"""The log: an event's name and its fields, one line each, on standard error.

Owns how log records are written, plain or as JSON (`RBLWATCH_LOG=json`), and which are. Must not log anything itself.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import UTC, datetime

from rblwatch.cli.options import preferences
from rblwatch.core.text import clean

#: What every record has of its own; whatever else it has was given as a field.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_LONGEST = 2_000


def begin(*, level: int = logging.INFO) -> None:
    """Write the program's log from now on; `--verbose` also writes questions, `--quiet` only warnings and errors."""
    wanted = preferences()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_AsJson() if os.environ.get("RBLWATCH_LOG") == "json" else _Plain())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    chosen = logging.DEBUG if wanted.verbose else logging.WARNING if wanted.quiet else level
    logging.getLogger("rblwatch").setLevel(chosen)


def _fields(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def _moment(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _Plain(logging.Formatter):
    """`2026-11-24T10:15:00.000Z INFO sweep.finished questions=820 elapsed_s=1.4`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and the traceback below it where there is one."""
        fields = [f"{name}={_worded(value)}" for name, value in _fields(record).items()]
        line = " ".join([_moment(record), record.levelname, clean(record.getMessage(), _LONGEST), *fields])
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class _AsJson(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The event under `event`, its fields beside it."""
        line: dict[str, object] = {
            "at": _moment(record),
            "level": record.levelname,
            "event": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


def _worded(value: object) -> str:
    text = clean(value if isinstance(value, str) else json.dumps(value, default=str), _LONGEST)
    return json.dumps(text) if " " in text or not text else text
