"""`rblwatch check` as an admin types it, against a real blocklist server behind a real resolver and a spoiling proxy.

No configuration, no database, and no network but loopback.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartDnsdist, StartUnbound
from tests.support.dnsdist import Dnsdist
from tests.support.program import Finished, run
from tests.support.rbldnsd import Entry, Rbldnsd, Zone

LISTED, CLEAR, LISTED6 = "198.18.0.7", "198.18.0.8", "2001:db8:100::7"
BOTH = ("good.example", "spoilt.example")
BAD_NAME = "bad.example.org"

Document = dict[str, Any]


@dataclass
class Site:
    """Two lists behind a caching resolver, with a proxy before it that can spoil the second one."""

    good: Zone
    spoilt: Zone
    proxy: Dnsdist
    folder: Path

    def check(self, *arguments: str, lists: tuple[str, ...] = BOTH) -> Finished:
        chosen = [word for name in lists for word in ("--list", name)]
        asking = ("--nameserver", str(self.proxy.endpoint), "--timeout", "0.5s", "--attempts", "2")
        return run("check", *arguments, *chosen, *asking, cwd=self.folder)

    def ask(self, *arguments: str, lists: tuple[str, ...] = BOTH) -> tuple[int, Document]:
        """Give the exit code and the JSON."""
        done = self.check(*arguments, "--format", "json", lists=lists)
        assert done.stderr == ""
        return done.code, json.loads(done.stdout)


@pytest.fixture
def site(rbldnsd: Rbldnsd, start_unbound: StartUnbound, start_dnsdist: StartDnsdist, tmp_path: Path) -> Site:
    good = rbldnsd.zone("good.example", listed=[LISTED, LISTED6, BAD_NAME])
    spoilt = rbldnsd.zone("spoilt.example")
    addresses = ['local-data: "mail.test. 60 IN A 198.18.0.7"', 'local-data: "mail.test. 60 IN AAAA 2001:db8:100::8"']
    unbound = start_unbound(dict.fromkeys(BOTH, rbldnsd.endpoint), server_lines=addresses)
    return Site(good, spoilt, start_dnsdist(unbound.endpoint), tmp_path)


def verdict_of(document: Document, zone: str, target: str = "") -> Document:
    verdict: Document
    (verdict,) = (
        verdict
        for entry in document["targets"]
        for verdict in entry["verdicts"]
        if verdict["zone"] == zone and target in ("", entry["target"])
    )
    return verdict


def test_json_has_every_list_asked_with_every_key(site: Site) -> None:
    code, document = site.ask(LISTED)
    assert code == 1
    listed = {
        "blocklist": "good.example",
        "zone": "good.example",
        "verdict": "listed",
        "codes": ["127.0.0.2"],
        "labels": ["listed"],
        "severity": "major",
        "scope": "address",
        "reason": None,
        "text": f"listed: {LISTED}",
        "lookup_url": None,
        "delist_url": None,
    }
    empty: Document = {"codes": [], "labels": [], "severity": None, "scope": None, "text": None}
    clear = listed | empty | {"blocklist": "spoilt.example", "zone": "spoilt.example", "verdict": "clear"}
    assert document == {
        "targets": [{"target": LISTED, "listed": 1, "clear": 1, "unknown": 0, "verdicts": [listed, clear]}],
        "blocklists": [
            {"blocklist": zone, "zone": zone, "state": "sound", "reason": None, "detail": None} for zone in BOTH
        ],
    }


def test_nothing_listed_is_0_and_says_on_how_many_lists(site: Site) -> None:
    done = site.check(CLEAR)
    assert (done.code, done.stdout, done.stderr) == (0, f"{CLEAR}: listed on 0 of 2 lists; 2 clear, 0 unknown.\n", "")
    # As a mail server logs it: no list has that form, so "clear" is said with a warning.
    assert site.check(f"::ffff:{CLEAR}").stderr.endswith(f"which no blocklist has; ask about {CLEAR}\n")


def test_a_table_that_no_terminal_reads_is_plain_and_never_cut(site: Site) -> None:
    site.good.add(LISTED, Entry("127.0.0.3", "a very long reason " * 12 + "end"))
    done = site.check(LISTED)
    header, row, _, summary = done.stdout.splitlines()
    assert done.code == 1
    assert header.split() == ["TARGET", "VERDICT", "LIST", "SEVERITY", "CODES", "MEANING", "REMOVAL"]
    assert row.split()[:5] == [LISTED, "listed", "good.example", "major", "127.0.0.3"]
    assert "a very long reason end" in row
    assert summary == f"{LISTED}: listed on 1 of 2 lists; 1 clear, 0 unknown."
    assert "\x1b" not in done.stdout


Spoil = Callable[[Site], None]


@pytest.mark.parametrize(
    ("spoil", "state", "reason"),
    [
        (lambda site: site.proxy.fail("spoilt.example", "SERVFAIL"), "unreachable", "servfail"),
        (lambda site: site.proxy.fail("spoilt.example", "REFUSED"), "refusing", "refused"),
        (lambda site: site.proxy.drop("spoilt.example"), "unreachable", "timeout"),
        # "You may not ask", as to a public resolver: every other monitor calls this a listing.
        (lambda site: site.spoilt.turn_wildcard(Entry("127.255.255.254")), "refusing", "refusal-code"),
        # A parked domain or a block page.
        (lambda site: site.proxy.rewrite("spoilt.example", "203.0.113.80"), "unsound", "not-a-dnsbl-answer"),
        # A list that lists the world, and one that was emptied.
        (lambda site: site.spoilt.turn_wildcard(), "unsound", "unsound"),
        (lambda site: site.spoilt.turn_empty(), "unsound", "unsound"),
    ],
    ids=["servfail", "refused", "timeout", "refusal-code", "outside", "wildcard", "empty"],
)
def test_a_list_that_cannot_be_believed_is_unknown_with_its_reason(
    site: Site, spoil: Spoil, state: str, reason: str
) -> None:
    spoil(site)
    code, document = site.ask(CLEAR, LISTED6, lists=("spoilt.example",))
    assert code == 3
    for entry in document["targets"]:
        assert (entry["listed"], entry["clear"], entry["unknown"]) == (0, 0, 1)
        assert [(verdict["verdict"], verdict["reason"]) for verdict in entry["verdicts"]] == [("unknown", reason)]
    (blocklist,) = document["blocklists"]
    assert (blocklist["state"], blocklist["reason"]) == (state, reason)
    assert blocklist["detail"]


def test_what_is_listed_elsewhere_counts_when_a_list_is_dead(site: Site) -> None:
    site.proxy.fail("spoilt.example")
    code, document = site.ask(LISTED)
    assert code == 1
    assert verdict_of(document, "spoilt.example")["reason"] == "servfail"


@pytest.mark.parametrize(
    ("code", "reason"), [("127.255.255.254", "refusal-code"), ("203.0.113.80", "not-a-dnsbl-answer")]
)
def test_an_answer_that_is_no_listing_is_unknown_though_its_list_is_sound(site: Site, code: str, reason: str) -> None:
    site.spoilt.add(CLEAR, Entry(code))
    exit_code, document = site.ask(CLEAR)
    verdict = verdict_of(document, "spoilt.example")
    assert (exit_code, verdict["verdict"], verdict["reason"], verdict["codes"]) == (3, "unknown", reason, [])
    assert [blocklist["state"] for blocklist in document["blocklists"]] == ["sound", "sound"]


def test_a_list_that_turned_wildcard_while_its_points_are_cached_lists_nobody(site: Site) -> None:
    """The resolver still repeats the right answers to the list's own test points."""
    assert site.ask(CLEAR)[0] == 0
    site.spoilt.turn_wildcard()
    code, document = site.ask("198.18.0.9")
    assert (code, verdict_of(document, "spoilt.example")["reason"]) == (3, "unsound")
    assert verdict_of(document, "good.example")["verdict"] == "clear"


def test_ipv6_is_asked_by_nibbles_and_believed_apart(site: Site) -> None:
    code, document = site.ask(LISTED6, "2001:db8:100::8")
    assert code == 1
    assert [entry["target"] for entry in document["targets"]] == [LISTED6, "2001:db8:100::8"]
    assert [entry["listed"] for entry in document["targets"]] == [1, 0]


def test_a_range_shows_what_is_listed_in_it_and_counts_the_rest(site: Site) -> None:
    code, document = site.ask("198.18.0.0/27")
    assert code == 1
    assert len(document["targets"]) == 32
    assert [entry["target"] for entry in document["targets"] if entry["listed"]] == [LISTED]
    done = site.check("198.18.0.0/27")
    assert done.code == 1
    assert [line.partition(" ")[0] for line in done.stdout.splitlines()] == ["TARGET", LISTED, "", "32"]
    assert done.stdout.splitlines()[-1] == "32 targets on 2 lists: 1 listing of 1 target; 63 clear, 0 unknown."


def test_a_dead_list_is_one_row_whatever_it_was_asked_about(site: Site) -> None:
    site.proxy.fail("spoilt.example")
    done = site.check("198.18.0.16/28")
    assert done.code == 3
    assert "all 16 IPv4 addresses  unknown  spoilt.example" in done.stdout
    table, _, below = done.stdout.partition("\n\n")
    assert len(table.splitlines()) == 2
    assert [line for line in below.splitlines() if line.startswith("What to do about")] == [below.splitlines()[-1]]


def test_a_name_is_asked_on_domain_lists(site: Site) -> None:
    code, document = site.ask(BAD_NAME, "good.example.org")
    assert code == 1
    assert verdict_of(document, "good.example", BAD_NAME)["verdict"] == "listed"
    assert verdict_of(document, "good.example", "good.example.org")["verdict"] == "clear"


def test_the_addresses_of_a_name_are_asked_on_address_lists(site: Site) -> None:
    """A configuration that is named brings its lists and its resolver."""
    (site.folder / "mine.toml").write_text(
        f"""
        [resolver]
        nameservers = ["{site.proxy.endpoint}"]
        [blocklists]
        use = []
        [[blocklists.custom]]
        id = "mine"
        zone = "good.example"
        codes = {{ "127.0.0.2" = {{ label = "SPAM", severity = "critical" }} }}
        """
    )
    done = run("check", "mail.test", "--config", "mine.toml", "--format", "json", cwd=site.folder)
    document = json.loads(done.stdout)
    assert done.code == 1
    assert [entry["target"] for entry in document["targets"]] == ["mail.test", LISTED, "2001:db8:100::8"]
    assert document["targets"][0]["addresses"] == [LISTED, "2001:db8:100::8"]
    found = verdict_of(document, "good.example", LISTED)
    assert (found["blocklist"], found["labels"], found["severity"]) == ("mine", ["SPAM"], "critical")


def test_a_name_that_cannot_be_looked_up_is_no_all_clear(site: Site) -> None:
    done = site.check("nowhere.example.org", "198.18.0.8")
    assert done.code == 3
    assert "the addresses of nowhere.example.org could not be looked up" in done.stdout


@pytest.mark.parametrize(
    ("target", "code", "line"),
    [
        (LISTED, 2, "RBLWATCH CRITICAL: 198.18.0.7 listed on good.example (major: listed); 1 clear, 0 unknown"),
        (CLEAR, 0, "RBLWATCH OK: nothing listed on 2 lists; 2 clear, 0 unknown"),
    ],
)
def test_nagios_gets_one_line_with_performance_data(site: Site, target: str, code: int, line: str) -> None:
    done = site.check(target, "--format", "nagios")
    said, _, numbers = done.stdout.partition(" | ")
    assert (done.code, said) == (code, line)
    assert numbers == f"listed={int(code == 2)};;;0 clear={2 - int(code == 2)};;;0 unknown=0;;;0 lists=2;;;0\n"


def test_nagios_is_unknown_only_when_fewer_than_half_of_the_lists_answer(site: Site) -> None:
    site.proxy.fail("spoilt.example")
    half = site.check(CLEAR, "--format", "nagios")
    assert (half.code, half.stdout.split(" | ")[0]) == (0, "RBLWATCH OK: nothing listed on 2 lists; 1 clear, 1 unknown")
    none = site.check(CLEAR, "--format", "nagios", lists=("spoilt.example",))
    assert none.code == 3
    assert none.stdout.startswith("RBLWATCH UNKNOWN: ")


def test_the_words_of_a_list_cannot_steer_a_terminal(site: Site) -> None:
    site.good.add(LISTED, Entry("127.0.0.2", "\x1b]0;owned\x07\x1b[31mred [bold]x[/bold] \u202eback | end"))
    for layout in ("table", "json", "nagios"):
        done = site.check(LISTED, "--format", layout)
        assert done.code in (1, 2)
        assert not {letter for letter in done.stdout if letter < " " and letter != "\n"}
        assert "\u202e" not in json.dumps(done.stdout, ensure_ascii=False)
    assert "[bold]x[/bold]" in site.check(LISTED).stdout
