"""Which colours mean what on a terminal.

Owns the styles, so that one severity looks the same in every command. Must not know tables.
"""

from __future__ import annotations

from rblwatch.core.blocklist import Severity
from rblwatch.core.soundness import State

SEVERITIES = {
    Severity.CRITICAL: "bold red",
    Severity.MAJOR: "red",
    Severity.MINOR: "yellow",
    Severity.INFORMATIONAL: "cyan",
}
VERDICTS = {"clear": "green", "unknown": "magenta"}
STATES = {
    State.SOUND: "green",
    State.UNVERIFIED: "cyan",
    State.REFUSING: "yellow",
    State.UNREACHABLE: "magenta",
    State.UNSOUND: "red",
}
