"""What a table looks like on a terminal."""

import click
import pytest

from rblwatch.cli import terminal

HEADER = ("TARGET", "VERDICT", "LIST", "SEVERITY", "CODES", "MEANING", "REMOVAL")
ROW = ("203.0.113.9", "listed", "bl.example", "major", "127.0.0.2", "sent mail to a trap", "-")


@pytest.mark.parametrize("columns", ["1", "20", "59", "120"])
def test_however_narrow_a_terminal_is_no_address_is_broken(
    columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    with click.Context(click.Command("shows")):
        terminal.print_table(HEADER, [ROW])
    header, first, *_ = capsys.readouterr().out.splitlines()
    assert header.split() == list(HEADER)
    assert {ROW[0], ROW[1], ROW[3], ROW[4]} <= set(first.split())
