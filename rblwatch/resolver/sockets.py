"""The UDP sockets that lead to one nameserver.

Owns opening, renewing and closing them, and which question waits for which id. Must not read what is received.

A socket is connected, so the kernel drops what comes from elsewhere, and its port is the kernel's random choice. Ids
are random too, and unique among the questions that wait on the same socket. Source: RFC 5452 section 9.2.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Generic, TypeVar

from rblwatch.resolver.nameservers import Nameserver

#: Sockets in use at a time. Source: pitfalls, "Asking": 8 were faster than 1 and than 32.
_COUNT = 8
#: A socket is replaced after so many questions, or so many seconds: nobody has long to guess its port.
_MOST_QUESTIONS = 16_384
_OLDEST_S = 60.0
#: Room for the answers that come while the program is busy elsewhere; the kernel gives less where it must.
_RECEIVE_BUFFER = 1 << 20
_IDS_AT_ONCE = 2048

Waiting = TypeVar("Waiting")


class Socket(Generic[Waiting]):
    """One connected socket, and what waits for an answer on it, by the two bytes of its id."""

    __slots__ = ("opened_at", "questions", "receive", "send", "sock", "waiting")

    def __init__(self, nameserver: Nameserver, now_s: float) -> None:
        family, address = nameserver.place
        self.sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self.sock.settimeout(0)
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            self.sock.connect(address)
        except OSError:
            self.sock.close()
            raise
        self.send = self.sock.send
        self.receive = self.sock.recv
        self.waiting: dict[bytes, Waiting] = {}
        self.opened_at = now_s
        self.questions = 0


class Sockets(Generic[Waiting]):
    """The sockets in use, in turn, and the retired ones on which something still waits."""

    def __init__(
        self,
        nameserver: Nameserver,
        *,
        opened: Callable[[Socket[Waiting]], None],
        closing: Callable[[Socket[Waiting]], None],
    ) -> None:
        """`opened` and `closing` are called with a socket to start and to end reading from it."""
        self._nameserver = nameserver
        self._opened, self._closing = opened, closing
        self._current: list[Socket[Waiting]] = []
        self._retired: list[Socket[Waiting]] = []
        self._turn = 0
        self._ids = b""
        self._ids_used = 0

    def __iter__(self) -> Iterator[Socket[Waiting]]:
        return iter([*self._current, *self._retired])

    def pick(self, now_s: float) -> Socket[Waiting]:
        """The socket for the next question.

        Raises: OSError when none can be opened.
        """
        self._turn = (self._turn + 1) % _COUNT
        if len(self._current) < _COUNT:
            self._current.append(self._open(now_s))
            return self._current[-1]
        picked = self._current[self._turn]
        if picked.questions >= _MOST_QUESTIONS or now_s - picked.opened_at >= _OLDEST_S:
            self._current[self._turn] = self._open(now_s)
            self._retired.append(picked)
            return self._current[self._turn]
        return picked

    def register(self, waiting: Waiting, now_s: float) -> tuple[Socket[Waiting], bytes]:
        """Let something wait for an answer, on a socket and under an id that are its own.

        Raises: OSError when no socket can be opened.
        """
        picked = self.pick(now_s)
        number = self._next_id()
        while number in picked.waiting:
            number = self._next_id()
        picked.waiting[number] = waiting
        picked.questions += 1
        return picked, number

    def close_retired(self) -> None:
        """Close what was replaced and has nothing to wait for."""
        for retired in [retired for retired in self._retired if not retired.waiting]:
            self._retired.remove(retired)
            self._close(retired)

    def close(self) -> None:
        """Close all; what waits gets no answer any more."""
        for open_socket in self:
            self._close(open_socket)
        self._current, self._retired = [], []

    def _open(self, now_s: float) -> Socket[Waiting]:
        fresh: Socket[Waiting] = Socket(self._nameserver, now_s)
        self._opened(fresh)
        return fresh

    def _close(self, old: Socket[Waiting]) -> None:
        self._closing(old)
        with suppress(OSError):
            old.sock.close()

    def _next_id(self) -> bytes:
        if self._ids_used >= len(self._ids):
            self._ids, self._ids_used = os.urandom(2 * _IDS_AT_ONCE), 0
        self._ids_used += 2
        return self._ids[self._ids_used - 2 : self._ids_used]
