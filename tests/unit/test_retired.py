"""What an admin is told about a list that is history."""

from dataclasses import replace

import pytest

from rblwatch.core.blocklist import Kind, bare
from rblwatch.core.retired import Fate, Retired, exhumed, obituary

SORBS = Retired(
    id="sorbs", zone="sorbs.net", below=True, fate=Fate.SHUT_DOWN, since="2024-06-05", asks="dnsbl.sorbs.net"
)
WRONG = Retired(
    id="wrong", zone="rbl.list.example", below=False, fate=Fate.WRONG_NAME, since="2026", replacement="list-bl"
)


@pytest.mark.parametrize(
    ("retired", "name", "sentence"),
    [
        # The name is the admin's own; an id is told with its zone.
        (SORBS, "dul.dnsbl.sorbs.net", "dul.dnsbl.sorbs.net was shut down by its operator (2024-06-05); nothing takes"),
        (SORBS, "sorbs", "sorbs (sorbs.net) was shut down by its operator (2024-06-05); nothing takes its place"),
        (WRONG, "wrong", "wrong (rbl.list.example) is not the name of the list that is meant (seen in copied"),
        (WRONG, "rbl.list.example", "rbl.list.example is not the name of the list that is meant (seen in copied"),
    ],
)
def test_it_says_what_happened_when_and_what_to_use(retired: Retired, name: str, sentence: str) -> None:
    assert obituary(retired, name).startswith(sentence)
    assert obituary(WRONG, "wrong").endswith("; use list-bl instead")


@pytest.mark.parametrize("fate", Fate)
def test_every_fate_has_its_words(fate: Fate) -> None:
    assert "(" in obituary(replace(SORBS, fate=fate), "sorbs.net")


def test_a_zone_is_meant_whole_or_with_all_below_it() -> None:
    assert [SORBS.covers(zone) for zone in ("sorbs.net", "a.b.sorbs.net", "xsorbs.net", "net")] == [
        True,
        True,
        False,
        False,
    ]
    assert [WRONG.covers(zone) for zone in ("rbl.list.example", "x.rbl.list.example")] == [True, False]


def test_only_a_suspect_is_asked_without_being_forced() -> None:
    assert {fate for fate in Fate if not replace(SORBS, fate=fate).refused} == {Fate.SUSPECT}


def test_of_a_forced_list_nothing_is_known_but_its_zone() -> None:
    assert exhumed(SORBS, "sorbs") == bare("dnsbl.sorbs.net")
    assert exhumed(SORBS, "spam.dnsbl.sorbs.net") == bare("spam.dnsbl.sorbs.net")
    assert exhumed(replace(WRONG, kind=Kind.DOMAIN), "wrong") == bare("rbl.list.example", kind=Kind.DOMAIN)
