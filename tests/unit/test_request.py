from ipaddress import ip_network

import pytest

from rblwatch.core.blocklist import Blocklist, Kind, bare
from rblwatch.core.request import UnknownList, choose_lists, parse_subject, takes_addresses, targets_of
from rblwatch.core.retired import Fate, Retired
from rblwatch.core.selection import Catalogue, CatalogueEntry
from rblwatch.core.target import Family, NotATarget, RangeTooLarge, Target

ZEN = Blocklist(id="zen", zone="zen.example.net", kind=Kind.IP)
DBL = bare("dbl.example.net", kind=Kind.DOMAIN)
CATALOGUE = Catalogue(
    {
        "zen": CatalogueEntry(blocklist=ZEN, recommended=True),
        "dbl.example.net": CatalogueEntry(blocklist=DBL, recommended=False),
    },
    (Retired(id="gone", zone="gone.example", below=True, fate=Fate.DEAD, since="2020", asks="bl.gone.example"),),
)
ADDRESS, NAME = Target("198.18.0.7", Family.IPV4), Target("mail.example.org", Family.NAME)


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("198.18.0.7", ip_network("198.18.0.7")),
        (" 198.18.0.0/29 ", ip_network("198.18.0.0/29")),
        ("2001:DB8::1", ip_network("2001:db8::1")),
        ("Mail.Example.org.", NAME),
        ("xn--bcher-kva.example", Target("xn--bcher-kva.example", Family.NAME)),
        # Digits alone make no address: this is a name.
        ("10.example", Target("10.example", Family.NAME)),
    ],
)
def test_a_text_is_an_address_a_range_or_a_name(text: str, subject: object) -> None:
    assert parse_subject(text) == subject


@pytest.mark.parametrize("text", ["", "10.0.0.300", "10.0.0", "mail", "a b.example", "198.18.0.0/40", "fe80::1%eth0"])
def test_anything_else_is_refused_and_quoted(text: str) -> None:
    with pytest.raises(NotATarget, match=r"^'"):
        parse_subject(text)


def test_a_range_that_is_too_large_names_the_limit() -> None:
    with pytest.raises(RangeTooLarge, match=r"65,536 \(a /16\)"):
        parse_subject("10.0.0.0/8")


def test_what_was_asked_about_twice_stands_once() -> None:
    subjects = [parse_subject(text) for text in ("198.18.0.1", "198.18.0.0/30", "mail.example.org", "198.18.0.1")]
    texts = ["198.18.0.1", "198.18.0.0", "198.18.0.2", "198.18.0.3", "mail.example.org"]
    assert [target.text for target in targets_of(subjects)] == texts


@pytest.mark.parametrize(
    ("wanted", "targets", "chosen"),
    [
        (["zen"], [ADDRESS], [ZEN]),
        (["recommended"], [ADDRESS], [ZEN]),
        (["all"], [NAME], [ZEN, DBL]),
        # A zone that the catalogue has is asked as the catalogue says, codes and all.
        (["ZEN.example.net."], [ADDRESS], [ZEN]),
        # Of any other nothing is known but what is asked about.
        (["bl.example"], [ADDRESS], [bare("bl.example")]),
        (["bl.example"], [NAME], [bare("bl.example", kind=Kind.DOMAIN)]),
        (["bl.example"], [NAME, ADDRESS], [bare("bl.example"), bare("bl.example", kind=Kind.DOMAIN)]),
        (["bl.example"], [], [bare("bl.example")]),
        # A retired one is asked where a command names it, by its id or by its zone, in the kind that it was.
        (["gone"], [ADDRESS], [bare("bl.gone.example")]),
        (["x.gone.example"], [NAME], [bare("x.gone.example")]),
        # Each once, in the order given.
        (["bl.example", "zen", "all", "bl.example"], [ADDRESS], [bare("bl.example"), ZEN, DBL]),
    ],
)
def test_lists_are_named_by_id_set_or_zone(wanted: list[str], targets: list[Target], chosen: list[Blocklist]) -> None:
    assert list(choose_lists(CATALOGUE, wanted, targets)) == chosen


@pytest.mark.parametrize(
    ("name", "remedy"), [("zne", "did you mean 'zen'"), ("recommend", "did you mean 'recommended'"), ("x/y", "lists")]
)
def test_a_name_that_is_no_list_is_refused_with_what_to_write(name: str, remedy: str) -> None:
    with pytest.raises(UnknownList, match=remedy):
        choose_lists(CATALOGUE, [name], [ADDRESS])


def test_addresses_of_names_are_wanted_only_for_lists_that_take_addresses() -> None:
    assert takes_addresses([DBL, ZEN])
    assert not takes_addresses([DBL])
