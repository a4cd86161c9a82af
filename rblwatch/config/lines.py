"""Where each value of a TOML document stands.

Owns the step from a document's text to the line of every key path in it, since tomllib gives positions for syntax
errors only. Must not judge the document: tomllib has accepted it before.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right

#: The way to a value: keys of tables, positions in arrays.
KeyPath = tuple[str | int, ...]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BASIC = re.compile(r'"(?:[^"\\]|\\.)*"')
_LITERAL = re.compile(r"'[^']*'")
#: One or two quotes may stand inside a multi-line string, and right before its end.
_LONG_BASIC = re.compile(r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}', re.DOTALL)
_LONG_LITERAL = re.compile(r"'''(?:[^']|'{1,2}(?!'))*'{3,5}")
_SCALAR = re.compile(r"[^,\]}#\n]+")
_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_DOT = re.compile(r"[ \t]*\.")
_EQUALS = re.compile(r"[ \t]*=[ \t]*")
_HEADER_END = re.compile(r"[ \t]*\]")
_ARRAY_HEADER_END = re.compile(r"[ \t]*\]\]")


def value_lines(text: str) -> dict[KeyPath, int]:
    """Find the line, counted from 1, of every table and every value of a valid document.

    A table stands where its header does, else where its first key does; a value of several lines where it begins.
    """
    scanner = _Scanner(text)
    scanner.scan()
    return scanner.lines


def written(path: KeyPath) -> str:
    """Write a key path as people read it: `servers[2].addresses[0]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + written_key(part)
    return text


def written_key(key: str) -> str:
    """Write one key as TOML does: bare where it can be, else in quotes."""
    if _BARE_KEY.fullmatch(key):
        return key
    return written_text(key)


def written_text(text: str) -> str:
    """Write a string as TOML does, on one line."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else _escape(c) for c in escaped) + '"'


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


class _Scanner:
    def __init__(self, text: str) -> None:
        self.lines: dict[KeyPath, int] = {}
        self._text = text
        self._at = 0
        self._ends = [match.start() for match in re.finditer("\n", text)]
        #: How many elements each array of tables has so far.
        self._elements: dict[KeyPath, int] = {}

    def scan(self) -> None:
        table: KeyPath = ()
        self._skip_blank()
        while self._at < len(self._text):
            if self._text.startswith("[[", self._at):
                table = self._array_header()
            elif self._text[self._at] == "[":
                table = self._header()
            else:
                self._assignment(table)
            self._skip_blank()

    def _header(self) -> KeyPath:
        line = self._line()
        self._at += len("[")
        path = self._resolve(self._key(), line)
        self._take(_HEADER_END)
        self.lines[path] = line
        return path

    def _array_header(self) -> KeyPath:
        line = self._line()
        self._at += len("[[")
        *parents, last = self._key()
        array = (*self._resolve(parents, line), last)
        self._take(_ARRAY_HEADER_END)
        position = self._elements.get(array, 0)
        self._elements[array] = position + 1
        self.lines.setdefault(array, line)
        self.lines[(*array, position)] = line
        return (*array, position)

    def _resolve(self, keys: list[str], line: int) -> KeyPath:
        """The path that a header means: an array of tables stands for its last element."""
        path: KeyPath = ()
        for key in keys:
            path = (*path, key)
            self.lines.setdefault(path, line)
            if path in self._elements:
                path = (*path, self._elements[path] - 1)
        return path

    def _assignment(self, table: KeyPath) -> None:
        line = self._line()
        path = table
        for key in self._key():
            path = (*path, key)
            self.lines.setdefault(path, line)
        self._take(_EQUALS)
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        self.lines[path] = self._line()
        match self._text[self._at]:
            case "[":
                self._array(path)
            case "{":
                self._inline_table(path)
            case '"':
                self._take(_LONG_BASIC if self._text.startswith('"""', self._at) else _BASIC)
            case "'":
                self._take(_LONG_LITERAL if self._text.startswith("'''", self._at) else _LITERAL)
            case _:
                self._take(_SCALAR)

    def _array(self, path: KeyPath) -> None:
        self._at += len("[")
        position = 0
        while not self._closed("]"):
            self._value((*path, position))
            position += 1

    def _inline_table(self, path: KeyPath) -> None:
        self._at += len("{")
        while not self._closed("}"):
            self._assignment(path)

    def _closed(self, bracket: str) -> bool:
        """Pass over blanks and a comma; say whether the bracket came, and pass over it."""
        self._skip_blank()
        if self._text.startswith(",", self._at):
            self._at += 1
            self._skip_blank()
        if self._text.startswith(bracket, self._at):
            self._at += 1
            return True
        return False

    def _key(self) -> list[str]:
        """A dotted key's parts."""
        keys = []
        while True:
            self._take(_SPACE)
            keys.append(self._simple_key())
            if not _DOT.match(self._text, self._at):
                return keys
            self._take(_DOT)

    def _simple_key(self) -> str:
        match self._text[self._at]:
            case '"':
                # Escapes are tomllib's to read.
                return str(tomllib.loads(f"key = {self._take(_BASIC)}")["key"])
            case "'":
                return self._take(_LITERAL)[1:-1]
            case _:
                return self._take(_BARE_KEY)

    def _skip_blank(self) -> None:
        self._take(_BLANK)

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise ValueError(f"line {self._line()} is not TOML")
        self._at = match.end()
        return match.group()

    def _line(self) -> int:
        return bisect_right(self._ends, self._at - 1) + 1
