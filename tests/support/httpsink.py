"""Where chat messages and webhooks arrive in tests: an HTTP server that records, and misbehaves on request."""

import json
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.support.endpoint import Endpoint, new_endpoint
from tests.support.inbox import Inbox
from tests.support.serving import Serving

PORT = 15305


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it arrived; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    @property
    def json(self) -> object:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a request gets."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    hang: bool = False
    """Answer nothing, and keep the connection open until the client or the sink goes."""
    drip_s: float = 0.0
    """Send the body byte by byte, for ever, one every so many seconds: no read time-out ever strikes."""
    drip_head_s: float = 0.0
    """The same before the status, so that nobody ever knows what became of the message."""


class HttpSink(Inbox[Request], Serving):
    """The server. A request is recorded before it is answered: what was received and not confirmed is seen too."""

    def __init__(self) -> None:
        super().__init__()
        self.endpoint: Endpoint = new_endpoint(PORT)
        self.leaving = threading.Event()
        self._reply_to: Callable[[int], Reply] = lambda _: Reply()
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None
        self.context: ssl.SSLContext | None = None
        """With which it speaks TLS from its next start on."""

    def start(self) -> None:
        self.leaving.clear()
        self._server = _Server(self)
        if self.context is not None:
            self._server.socket = self.context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="http sink")
        self._thread.start()

    def stop(self) -> None:
        """Be gone: connections are refused, and those that hang are cut. What was received stays."""
        if self._server is None or self._thread is None:
            return
        self.leaving.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server = None

    def answer(self, reply: Reply) -> None:
        """Answer every request from now on with this."""
        self._reply_to = lambda _: reply

    def recover(self) -> None:
        """Answer 200 from now on."""
        self.answer(Reply())

    def fail(self, status: int = 503) -> None:
        self.answer(Reply(status))

    def redirect(self, url: str, status: int = 307) -> None:
        self.answer(Reply(status, {"Location": url}))

    def hang(self) -> None:
        self.answer(Reply(hang=True))

    def drip(self, every_s: float = 0.2) -> None:
        self.answer(Reply(drip_s=every_s))

    def drip_head(self, every_s: float = 0.2) -> None:
        self.answer(Reply(drip_head_s=every_s))

    def fail_next(self, count: int, status: int = 503) -> None:
        """Fail the next `count` requests, then answer 200."""
        end = len(self.received) + count
        self._reply_to = lambda serial: Reply(status) if serial < end else Reply()

    def fail_share(self, share: float, status: int = 503) -> None:
        """Fail this share (0 to 1) of the requests, evenly spread: the same ones in every run."""
        self._reply_to = lambda serial: Reply(status) if int((serial + 1) * share) > int(serial * share) else Reply()

    def take(self, request: Request) -> Reply:
        """Record a request and say what it gets; called by the server's threads."""
        return self._reply_to(self.add(request))


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that closing the server waits for them, and nothing of a test outlives it

    def __init__(self, sink: HttpSink) -> None:
        self.sink = sink
        super().__init__(sink.endpoint, _Handler)


class _Handler(BaseHTTPRequestHandler):
    timeout = 5.0
    server: _Server

    def _take(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.sink.take(Request(self.command, self.path, headers, body, datetime.now(UTC)))
        if reply.hang:
            self.server.sink.leaving.wait()
            return
        if reply.drip_head_s:
            self.wfile.write(b"HTTP/1.0")
            self._drip(reply.drip_head_s)
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "1000000" if reply.drip_s else str(len(reply.body)))
        self.end_headers()
        if reply.drip_s:
            self._drip(reply.drip_s)
        elif self.command != "HEAD":
            self.wfile.write(reply.body)

    do_GET = do_POST = do_PUT = do_HEAD = _take  # noqa: N815 - the names that http.server looks for

    def _drip(self, every_s: float) -> None:
        try:
            while not self.server.sink.leaving.wait(every_s):
                self.wfile.write(b" ")
        except OSError:
            return  # the client had enough

    def handle(self) -> None:
        with suppress(ConnectionError):  # the client was killed while it waited
            super().handle()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        """Say nothing: what arrived is in the sink."""
