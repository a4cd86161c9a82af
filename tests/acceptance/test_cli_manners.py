"""How the command line behaves whatever the command: errors, exit codes, streams, signals, what it loads.

Nothing here needs a network.
"""

import json
import os
import pty
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import StartProgram
from tests.support.endpoint import new_endpoint
from tests.support.program import RBLWATCH, clean_environment, run

#: A nameserver where nothing listens: every question is refused at once.
NOBODY = ("--nameserver", str(new_endpoint(15399)), "--timeout", "0.2s")

_LOADED = """
import json, sys
from rblwatch.cli.program import run
code = run(json.loads(sys.argv[1]))
heavy = ("apprise", "sqlalchemy", "alembic", "psycopg", "apscheduler", "pydantic")
print([name for name in heavy if name in sys.modules], code, file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--version"], 0),
        (["--help"], 0),
        (["check", "198.18.0.7", *NOBODY], 3),
        (["lists"], 0),
        (["lists", "show", "spamcop"], 0),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, list) else "",
)
def test_a_command_loads_no_library_that_it_does_not_use(arguments: list[str], code: int, tmp_path: Path) -> None:
    command = [sys.executable, "-c", _LOADED, json.dumps(arguments)]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=tmp_path, env=clean_environment(), timeout=30
    )
    assert done.stderr.splitlines()[-1] == f"[] {code}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Usage: rblwatch"),
        (["chekc"], "No such command 'chekc'"),
        (["check"], "Missing argument 'TARGET...'"),
        (["check", "10.0.0.300"], "'10.0.0.300' is not an address or a CIDR range; write e.g. '192.0.2.0/28'"),
        (["check", "10.0.0.0/8"], "at most 65,536 (a /16)"),
        (["check", "2001:db8::/64"], "at most 256 (a /120)"),
        (["check", "mail"], "'mail' is not a domain name; write e.g. 'example.org'"),
        (["check", "198.18.0.7", "--list", "spamcpo"], "did you mean 'spamcop'?"),
        (["check", "198.18.0.7", "--nameserver", "ns.example.org"], "write e.g. '127.0.0.1:53'"),
        (["check", "198.18.0.7", "--timeout", "2"], "--timeout: '2' is not a duration; write"),
        (["check", "198.18.0.7", "--attempts", "0"], "--attempts: is 0; write a number from 1 to 10"),
        (["check", "198.18.0.7", "--format", "xml"], "'xml' is not one of 'table', 'json', 'nagios'"),
        (["lists", "show", "nosuch"], "`rblwatch lists` shows the ids"),
        (["config", "check"], "no configuration file"),
        (["config", "show", "--config", "missing.toml"], "missing.toml: does not exist"),
        (["--config", "missing.toml", "db", "current"], "missing.toml: does not exist"),
        (["notify", "test"], "no configuration file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_2_with_its_remedy_on_standard_error(arguments: list[str], message: str, tmp_path: Path) -> None:
    done = run(*arguments, cwd=tmp_path)
    assert (done.code, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_target_that_is_quoted_back_cannot_steer_the_terminal(tmp_path: Path) -> None:
    done = run("check", "\x1b]0;owned\x07.example", cwd=tmp_path)
    assert done.code == 2
    assert not {letter for letter in done.stderr if letter < " " and letter != "\n"}


def test_global_options_may_stand_before_and_after_the_command(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('[database]\nurl = "sqlite:///mine.db"\n')
    before = run("--config", "mine.toml", "config", "show", cwd=tmp_path)
    after = run("config", "show", "--config", "mine.toml", "--no-color", "--quiet", cwd=tmp_path)
    assert before.code == after.code == 0
    assert before.stdout == after.stdout
    assert "mine.db" in before.stdout


def test_an_unexpected_error_is_one_line_and_4_and_verbose_shows_where(tmp_path: Path) -> None:
    """A catalogue that cannot be read stands for any fault of the program's own."""
    broken = (
        "import rblwatch.catalog as c; c.load_catalogue = lambda: 1 / 0; import rblwatch.cli; rblwatch.cli.main({})"
    )

    def ended(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", broken.format(list(arguments))]
        return subprocess.run(
            command, check=False, capture_output=True, text=True, cwd=tmp_path, env=clean_environment(), timeout=30
        )

    short, long = ended("lists"), ended("lists", "--verbose")
    assert short.returncode == long.returncode == 4
    assert short.stderr.splitlines() == [
        "rblwatch: internal error: ZeroDivisionError: division by zero; `--verbose` shows where. Please report it."
    ]
    assert "Traceback" in long.stderr


def test_a_reader_that_goes_away_ends_the_command_quietly(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    child = subprocess.Popen(
        [RBLWATCH, "lists"], stdout=writing, stderr=subprocess.PIPE, cwd=tmp_path, env=clean_environment()
    )
    os.close(writing)
    _, said = child.communicate(timeout=30)
    assert (child.returncode, said) == (141, b"")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_changes_no_exit_code_and_gets_nothing(closed: str, tmp_path: Path) -> None:
    """Python has no stream then, and the next file that is opened gets its number: the database, say."""
    command = ["bash", "-c", f'"$@" {closed}', "-", str(RBLWATCH), "check", "198.18.0.7", "--list", "spamcop", *NOBODY]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path, env=clean_environment())
    assert done.returncode == 3
    assert "error" not in done.stderr


def test_an_output_without_room_is_said_and_is_no_fault_of_the_program(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [RBLWATCH, "lists"],
            check=False,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env=clean_environment(),
        )
    assert (done.returncode, done.stderr) == (
        4,
        "rblwatch: what was to be written has no room: No space left on device\n",
    )


def test_ctrl_c_ends_with_130_and_says_nothing(start_program: StartProgram) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as silent:
        silent.bind(new_endpoint(15398))
        silent.settimeout(30)
        host, port = silent.getsockname()
        program = start_program("check", "198.18.0.7", "--nameserver", f"{host}:{port}", "--timeout", "60s")
        silent.recv(4096)
        program.send(signal.SIGINT)
        assert program.wait() == 130
        assert program.written == ""


def in_terminal(tmp_path: Path, *arguments: str, environment: dict[str, str]) -> str:
    """Run a command whose three streams are one terminal of 200 columns; give all that it wrote."""
    terminal, inside = pty.openpty()
    child = subprocess.Popen(
        [RBLWATCH, *arguments],
        stdin=inside,
        stdout=inside,
        stderr=inside,
        cwd=tmp_path,
        env=clean_environment({"TERM": "xterm-256color", "COLUMNS": "200", **environment}),
    )
    os.close(inside)
    written = b""
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # the kernel's way of saying that the other end is closed
            break
        if not part:
            break
        written += part
    os.close(terminal)
    child.wait(30)
    return written.decode()


def test_a_terminal_gets_colours_and_progress(tmp_path: Path) -> None:
    written = in_terminal(tmp_path, "check", "198.18.0.7", *NOBODY, environment={})
    assert "\x1b[35m" in written  # unknown
    assert "asking" in written
    assert "lists, 0 listed" in written


@pytest.mark.parametrize(
    ("arguments", "environment"), [(["--no-color"], {}), ([], {"NO_COLOR": "1"})], ids=["option", "environment"]
)
def test_colours_can_be_switched_off(arguments: list[str], environment: dict[str, str], tmp_path: Path) -> None:
    written = in_terminal(tmp_path, "check", "198.18.0.7", "--quiet", *NOBODY, *arguments, environment=environment)
    assert "198.18.0.7" in written
    assert "\x1b[" not in written
    assert "asking" not in written
