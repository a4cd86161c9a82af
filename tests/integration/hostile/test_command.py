"""The command says the same: `rblwatch check` over the behaviours that need no list of the catalogue, in one run."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from tests.integration.hostile import bodies, codes, forgeries, rcodes, texts
from tests.support.hostile import BUDGET_S, PLAIN, TARGETS, Row, Where, script_of
from tests.support.nameserver import Nameserver


def is_plain(row: Row) -> bool:
    """Whether the list is a bare zone, and nobody waits long for its answers or its words."""
    waits = "timeout" in row.verdict or row.name in ("txt-drop", "txt-tcp-silent", "txt-tcp-garbage")
    return row.like == PLAIN and row.where is Where.SHARED and not waits


ROWS = [row for table in (forgeries, rcodes, bodies, codes, texts) for row in table.ROWS if is_plain(row)]


async def check(nameserver: str, timeout_s: float) -> tuple[int | None, dict[str, Any]]:
    """Run the command; give its exit code and what it printed."""
    lists = [argument for row in ROWS for argument in ("--list", row.blocklist.zone)]
    options = ["--nameserver", nameserver, "--timeout", f"{timeout_s:g}s", "--attempts", "1", "--format", "json"]
    addresses = [target.text for target in TARGETS.values() if ":" in target.text or target.text[-1].isdigit()]
    program = str(Path(sys.executable).parent / "rblwatch")
    running = await asyncio.create_subprocess_exec(
        program, "check", *addresses, *lists, *options, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await running.communicate()
    return running.returncode, json.loads(said)


def verdicts(document: dict[str, Any]) -> dict[tuple[str, str], tuple[str, str | None]]:
    """The verdict and the text on each target, by zone."""
    return {
        (target["target"], one["zone"]): (
            " ".join([one["verdict"], *([one["reason"]] if one["reason"] else one["codes"])]),
            one["text"],
        )
        for target in document["targets"]
        for one in target["verdicts"]
    }


async def test_check_says_of_every_behaviour_what_the_table_says() -> None:
    wanted = {
        (TARGETS[family].text, row.blocklist.zone): (
            row.verdict,
            row.text if row.verdict.startswith("listed") else None,
        )
        for row in ROWS
        for family in row.families
    }
    async with Nameserver(script_of(ROWS)) as server:
        code, document = await check(server.address, BUDGET_S)
        if verdicts(document) != wanted:
            # The machine is busy: once more, in no hurry.
            code, document = await check(server.address, 8 * BUDGET_S)
    assert verdicts(document) == wanted
    assert {one["zone"]: one["state"] for one in document["blocklists"]} == {
        row.blocklist.zone: row.state for row in ROWS
    }
    assert code == 1
    assert len(ROWS) > 150
