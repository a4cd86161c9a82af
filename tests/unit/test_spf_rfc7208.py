"""The public test suite of RFC 7208, case by case.

The suite asks what a receiver makes of one sender. We never have one: we look a whole policy up and keep every step. So
each case is run through our walk, and `receiver.verdict_of` reads from the steps what a receiver would say of the
case's sender. Where that depends on the message, the case shows that we stop there and name the obstacle: `OPAQUE`.
Explanations (`exp=`) are for the rejected sender only; we read their syntax and never look them up.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # its types are another package

from rblwatch.core.lookup import Exchange, Missing, Present, Query, RecordKind, Reply, Value
from rblwatch.core.spf_policy import Obstacle
from rblwatch.core.spf_walk import walk_policy
from rblwatch.core.target import NotATarget, parse_name
from tests.unit.receiver import verdict_of
from tests.unit.zone import TIMED_OUT, run

SUITE = Path(__file__).parent / "rfc7208" / "rfc7208-tests.yml"

#: Cases whose outcome depends on the message, and on what of it. We report such mechanisms, and watch nobody by them.
OPAQUE = {
    # `ptr` matches who has a certain name in the reverse tree, which nobody can list.
    "ptr-match-target": Obstacle.PTR,
    "ptr-match-implicit": Obstacle.PTR,
    "ptr-nomatch-invalid": Obstacle.PTR,
    "ptr-match-ip6": Obstacle.PTR,
    "ptr-case-change": Obstacle.PTR,
    "ptr-cname-loop": Obstacle.PTR,
    "ptr-limit": Obstacle.PTR,
    "mech-at-limit": Obstacle.PTR,
    "bytes-bug": Obstacle.PTR,
    # `exists` matches everybody or nobody, or is asked with the sender's name in it; it never lists addresses.
    "exists-ip4": Obstacle.EXISTS,
    "exists-ip6": Obstacle.EXISTS,
    "exists-ip6only": Obstacle.EXISTS,
    "exists-dnserr": Obstacle.EXISTS,
    "p-macro-multiple": Obstacle.EXISTS,
    "macro-reverse-split-on-dash": Obstacle.EXISTS,
    "macro-multiple-delimiters": Obstacle.EXISTS,
    # The sender's HELO name is part of the domain.
    "invalid-domain-long-via-macro": Obstacle.MACRO,
    "hello-macro": Obstacle.MACRO,
    "invalid-hello-macro": Obstacle.MACRO,
    "hello-domain-literal": Obstacle.MACRO,
    "require-valid-helo": Obstacle.MACRO,
}


@dataclass(frozen=True)
class Case:
    name: str
    domain: str
    host: str
    outcomes: tuple[str, ...]
    zone: dict[str, list[Any]]


def cases() -> Iterator[Case]:
    for scenario in yaml.safe_load_all(SUITE.read_text(encoding="utf-8")):
        zone = {name.lower(): records for name, records in scenario["zonedata"].items()}
        for name, case in scenario["tests"].items():
            sender = case["mailfrom"] or case["helo"]
            outcome = case["result"]
            outcomes = (outcome,) if isinstance(outcome, str) else tuple(outcome)
            yield Case(name, sender.rpartition("@")[2], case["host"], outcomes, zone)


CASES = tuple(cases())


def test_the_whole_suite_is_here() -> None:
    assert len(CASES) == 203
    assert OPAQUE.keys() <= {case.name for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_receiver_reads_from_our_steps_what_the_rfc_says(case: Case) -> None:
    try:
        domain = parse_name(case.domain)
    except NotATarget:
        # Nobody can register such a domain; a receiver finds no policy for it either.
        assert case.outcomes == ("none",)
        return
    policy, _ = run(walk_policy(domain.text, lambda _: True), look_up(case.zone))
    verdict = verdict_of(policy, ip_address(case.host))
    if isinstance(verdict, Obstacle):
        assert OPAQUE.get(case.name) == verdict
    else:
        assert verdict in case.outcomes
        assert case.name not in OPAQUE


def look_up(zone: dict[str, list[Any]]) -> Callable[[Query], Reply]:
    """Answer as the suite's own driver does: a TIMEOUT after the records makes every type but theirs time out."""

    def reply(query: Query) -> Reply:
        name = query.name
        for _ in range(3):
            records = zone.get(name)
            if records is None:
                return Missing(exists=False)
            if alias := next((one["CNAME"] for one in records if isinstance(one, dict) and "CNAME" in one), None):
                name = alias.lower()
                continue
            values = tuple(_values(records, query.kind))
            if not values and "TIMEOUT" in records:
                return TIMED_OUT
            return Present(values) if values else Missing(exists=True)
        return TIMED_OUT

    return reply


def _values(records: list[Any], kind: RecordKind) -> Iterator[Value]:
    """Records of type SPF are served as TXT, unless the name has a TXT record of its own (`NONE` is an empty one)."""
    named = [next(iter(record.items())) for record in records if isinstance(record, dict)]
    served = "SPF" if kind is RecordKind.TXT and not any(found == "TXT" for found, _ in named) else kind
    for found, value in named:
        if found != served or value == "NONE":
            continue
        match kind:
            case RecordKind.TXT:
                yield "".join([value] if isinstance(value, str) else value).encode()
            case RecordKind.MX:
                yield Exchange(value[0], value[1].lower().removesuffix("."))
            case _:
                yield ip_address(value)
