"""Somebody outside sees that the daemon works, and a program of the admin's own sees that a message is ours."""

import hashlib
import hmac
import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from rblwatch.core.alert import Line
from tests.support.estate import FAST
from tests.support.httpsink import HttpSink, Request
from tests.support.postgres import Postgres
from tests.support.program import Program
from tests.support.scene import MX1, ONE, Scene, new_scene
from tests.support.waiting import eventually

FIRST, SECOND = "heartb3atT0kenOne", "heartb3atT0kenTwo"
OLD, NEW = "hookSign1ngSecretOld", "hookSign1ngSecretNew"
HOOK = "/hookT0kenInThePath"

MORE = """
[heartbeat]
url = {{ file = "beat.url" }}
every = "1s"
[[channels]]
name = "hook"
webhook = "http://{sink}{path}"
secret = {{ file = "hook.secret" }}
"""


@pytest.fixture
def remote(tmp_path: Path, postgres: Postgres, postgres_url: str) -> Iterator[Scene]:
    """The world, over PostgreSQL, which a test may stop."""
    with new_scene(tmp_path, postgres_url) as scene:
        yield scene
    postgres.start()


def keep(scene: Scene, sink: HttpSink, beat: str, secret: str) -> None:
    """Write down where the heartbeat goes, and with what the webhook is signed."""
    (scene.estate.folder / "beat.url").write_text(f"http://{sink.endpoint}/{beat}\n")
    (scene.estate.folder / "hook.secret").write_text(f"{secret}\n")


def beats(sink: HttpSink, token: str) -> int:
    return sum((request.method, request.path) == ("GET", f"/{token}") for request in sink.received)


def posted(sink: HttpSink, line: Line) -> Request:
    """The first message to the webhook that tells this, once it is there."""

    def tells(request: Request) -> bool:
        body = json.loads(request.body or "{}")
        return request.path == HOOK and not body["test"] and line in {event["event"] for event in body["events"]}

    return sink.wait_for(tells, 20)


def signed_with(request: Request) -> set[str]:
    """Which of the secrets a message verifies with, by the page's words alone: no code of the program's."""
    seconds, given = (part.partition("=")[2] for part in request.headers["x-rblwatch-signature"].split(","))
    signed = seconds.encode() + b"." + request.body
    return {one for one in (OLD, NEW) if hmac.new(one.encode(), signed, hashlib.sha256).hexdigest() == given}


def test_a_heartbeat_and_a_webhook_of_a_daemon_whose_work_stops_and_whose_secrets_change(
    remote: Scene, postgres: Postgres, http_sink: HttpSink
) -> None:
    """Its work stops with its database: what it asks is recorded nowhere, and nothing can be told."""
    estate = remote.estate
    estate.more = FAST + MORE.format(sink=http_sink.endpoint, path=HOOK)
    estate.routes = ['channels = ["chat", "mail", "hook"]\nseverity = "informational"']
    keep(remote, http_sink, FIRST, OLD)

    assert estate.run("notify", "test", "hook").code == 0
    samples = [request for request in http_sink.received if request.path == HOOK]
    assert len(samples) > 5
    assert all(json.loads(request.body)["test"] for request in samples)
    assert {frozenset(signed_with(request)) for request in samples} == {frozenset({OLD})}
    assert beats(http_sink, FIRST) == 0

    daemon = remote.start()
    eventually(lambda: beats(http_sink, FIRST) >= 3)
    remote.lists.list(ONE, MX1)
    assert signed_with(posted(http_sink, Line.LISTED)) == {OLD}

    assert_it_stops_with_the_work_and_comes_back(daemon, postgres, http_sink)

    keep(remote, http_sink, SECOND, NEW)
    daemon.send(signal.SIGHUP)
    daemon.wait_for_line("reload.done")
    before = beats(http_sink, FIRST)
    eventually(lambda: beats(http_sink, SECOND) >= 3)
    assert beats(http_sink, FIRST) == before
    remote.lists.delist(ONE, MX1)
    assert signed_with(posted(http_sink, Line.DELISTED)) == {NEW}

    http_sink.fail(404)
    daemon.wait_for_line("heartbeat.failed")
    shown = eventually(lambda: said if "HTTP 404" in (said := estate.run("status").stdout) else "")
    assert "The daemon runs since" in shown
    assert "Heartbeat: sent last" in shown
    assert daemon.terminate() == 0
    after = estate.run("status", "--format", "json").stdout
    assert json.loads(after)["daemon"]["running"] is False, "at once"
    assert "HTTP 404" in json.loads(after)["heartbeat"]["problem"]
    for secret in (FIRST, SECOND, OLD, NEW, HOOK[1:]):
        assert secret not in daemon.written + shown + after


def assert_it_stops_with_the_work_and_comes_back(daemon: Program, postgres: Postgres, sink: HttpSink) -> None:
    postgres.stop()
    daemon.wait_for_line("heartbeat.withheld")
    before = beats(sink, FIRST)
    # That is seen every ten seconds only: long enough for some heartbeats.
    daemon.wait_for_line("daemon.database_away job=beat")
    assert beats(sink, FIRST) == before
    postgres.start()
    daemon.wait_for_line("heartbeat.back", timeout_s=40)
    eventually(lambda: beats(sink, FIRST) >= before + 3)
