"""Which lists are asked about which server."""

from dataclasses import replace
from ipaddress import IPv4Address as ip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.blocklist import Blocklist, Kind, Pace, Severity
from rblwatch.core.override import Override
from rblwatch.core.retired import Fate, Retired
from rblwatch.core.selection import (
    Access,
    Catalogue,
    CatalogueEntry,
    KeyForm,
    as_configured,
    asked_twice,
    default_lists,
    is_buried,
    key_names,
    server_lists,
    unlocked,
)
from rblwatch.core.settings import Lists, Secret, Server


def entry(name: str, *, recommended: bool) -> CatalogueEntry:
    return CatalogueEntry(blocklist=Blocklist(id=name, zone=f"{name}.example"), recommended=recommended)


CATALOGUE = Catalogue(
    {
        "good": entry("good", recommended=True),
        "fair": entry("fair", recommended=False),
        "fine": entry("fine", recommended=True),
        "harsh": entry("harsh", recommended=False),
    }
)
CORP = Blocklist(id="corp", zone="bl.corp.example")
LAB = Blocklist(id="lab", zone="bl.lab.example")


def chosen(lists: Lists, server: Server | None = None) -> list[str]:
    return [blocklist.id for blocklist in server_lists(CATALOGUE, lists, server or Server(name="mx1"))]


@pytest.mark.parametrize(
    ("names", "ids"),
    [
        ([], []),
        (["fair"], ["fair"]),
        # The order is the one in which they were named, each once.
        (["harsh", "good", "harsh"], ["harsh", "good"]),
        # The sets, in the catalogue's order.
        (["recommended"], ["good", "fine"]),
        (["all"], ["good", "fair", "fine", "harsh"]),
        (["harsh", "recommended"], ["harsh", "good", "fine"]),
        # Custom lists are no part of a set; what is unknown was complained about where it was read.
        (["corp", "nonsense"], []),
    ],
)
def test_names_and_sets_stand_for_ids(names: list[str], ids: list[str]) -> None:
    assert list(CATALOGUE.ids(names)) == ids


@pytest.mark.parametrize(
    ("lists", "ids"),
    [
        # The defaults: what is recommended.
        (Lists(), ["good", "fine"]),
        # Custom lists are always in.
        (Lists(custom=(CORP,)), ["good", "fine", "corp"]),
        (Lists(use=(), custom=(CORP, LAB)), ["corp", "lab"]),
        (Lists(use=()), []),
        # Skipped: a list, a set, a custom list.
        (Lists(use=("all",), skip=("harsh",)), ["good", "fair", "fine"]),
        (Lists(use=("all",), skip=("recommended",)), ["fair", "harsh"]),
        (Lists(custom=(CORP, LAB), skip=("corp", "good")), ["fine", "lab"]),
    ],
)
def test_the_configured_lists_are_asked_about_every_server(lists: Lists, ids: list[str]) -> None:
    assert chosen(lists) == ids
    assert [blocklist.id for blocklist in default_lists(CATALOGUE, lists)] == ids


@pytest.mark.parametrize(
    ("lists", "server", "ids"),
    [
        # Lists for this server only take the place of the others, custom ones included …
        (Lists(custom=(CORP,)), Server(name="mx1", use=("fair",)), ["fair"]),
        # … unless it names them.
        (Lists(custom=(CORP, LAB)), Server(name="mx1", use=("lab", "fair")), ["fair", "lab"]),
        (Lists(use=("fair",)), Server(name="mx1", use=("recommended",)), ["good", "fine"]),
        # What is skipped for all is skipped for this one too.
        (Lists(skip=("fair",)), Server(name="mx1", use=("fair", "harsh")), ["harsh"]),
        # Skipped for this server: a list, a set, a custom list; with and without lists of its own.
        (Lists(custom=(CORP,)), Server(name="mx1", skip=("good", "corp")), ["fine"]),
        (Lists(use=("all",)), Server(name="mx1", skip=("recommended",)), ["fair", "harsh"]),
        (Lists(), Server(name="mx1", use=("all",), skip=("recommended",)), ["fair", "harsh"]),
        (Lists(custom=(CORP,)), Server(name="mx1", use=("fair", "corp"), skip=("corp",)), ["fair"]),
        # Nothing is left.
        (Lists(), Server(name="mx1", skip=("all",)), []),
    ],
)
def test_a_server_may_use_and_skip_lists_of_its_own(lists: Lists, server: Server, ids: list[str]) -> None:
    assert chosen(lists, server) == ids


OVERRIDES = {
    "good": Override(severity=Severity.INFORMATIONAL),
    "corp": Override(ignore_codes=(ip("127.0.0.3"),)),
}


def test_lists_are_asked_as_the_admin_wants_them_read() -> None:
    good, fine, corp = server_lists(CATALOGUE, Lists(custom=(CORP,), override=OVERRIDES), Server(name="mx1"))
    assert good.otherwise.severity is Severity.INFORMATIONAL
    assert fine == CATALOGUE.entries["fine"].blocklist
    assert corp.ignored == (ip("127.0.0.3"),)


def test_the_catalogue_as_configured_has_the_overrides_and_the_custom_lists() -> None:
    configured = as_configured(CATALOGUE, Lists(use=(), custom=(CORP,), override=OVERRIDES))
    assert list(configured.entries) == [*CATALOGUE.entries, "corp"]
    assert configured.entries["good"].blocklist.otherwise.severity is Severity.INFORMATIONAL
    assert configured.entries["corp"].blocklist.ignored == (ip("127.0.0.3"),)
    assert not configured.entries["corp"].recommended
    assert configured.entries["fine"] == CATALOGUE.entries["fine"]


def test_the_catalogue_as_configured_has_what_a_single_server_asks_for_all_the_same() -> None:
    suspect = Retired(id="rumour", zone="rumour.example", below=False, fate=Fate.SUSPECT, since="2022")
    catalogue = replace(CATALOGUE, retired=(suspect,))
    lists = Lists(use=(), override={"rumour": Override(severity=Severity.MINOR)})
    assert "rumour" not in as_configured(catalogue, lists).entries
    entry = as_configured(catalogue, lists, [Server(name="mx1", use=("rumour",))]).entries["rumour"]
    assert (entry.blocklist.zone, entry.blocklist.otherwise.severity) == ("rumour.example", Severity.MINOR)


named = st.lists(st.sampled_from([*CATALOGUE.entries, "recommended", "all", "corp"]), max_size=3).map(tuple)


@given(named, named, named, named)
def test_what_is_skipped_is_never_asked_and_nothing_twice(
    use: tuple[str, ...], skip: tuple[str, ...], own: tuple[str, ...], not_here: tuple[str, ...]
) -> None:
    ids = chosen(Lists(use=use, skip=skip, custom=(CORP,)), Server(name="mx1", use=own, skip=not_here))
    skipped = {*skip, *not_here, *CATALOGUE.ids((*skip, *not_here))}
    assert len(set(ids)) == len(ids)
    assert not skipped & set(ids)
    assert set(ids) <= {*CATALOGUE.ids(own or use), "corp"}


# Keys.


def locked(name: str, form: KeyForm, access: Access = Access.KEY) -> CatalogueEntry:
    blocklist = Blocklist(id=name, zone=f"{name}.example", pace=Pace(per_day=5), lacks_key=access is not Access.FREE)
    return CatalogueEntry(blocklist=blocklist, recommended=True, access=access, key=form)


LOCKED = Catalogue(
    {
        "open": entry("open", recommended=True),
        "after": locked("after", KeyForm("acme", "{rev}.{key}.after.dq.example", Pace(per_day=100))),
        "before": locked("before", KeyForm("acme", "{key}.{rev}.before.example")),
        "better": locked("better", KeyForm("other", "{rev}.{key}.better.example"), Access.FREE),
        "paid": locked("paid", KeyForm("paid", "{rev}.{key}.paid.example"), Access.PAID),
        "by-contract": CatalogueEntry(
            blocklist=Blocklist(id="by-contract", zone="contract.example"), recommended=False, access=Access.PAID
        ),
    }
)
#: A list's own key comes before its account's.
KEYS = {"acme": Secret("AcMe"), "before": Secret("own")}


def test_a_key_goes_where_the_list_wants_it_and_is_not_in_the_zone_that_is_shown() -> None:
    opened = unlocked(LOCKED, KEYS).entries
    after, before = opened["after"].blocklist, opened["before"].blocklist
    assert (after.zone, after.key_first, after.shown_zone) == ("AcMe.after.dq.example", "", "after.dq.example")
    assert (before.zone, before.key_first, before.shown_zone) == ("before.example", "own", "before.example")
    assert all(blocklist.keyed and not blocklist.lacks_key for blocklist in (after, before))
    assert (after.account, after.pace, before.pace) == ("acme", Pace(per_day=100), Pace(per_day=5))
    assert {name for name, found in opened.items() if found == LOCKED.entries[name]} == {
        "open",
        "better",
        "paid",
        "by-contract",
    }


@pytest.mark.parametrize(
    ("keys", "recommended", "everything"),
    [
        ({}, ["open", "better"], ["open", "better"]),
        (KEYS, ["open", "after", "before", "better"], ["open", "after", "before", "better"]),
        # What is paid for is in with its key; what is asked by arrangement only where somebody names it.
        ({"paid": Secret("x")}, ["open", "better", "paid"], ["open", "better", "paid"]),
        ({"nonsense": Secret("x"), "open": Secret("x")}, ["open", "better"], ["open", "better"]),
    ],
)
def test_a_set_holds_what_can_be_asked_with_the_keys_given(
    keys: dict[str, Secret], recommended: list[str], everything: list[str]
) -> None:
    opened = unlocked(LOCKED, keys)
    assert list(opened.ids(["recommended"])) == recommended
    assert list(opened.ids(["all"])) == everything
    assert [found.id for found in default_lists(LOCKED, Lists(keys=keys))] == recommended
    assert list(opened.ids(["by-contract", "after"])) == ["by-contract", "after"]


def test_keys_are_given_for_accounts_and_for_lists() -> None:
    assert key_names(LOCKED) == ("acme", "other", "paid", "after", "before", "better")


def test_the_catalogue_as_configured_holds_the_keys() -> None:
    assert as_configured(LOCKED, Lists(keys=KEYS)).entries["after"].blocklist.keyed


# Retired lists.

GONE = Retired(id="gone", zone="gone.example", below=True, fate=Fate.WILDCARDED, since="2020", asks="bl.gone.example")
DOUBTED = Retired(id="doubted", zone="doubted.example", below=False, fate=Fate.SUSPECT, since="2021")
NARROW = Retired(id="narrow", zone="x.gone.example", below=False, fate=Fate.DEAD, since="2022", kind=Kind.DOMAIN)
BURIED = Catalogue({"good": entry("good", recommended=True)}, (GONE, DOUBTED, NARROW))


def custom(name: str, zone: str) -> Blocklist:
    return Blocklist(id=name, zone=zone)


@pytest.mark.parametrize(
    ("name", "retired"),
    [
        ("gone", GONE),
        ("gone.example", GONE),
        ("bl.gone.example", GONE),
        # The longer zone is meant; below an exact one, nothing is.
        ("x.gone.example", NARROW),
        ("bl.doubted.example", None),
        ("notgone.example", None),
        ("good", None),
        ("", None),
    ],
)
def test_a_retired_list_goes_by_its_id_and_by_its_zones(name: str, retired: Retired | None) -> None:
    assert BURIED.retired_as(name) == retired


@pytest.mark.parametrize(
    ("lists", "asked"),
    [
        (Lists(use=("gone", "good")), {"good": "good.example"}),
        # By id, the zone that was asked; by zone, that one, in the kind that it was.
        (Lists(use=(), force=("gone",)), {"gone": "bl.gone.example"}),
        (Lists(use=("gone",), force=("gone",)), {"gone": "bl.gone.example"}),
        (Lists(use=(), force=("y.gone.example",)), {"y.gone.example": "y.gone.example"}),
        (Lists(use=(), force=("good", "nonsense")), {}),
        (Lists(force=("gone",), skip=("gone",)), {"good": "good.example"}),
        # A custom list of such a zone is not asked …
        (Lists(use=(), custom=(custom("corp", "bl.gone.example"),)), {}),
        # … unless it is forced, by whatever name, and then once; or the zone is only suspect.
        (Lists(use=(), force=("corp",), custom=(custom("corp", "bl.gone.example"),)), {"corp": "bl.gone.example"}),
        (
            Lists(use=(), force=("bl.gone.example",), custom=(custom("corp", "bl.gone.example"),)),
            {"corp": "bl.gone.example"},
        ),
        (Lists(use=(), custom=(custom("dk", "doubted.example"),)), {"dk": "doubted.example"}),
        (Lists(use=("doubted", "gone")), {"doubted": "doubted.example"}),
    ],
)
def test_a_retired_list_is_asked_only_where_it_is_forced(lists: Lists, asked: dict[str, str]) -> None:
    found = default_lists(BURIED, lists)
    assert {blocklist.id: blocklist.zone for blocklist in found} == asked


def test_a_forced_list_is_asked_in_the_kind_that_it_was() -> None:
    found = default_lists(BURIED, Lists(use=(), force=("narrow",)))
    assert [(blocklist.zone, blocklist.kind) for blocklist in found] == [("x.gone.example", Kind.DOMAIN)]


def test_a_server_asks_a_forced_list_where_it_names_it() -> None:
    lists = Lists(force=("gone",))
    assert [found.id for found in server_lists(BURIED, lists, Server(name="mx1"))] == ["good", "gone"]
    assert [found.id for found in server_lists(BURIED, lists, Server(name="mx1", use=("gone",)))] == ["gone"]
    assert [found.id for found in server_lists(BURIED, lists, Server(name="mx1", use=("good",)))] == ["good"]


def test_a_server_asks_a_suspect_list_that_it_names() -> None:
    assert [found.id for found in server_lists(BURIED, Lists(), Server(name="mx1", use=("doubted",)))] == ["doubted"]


def test_a_server_skips_what_a_key_has_opened() -> None:
    server = Server(name="mx1", skip=("recommended",))
    assert server_lists(LOCKED, Lists(keys=KEYS), server) == ()


def test_it_is_said_which_custom_list_is_retired() -> None:
    assert is_buried(BURIED, Lists(), custom("corp", "bl.gone.example")) == GONE
    assert is_buried(BURIED, Lists(force=("gone",)), custom("corp", "bl.gone.example")) is None
    assert is_buried(BURIED, Lists(), custom("corp", "doubted.example")) is None
    assert is_buried(BURIED, Lists(), custom("corp", "bl.corp.example")) is None


# Asked twice.

COVERED = Catalogue(
    {
        "whole": entry("whole", recommended=True),
        "part": CatalogueEntry(
            blocklist=Blocklist(id="part", zone="part.example"), recommended=False, covered_by="whole"
        ),
        "names": CatalogueEntry(
            blocklist=Blocklist(id="names", zone="whole.example", kind=Kind.DOMAIN), recommended=False
        ),
    }
)


@pytest.mark.parametrize(
    ("asked", "twins"),
    [
        (["whole", "part"], {"part": "whole"}),
        (["part"], {}),
        # One zone may serve two kinds.
        (["whole", "names"], {}),
    ],
)
def test_what_another_list_says_too_need_not_be_asked(asked: list[str], twins: dict[str, str]) -> None:
    assert asked_twice(COVERED, [COVERED.entries[name].blocklist for name in asked]) == twins


def test_a_zone_that_an_admin_describes_is_compared_by_its_zone() -> None:
    whole, again, part = COVERED.entries["whole"].blocklist, custom("a", "whole.example"), custom("b", "part.example")
    assert asked_twice(COVERED, [whole, again, part]) == {"a": "whole", "b": "whole"}
