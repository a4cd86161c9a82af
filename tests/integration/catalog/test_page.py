"""docs/blocklists.md is what the catalogue says."""

import subprocess
import sys
from pathlib import Path

from rblwatch.catalog import load_catalogue

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "blocklists.md").read_text()


def test_the_page_is_up_to_date() -> None:
    subprocess.run([sys.executable, "scripts/write-blocklists", "--check"], cwd=ROOT, check=True)


def test_every_list_has_a_row_and_a_section_and_every_retired_one_a_row() -> None:
    catalogue = load_catalogue()
    for name in catalogue.entries:
        assert f"| [{name}](#{name})" in PAGE
        assert f"\n### {name}\n" in PAGE
    for retired in catalogue.retired:
        assert f"| `{retired.zone}`" in PAGE


def test_the_schema_page_names_every_key() -> None:
    described = (ROOT / "docs" / "catalogue.md").read_text()
    used = {
        line.split(" = ")[0]
        for file in ("blocklists.toml", "retired.toml")
        for line in (ROOT / "rblwatch" / "catalog" / file).read_text().partition("\n[[")[2].splitlines()
        if " = " in line and line[0].isalpha()
    }
    assert {key for key in used if f"`{key}`" not in described} == set()
