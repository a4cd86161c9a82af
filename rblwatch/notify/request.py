"""One HTTP request of our own: to a webhook, or to a heartbeat's URL. The only door to `http.client`.

Owns the bounds of an exchange (no redirect is followed, little is read, everything ends in time), that certificates are
verified against the machine's authorities, and that no word of the URL gets into an outcome. Must not know messages,
nor what a body means.

A read time-out strikes only between two bytes, so the whole exchange has one bound, after which its connection is cut;
it begins before the name is looked up, and what a name's addresses may take is shared out among them. The look-up alone
is in the system's hands and cannot be cut.

Every failure of TLS is transient: a certificate that has run out is renewed by somebody, and the message is to arrive
then.
"""

from __future__ import annotations

import base64
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse
from urllib.parse import quote, unquote, urlsplit

from rblwatch import __version__
from rblwatch.core.retry import Outcome, Permanent, Sent, Transient
from rblwatch.core.settings import Secret
from rblwatch.notify.reply import asked_to_wait, http_failure

#: For everything from the look-up of the name to the last byte that is read. A send's hard time-out outlives it.
EXCHANGE_S = 25.0
#: Of it, at most this share goes into finding an address that answers; each address gets its part, and no more than so
#: many seconds.
_CONNECTING = 0.6
_CONNECT_S = 10.0
#: Of an answer's body; what became of the request stands in the status that came before it.
MOST_BODY_BYTES = 1024
_BODY_S = 2.0

#: What is said of a certificate. Source: OpenSSL, `x509_vfy.h`.
_CERTIFICATES = {
    9: "is not valid yet",
    10: "has run out",
    18: "is signed by itself",
    19: "is from an authority that this machine does not trust",
    20: "is from an authority that this machine does not trust",
    62: "is for another name",
    64: "is for another address",
}
_PATH_CHARACTERS = "/%:@!$&'()*+,;=~-._?"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a URL leads."""

    secured: bool
    host: str
    port: int
    headers: Mapping[str, str]
    target: str


def ask(method: str, url: Secret, now: datetime, *, headers: Mapping[str, str], body: bytes | None = None) -> Outcome:
    """Send one request, in this thread, and say what came of it: any 2xx is success."""
    try:
        place = _place(url.reveal())
    except ValueError:
        return Permanent("its URL cannot be asked; see that its host, port and path are spelt right")
    headers = {**place.headers, "User-Agent": f"rblwatch/{__version__}", "Connection": "close", **headers}
    try:
        with _connected(place) as connection:
            connection.request(method, place.target, body=body, headers=headers)
            response = connection.getresponse()
            asked = response.getheader("Retry-After")
            _read_a_little(connection.sock, response)
    except ssl.SSLCertVerificationError as error:
        fault = _CERTIFICATES.get(error.verify_code, "cannot be verified")
        return Transient(f"not sent: the server's certificate {fault}")
    except ssl.SSLError:
        return Transient("no secure connection: the server does not speak TLS as it should")
    except TimeoutError:
        return Transient("no answer in time")
    except (OSError, HTTPException):
        # Their words hold what the URL says, or what the other side does.
        return Transient("no connection, or no usable answer")
    except ValueError:
        return Permanent("its URL cannot be asked; see that its host, port and path are spelt right")
    if 200 <= response.status <= 299:
        return Sent()
    return asked_to_wait(http_failure(response.status), response.status, asked, now)


def _place(url: str) -> _Place:
    """Take a URL apart; a login in it becomes basic authentication. Raises: ValueError."""
    parts = urlsplit(url.strip())
    host = parts.hostname
    if parts.scheme not in {"http", "https"} or not host:
        raise ValueError
    secured = parts.scheme == "https"
    port = parts.port or (443 if secured else 80)
    # An IPv6 address stands as it is; its zone has no place in a header.
    name = f"[{host.partition('%')[0]}]" if ":" in host else host.encode("idna").decode()
    headers = {"Host": name if parts.port in (None, 443 if secured else 80) else f"{name}:{port}"}
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _Place(secured, host if ":" in host else name, port, headers, quote(target, safe=_PATH_CHARACTERS))


@contextmanager
def _connected(place: _Place) -> Iterator[HTTPConnection]:
    """A connection that is cut when the exchange has taken too long, whatever goes on in it; then TimeoutError."""
    end_s = time.monotonic() + EXCHANGE_S
    raw = _connect(place, end_s - (1 - _CONNECTING) * EXCHANGE_S)
    # A socket that TLS has taken over cannot be cut any more; another hold on the same connection can.
    cutter, was_cut = raw.dup(), threading.Event()

    def cut() -> None:
        was_cut.set()
        with suppress(OSError):
            cutter.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(end_s - time.monotonic(), 0.0), cut)
    timer.daemon = True
    timer.start()
    connection = HTTPConnection(place.host, place.port)
    try:
        raw.settimeout(EXCHANGE_S)
        if place.secured:
            raw = ssl.create_default_context().wrap_socket(raw, server_hostname=place.host)
        connection.sock = raw
        yield connection
    except (OSError, HTTPException):
        if was_cut.is_set():
            raise TimeoutError from None
        raise
    finally:
        timer.cancel()
        connection.close()
        raw.close()
        cutter.close()


def _connect(place: _Place, until_s: float) -> socket.socket:
    """Connect to the first address that answers, by that moment on the monotonic clock.

    Raises: OSError; TimeoutError where it was too late for another try.
    """
    found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    problem: OSError = TimeoutError()
    for number, (family, kind, protocol, _, address) in enumerate(found):
        share_s = (until_s - time.monotonic()) / (len(found) - number)
        if share_s <= 0:
            raise TimeoutError
        raw = socket.socket(family, kind, protocol)
        try:
            raw.settimeout(min(share_s, _CONNECT_S))
            raw.connect(address)
        except OSError as error:
            raw.close()
            problem = error
        else:
            return raw
    raise problem


def _read_a_little(connected: socket.socket | None, response: HTTPResponse) -> None:
    """Take the beginning of the body, so that the other side is not cut off while it writes a short one."""
    if connected is not None:
        connected.settimeout(_BODY_S)
    with suppress(OSError, HTTPException, ValueError):
        response.read1(MOST_BODY_BYTES)
