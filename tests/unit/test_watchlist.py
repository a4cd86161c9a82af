"""What is watched: targets under servers, lists about servers, and slices that cover them exactly."""

from dataclasses import replace
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.blocklist import Blocklist, Kind
from rblwatch.core.plan import SLICE_TARGETS, bitmap
from rblwatch.core.selection import Catalogue, CatalogueEntry
from rblwatch.core.settings import Lists, Server, Settings
from rblwatch.core.soundness import carries_kind
from rblwatch.core.target import Family, Target, expand, parse_address, parse_name
from rblwatch.core.watchlist import Roster, Slice, Watchlist, enrol, joined, server_of, uncovered, watch
from tests.support.configuration import settings_of

V4_ONLY = Blocklist(id="v4", zone="v4.example", families=frozenset({Family.IPV4}))
BOTH = Blocklist(id="both", zone="both.example")
CORP = Blocklist(id="corp", zone="corp.example")
NAMES = Blocklist(id="names", zone="names.example", kind=Kind.DOMAIN, families=frozenset({Family.NAME}))
WHOLE = replace(NAMES, id="whole", zone="whole.example", registrable=True)
CATALOGUE = Catalogue(
    {blocklist.id: CatalogueEntry(blocklist=blocklist, recommended=True) for blocklist in (V4_ONLY, BOTH, NAMES, WHOLE)}
)


def server(
    name: str,
    *networks: str,
    domains: tuple[str, ...] = (),
    tags: tuple[str, ...] = (),
    use: tuple[str, ...] = (),
    skip: tuple[str, ...] = (),
) -> Server:
    return Server(
        name=name,
        networks=tuple(ip_network(text) for text in networks),
        domains=tuple(map(parse_name, domains)),
        tags=tags,
        use=use,
        skip=skip,
    )


def settings(*servers: Server, custom: tuple[Blocklist, ...] = ()) -> Settings:
    """A configuration of which only servers and lists matter here."""
    return replace(settings_of(servers, (), channels=()), lists=Lists(custom=custom))


def watched(*servers: Server, custom: tuple[Blocklist, ...] = ()) -> Watchlist:
    return watch(settings(*servers, custom=custom), CATALOGUE, registrable)


def registrable(name: Target) -> Target | None:
    """Where `test` is the only public suffix."""
    labels = name.text.split(".")
    return parse_name(".".join(labels[-2:])) if labels[-2:] != ["public", "test"] else None


def numbered(watchlist: Watchlist, first: int = 0, step: int = 1) -> dict[Target, int]:
    """Ids as a database might have given them."""
    return {target: first + number * step for number, target in enumerate(watchlist.servers)}


FOUR = parse_address("198.51.100.7")
SIX = parse_address("2001:db8::7")


def test_an_address_of_several_servers_is_one_target_under_all_of_them() -> None:
    watchlist = watched(
        server("edge", "198.51.100.0/28", tags=("edge",)),
        server("mx1", "198.51.100.7", "198.51.100.7/32", tags=("production", "mail")),
    )
    assert watchlist.servers[FOUR] == ("edge", "mx1")
    assert watchlist.servers[parse_address("198.51.100.8")] == ("edge",)
    assert len(watchlist.servers) == 16
    assert watchlist.tags_of(FOUR) == {"edge", "production", "mail"}
    assert server_of(watchlist.servers[FOUR]) == "edge"


def test_what_is_not_watched_stands_under_no_server() -> None:
    watchlist = watched(server("mx1", "198.51.100.7"))
    assert watchlist.tags_of(SIX) == frozenset()
    assert not watchlist.asks("both", SIX)
    assert not watchlist.asks("unheard-of", FOUR)
    assert server_of(()) == ""


@pytest.mark.parametrize(
    ("blocklist", "target", "asked"),
    [
        # mx1 is asked on what is configured, mx2 on a list of its own, mx3 on all but one.
        ("both", "198.51.100.1", True),
        ("both", "198.51.100.2", False),
        ("both", "198.51.100.3", False),
        ("v4", "198.51.100.1", True),
        ("v4", "198.51.100.2", True),
        ("v4", "198.51.100.3", True),
        # The custom list is asked about whoever has no lists of his own.
        ("corp", "198.51.100.1", True),
        ("corp", "198.51.100.2", False),
        ("corp", "198.51.100.3", True),
        # An address of two servers is asked on the lists of both.
        ("both", "198.51.100.9", True),
        ("v4", "198.51.100.9", True),
        # A list without IPv6 entries is not asked about IPv6, and a list of names not about addresses.
        ("both", "2001:db8::1", True),
        ("v4", "2001:db8::1", False),
        ("names", "198.51.100.1", False),
    ],
)
def test_a_list_is_asked_about_the_targets_of_its_servers(blocklist: str, target: str, asked: bool) -> None:
    watchlist = watched(
        server("mx1", "198.51.100.1", "198.51.100.9", "2001:db8::1"),
        server("mx2", "198.51.100.2", "198.51.100.9", use=("v4",)),
        server("mx3", "198.51.100.3", skip=("both",)),
        custom=(CORP,),
    )
    assert watchlist.asks(blocklist, parse_address(target)) == asked


def test_lists_that_nobody_uses_are_not_watched() -> None:
    watchlist = watched(server("mx1", "198.51.100.1", use=("v4",)), server("mx2", "198.51.100.2", use=("v4",)))
    assert set(watchlist.blocklists) == {"v4"}
    assert watchlist.asked_for == {"v4": {"mx1", "mx2"}}


def test_the_families_of_a_list_are_those_that_it_is_asked_about() -> None:
    watchlist = watched(server("mx1", "198.51.100.1"))
    assert watchlist.families("v4") == {Family.IPV4}
    assert watchlist.families("both") == {Family.IPV4, Family.IPV6}
    assert watchlist.families("names") == {Family.NAME}


def test_targets_are_cut_into_slices_by_their_ids() -> None:
    watchlist = watched(server("mx1", "198.51.100.0/30", "2001:db8::7"))
    first, second, third, fourth, six = watchlist.servers
    ids = {first: 5, second: 4095, third: 4096, fourth: 4101, six: 4100}
    roster = enrol(watchlist, ids)
    assert roster.slices["v4", Family.IPV4] == (
        Slice(0, (first, second), bitmap([5, 4095])),
        Slice(1, (third, fourth), bitmap([4096, 4101])),
    )
    assert roster.slices["both", Family.IPV6] == (Slice(1, (six,), bitmap([4100])),)
    # The same order every time, whatever the order of the targets.
    assert list(roster.slices) == [("v4", Family.IPV4), ("both", Family.IPV4), ("both", Family.IPV6)]
    turned = enrol(watchlist, {first: 8200, second: 4097, third: 4096, fourth: 0, six: 1})
    assert [part.number for part in turned.slices["v4", Family.IPV4]] == [0, 1, 2]
    # Where there is nothing to ask, there is no slice.
    assert ("v4", Family.IPV6) not in roster.slices
    assert ("names", Family.NAME) not in roster.slices


def test_lists_that_are_asked_about_the_same_servers_share_their_slices() -> None:
    """Targets and lists are never multiplied out: a /16 on 60 lists is held once."""
    watchlist = watched(server("mx1", "198.51.100.0/24"), server("mx2", "203.0.113.0/24", use=("both",)))
    roster = enrol(watchlist, numbered(watchlist))
    plain = watched(server("mx1", "198.51.100.0/24"), custom=(CORP,))
    shared = enrol(plain, numbered(plain))
    assert shared.slices["v4", Family.IPV4] is shared.slices["both", Family.IPV4] is shared.slices["corp", Family.IPV4]
    assert roster.slices["v4", Family.IPV4] is not roster.slices["both", Family.IPV4]


def test_equal_groups_of_servers_are_held_once() -> None:
    watchlist = watched(server("edge", "198.51.100.0/24"), server("mx", "198.51.100.0/24"))
    assert len({id(names) for names in watchlist.servers.values()}) == 1


def test_a_list_of_whole_domains_is_not_asked_about_longer_names() -> None:
    watchlist = watched(
        server("mx1", domains=("mail.example.test", "example.test")), server("mx2", domains=("b.test",))
    )
    mail, whole, other = map(parse_name, ("mail.example.test", "example.test", "b.test"))
    assert watchlist.servers == {mail: ("mx1",), whole: ("mx1",), other: ("mx2",)}
    assert [watchlist.asks("names", name) for name in (mail, whole, other)] == [True, True, True]
    assert [watchlist.asks("whole", name) for name in (mail, whole, other)] == [False, True, True]
    roster = enrol(watchlist, {mail: 0, whole: 1, other: 2})
    assert roster.slices["names", Family.NAME] == (Slice(0, (mail, whole, other), 0b111),)
    assert roster.slices["whole", Family.NAME] == (Slice(0, (whole, other), 0b110),)


def test_the_registrable_part_of_a_name_is_watched_with_it() -> None:
    watchlist = watched(server("mx1", domains=("mail.example.test",)))
    assert list(watchlist.servers) == [parse_name("mail.example.test"), parse_name("example.test")]
    assert watchlist.alike(parse_name("mail.example.test")) != watchlist.alike(parse_name("example.test"))
    assert uncovered(watchlist) == ()


def test_what_is_found_by_name_stands_under_its_server_in_the_order_of_the_configuration() -> None:
    watchlist = watched(server("mx1", "198.51.100.1"), server("mx2", "198.51.100.2"))
    one, two, new = map(parse_address, ("198.51.100.1", "198.51.100.2", "198.51.100.3"))
    found = joined(watchlist, {"mx2": (one, new), "mx1": (two, new), "gone": (FOUR,)})
    assert found.servers == {one: ("mx1", "mx2"), two: ("mx1", "mx2"), new: ("mx1", "mx2")}
    assert list(found.servers) == [one, two, new]
    assert found.asks("v4", new)
    assert joined(watchlist, {"mx1": ()}) is watchlist


def test_a_server_with_names_is_no_gap_before_they_are_looked_up() -> None:
    watchlist = watched(replace(server("mx1"), hostnames=(parse_name("mx1.test"),)), server("mx2"))
    assert uncovered(watchlist) == ("no list is asked about mx2: no address of it is registered",)


def test_no_list_is_asked_about_a_public_suffix_and_that_is_said() -> None:
    watchlist = watched(server("mx1", "198.51.100.1", domains=("public.test",)))
    assert parse_name("public.test") not in watchlist.servers
    assert uncovered(watchlist) == (
        "no list is asked about public.test of mx1: it is a public suffix, which is nobody's",
    )


networks = st.sampled_from(
    ["198.51.100.0/28", "198.51.100.8/29", "198.51.100.7", "203.0.113.0/30", "2001:db8::/125", "2001:db8::4"]
)
registered_names = st.sampled_from(["example.test", "mail.example.test", "other.test", "public.test"])
lists = st.lists(st.sampled_from(["v4", "both", "names", "whole", "corp", "recommended"]), max_size=2).map(tuple)


@st.composite
def rosters(draw: st.DrawFn) -> Roster:
    servers = [
        server(
            f"mx{number}",
            *draw(st.lists(networks, max_size=3)),
            domains=tuple(draw(st.lists(registered_names, max_size=2))),
            use=draw(lists),
            skip=draw(lists),
        )
        for number in range(draw(st.integers(1, 4)))
    ]
    watchlist = watched(*servers, custom=draw(st.sampled_from([(), (CORP,)])))
    first, step = draw(st.integers(0, 5000)), draw(st.sampled_from([1, 7, SLICE_TARGETS]))
    return enrol(watchlist, numbered(watchlist, first, step))


@given(rosters())
def test_the_batches_cover_exactly_what_is_asked_and_nothing_twice(roster: Roster) -> None:
    asked = [(blocklist.id, target) for blocklist, _, part in roster.batches() for target in part.targets]
    watchlist = roster.watchlist
    wanted = {
        (blocklist, target)
        for blocklist in watchlist.blocklists
        for target in watchlist.servers
        if watchlist.asks(blocklist, target)
    }
    assert len(set(asked)) == len(asked)
    assert set(asked) == wanted


@given(rosters())
def test_a_slice_holds_targets_of_one_family_and_their_bits(roster: Roster) -> None:
    for blocklist, family, part in roster.batches():
        assert part.targets
        assert carries_kind(blocklist, family)
        assert {target.family for target in part.targets} == {family}
        assert {roster.ids[target] // SLICE_TARGETS for target in part.targets} == {part.number}
        assert part.bits == bitmap(roster.ids[target] for target in part.targets)


@given(rosters())
def test_an_address_never_goes_to_a_domain_list_nor_a_name_to_an_address_list(roster: Roster) -> None:
    for blocklist, _, part in roster.batches():
        for target in part.targets:
            assert (target.family is Family.NAME) == (blocklist.kind is Kind.DOMAIN)


@given(st.lists(st.lists(networks, max_size=3), min_size=1, max_size=4))
def test_every_registered_address_is_watched_under_every_server_that_has_it(registered: list[list[str]]) -> None:
    servers = [server(f"mx{number}", *texts) for number, texts in enumerate(registered)]
    watchlist = watched(*servers)
    for one in servers:
        for network in one.networks:
            assert all(one.name in watchlist.servers[target] for target in expand(network))
    order = [one.name for one in servers]
    assert all(list(names) == sorted(set(names), key=order.index) for names in watchlist.servers.values())


def test_what_no_list_is_asked_about_is_named_by_server_and_family() -> None:
    watched = watch(
        settings(
            server("both", "10.0.0.1/32", "2001:db9::1/128", use=("v4",)),
            server("many", "2001:db9::10/124", use=("v4",)),
            server("bare"),
            server("fine", "10.0.0.9/32", "2001:db9::9/128", use=("both",)),
        ),
        CATALOGUE,
    )
    assert uncovered(watched) == (
        "no list is asked about 2001:db9::1 of both",
        "no list is asked about 16 addresses, 2001:db9::10 the first, of many",
        "no list is asked about bare: no address of it is registered",
    )
