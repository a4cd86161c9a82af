"""Secrets: from a string, a file, the environment or systemd's credentials.

Owns where a secret comes from and what a good one is. Must not put a secret's text, or any value that stands where
one belongs, into a message. Nothing is cached: reading the configuration again reads its secrets again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from rblwatch.config.problems import BadValue
from rblwatch.config.reading import read_at_most
from rblwatch.config.wording import nearest
from rblwatch.core.settings import Secret

CREDENTIALS_DIRECTORY = "CREDENTIALS_DIRECTORY"

_SOURCES = ("file", "env", "credential")
_FORMS = 'a string or one of { file = "…" }, { env = "…" }, { credential = "…" }'
_LARGEST = 65_536
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class Secrets:
    """Reads secrets as the configuration writes them."""

    def __init__(self, directory: Path, environ: Mapping[str, str]) -> None:
        self._directory = directory
        self._environ = environ

    def read(self, value: object) -> Secret:
        """The secret that a value is or names; one line, never empty.

        Raises: BadValue, which never holds the secret.
        """
        match value:
            case str():
                return _sound(value, "is empty")
            case dict() if len(value) == 1 and (source := next(iter(value))) in _SOURCES:
                return self._fetch(source, value[source])
            case dict() if len(value) == 1:
                raise BadValue(f"must be {_FORMS}{nearest(next(iter(value)), _SOURCES)}")
            case _:
                raise BadValue(f"must be {_FORMS}")

    def _fetch(self, source: str, name: object) -> Secret:
        if not isinstance(name, str) or not name or not name.isprintable():
            raise BadValue(f"{source} must name a source, as a string; a secret is {_FORMS}")
        match source:
            case "file":
                return self._from_file(self._directory / name, f"the file '{name}'")
            case "env":
                return self._from_environment(name)
            case _:
                return self._from_credential(name)

    def _from_environment(self, name: str) -> Secret:
        if not _VARIABLE.fullmatch(name):
            raise BadValue('env must name an environment variable, e.g. { env = "HOOK_SECRET" }')
        if name not in self._environ:
            raise BadValue(f"the environment variable {name} is not set")
        return _sound(self._environ[name], f"the environment variable {name} is empty")

    def _from_credential(self, name: str) -> Secret:
        if "/" in name or name in {".", ".."}:
            raise BadValue("credential must be the name of a credential, not a path")
        directory = self._environ.get(CREDENTIALS_DIRECTORY)
        if not directory:
            raise BadValue(
                f"the credential '{name}' needs ${CREDENTIALS_DIRECTORY}, which systemd sets for a unit with "
                f"LoadCredential={name}:FILE"
            )
        return self._from_file(Path(directory) / name, f"the credential '{name}'")

    def _from_file(self, path: Path, called: str) -> Secret:
        try:
            content = read_at_most(path, _LARGEST + 1)
        except OSError as error:
            raise BadValue(f"{called} cannot be read: {error.strerror or 'unknown error'}") from None
        if len(content) > _LARGEST:
            raise BadValue(f"{called} is larger than {_LARGEST:,} bytes, which is no secret")
        try:
            return _sound(content.decode("utf-8"), f"{called} is empty")
        except UnicodeDecodeError:
            # Not chained: the error holds the file's content.
            raise BadValue(f"{called} is not UTF-8 text") from None


def _sound(text: str, if_empty: str) -> Secret:
    text = text.rstrip("\r\n")
    if not text.strip():
        raise BadValue(if_empty)
    if not text.isprintable():
        raise BadValue("holds a line break or another control character; a secret is one line of text")
    return Secret(text)
