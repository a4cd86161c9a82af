"""Every value of a TOML document is found at its true line."""

import tomllib
from collections.abc import Iterator
from contextlib import suppress
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.config.lines import KeyPath, value_lines, written

T = TypeVar("T")

DOCUMENT = '''\
# A comment with [brackets] = "and" more
title = "x"          # 2

[database]           # 4
url = """
[not.a.header]
"""                  # ends on 7
"quoted key" = 1     # 8
'literal.key'.sub = [ # 9
  1, # ] not the end
  [ 2,
    "]" ], { a = 1, b.c = [
    3 ] },
]

[[servers]]          # 16
name = "mx1"
tags = ["a", "b"]
[servers.extra.deep] # 19
x = 1979-05-27 07:32:00
[[servers.ports]]    # 21
n = 25
[[servers.ports]]    # 23
n = 26

[[servers]]          # 26
name = 'mx2'
[[servers.ports]]    # 28
n = 27

[extra.implicit]     # 31
[extra]              # 32
y = true
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("database",), 4),
        # What looks like a header inside a text is none; the text stands where it begins.
        (("database", "url"), 5),
        (("database", "quoted key"), 8),
        (("database", "literal.key"), 9),
        (("database", "literal.key", "sub"), 9),
        (("database", "literal.key", "sub", 0), 10),
        (("database", "literal.key", "sub", 1), 11),
        (("database", "literal.key", "sub", 1, 1), 12),
        (("database", "literal.key", "sub", 2, "a"), 12),
        (("database", "literal.key", "sub", 2, "b", "c"), 12),
        (("database", "literal.key", "sub", 2, "b", "c", 0), 13),
        # An array of tables stands at its first header, its elements at their own.
        (("servers",), 16),
        (("servers", 0), 16),
        (("servers", 0, "tags", 1), 18),
        (("servers", 0, "extra"), 19),
        (("servers", 0, "extra", "deep", "x"), 20),
        (("servers", 0, "ports", 1), 23),
        (("servers", 1), 26),
        (("servers", 1, "name"), 27),
        (("servers", 1, "ports"), 28),
        (("servers", 1, "ports", 0, "n"), 29),
        # A table that another one implied moves to its own header when that comes.
        (("extra",), 32),
        (("extra", "implicit"), 31),
        (("extra", "y"), 33),
    ],
)
def test_each_form_of_toml_is_found(path: KeyPath, line: int) -> None:
    assert value_lines(DOCUMENT)[path] == line


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("servers", 2, "addresses", 0), "servers[2].addresses[0]"),
        (("blocklists", "custom", 0, "codes", "127.0.0.2", "label"), 'blocklists.custom[0].codes."127.0.0.2".label'),
        (("a\n", 'b"\\'), '"a\\u000a"."b\\"\\\\"'),
        (("",), '""'),
    ],
)
def test_a_path_is_written_as_people_read_it(path: KeyPath, text: str) -> None:
    assert written(path) == text


class Author:
    """Writes a random document, and remembers where each value went."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.text = ""
        self.truth: dict[KeyPath, int] = {}
        self._draw = draw
        self._count = 0

    def document(self) -> None:
        self._assignments(())
        for _ in range(self._number(4)):
            name, path = self._key(())
            self._table(f"[{name}]", path) if self._flip() else self._array_of_tables(name, path)

    def _table(self, header: str, path: KeyPath) -> None:
        self._write(self._blank_lines())
        self.truth[path] = self._line()
        self._write(f"{header}{self._line_end()}")
        self._assignments(path)

    def _array_of_tables(self, name: str, path: KeyPath) -> None:
        for position in range(1 + self._number(2)):
            self._table(f"[[ {name} ]]" if self._flip() else f"[[{name}]]", (*path, position))
            self.truth.setdefault(path, self.truth[*path, position])
            if self._flip():
                inner, inner_path = self._key((*path, position))
                self._table(f"[{name} . {inner}]", inner_path)
            if self._flip():
                inner, inner_path = self._key((*path, position))
                self._table(f"[[{name}.{inner}]]", (*inner_path, 0))
                self.truth[inner_path] = self.truth[*inner_path, 0]

    def _assignments(self, table: KeyPath) -> None:
        for _ in range(self._number(3)):
            self._write(self._blank_lines())
            self._assignment(table)
            self._write(self._line_end())

    def _assignment(self, table: KeyPath) -> None:
        line = self._line()
        name, path = self._key(table)
        self._write(name)
        if self._flip():
            self.truth[path] = line
            name, path = self._key(path)
            self._write(f"{self._pick(['.', ' . '])}{name}")
        self._write(self._pick(["=", " = ", "\t=\t"]))
        self._value(path, depth=0)

    def _value(self, path: KeyPath, *, depth: int) -> None:
        self.truth[path] = self._line()
        kind = self._number(6 if depth < 3 else 4)
        token = f"value {self._next()}"
        match kind:
            case 0:
                self._write(str(self._next()))
            case 1:
                self._write(f'"{token} # ] }} = [ \\" \\\\"')
            case 2:
                self._write(f"'{token} # ]] \" \\'")
            case 3:
                self._write(f'"""\n{token} ] " "" \\""" [x] = \n# none\n{self._pick(["", chr(34), chr(34) * 2])}"""')
            case 4:
                self._write(f"'''{token}\n[[x]] ' '' \\\n{self._pick(['', chr(39), chr(39) * 2])}'''")
            case 5:
                self._array(path, depth)
            case _:
                self._inline_table(path)

    def _array(self, path: KeyPath, depth: int) -> None:
        self._write("[")
        size = self._number(3)
        for position in range(size):
            self._write(self._blank_lines())
            self._value((*path, position), depth=depth + 1)
            self._write(self._blank_lines())
            if position < size - 1 or self._flip():
                self._write(",")
        self._write(self._blank_lines() + "]")

    def _inline_table(self, path: KeyPath) -> None:
        self._write("{")
        for position in range(self._number(3)):
            self._write(", " if position else " ")
            self._assignment(path)
        self._write(" }")

    def _key(self, table: KeyPath) -> tuple[str, KeyPath]:
        number = self._next()
        name, key = self._pick(
            [
                (f"key_{number}", f"key_{number}"),
                (str(number), str(number)),
                (f'"key # {number}"', f"key # {number}"),
                (f"'key.{number} ]'", f"key.{number} ]"),
                (f'"\\u00e9 \\" {number}"', f'é " {number}'),
            ]
        )
        return name, (*table, key)

    def _blank_lines(self) -> str:
        return self._pick(["", " ", "\n", "\r\n", "\t\n\n", '# [comment] = "\n', "\n  # ''' }\n"])

    def _line_end(self) -> str:
        return self._pick(["\n", " \t\r\n", ' # [[comment]] = """\n'])

    def _next(self) -> int:
        self._count += 1
        return self._count

    def _line(self) -> int:
        return self.text.count("\n") + 1

    def _write(self, text: str) -> None:
        self.text += text

    def _number(self, most: int) -> int:
        return self._draw(st.integers(0, most))

    def _flip(self) -> bool:
        return self._draw(st.booleans())

    def _pick(self, options: list[T]) -> T:
        return self._draw(st.sampled_from(options))


@st.composite
def documents(draw: st.DrawFn) -> Author:
    author = Author(draw)
    author.document()
    return author


def paths(value: object, path: KeyPath = ()) -> Iterator[KeyPath]:
    if path:
        yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from paths(child, (*path, key))


@given(documents())
def test_every_value_is_found_at_its_true_line(author: Author) -> None:
    assert set(paths(tomllib.loads(author.text))) == set(author.truth)
    assert value_lines(author.text) == author.truth


FRAGMENTS = [
    "a",
    "b",
    ".",
    "=",
    " ",
    "\n",
    "[",
    "]",
    "{",
    "}",
    ",",
    '"',
    "'",
    '"""',
    "'''",
    "#",
    "1",
    "\\",
    "[[",
    "]]",
    '"x"',
]


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join))
def test_whatever_tomllib_accepts_is_read_to_the_same_paths(text: str) -> None:
    with suppress(tomllib.TOMLDecodeError):
        document = tomllib.loads(text)
        assert set(value_lines(text)) == set(paths(document))
