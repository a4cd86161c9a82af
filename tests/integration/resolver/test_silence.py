"""Lists and nameservers that do not answer: what they cost, whom they delay, and who is asked instead."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import replace

import pytest

from rblwatch.core.blocklist import Blocklist
from rblwatch.core.plan import BatchResult
from rblwatch.core.question import Failed, Reason
from rblwatch.core.soundness import State, assess
from rblwatch.resolver import Closed, Engine
from rblwatch.resolver.inquiry import Inquiry
from rblwatch.resolver.phase import Phase
from rblwatch.resolver.roundtrip import RoundTrip
from tests.integration.resolver.asking import LIST, PROBES, addresses, new_batch, new_engine, new_list, unprobed
from tests.support.endpoint import new_endpoint
from tests.support.nameserver import Later, Nameserver, Query, Reply, Script, absent, listing, reply_to, truncated


def silent(_: Query) -> list[bytes]:
    return []


def but(zone: str) -> Script:
    """A script of a nameserver through which one list gives no answer."""

    def script(query: Query) -> Iterable[Reply]:
        return [] if query.name.endswith(zone) else listing()(query)

    return script


def reasons(result: BatchResult) -> set[Reason | None]:
    """Why the probes have no answer; None for those that have one."""
    answers = [probed.answer for probed in result.probes]
    return {answer.reason if isinstance(answer, Failed) else None for answer in answers}


async def test_a_dead_list_costs_its_probes_and_no_target() -> None:
    async with Nameserver(silent) as server, new_engine(server.address, budget_s=1.0) as engine:
        result = await engine.ask(new_batch(LIST, addresses(1000)))
    assert reasons(result) == {Reason.TIMEOUT}
    assert assess(LIST, result.probes).state is State.UNREACHABLE
    assert result.asked == 0
    assert len(server.queries) == result.questions <= 6 * PROBES


async def ask_beside(others: list[Blocklist], script: Script) -> None:
    """Ask one list about many targets, and see that it is done while these others are still being asked."""
    async with Nameserver(script) as server, new_engine(server.address, budget_s=100.0) as engine:
        waiting = [asyncio.create_task(engine.ask(new_batch(other, addresses(100)))) for other in others]
        await server.asked.wait()
        result = await engine.ask(new_batch(LIST, addresses(3000)))
        assert (result.absent, result.failed) == (3000, {})
        assert not any(task.done() for task in waiting)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert left(engine) == (0, 0, 0)


async def test_many_dead_lists_delay_no_other() -> None:
    """Their unanswered probes are more than the window holds."""
    dead = [new_list(f"dead{number}.example") for number in range(40)]
    await ask_beside(dead, lambda query: [] if ".dead" in query.name else listing()(query))


async def test_slow_lists_delay_no_other() -> None:
    """Their answers take longer than anything else here, and they are asked about as many targets as they like."""

    def script(query: Query) -> Iterable[Reply]:
        is_probe = ".127.slow" in query.name or ".192.slow" in query.name
        if ".slow" not in query.name or is_probe:
            return listing()(query)
        return [Later(50, absent(query))]

    await ask_beside([new_list(f"slow{number}.example") for number in range(10)], script)


async def test_a_question_has_no_task_of_its_own() -> None:
    """Hundreds are under way at once, since each answer takes a tenth of a second."""
    tasks: list[int] = []

    def script(query: Query) -> Iterable[Reply]:
        tasks.append(len(asyncio.all_tasks()))
        is_probe = ".192." in query.name or ".127." in query.name
        return listing()(query) if is_probe else [Later(0.1, absent(query))]

    async with Nameserver(script) as server, new_engine(server.address) as engine:
        result = await engine.ask(new_batch(LIST, addresses(2000)))
    assert (result.absent, result.failed) == (2000, {})
    assert len(tasks) >= 2000
    assert max(tasks) <= min(tasks) + 1


async def test_a_list_that_dies_amid_a_batch_is_given_up_after_one_budget() -> None:
    def dying(query: Query) -> Iterable[Reply]:
        return listing()(query) if len(server.queries) <= 500 else []

    async with Nameserver(dying) as server, new_engine(server.address, budget_s=0.6) as engine:
        result = await engine.ask(new_batch(LIST, addresses(20_000)))
    assert result.asked == result.absent + len(result.failed) == 20_000
    assert 0 < result.absent <= 500
    assert {failure.reason for failure in result.failed.values()} == {Reason.TIMEOUT}
    # What was on its way when it died, six times each, and no target after that.
    assert result.questions < 5000


async def test_a_silent_nameserver_is_replaced_for_the_whole_batch_and_for_the_next() -> None:
    async with (
        Nameserver(silent) as gone,
        Nameserver(listing()) as there,
        new_engine(gone.address, there.address, budget_s=0.6) as engine,
    ):
        result = await engine.ask(new_batch(LIST, addresses(5)))
        asked_in_vain = len(gone.queries)
        again = await engine.ask(new_batch(new_list("other.example"), addresses(5)))
    assert (result.nameserver, result.absent, reasons(result)) == (there.address, 5, {None})
    assert result.questions == asked_in_vain + PROBES + 5
    assert (again.nameserver, again.absent) == (there.address, 5)
    assert len(gone.queries) == asked_in_vain


async def test_a_list_that_alone_is_dead_is_asked_of_one_nameserver_only() -> None:
    async with (
        Nameserver(but("dead.example")) as first,
        Nameserver(listing()) as second,
        new_engine(first.address, second.address, budget_s=0.6) as engine,
    ):
        result, _ = await asyncio.gather(
            engine.ask(new_batch(new_list("dead.example"), addresses(5))),
            engine.ask(new_batch(LIST, addresses(5))),
        )
    assert (result.nameserver, reasons(result)) == (first.address, {Reason.TIMEOUT})
    assert second.queries == []


async def test_names_that_a_list_never_answers_are_no_reason_to_ask_another_nameserver() -> None:
    """Not even when they are all that is left, and more than are asked at once in the late pass."""

    def script(query: Query) -> Iterable[Reply]:
        return [] if int(query.name.split(".")[0]) >= 60 and ".198." in query.name else listing()(query)

    async with (
        Nameserver(script) as first,
        Nameserver(listing()) as second,
        new_engine(first.address, second.address, budget_s=0.6) as engine,
    ):
        result = await engine.ask(new_batch(LIST, addresses(100)))
    assert (result.nameserver, result.absent, len(result.failed)) == (first.address, 60, 40)
    assert second.queries == []


async def test_when_every_nameserver_is_silent_each_is_asked_once_and_none_is_blamed() -> None:
    async with (
        Nameserver(silent) as first,
        Nameserver(silent) as second,
        new_engine(first.address, second.address, budget_s=0.4) as engine,
    ):
        result = await engine.ask(new_batch(LIST, addresses(5)))
        counts = len(first.queries), len(second.queries)
        first.script = second.script = listing()
        again = await engine.ask(new_batch(LIST, addresses(5)))
    assert (result.nameserver, reasons(result), result.asked) == (first.address, {Reason.TIMEOUT}, 0)
    assert result.questions == sum(counts)
    assert all(0 < count <= 6 * PROBES for count in counts)
    assert again.nameserver == first.address


async def test_a_pinned_nameserver_is_never_replaced() -> None:
    async with (
        Nameserver(silent) as gone,
        Nameserver(listing()) as there,
        new_engine(there.address, budget_s=0.4) as engine,
    ):
        result = await engine.ask(new_batch(LIST, addresses(5), nameserver=gone.address))
    assert (result.nameserver, reasons(result)) == (gone.address, {Reason.TIMEOUT})
    assert there.queries == []


async def test_a_silent_nameserver_that_is_asked_by_name_is_not_asked_first_again() -> None:
    """An examination asks every nameserver; that one of them stays silent speaks for nobody."""
    async with (
        Nameserver(silent) as gone,
        Nameserver(listing()) as there,
        new_engine(gone.address, there.address, budget_s=0.4) as engine,
    ):
        await engine.ask(new_batch(LIST, addresses(5)))
        await engine.ask(new_batch(LIST, nameserver=gone.address))
        asked_in_vain = len(gone.queries)
        again = await engine.ask(new_batch(LIST, addresses(5)))
    assert (again.nameserver, again.absent) == (there.address, 5)
    assert len(gone.queries) == asked_in_vain


async def test_a_closed_port_fails_as_network_long_before_the_budget_ends() -> None:
    nobody = new_endpoint(15305)
    async with new_engine(nobody, budget_s=100) as engine:
        result = await asyncio.wait_for(engine.ask(unprobed(LIST, addresses(1000))), 30)
    assert {failure.reason for failure in result.failed.values()} == {Reason.NETWORK}
    assert result.failed[addresses(1)[0]].detail == f"{nobody} cannot be reached: Connection refused"
    assert len(result.failed) == result.asked == 1000


async def test_a_closed_port_is_replaced_by_the_next_nameserver() -> None:
    async with Nameserver(listing()) as there, new_engine(new_endpoint(15305), there.address, budget_s=100) as engine:
        result = await asyncio.wait_for(engine.ask(new_batch(LIST, addresses(5))), 30)
    assert (result.nameserver, result.absent) == (there.address, 5)


async def test_an_address_without_a_route_fails_as_network() -> None:
    # A scope that names no interface of this machine.
    async with new_engine("[fe80::1%nowhere]:53", budget_s=100) as engine:
        result = await asyncio.wait_for(engine.ask(new_batch(LIST, addresses(5))), 30)
    assert reasons(result) == {Reason.NETWORK}


async def test_a_zone_that_cannot_be_asked_speaks_against_no_nameserver() -> None:
    async with (
        Nameserver(listing()) as first,
        Nameserver(listing()) as second,
        new_engine(first.address, second.address) as engine,
    ):
        await engine.ask(new_batch(new_list("x" * 64 + ".example"), addresses(5)))
        result = await engine.ask(new_batch(LIST, addresses(5)))
    assert result.nameserver == first.address


async def test_a_nameserver_that_is_started_anew_costs_nothing() -> None:
    """It refuses for a moment, which is less than what a nameserver that is gone takes to be believed gone."""
    place = new_endpoint(15304)
    async with new_engine(place) as engine:
        waiting = asyncio.create_task(engine.ask(new_batch(LIST, addresses(5))))
        await asyncio.sleep(0.15)  # not for luck: the port is closed for this long
        async with Nameserver(listing(), place):
            result = await waiting
    assert (result.absent, reasons(result)) == (5, {None})


async def test_a_cancelled_batch_leaves_nothing_behind() -> None:
    async with Nameserver(silent) as server, new_engine(server.address) as engine:
        waiting = asyncio.create_task(engine.ask(unprobed(LIST, addresses(500))))
        await server.asked.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert left(engine) == (0, 0, 0)


async def test_a_finished_batch_leaves_nothing_behind() -> None:
    async with Nameserver(but("dead.example")) as server, new_engine(server.address, budget_s=0.4) as engine:
        await asyncio.gather(*(engine.ask(new_batch(one, addresses(500))) for one in (LIST, new_list("dead.example"))))
        assert left(engine) == (0, 0, 0)


@pytest.mark.parametrize("longest_s", [None, 0.1])
async def test_a_question_is_sent_six_times_at_most_and_ends_with_its_budget(longest_s: float | None) -> None:
    """Also while the kernel says that the nameserver is away, so that it is asked more often."""
    phase = Phase(Inquiry(blocklist=LIST, targets=addresses(1)), RoundTrip(), 4.0, began_at=0.0)
    flight = phase.start()
    assert flight is not None
    phase.sent(flight, 0.0)
    for tick in range(1, 400):
        for overdue in phase.expired(tick / 100, longest_s):
            phase.queue_again(overdue, tick / 100)
            phase.sent(phase.take_resend(), tick / 100)
    assert flight.transmissions == 6
    assert phase.expired(4.01, longest_s) == [flight]


def left(engine: Engine) -> tuple[int, int, int]:
    """Phases, questions that wait for an answer, and room taken in the window."""
    exchanges = list(engine._exchanges.values())
    waiting = sum(len(one.waiting) for exchange in exchanges for one in exchange._sockets)
    in_flight = sum(exchange._sender.window.in_flight for exchange in exchanges)
    return sum(len(exchange._sender.phases) for exchange in exchanges), waiting, in_flight


async def test_closing_the_engine_ends_what_is_being_asked() -> None:
    async with Nameserver(silent) as server:
        engine = new_engine(server.address)
        waiting = asyncio.create_task(engine.ask(new_batch(LIST, addresses(5))))
        await server.asked.wait()
        await engine.close()
        with pytest.raises(Closed, match="rblwatch is stopping"):
            await waiting
        with pytest.raises(Closed):
            await engine.ask(new_batch(LIST))


async def test_a_list_whose_key_is_missing_is_not_asked_and_says_so() -> None:
    locked = replace(LIST, lacks_key=True)
    async with Nameserver(listing()) as server, new_engine(server.address) as engine:
        result = await engine.ask(new_batch(locked, addresses(3)))
        assert await engine.texts(locked, addresses(3)) == {}
    assert server.queries == []
    assert assess(locked, result.probes).state is State.REFUSING
    assert assess(locked, result.probes).reason is Reason.NO_KEY
    assert (result.asked, result.questions) == (0, 0)


async def test_a_list_that_wants_its_key_first_gets_it_first() -> None:
    keyed = replace(new_list("httpbl.example", keyed=True), key_first="s3krit", public_zone="httpbl.example")
    async with Nameserver(listing()) as server, new_engine(server.address) as engine:
        result = await engine.ask(unprobed(keyed, addresses(1)))
        await engine.texts(keyed, addresses(1))
    assert {query.name for query in server.queries} == {"s3krit.0.0.18.198.httpbl.example"}
    assert "s3krit" not in repr(result) + repr(keyed)


async def test_a_key_is_in_no_log_and_in_no_detail(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    keyed = replace(new_list("s3krit.dq.example", keyed=True), id="dq", name="dq")
    scripts = [silent, lambda query: [reply_to(query, "SERVFAIL", note=22)], lambda query: [absent(query)[:-1]]]
    said = ""
    for script in [*scripts, lambda query: [reply_to(query, "NXDOMAIN", note=15)], listing()]:
        async with Nameserver(script) as server, new_engine(server.address, budget_s=0.3) as engine:
            result = await engine.ask(new_batch(keyed, addresses(3)))
            said += repr(result) + repr(await engine.texts(keyed, addresses(3)))
            assert server.queries[0].name.endswith(".s3krit.dq.example")
    fields = "".join(str(vars(record)) for record in caplog.records)
    assert "s3krit" not in said + caplog.text + fields


def truncating(over_tcp: Script) -> Script:
    """A list whose probes are answered, and whose other answers are over TCP."""

    def script(query: Query) -> Iterable[Reply]:
        if ".18.198." not in query.name:
            return listing()(query)
        return over_tcp(query) if query.over_tcp else [truncated(query)]

    return script


async def test_silence_over_tcp_costs_a_list_one_budget_and_no_connection_per_target() -> None:
    """Its probes were answered, so it is not dead; nobody waits four seconds for each of four thousand targets."""
    script = truncating(lambda query: [Later(50, absent(query))])
    async with Nameserver(script) as server, new_engine(server.address, budget_s=0.6) as engine:
        result = await engine.ask(new_batch(LIST, addresses(500)))
    assert {failure.reason for failure in result.failed.values()} == {Reason.TIMEOUT}
    assert len(result.failed) == result.asked == 500
    assert sum(query.over_tcp for query in server.queries) <= 8
