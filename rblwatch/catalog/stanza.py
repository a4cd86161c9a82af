"""One table of the catalogue's file, read key by key.

Owns the wording of the schema's errors: which entry, which key, what is wrong. Must not know what the keys mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NoReturn, TypeVar

from rblwatch.core.errors import RblwatchError

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


class CatalogueError(RblwatchError):
    """The catalogue is not what its schema says: a mistake in the file, never in an admin's configuration."""


class Stanza:
    """A table whose every key must be asked for; the first problem ends the reading."""

    def __init__(self, where: str, values: Mapping[str, object]) -> None:
        self._where = where
        self._values = values
        self._asked: set[str] = set()

    def fail(self, key: str, message: str) -> NoReturn:
        """Say what is wrong with a key of this table."""
        raise CatalogueError(f"{self._where}: {key}: {message}")

    def finish(self) -> None:
        """Refuse the keys that nothing asked for."""
        for key in self._values:
            if key not in self._asked:
                self.fail(key, f"is not a key of the schema; known here: {', '.join(sorted(self._asked))}")

    def skip(self, key: str) -> None:
        """Allow a key that only people read."""
        self._asked.add(key)

    def text(self, key: str, default: str | None = None) -> str:
        """The text of a key, never blank."""
        value = self._get(key, default)
        if not isinstance(value, str) or (key in self._values and not value.strip()):
            self.fail(key, "must be a text that is not blank")
        return value

    def flag(self, key: str, *, default: bool | None = None) -> bool:
        """True or false."""
        value = self._get(key, default)
        if not isinstance(value, bool):
            self.fail(key, "must be true or false")
        return value

    def whole_number(self, key: str) -> int:
        """An integer."""
        value = self._get(key, None)
        if not isinstance(value, int) or isinstance(value, bool):
            self.fail(key, "must be a whole number")
        return value

    def positive(self, key: str) -> float | None:
        """A number above 0, None where it is not given."""
        if key not in self._values:
            self.skip(key)
            return None
        value = self._get(key, None)
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 < value < float("inf"):
            self.fail(key, "must be a number above 0")
        return value

    def positive_whole(self, key: str) -> int | None:
        """A whole number above 0, None where it is not given."""
        value = self.positive(key)
        if value is not None and not isinstance(value, int):
            self.fail(key, "must be a whole number above 0")
        return value

    def choice(self, key: str, options: Sequence[str], default: str | None = None) -> str:
        """One of a closed set of texts."""
        value = self.text(key, default)
        if value not in options:
            self.fail(key, f"'{value}' is not one of {', '.join(options)}")
        return value

    def one_of(self, key: str, options: type[E], default: E | None = None) -> E:
        """A member of an enumeration, by its value."""
        return options(self.choice(key, [member.value for member in options], default))

    def is_given(self, key: str) -> bool:
        """Whether the key stands there at all."""
        return key in self._values

    def texts(self, key: str) -> tuple[str, ...]:
        """An array of texts, empty where it is not given."""
        values = self._get(key, ())
        if not isinstance(values, (list, tuple)) or not all(isinstance(value, str) for value in values):
            self.fail(key, "must be an array of texts")
        return tuple(values)

    def read(self, key: str, parse: Callable[[str], T]) -> T:
        """A text in a notation of its own."""
        return self._parsed(key, self.text(key), parse)

    def read_each(self, key: str, parse: Callable[[str], T]) -> tuple[T, ...]:
        """An array of texts in a notation of their own."""
        return tuple(self._parsed(key, text, parse) for text in self.texts(key))

    def named(self, key: str, parse: Callable[[str], T]) -> T:
        """The key itself, where keys are in a notation of their own."""
        return self._parsed(key, key, parse)

    def table(self, key: str) -> Mapping[str, object]:
        """A table, empty where it is not given."""
        values = self._get(key, {})
        if not isinstance(values, dict):
            self.fail(key, "must be a table")
        return values

    def holds_table(self, key: str) -> bool:
        """Whether the key holds a table."""
        return isinstance(self._values.get(key), dict)

    def below(self, key: str) -> Stanza:
        """A table as a stanza of its own, empty where it is not given."""
        return Stanza(f"{self._where}: {key}", self.table(key))

    def array(self, key: str) -> Iterator[Stanza]:
        """The stanzas of an array of tables, each named by its id."""
        tables = self._get(key, None)
        if not isinstance(tables, list):
            self.fail(key, "must be an array of tables")
        for position, values in enumerate(tables, start=1):
            if not isinstance(values, dict):
                self.fail(key, f"entry {position} must be a table")
            yield Stanza(f"{self._where}: {values.get('id') or f'entry {position}'}", values)

    def _get(self, key: str, default: object) -> object:
        self._asked.add(key)
        if key not in self._values and default is None:
            self.fail(key, "is missing")
        return self._values.get(key, default)

    def _parsed(self, key: str, text: str, parse: Callable[[str], T]) -> T:
        try:
            return parse(text)
        except RblwatchError as error:
            raise CatalogueError(f"{self._where}: {key}: {error}") from error
