"""`rblwatch demo`: a newcomer sees a listing, a lying list and a delisting within its story, with no network at all."""

import os
import pty
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from rblwatch.demo.script import LENGTH_S, SERVERS
from tests.conftest import StartProgram
from tests.support.program import RBLWATCH, clean_environment
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(180)

#: What the story is about, in the order in which it happens: the title of each message.
TITLES = [
    "[rblwatch] mx2 listed on spam (critical)",
    "[rblwatch] crowd cannot be believed",
    "[rblwatch] crowd can be believed again",
    "[rblwatch] mx2 delisted from spam",
]


def messages(written: str, sink: str) -> list[str]:
    """The titles of what arrived at a sink, in order."""
    return re.findall(rf"^ *[\d.]+ s {sink} message: (.*?)(?: \(the same\))?$", written, re.MULTILINE)


def test_it_tells_its_story_in_chat_and_by_mail_and_ends_with_0(start_program: StartProgram) -> None:
    """Nothing is told about any server while a list lists everybody."""
    demo = start_program("demo")
    assert demo.wait(90) == 0
    assert {sink: messages(demo.stdout, sink) for sink in ("chat", "mail")} == {"chat": TITLES, "mail": TITLES}
    crowd = demo.stdout.split(TITLES[1])[1].split("rblwatch alert")[0]
    addresses = [str(network.network_address) for server in SERVERS for network in server.networks]
    assert [address for address in addresses if address in crowd] == []
    assert demo.stderr == ""


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """A terminal: the end that a person reads, and the one that a program writes to."""
    outside, inside = pty.openpty()
    yield outside, inside
    for end in (outside, inside):
        os.close(end)


def test_on_a_terminal_it_goes_on_after_its_story_until_ctrl_c(terminal: tuple[int, int], tmp_path: Path) -> None:
    outside, inside = terminal
    os.set_blocking(outside, False)
    written = b""

    def goes_on() -> bool:
        nonlocal written
        with suppress(BlockingIOError):
            written += os.read(outside, 65_536)
        assert demo.poll() is None, written.decode(errors="replace")
        times = re.findall(rb"Standings after (\d+) s", written)
        return bool(times) and int(times[-1]) > LENGTH_S + 5

    environment = clean_environment({"TERM": "xterm-256color", "COLUMNS": "120"})
    with subprocess.Popen(
        [RBLWATCH, "demo"], stdin=inside, stdout=inside, stderr=inside, cwd=tmp_path, env=environment
    ) as demo:
        eventually(goes_on, 100, "the demo goes on after its story")
        demo.send_signal(signal.SIGINT)
        assert demo.wait(20) == 0
    for title in TITLES:
        assert title in written.decode()
    assert list(tmp_path.iterdir()) == []
