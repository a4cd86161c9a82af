"""The health of lists, as their points show it through the admin's resolver.

Owns how probing is run and printed for the commands that do it; what is wrong with the resolver itself is printed by
`diagnoses`. Must not judge a list.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict

from rblwatch import app
from rblwatch.cli import journal
from rblwatch.cli.advice import advise
from rblwatch.cli.diagnoses import ResolverDocument, print_diagnoses, resolver_document
from rblwatch.cli.progress import lists_bar
from rblwatch.cli.styles import STATES
from rblwatch.cli.terminal import Cell, Row, counted, print_line, print_table
from rblwatch.core.blocklist import Blocklist
from rblwatch.core.diagnosis import diagnose, relied_on
from rblwatch.core.document import BlocklistDocument, blocklist_document
from rblwatch.core.examination import Examination, Heard
from rblwatch.core.incident import Condition
from rblwatch.core.question import Absent, Failed, Found
from rblwatch.core.reading import overall
from rblwatch.core.settings import Resolver
from rblwatch.core.soundness import ProbeAnswer, Soundness
from rblwatch.core.target import Family
from rblwatch.core.timespan import rfc3339
from rblwatch.services.diagnose import Examiner, lanes_of

_HEADER = ("LIST", "FAMILY", "STATE", "SINCE", "LATENCY", "REASON", "DETAIL")


class ProbedDocument(BlocklistDocument):
    """A list's state over all families, and for each of them."""

    families: dict[str, FamilyDocument]


class FamilyDocument(TypedDict):
    """A list's state for one family."""

    state: str
    reason: str | None
    detail: str | None
    since: str
    """Since when the daemon has seen it so; where it has not, the moment of this probe."""
    latency_ms: int
    points: list[PointDocument]


class PointDocument(TypedDict):
    """A point that was asked, and what the list said of it."""

    target: str
    expected: str
    answer: str
    """`found`, `absent` or `failed`."""
    addresses: list[str]
    reason: str | None
    detail: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """All nameservers as they were examined, and what a daemon knew before."""

    examinations: Sequence[Examination]
    at: datetime
    before: Mapping[tuple[str, Family], Condition] = field(default_factory=dict)

    @property
    def heard(self) -> tuple[Heard, ...]:
        """What the lists answered, through the nameserver that the daemon would ask."""
        return relied_on(self.examinations).heard

    @property
    def soundnesses(self) -> list[tuple[Blocklist, Soundness]]:
        """Every list, with the worst that its points said for any family."""
        found: dict[str, tuple[Blocklist, list[Soundness]]] = {}
        for heard in self.heard:
            found.setdefault(heard.blocklist.id, (heard.blocklist, []))[1].append(heard.soundness)
        return [(blocklist, overall(soundnesses)) for blocklist, soundnesses in found.values()]

    def since(self, heard: Heard) -> datetime | None:
        """Since when a daemon has seen a list in the state that it is in now; None: it has not."""
        before = self.before.get((heard.blocklist.id, heard.family))
        return before.state_since_at if before and before.soundness.state is heard.soundness.state else None


def probe(
    resolver: Resolver,
    blocklists: Iterable[Blocklist],
    before: Mapping[tuple[str, Family], Condition] | None = None,
) -> Probed:
    """Ask lists their points only, through every nameserver."""
    journal.begin(level=logging.WARNING)
    clock = app.SystemClock()
    examinations = asyncio.run(_examine(resolver, tuple(blocklists), clock))
    return Probed(examinations=examinations, at=clock.now(), before=before or {})


def print_probed(probed: Probed) -> None:
    """Write a row for each list and family, what is wrong with the resolver and with lists, and the counts."""
    print_table(_HEADER, (_row(probed, heard) for heard in probed.heard))
    states = Counter(soundness.state.value for _, soundness in probed.soundnesses)
    said = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
    print_line("")
    print_diagnoses(probed.examinations)
    explained = {name for one in diagnose(relied_on(probed.examinations)) for name in one.blinds}
    advice = list(advise(((heard.blocklist, heard.family, heard.soundness) for heard in probed.heard), explained))
    for line in (*advice, *([""] if advice else [])):
        print_line(line)
    print_line(f"{counted(len(probed.soundnesses), 'list')}{f': {said}' if said else ''}.")


def probed_documents(probed: Probed) -> list[ProbedDocument]:
    """Each list as JSON."""
    return [
        ProbedDocument(
            **blocklist_document(blocklist, soundness),
            families={
                heard.family.value: _family_document(probed, heard)
                for heard in probed.heard
                if heard.blocklist.id == blocklist.id
            },
        )
        for blocklist, soundness in probed.soundnesses
    ]


def resolver_documents(probed: Probed) -> list[ResolverDocument]:
    """Each nameserver as JSON, in the order in which they are asked."""
    return [resolver_document(examination) for examination in probed.examinations]


async def _examine(
    resolver: Resolver, blocklists: Sequence[Blocklist], clock: app.SystemClock
) -> tuple[Examination, ...]:
    async with app.build_lookup(resolver) as lookup:
        examiner = Examiner(lookup, app.build_nameservers(resolver), clock)
        with lists_bar(len(blocklists), "probing") as on_list:
            return await examiner.examine(lanes_of(blocklists), on_list)


def _row(probed: Probed, heard: Heard) -> Row:
    soundness, since = heard.soundness, probed.since(heard)
    return (
        heard.blocklist.id,
        heard.family.value,
        Cell(soundness.state.value, STATES[soundness.state]),
        "now" if since is None else rfc3339(since),
        f"{_latency_ms(heard)} ms",
        soundness.reason.value if soundness.reason is not None else "",
        soundness.detail,
    )


def _family_document(probed: Probed, heard: Heard) -> FamilyDocument:
    soundness = heard.soundness
    return FamilyDocument(
        state=soundness.state.value,
        reason=soundness.reason.value if soundness.reason is not None else None,
        detail=soundness.detail or None,
        since=rfc3339(probed.since(heard) or probed.at),
        latency_ms=_latency_ms(heard),
        points=[_point_document(answered) for answered in heard.answers],
    )


def _point_document(answered: ProbeAnswer) -> PointDocument:
    answer = answered.answer
    document = PointDocument(
        target=answered.probe.target.text,
        expected=answered.probe.expected.value,
        answer=type(answer).__name__.lower(),
        addresses=[],
        reason=None,
        detail=None,
    )
    match answer:
        case Found(addresses):
            document["addresses"] = [str(address) for address in addresses]
        case Failed(reason, detail):
            document |= {"reason": reason.value, "detail": detail or None}
        case Absent():
            pass
    return document


def _latency_ms(heard: Heard) -> int:
    """How long the list took for all of its points, which are asked side by side."""
    return round(1000 * heard.took_s)
