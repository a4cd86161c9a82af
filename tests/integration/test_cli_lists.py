"""What `lists show` takes for one list."""

from pathlib import Path

import pytest

from rblwatch.cli.program import run


@pytest.mark.parametrize(
    ("name", "told"),
    [
        # A set, and a zone that several lists are read from: showing one of them would hide the others.
        ("recommended", "'recommended' stands for 18 lists: spamhaus-zen, "),
        (
            "hostkarma.junkemailfilter.com",
            "stands for 3 lists: hostkarma, hostkarma-domain, hostkarma-white; name one",
        ),
        ("nosuch", "'nosuch' is neither the id of a list nor a zone"),
    ],
)
def test_a_name_that_is_not_one_list_is_a_mistake(
    name: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["lists", "show", name]) == 2
    written = capsys.readouterr()
    assert told in " ".join(written.err.split())
    assert written.out == ""


@pytest.mark.parametrize("name", ["psbl", "psbl.surriel.com", "PSBL.surriel.com."])
def test_an_id_or_a_zone_shows_its_list(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["lists", "show", name]) == 0
    assert "Passive Spam Block List" in capsys.readouterr().out
