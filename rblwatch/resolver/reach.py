"""Whether a nameserver is there at all, from what the kernel says.

Owns the decision to stop waiting for a nameserver that refuses or cannot be reached. Must not send anything.
"""

from __future__ import annotations

import errno
import os

from rblwatch.core.question import Failed, Reason
from rblwatch.resolver.nameservers import Nameserver

#: How long refusals must last, and how many they must be: a server that is started anew refuses for a moment.
_PATIENCE_S = 0.5
_FEWEST = 2
#: The kernel wants to be asked later; any other error says that the nameserver is not there.
_BUSY = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.ENOBUFS, errno.EINTR})


class Reach:
    """What the kernel has said since the last answer."""

    def __init__(self, nameserver: Nameserver, budget_s: float) -> None:
        self._nameserver = nameserver
        self._patience_s = min(_PATIENCE_S, budget_s / 2)
        self._since = 0.0
        self._refusals = 0
        self._failure: Failed | None = None

    @property
    def doubtful(self) -> Failed | None:
        """What a question fails with whose budget ends now; None if nothing speaks against the nameserver."""
        return self._failure

    def refused(self, error: OSError, now_s: float) -> bool:
        """Note an error of the kernel; False if it only says that there is nothing to read or no room to send."""
        if error.errno in _BUSY:
            return False
        if self._failure is None:
            self._since = now_s
            self._failure = Failed(Reason.NETWORK, f"{self._nameserver} cannot be reached: {said(error)}")
        self._refusals += 1
        return True

    def answered(self) -> None:
        """Forget what the kernel said: the nameserver is there, or a new beginning is made."""
        self._failure = None
        self._refusals = 0

    def lost(self, now_s: float) -> Failed | None:
        """What everything fails with once the nameserver has been away for too long."""
        if self._refusals >= _FEWEST and now_s - self._since >= self._patience_s:
            return self._failure
        return None


def said(error: OSError | EOFError) -> str:
    """What the system says of an error, without addresses: `Connection refused`."""
    if isinstance(error, EOFError):
        return "the connection was closed"
    return os.strerror(error.errno) if error.errno else type(error).__name__
