"""The progress of long work, on standard error and only where that is a terminal.

Owns the bars. Must not know what the work is for.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rblwatch.cli.options import preferences
from rblwatch.cli.terminal import console
from rblwatch.services.inquiry import Conversation, Step

_NUMBERS = "{task.fields[lists]}/{task.fields[all]} lists, {task.fields[listed]} listed, {task.fields[unknown]} unknown"


@contextmanager
def questions_bar(planned: Sequence[Conversation]) -> Iterator[Callable[[Step], None]]:
    """Show how far an inquiry got: batches as a bar, and lists through, listed and unknown as numbers."""
    if preferences().quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415 - see `console`

    columns = (TextColumn("asking"), BarColumn(), TextColumn(_NUMBERS), TimeElapsedColumn())
    with Progress(*columns, console=console(error=True), transient=True) as progress:
        batches = sum(len(conversation.cohort.slices) for conversation in planned)
        task = progress.add_task("", total=batches, lists=0, all=len(planned), listed=0, unknown=0)

        def advance(step: Step) -> None:
            fields = progress.tasks[0].fields
            if step.reading is not None:
                fields["lists"] += 1
                fields["listed"] += len(step.reading.listings)
                fields["unknown"] += step.reading.unknown
            progress.update(task, advance=step.batches)

        yield advance


@contextmanager
def lists_bar(lists: int, doing: str = "sweeping") -> Iterator[Callable[[str], None]]:
    """Show how many of so many lists are through; the caller names each list and family once that is done."""
    if preferences().quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415 - see `console`

    columns = (TextColumn(doing), BarColumn(), TextColumn("{task.fields[last]}"), TimeElapsedColumn())
    with Progress(*columns, console=console(error=True), transient=True) as progress:
        task = progress.add_task("", total=lists, last="")
        seen: set[str] = set()

        def advance(blocklist: str) -> None:
            progress.update(task, advance=0 if blocklist in seen else 1, last=blocklist)
            seen.add(blocklist)

        yield advance
