"""rblwatch's column beside other tools: it is right in every cell. `python -m bench` asks the others the same."""

import pytest

from rblwatch.core.blocklist import bare
from rblwatch.core.target import Target, parse_address
from rblwatch.core.verdict import Clear, Listed, Unknown, Verdict
from rblwatch.services import inquiry
from tests.integration.resolver.asking import new_engine
from tests.support.answers import ANSWERS, CLEAR, ERROR, IPV6, LISTED, HostileAnswer, script
from tests.support.nameserver import Nameserver


async def verdict_on(zone: str, target: Target) -> Verdict:
    """Ask one list about one address."""
    async with Nameserver(script) as server, new_engine(server.address, budget_s=1.0) as engine:
        (reading,) = await inquiry.hold(engine, inquiry.conversations([bare(zone)], [target]))
        return reading.verdict(target)


def letter(verdict: Verdict) -> str:
    """The cell."""
    match verdict:
        case Listed():
            return LISTED
        case Clear():
            return CLEAR
        case Unknown():
            return ERROR


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.title)
async def test_every_cell_is_right(answer: HostileAnswer) -> None:
    assert letter(await verdict_on(answer.zone, parse_address(answer.address))) == answer.right


async def test_an_ipv6_address_that_is_not_listed_is_clear() -> None:
    sound = next(answer for answer in ANSWERS if answer.address == IPV6)
    assert letter(await verdict_on(sound.zone, parse_address("2620:4f:8000::8"))) == CLEAR
