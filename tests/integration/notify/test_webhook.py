"""The structured webhook, against real HTTP and HTTPS servers on loopback that behave and misbehave."""

import json
import logging
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rblwatch.core.alert import Line
from rblwatch.core.retry import Outcome, Permanent, Sent, Transient
from rblwatch.core.settings import Channel, Secret
from rblwatch.notify import AppriseNotifier, request
from tests.integration.notify.samples import LISTING, about, many, message, trouble
from tests.support.authority import Authority
from tests.support.endpoint import Endpoint, new_endpoint
from tests.support.httpsink import HttpSink, Reply
from tests.support.waiting import eventually

SECRET = "hookSign1ngSecret"
PATH = "/hookT0kenInThePath?key=hookT0kenInTheQuery"
PAGE = (Path(__file__).parents[3] / "docs" / "alerts.md").read_text()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def secured(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpSink]:
    """A server that speaks TLS, on a machine that trusts the authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    sink = HttpSink()
    yield sink
    sink.stop()


async def send(sink: HttpSink | str, *, scheme: str = "http", secret: str | None = SECRET, **entries: Any) -> Outcome:  # noqa: ANN401
    url = sink if isinstance(sink, str) else f"{scheme}://{sink.endpoint}{PATH}"
    hook = Channel(name="hook", webhook=Secret(url), secret=Secret(secret) if secret else None)
    sent = message(*entries.get("entries", [about(Line.LISTED, LISTING)]), recipient="hook")
    return await AppriseNotifier([hook], timeout=timedelta(seconds=20)).send(sent)


async def test_a_message_arrives_as_json_with_its_delivery_and_a_signature(http_sink: HttpSink) -> None:
    assert await send(http_sink) == Sent()
    (got,) = http_sink.received
    assert (got.method, got.path) == ("POST", PATH)
    assert got.headers["content-type"] == "application/json"
    assert got.headers["x-rblwatch-delivery"] == "12-9"
    assert got.headers["user-agent"].startswith("rblwatch/")
    document = json.loads(got.body)
    assert document["schema"] == 1
    assert document["delivery_id"] == "12-9"
    assert document["title"] == "[rblwatch] mx1 listed on Spamhaus ZEN (critical)"
    assert document["events"][0]["listing"]["target"] == "192.0.2.1"


async def test_the_example_in_the_documentation_verifies_what_is_sent_and_refuses_what_was_changed(
    http_sink: HttpSink,
) -> None:
    example: dict[str, Any] = {}
    block = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert block is not None
    exec(block[1], example)  # noqa: S102 - it is our own page
    verify = example["verify"]
    assert await send(http_sink) == Sent()
    (got,) = http_sink.received
    header = got.headers["x-rblwatch-signature"]
    assert verify(SECRET, header, got.body)
    assert not verify("another", header, got.body)
    assert not verify(SECRET, header, got.body + b" ")
    moved = re.sub(r"t=(\d+)", lambda found: f"t={int(found[1]) + 1}", header)
    assert not verify(SECRET, moved, got.body)
    old = re.sub(r"t=(\d+)", lambda found: f"t={int(found[1]) - 3600}", header)
    assert not verify(SECRET, old, got.body)


async def test_without_a_secret_nothing_is_signed(http_sink: HttpSink) -> None:
    assert await send(http_sink, secret=None) == Sent()
    assert "x-rblwatch-signature" not in http_sink.received[0].headers


async def test_the_documentation_names_every_key_that_is_sent_and_no_other(http_sink: HttpSink) -> None:
    entries = [about(Line.LISTED, LISTING), trouble(Line.BLIND)]
    assert await send(http_sink, entries=entries) == Sent()
    document = json.loads(http_sink.received[0].body)
    table = PAGE.partition("## What a program gets")[2].partition("`likely_causes` is read")[0]
    rows = dict(re.findall(r"^\| `?([^|]*?)`? \| (.*) \|$", table, re.MULTILINE))

    def named(text: str) -> set[str]:
        return set(re.findall(r"`([a-z_]+)`", re.sub(r"\(`.*?\)", "", text)))

    events = document["events"]
    listing, incident = events[0], events[1]
    assert named(rows["events[].listing"]) == listing["listing"].keys()
    assert named(rows["events[].incident"]) == incident["incident"].keys()
    assert named(rows["events[].lists"].partition(":")[0]) == listing["lists"].keys()
    assert named(rows["events[]"]) | {"listing", "incident", "lists"} == listing.keys() == incident.keys()
    top = {name for row in rows for name in re.findall(r"[a-z_]+", row) if "[" not in row and "-" not in row}
    assert document.keys() <= top | {"events"}


async def test_a_message_about_a_whole_network_is_shortened_with_a_count(http_sink: HttpSink) -> None:
    entries = [about(Line.LISTED, one) for one in many(250, server=None) * 4]
    assert await send(http_sink, entries=entries) == Sent()
    document = json.loads(http_sink.received[0].body)
    assert (len(document["events"]), document["left_out"], document["counts"]) == (400, 600, {"listed": 1000})
    assert len(http_sink.received[0].body) < 1_000_000


@pytest.mark.parametrize(
    ("reply", "expected", "wait_s"),
    [
        (Reply(200), Sent, None),
        (Reply(202), Sent, None),
        (Reply(204, body=b""), Sent, None),
        # Nothing but somebody's hand will change these.
        (Reply(400), Permanent, None),
        (Reply(401), Permanent, None),
        (Reply(403), Permanent, None),
        (Reply(404), Permanent, None),
        (Reply(410), Permanent, None),
        (Reply(308, {"Location": "http://127.0.0.1:9/"}), Permanent, None),
        # These pass.
        (Reply(307, {"Location": "http://127.0.0.1:9/"}), Transient, None),
        (Reply(408), Transient, None),
        (Reply(425), Transient, None),
        (Reply(429), Transient, None),
        (Reply(429, {"Retry-After": "120"}), Transient, 120),
        (Reply(503, {"Retry-After": "7"}), Transient, 7),
        (Reply(503, {"Retry-After": "nonsense"}), Transient, None),
        (Reply(500, {"Retry-After": "7"}), Transient, None),
        (Reply(599), Transient, None),
    ],
)
async def test_what_an_answer_leads_to(
    http_sink: HttpSink, reply: Reply, expected: type[Outcome], wait_s: int | None
) -> None:
    http_sink.answer(reply)
    outcome = await send(http_sink)
    assert isinstance(outcome, expected)
    assert len(http_sink.received) == 1, "no redirect is followed"
    if isinstance(outcome, Transient):
        assert outcome.retry_after == (timedelta(seconds=wait_s) if wait_s is not None else None)


async def test_nothing_that_drips_hangs_or_floods_holds_a_send(
    http_sink: HttpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    http_sink.answer(Reply(body=b"x" * 50_000_000))
    assert await send(http_sink) == Sent()
    http_sink.drip(0.05)
    assert await send(http_sink) == Sent(), "the status has come"
    monkeypatch.setattr(request, "EXCHANGE_S", 0.5)
    http_sink.drip_head(0.05)
    assert await send(http_sink) == Transient("channel 'hook': no answer in time")
    http_sink.hang()
    assert await send(http_sink) == Transient("channel 'hook': no answer in time")


async def test_a_handshake_that_never_ends_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """It accepts a connection, and drips what is no TLS record to its end."""
    monkeypatch.setattr(request, "EXCHANGE_S", 0.5)
    endpoint = new_endpoint(15306)
    with socket.create_server(endpoint) as silent:
        assert await send(f"https://{endpoint}/") == Transient("channel 'hook': no answer in time")
        silent.accept()[0].close()


@pytest.fixture
def deaf() -> Iterator[Endpoint]:
    """An address of which nothing comes back, not even a refusal: its queue of connections is full."""
    endpoint = new_endpoint(15306)
    with ExitStack() as stack:
        stack.enter_context(socket.create_server(endpoint, backlog=0))
        for _ in range(4):
            one = stack.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(endpoint)
        yield endpoint


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: Endpoint) -> None:
    """Let every name stand for these."""
    rows = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", address) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: rows)


async def test_a_name_with_many_dead_addresses_holds_a_send_no_longer_than_one_with_a_single_one(
    deaf: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One after the other they would take longer than the send may, whose time-out then says so instead."""
    monkeypatch.setattr(request, "EXCHANGE_S", 0.5)
    resolve_to(monkeypatch, *[deaf] * 8)
    assert await send("http://hook.example/") == Transient("channel 'hook': no answer in time")


async def test_a_dead_address_leaves_time_for_the_one_behind_it_that_works(
    deaf: Endpoint, http_sink: HttpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request, "EXCHANGE_S", 5.0)
    resolve_to(monkeypatch, deaf, deaf, deaf, http_sink.endpoint)
    assert await send("http://hook.example/") == Sent()
    assert http_sink.received[0].headers["host"] == "hook.example"


async def test_nobody_there_is_tried_again() -> None:
    outcome = await send(f"http://{new_endpoint(15306)}/hookT0kenInThePath")
    assert outcome == Transient("channel 'hook': no connection, or no usable answer")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("good", None),
        ("expired", "not sent: the server's certificate has run out"),
        ("another name", "not sent: the server's certificate is for another address"),
        ("self-signed", "not sent: the server's certificate is signed by itself"),
    ],
)
async def test_certificates_are_verified_and_a_bad_one_is_tried_again(
    secured: HttpSink, authority: Authority, kind: str, expected: str | None
) -> None:
    own = f"IP:{secured.endpoint.host}"
    secured.context = {
        "good": lambda: authority.context(own),
        "expired": lambda: authority.context(own, days=-1),
        "another name": lambda: authority.context("IP:127.0.0.2"),
        "self-signed": lambda: authority.self_signed(own),
    }[kind]()
    secured.start()
    outcome = await send(secured, scheme="https")
    assert outcome == (Sent() if expected is None else Transient(f"channel 'hook': {expected}"))
    assert len(secured.received) == (1 if expected is None else 0)


async def test_an_authority_that_nobody_knows_is_not_trusted(
    secured: HttpSink, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    secured.context = authority.context(f"IP:{secured.endpoint.host}")
    secured.start()
    outcome = await send(secured, scheme="https")
    assert isinstance(outcome, Transient)
    assert "authority that this machine does not trust" in outcome.detail


async def test_a_login_in_the_url_becomes_basic_authentication(http_sink: HttpSink) -> None:
    assert await send(f"http://operator:p%40ss@{http_sink.endpoint}/a%20b/ü") == Sent()
    (got,) = http_sink.received
    assert got.headers["authorization"] == "Basic b3BlcmF0b3I6cEBzcw=="
    assert got.headers["host"] == str(http_sink.endpoint)
    assert got.path == "/a%20b/%C3%BC"


async def test_neither_url_nor_secret_is_told(http_sink: HttpSink, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    said = []
    for reply in (Reply(200), Reply(401), Reply(302, {"Location": f"/{SECRET}"}), Reply(503, {"Retry-After": SECRET})):
        http_sink.answer(reply)
        said.append(repr(await send(http_sink)))
    said.append(repr(await send(f"http://{new_endpoint(15306)}{PATH}")))
    said.append(repr(await send(f"http://{'x' * 70}.hookT0kenInThePath.invalid/")))
    text = "\n".join([*said, caplog.text])
    eventually(lambda: len(http_sink.received) >= 4)
    assert not re.search(f"hookT0ken|{SECRET}|{http_sink.endpoint.host}", text)
