"""The command line: one file per command, imported only when it runs.

Owns arguments, output formats and exit codes. Must not hold a rule: commands call services, through what `app` puts
together.
"""

from collections.abc import Sequence
from typing import NoReturn

from rblwatch import signals


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command line, by default that of this process, and exit with its code."""
    # Before all that takes time to import; each command says what becomes of signals.
    signals.hold_back()
    from rblwatch.cli import program  # noqa: PLC0415

    program.main(arguments)


__all__ = ["main"]
