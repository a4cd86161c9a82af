"""What every server of the tests has in common: it serves inside of a `with` block.

Owns the block. Must not know what is served; `process.DebianServer` adds a folder to it.
"""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Serving(ABC):
    """A server that may be stopped and started again in between, as a test wants it."""

    @abstractmethod
    def start(self) -> None:
        """Serve; returns once questions are answered."""

    @abstractmethod
    def stop(self) -> None:
        """Be gone; does nothing when it is already."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
