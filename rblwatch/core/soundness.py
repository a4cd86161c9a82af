"""Whether a list can be believed, from questions whose right answers are known.

Owns which probes are asked, what their answers say of the list, and the fresh probe that confirms news. Must not
know how probes are sent. Soundness holds for one nameserver and one address family; it vouches for nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv6Address, ip_address

from rblwatch.core.blocklist import Blocklist, Kind
from rblwatch.core.question import Absent, Answer, Failed, Found, Reason
from rblwatch.core.target import DOCUMENTATION_RANGES, Family, Target, address_target
from rblwatch.core.verdict import Clear, Listed, Unknown, judge


class State(StrEnum):
    """What the probes say of a list."""

    SOUND = "sound"
    UNSOUND = "unsound"
    UNREACHABLE = "unreachable"
    REFUSING = "refusing"
    UNVERIFIED = "unverified"  # it has no self-test; usable, and said so


class Flaw(StrEnum):
    """In which way a list is unsound."""

    WILDCARD = "wildcard"  # lists what it must not
    SILENT = "silent"  # does not list its own test point
    STRIPPED = "stripped"  # the same, but the point's name is there: its address was taken out
    INVERTED = "inverted"  # both


class Expectation(StrEnum):
    """The right answer to a probe."""

    LISTED = "listed"
    CLEAR = "clear"


@dataclass(frozen=True, slots=True)
class Probe:
    """A question whose right answer is known."""

    target: Target
    expected: Expectation


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """What a probe came back with."""

    probe: Probe
    answer: Answer


@dataclass(frozen=True, slots=True)
class Soundness:
    """What the probes say of a list, as seen through one nameserver and for one address family."""

    state: State
    reason: Reason | None = None
    """Why whatever the list answers is unknown; None where it can be believed."""
    flaw: Flaw | None = None
    detail: str = ""
    """For people: which point, and what it answered."""

    @property
    def trusted(self) -> bool:
        """Whether answers of the list may become verdicts."""
        return self.reason is None


#: The ranges that fresh negative IPv4 probes are drawn from; nobody is listed there, nobody asks about them.
_FRESH_IPV4 = tuple(network for network in DOCUMENTATION_RANGES if network.version == 4)
_FRESH_IPV4_POINTS = 768
_FRESH_IPV6 = int(IPv6Address("2001:db8::"))


def probes(blocklist: Blocklist, family: Family, fresh: Target | None) -> tuple[Probe, ...]:
    """The probes that come before a batch: the list's own points of this family, and one more negative.

    Source: RFC 5782 section 5.
    """
    selftest = blocklist.selftest
    listed = [Probe(point, Expectation.LISTED) for point in selftest.listed if point.family is family]
    clear = [Probe(point, Expectation.CLEAR) for point in selftest.clear if point.family is family]
    extra = [Probe(fresh, Expectation.CLEAR)] if fresh is not None else []
    return (*listed, *clear, *extra)


def fresh_point(family: Family, number: int, registered: Iterable[Target] = ()) -> Target:
    """A point that no list has and no cache holds, chosen by a number (its whole range counts: pass a large one).

    An unregistered documentation address, or a label that nobody would register. There are 768 of the IPv4 ones:
    a caller that counts upwards meets the same one again after 768 steps at the earliest; in the place of a registered
    one stands the next one. Only where all of them are registered is the point one of these.
    Source: RFC 5737, RFC 3849, RFC 6761 (`invalid`).
    """
    taken = frozenset(registered)
    for step in range(min(len(taken), _FRESH_IPV4_POINTS) + 1):
        point = _fresh_point(family, number + step)
        if point not in taken:
            return point
    return _fresh_point(family, number)


def _fresh_point(family: Family, number: int) -> Target:
    match family:
        case Family.NAME:
            return Target(f"rblwatch-{number % 2**64:016x}.invalid", Family.NAME)
        case Family.IPV6:
            return address_target(IPv6Address(_FRESH_IPV6 + 2**64 + number % 2**64))
        case Family.IPV4:
            # 293 and 768 share no factor, so neighbours in number are far apart and all points are met once.
            network, host = divmod(number * 293 % _FRESH_IPV4_POINTS, 256)
            return address_target(_FRESH_IPV4[network][host])


def assess(blocklist: Blocklist, answers: Sequence[ProbeAnswer]) -> Soundness:
    """Say what a list's probes prove.

    A wrong answer outweighs a missing one, since a list that lists its negative point lists everybody. Without
    any answer at all nothing is proven, and the list is unreachable.
    """
    wrong = _flaw(blocklist, answers)
    if wrong is not None:
        return wrong
    for answered in answers:
        trouble = _trouble(blocklist, answered)
        if trouble is not None:
            return trouble
    if not answers:
        return Soundness(State.UNREACHABLE, Reason.UNSOUND, detail="no probe was asked")
    if not any(answered.probe.expected is Expectation.LISTED for answered in answers):
        return Soundness(State.UNVERIFIED, detail="the list has no self-test; its negative side was probed")
    return Soundness(State.SOUND)


def worth_asking(answers: Sequence[ProbeAnswer], blocklist: Blocklist) -> bool:
    """Whether targets are asked at all after these probes: a dead list costs its probes' time-out, nothing more."""
    return assess(blocklist, answers).trusted


def _flaw(blocklist: Blocklist, answers: Sequence[ProbeAnswer]) -> Soundness | None:
    lists_negative = [a for a in answers if _proves_wildcard(blocklist, a)]
    silent = [a for a in answers if a.probe.expected is Expectation.LISTED and _says_nothing(blocklist, a.answer)]
    if lists_negative and silent:
        wrong, missing = lists_negative[0].probe.target, silent[0].probe.target
        detail = f"lists {wrong}, which it must not, and not its test point {missing}"
        return Soundness(State.UNSOUND, Reason.UNSOUND, Flaw.INVERTED, detail)
    if lists_negative:
        detail = f"lists {lists_negative[0].probe.target}, which it must not: it lists everything"
        return Soundness(State.UNSOUND, Reason.UNSOUND, Flaw.WILDCARD, detail)
    stripped = [a for a in silent if isinstance(a.answer, Absent) and a.answer.exists]
    if stripped:
        detail = f"has its test point {stripped[0].probe.target} without an address, so its 'not listed' means nothing"
        return Soundness(State.UNSOUND, Reason.UNSOUND, Flaw.STRIPPED, detail)
    if silent:
        detail = f"does not list its test point {silent[0].probe.target}, so its 'not listed' means nothing"
        return Soundness(State.UNSOUND, Reason.UNSOUND, Flaw.SILENT, detail)
    return None


def _proves_wildcard(blocklist: Blocklist, answered: ProbeAnswer) -> bool:
    """Whether a point that must not be listed is. A list of unusable addresses rightly has the documentation ones."""
    probe = answered.probe
    if probe.expected is not Expectation.CLEAR or (blocklist.lists_reserved and _is_documentation(probe.target)):
        return False
    return _lists(blocklist, answered.answer)


def _is_documentation(target: Target) -> bool:
    return target.family is not Family.NAME and any(ip_address(target.text) in net for net in DOCUMENTATION_RANGES)


def _lists(blocklist: Blocklist, answer: Answer) -> bool:
    """Whether an answer has a code that is no refusal; a good word for a negative point is as wrong as a bad one."""
    match judge(answer, blocklist, None):
        case Listed():
            return True
        case Clear(codes):
            return bool(codes)
        case Unknown():
            return False


def _says_nothing(blocklist: Blocklist, answer: Answer) -> bool:
    match judge(answer, blocklist, None):
        case Clear(codes):
            return not codes
        case _:
            return False


def _trouble(blocklist: Blocklist, answered: ProbeAnswer) -> Soundness | None:
    verdict = judge(answered.answer, blocklist, None)
    if not isinstance(verdict, Unknown):
        return None
    point = answered.probe.target
    match verdict.reason:
        case Reason.REFUSED | Reason.REFUSAL_CODE | Reason.NO_KEY:
            return Soundness(State.REFUSING, verdict.reason, detail=_told(point, answered.answer))
        case Reason.NOT_A_DNSBL_ANSWER | Reason.FILTERED | Reason.MALFORMED:
            return Soundness(State.UNSOUND, verdict.reason, detail=_told(point, answered.answer))
        case _:
            return Soundness(State.UNREACHABLE, verdict.reason, detail=_told(point, answered.answer))


def _told(point: Target, answer: Answer) -> str:
    match answer:
        case Found(addresses):
            return f"answered {', '.join(map(str, addresses))} for its test point {point}"
        case Failed(reason, detail):
            return f"{detail or reason} for its test point {point}"
        case Absent():
            return f"has nothing for {point}"


def carries_kind(blocklist: Blocklist, family: Family) -> bool:
    """Whether a list is asked about a family: an address never goes to a domain list, nor a name to an address list."""
    if family is Family.NAME:
        return blocklist.kind is not Kind.IP and Family.NAME in blocklist.families
    return blocklist.kind is not Kind.DOMAIN and family in blocklist.families
