"""A purse pays for every packet, and nothing leaves that it does not pay for: the nameserver's own log says so."""

from collections.abc import Iterable

import pytest

from rblwatch.core.question import Failed, Reason
from rblwatch.core.soundness import State, assess
from tests.integration.resolver.asking import LIST, PROBES, addresses, new_batch, new_engine
from tests.support.nameserver import Later, Nameserver, Query, Reply, Script, absent, listing, reply_to, truncated


class Coins:
    """A purse with some packets in it."""

    def __init__(self, left: int) -> None:
        self.left = left

    def pay(self) -> bool:
        if not self.left:
            return False
        self.left -= 1
        return True


def why(failed: Iterable[Failed]) -> set[Reason]:
    return {failure.reason for failure in failed}


@pytest.mark.parametrize("targets", [20, 21, 1000])
async def test_what_is_not_paid_for_is_not_asked(targets: int) -> None:
    purse = Coins(PROBES + 20)
    async with Nameserver(listing()) as server, new_engine(server.address, budget_s=4.0) as engine:
        result = await engine.ask(new_batch(LIST, addresses(targets)), purse)
    assert len(server.queries) == result.questions == PROBES + 20
    assert (result.absent, result.asked) == (20, targets)
    assert why(result.failed.values()) <= {Reason.NOT_ASKED}


async def test_what_is_under_way_may_still_be_answered() -> None:
    """However long that takes: the last question that was paid for is not given up before its time."""

    def slow(query: Query) -> Iterable[Reply]:
        reply = list(listing()(query))
        return [Later(0.7, reply[0])] if ".198." in query.name and isinstance(reply[0], bytes) else reply

    purse = Coins(PROBES + 5)
    async with Nameserver(slow) as server, new_engine(server.address, budget_s=4.0) as engine:
        result = await engine.ask(new_batch(LIST, addresses(5)), purse)
    assert (result.absent, result.failed) == (5, {})
    assert len(server.queries) == PROBES + 5


def silent(_: Query) -> list[bytes]:
    return []


def lossy(query: Query) -> Iterable[Reply]:
    """Answers probes, and every other question about a target."""
    is_lost = ".198." in query.name and int(query.name.split(".")[0]) % 2
    return [] if is_lost else listing()(query)


def too_long(query: Query) -> Iterable[Reply]:
    return [truncated(query)] if ".198." in query.name and not query.over_tcp else listing()(query)


@pytest.mark.parametrize("coins", [PROBES + 2, PROBES + 13])
@pytest.mark.parametrize("script", [silent, lossy, too_long])
async def test_no_more_leaves_than_was_paid_for_whatever_is_answered(script: Script, coins: int) -> None:
    """Questions that are sent again cost, and those over TCP; and what comes to nothing is said to be unknown."""
    purse = Coins(coins)
    async with (
        Nameserver(script) as first,
        Nameserver(script) as second,
        new_engine(first.address, second.address, budget_s=0.6) as engine,
    ):
        result = await engine.ask(new_batch(LIST, addresses(10)), purse)
    assert len(first.queries) + len(second.queries) == result.questions <= coins
    assert why(result.failed.values()) <= {Reason.NOT_ASKED, Reason.TIMEOUT}
    assert result.absent + len(result.failed) == result.asked


async def test_a_dead_list_is_as_dead_with_a_purse() -> None:
    """Its silence is told, not our thrift."""
    async with Nameserver(silent) as server, new_engine(server.address, budget_s=0.6) as engine:
        result = await engine.ask(new_batch(LIST, addresses(10)), Coins(PROBES + 2))
    assert assess(LIST, result.probes).state is State.UNREACHABLE
    assert assess(LIST, result.probes).reason is Reason.TIMEOUT


async def test_a_nameserver_that_is_gone_is_replaced_as_far_as_the_purse_goes() -> None:
    async with (
        Nameserver(silent) as gone,
        Nameserver(listing()) as there,
        new_engine(gone.address, there.address, budget_s=0.6) as engine,
    ):
        purse = Coins(100)
        result = await engine.ask(new_batch(LIST, addresses(5)), purse)
    assert (result.nameserver, result.absent) == (there.address, 5)
    assert 100 - purse.left == result.questions == len(gone.queries) + len(there.queries)


async def test_words_are_paid_for_too() -> None:
    def wordy(query: Query) -> Iterable[Reply]:
        return [reply_to(query, "NOERROR", '@ 60 IN TXT "trap"')] if query.kind == "TXT" else [absent(query)]

    purse = Coins(4)
    async with Nameserver(wordy) as server, new_engine(server.address) as engine:
        texts = await engine.texts(LIST, addresses(10), purse)
    assert len(server.queries) == 4
    assert len(texts) == 4
