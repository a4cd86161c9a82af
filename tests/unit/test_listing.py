"""How a listing ends."""

import pytest

from rblwatch.core.listing import Ending
from tests.unit.samples import listing


def test_a_listing_stands_until_it_ends() -> None:
    assert listing().stands


@pytest.mark.parametrize("ending", Ending)
def test_however_it_ended_it_stands_no_more(ending: Ending) -> None:
    assert not listing(ended_by=ending).stands


def test_the_endings_are_those_of_the_interface() -> None:
    assert [ending.value for ending in Ending] == ["delisted", "unwatched", "list-retired", "reinterpreted"]
