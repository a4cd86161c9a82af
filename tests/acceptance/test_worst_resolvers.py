"""The worst days of a resolver, played to the real daemon: no alert about a server or a list, one about the resolver.

All lists are taken away at once. As many as there are, people are told of one cause, and of its end.
"""

from pathlib import Path

import pytest

from tests.support.installation import CHANNELS
from tests.support.stage import Cast, Day, Stage
from tests.support.worstdays import ResolverTurnsBad, play_resolver

pytestmark = pytest.mark.timeout(400)

#: Who has what to do with the lists does not matter, as long as it is not always the same.
LISTS = tuple(
    Day(name=name, story="Nothing happens to the list.", blocklist=blocklist, zone=zone, says="", state="", reason="")
    for name, blocklist, zone in (
        ("cisco", "spamcop", "bl.spamcop.net"),
        ("spamhaus", "spamhaus-zen", "zen.spamhaus.org"),
        ("surriel", "psbl", "psbl.surriel.com"),
    )
)
FLEET = Day(
    name="fleet",
    story="Nothing happens to the list; 200 servers are asked on it.",
    blocklist="fleet",
    zone="fleet.example",
    says="",
    state="",
    reason="",
    table='selftest = "rfc5782"',
    servers=200,
    listed=5,
)
DAYS = (*LISTS, FLEET)
CAST = [Cast(day, number) for number, day in enumerate(DAYS)]

#: What unbound and routers offer against DNS rebinding, and what blocklists answer with.
STRIPS = "private-address: 127.0.0.0/8"


def die_amid_the_fleet(stage: Stage) -> None:
    """Let the first nameserver die when it has answered half of what a sweep asks about the fleet."""
    assert stage.first is not None
    stage.first.fall_silent_after(FLEET.zone, FLEET.servers // 2)


TROUBLES = (
    ResolverTurnsBad(
        name="router-strips",
        story="A router gets protection against DNS rebinding, which makes of each listing a name without an address."
        " facts/protocol, section 4 (NODATA).",
        spoil=lambda stage: stage.resolver.behave_as(STRIPS),
        repair=lambda stage: stage.resolver.behave_as(),
        does="takes answers in 127.0.0.0/8 out (DNS rebinding protection)",
        reason="unsound",
    ),
    ResolverTurnsBad(
        name="block-page",
        story="A filter answers all names with the address of its page."
        " facts/protocol, section 4 (146.112.61.104-110), which made people take a list for dead in 2024.",
        spoil=lambda stage: stage.proxy.rewrite("", "146.112.61.106"),
        repair=lambda stage: stage.proxy.recover(""),
        does="answers with the address of a block page or a portal",
        reason="not-a-dnsbl-answer",
    ),
    ResolverTurnsBad(
        name="failover-to-stripping",
        story="The nameserver dies in the midst of a sweep, and the next one strips. Its probes are asked anew.",
        prepare=lambda stage: stage.resolver.behave_as(STRIPS),
        spoil=die_amid_the_fleet,
        repair=lambda stage: stage.resolver.behave_as(),
        does="takes answers in 127.0.0.0/8 out (DNS rebinding protection)",
        reason="unsound",
        is_second=True,
    ),
)


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
def test_a_worst_day_of_a_resolver_is_one_cause_and_no_news_of_a_server_or_a_list(
    trouble: ResolverTurnsBad, tmp_path: Path
) -> None:
    chronicle = play_resolver(trouble, DAYS, tmp_path)
    over = "Most lists can be believed again through your resolver, or another one answers."
    words = [f"Your resolver {chronicle.nameserver} {trouble.does}.", over]
    assert chronicle.resolver == dict.fromkeys(CHANNELS, words)
    assert ("resolver.next_nameserver" in chronicle.log) == trouble.is_second
    for one in CAST:
        account = chronicle.lists[one.day.name]
        assert account.state == ("unsound", trouble.reason)
        assert set(account.verdicts.values()) == {"listed", "unknown"}
        assert [target for target, verdict in account.verdicts.items() if verdict == "listed"] == one.listed
        assert [(target, stands) for _, target, _, stands in account.before] == [(mx, True) for mx in one.listed]
        assert account.after == account.before
        beginning = [("listed", target) for target in one.listed]
        ending = [*(("delisted", target) for target in one.listed), ("listed", one.later)]
        for channel in CHANNELS:
            told = account.told[channel]
            assert (told[: len(beginning)], sorted(told[len(beginning) :])) == (beginning, sorted(ending)), channel
