"""What stands below a table of lists that could not be believed."""

from dataclasses import replace

import pytest

from rblwatch.cli.advice import advise
from rblwatch.core.blocklist import Blocklist, bare
from rblwatch.core.question import Reason
from rblwatch.core.soundness import Flaw, Soundness, State
from rblwatch.core.target import Family

V4, V6 = Family.IPV4, Family.IPV6
SOUND = Soundness(State.SOUND)
SILENT = Soundness(State.UNSOUND, Reason.UNSOUND, Flaw.SILENT)
OWN = bare("own.example")


def known(name: str) -> Blocklist:
    return replace(bare(name), operator="somebody")


def test_lists_that_need_the_same_share_a_line_and_are_counted() -> None:
    lists = [known(f"{number}.example") for number in range(7)]
    seen = [(one, family, SILENT) for one in lists for family in (V4, V6)]
    (line,) = advise([*seen, (known("sound.example"), V4, SOUND)])
    assert line.startswith("What to do about 0.example, 1.example, 2.example, 3.example, 4.example and 2 more: ")


def test_a_list_whose_trouble_is_the_resolvers_needs_nothing_of_its_own() -> None:
    assert list(advise([(OWN, V4, SILENT)], {OWN.id})) == []


@pytest.mark.parametrize(
    ("blocklist", "states", "words"),
    [
        # Nothing is known of IPv4 where only IPv6 was asked, or where neither passes.
        (known("a.example"), {V4: SILENT, V6: SILENT}, "may be closed or empty"),
        (known("a.example"), {V6: SILENT}, "may be closed or empty"),
        (known("a.example"), {V4: SOUND, V6: SILENT}, "its answers about IPv4 are not concerned"),
        (OWN, {V4: SILENT, V6: SILENT}, 'set `selftest = "none"`'),
        (OWN, {V4: SOUND, V6: SILENT}, "set `ipv6 = false`"),
        (OWN, {V6: SILENT}, "set `ipv6 = false`"),
    ],
)
def test_a_family_alone_is_blamed_only_where_that_is_known(
    blocklist: Blocklist, states: dict[Family, Soundness], words: str
) -> None:
    (line,) = advise((blocklist, family, soundness) for family, soundness in states.items())
    assert words in line
