"""The configuration and its secrets in pipes: what comes is read, and nobody waits for ever for what doesn't."""

import os
import threading
from pathlib import Path

import pytest

from rblwatch.config import ConfigError, load, reading
from rblwatch.core.selection import Catalogue

_CHANNEL = """
[[channels]]
name = "chat"
url = { file = "secret" }
"""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_PATIENCE_S", 0.05)


def test_a_pipe_into_which_nobody_writes_is_a_problem(tmp_path: Path) -> None:
    """A reload that hung there would be the last one: no later request would be heard."""
    os.mkfifo(tmp_path / "rblwatch.toml")
    with pytest.raises(ConfigError, match="cannot be read: it is a pipe, and nothing came from it"):
        load(tmp_path / "rblwatch.toml", Catalogue(), {})


def test_a_secret_in_a_pipe_into_which_nobody_writes_is_a_problem(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "secret")
    (tmp_path / "rblwatch.toml").write_text(_CHANNEL)
    with pytest.raises(ConfigError, match="the file 'secret' cannot be read: it is a pipe, and nothing came"):
        load(tmp_path / "rblwatch.toml", Catalogue(), {})


def test_a_pipe_is_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a shell's `--config <(…)` is: what comes late, and in pieces, is read too."""
    monkeypatch.setattr(reading, "_PATIENCE_S", 30.0)
    pipe = tmp_path / "rblwatch.toml"
    os.mkfifo(pipe)

    def write() -> None:
        with pipe.open("w") as writing:
            for piece in ("[[servers]]\nname = ", '"mx1"\n', 'addresses = ["203.0.113.25"]\n'):
                writing.write(piece)
                writing.flush()

    writer = threading.Thread(target=write)
    writer.start()
    loaded = load(pipe, Catalogue(), {})
    writer.join()
    assert [server.name for server in loaded.settings.servers] == ["mx1"]
