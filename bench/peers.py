"""What other tools make of nine hostile answers, beside rblwatch, against one server on loopback.

Owns the list of tools, how each is asked, and the table. Must not judge: `tests.support.answers` says what is right.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.cache import NotInstallable, from_apt, from_pip
from tests.support.answers import ANSWERS, CLEAR, ERROR, LISTED, HostileAnswer, script
from tests.support.endpoint import Endpoint, new_endpoint
from tests.support.nameserver import PORT, Nameserver

_DRIVERS = Path(__file__).parent / "drivers"
_LONGEST_S = 120.0
_CRASH = "crash"
#: `rblwatch check`, by its exit code. Source: the interface, "Commands".
_EXIT_CODES = {0: CLEAR, 1: LISTED, 3: ERROR}


@dataclass(frozen=True, slots=True)
class Call:
    """How a tool is asked about one address on one list; its driver prints the letter."""

    command: tuple[str, ...]
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Peer:
    """A tool."""

    name: str
    prepare: Callable[[], Call]


def _python(requirement: str, driver: str, *limits: str) -> Callable[[], Call]:
    return lambda: Call((str(from_pip(requirement, *limits)), str(_DRIVERS / driver)), {})


def _perl(package: str, driver: str, *needed: str) -> Callable[[], Call]:
    def prepare() -> Call:
        folder = from_apt(package, *needed)
        modules = [folder / "usr/share/perl5", *folder.glob("usr/lib/*/perl5/*")]
        return Call(("perl", str(_DRIVERS / driver), str(folder)), {"PERL5LIB": ":".join(map(str, modules))})

    return prepare


def _not(reason: str) -> Callable[[], Call]:
    def prepare() -> Call:
        raise NotInstallable(reason)

    return prepare


#: The package holds many plugins, so it demands the modules of none.
CHECK_RBL_NEEDS = (
    "libcapture-tiny-perl",
    "libdata-validate-domain-perl",
    "libdata-validate-ip-perl",
    "libmonitoring-plugin-perl",
    "libnet-dns-perl",
    "libnet-ip-perl",
    "libreadonly-perl",
)
PEERS = (
    Peer("pydnsbl 1.1.7", _python("pydnsbl==1.1.7", "ask_pydnsbl.py")),
    Peer("dnsbl-check 2.0.2", _python("dnsbl-check==2.0.2", "ask_dnsbl_check.py", "aiodns<4")),
    Peer("async-dnsbl-client 0.0.5", _python("async-dnsbl-client==0.0.5", "ask_async_dnsbl_client.py")),
    Peer("aiodnsbl 1.0.0", _python("aiodnsbl==1.0.0", "ask_aiodnsbl.py")),
    Peer("cyberfusion-rblchecker 1.1", _python("python3-cyberfusion-rblchecker==1.1", "ask_rblchecker.py")),
    Peer("check_rbl (Debian)", _perl("monitoring-plugins-contrib", "ask_check_rbl.pl", *CHECK_RBL_NEEDS)),
    Peer("Net::RBLClient (Debian)", _perl("libnet-rblclient-perl", "ask_rblclient.pl")),
    Peer("rblcheck (Debian)", _not("it takes no nameserver, and asks the system's")),
    Peer("dnsbl_exporter", _not("is in neither pip nor apt")),
    Peer("dnsblchk", _not("is in neither pip nor apt")),
    Peer("blacklist-monitor", _not("is in neither pip nor apt")),
    Peer("mailcow-logs-viewer", _not("is in neither pip nor apt")),
)


def run() -> int:
    """Ask every tool that can be had, and print the table; 1 where rblwatch is wrong in a cell."""
    with _served() as place:
        rows = {"rblwatch": _row(_ask_rblwatch, place)}
        reasons: dict[str, str] = {}
        for peer in PEERS:
            try:
                call = peer.prepare()
            except NotInstallable as error:
                reasons[peer.name] = str(error)
                continue
            rows[peer.name] = _row(lambda answer, at, call=call: _ask_peer(call, answer, at), place)  # type: ignore[misc]
    _print_table(rows)
    for name, reason in reasons.items():
        print(f"Not asked: {name}: {reason}.")
    return 0 if rows["rblwatch"] == [answer.right for answer in ANSWERS] else 1


@contextmanager
def _served() -> Iterator[Endpoint]:
    """The hostile server, in a thread of its own."""
    place, loop = new_endpoint(PORT), asyncio.new_event_loop()
    started, leaving = threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with Nameserver(script, place):
            started.set()
            await leaving.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    started.wait()
    try:
        yield place
    finally:
        loop.call_soon_threadsafe(leaving.set)
        thread.join()
        loop.close()


def _row(ask: Callable[[HostileAnswer, Endpoint], str], place: Endpoint) -> list[str]:
    with ThreadPoolExecutor(max_workers=len(ANSWERS)) as pool:
        return list(pool.map(lambda answer: ask(answer, place), ANSWERS))


def _ask_rblwatch(answer: HostileAnswer, place: Endpoint) -> str:
    command = [str(Path(sys.executable).parent / "rblwatch"), "check", answer.address, "--list", answer.zone]
    options = ["--nameserver", str(place), "--timeout", "1s", "--attempts", "2"]
    done = subprocess.run([*command, *options], capture_output=True, timeout=_LONGEST_S, check=False)
    return _EXIT_CODES.get(done.returncode, _CRASH)


def _ask_peer(call: Call, answer: HostileAnswer, place: Endpoint) -> str:
    command = [*call.command, place.host, str(place.port), answer.zone, answer.address]
    try:
        done = subprocess.run(
            command,
            env=os.environ | call.environment,
            capture_output=True,
            text=True,
            timeout=_LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "hangs"
    said = done.stdout.split()
    is_letter = done.returncode == 0 and said and said[-1] in (LISTED, CLEAR, ERROR)
    return said[-1] if is_letter else _CRASH


def _print_table(rows: Mapping[str, list[str]]) -> None:
    titles = [answer.title for answer in ANSWERS]
    widths = [max(len(title), 5) for title in titles]
    first = max(map(len, rows))
    print(" " * first, *(title.ljust(width) for title, width in zip(titles, widths, strict=True)), sep="  ")
    for name, letters in rows.items():
        cells = [
            (letter if letter == answer.right else f"{letter} !").ljust(width)
            for letter, answer, width in zip(letters, ANSWERS, widths, strict=True)
        ]
        print(name.ljust(first), *cells, sep="  ")
    print("L: called a listing; c: called clean; e: an error or unknown; !: wrong. The last column's listing is true.")
