"""A clock that only one program sees: libfaketime in front of its C library. The machine's clock is never touched.

Owns the file that says by how much the wall clock is off; the monotonic clock stays as it is. Must not know the
program.
"""

from __future__ import annotations

from pathlib import Path

_FOLDERS = ("/usr/lib", "/usr/lib64", "/usr/local/lib")


class FakeTime:
    """The wall clock of the programs that are started with `environment`."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._hours = 0
        self.step(0)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(_library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",  # seconds between two looks at the file; each call else reads it
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def step(self, hours: int) -> None:
        """Step the clock by so many hours."""
        self._hours += hours
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{self._hours:+d}h\n")
        fresh.replace(self._file)


def _library() -> Path:
    found = (path for folder in _FOLDERS for path in Path(folder).glob("**/faketime/libfaketimeMT.so.1"))
    library = next(found, None)
    if library is None:
        raise FileNotFoundError("libfaketime is not installed; run scripts/install-servers")
    return library
