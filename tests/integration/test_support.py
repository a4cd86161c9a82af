"""The servers that other tests rely on do what they promise. Read this to learn how to use them."""

import signal
import smtplib
import urllib.error
import urllib.request
from email.message import EmailMessage
from pathlib import Path

import dns.message
import dns.query
import psycopg
import pytest

from tests.conftest import StartDnsdist, StartUnbound
from tests.support.dnsquery import ask, rcode_of, records_of
from tests.support.endpoint import Endpoint
from tests.support.httpsink import HttpSink, Reply
from tests.support.postgres import Postgres
from tests.support.program import Program
from tests.support.rbldnsd import Entry, Rbldnsd, question_name
from tests.support.smtpsink import SmtpSink
from tests.support.waiting import eventually

ADDRESS = "192.0.2.25"
NAME = question_name(ADDRESS, "bl.example")


@pytest.mark.xdist_group("support")
def test_what_shares_a_fixture_runs_in_one_process(request: pytest.FixtureRequest) -> None:
    """Where tests are spread by group, the scheduler finds the group in their ids."""
    is_spread = bool(request.config.getoption("loadgroup", default=False))
    assert request.node.nodeid.endswith("@support") == is_spread


def test_a_zone_lists_its_test_points_and_what_is_added(rbldnsd: Rbldnsd) -> None:
    zone = rbldnsd.zone("bl.example", ttl_s=9, negative_ttl_s=5)
    server = rbldnsd.endpoint
    for address, listed in [
        ("127.0.0.2", True),
        ("127.0.0.1", False),
        ("::ffff:7f00:2", True),
        ("::ffff:7f00:1", False),
    ]:
        assert records_of(server, question_name(address, "bl.example")) == (["127.0.0.2"] if listed else [])
    assert rcode_of(server, NAME) == "NXDOMAIN"

    zone.add(ADDRESS, Entry("127.0.0.4", "see $"), Entry("127.0.0.9", "twice"))
    assert records_of(server, NAME) == ["127.0.0.4", "127.0.0.9"]
    assert records_of(server, NAME, "TXT") == ['"see 192.0.2.25"', '"twice"']

    zone.remove(ADDRESS)
    assert rcode_of(server, NAME) == "NXDOMAIN"


def test_a_zone_lists_ranges_ipv6_and_domain_names(rbldnsd: Rbldnsd) -> None:
    rbldnsd.zone("bl.example", listed=["198.51.100.0/24", "2001:db8::/32", ".spam.example"])
    for name in [
        question_name("198.51.100.77", "bl.example"),
        question_name("2001:db8::7", "bl.example"),
        "www.spam.example.bl.example",
    ]:
        assert records_of(rbldnsd.endpoint, name) == ["127.0.0.2"]


def test_answers_carry_the_ttls_of_their_zone(rbldnsd: Rbldnsd) -> None:
    rbldnsd.zone("bl.example", ttl_s=9, negative_ttl_s=5, listed=[ADDRESS])
    found = ask(rbldnsd.endpoint, NAME)
    absent = ask(rbldnsd.endpoint, question_name("192.0.2.1", "bl.example"))
    assert found is not None
    assert absent is not None
    assert found.answer[0].ttl == 9
    assert absent.authority[0].ttl == 5


def test_a_zone_turns_bad_and_recovers(rbldnsd: Rbldnsd) -> None:
    zone = rbldnsd.zone("bl.example", listed=[ADDRESS])
    server, nobody = rbldnsd.endpoint, question_name("192.0.2.99", "bl.example")
    zone.turn_wildcard(Entry("127.0.0.7", "parked"))
    assert records_of(server, nobody) == ["127.0.0.7"]
    zone.turn_empty()
    assert rcode_of(server, question_name("127.0.0.2", "bl.example")) == "NXDOMAIN"
    zone.turn_refusing()
    assert rcode_of(server, NAME) == "REFUSED"
    zone.turn_silent()
    assert rcode_of(server, NAME) == "TIMEOUT"
    zone.recover()
    assert rcode_of(server, nobody) == "NXDOMAIN"
    assert records_of(server, NAME) == ["127.0.0.2"]


def test_one_zone_s_trouble_is_not_another_s(rbldnsd: Rbldnsd) -> None:
    rbldnsd.zone("bl.example")
    rbldnsd.zone("other.example", listed=[ADDRESS])
    rbldnsd.zones["bl.example"].turn_empty()
    assert records_of(rbldnsd.endpoint, question_name(ADDRESS, "other.example")) == ["127.0.0.2"]


def test_the_server_tells_what_it_was_asked(rbldnsd: Rbldnsd) -> None:
    zone = rbldnsd.zone("bl.example")
    ask(rbldnsd.endpoint, NAME)
    ask(rbldnsd.endpoint, NAME, "TXT")
    assert zone.questions() == [f"{NAME} A", f"{NAME} TXT"]


def test_a_resolver_caches_presence_and_absence_until_it_is_flushed(
    rbldnsd: Rbldnsd, start_unbound: StartUnbound
) -> None:
    zone = rbldnsd.zone("bl.example", ttl_s=300, negative_ttl_s=300)
    resolver = start_unbound({"bl.example": rbldnsd.endpoint})
    assert rcode_of(resolver.endpoint, NAME) == "NXDOMAIN"
    zone.add(ADDRESS)
    assert rcode_of(resolver.endpoint, NAME) == "NXDOMAIN"
    resolver.flush("bl.example")
    assert records_of(resolver.endpoint, NAME) == ["127.0.0.2"]
    zone.remove(ADDRESS)
    assert records_of(resolver.endpoint, NAME) == ["127.0.0.2"]


def test_a_resolver_forgets_when_the_ttl_has_run_out(rbldnsd: Rbldnsd, start_unbound: StartUnbound) -> None:
    zone = rbldnsd.zone("bl.example", ttl_s=1, negative_ttl_s=1)
    resolver = start_unbound({"bl.example": rbldnsd.endpoint})
    assert rcode_of(resolver.endpoint, NAME) == "NXDOMAIN"
    zone.add(ADDRESS)
    eventually(lambda: records_of(resolver.endpoint, NAME) == ["127.0.0.2"], 10.0, "the absence ran out")


def test_a_resolver_knows_nothing_beyond_its_zones(rbldnsd: Rbldnsd, start_unbound: StartUnbound) -> None:
    rbldnsd.zone("bl.example")
    resolver = start_unbound({"bl.example": rbldnsd.endpoint})
    assert rcode_of(resolver.endpoint, "www.example.org") == "REFUSED"


def test_a_resolver_can_strip_private_answers(rbldnsd: Rbldnsd, start_unbound: StartUnbound) -> None:
    rbldnsd.zone("bl.example", listed=[ADDRESS])
    resolver = start_unbound({"bl.example": rbldnsd.endpoint}, ["private-address: 127.0.0.0/8"])
    assert records_of(resolver.endpoint, NAME) == []


def test_a_proxy_spoils_answers_of_one_zone(rbldnsd: Rbldnsd, start_dnsdist: StartDnsdist) -> None:
    rbldnsd.zone("bl.example", listed=[ADDRESS])
    rbldnsd.zone("other.example", listed=[ADDRESS])
    proxy = start_dnsdist(rbldnsd.endpoint)
    server = proxy.endpoint
    assert records_of(server, NAME) == ["127.0.0.2"]
    for rcode in ["SERVFAIL", "REFUSED", "NOTIMP"]:
        proxy.fail("bl.example", rcode)
        assert rcode_of(server, NAME) == rcode
    proxy.rewrite("bl.example", "203.0.113.80")
    assert records_of(server, question_name("192.0.2.1", "bl.example")) == ["203.0.113.80"]
    proxy.drop("bl.example")
    assert rcode_of(server, NAME) == "TIMEOUT"
    assert records_of(server, question_name(ADDRESS, "other.example")) == ["127.0.0.2"]
    proxy.recover("bl.example")
    assert records_of(server, NAME) == ["127.0.0.2"]


def test_a_proxy_drops_a_share_and_delays(rbldnsd: Rbldnsd, start_dnsdist: StartDnsdist) -> None:
    rbldnsd.zone("bl.example", listed=[ADDRESS])
    proxy = start_dnsdist(rbldnsd.endpoint)
    proxy.drop("bl.example", share=0.5)
    outcomes = {rcode_of(proxy.endpoint, NAME, timeout_s=0.1) for _ in range(40)}
    assert outcomes == {"NOERROR", "TIMEOUT"}
    proxy.delay("bl.example", 300)
    assert rcode_of(proxy.endpoint, NAME, timeout_s=0.1) == "TIMEOUT"
    assert records_of(proxy.endpoint, NAME) == ["127.0.0.2"]


def test_a_truncated_answer_is_whole_over_tcp(
    rbldnsd: Rbldnsd, start_unbound: StartUnbound, start_dnsdist: StartDnsdist
) -> None:
    """Rbldnsd speaks no TCP; a resolver behind the proxy does."""
    rbldnsd.zone("bl.example", listed=[ADDRESS])
    proxy = start_dnsdist(start_unbound({"bl.example": rbldnsd.endpoint}).endpoint)
    proxy.truncate("bl.example")
    short = ask(proxy.endpoint, NAME)
    assert short is not None
    assert short.flags & dns.flags.TC
    assert not short.answer
    whole = dns.query.tcp(dns.message.make_query(NAME, "A"), proxy.endpoint.host, port=proxy.endpoint.port, timeout=5)
    assert [str(record) for record in whole.answer[0]] == ["127.0.0.2"]


def test_each_database_is_new_and_survives_a_stop(postgres: Postgres, postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        postgres.stop()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(postgres_url, connect_timeout=2)
    postgres.start()
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    assert postgres.create_database() != postgres_url


def post(sink: HttpSink, body: bytes = b'{"text": "listed"}', timeout_s: float = 5.0) -> int:
    request = urllib.request.Request(f"http://{sink.endpoint}/hook", data=body, headers={"X-Signature": "abc"})
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as reply:
            reply.read()
            return int(reply.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_an_http_sink_records_what_was_posted(http_sink: HttpSink) -> None:
    assert post(http_sink) == 200
    request = http_sink.wait_for(lambda request: "listed" in request.text)
    assert (request.method, request.path, request.headers["x-signature"]) == ("POST", "/hook", "abc")
    assert request.json == {"text": "listed"}


def test_an_http_sink_fails_as_told(http_sink: HttpSink) -> None:
    http_sink.fail(503)
    assert post(http_sink) == 503
    http_sink.fail_next(2, 429)
    assert [post(http_sink) for _ in range(3)] == [429, 429, 200]
    http_sink.fail_share(0.5)
    assert sorted(post(http_sink) for _ in range(4)) == [200, 200, 503, 503]
    http_sink.answer(Reply(410, {"Retry-After": "9"}, b"gone"))
    assert post(http_sink) == 410
    http_sink.redirect(f"http://{http_sink.endpoint}/elsewhere", 302)
    assert post(http_sink) == 302
    assert http_sink.received[-1].path == "/elsewhere"
    http_sink.recover()
    assert post(http_sink) == 200


def test_an_http_sink_hangs_and_drips(http_sink: HttpSink) -> None:
    http_sink.hang()
    with pytest.raises(TimeoutError):
        post(http_sink, timeout_s=0.2)
    http_sink.drip(0.01)
    with urllib.request.urlopen(f"http://{http_sink.endpoint}/", timeout=5) as reply:
        assert reply.read(3) == b"   "
    assert len(http_sink.received) == 2


def test_an_http_sink_can_be_gone_and_come_back(http_sink: HttpSink) -> None:
    http_sink.stop()
    with pytest.raises(urllib.error.URLError):
        post(http_sink)
    http_sink.start()
    assert post(http_sink) == 200


def send_mail(server: Endpoint, *recipients: str) -> None:
    message = EmailMessage()
    message["Subject"] = "mx1 is listed"
    message["From"] = "rblwatch@example.org"
    message["To"] = ", ".join(recipients)
    message.set_content("on psbl, since 10:15")
    with smtplib.SMTP(server.host, server.port, timeout=5) as client:
        client.send_message(message)


def test_a_mail_sink_records_what_was_sent(smtp_sink: SmtpSink) -> None:
    send_mail(smtp_sink.endpoint, "ops@example.org", "abuse@example.org")
    mail = smtp_sink.wait_for(lambda mail: "listed" in mail.subject)
    assert mail.recipients == ("ops@example.org", "abuse@example.org")
    assert mail.text == "on psbl, since 10:15\n"


def test_a_mail_sink_rejects_as_told(smtp_sink: SmtpSink) -> None:
    smtp_sink.reject(550, "gone@example.org")
    send_mail(smtp_sink.endpoint, "ops@example.org", "gone@example.org")
    assert smtp_sink.received[0].recipients == ("ops@example.org",)
    smtp_sink.reject_next(1, 450)
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send_mail(smtp_sink.endpoint, "ops@example.org")
    send_mail(smtp_sink.endpoint, "ops@example.org")
    assert smtp_sink.rejected == ["gone@example.org", "ops@example.org"]


def test_a_program_is_read_signalled_and_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shown with a shell in the program's place."""
    script = tmp_path / "program"
    script.write_text("#!/bin/sh\ntrap 'echo drained >&2; exit 0' TERM\necho started\nwhile :; do sleep 0.05; done\n")
    script.chmod(0o755)
    monkeypatch.setattr("tests.support.program.RBLWATCH", script)
    program = Program(["run"], tmp_path)
    program.start()
    program.wait_for_line("started")
    assert program.terminate() == 0
    assert program.stderr == "drained\n"
    program.start()
    program.wait_for_line("started", count=2)
    program.kill()
    assert program.wait() == -signal.SIGKILL
