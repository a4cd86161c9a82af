"""A TOML table on its way to becoming settings.

Owns how keys are asked for: every key that is asked for is known, every other one is an unknown key; what is wrong is
gathered, not raised, and reading goes on with a stand-in. Must not know what any key means.

What was read is kept beside it as `shown`: the effective values with their defaults, and secrets as `***`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from rblwatch.config.lines import KeyPath, written
from rblwatch.config.problems import Problems
from rblwatch.config.wording import kind_of, nearest
from rblwatch.core.errors import RblwatchError

T = TypeVar("T")

D = TypeVar("D")

MASK = "***"


class Table:
    """One table, read key by key."""

    def __init__(self, values: Mapping[str, object], path: KeyPath, problems: Problems) -> None:
        self.path = path
        self.shown: dict[str, object] = {}
        self._values = values
        self._problems = problems
        self._asked: set[str] = set()
        self._children: list[Table] = []

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def given(self, key: str) -> bool:
        """Whether the admin wrote the key."""
        return key in self._values

    def raw(self, key: str) -> object:
        """The value as it stands, None where the key is absent: to tell the forms of a value apart."""
        return self._values.get(key)

    def take(self, key: str, read: Callable[[object], T], default: object) -> T:
        """A value, or the default in TOML's own form."""
        self._asked.add(key)
        value = self._values.get(key, default)
        self.shown[key] = value
        return self._read(value, (*self.path, key), read, lambda: read(default))

    def find(self, key: str, read: Callable[[object], T]) -> T | None:
        """A value that may be absent."""
        self._asked.add(key)
        if key not in self._values:
            return None
        self.shown[key] = self._values[key]
        return self._read(self._values[key], (*self.path, key), read, lambda: None)

    def need(self, key: str, read: Callable[[object], T], stand_in: T) -> T:
        """A value that must be there; the stand-in is returned after a problem."""
        if key not in self._values:
            self._asked.add(key)
            self.refuse(key, "is missing")
            return stand_in
        found = self.find(key, read)
        return stand_in if found is None else found

    def secret(self, key: str, read: Callable[[object], T], default: object = None) -> T | None:
        """A value that may be absent and is shown masked; the default is what is shown where it is absent."""
        if default is not None:
            self.shown[key] = default
        found = self.find(key, read)
        if self._values.get(key):
            self.shown[key] = MASK
        return found

    def each(self, key: str, read: Callable[[object], T], default: Sequence[object] = ()) -> tuple[T, ...]:
        """The elements of an array; those with a problem are left out."""
        self._asked.add(key)
        values = self._values.get(key, list(default))
        self.shown[key] = values
        if not isinstance(values, list):
            self.refuse(key, f"must be an array, found {kind_of(values)}; write it in brackets: [ … ]")
            return ()
        elements = [
            self._read(value, (*self.path, key, position), read, lambda: None) for position, value in enumerate(values)
        ]
        return tuple(element for element in elements if element is not None)

    def table(self, key: str) -> Table:
        """A table in this one, empty where it is absent."""
        self._asked.add(key)
        return self._child(self._values.get(key, {}), (*self.path, key), self.shown, key)

    def inner(self, key: str) -> Table:
        """A table in this one that was read before, for what can be said of it only now."""
        return next(child for child in self._children if child.path == (*self.path, key))

    def tables(self, key: str) -> list[Table]:
        """The elements of an array of tables."""
        self._asked.add(key)
        values = self._values.get(key, [])
        rows: list[object] = []
        self.shown[key] = rows
        if not isinstance(values, list):
            self.refuse(
                key, f"must be an array of tables, found {kind_of(values)}; write [[{written((*self.path, key))}]]"
            )
            return []
        children = [self._child(value, (*self.path, key, position), {}, "") for position, value in enumerate(values)]
        rows.extend(child.shown for child in children)
        return children

    def refuse(self, key: str | None, message: str, position: int | None = None) -> None:
        """Report a problem of a key, of an array's element, or of the table itself."""
        self._problems.refuse(self._place(key, position), message)

    def warn(self, key: str | None, message: str, position: int | None = None) -> None:
        """Report what does no harm but may surprise."""
        self._problems.warn(self._place(key, position), message)

    def finish(self) -> None:
        """Refuse the keys that nothing asked for, here and in the tables inside."""
        for key in self._values:
            if key not in self._asked:
                suggestion = nearest(key, self._asked) or f"; known here: {', '.join(sorted(self._asked))}"
                self.refuse(key, f"unknown key{suggestion}")
        for child in self._children:
            child.finish()

    def _place(self, key: str | None, position: int | None) -> KeyPath:
        path = self.path if key is None else (*self.path, key)
        return path if position is None else (*path, position)

    def _read(self, value: object, path: KeyPath, read: Callable[[object], T], stand_in: Callable[[], D]) -> T | D:
        try:
            return read(value)
        except RblwatchError as error:
            self._problems.refuse(path, str(error))
            return stand_in()

    def _child(self, value: object, path: KeyPath, parent: dict[str, object], key: str) -> Table:
        if not isinstance(value, dict):
            # Never the value itself: it may stand where a secret belongs.
            self._problems.refuse(path, f"must be a table, found {kind_of(value)}")
            # What this table lacks is no further problem.
            child = Table({}, path, Problems("", {}))
        else:
            child = Table(value, path, self._problems)
        parent[key] = child.shown
        self._children.append(child)
        return child
