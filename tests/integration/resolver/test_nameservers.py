"""Which nameservers are meant, in which order they are asked, and the sockets that lead to them."""

from pathlib import Path

import pytest

from rblwatch.core.errors import RblwatchError
from rblwatch.resolver import NoNameserver, NotANameserver
from rblwatch.resolver.nameservers import Choice, Nameserver, chosen_nameservers, parse_nameserver
from rblwatch.resolver.sockets import Socket, Sockets
from tests.integration.resolver.asking import LIST, addresses, new_batch, new_engine
from tests.support.nameserver import Nameserver as Scripted
from tests.support.nameserver import listing

FIRST, SECOND, THIRD = Nameserver("192.0.2.1"), Nameserver("192.0.2.2"), Nameserver("192.0.2.3")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("127.0.0.1", "127.0.0.1:53"),
        ("127.0.0.1:5353", "127.0.0.1:5353"),
        ("[::1]:5353", "[::1]:5353"),
        ("[::1]", "[::1]:53"),
        ("::1", "[::1]:53"),
        (" 192.0.2.1 ", "192.0.2.1:53"),
        ("fe80::1%eth0", "[fe80::1%eth0]:53"),
    ],
)
def test_a_nameserver_is_an_address_and_perhaps_a_port(text: str, shown: str) -> None:
    assert str(parse_nameserver(text)) == shown


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ns.example.org", "'ns.example.org' is not an address"),
        ("ns.example.org:53", "'ns.example.org' is not an address"),
        ("127.0.0.1:", "'' is not a port"),
        ("127.0.0.1:0", "'0' is not a port"),
        ("127.0.0.1:65536", "'65536' is not a port"),
        ("127.0.0.1:dns", "'dns' is not a port"),
        ("[::1]53", "is not an address"),
        ("[::1", "is not an address"),
        ("", "'' is not an address"),
    ],
)
def test_anything_else_is_refused_and_says_what_to_write(text: str, said: str) -> None:
    with pytest.raises(NotANameserver, match=r"write e\.g\. '127\.0\.0\.1:53' or '\[::1\]:53'") as caught:
        parse_nameserver(text)
    assert said in str(caught.value)
    assert isinstance(caught.value, RblwatchError)


def test_without_configuration_the_systems_nameservers_are_asked(tmp_path: Path) -> None:
    resolv_conf = tmp_path / "resolv.conf"
    resolv_conf.write_text("search corp.example\nnameserver 192.0.2.1\nnameserver ::1\nnameserver 192.0.2.1\n")
    assert list(map(str, chosen_nameservers([], str(resolv_conf)))) == ["192.0.2.1:53", "[::1]:53"]
    assert list(map(str, chosen_nameservers(["127.0.0.1"], str(resolv_conf)))) == ["127.0.0.1:53"]


@pytest.mark.parametrize("text", ["", "search corp.example\n", None])
def test_no_nameserver_at_all_is_an_error_that_says_what_to_set(text: str | None, tmp_path: Path) -> None:
    resolv_conf = tmp_path / "resolv.conf"
    if text is not None:
        resolv_conf.write_text(text)
    with pytest.raises(NoNameserver, match=r"set resolver\.nameservers, or --nameserver"):
        chosen_nameservers([], str(resolv_conf))


def test_an_engine_refuses_a_wrong_nameserver_before_it_asks() -> None:
    with pytest.raises(NotANameserver):
        new_engine("nowhere")


async def test_a_pinned_nameserver_that_is_none_is_refused() -> None:
    async with new_engine("127.0.0.1") as engine:
        with pytest.raises(NotANameserver):
            await engine.ask(new_batch(LIST, addresses(1), nameserver="nowhere"))


def test_a_silent_nameserver_is_asked_last_for_half_a_minute() -> None:
    choice = Choice([FIRST, SECOND, THIRD])
    choice.set_aside(FIRST, 100.0)
    choice.set_aside(SECOND, 110.0)
    assert choice.order(111.0) == [THIRD, FIRST, SECOND]
    assert choice.order(131.0) == [FIRST, THIRD, SECOND]
    choice.restore(SECOND)
    assert choice.order(131.0) == [FIRST, SECOND, THIRD]


async def test_a_nameserver_may_have_an_ipv6_address() -> None:
    async with Scripted(listing(), ("::1", 0)) as server, new_engine(server.address) as engine:
        result = await engine.ask(new_batch(LIST, addresses(5)))
    assert result.nameserver == server.address
    assert result.nameserver.startswith("[::1]:")
    assert result.absent == 5


class Reading:
    """What is being read from, as an event loop would keep it."""

    def __init__(self) -> None:
        self.open: set[Socket[str]] = set()
        self.sockets: Sockets[str] = Sockets(
            Nameserver("127.0.0.1", 9), opened=self.open.add, closing=self.open.discard
        )


def test_sockets_take_turns_and_are_renewed_with_time() -> None:
    reading = Reading()
    first = [reading.sockets.register("question", 0.0)[0] for _ in range(16)]
    assert len(set(first)) == 8
    assert reading.open == set(first)
    renewed = {reading.sockets.register("question", 61.0)[0] for _ in range(8)}
    assert not renewed & set(first)
    # The old ones are read from as long as something waits on them.
    reading.sockets.close_retired()
    assert reading.open == set(first) | renewed
    for old in first:
        old.waiting.clear()
    reading.sockets.close_retired()
    assert reading.open == renewed
    assert all(old.sock.fileno() == -1 for old in first)
    reading.sockets.close()
    assert not reading.open


def test_a_socket_is_renewed_after_many_questions() -> None:
    reading = Reading()
    used = set()
    for _ in range(8 * 16_384 + 8):
        used.add(reading.sockets.register("question", 0.0)[0])
        for open_socket in reading.open:
            open_socket.waiting.clear()
    assert len(used) == 16
    reading.sockets.close()


def test_ids_are_unique_among_what_waits_on_a_socket() -> None:
    reading = Reading()
    waiting = 8 * 3000
    for _ in range(waiting):
        reading.sockets.register("question", 0.0)
    assert sum(len(open_socket.waiting) for open_socket in reading.open) == waiting
    reading.sockets.close()
