"""Sending for real, to servers on loopback that behave and misbehave."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from rblwatch.core.alert import Line
from rblwatch.core.message import Message
from rblwatch.core.retry import Outcome, Permanent, Sent, Transient
from rblwatch.core.settings import Channel, Secret
from rblwatch.notify import AppriseNotifier, targets_of, validate
from tests.integration.notify.samples import LISTING, about, many, message
from tests.support.httpsink import HttpSink, Reply
from tests.support.program import clean_environment
from tests.support.smtpsink import SmtpSink
from tests.support.waiting import eventually

TITLE = "[rblwatch] mx1 listed on Spamhaus ZEN (critical)"
HEAD = "mx1 (192.0.2.1) is listed on Spamhaus ZEN (zen.spamhaus.org)."


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    """A send that nobody waits for any more ends with its sink, and before the next test."""
    yield
    eventually(lambda: not [thread for thread in threading.enumerate() if thread.name.startswith("notify ")])


@pytest.fixture
def http(http_sink: HttpSink) -> HttpSink:
    return http_sink


@pytest.fixture
def smtp(smtp_sink: SmtpSink) -> SmtpSink:
    return smtp_sink


def channel(url: str, name: str = "ops") -> Channel:
    return Channel(name=name, url=Secret(url))


def listed(recipient: str = "ops") -> Message:
    return message(about(Line.LISTED, LISTING), recipient=recipient)


async def send(url: str, sent: Message | None = None, *, timeout_s: float = 20.0) -> Outcome:
    notifier = AppriseNotifier([channel(url)], timeout=timedelta(seconds=timeout_s))
    return await notifier.send(sent or listed())


def mailto(smtp: SmtpSink, to: str = "ops@example.org") -> str:
    return f"mailto://{smtp.endpoint}/?mode=insecure&from=rblwatch@example.org&to={to}"


async def test_a_webhook_gets_json_with_the_delivery_in_a_header(http: HttpSink) -> None:
    assert await send(f"json://{http.endpoint}/hook") == Sent()
    (request,) = http.received
    got = request.json
    assert isinstance(got, dict)
    assert (got["title"], got["type"]) == (TITLE, "failure")
    assert got["message"].startswith(HEAD)
    assert request.headers["x-rblwatch-delivery"] == "12-9"
    assert request.headers["user-agent"] == "rblwatch"


async def test_headers_of_the_admin_stay(http: HttpSink) -> None:
    await send(f"json://{http.endpoint}/hook?+Authorization=token")
    (request,) = http.received
    assert request.headers["authorization"] == "token"
    assert request.headers["x-rblwatch-delivery"] == "12-9"


async def test_a_form_is_filled_in(http: HttpSink) -> None:
    assert await send(f"form://{http.endpoint}/hook") == Sent()
    (request,) = http.received
    assert "mx1+%28192.0.2.1%29+is+listed+on+Spamhaus+ZEN" in request.text
    assert request.headers["x-rblwatch-delivery"] == "12-9"


@pytest.mark.parametrize(
    "path",
    ["ntfy://{}/topic", "gotify://{}/AbcdefghijKlmno", "mmost://{}/abcdefghijklmnopqrstuvwx"],
)
async def test_a_chat_gets_the_whole_message_and_no_picture_of_a_stranger(http: HttpSink, path: str) -> None:
    assert await send(path.format(http.endpoint)) == Sent()
    (request,) = http.received
    text = str(request.json)
    assert TITLE in text
    assert HEAD in text
    assert "rblwatch alert 12, delivery 12-9" in text
    assert "githubusercontent" not in text
    assert "github.com" not in text


async def test_a_message_of_hundreds_keeps_to_the_limit_of_its_service(http: HttpSink) -> None:
    """Mattermost takes 4,000 characters, Apprise's title included."""
    entries = [about(Line.LISTED, one) for one in many(250, server=None)]
    assert await send(f"mmost://{http.endpoint}/abcdefghijklmnopqrstuvwx", message(*entries)) == Sent()
    (request,) = http.received
    got = request.json
    assert isinstance(got, dict)
    assert 3000 < len(got["text"]) <= 4000
    assert " more\n" in got["text"]


async def test_mail_is_plain_text_with_the_delivery_in_a_header(smtp: SmtpSink) -> None:
    assert await send(mailto(smtp)) == Sent()
    (mail,) = smtp.received
    assert (mail.sender, mail.recipients) == ("rblwatch@example.org", ("ops@example.org",))
    assert mail.subject == TITLE
    assert mail.message.get_content_type() == "text/plain"
    assert mail.message["X-Rblwatch-Delivery"] == "12-9"
    assert mail.text.startswith(HEAD)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Permanent), (404, Permanent), (410, Permanent), (429, Transient), (500, Transient), (503, Transient)],
)
async def test_an_http_failure_is_as_lasting_as_its_status_says(http: HttpSink, status: int, kind: type) -> None:
    http.answer(Reply(status, {"Retry-After": "3"}, b"error=404 leave me alone"))
    outcome = await send(f"json://{http.endpoint}/hook")
    assert type(outcome) is kind
    assert "channel 'ops': " in outcome.detail
    assert f"HTTP {status}" in outcome.detail


async def test_a_redirect_is_not_followed_and_the_remedy_is_named(http: HttpSink) -> None:
    with HttpSink() as elsewhere:
        http.redirect(f"http://{elsewhere.endpoint}/", 307)
        outcome = await send(f"json://{http.endpoint}/hook")
        assert elsewhere.received == []
    assert isinstance(outcome, Permanent)
    assert "a redirect (HTTP 307), which is not followed; configure the address that it leads to" in outcome.detail


@pytest.mark.parametrize(("code", "kind"), [(450, Transient), (550, Permanent)])
async def test_a_mail_server_refuses_for_now_or_for_good(smtp: SmtpSink, code: int, kind: type) -> None:
    smtp.reject(code)
    outcome = await send(mailto(smtp))
    assert type(outcome) is kind
    assert f"SMTP {code}" in outcome.detail


async def test_a_refused_connection_is_tried_again(http: HttpSink, smtp: SmtpSink) -> None:
    http.stop()
    smtp.stop()
    assert isinstance(await send(f"json://{http.endpoint}/hook"), Transient)
    assert isinstance(await send(mailto(smtp)), Transient)


async def test_an_optional_service_is_not_taken_for_sent(http: HttpSink) -> None:
    """Apprise calls every failure of such a URL a success."""
    http.fail(503)
    assert isinstance(await send(f"json://{http.endpoint}/hook?optional=yes"), Transient)


async def test_a_sink_that_hangs_meets_the_time_out(http: HttpSink) -> None:
    http.hang()
    outcome = await send(f"json://{http.endpoint}/hook", timeout_s=0.5)
    assert outcome == Transient("channel 'ops': no answer within 0.5 s; the message may still arrive")
    http.stop()


async def test_a_sink_that_drips_meets_the_time_out(http: HttpSink) -> None:
    """Every byte resets a read time-out, so only the hard one ends it."""
    http.drip(0.05)
    assert isinstance(await send(f"json://{http.endpoint}/hook", timeout_s=0.5), Transient)
    http.stop()


async def test_eight_channels_that_hang_do_not_delay_a_healthy_one(http: HttpSink) -> None:
    with HttpSink() as stuck:
        stuck.hang()
        channels = [channel(f"json://{stuck.endpoint}/{n}", f"stuck-{n}") for n in range(8)]
        notifier = AppriseNotifier([*channels, channel(f"json://{http.endpoint}/hook", "healthy")])
        sends = [asyncio.create_task(notifier.send(listed(one.name))) for one in channels for _ in range(6)]
        await asyncio.to_thread(stuck.wait_for_count, 8 * 4)
        assert await notifier.send(listed("healthy")) == Sent()
        assert not any(task.done() for task in sends)
        for task in sends:
            task.cancel()
        await asyncio.gather(*sends, return_exceptions=True)


async def test_what_waits_behind_a_stuck_send_is_not_sent_once_nobody_waits_for_it(http: HttpSink) -> None:
    http.hang()
    notifier = AppriseNotifier([channel(f"json://{http.endpoint}/hook")], timeout=timedelta(seconds=0.5), at_once=1)
    first, second = await asyncio.gather(notifier.send(listed()), notifier.send(listed()))
    assert first.detail.endswith("the message may still arrive")
    assert second.detail.endswith("the message was not sent, as earlier ones hang")
    await asyncio.to_thread(http.wait_for_count, 1)  # the first, which nobody waits for any more
    http.recover()
    http.stop()
    assert len(http.received) == 1


EXIT = """
import asyncio, sys
from datetime import timedelta
from rblwatch.core.settings import Channel, Secret
from rblwatch.notify import AppriseNotifier
from tests.integration.notify.samples import LISTING, about, message
from rblwatch.core.alert import Line

notifier = AppriseNotifier([Channel(name="ops", url=Secret(sys.argv[1]))], timeout=timedelta(seconds=2))
print(asyncio.run(notifier.send(message(about(Line.LISTED, LISTING)))).detail)
"""


def test_the_program_ends_although_a_send_is_stuck(http: HttpSink) -> None:
    """The sink drips for as long as this test runs, so a program that joined its thread would never end."""
    http.drip(0.05)
    done = subprocess.run(
        [sys.executable, "-c", EXIT, f"json://{http.endpoint}/hook"],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[3],
        env=clean_environment(),
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "no answer within 2 s" in done.stdout
    http.stop()


async def test_a_channel_that_is_gone_or_a_webhook_fails_for_good() -> None:
    notifier = AppriseNotifier([Channel(name="hook", webhook=Secret("https://hooks.example.org/"))])
    assert await notifier.send(listed("gone")) == Permanent("channel 'gone' is no longer configured")
    outcome = await notifier.send(listed("hook"))
    assert isinstance(outcome, Permanent)
    assert "no effect yet" in outcome.detail


async def test_a_scheme_that_does_not_exist_fails_for_good_and_is_found_beforehand() -> None:
    outcome = await send("nonsense://token@example.org/")
    assert isinstance(outcome, Permanent)
    assert "is not a URL that Apprise understands" in outcome.detail
    said = validate(channel("nonsense://token@example.org/"))
    assert said is not None
    assert said in outcome.detail


@pytest.mark.parametrize(
    ("url", "recipients", "fine"),
    [
        ("json://127.0.0.1/", 1, True),
        ("mailto://127.0.0.1/?from=a@example.org&to=b@example.org", 1, True),
        # Two recipients in one URL: a warning's matter, since a failure for one repeats it to both.
        ("mailto://127.0.0.1/?from=a@example.org&to=b@example.org,c@example.org", 2, True),
        # Two URLs in one: they would be one message on two ways.
        ("json://127.0.0.1/, json://127.0.0.2/", 2, False),
        ("not a url", 0, False),
        ("", 0, False),
    ],
)
def test_a_url_is_judged_before_it_is_used(url: str, recipients: int, *, fine: bool) -> None:
    assert targets_of(channel(url)) == recipients
    assert (validate(channel(url)) is None) is fine


def test_a_webhook_is_one_recipient_and_no_business_of_apprise() -> None:
    hook = Channel(name="hook", webhook=Secret("https://hooks.example.org/"))
    assert targets_of(hook) == 1
    assert validate(hook) is None
