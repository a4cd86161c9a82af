"""History's worst days of DNS lists, played to the real daemon: no alert about a server, one about the cause.

All are played at once in one daemon, each on a list of its own, as the catalogue or an admin describes it. In each, a
server is really listed from before, one never is, and one is found listed when the day is over.
"""

from pathlib import Path

import pytest

from tests.support.installation import CHANNELS
from tests.support.soak import SOAKING
from tests.support.stage import CONTROLLED, CONTROLLED_LATER, SILENCE, Cast, Day
from tests.support.worstdays import Account, play_lists

#: Asked on all lists.
EVERYWHERE = (CONTROLLED, CONTROLLED_LATER)

PARKED = ":91.195.240.117:this domain is for sale"
EVERYBODY = ":127.0.0.2:listed"

DAYS = (
    Day(
        name="spamcop-2021",
        story="The registration lapsed, and for some hours every name had the address of a parking host."
        " facts/protocol, section 6 (2021-01-30); the address is one of those of a parked list, section 4.",
        blocklist="spamcop",
        zone="bl.spamcop.net",
        says=PARKED,
        state="unsound",
        reason="not-a-dnsbl-answer",
    ),
    Day(
        name="osirusoft-2003",
        story="Under attack for weeks, it listed the world. facts/dead, osirusoft.com (2003-08-26).",
        blocklist="osirusoft",
        zone="relays.osirusoft.com",
        says=EVERYBODY,
        state="unsound",
        reason="unsound",
        is_history=True,
    ),
    Day(
        name="ordb-2008",
        story="Closed in 2006, it listed the world from 2008-03-25 on. facts/dead, ordb.org.",
        blocklist="ordb",
        zone="relays.ordb.org",
        says=EVERYBODY,
        state="unsound",
        reason="unsound",
        is_history=True,
    ),
    Day(
        name="ahbl-2015",
        story="Announced for a year, a wildcard took the place of every zone. facts/dead, ahbl.org (2015-01-01).",
        blocklist="ahbl",
        zone="dnsbl.ahbl.org",
        says=EVERYBODY,
        state="unsound",
        reason="unsound",
        is_history=True,
    ),
    Day(
        name="fleet",
        story="A list turns wildcard that 200 servers are asked on.",
        blocklist="fleet",
        zone="fleet.example",
        says=EVERYBODY,
        state="unsound",
        reason="unsound",
        table='selftest = "rfc5782"',
        servers=200,
        listed=5,
    ),
    Day(
        name="sorbs-2024",
        story="All zones were emptied, test points and all. facts/dead, sorbs.net (2024-06-05).",
        blocklist="sorbs",
        zone="dnsbl.sorbs.net",
        says=":empty",
        state="unsound",
        reason="unsound",
        is_history=True,
    ),
    Day(
        name="wpbl-2025",
        story="Its nameservers were pointed at addresses where nobody is. facts/dead, wpbl.info (2025-10).",
        blocklist="wpbl",
        zone="db.wpbl.info",
        says=SILENCE,
        state="unreachable",
        reason="timeout",
        is_history=True,
    ),
    Day(
        name="spamhaus-public-resolver",
        story="Public resolvers, and networks of hosting companies, are refused by a code of its own."
        " facts/protocol, section 4 (127.255.255.254).",
        blocklist="spamhaus-zen",
        zone="zen.spamhaus.org",
        says=":127.255.255.254:Error: open resolver",
        state="refusing",
        reason="refusal-code",
        code="127.0.0.4",
    ),
    Day(
        name="dnswl-2023",
        story="Who asked too much was told that every address is trusted highly."
        " facts/protocol, section 4 (127.0.10.3).",
        blocklist="dnswl",
        zone="list.dnswl.org",
        says=":127.0.10.3:dnswl.test",
        state="refusing",
        reason="refusal-code",
        code="127.0.3.2",
        is_allow=True,
    ),
    Day(
        name="everybody-trusted",
        story="The same on a list whose code for that is no refusal: whom it must not know, it trusts.",
        blocklist="trusting",
        zone="trusting.example",
        says=":127.0.5.3:trusted",
        state="unsound",
        reason="unsound",
        code="127.0.5.2",
        is_allow=True,
        table='kind = "allow"',
    ),
    Day(
        name="validity-block-list",
        story="Whoever did not register is refused by a code. facts/protocol, section 4 (127.255.255.255).",
        blocklist="validity-rpbl",
        zone="bl.score.senderscore.com",
        says=":127.255.255.255:not registered",
        state="refusing",
        reason="refusal-code",
        code="127.0.0.4",
    ),
    Day(
        name="validity-certified",
        story="Its refusal was taken for 'certified', for everybody. facts/protocol, section 4 (Validity).",
        blocklist="validity-certified",
        zone="sa-trusted.bondedsender.org",
        says=":127.255.255.255:not registered",
        state="refusing",
        reason="refusal-code",
        is_allow=True,
    ),
)
CAST = [Cast(day, number) for number, day in enumerate(DAYS)]


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("ttl_s", (1, 60) if SOAKING else (1,))
def test_the_worst_days_of_lists_are_one_cause_each_and_no_news_of_a_server(
    ttl_s: int, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    chronicle = play_lists(DAYS, tmp_path, ttl_s=ttl_s)
    for one in CAST:
        with subtests.test(one.day.name):
            assert_one_cause(one, chronicle.lists[one.day.name])
    with subtests.test("control"):
        # What is well all the while is told of as ever, and the resolver is not said to be in trouble.
        account = chronicle.lists["control"]
        assert account.state == ("sound", None)
        assert account.told == {channel: [("listed", target) for target in EVERYWHERE] for channel in CHANNELS}
        assert not any(chronicle.resolver.values())


def assert_one_cause(one: Cast, account: Account) -> None:
    """Nothing was told of a server because of the day, one thing of the list, and of its end; what is true was kept."""
    day, really = one.day, [] if one.day.is_allow else one.listed
    assert account.state == (day.state, day.reason)
    assert account.verdicts == dict.fromkeys([*one.addresses, *EVERYWHERE], "unknown") | dict.fromkeys(really, "listed")
    # The very same listings as before it, and no others.
    assert [(target, stands) for _, target, _, stands in account.before] == [(target, True) for target in really]
    assert account.after == account.before

    beginning = [("listed", target) for target in really] + [("blind", ""), ("sighted", "")]
    off = [("lost" if day.is_allow else "delisted", target) for target in one.listed]
    ending = off if day.is_allow else [*off, ("listed", one.later)]
    for channel in CHANNELS:
        told = account.told[channel]
        assert (told[: len(beginning)], sorted(told[len(beginning) :])) == (beginning, sorted(ending)), channel
