"""Other tools, each in a folder of its own below a cache: nothing of them gets into this project or the system.

Owns fetching them with pip and apt, in the versions that are named. Must not know what they are asked.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rblwatch-bench"


class NotInstallable(Exception):
    """A tool that cannot be had here; the text says why."""


def from_pip(requirement: str, *limits: str) -> Path:
    """The Python of a virtual environment that has the package; `limits` are requirements that it forgot to state.

    Raises: NotInstallable.
    """
    folder = CACHE / "pip" / requirement
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        _run(sys.executable, "-m", "venv", "--clear", str(folder))
        _run(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement, *limits)
        (folder / "complete").touch()
    return python


def from_apt(package: str, *needed: str) -> Path:
    """The folder in which a Debian package and what it needs are unpacked; nothing is installed.

    Raises: NotInstallable.
    """
    folder = CACHE / "apt" / package
    if not (folder / "complete").exists():
        if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
            raise NotInstallable("this machine has no apt-get")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        planned = _run("apt-get", "install", "--simulate", "--no-install-recommends", package, *needed)
        missing = [line.split()[1] for line in planned.splitlines() if line.startswith("Inst ")]
        _run("apt-get", "download", "-o", "APT::Sandbox::User=root", *missing, folder=folder)
        for archive in folder.glob("*.deb"):
            _run("dpkg-deb", "--extract", str(archive), str(folder))
            archive.unlink()
        (folder / "complete").touch()
    return folder


def _run(*command: str, folder: Path | None = None) -> str:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=True)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotInstallable(str(error)) from error
    except subprocess.CalledProcessError as error:
        said = [line.strip() for line in (error.stderr or error.stdout).splitlines() if line.strip()]
        raise NotInstallable(
            next((line for line in said if line.lower().startswith(("error", "e:"))), said[-1])
        ) from error
    return done.stdout
