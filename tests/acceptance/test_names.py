"""A server by its names: a host name behind real unbound, and a domain on a real domain list."""

from typing import Any

from tests.acceptance.conftest import Install
from tests.conftest import StartProgram
from tests.support.installation import CHANNELS, Installation, about, let_sweep
from tests.support.rbldnsd import Rbldnsd
from tests.support.waiting import eventually

OLD, NEW = "198.18.7.1", "198.18.7.2"
HOST, DOMAIN = "mx1.shop.example", "shop.example"
ZONE = f'local-zone: "{DOMAIN}." static'


def names_of(installed: Installation) -> dict[str, Any]:
    """What the status says of the host name."""
    _, status = installed.read("status")
    name: dict[str, Any] = status["servers"][0]["names"][0]
    return name


def test_a_server_that_is_known_by_its_names(rbldnsd: Rbldnsd, install: Install, start_program: StartProgram) -> None:
    """Its domain is listed; its host gets another address; then nobody answers for the host."""
    addresses = rbldnsd.zone("bl.example", ttl_s=1, negative_ttl_s=1, listed=[OLD])
    domains = rbldnsd.zone("dbl.example", ttl_s=1, negative_ttl_s=1)
    installed = install(
        servers={"mx1": ()},
        lines={"mx1": f'hostnames = ["{HOST}"]\ndomains = ["{DOMAIN}"]'},
        customs={"bl": "bl.example", "dbl": "dbl.example"},
        tables={"dbl": 'kind = "domain"'},
    )
    resolver = installed.resolver
    resolver.behave_as(ZONE, f'local-data: "{HOST}. 1 A {OLD}"')
    daemon = start_program("--config", str(installed.write()), "run")
    installed.hear(OLD, "listed on bl", timeout_s=30)
    first = daemon.wait_for_line("sweep.finished", timeout_s=30)
    assert "batches=2" in first, "the name was looked up before anything was asked"

    domains.add(DOMAIN)
    installed.hear(DOMAIN, "listed on dbl", timeout_s=30)

    resolver.change(HOST, f"1 A {NEW}")
    installed.hear(f"{HOST}: other addresses, {NEW} instead of {OLD}", timeout_s=30)
    eventually(lambda: addresses.asked(NEW) > 0, 30, "the new address is asked about")
    let_sweep(daemon)
    assert {channel: len(about(heard, NEW)) for channel, heard in installed.heard.items()} == dict.fromkeys(CHANNELS, 1)
    assert names_of(installed)["missing"].keys() == {OLD}
    _, history = installed.read("history", "mx1")
    assert {(one["target"], one["blocklist"], one["ended_by"]) for one in history} == {
        (OLD, "bl", None),
        (DOMAIN, "dbl", None),
    }

    resolver.behave_as(f'local-zone: "{DOMAIN}." always_refuse')
    eventually(lambda: names_of(installed)["failing_since"] is not None, 30, "the failure is shown")
    assert [one["reason"] for one in names_of(installed)["failures"]] == ["refused", "refused"]
    assert set(names_of(installed)["targets"]) == {OLD, NEW}
    let_sweep(daemon)
    rows = [line.split() for line in installed.run("status").stdout.splitlines()]
    assert [row[:3] for row in rows if "failing" in row] == [["mx1", HOST, "failing"]]
    assert {channel: len(about(heard, HOST)) for channel, heard in installed.heard.items()} == dict.fromkeys(
        CHANNELS, 1
    ), "nobody is told of a failure"


def test_senders_of_a_domain_are_watched_and_the_rest_is_shown(rbldnsd: Rbldnsd, install: Install) -> None:
    rbldnsd.zone("bl.example", listed=[OLD])
    installed = install(servers={"mx1": ()}, lines={"mx1": f'senders_of = ["{DOMAIN}"]'}, customs={"bl": "bl.example"})
    policy = "v=spf1 ip4:198.18.8.0/30 ip4:198.19.0.0/16 include:_spf.other.example -all"
    records = (f"{DOMAIN}. 1 MX 10 {HOST}.", f'{DOMAIN}. 1 TXT "{policy}"', f"{HOST}. 1 A {OLD}")
    installed.resolver.behave_as(ZONE, *(f"local-data: '{record}'" for record in records))
    code, swept = installed.read("sweep")
    assert (code, swept["targets"], swept["listed"], swept["gaps"]) == (1, 5, 1, [])
    _, status = installed.read("status")
    mx, spf = status["servers"][0]["names"]
    assert (mx["kind"], mx["targets"]) == ("mx", [OLD])
    assert (spf["kind"], len(spf["targets"])) == ("spf", 4)
    assert {one["why"] for one in spf["unwatched"]} == {"third-party", "too-large"}
    installed.tables["bl"] = "per_day = 40"
    assert "allows 40 questions a day" in installed.run("config", "check").stdout, "the database knows what they are"
    probed = installed.run("config", "check", "--probe")
    # 5 addresses and 3 points: 8 questions, of which three quarters of 40 a day allow 3 rounds.
    budget = ("bl allows 40 questions a day", '"7h" in [schedule] would fit')
    for words in ("MX of shop.example", OLD, "ip4:198.19.0.0/16", "_spf.other.example", "not watched", *budget):
        assert words in probed.stdout


def test_a_sweep_looks_names_up_first(rbldnsd: Rbldnsd, install: Install) -> None:
    rbldnsd.zone("bl.example", listed=[OLD])
    installed = install(servers={"mx1": ()}, lines={"mx1": f'hostnames = ["{HOST}"]'}, customs={"bl": "bl.example"})
    code, swept = installed.read("sweep")
    assert (code, swept["targets"], swept["listed"]) == (3, 0, 0)
    assert installed.run("status").code == 3
    installed.resolver.behave_as(ZONE, f'local-data: "{HOST}. 1 A {OLD}"')
    code, swept = installed.read("sweep")
    assert (code, swept["targets"], swept["listed"]) == (1, 1, 1)
