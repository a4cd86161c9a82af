"""What is wrong with the resolver, as text and as JSON.

Owns how diagnoses are printed. Must not make any.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from rblwatch.cli.terminal import print_line
from rblwatch.core.diagnosis import diagnose
from rblwatch.core.examination import Examination
from rblwatch.core.fault import Diagnosis
from rblwatch.core.prescriptions import PRESCRIPTIONS
from rblwatch.core.wording import several

_MOST_NAMED = 10


class ResolverDocument(TypedDict):
    """One nameserver, and what is wrong with it."""

    nameserver: str
    findings: list[FindingDocument]


class FindingDocument(TypedDict):
    """One thing that a nameserver does to answers."""

    finding: str
    seen: str
    blinds: list[str]
    """Ids of the lists that it hides; none where it would only hide answers that did not come up now."""
    effect: str
    remedy: str


def print_diagnoses(examinations: Iterable[Examination]) -> None:
    """Write what is wrong with each nameserver, with its effect and what to do; a line for one that is fine."""
    for examination in examinations:
        found = diagnose(examination)
        if not found and examination.heard:
            print_line(f"Resolver {examination.nameserver}: nothing is wrong with it.")
        for diagnosis in found:
            _print(diagnosis)
        print_line("")


def resolver_document(examination: Examination) -> ResolverDocument:
    """Write one nameserver."""
    return ResolverDocument(
        nameserver=examination.nameserver, findings=[_document(diagnosis) for diagnosis in diagnose(examination)]
    )


def _print(diagnosis: Diagnosis) -> None:
    words = PRESCRIPTIONS[diagnosis.fault]
    print_line(f"Resolver {diagnosis.nameserver} {words.title} ({diagnosis.fault}).")
    lines = (
        f"Seen: {diagnosis.seen}.",
        f"Effect: {words.effect}.",
        f"Blinds: {several(diagnosis.blinds, _MOST_NAMED) or 'no list now'}.",
        f"What to do: {words.remedy}.",
    )
    for line in lines:
        print_line(f"- {line}")


def _document(diagnosis: Diagnosis) -> FindingDocument:
    words = PRESCRIPTIONS[diagnosis.fault]
    return FindingDocument(
        finding=diagnosis.fault.value,
        seen=diagnosis.seen,
        blinds=list(diagnosis.blinds),
        effect=words.effect,
        remedy=words.remedy,
    )
