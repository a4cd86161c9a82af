"""What one DNS answer means for its target.

Owns the step from an answer to a verdict. Must not know how the answer was fetched, nor what follows from the verdict.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address

from rblwatch.core.blocklist import LISTING_RANGE, Blocklist, Claim, Kind, Meaning, Severity
from rblwatch.core.question import Absent, Answer, Failed, Found, Reason
from rblwatch.core.target import Target


@dataclass(frozen=True, slots=True)
class Listed:
    """The target is on the list, under these codes."""

    codes: tuple[IPv4Address, ...]
    """Ascending; listing codes only."""
    severity: Severity
    """The worst of the codes."""
    labels: tuple[str, ...] = ()
    refused: bool = False
    """The same answer also held a refusal code: worth a remark."""
    said: tuple[IPv4Address, ...] = field(default=(), compare=False)
    """Everything inside 127.0.0.0/8 that the answer held, so that it can be read again under another description."""

    @property
    def answer(self) -> tuple[IPv4Address, ...]:
        """What the answer held, as far as it is known."""
        return self.said or self.codes


@dataclass(frozen=True, slots=True)
class Clear:
    """The target is not on the list, and the list was sound when it said so."""

    codes: tuple[IPv4Address, ...] = ()
    """Answers that list nobody: a neutral score, a good word, an accepted or ignored code."""
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing can be said about the target. Never a listing, never the end of one."""

    reason: Reason


Verdict = Listed | Clear | Unknown

_CLEAR = Clear()


def judge(answer: Answer, blocklist: Blocklist, trouble: Reason | None, *, target: Target | None = None) -> Verdict:
    """Say what one DNS answer means for its target.

    Total: every answer has exactly one verdict, and nothing is raised. A failure keeps its own reason; whatever
    a list in `trouble` (the reason its probes gave, None for a sound list) did answer takes that one. A listing
    code wins over a refusal in the same answer, since a list that refuses does not also list; over anything else the
    refusal wins, since a list that refuses has looked nothing up. The target is needed only where the admin accepted
    some targets' listings.

    Source: RFC 5782 sections 2.1 and 5; the list's own table.
    """
    match answer:
        case Failed(reason):
            return Unknown(reason)
        case _ if trouble is not None:
            return Unknown(trouble)
        case Absent():
            return _CLEAR
        case Found(addresses):
            verdict = _read_codes(addresses, blocklist)
            if isinstance(verdict, Listed) and target in blocklist.accepted:
                return Clear(verdict.codes, verdict.labels)
            return verdict


def read_again(listed: Listed, blocklist: Blocklist, target: Target) -> Verdict:
    """Say what the answer behind a verdict means now that the admin, or a new catalogue, describes the list so."""
    return judge(Found(listed.answer), blocklist, None, target=target)


def _read_codes(addresses: tuple[IPv4Address, ...], blocklist: Blocklist) -> Verdict:
    inside = sorted({a for a in addresses if a in LISTING_RANGE})
    said = {a: blocklist.meanings(a) for a in inside if not blocklist.refuses(a)}
    listing = {a: found for a in said if (found := _listing(said[a], blocklist))}
    if listing:
        meanings = [meaning for found in listing.values() for meaning in found]
        worst = max((_effect(meaning) for meaning in meanings), key=lambda severity: severity.rank)
        return Listed(tuple(listing), worst, _labels(meanings), refused=len(said) < len(inside), said=tuple(inside))
    if len(said) < len(inside):
        return Unknown(Reason.REFUSAL_CODE)
    if said:
        return Clear(tuple(said), _labels([meaning for found in said.values() for meaning in found]))
    return Unknown(Reason.NOT_A_DNSBL_ANSWER)


def _listing(meanings: tuple[Meaning, ...], blocklist: Blocklist) -> tuple[Meaning, ...]:
    if blocklist.kind is Kind.ALLOW:
        return ()
    return tuple(meaning for meaning in meanings if meaning.claim in (Claim.LISTED, Claim.INFO))


def _effect(meaning: Meaning) -> Severity:
    return Severity.INFORMATIONAL if meaning.claim is Claim.INFO else meaning.severity


def _labels(meanings: list[Meaning]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(meaning.label for meaning in meanings))
