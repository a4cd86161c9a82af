"""Lists that lie, refuse or fall silent: what they say is unknown, and nobody is told anything about a server."""

import signal
import time
from dataclasses import dataclass

import pytest

from tests.acceptance.conftest import Install
from tests.conftest import StartDnsdist, StartProgram
from tests.support.installation import CHANNELS, Installation, about, let_sweep
from tests.support.rbldnsd import Entry, Rbldnsd, question_name
from tests.support.waiting import eventually

MX1, MX2, MX3 = "198.18.1.1", "198.18.1.2", "198.18.1.3"
MX1_V6 = "2001:db8:100::1"
ONE_EACH = dict.fromkeys(CHANNELS, 1)
#: How a zone behaves whose domain was parked: everything is listed.
PARKED = ":127.0.0.2:this domain is for sale"


@pytest.mark.timeout(400)
def test_a_list_that_lies_behind_cached_test_points_is_one_incident_and_no_news_of_a_server(
    rbldnsd: Rbldnsd, install: Install, start_program: StartProgram
) -> None:
    """Two zones turn wildcard and two are emptied, while the resolver still holds their test points; TTLs of 60 s.

    `blip` and `gap` are themselves again before their test points were fetched anew, `world` and `void` are not.
    """
    zones = {name: rbldnsd.zone(f"{name}.example", listed=[MX2]) for name in ("world", "blip", "void", "gap")}
    control = rbldnsd.zone("control.example", ttl_s=1, negative_ttl_s=1)
    installed = install(
        servers={"mx1": (MX1,), "mx2": (MX2,)},
        customs={name.removesuffix(".example"): name for name in rbldnsd.zones},
        blind_after="5s",
    )
    daemon = start_program("--config", str(installed.write()), "run")
    installed.hear("mx2", "already listed on 4 lists")
    known = installed.listings()

    rbldnsd.behave(world=PARKED, blip=PARKED, void=":empty", gap=":empty")
    for zone in zones.values():
        for address in (MX1, MX2):
            installed.resolver.flush(question_name(address, zone.name))
    probes = {name: zone.asked("127.0.0.2") for name, zone in zones.items()}
    # A server that is added has everything asked at once, while the test points are still in the cache.
    installed.servers["mx3"] = (MX3,)
    installed.write()
    daemon.send(signal.SIGHUP)
    eventually(lambda: all(zone.asked(MX3) for zone in zones.values()), 20, "mx3 was asked about")
    let_sweep(daemon, 1)
    assert {name: zone.asked("127.0.0.2") for name, zone in zones.items()} == probes
    rbldnsd.behave(blip=":pass", gap=":pass")

    installed.hear("world", "cannot be believed", "which it must not")
    installed.hear("void", "cannot be believed", "does not list its test point", timeout_s=90)
    assert zones["world"].asked("127.0.0.2") > probes["world"]
    let_sweep(daemon)
    rbldnsd.behave(world=":pass", void=":pass")
    for zone in (zones["world"], zones["void"]):
        # Their test points are themselves at once, while copies of what they said of servers are not.
        for point in ("127.0.0.1", "127.0.0.2", "192.0.2.0"):
            installed.resolver.flush(question_name(point, zone.name))
    for name in ("world", "blip", "void"):
        installed.hear(f"{name}", "can be believed again", timeout_s=90)
    let_sweep(daemon)

    assert installed.listings() == known
    control.add(MX1)
    installed.hear("mx1 listed on control")
    for channel, messages in installed.heard.items():
        assert len(about(messages, "198.18.1.")) == 2, f"{channel}: {installed.titles}"
        for name, incidents in {"world": 1, "blip": 1, "void": 1, "gap": 0}.items():
            # One message may tell of several lists, each cause in a section of its own.
            sections = [section for message in messages for section in message.text.split("\n\n")]
            said = [section for section in sections if name in section and "cannot be believed" in section]
            assert len(said) == incidents, f"{channel}: {installed.titles}"


def test_no_copy_in_a_cache_makes_news_around_the_second_in_which_it_runs_out(
    rbldnsd: Rbldnsd, install: Install
) -> None:
    """A resolver keeps an answer up to a second longer than the TTL says that it tells; sweeps come at any time.

    Some lists are emptied while their positive point is cached; others list everybody for a moment, and copies of that
    outlive it. Each has a TTL of its own, so that every second has a copy that runs out in it.
    """
    spans_s = range(5, 11)
    void = {f"void{s}": rbldnsd.zone(f"void{s}.example", ttl_s=s, negative_ttl_s=1, listed=[MX1]) for s in spans_s}
    blip = {f"blip{s}": rbldnsd.zone(f"blip{s}.example", ttl_s=s, negative_ttl_s=60) for s in spans_s}
    zones = void | blip
    installed = install(servers={"mx1": (MX1,)}, customs={name: zone.name for name, zone in zones.items()})
    _, swept = installed.read("sweep")
    assert (swept["listed"], len(swept["transitions"])) == (len(void), len(void))

    rbldnsd.behave(**dict.fromkeys(void, ":empty"), **dict.fromkeys(blip, PARKED))
    for zone in zones.values():
        installed.resolver.flush(question_name(MX1, zone.name))
    end = time.monotonic() + max(spans_s) + 2
    _, swept = installed.read("sweep")
    # On a slow machine some of the emptied lists' points were fetched anew already, and are unknown too.
    assert (swept["listed"], swept["unknown"] >= len(blip), swept["transitions"]) == (0, True, [])
    rbldnsd.behave(**dict.fromkeys(blip, ":pass"))
    while time.monotonic() < end:
        _, swept = installed.read("sweep")
        assert swept["transitions"] == []
    assert all(zone.asked("127.0.0.2") > 1 for zone in zones.values())
    assert {channel: len(about(messages, "mx1")) for channel, messages in installed.heard.items()} == ONE_EACH


@dataclass(frozen=True)
class Trouble:
    """A list that cannot be believed, and what is said of it."""

    name: str
    state: str
    reason: str

    @property
    def zone(self) -> str:
        return f"{self.name}.example"


TROUBLES = (
    Trouble("servfail", "unreachable", "servfail"),
    Trouble("refused", "refusing", "refused"),
    Trouble("silent", "unreachable", "timeout"),
    Trouble("code", "refusing", "refusal-code"),
    Trouble("parked", "unsound", "not-a-dnsbl-answer"),
    Trouble("world", "unsound", "unsound"),
)


@pytest.fixture
def troubled(rbldnsd: Rbldnsd, start_dnsdist: StartDnsdist, install: Install) -> Installation:
    """Six lists that were sound for one sweep, each in a trouble of its own since, and one that is sound still."""
    zones = {trouble.name: rbldnsd.zone(trouble.zone, ttl_s=1, negative_ttl_s=1) for trouble in TROUBLES}
    rbldnsd.zone("sound.example", ttl_s=1, negative_ttl_s=1)
    names = {zone.removesuffix(".example"): zone for zone in rbldnsd.zones}
    installed = install(servers={"mx1": (MX1, MX1_V6)}, customs=names, timeout="0.5s", blind_after="1h")
    proxy = start_dnsdist(installed.resolver.endpoint)
    installed.nameserver = proxy.endpoint
    code, swept = installed.read("sweep")
    assert (code, swept["listed"], swept["unknown"]) == (0, 0, 0)
    proxy.fail("servfail.example", "SERVFAIL")
    proxy.fail("refused.example", "REFUSED")
    proxy.drop("silent.example")
    proxy.rewrite("parked.example", "203.0.113.80")
    rbldnsd.behave(code=":127.255.255.254:you may not ask", world=PARKED)
    for zone in zones.values():
        installed.resolver.flush(zone.name)
    return installed


def test_what_means_nothing_is_unknown_with_its_reason_and_no_news_of_a_server(
    troubled: Installation, start_program: StartProgram
) -> None:
    """In `sweep`, in `status`, and for the daemon: of all troubles, only the list that lists everybody is told."""
    code, swept = troubled.read("sweep")
    assert (code, swept["listed"], swept["unknown"], swept["transitions"]) == (3, 0, 2 * len(TROUBLES), [])
    code, status = troubled.read("status")
    assert code == 3
    assert {one["blocklist"]: (one["state"], one["reason"]) for one in status["blocklists"]} == {
        "sound": ("sound", None)
    } | {trouble.name: (trouble.state, trouble.reason) for trouble in TROUBLES}
    for target in status["servers"][0]["targets"]:
        assert (target["listed"], target["clear"], target["unknown"]) == (0, 1, len(TROUBLES))
        assert {one["blocklist"]: (one["verdict"], one["reason"]) for one in target["verdicts"]} == {
            trouble.name: ("unknown", trouble.reason) for trouble in TROUBLES
        }

    daemon = start_program("--config", str(troubled.write()), "run")
    let_sweep(daemon, 4)
    assert daemon.terminate() == 0
    assert troubled.listings() == []
    for messages in troubled.heard.values():
        assert [message.title for message in messages] == ["[rblwatch] world cannot be believed"]
        assert about(messages, "mx1") == about(messages, "198.18.") == []


def test_one_answer_that_means_nothing_leaves_one_target_unknown(
    rbldnsd: Rbldnsd, start_dnsdist: StartDnsdist, install: Install, start_program: StartProgram
) -> None:
    """The lists are sound, and what they say of other targets counts."""
    zones = {trouble.name: rbldnsd.zone(trouble.zone, ttl_s=1, negative_ttl_s=1) for trouble in TROUBLES[:-1]}
    zones["code"].add(MX1, Entry("127.255.255.254", "you may not ask"))
    zones["parked"].add(MX1, Entry("203.0.113.80", "this domain is for sale"))
    names = {name: zone.name for name, zone in zones.items()}
    installed = install(servers={"mx1": (MX1,), "mx2": (MX2,)}, customs=names, timeout="0.5s")
    proxy = start_dnsdist(installed.resolver.endpoint)
    installed.nameserver = proxy.endpoint
    proxy.fail(question_name(MX1, "servfail.example"), "SERVFAIL")
    proxy.fail(question_name(MX1, "refused.example"), "REFUSED")
    proxy.drop(question_name(MX1, "silent.example"))

    code, swept = installed.read("sweep")
    assert (code, swept["listed"], swept["unknown"]) == (3, 0, len(zones))
    daemon = start_program("--config", str(installed.write()), "run")
    let_sweep(daemon, 4)
    code, status = installed.read("status")
    assert code == 3
    assert {one["state"] for one in status["blocklists"]} == {"sound"}
    first, second = (server["targets"][0] for server in status["servers"])
    assert (first["unknown"], second["clear"]) == (len(zones), len(zones))
    assert {one["blocklist"]: one["reason"] for one in first["verdicts"]} == {
        trouble.name: trouble.reason for trouble in TROUBLES[:-1]
    }
    assert installed.titles == {"chat": [], "mail": []}
