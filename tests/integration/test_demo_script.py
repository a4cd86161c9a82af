"""The demo's story does to its lists what it says it does, in time, and with settings that the daemon can use."""

from ipaddress import IPv4Address
from itertools import pairwise
from pathlib import Path

import pytest

from rblwatch.core.question import Absent, Answer, Found, query_name
from rblwatch.core.settings import Settings
from rblwatch.core.soundness import Flaw, ProbeAnswer, State, assess, probes
from rblwatch.core.target import Family, parse_address, remark
from rblwatch.demo.script import BLOCKLISTS, LENGTH_S, SERVERS, STORY, Step, new_zones, perform
from rblwatch.demo.settings import GROUP_WAIT, INTERVAL, demo_settings
from rblwatch.demo.zone import Zone

ZONES = {blocklist.zone: blocklist for blocklist in BLOCKLISTS}
FAMILIES = (Family.IPV4, Family.IPV6)

#: Rounds of questions until news is told, at most: a delisting wants two clear answers in a row.
ROUNDS = 2


def settings(folder: Path) -> Settings:
    channels = {"chat": "json://127.0.0.1:1/chat", "mail": "mailto://127.0.0.1:2/"}
    return demo_settings(folder, "127.0.0.1:3", servers=SERVERS, blocklists=BLOCKLISTS, channels=channels)


def played(steps: tuple[Step, ...]) -> dict[str, Zone]:
    zones = {zone.name: zone for zone in new_zones()}
    for step in steps:
        perform(step.act, zones[step.zone])
    return zones


def answer(zone: Zone, owner: str) -> Answer:
    entry = zone.entry(owner)
    return Found(tuple(map(IPv4Address, entry.codes))) if entry else Absent()


def seen(zone: Zone, family: Family) -> tuple[State, Flaw | None]:
    blocklist = ZONES[zone.name]
    asked = probes(blocklist, family, None)
    told = assess(blocklist, [ProbeAnswer(probe, answer(zone, query_name(probe.target, zone.name))) for probe in asked])
    return told.state, told.flaw


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("steps", range(len(STORY) + 1))
def test_only_the_dead_list_is_unsound_and_only_while_it_is_dead(steps: int, family: Family) -> None:
    states = {name: seen(zone, family) for name, zone in played(STORY[:steps]).items()}
    assert states.pop("public.demo.test") == (State.REFUSING, None)
    assert states.pop("crowd.demo.test") == ((State.UNSOUND, Flaw.WILDCARD) if steps == 2 else (State.SOUND, None))
    assert set(states.values()) == {(State.SOUND, None)}


@pytest.mark.parametrize("steps", range(len(STORY) + 1))
def test_only_mx2_is_listed_and_only_between_its_steps(steps: int) -> None:
    """On lists that are sound; with the list's own words."""
    addresses = {str(network.network_address): server.name for server in SERVERS for network in server.networks}
    listed = []
    for zone in played(STORY[:steps]).values():
        for address, server in addresses.items():
            target = parse_address(address)
            entry = zone.entry(query_name(target, zone.name))
            if entry and seen(zone, target.family)[0] is State.SOUND:
                listed.append((zone.name, server, entry.text))
    expected = ("spam.demo.test", "mx2", "198.51.100.25 sent mail to a spam trap, case 4711")
    assert listed == ([expected] if 1 <= steps <= 3 else [])


def test_the_story_is_over_in_time() -> None:
    times = [step.at_s for step in STORY]
    assert times == sorted(times)
    wait_s = (ROUNDS * INTERVAL + GROUP_WAIT).total_seconds()
    assert times[-1] + wait_s + 5 <= LENGTH_S  # five seconds for a machine that is busy
    assert all(later - earlier >= INTERVAL.total_seconds() + 2 for earlier, later in pairwise(times))


def test_nobody_real_is_watched() -> None:
    """Documentation addresses and names for tests only."""
    for server in SERVERS:
        assert all(remark(network.network_address) == "a documentation address" for network in server.networks)
    assert all(blocklist.zone.endswith(".demo.test") for blocklist in BLOCKLISTS)


def test_the_settings_hold_the_whole_story(tmp_path: Path) -> None:
    value = settings(tmp_path)
    assert value.lists.custom == BLOCKLISTS
    assert value.lists.use == ()
    assert value.servers == SERVERS
    assert value.resolver.nameservers == ("127.0.0.1:3",)
    assert value.database_url.reveal() == f"sqlite:///{tmp_path}/rblwatch.db"
    assert [(channel.name, channel.url.reveal()) for channel in value.channels if channel.url] == [
        ("chat", "json://127.0.0.1:1/chat"),
        ("mail", "mailto://127.0.0.1:2/"),
    ]
    assert [route.channels for route in value.routes] == [("chat", "mail")]
