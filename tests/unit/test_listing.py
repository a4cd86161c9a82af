"""How a listing ends."""

from dataclasses import replace

import pytest

from rblwatch.core.blocklist import Code, Meaning, Scope, Severity, bare
from rblwatch.core.codes import parse_code_key
from rblwatch.core.listing import Ending, wider_scope
from tests.unit.samples import listing


def test_a_listing_stands_until_it_ends() -> None:
    assert listing().stands


@pytest.mark.parametrize("ending", Ending)
def test_however_it_ended_it_stands_no_more(ending: Ending) -> None:
    assert not listing(ended_by=ending).stands


def test_the_endings_are_those_of_the_interface() -> None:
    assert [ending.value for ending in Ending] == ["delisted", "unwatched", "list-retired", "reinterpreted"]


def coded(key: str, scope: Scope) -> Code:
    return Code(parse_code_key(key), Meaning("spam", Severity.MINOR, scope=scope))


WIDE = replace(bare("bl.test"), codes=tuple(coded(f"127.0.0.{n}", scope) for n, scope in enumerate(Scope, start=2)))


@pytest.mark.parametrize(
    ("codes", "scope"),
    [
        (["127.0.0.2"], None),
        (["127.0.0.3"], None),
        (["127.0.0.4"], Scope.RANGE),
        (["127.0.0.5"], Scope.AS),
        (["127.0.0.6"], Scope.COUNTRY),
        (["127.0.0.6", "127.0.0.4"], Scope.RANGE),
        (["127.0.0.6", "127.0.0.2"], None),
    ],
)
def test_a_listing_is_called_wider_than_its_target_only_where_no_code_is_about_that(
    codes: list[str], scope: Scope | None
) -> None:
    assert wider_scope(codes, WIDE) is scope
