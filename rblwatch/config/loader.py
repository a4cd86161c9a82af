"""The configuration: which file it is, and from the file to settings.

Owns reading the file and the promise that every problem is told at once. Nothing is cached: a reload is another
`load`, which reads every secret again.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rblwatch.config import pending
from rblwatch.config.lines import KeyPath, value_lines
from rblwatch.config.problems import ConfigError, Problem, Problems
from rblwatch.config.reading import read_at_most
from rblwatch.config.schema import Surroundings, read_settings
from rblwatch.config.secret import Secrets
from rblwatch.config.table import Table
from rblwatch.config.writer import as_toml
from rblwatch.core.selection import Catalogue
from rblwatch.core.settings import Settings

VARIABLE = "RBLWATCH_CONFIG"
LOCAL_FILE = "rblwatch.toml"
SYSTEM_FILE = Path("/etc/rblwatch/rblwatch.toml")

_LARGEST = 10_000_000
_BYTE_ORDER_MARKS = {
    b"\xef\xbb\xbf": "begins with a byte order mark; save it as UTF-8 without one",
    b"\xff\xfe": "is UTF-16; save it as UTF-8",
    b"\xfe\xff": "is UTF-16; save it as UTF-8",
}
_POSITION = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)$")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that can be used."""

    settings: Settings
    warnings: tuple[Problem, ...]
    file: str
    effective: Mapping[str, object]
    """The document with its defaults, and secrets as `***`."""
    lines: Mapping[KeyPath, int]
    """Where each key that the admin wrote stands."""


def locate(option: str | None, environ: Mapping[str, str], cwd: Path) -> Path:
    """Find the configuration file: the option, else $RBLWATCH_CONFIG, else ./rblwatch.toml, else the system's.

    A file that was named is not looked for: whether it can be read is for `load` to say.
    Raises: ConfigError, which names every place looked in.
    """
    named = option or environ.get(VARIABLE)
    if named:
        return cwd / named
    places = (cwd / LOCAL_FILE, SYSTEM_FILE)
    for place in places:
        if _is_there(place):
            return place
    message = (
        f"no configuration file: there is neither {places[0]} nor {places[1]}; write one (config.example.toml is a "
        f"start), or name yours with --config FILE or ${VARIABLE}"
    )
    raise ConfigError([Problem("", None, "", message)])


def load(path: Path, catalogue: Catalogue, environ: Mapping[str, str]) -> Loaded:
    """Read a configuration file and the secrets it names.

    Raises: ConfigError with every problem of the file; nothing else.
    """
    file = str(path)
    text = _read_text(path)
    document, lines = _parse(file, text)
    problems = Problems(file, lines)
    root = Table(document, (), problems)
    directory = path.absolute().parent
    settings = read_settings(root, Surroundings(directory, catalogue, Secrets(directory, environ)))
    if problems.errors:
        raise ConfigError(problems.errors)
    return Loaded(settings, problems.warnings, file, root.shown, lines)


def show(loaded: Loaded) -> str:
    """The effective configuration as TOML, with its defaults, and secrets as `***`."""
    return as_toml(loaded.effective)


def without_effect(loaded: Loaded) -> tuple[Problem, ...]:
    """What the admin wrote down and nothing reads yet."""
    return pending.without_effect(loaded.file, loaded.effective, loaded.lines)


def _is_there(place: Path) -> bool:
    try:
        return place.exists()
    except OSError:
        # What may not be looked at is there, for all we know; reading it says what is wrong.
        return True


def _read_text(path: Path) -> str:
    try:
        content = read_at_most(path, _LARGEST + 1)
    except IsADirectoryError:
        raise _unreadable(path, "is a directory; name the file in it") from None
    except FileNotFoundError:
        raise _unreadable(path, "does not exist") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise _unreadable(path, f"cannot be read: {reason}") from None
    if len(content) > _LARGEST:
        raise _unreadable(path, f"is larger than {_LARGEST:,} bytes, which is no configuration")
    for mark, message in _BYTE_ORDER_MARKS.items():
        if content.startswith(mark):
            raise _unreadable(path, message, 1)
    return _decode(path, content)


def _decode(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
    # Outside of the handler: the error holds the whole file, secrets too.
    raise _unreadable(path, "is not UTF-8 from here on; save it as UTF-8", line)


def _parse(file: str, text: str) -> tuple[dict[str, object], dict[KeyPath, int]]:
    # As tomllib does, so that both count the same characters.
    text = text.replace("\r\n", "\n")
    try:
        return tomllib.loads(text), value_lines(text)
    except tomllib.TOMLDecodeError as error:
        problem = _syntax_problem(file, text, str(error))
    except RecursionError:
        problem = Problem(file, None, "", "is nested too deeply")
    except ValueError:
        # An integer of thousands of digits, which Python refuses to convert.
        problem = Problem(file, None, "", "holds a number that cannot be read")
    # Outside of the handlers: later Pythons keep the document in the error, secrets too.
    raise ConfigError([problem])


def _syntax_problem(file: str, text: str, message: str) -> Problem:
    position = _POSITION.search(message)
    line = int(position[1]) if position and position[1] else text.rstrip("\n").count("\n") + 1
    said = _POSITION.sub("", message)
    return Problem(file, line, "", f"is not TOML: {said[:1].lower()}{said[1:]}")


def _unreadable(path: Path, message: str, line: int | None = None) -> ConfigError:
    return ConfigError([Problem(str(path), line, "", message)])
