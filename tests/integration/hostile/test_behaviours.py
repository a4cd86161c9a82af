"""What is made of every behaviour of a DNS server: one verdict each, for IPv4 and IPv6 addresses and for names.

All behaviours play at once, each a zone of its own on the same nameserver, so none of them harms another.
"""

import asyncio

import pytest

from rblwatch.core.target import Family
from tests.integration.hostile import bodies, codes, forgeries, operators, rcodes, texts, transport
from tests.support.hostile import Row, Said, ask_all

ROWS = [
    *forgeries.ROWS,
    *transport.ROWS,
    *rcodes.ROWS,
    *bodies.ROWS,
    *codes.ROWS,
    *operators.ROWS,
    *texts.ROWS,
]

pytestmark = pytest.mark.xdist_group("hostile")


@pytest.fixture(scope="module")
def said() -> dict[tuple[str, Family], Said]:
    """What was made of all of them."""
    return asyncio.run(ask_all(ROWS))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_behaviour_has_one_verdict(row: Row, said: dict[tuple[str, Family], Said]) -> None:
    made = {family: said[row.name, family] for family in row.families}
    assert {family: one.verdict for family, one in made.items()} == dict.fromkeys(row.families, row.verdict), row.why
    states = {one.reading.soundness.state.value for one in made.values()}
    assert states == {row.state}, [one.reading.soundness for one in made.values()]
    text = row.text if row.verdict.startswith("listed") else None
    assert {one.document["text"] for one in made.values()} == {text}, row.why
