"""What is wrong with a configuration, as people read it.

Owns the form `FILE:LINE: key: message`, and the gathering of all problems before any is told. Must not put the value
of a secret into a message: who reports a problem says what was expected, never what a secret key held.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rblwatch.config.lines import KeyPath, written
from rblwatch.core.errors import RblwatchError


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that an admin should know of the configuration: an error, or a warning."""

    file: str
    line: int | None
    """Counted from 1; None where the file as a whole is meant."""
    key: str
    """The path of the value, such as `servers[2].addresses[0]`; empty where there is none."""
    message: str
    """What was found, and what to do."""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line is not None else self.file
        return ": ".join(_printable(part) for part in (place, self.key, self.message) if part)


class ConfigError(RblwatchError):
    """The configuration cannot be used; all problems at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class BadValue(RblwatchError):
    """A value that cannot be used, said without its place: who knows the place adds it."""


class Problems:
    """The errors and warnings found so far, each at the line of its key."""

    def __init__(self, file: str, lines: Mapping[KeyPath, int]) -> None:
        self._file = file
        self._lines = lines
        self._errors: list[Problem] = []
        self._warnings: list[Problem] = []

    @property
    def errors(self) -> tuple[Problem, ...]:
        """What makes the configuration unusable, in the file's order."""
        return _in_order(self._errors)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What an admin should know of a usable configuration, in the file's order."""
        return _in_order(self._warnings)

    def refuse(self, path: KeyPath, message: str) -> None:
        """Add an error."""
        self._errors.append(self._at(path, message))

    def warn(self, path: KeyPath, message: str) -> None:
        """Add a warning."""
        self._warnings.append(self._at(path, message))

    def _at(self, path: KeyPath, message: str) -> Problem:
        """A key that does not stand in the file is placed at the nearest table around it."""
        around = (path[:length] for length in range(len(path), 0, -1))
        line = next((self._lines[known] for known in around if known in self._lines), 1)
        return Problem(self._file, line, written(path), message)


def _in_order(problems: list[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: problem.line or 0))


def _printable(text: str) -> str:
    """Without control characters, which could make a terminal lie."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
