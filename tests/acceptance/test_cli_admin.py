"""The commands around the daemon: `lists`, `config`, `notify` and `db`, as processes."""

import json
import sqlite3
from pathlib import Path

import pytest

from rblwatch.core.sample import sample_names
from tests.conftest import StartUnbound
from tests.support.endpoint import new_endpoint
from tests.support.httpsink import HttpSink
from tests.support.program import run
from tests.support.rbldnsd import Rbldnsd

SECRET = "hunter2-token"


def configure(folder: Path, text: str) -> None:
    (folder / "rblwatch.toml").write_text(text)


def channel(name: str, sink: object) -> str:
    return f'[[channels]]\nname = "{name}"\nurl = "json://{sink}/{SECRET}"\n'


def test_lists_shows_the_catalogue_and_with_a_configuration_what_is_asked(tmp_path: Path) -> None:
    done = run("lists", "--format", "json", cwd=tmp_path)
    rows = {row["blocklist"]: row for row in json.loads(done.stdout)["blocklists"]}
    assert rows["spamcop"] == {
        "blocklist": "spamcop",
        "name": "SpamCop Blocking List",
        "zone": "bl.spamcop.net",
        "kind": "ip",
        "severity": "major",
        "scope": "address",
        "families": ["ipv4"],
        "access": "free",
        "recommended": True,
        "operator": "Cisco",
        "delist_url": "https://www.spamcop.net/bl.shtml?{ip}",
        "confidence": "high",
        "covered_by": None,
        "asked": None,
    }
    assert {row["zone"] for row in json.loads(done.stdout)["retired"]} >= {"sorbs.net", "ahbl.org"}
    configure(
        tmp_path,
        '[[servers]]\nname = "mx1"\naddresses = ["198.18.0.7"]\n[blocklists]\nuse = ["psbl"]\n'
        '[[blocklists.custom]]\nid = "corp"\nzone = "bl.corp.example"\n',
    )
    done = run("lists", "--format", "json", cwd=tmp_path)
    asked = {row["blocklist"]: row["asked"] for row in json.loads(done.stdout)["blocklists"]}
    assert [blocklist for blocklist, is_asked in asked.items() if is_asked] == ["psbl", "corp"]
    assert asked["spamcop"] is False


def test_lists_show_has_codes_evidence_and_the_configured_interval(tmp_path: Path) -> None:
    configure(tmp_path, '[schedule]\ninterval = "20m"\n')
    done = run("lists", "show", "spamhaus-zen", "--format", "json", cwd=tmp_path)
    shown = json.loads(done.stdout)
    codes = {row["codes"]: row for row in shown["codes"]}
    assert (codes["127.0.0.2"]["label"], codes["127.0.0.2"]["severity"]) == ("SBL", "critical")
    assert {"127.0.0.5-127.0.0.7", "any other"} <= codes.keys()
    assert shown["evidence"]
    assert shown["refusals"]["127.255.255.254"]
    assert (shown["interval"], shown["effective_interval"]) == ("20m", None)
    table = run("lists", "show", "spamhaus-zen", cwd=tmp_path)
    assert (table.code, table.stderr) == (0, "")
    assert "Botnet Controller List" in table.stdout
    assert shown["evidence_of"]["codes"]
    retired = run("lists", "show", "dnsbl.sorbs.net", cwd=tmp_path)
    assert retired.stdout.startswith("dnsbl.sorbs.net was shut down by its operator (2024-06-05); nothing takes its")


def test_lists_probe_tells_what_is_wrong_and_what_to_do(
    rbldnsd: Rbldnsd, start_unbound: StartUnbound, tmp_path: Path
) -> None:
    zones = {name: rbldnsd.zone(name) for name in ("good.example", "wild.example", "empty.example")}
    unbound = start_unbound(dict.fromkeys(zones, rbldnsd.endpoint))
    zones["wild.example"].turn_wildcard()
    zones["empty.example"].turn_empty()
    asking = ("--nameserver", str(unbound.endpoint), "--timeout", "1s")
    done = run("lists", "probe", *zones, *asking, "--format", "json", cwd=tmp_path)
    assert done.code == 0
    found = {row["blocklist"]: row for row in json.loads(done.stdout)["blocklists"]}
    assert {name: row["state"] for name, row in found.items()} == {
        "good.example": "sound",
        "wild.example": "unsound",
        "empty.example": "unsound",
    }
    assert found["wild.example"]["families"]["ipv6"]["reason"] == "unsound"
    table = run("lists", "probe", *zones, *asking, cwd=tmp_path)
    assert table.code == 0
    assert "lists everything" in table.stdout
    assert "take it out" in table.stdout
    assert table.stdout.splitlines()[-1] == "3 lists: 1 sound, 2 unsound."


def test_config_check_counts_warns_and_probes_what_is_configured(
    rbldnsd: Rbldnsd, start_unbound: StartUnbound, tmp_path: Path
) -> None:
    rbldnsd.zone("corp.example")
    unbound = start_unbound({"corp.example": rbldnsd.endpoint})
    configure(
        tmp_path,
        f"""[resolver]
        nameservers = ["{unbound.endpoint}"]
        [[servers]]
        name = "mx1"
        addresses = ["192.0.2.1", "198.18.0.0/29"]
        [web]
        listen = "127.0.0.1:8380"
        [blocklists]
        use = []
        [[blocklists.custom]]
        id = "corp"
        zone = "corp.example"
        {channel("ops", "127.0.0.1:9")}
        [[routes]]
        channels = ["ops"]
        """,
    )
    done = run("config", "check", "--probe", cwd=tmp_path)
    assert (done.code, done.stderr) == (0, "")
    assert "servers[0].addresses[0]: '192.0.2.1' is a documentation address" in done.stdout
    assert "web.listen: has no effect yet" in done.stdout
    assert "OK: 1 server, 9 targets, 1 list, 1 channel, 1 route" in done.stdout
    assert "1 list: 1 sound." in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["rblwatch.toml"]


def test_every_problem_of_a_configuration_is_told_at_once_with_file_and_line(tmp_path: Path) -> None:
    configure(
        tmp_path,
        '[[servers]]\nname = "mx1"\naddresses = ["10.0.0.300"]\n[resolver]\ntimeout = 2\n'
        '[[routes]]\nchannels = ["nobody"]\n',
    )
    for command in (["config", "check"], ["config", "show"], ["db", "upgrade"], ["notify", "test"]):
        done = run(*command, cwd=tmp_path)
        assert (done.code, done.stdout) == (2, "")
        lines = done.stderr.splitlines()
        assert [line.split(": ")[0].rsplit(":", 1)[-1] for line in lines] == ["3", "5", "7"]
        assert lines[0].endswith("write e.g. '192.0.2.0/28'")
    assert [path.name for path in tmp_path.iterdir()] == ["rblwatch.toml"]


def test_config_check_refuses_a_channel_that_no_message_can_be_sent_to(tmp_path: Path) -> None:
    configure(tmp_path, f'[[channels]]\nname = "ops"\nurl = "nosuch://{SECRET}"\n')
    done = run("config", "check", cwd=tmp_path)
    assert (done.code, done.stdout) == (2, "")
    assert "rblwatch.toml:3: channels[0].url: is not a URL that Apprise understands" in done.stderr
    assert SECRET not in done.stderr


def test_config_show_reads_back_and_masks_secrets(tmp_path: Path) -> None:
    configure(tmp_path, channel("ops", "127.0.0.1:9"))
    done = run("config", "show", cwd=tmp_path)
    assert done.code == 0
    assert 'url = "***"' in done.stdout
    assert SECRET not in done.stdout + done.stderr


def test_notify_test_sends_each_channel_every_kind_of_message_as_a_test(http_sink: HttpSink, tmp_path: Path) -> None:
    configure(tmp_path, channel("chat", http_sink.endpoint) + channel("other", http_sink.endpoint))
    done = run("notify", "test", cwd=tmp_path)
    assert (done.code, done.stderr) == (0, "")
    assert [line.split()[:2] for line in done.stdout.splitlines()[1:]] == [["chat", "sent"], ["other", "sent"]]
    kinds = len(sample_names())
    assert len(http_sink.received) == 2 * kinds
    for request in http_sink.received:
        assert "[rblwatch] TEST: " in request.text
        assert "This is a test, sent by `rblwatch notify test`. Nothing of what follows is true." in request.text
    assert run("notify", "test", "chat", "--kind", "delisted", cwd=tmp_path).code == 0
    assert len(http_sink.received) == 2 * kinds + 1
    assert "no longer listed on Test List" in http_sink.received[-1].text


def test_notify_test_is_4_when_a_message_was_not_sent_and_2_for_a_channel_that_is_not_there(
    http_sink: HttpSink, tmp_path: Path
) -> None:
    http_sink.fail(403)
    configure(tmp_path, channel("chat", http_sink.endpoint) + channel("gone", new_endpoint(15397)))
    done = run("notify", "test", "--format", "json", cwd=tmp_path)
    outcomes = json.loads(done.stdout)["channels"]
    assert done.code == 4
    assert [(row["channel"], row["outcome"]) for row in outcomes] == [("chat", "failed"), ("gone", "failed")]
    assert "403" in outcomes[0]["detail"]
    assert SECRET not in done.stdout + done.stderr
    other = run("notify", "test", "chta", cwd=tmp_path)
    assert other.code == 2
    assert "chat, gone" in other.stderr


def test_db_makes_upgrades_shows_and_copies_the_database(tmp_path: Path) -> None:
    configure(tmp_path, "")
    missing = json.loads(run("db", "current", "--format", "json", cwd=tmp_path).stdout)
    assert missing["revision"] is None
    assert not (tmp_path / "rblwatch.db").exists()
    made = run("db", "upgrade", "--format", "json", cwd=tmp_path)
    assert made.code == 0
    assert json.loads(made.stdout)["revision"] == missing["program"]
    copied = run("db", "backup", "copy.db", cwd=tmp_path)
    assert copied.code == 0
    with sqlite3.connect(tmp_path / "copy.db") as copy:
        assert copy.execute("SELECT version_num FROM alembic_version").fetchone() == (missing["program"],)
    copy.close()
    again = run("db", "backup", "copy.db", cwd=tmp_path)
    assert (again.code, again.stdout) == (4, "")
    assert "is not overwritten" in again.stderr


@pytest.mark.parametrize("command", [["db", "upgrade"], ["db", "backup", "copy.db"]], ids=" ".join)
def test_a_database_that_cannot_be_used_is_4_with_a_clear_error(command: list[str], tmp_path: Path) -> None:
    configure(tmp_path, '[database]\nurl = "sqlite:///no/such/folder/rblwatch.db"\n')
    done = run(*command, cwd=tmp_path)
    assert (done.code, done.stdout) == (4, "")
    assert str(tmp_path / "no/such/folder/rblwatch.db") in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_newer_than_the_program_is_left_alone(tmp_path: Path) -> None:
    configure(tmp_path, "")
    assert run("db", "upgrade", cwd=tmp_path).code == 0
    with sqlite3.connect(tmp_path / "rblwatch.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    done = run("db", "upgrade", cwd=tmp_path)
    assert (done.code, done.stdout) == (4, "")
    assert "newer than this program" in done.stderr
