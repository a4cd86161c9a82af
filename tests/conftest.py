"""Fixtures for real servers, and the rules that hold for every test."""

import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from _pytest.nodeid import NodeId
from hypothesis import settings

from tests.support.dnsdist import Dnsdist
from tests.support.endpoint import Endpoint
from tests.support.httpsink import HttpSink
from tests.support.postgres import Postgres
from tests.support.program import Program
from tests.support.rbldnsd import Rbldnsd
from tests.support.smtpsink import SmtpSink
from tests.support.soak import SOAKING
from tests.support.unbound import Unbound

# No deadline: this machine may be busy, and no test asserts a time.
settings.register_profile("usual", deadline=None, print_blob=True)
settings.register_profile("soak", parent=settings.get_profile("usual"), max_examples=3000)
settings.load_profile("soak" if SOAKING else "usual")

# A shell starts what it runs in the background with Ctrl-C ignored, and every program under test would inherit it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

StartUnbound = Callable[..., Unbound]
StartDnsdist = Callable[[Endpoint], Dnsdist]
StartProgram = Callable[..., Program]


@pytest.fixture
def rbldnsd() -> Iterator[Rbldnsd]:
    """A blocklist server; it runs from its first `zone(…)` on."""
    with Rbldnsd() as server:
        yield server


@pytest.fixture
def start_unbound() -> Iterator[StartUnbound]:
    """Start caching resolvers: `start_unbound({"bl.example": rbldnsd.endpoint})`."""
    with ExitStack() as servers:

        def start(zones: Mapping[str, Endpoint], server_lines: Sequence[str] = ()) -> Unbound:
            return servers.enter_context(Unbound(zones, server_lines))

        yield start


@pytest.fixture
def start_dnsdist() -> Iterator[StartDnsdist]:
    """Start proxies that spoil answers: `start_dnsdist(unbound.endpoint)`."""
    with ExitStack() as servers:

        def start(backend: Endpoint) -> Dnsdist:
            return servers.enter_context(Dnsdist(backend))

        yield start


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL for all tests of a process; `postgres_url` starts it again when a test stopped it."""
    with Postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: Postgres) -> str:
    """The URL of an empty PostgreSQL database that is this test's alone."""
    postgres.start()
    return postgres.create_database()


@pytest.fixture
def http_sink() -> Iterator[HttpSink]:
    with HttpSink() as sink:
        yield sink


@pytest.fixture
def smtp_sink() -> Iterator[SmtpSink]:
    with SmtpSink() as sink:
        yield sink


@pytest.fixture
def start_program(tmp_path: Path) -> Iterator[StartProgram]:
    """Start the installed command in `tmp_path`: `start_program("run", "--config", "…")`; what still runs is killed."""
    programs: list[Program] = []

    def start(*arguments: str, environment: Mapping[str, str] | None = None) -> Program:
        program = Program(arguments, tmp_path, environment)
        programs.append(program)
        program.start()
        return program

    yield start
    for program in programs:
        program.kill()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the longest tests, so that none runs alone at the end: those with a time-out of their own."""
    items.sort(key=lambda item: -max((mark.args[0] for mark in item.iter_markers("timeout")), default=0))
    if config.getoption("loadgroup", default=False):
        for item in items:
            _name_group(item)


def _name_group(item: pytest.Item) -> None:
    """Tell xdist which tests go to one process, as it reads that from their ids.

    xdist 3.8 writes it where pytest does not look any more since 9.2, and silently groups nothing
    (pytest-xdist issue 1386); once it is mended there, this can go.
    """
    group = item.get_closest_marker("xdist_group")
    if group is not None and "@" not in item.nodeid.rpartition("]")[2]:
        item._id = NodeId.parse(f"{item.nodeid}@{group.args[0]}")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail CI's run when a test was skipped: a proof that was not made is no proof."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        reporter.ensure_newline()
        reporter.write_line("CI: tests were skipped, which counts as a failure here", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
