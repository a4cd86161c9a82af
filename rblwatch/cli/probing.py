"""The health of lists, as their probes show it through the admin's resolver.

Owns how probing is run and printed for the commands that do it. Must not judge a list.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypedDict

from rblwatch import app
from rblwatch.cli import journal
from rblwatch.cli.progress import questions_bar
from rblwatch.cli.styles import STATES
from rblwatch.cli.terminal import Cell, Row, counted, print_line, print_table
from rblwatch.core.blocklist import Blocklist
from rblwatch.core.document import BlocklistDocument, blocklist_document
from rblwatch.core.findings import Findings
from rblwatch.core.reading import Reading
from rblwatch.core.remedies import remedy
from rblwatch.core.settings import Resolver
from rblwatch.core.soundness import Soundness
from rblwatch.services import inquiry

_HEADER = ("LIST", "FAMILY", "STATE", "REASON", "DETAIL", "WHAT TO DO")


class ProbedDocument(BlocklistDocument):
    """A list's state over all families, and for each of them."""

    families: dict[str, FamilyDocument]


class FamilyDocument(TypedDict):
    """A list's state for one family."""

    state: str
    reason: str | None
    detail: str | None


def probe(resolver: Resolver, blocklists: Iterable[Blocklist]) -> Findings:
    """Ask lists their probes only."""
    journal.begin(level=logging.WARNING)
    return asyncio.run(_probe(resolver, inquiry.probings(blocklists)))


def print_probed(found: Findings) -> None:
    """Write a row for each list and family, and the counts."""
    print_table(_HEADER, (_row(reading) for reading in found.readings))
    states = Counter(soundness.state.value for _, soundness in found.soundnesses)
    said = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
    print_line("")
    print_line(f"{counted(len(found.soundnesses), 'list')}: {said}.")


def probed_documents(found: Findings) -> list[ProbedDocument]:
    """Each list as JSON."""
    return [
        ProbedDocument(
            **blocklist_document(blocklist, soundness),
            families={
                reading.family.value: _family_document(reading.soundness)
                for reading in found.readings
                if reading.blocklist.id == blocklist.id
            },
        )
        for blocklist, soundness in found.soundnesses
    ]


async def _probe(resolver: Resolver, planned: Sequence[inquiry.Conversation]) -> Findings:
    async with app.build_lookup(resolver) as lookup:
        with questions_bar(planned) as on_step:
            readings = await inquiry.hold(lookup, planned, on_step=on_step)
    return Findings(targets=(), readings=readings)


def _row(reading: Reading) -> Row:
    soundness = reading.soundness
    state = Cell(soundness.state.value, STATES[soundness.state])
    reason = soundness.reason.value if soundness.reason is not None else ""
    advice = remedy(soundness, reading.blocklist, {reading.family})
    return reading.blocklist.id, reading.family.value, state, reason, soundness.detail, advice


def _family_document(soundness: Soundness) -> FamilyDocument:
    reason = soundness.reason.value if soundness.reason is not None else None
    return FamilyDocument(state=soundness.state.value, reason=reason, detail=soundness.detail or None)
