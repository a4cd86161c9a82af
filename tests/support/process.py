"""A server of Debian's as a child process: found, started, waited for, stopped.

Owns the folder, the user, the log and the end of such a process. Must not know what the server does.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from tests.support.serving import Serving
from tests.support.waiting import eventually

_FOLDERS = ["/usr/sbin", "/usr/local/sbin"]
_STOP_TIMEOUT_S = 10.0


def find_binary(name: str) -> str:
    """Find a server's program; the newest, when Debian keeps several side by side."""
    postgres = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    path = shutil.which(name) or shutil.which(name, path=os.pathsep.join(map(str, [*_FOLDERS, *postgres])))
    if path is None:
        raise FileNotFoundError(f"'{name}' is not installed; run scripts/install-servers")
    return path


def server_user() -> str | None:
    """Name the user that servers run as: nobody, as several refuse to be root; None where we are nobody special."""
    return "nobody" if os.geteuid() == 0 else None


def server_folder(name: str) -> Path:
    """Make a folder that belongs to the servers' user, and which every user may read.

    Not pytest's tmp_path: its parents are closed to everybody but the user who runs the tests.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"rblwatch-{name}-"))
    folder.chmod(0o755)
    hand_over(folder)
    return folder


def hand_over(path: Path) -> None:
    """Give a file or folder to the servers' user."""
    if user := server_user():
        entry = pwd.getpwnam(user)
        os.chown(path, entry.pw_uid, entry.pw_gid)


def as_server_user(command: Sequence[str]) -> list[str]:
    """Change a command so that it runs as the servers' user and ends with the thread that started it."""
    user = server_user()
    who = ["--reuid", user, "--regid", str(pwd.getpwnam(user).pw_gid), "--clear-groups"] if user else []
    return ["setpriv", "--pdeathsig", "TERM", *who, *command]


class Process:
    """One running server; its log is shown when it does not start."""

    def __init__(self, name: str, command: Sequence[str], folder: Path) -> None:
        self.name = name
        self._command = as_server_user(command)
        self._folder = folder
        self._log = folder / f"{name}.log"
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def log(self) -> str:
        """All that the server wrote to its standard output and error."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def start(self, ready: Callable[[], bool], timeout_s: float = 20.0) -> None:
        """Start the server and return once `ready` says so."""
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                start_new_session=True,
            )
        try:
            eventually(lambda: not self.running or ready(), timeout_s, f"{self.name} is ready")
        except BaseException:
            self.stop()
            raise
        finally:
            if not self.running:
                raise RuntimeError(f"{self.name} did not start; it said:\n{self.log}")

    def send(self, number: signal.Signals) -> None:
        if self._child is not None:
            self._child.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End the server, by force when it does not follow the signal."""
        if self._child is None:
            return
        self._child.send_signal(number)
        try:
            self._child.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._child = None


class DebianServer(Serving):
    """A server with a folder of its own, which goes with it."""

    def __init__(self, name: str) -> None:
        self._folder = server_folder(name)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        shutil.rmtree(self._folder, ignore_errors=True)
