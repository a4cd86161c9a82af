"""The documents say what the program does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.support.program import run

ROOT = Path(__file__).resolve().parents[2]


def test_the_reference_is_the_help_of_the_commands() -> None:
    subprocess.run([sys.executable, "scripts/write-reference", "--check"], cwd=ROOT, check=True)


def test_every_command_that_the_readme_shows_exists(tmp_path: Path) -> None:
    blocks = (ROOT / "README.md").read_text().split("```")[1::2]
    shown = {
        words for block in blocks for words in re.findall(r"^rblwatch ([a-z-]+(?: [a-z-]+)?)", block, re.MULTILINE)
    }
    assert len(shown) > 5
    for command in sorted(shown):
        first, *rest = command.split()
        words = [first, *(word for word in rest if first in {"config", "notify", "db", "lists"})]
        assert run(*words, "--help", cwd=tmp_path).code == 0, command


def test_every_link_between_the_documents_leads_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
