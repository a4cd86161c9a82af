"""The bytes of a file that the configuration is, or names.

Owns that reading ends: however large the file is, and where it is a pipe into which nobody writes. Must not know what
the bytes mean, nor put any of them into a message.
"""

from __future__ import annotations

import os
import select
import time
from pathlib import Path

#: For how long a pipe, such as a shell's `<(…)`, may make us wait.
_PATIENCE_S = 10.0
_PIECE = 65_536


class NothingCame(OSError):
    """The file is a pipe, and whoever should write to it doesn't."""

    def __init__(self) -> None:
        super().__init__(None, f"it is a pipe, and nothing came from it within {_PATIENCE_S:g} s")


def read_at_most(path: Path, limit: int) -> bytes:
    """The content of a file, cut off after `limit` bytes.

    Raises: OSError, whose `strerror` says in words what is wrong; ValueError, for a path that can be none.
    """
    # Without O_NONBLOCK, opening a pipe would wait for a writer without end.
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return _read(file, limit, time.monotonic() + _PATIENCE_S)
    finally:
        os.close(file)


def _read(file: int, limit: int, until_s: float) -> bytes:
    content = bytearray()
    arrival = select.poll()
    arrival.register(file, select.POLLIN)
    while len(content) < limit:
        if not arrival.poll(max(until_s - time.monotonic(), 0) * 1000):
            raise NothingCame
        piece = os.read(file, min(_PIECE, limit - len(content)))
        if not piece:
            break
        content += piece
    return bytes(content)
