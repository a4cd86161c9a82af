"""The command line: one file per command, imported only when it runs.

Owns arguments, output formats and exit codes. Must not hold a rule: commands call services, through what `app` puts
together.
"""

from rblwatch.cli.program import main

__all__ = ["main"]
