"""HTTP as Apprise speaks it, with bounds that Apprise does not know: on the time of an exchange, and on what is read.

Owns the one change to the library `requests`: its sessions, which only Apprise uses here. A read time-out strikes only
between two bytes, so an answer that drips in would hold its thread for ever, and a huge one would fill the memory.

- The whole exchange has one bound, after which its connection is cut and the send fails as any broken connection does.
- Of a body little is read, for a short time: what became of the message stands in the status that came before it.

What the sink asked us to wait is noted, since Apprise keeps it to itself. Must not know channels, messages or secrets.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import requests
import requests.adapters
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

#: For everything from the connection to the last byte that is read. A send's hard time-out outlives it.
EXCHANGE_S = 25.0
#: For the body alone. Whoever has answered with a status has decided.
BODY_S = 3.0
#: Apprise reads answers of chats that are a few hundred bytes long.
MOST_BODY_BYTES = 256 * 1024
_PART_BYTES = 16 * 1024


@dataclass
class Exchange:
    """What came over the wire during one send."""

    status: int | None = None
    """Of the last answer."""
    retry_after: str | None = None
    """As the last answer asked, word for word."""
    sockets: list[socket.socket] = field(default_factory=list)

    def cut(self) -> None:
        """End every connection, from another thread."""
        for one in list(self.sockets):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


class _Current(threading.local):
    exchange: Exchange | None = None


_current = _Current()


@contextmanager
def noted() -> Iterator[Exchange]:
    """Note what comes over the wire in this thread."""
    exchange = _current.exchange = Exchange()
    try:
        yield exchange
    finally:
        _current.exchange = None


class _Plain(HTTPConnection):
    def connect(self) -> None:
        super().connect()
        _note_socket(self.sock)


class _Secured(HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        _note_socket(self.sock)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecuredPool(HTTPSConnectionPool):
    ConnectionCls = _Secured


class _Adapter(requests.adapters.HTTPAdapter):
    """Connections whose sockets are known."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - theirs
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecuredPool}


class _Session(requests.Session):
    """A session of one exchange, with its bounds."""

    def __init__(self) -> None:
        super().__init__()
        for scheme in ("https://", "http://"):
            self.mount(scheme, _Adapter())

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:  # noqa: ANN401 - theirs
        exchange = _current.exchange or Exchange()
        timer = threading.Timer(EXCHANGE_S, exchange.cut)
        timer.daemon = True
        timer.start()
        try:
            response = super().send(request, **{**kwargs, "stream": True})
            exchange.status, exchange.retry_after = response.status_code, response.headers.get("Retry-After")
            for one in exchange.sockets:
                with suppress(OSError):  # closed already, with all that there is to read
                    one.settimeout(BODY_S)
            response._content = _beginning_of(response)  # noqa: SLF001 - where `content` takes it from
        finally:
            timer.cancel()
            exchange.sockets.clear()
        return response


def _beginning_of(response: requests.Response) -> bytes:
    """What comes of a body within the bounds; whatever goes wrong with the rest of it changes nothing."""
    raw, parts, size = response.raw, list[bytes](), 0
    end_s = time.monotonic() + BODY_S
    with suppress(HTTPError, OSError, ValueError):
        while size < MOST_BODY_BYTES and time.monotonic() < end_s:
            part = raw.read1(_PART_BYTES, decode_content=True)
            if not part:
                break
            parts.append(part)
            size += len(part)
    response.close()
    return b"".join(parts)


def _note_socket(connected: socket.socket | None) -> None:
    if _current.exchange is not None and connected is not None:
        _current.exchange.sockets.append(connected)


# Apprise sends with the functions of `requests`, which make a session for every call.
requests.sessions.Session = _Session  # type: ignore[misc]
