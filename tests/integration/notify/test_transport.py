"""Sending for real, to servers on loopback that behave and misbehave."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote_plus

import pytest
import requests

from rblwatch.core.alert import Line
from rblwatch.core.listing import Ending
from rblwatch.core.message import Message
from rblwatch.core.retry import Outcome, Permanent, Sent, Transient
from rblwatch.core.settings import Channel, Secret
from rblwatch.notify import AppriseNotifier, Medium, Sink, render, targets_of, validate, wire
from tests.integration.notify.samples import LISTING, about, at, many, message, notice
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


async def test_mail_is_text_and_html_with_the_delivery_in_a_header(smtp: SmtpSink) -> None:
    assert await send(mailto(smtp)) == Sent()
    (mail,) = smtp.received
    assert (mail.sender, mail.recipients) == ("rblwatch@example.org", ("ops@example.org",))
    assert mail.subject == TITLE
    assert [part.get_content_type() for part in mail.message.iter_parts()] == ["text/plain", "text/html"]
    assert mail.message["X-Rblwatch-Delivery"] == "12-9"
    assert mail.text.startswith(HEAD)


async def test_the_text_of_a_mail_says_what_its_html_says(smtp: SmtpSink) -> None:
    """Apprise writes it from the HTML; its parts stay parts, with an empty line between them."""
    assert await send(mailto(smtp)) == Sent()
    expected = render(listed(), Sink(medium=Medium.MAIL)).body
    lines = [line.strip() for line in smtp.received[0].text.strip().splitlines()]
    assert lines == expected.splitlines()


async def test_mail_stays_plain_where_the_url_wants_text(smtp: SmtpSink) -> None:
    assert await send(f"{mailto(smtp)}&format=text") == Sent()
    assert smtp.received[0].message.get_content_type() == "text/plain"
    assert smtp.received[0].text.startswith(HEAD)


async def test_mails_about_one_listing_refer_to_the_same(smtp: SmtpSink) -> None:
    """Mail programs show them as one thread; of another listing they know nothing."""
    other, ended = replace(LISTING, id=8), replace(LISTING, ended_at=at(11), ended_by=Ending.DELISTED)
    for sent in (about(Line.LISTED, LISTING), about(Line.DELISTED, ended), about(Line.LISTED, other)):
        assert await send(mailto(smtp), message(sent)) == Sent()
    first, second, third = (str(mail.message["References"]).strip() for mail in smtp.received)
    assert first == "<listing-7-1772360100@rblwatch.invalid>"
    assert (first, third) == (second, "<listing-8-1772360100@rblwatch.invalid>")
    assert all(len(mail.message.get_all("Message-ID") or []) == 1 for mail in smtp.received)


async def test_a_mail_about_thousands_refers_to_a_few(smtp: SmtpSink) -> None:
    assert await send(mailto(smtp), message(*(about(Line.LISTED, one) for one in many(200)))) == Sent()
    assert len(str(smtp.received[0].message["References"]).split()) == 20
    assert len(smtp.received[0].message.get_all("References") or []) == 1


async def test_a_subject_arrives_as_it_was_written(smtp: SmtpSink) -> None:
    """It is no HTML, though the body is."""
    assert await send(mailto(smtp), message(notice("a < b & c, <b>d</b> @everyone ü"))) == Sent()
    (mail,) = smtp.received
    assert mail.subject == "[rblwatch] a < b & c, <b>d</b> @everyone ü"
    assert mail.text.startswith("a < b & c, <b>d</b> @everyone ü")


BAIT = (
    "@everyone @here <!channel> <@U123> [bank](https://evil.example) <https://evil.example|a> \x1b[31m \u202e\r\nX: y"
)


@pytest.mark.parametrize(
    "path",
    ["ntfy://{}/topic", "gotify://{}/AbcdefghijKlmno", "mmost://{}/abcdefghijklmnopqrstuvwx"],
)
async def test_what_arrives_at_a_chat_mentions_nobody_and_steers_nothing(http: HttpSink, path: str) -> None:
    sent = message(about(Line.LISTED, replace(LISTING, text=BAIT, evidence=BAIT)), notice(BAIT.replace("\r\n", " ")))
    assert await send(path.format(http.endpoint), sent) == Sent()
    texts = [text for request in http.received for text in _strings(request.json)]
    assert any("everyone" in text for text in texts)
    for text in texts:
        assert not [live for live in ("@everyone", "@here", "<!channel>", "<@U", "<https:") if live in text]
        assert text.replace("\n", "").replace("\r", "").replace("\u200b", "").isprintable()
        assert "\nX: y" not in text


@pytest.mark.parametrize("path", ["json://{}/hook", "form://{}/hook"])
async def test_what_arrives_at_a_program_is_clean_and_else_unchanged(http: HttpSink, path: str) -> None:
    """A program obeys no mention; it may compare what a list says."""
    sent = message(about(Line.LISTED, replace(LISTING, text=BAIT)))
    assert await send(path.format(http.endpoint), sent) == Sent()
    (request,) = http.received
    text = unquote_plus(request.text)
    assert "@everyone @here <!channel>" in text
    assert not [control for control in ("\x1b", "\\u001b", "\u202e", "\\u202e", "\nX: y") if control in text]


def _strings(value: object) -> list[str]:
    """All texts within some JSON."""
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inner for text in _strings(one)]


async def test_no_foreign_text_writes_a_header_or_a_tag(smtp: SmtpSink) -> None:
    evil = 'x\r\nBcc: all@example.org\r\n\r\n<script>alert(1)</script><a href="https://evil.example">bank</a>'
    sent = message(about(Line.LISTED, replace(LISTING, text=evil, server=evil, servers=(evil,), evidence=evil)))
    assert await send(mailto(smtp), sent) == Sent()
    (mail,) = smtp.received
    assert mail.recipients == ("ops@example.org",)
    assert mail.message["Bcc"] is None
    assert "\n" not in mail.subject
    html = mail.message.get_body(("html",))
    assert html is not None
    shown = html.get_content()
    assert "<script" not in shown
    assert '<a href="https://evil' not in shown
    assert "&lt;script&gt;" in shown


@dataclass(frozen=True, slots=True)
class Case:
    """What a sink does, and what comes of it."""

    reply: Reply
    kind: type
    said: str = ""
    retry_after: timedelta | None = None


SINKS = {
    # The URL is wrong or no longer valid: nobody but an admin can help.
    "400": Case(Reply(400), Permanent, "HTTP 400"),
    "401": Case(Reply(401), Permanent, "HTTP 401"),
    "403": Case(Reply(403), Permanent, "HTTP 403"),
    "404": Case(Reply(404), Permanent, "HTTP 404"),
    "410": Case(Reply(410), Permanent, "HTTP 410"),
    # It may work later; what the body says is no evidence.
    "429": Case(Reply(429, {}, b"error=404 leave me alone"), Transient, "HTTP 429"),
    "500": Case(Reply(500), Transient, "HTTP 500"),
    "503": Case(Reply(503), Transient, "HTTP 503"),
    # The sink says how long it wants to be left alone, if it is about that.
    "429 with a wait": Case(Reply(429, {"Retry-After": "70"}), Transient, "HTTP 429", timedelta(seconds=70)),
    "503 with a wait": Case(Reply(503, {"Retry-After": "5"}), Transient, "HTTP 503", timedelta(seconds=5)),
    "500 with a wait": Case(Reply(500, {"Retry-After": "5"}), Transient, "HTTP 500"),
    "429 with nonsense": Case(Reply(429, {"Retry-After": "soon"}), Transient, "HTTP 429"),
    "429 with a past": Case(Reply(429, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}), Transient, "HTTP 429"),
    # A redirect is never followed. Some say that they last, and name the remedy; the others may be a log-in page.
    "301": Case(Reply(301, {"Location": "/"}), Permanent, "(HTTP 301), which is not followed; configure the address"),
    "308": Case(Reply(308, {"Location": "/"}), Permanent, "(HTTP 308), which is not followed; configure the address"),
    "302": Case(Reply(302, {"Location": "/"}), Transient, "(HTTP 302), which is not followed; it may be a log-in page"),
    "303": Case(Reply(303, {"Location": "/"}), Transient, "(HTTP 303)"),
    "307": Case(Reply(307, {"Location": "/"}), Transient, "(HTTP 307)"),
    # With its status it has decided: of the body, little is read.
    "huge": Case(Reply(200, {}, b"x" * 50_000_000), Sent),
    "dripping": Case(Reply(drip_s=0.05), Sent),
    "dripping a failure": Case(Reply(500, drip_s=0.05), Transient, "HTTP 500"),
    # Without a status nobody knows: the exchange has an end all the same, and its thread is free again.
    "hanging": Case(Reply(hang=True), Transient),
    "dripping its head": Case(Reply(drip_head_s=0.05), Transient),
}


@pytest.mark.parametrize("case", SINKS.values(), ids=SINKS)
async def test_what_an_http_sink_does_has_its_outcome(
    http: HttpSink, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "EXCHANGE_S", 1.0)
    monkeypatch.setattr(wire, "BODY_S", 0.3)
    http.answer(case.reply)
    outcome = await send(f"json://{http.endpoint}/hook")
    assert type(outcome) is case.kind
    assert case.said in outcome.detail
    assert isinstance(outcome, Sent) or outcome.detail.startswith("channel 'ops': ")
    assert len(http.received) == 1, "a redirect is not followed"
    if isinstance(outcome, Transient):
        assert outcome.retry_after == case.retry_after
    # Long before the hard time-out of the send, no thread is stuck.
    eventually(lambda: not [thread for thread in threading.enumerate() if thread.name.startswith("notify ")])


def test_of_a_huge_answer_little_is_read(http: HttpSink) -> None:
    http.answer(Reply(200, {}, b"x" * 50_000_000))
    with wire.noted():
        response = requests.post(f"http://{http.endpoint}/", timeout=10)
    assert wire.MOST_BODY_BYTES <= len(response.content) < 2 * wire.MOST_BODY_BYTES


async def test_a_redirect_to_another_place_is_not_followed(http: HttpSink) -> None:
    with HttpSink() as elsewhere:
        http.redirect(f"http://{elsewhere.endpoint}/", 307)
        await send(f"json://{http.endpoint}/hook")
        assert elsewhere.received == []


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
    http.drip_head(0.05)
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
    http.drip_head(0.05)
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


async def test_a_channel_that_is_gone_fails_for_good() -> None:
    assert await AppriseNotifier([]).send(listed("gone")) == Permanent("channel 'gone' is no longer configured")


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
        # Several recipients in one URL: a failure for one would repeat the message to all, or be lost behind success.
        ("mailto://127.0.0.1/?from=a@example.org&to=b@example.org,c@example.org", 2, False),
        ("mailto://127.0.0.1/?from=a@example.org&to=b@example.org&cc=c@example.org", 2, False),
        ("mailto://127.0.0.1/?from=a@example.org&to=b@example.org&bcc=c@example.org", 2, False),
        ("ntfy://127.0.0.1/one/two", 2, False),
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
