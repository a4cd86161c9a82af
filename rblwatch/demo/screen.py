"""How the running demo is shown.

Owns what a person sees: what the demo does, the messages that arrive, and how every server stands on every list. On a
terminal the standings stay at the bottom while the rest scrolls by above them; elsewhere everything is plain lines.
Must not know the daemon, nor read a clock: whatever is shown comes with its time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text


class Mark(StrEnum):
    """How a server stands on a list."""

    CLEAR = "clear"
    LISTED = "listed"
    PENDING = "pending"  # news that waits for its proof
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class BoardRow:
    """How one address of a server stands."""

    server: str
    target: str
    marks: Mapping[str, Mark] = field(default_factory=dict)
    """By the list's id; every row has the same lists."""


_STYLES = {Mark.CLEAR: "green", Mark.LISTED: "bold white on red", Mark.PENDING: "bold yellow", Mark.UNKNOWN: "dim"}

#: Columns as wide as the widest mark: the table keeps its shape when a mark changes.
_WIDEST_MARK = max(map(len, Mark))
#: Width of a line's time, in columns; texts of several lines keep clear of it.
_MARGIN = 9


class Screen:
    """Shows the demo between the beginning and the end of a `with`."""

    def __init__(self, console: Console, started_at: datetime) -> None:
        self._console = console
        self._started_at = started_at
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None
        self._rows: Sequence[BoardRow] = ()
        self._aside: Mapping[str, str] = {}
        self._arrived: Counter[tuple[str, str]] = Counter()

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def introduce(self, title: str, text: str) -> None:
        """Say what runs here, before anything happens."""
        if self._live is None:
            self._print(_text(title, "bold"))
            self._print(_text(text))
        else:
            self._print(Panel(_text(text), title=_text(title, "bold"), title_align="left", border_style="cyan"))

    def event(self, told: str, at: datetime, *, expected: str = "") -> None:
        """Tell one thing that happened, and what is expected to come of it."""
        lines = [_text(told, "bold cyan"), *([_text(expected, "cyan")] if expected else [])]
        self._say(at, lines)

    def message(self, sink: str, title: str, body: str, at: datetime) -> None:
        """Show one message as it arrived; where another sink had it before, its title alone."""
        self._arrived[sink, title] += 1
        others = max((n for (s, t), n in self._arrived.items() if t == title and s != sink), default=0)
        where = _text(f"{sink} message", "bold magenta")
        head, again = _text(title, "bold"), self._arrived[sink, title] <= others
        if again:
            self._say(at, [Text.assemble(where, ": ", head, " (the same)")])
        elif self._live is None:
            self._say(at, [Text.assemble(where, ": ", head), *map(_text, body.splitlines())])
        else:
            content = Group(head, Text(), _text(body))
            self._print_beside(at, Panel(content, title=where, title_align="left", border_style="magenta"))

    def status(self, rows: Sequence[BoardRow], at: datetime, *, aside: Mapping[str, str] | None = None) -> None:
        """Show how the servers stand now, and which lists are set aside (by id, with the state that they are in)."""
        before, aside_before = {(row.server, row.target): row for row in self._rows}, self._aside
        self._rows, self._aside = tuple(rows), dict(aside or {})
        if self._live is not None:
            self._live.update(_board(self._rows, self._aside, self._elapsed_s(at)), refresh=True)
            return
        touched = dict.fromkeys((*aside_before, *self._aside))
        for name in (name for name in touched if aside_before.get(name) != self._aside.get(name)):
            told = f"set aside ({self._aside[name]})" if name in self._aside else "believed again"
            self._say(at, [_text(f"list {name}: {told}")])
        for row in (row for row in self._rows if _moved(before.get((row.server, row.target)), row, touched)):
            self._say(at, [_text(f"{row.server} {row.target}: {_sum_up(row.marks)}")])

    def _say(self, at: datetime, lines: Sequence[Text]) -> None:
        """Print lines of text, with their time before the first."""
        if self._live is not None:
            self._print_beside(at, Group(*lines))
            return
        margins = [self._stamp(at), *[""] * (len(lines) - 1)]
        for margin, line in zip(margins, lines, strict=True):
            whole = Text.assemble(f"{margin:{_MARGIN}}", line)
            whole.rstrip()
            self._print(whole)

    def _print_beside(self, at: datetime, what: RenderableType) -> None:
        grid = Table.grid(expand=True)
        grid.add_column(width=_MARGIN, style="dim")
        grid.add_column(ratio=1, overflow="fold")
        grid.add_row(self._stamp(at), what)
        self._print(grid)

    def _print(self, what: RenderableType) -> None:
        # Lines for a file are as long as their text: whoever reads or greps them wraps them.
        self._console.print(what, soft_wrap=self._live is None)

    def _stamp(self, at: datetime) -> str:
        return f"{self._elapsed_s(at):{_MARGIN - 3}.1f} s "

    def _elapsed_s(self, at: datetime) -> float:
        return max(0.0, (at - self._started_at).total_seconds())


def _board(rows: Sequence[BoardRow], aside: Mapping[str, str], elapsed_s: float) -> Table:
    table = Table(title=f"Standings after {elapsed_s:.0f} s", title_justify="left", border_style="dim", expand=False)
    table.add_column("server")
    table.add_column("address", overflow="fold")
    lists = list(rows[0].marks) if rows else []
    for name in lists:
        state = Text.assemble("\n", _text(aside.get(name, ""), "bold yellow"))
        table.add_column(Text.assemble(_text(name), state if aside else ""), min_width=_WIDEST_MARK)
    for row in rows:
        marks = (row.marks.get(name) for name in lists)
        cells = (Text(mark, style=_STYLES[mark]) if mark else Text() for mark in marks)
        table.add_row(_text(row.server), _text(row.target), *cells)
    return table


def _moved(before: BoardRow | None, now: BoardRow, touched: Iterable[str]) -> bool:
    """Whether a row says something new; that a list set aside makes clear unknown, its own line says for all rows."""
    if before is None:
        return True
    changed = {name for name, mark in now.marks.items() if before.marks.get(name) is not mark}
    expected = {name for name in touched if {before.marks.get(name), now.marks.get(name)} == {Mark.CLEAR, Mark.UNKNOWN}}
    return bool(changed - expected)


def _sum_up(marks: Mapping[str, Mark]) -> str:
    """Name the lists that say anything but "clear"."""
    telling = [(mark, [name for name, m in marks.items() if m is mark]) for mark in Mark if mark is not Mark.CLEAR]
    parts = [f"{mark} on {', '.join(names)}" for mark, names in telling if names]
    if Mark.CLEAR not in marks.values():
        return "; ".join(parts)
    return "; ".join([*parts, "clear on all others"]) if parts else "clear on every list"


def _text(text: str, style: str = "") -> Text:
    """Text for a terminal: whatever might steer one is made visible, and nothing in it is markup."""
    return Text(
        "".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text), style
    )
