"""Which lists are asked about which server."""

from ipaddress import IPv4Address as ip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.blocklist import Blocklist, Override, Severity
from rblwatch.core.selection import Catalogue, CatalogueEntry, as_configured, default_lists, server_lists
from rblwatch.core.settings import Lists, Server


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
