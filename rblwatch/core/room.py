"""How much room a database has left on its disk, and when that is little.

Owns the limits. Must not look at a disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

_MB = 1_000_000
#: Below this, people are told; on a small disk, below a tenth of it.
_LOW_BYTES, _LOW_SHARE = 256 * _MB, 10
#: Below this the reserve is given up, so that what is to be written still can be.
_SCARCE_BYTES, _SCARCE_SHARE = 24 * _MB, 50
#: A file that takes up room until then. It is made anew when there is room enough for it and all else.
RESERVE_BYTES = 16 * _MB

#: It is told again while it lasts, but no more often.
TOLD_EVERY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Room:
    """The disk that a database is on, in bytes."""

    free: int
    total: int

    @property
    def is_low(self) -> bool:
        """Whether somebody should make room."""
        return self.free < self.low_bytes

    @property
    def is_scarce(self) -> bool:
        """Whether the next writes may fail."""
        return self.free < min(_SCARCE_BYTES, self.total // _SCARCE_SHARE)

    @property
    def low_bytes(self) -> int:
        """From where on it is enough."""
        return min(_LOW_BYTES, self.total // _LOW_SHARE)

    @property
    def reserve_bytes(self) -> int:
        """How large the reserve is on this disk."""
        return min(RESERVE_BYTES, self.total // _SCARCE_SHARE)

    def __str__(self) -> str:
        return f"{_size(self.free)} free of {_size(self.total)}"


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
