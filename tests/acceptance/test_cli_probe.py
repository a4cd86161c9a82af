"""What `lists probe` and `config check --probe` say of lists and of the resolver."""

import json
from pathlib import Path

from tests.conftest import StartUnbound
from tests.support.endpoint import Endpoint, new_endpoint
from tests.support.program import run
from tests.support.rbldnsd import PORT, Rbldnsd

LISTS = ("one", "two")


def configure(folder: Path, *nameservers: Endpoint) -> None:
    named = ", ".join(f'"{nameserver}"' for nameserver in nameservers)
    custom = "".join(f'[[blocklists.custom]]\nid = "{name}"\nzone = "{name}.example"\n' for name in LISTS)
    folder.joinpath("rblwatch.toml").write_text(
        f'[resolver]\nnameservers = [{named}]\ntimeout = "0.5s"\n'
        '[[servers]]\nname = "mx1"\naddresses = ["198.18.0.1"]\n'
        f"[blocklists]\nuse = []\n{custom}"
    )


def test_a_resolver_that_strips_listings_is_told_with_what_to_do(
    rbldnsd: Rbldnsd, start_unbound: StartUnbound, tmp_path: Path
) -> None:
    for name in LISTS:
        rbldnsd.zone(f"{name}.example")
    zones = dict.fromkeys(rbldnsd.zones, rbldnsd.endpoint)
    stripping = start_unbound(zones, ["private-address: 127.0.0.0/8"])
    configure(tmp_path, new_endpoint(PORT), stripping.endpoint)
    for command in (("lists", "probe"), ("config", "check", "--probe")):
        done = run(*command, "--format", "json", cwd=tmp_path)
        assert (done.code, done.stderr) == (0, "")
        probed = json.loads(done.stdout)
        dead, strips = probed["resolver"]
        assert [finding["finding"] for finding in dead["findings"]] == ["dead"]
        (finding,) = strips["findings"]
        assert (finding["finding"], finding["blinds"]) == ("strips", ["one", "two"])
        assert "docs/resolver.md" in finding["remedy"]
        # The lists are shown as the nameserver shows them that gives answers.
        ipv4 = probed["blocklists"][0]["families"]["ipv4"]
        assert (ipv4["state"], ipv4["reason"]) == ("unsound", "unsound")
        assert [(point["target"], point["expected"], point["answer"]) for point in ipv4["points"]][:2] == [
            ("127.0.0.2", "listed", "absent"),
            ("127.0.0.1", "clear", "absent"),
        ]
    table = run("lists", "probe", cwd=tmp_path)
    assert table.code == 0
    assert f"Resolver {stripping.endpoint} takes answers in 127.0.0.0/8 out (DNS rebinding protection)" in table.stdout
    assert "- What to do: let it pass 127.0.0.0/8" in table.stdout


def test_lists_probe_says_since_when_a_daemon_has_seen_a_list_so(
    rbldnsd: Rbldnsd, start_unbound: StartUnbound, tmp_path: Path
) -> None:
    for name in LISTS:
        rbldnsd.zone(f"{name}.example")
    rbldnsd.zones["two.example"].turn_refusing()
    unbound = start_unbound(dict.fromkeys(rbldnsd.zones, rbldnsd.endpoint))
    configure(tmp_path, unbound.endpoint)
    before = run("lists", "probe", cwd=tmp_path)
    assert {line.split()[3] for line in before.stdout.splitlines()[1:5]} == {"now"}
    assert [path.name for path in tmp_path.iterdir()] == ["rblwatch.toml"]
    assert run("sweep", cwd=tmp_path).code in (0, 3)
    done = run("lists", "probe", "--format", "json", cwd=tmp_path)
    states = {row["blocklist"]: row["families"]["ipv4"] for row in json.loads(done.stdout)["blocklists"]}
    assert (states["one"]["state"], states["two"]["state"]) == ("sound", "unreachable")
    status = json.loads(run("status", "--format", "json", cwd=tmp_path).stdout)
    since = {row["blocklist"]: row["since"] for row in status["blocklists"]}
    assert {name: state["since"] for name, state in states.items()} == since
    assert all(state["latency_ms"] >= 0 for state in states.values())
