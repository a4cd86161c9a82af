"""The installed program as a process: started, read, signalled, killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.waiting import eventually

#: The command as `make setup` installed it, beside the Python that runs the tests.
RBLWATCH = Path(sys.executable).parent / "rblwatch"


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended, and what it wrote."""

    code: int
    stdout: str
    stderr: str


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give an environment in which nothing of the developer's own configures the program, nor slows its starts."""
    others = ("RBLWATCH_", "NO_COLOR", "PYTEST_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    return kept | {"PYTHONUNBUFFERED": "1", "TERM": "dumb"} | dict(extra or {})


def run(*arguments: str, cwd: Path, environment: Mapping[str, str] | None = None, timeout_s: float = 60.0) -> Finished:
    """Run `rblwatch` with these arguments to its end."""
    done = subprocess.run(
        [RBLWATCH, *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=cwd,
        env=clean_environment(environment),
        timeout=timeout_s,
        stdin=subprocess.DEVNULL,
    )
    return Finished(done.returncode, done.stdout, done.stderr)


class Program:
    """`rblwatch` running; all starts of one Program write to the same two files."""

    def __init__(self, arguments: Sequence[str], cwd: Path, environment: Mapping[str, str] | None = None) -> None:
        self._command = [str(RBLWATCH), *arguments]
        self.cwd = cwd
        self._environment = clean_environment(environment)
        self._files = (cwd / "program.stdout", cwd / "program.stderr")
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; does not wait for anything."""
        with self._files[0].open("ab") as out, self._files[1].open("ab") as err:
            self._child = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=self.cwd, env=self._environment
            )

    @property
    def child(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            raise RuntimeError("the program was not started")
        return self._child

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def stdout(self) -> str:
        return self._files[0].read_text(errors="replace") if self._files[0].exists() else ""

    @property
    def stderr(self) -> str:
        return self._files[1].read_text(errors="replace") if self._files[1].exists() else ""

    @property
    def written(self) -> str:
        """All that the program wrote since the first start, for a person to read or a test to search."""
        return self.stdout + self.stderr

    def wait_for_line(self, text: str, count: int = 1, timeout_s: float = 20.0) -> str:
        """Return the `count`-th line that holds `text`; fail early when the program ends without one."""

        def lines() -> list[str]:
            return [line for line in self.written.splitlines() if text in line]

        eventually(
            lambda: len(lines()) >= count or not self.running,
            timeout_s,
            lambda: f"a line with '{text}' ({count} times); the program wrote:\n{self.written}",
        )
        if len(lines()) < count:
            raise AssertionError(
                f"the program ended with {self.child.returncode} before '{text}' ({count} times):\n{self.written}"
            )
        return lines()[count - 1]

    def send(self, number: signal.Signals) -> None:
        self.child.send_signal(number)

    def wait(self, timeout_s: float = 20.0) -> int:
        """Wait for the end; return the exit code (negative: the signal that ended it)."""
        eventually(lambda: not self.running, timeout_s, lambda: f"the program ends; it wrote:\n{self.written}")
        return self.child.returncode

    def terminate(self, timeout_s: float = 20.0) -> int:
        """Send SIGTERM and return the exit code."""
        self.send(signal.SIGTERM)
        return self.wait(timeout_s)

    def kill(self) -> None:
        """Kill -9, as the kernel does when memory is short: nothing is drained or closed."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
