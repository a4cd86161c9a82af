"""How many questions operators were asked.

Owns the table spending. Must not know what an operator allows.

Questions are reserved before they leave, and what was not used is given back: a process that dies in between leaves the
count too high, never too low.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import delete, select, update

from rblwatch.store.area import Area
from rblwatch.store.schema import spending as table

#: For whoever wants to look back.
_KEPT = timedelta(days=31)


class Spendings(Area):
    """What was spent of operators' daily numbers."""

    def reserve(self, operator: str, days: Sequence[date], *, wanted: int, least: int, most: int) -> int:
        """Reserve what is wanted on each of some days, as far as none then has more than `most`; how many these are.

        None where that would be fewer than `least`.
        """
        left = min(most - self._locked(operator, day) for day in days)
        granted = min(wanted, left) if left >= least else 0
        for day in days if granted > 0 else ():
            self._spend(operator, day, granted)
        return max(granted, 0)

    def unspend(self, operator: str, days: Sequence[date], questions: int) -> None:
        """Take back a part of a reservation: so many questions did not leave."""
        for day in days:
            self._spend(operator, day, -questions)

    def _locked(self, operator: str, day: date) -> int:
        """What is spent; nobody else spends meanwhile."""
        self._change(delete(table).where(table.c.day < (day - _KEPT).isoformat()))
        self._ensure(table, {"operator": operator, "day": day.isoformat(), "questions": 0})
        row = select(table.c.questions).where(table.c.operator == operator, table.c.day == day.isoformat())
        return int(self._connection.execute(row.with_for_update()).scalar_one())

    def _spend(self, operator: str, day: date, questions: int) -> None:
        row = (table.c.operator == operator) & (table.c.day == day.isoformat())
        spent = table.c.questions + questions
        self._change(update(table).where(row).values(questions=spent))
