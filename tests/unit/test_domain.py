"""Which names domain lists are asked about: registered ones, and their registrable parts."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.blocklist import Kind, bare
from rblwatch.core.domain import Domains, domains_of, takes
from rblwatch.core.target import Target, parse_name

ANY_NAME = bare("any.example", kind=Kind.DOMAIN)
REGISTRABLE = replace(ANY_NAME, registrable=True)
SUFFIXES = {"org", "co.uk", "uk"}


def registrable(name: Target) -> Target | None:
    """As the Public Suffix List does it, with three suffixes."""
    labels = name.text.split(".")
    for start in range(len(labels)):
        if ".".join(labels[start:]) in SUFFIXES:
            return parse_name(".".join(labels[start - 1 :])) if start else None
    return None


def names(*texts: str) -> tuple[Target, ...]:
    return tuple(map(parse_name, texts))


@pytest.mark.parametrize(
    ("registered", "targets", "parts", "suffixes"),
    [
        (["example.org"], ["example.org"], ["example.org"], []),
        (["mail.example.org"], ["mail.example.org", "example.org"], ["example.org"], []),
        # Each name once, in the order of the configuration.
        (["b.example.org", "a.example.org"], ["b.example.org", "example.org", "a.example.org"], ["example.org"], []),
        (["mail.example.co.uk", "co.uk"], ["mail.example.co.uk", "example.co.uk"], ["example.co.uk"], ["co.uk"]),
        ([], [], [], []),
    ],
)
def test_names_are_asked_with_their_registrable_parts(
    registered: list[str], targets: list[str], parts: list[str], suffixes: list[str]
) -> None:
    assert domains_of(names(*registered), registrable) == Domains(
        names(*targets), frozenset(names(*parts)), names(*suffixes)
    )


@pytest.mark.parametrize(
    ("name", "by_any", "by_registrable"), [("mail.example.org", True, False), ("example.org", True, True)]
)
def test_a_list_of_registrable_domains_is_asked_about_those_only(name: str, by_any: bool, by_registrable: bool) -> None:
    domains = domains_of(names("mail.example.org"), registrable)
    assert takes(ANY_NAME, parse_name(name), domains.registrable) == by_any
    assert takes(REGISTRABLE, parse_name(name), domains.registrable) == by_registrable


labels = st.lists(st.sampled_from(["a", "b", "example", "co", "uk", "org"]), min_size=2, max_size=5).map(".".join)


@given(st.lists(labels, max_size=6))
def test_every_registered_name_is_asked_or_is_a_suffix_and_every_list_is_asked_about_it(texts: list[str]) -> None:
    registered = names(*texts)
    domains = domains_of(registered, registrable)
    assert set(registered) <= {*domains.targets, *domains.suffixes}
    assert not set(domains.targets) & set(domains.suffixes)
    assert all(takes(REGISTRABLE, part, domains.registrable) for part in domains.registrable)
    assert {registrable(target) for target in domains.targets} == set(domains.registrable)
