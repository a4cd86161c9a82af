"""A round of discovery is bounded, whoever answers what."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.lookup import Missing, Present, Query, RecordKind, Reply
from rblwatch.core.question import Failed, Reason
from rblwatch.core.settings import Server
from rblwatch.core.target import parse_name
from rblwatch.discovery import Limits, discover
from rblwatch.naming import registrable

TIMED_OUT = Failed(Reason.TIMEOUT, "127.0.0.1:53 gave no answer within 2 s")
SPF = [b"v=spf1 a mx include:a.example.org include:example.org ptr -all", b"v=spf1 redirect=example.org", b"\xff", b""]


class Scripted:
    """Answers by a function, and counts how many queries are on their way."""

    def __init__(self, answer: Callable[[Query], Reply]) -> None:
        self.answer = answer
        self.asked: list[Query] = []
        self.under_way = self.most_under_way = 0

    async def look_up(self, query: Query) -> Reply:
        self.asked.append(query)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        return self.answer(query)


def hosts(count: int) -> Server:
    return Server(name="many", hostnames=tuple(parse_name(f"h{number}.example.org") for number in range(count)))


async def test_few_queries_are_on_their_way_and_few_names_are_followed_at_a_time() -> None:
    records = Scripted(lambda _: Missing(exists=False))
    tasks = 0

    async def count() -> None:
        nonlocal tasks
        while True:
            tasks = max(tasks, len(asyncio.all_tasks()))
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    (found,) = await discover([hosts(500)], records, registrable=registrable, limits=Limits(walks=4, queries=5))
    counting.cancel()
    assert len(found.findings) == 500
    assert len(records.asked) == 1000
    assert records.most_under_way == 5
    # Four walks with two queries each, this test, and the one that counts.
    assert tasks <= 4 + 4 * 2 + 2


async def test_a_query_that_many_need_is_asked_once() -> None:
    records = Scripted(lambda _: Missing(exists=False))
    twin = Server(name="twin", hostnames=hosts(3).hostnames)
    many, again = await discover([hosts(3), twin], records, registrable=registrable)
    assert len(records.asked) == 6
    assert [finding.faults for finding in many.findings] == [finding.faults for finding in again.findings]


async def test_servers_without_names_need_no_look_up() -> None:
    records = Scripted(lambda _: Missing(exists=False))
    assert await discover([Server(name="plain")], records, registrable=registrable) == ()
    assert records.asked == []


async def test_nameservers_that_answer_nothing_are_given_up_for_the_round() -> None:
    records = Scripted(lambda _: TIMED_OUT)
    (found,) = await discover([hosts(500)], records, registrable=registrable, limits=Limits(walks=4, queries=5))
    assert len(records.asked) < 30
    assert len(found.findings) == 500
    assert {failure.reason for finding in found.findings for failure in finding.failures} == {Reason.TIMEOUT}
    assert found.findings[-1].failures[0].detail.startswith("not asked: no nameserver answered any of ")


async def test_one_answer_is_enough_to_go_on_asking() -> None:
    records = Scripted(lambda query: Missing(exists=True) if query.name == "h0.example.org" else TIMED_OUT)
    await discover([hosts(50)], records, registrable=registrable, limits=Limits(walks=1, queries=1))
    assert len(records.asked) == 100


async def test_a_fault_of_the_program_is_not_hidden() -> None:
    def broken(query: Query) -> Reply:
        raise RuntimeError(f"a bug with {query}")

    with pytest.raises(ExceptionGroup) as caught:
        await discover([hosts(20)], Scripted(broken), registrable=registrable)
    assert caught.group_contains(RuntimeError, match="a bug")


replies = st.one_of(
    st.builds(Missing, st.booleans()), st.just(TIMED_OUT), st.lists(st.sampled_from(SPF), min_size=1, max_size=2)
)


@given(st.data())
def test_any_answers_make_a_discovery(data: st.DataObject) -> None:
    """Loops included: whatever is answered, the round ends, and every origin has its finding."""

    def answer(query: Query) -> Reply:
        said = data.draw(replies)
        if isinstance(said, list):
            return Present(tuple(said)) if query.kind is RecordKind.TXT else Missing(exists=True)
        return said

    server = Server(
        name="s",
        hostnames=(parse_name("mx.example.org"),),
        senders_of=(parse_name("example.org"), parse_name("a.example.org")),
    )
    (found,) = asyncio.run(discover([server], Scripted(answer), registrable=registrable))
    assert len(found.findings) == 5
