"""The output of a monitoring plugin.

Owns the form of its one line. Must not decide how loud it is: `core.conclusion` does.
"""

from __future__ import annotations

from collections.abc import Mapping

from rblwatch.cli.terminal import print_line
from rblwatch.core.conclusion import Alarm


def print_plugin_line(alarm: Alarm, text: str, numbers: Mapping[str, int]) -> None:
    """Write `RBLWATCH STATE: text | label=number …`.

    Source: Monitoring Plugins development guidelines, "Plugin output" and "Performance data"; a `|` in the text would
    begin the performance data.
    """
    performance = " ".join(f"{label}={number};;;0" for label, number in numbers.items())
    line = " ".join(text.replace("|", "/").split())
    print_line(f"RBLWATCH {alarm.name}: {line}" + (f" | {performance}" if performance else ""))
