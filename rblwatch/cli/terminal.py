"""Standard output and standard error, as an admin's terminal or as a file.

Owns how tables, JSON and remarks are written, and that nothing written can steer a terminal. Must not know what the
tables are about.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rblwatch.cli.options import preferences
from rblwatch.core.text import clean

if TYPE_CHECKING:
    from rich.console import Console

#: No cell is cut off: text from DNS was shortened when it came in.
_WHOLE = 10_000
_NOTHING = "-"
#: Columns; a table is not fitted to less: cells of two letters tell nobody anything, and a terminal breaks long lines.
_NARROWEST = 60


@dataclass(frozen=True, slots=True)
class Cell:
    """A text in a table, with the style that it has on a terminal."""

    text: str
    style: str = ""


Row = Sequence[str | Cell]


def prepare() -> None:
    """Make both streams take any text, whatever the locale can write, and also where there is none."""
    _fill_gaps()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _fill_gaps() -> None:
    """Let what goes to a closed stream go nowhere; no file that is opened later may get its number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: this one
    # Python has none for those that were closed when it started, whatever its types say.
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


def print_line(text: str) -> None:
    """Write one line of results."""
    sys.stdout.write(clean(text, _WHOLE) + "\n")


def counted(number: int, noun: str) -> str:
    """A number with its noun: `1 list`, `2 lists`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def print_table(header: Sequence[str], rows: Iterable[Row]) -> None:
    """Write rows under a header: fitted to a terminal, else aligned, plain and never cut."""
    cells = [[_cell(value) for value in row] for row in rows]
    if sys.stdout.isatty() and console().width >= _NARROWEST:
        _print_fitted(header, cells)
    else:
        _print_aligned([list(header), *([cell.text for cell in row] for row in cells)])


def print_json(document: Mapping[str, object]) -> None:
    """Write one JSON object; the elements of its arrays stand one to a line, and are written as they are made."""
    opening = "{"
    for key, value in document.items():
        sys.stdout.write(f"{opening}{json.dumps(key)}: ")
        opening = ",\n "
        if isinstance(value, (list, Iterator)):
            _write_array(value)
        else:
            sys.stdout.write(json.dumps(value))
    sys.stdout.write("}\n" if document else "{}\n")


def print_json_array(values: Iterable[object]) -> None:
    """Write one JSON array, its elements one to a line."""
    _write_array(values)
    sys.stdout.write("\n")


def remark(text: str) -> None:
    """Tell the admin something that is no result, on standard error; not with `--quiet`."""
    if not preferences().quiet:
        complain(text)


def complain(text: str) -> None:
    """Write an error, of one line or several, to standard error."""
    for line in text.splitlines():
        sys.stderr.write(f"{clean(line, _WHOLE)}\n")


def console(*, error: bool = False) -> Console:
    """A terminal that rich writes to, coloured unless the admin does not want it."""
    from rich.console import Console  # noqa: PLC0415 - takes a tenth of a second, and only a terminal needs it

    colourless = preferences().no_color or bool(os.environ.get("NO_COLOR"))
    return Console(stderr=error, color_system=None if colourless else "auto", highlight=False)


def _cell(value: str | Cell) -> Cell:
    cell = value if isinstance(value, Cell) else Cell(value)
    return Cell(clean(cell.text, _WHOLE) or _NOTHING, cell.style)


def _print_aligned(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        aligned = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        sys.stdout.write("  ".join(aligned).rstrip() + "\n")


def _print_fitted(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    from rich.table import Table  # noqa: PLC0415 - see `console`
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in header:
        table.add_column(name, overflow="fold")
    for row in rows:
        # Text, not markup: a list's words may hold brackets.
        table.add_row(*(Text(cell.text, style=cell.style) for cell in row))
    console().print(table)


def _write_array(values: Iterable[object]) -> None:
    separator = ""
    sys.stdout.write("[")
    for value in values:
        sys.stdout.write(f"{separator}\n  {json.dumps(value)}")
        separator = ","
    sys.stdout.write("\n ]" if separator else "]")
