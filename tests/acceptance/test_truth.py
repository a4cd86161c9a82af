"""What people are told is true, in time, and told once: the program against a real blocklist server behind unbound.

Times are those of the product: its bounds on news, measured from the moment at which the blocklist server itself shows
a change. Nothing else is timed.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from tests.acceptance.conftest import Install
from tests.conftest import StartDnsdist, StartProgram
from tests.support.installation import CHANNELS, Installation, about, let_sweep
from tests.support.rbldnsd import Entry, Rbldnsd, Zone
from tests.support.soak import SOAKING
from tests.support.waiting import eventually

MX1, MX2 = "198.18.1.1", "198.18.1.2"
MX1_V6 = "2001:db8:100::1"

#: Zones with these TTLs, positive and negative alike, are watched side by side.
TTLS_S = (1, 60, 300)
#: A delisting takes up to two of them, which is long.
DELISTED_TTLS_S = TTLS_S if SOAKING else (1, 60)
#: What is configured in `Installation`.
INTERVAL_S, RECHECK_S, GROUP_WAIT_S, DELIST_AFTER = 2, 2, 1, 2
#: Besides what caches and the configuration impose. Source: the issue's bound on news.
SPARE_S = 2


@pytest.mark.soak
@pytest.mark.timeout(1500)
def test_a_listing_and_its_end_are_told_once_and_in_time(
    rbldnsd: Rbldnsd, install: Install, start_program: StartProgram
) -> None:
    """Zones of several TTLs side by side, each with an address of its own.

    Listed: within one interval, the negative TTL, `group_wait` and 2 s, though the address is added right after it was
    asked about. Delisted: the record's own TTL, `delist_after` looks and the positive probe's TTL later.
    """
    names = {1: "psbl.surriel.com"} | {ttl: f"ttl{ttl}.example" for ttl in TTLS_S if ttl > 1}
    zones = {ttl: rbldnsd.zone(name, ttl_s=ttl, negative_ttl_s=ttl) for ttl, name in names.items()}
    addresses = {ttl: f"198.18.1.{position}" for position, ttl in enumerate(TTLS_S)}
    meaning = '{ label = "trap", severity = "critical", meaning = "sent mail to a trap" }'
    installed = install(
        servers={f"mx-{ttl}": (address,) for ttl, address in addresses.items()},
        use=("psbl",),
        customs={f"list{ttl}": name for ttl, name in names.items() if ttl > 1},
        tables={f"list{ttl}": f'codes = {{ "127.0.0.2" = {meaning} }}' for ttl in TTLS_S},
    )
    daemon = start_program("--config", str(installed.write()), "run")
    eventually(lambda: all(zone.asked(addresses[ttl]) for ttl, zone in zones.items()), 20, "everything was asked")

    added_at = {}
    for ttl, zone in zones.items():
        zone.add(addresses[ttl], Entry("127.0.0.2", "spam from $, see https://trap.example/$"))
        added_at[ttl] = datetime.now(UTC)
    for ttl, zone in zones.items():
        listed = installed.hear(f"mx-{ttl} listed on", timeout_s=ttl + 30)
        bound = timedelta(seconds=INTERVAL_S + ttl + GROUP_WAIT_S + SPARE_S)
        for channel, message in listed.items():
            assert message.at - added_at[ttl] <= bound, f"{channel}, TTL {ttl} s: {daemon.written}"
            assert_says_all(message.text, ttl, addresses[ttl])
        assert_dates(installed, f"mx-{ttl}", added_at[ttl])

        if ttl in DELISTED_TTLS_S:
            delist_in_time(installed, zone, f"mx-{ttl}", addresses[ttl])

    let_sweep(daemon)
    assert daemon.terminate() == 0
    for channel, messages in installed.heard.items():
        for ttl in TTLS_S:
            told = [message.title.split(f"mx-{ttl} ")[1].split()[0] for message in about(messages, f"mx-{ttl} ")]
            assert told == ["listed", "delisted"][: 1 + (ttl in DELISTED_TTLS_S)], f"{channel}, TTL {ttl} s"
        assert len(messages) == len(TTLS_S) + len(DELISTED_TTLS_S)
    _, history = installed.read("history")
    assert Counter(listing["ended_by"] for listing in history) == Counter(
        "delisted" if ttl in DELISTED_TTLS_S else None for ttl in TTLS_S
    )


def delist_in_time(installed: Installation, zone: Zone, server: str, address: str) -> None:
    """Take an address off its list, and hear of it within the bound: after as many looks as configured, and a probe."""
    ttl = zone.ttl_s
    looks, probes = zone.asked(address), zone.asked("127.0.0.2")
    zone.remove(address)
    removed_at = datetime.now(UTC)
    delisted = installed.hear(f"{server} delisted from", timeout_s=2 * ttl + 30)
    bound = timedelta(seconds=ttl + DELIST_AFTER * RECHECK_S + ttl + GROUP_WAIT_S + SPARE_S)
    for channel, message in delisted.items():
        assert message.at - removed_at <= bound, f"{channel}, TTL {ttl} s"
        assert f"Listed on 0 of {len(TTLS_S)}; {len(TTLS_S)} clear." in message.text
    assert zone.asked(address) >= looks + DELIST_AFTER
    assert zone.asked("127.0.0.2") > probes


def assert_says_all(text: str, ttl: int, address: str) -> None:
    """A message about a listing has all that an admin wants to know."""
    expected = [
        f"mx-{ttl} ({address})",
        "First seen listed",
        ", last seen clear ",
        f'"spam from {address}, see https://trap.example/{address}"',
        f"Listed on 1 of {len(TTLS_S)}; {len(TTLS_S) - 1} clear.",
    ]
    if ttl == 1:
        expected += [
            "Passive Spam Block List (psbl.surriel.com)",
            "Severity: minor. A few receivers reject mail for this",
            "127.0.0.2 means PSBL: sent mail to a spam trap of this list.",
            f"https://psbl.org/listing?ip={address}",
            "https://psbl.org/remove",
        ]
    else:
        expected += [
            f"list{ttl} (ttl{ttl}.example)",
            "Severity: critical. Many large receivers reject mail",
            "127.0.0.2 means trap: sent mail to a trap.",
        ]
    assert [words for words in expected if words not in text] == [], text


def assert_dates(installed: Installation, server: str, added_at: datetime) -> None:
    """What is shown of a listing's beginning is honest: clear before it was added, listed after."""
    code, status = installed.read("status")
    (shown,) = (one for one in status["servers"] if one["name"] == server)
    (pair,) = shown["targets"][0]["verdicts"]
    assert (code, pair["verdict"], pair["pending"]) == (1, "listed", None)
    second = added_at.replace(microsecond=0)
    assert datetime.fromisoformat(pair["clear_at"]) <= second <= datetime.fromisoformat(pair["listed_at"])


def test_ipv6_is_told_like_ipv4_by_lists_that_are_sound_for_it(
    rbldnsd: Rbldnsd, install: Install, start_program: StartProgram
) -> None:
    """One list lists all of IPv6: it is believed about IPv4 all the same, and nobody's IPv6 address is told."""
    both = rbldnsd.zone("both.example", ttl_s=1, negative_ttl_s=1)
    four = rbldnsd.zone("four.example", ttl_s=1, negative_ttl_s=1, listed=["2001:db8::/32"])
    installed = install(servers={"mx1": (MX1, MX1_V6)}, customs={"both": both.name, "four": four.name})
    daemon = start_program("--config", str(installed.write()), "run")
    installed.hear("four (four.example", "cannot be believed", "lists 2001:db8:0:1::, which it must not")
    both.add(MX1_V6, Entry("127.0.0.4", "seen"))
    four.add(MX1)
    for listed in installed.hear(f"mx1 ({MX1_V6}) is listed on both").values():
        assert '"seen"' in listed.text
        assert "Listed on 1 of 2; 0 clear, 1 unknown." in listed.text
    installed.hear(f"mx1 ({MX1}) is listed on four")
    _, status = installed.read("status")
    assert {
        (target["target"], one["blocklist"]): (one["verdict"], one["reason"])
        for target in status["servers"][0]["targets"]
        for one in target["verdicts"]
    } == {(MX1, "four"): ("listed", None), (MX1_V6, "both"): ("listed", None), (MX1_V6, "four"): ("unknown", "unsound")}

    both.remove(MX1_V6)
    four.remove(MX1)
    installed.hear(f"mx1 ({MX1_V6}) is no longer listed on both")
    installed.hear(f"mx1 ({MX1}) is no longer listed on four")
    let_sweep(daemon)
    assert sorted((address, name, end is not None) for address, name, _, end in installed.listings()) == [
        (MX1, "four", True),
        (MX1_V6, "both", True),
    ]
    for messages in installed.heard.values():
        assert len(about(messages, "cannot be believed")) == 1
        told = [line for message in messages for line in message.text.splitlines() if " listed on " in line]
        assert sorted(line for line in told if line.startswith("mx1 (")) == sorted(
            f"mx1 ({address}) is {verb} on {name} ({name}.example)."
            for address, name in ((MX1, "four"), (MX1_V6, "both"))
            for verb in ("listed", "no longer listed")
        )


def test_what_was_listed_before_we_looked_is_told_once_in_one_message(
    rbldnsd: Rbldnsd, start_dnsdist: StartDnsdist, install: Install, start_program: StartProgram
) -> None:
    """One list does not answer at all: it is set aside, and holds nothing up. No restart tells it again."""
    for name, listed in {"one": [MX1, MX2], "two": [MX1], "dead": [], "clear": []}.items():
        rbldnsd.zone(f"{name}.example", ttl_s=1, negative_ttl_s=1, listed=listed)
    names = {zone.removesuffix(".example"): zone for zone in rbldnsd.zones}
    installed = install(servers={"mx1": (MX1,), "mx2": (MX2,)}, customs=names, timeout="0.5s")
    proxy = start_dnsdist(installed.resolver.endpoint)
    proxy.drop("dead.example")
    installed.nameserver = proxy.endpoint
    daemon = start_program("--config", str(installed.write()), "run")
    for told in installed.hear("2 addresses already listed on 2 lists").values():
        assert told.text.startswith("Already listed when we first looked"), told.text
    let_sweep(daemon, 1)
    assert daemon.terminate() == 0
    daemon.start()
    daemon.wait_for_line("daemon.started", count=2)
    let_sweep(daemon, 2)
    daemon.kill()
    daemon.start()
    daemon.wait_for_line("daemon.started", count=3)
    let_sweep(daemon, 2)
    assert installed.counts == dict.fromkeys(CHANNELS, 1)
    _, status = installed.read("status")
    assert [target["listed"] for server in status["servers"] for target in server["targets"]] == [2, 1]

    rbldnsd.zones["two.example"].add(MX2)
    for told in installed.hear("mx2 listed on two").values():
        assert "Listed on 2 of 4; 1 clear, 1 unknown. Also on: one." in told.text
