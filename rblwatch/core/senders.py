"""Whom a domain's SPF policy allows to send, as targets; and what of it is not watched.

Owns which of a policy's addresses are watched. Must not look names up, nor know what was found before.

Watched is who is designated: who matches a mechanism that passes (`+`, or no sign), and no earlier one that doesn't.
Where an earlier one that doesn't pass could not be looked up, whoever matches a later one is in doubt.
Reported instead are ranges of more than 256 addresses, everybody (`+all`), what only a message decides (`exists`,
`ptr`, macros), what lies beyond SPF's limits, and other people's policies.

A *third party* is a domain that was not registered for this server. What ends in the registrable domain of a name in
`senders_of` or `domains` of the same server is its own, whoever runs it. Anything else that is included or redirected
to is another's: its machines send for many, are listed and delisted for reasons that this server's admin can neither
see nor mend, and there may be thousands of them. Registering its domain under the server's `senders_of` makes it its
own. Not that of another server: else each customer of a mail provider would be told of all of the provider's machines.
Hosts that the admin's record names one by one (`a:`, `mx:`, and MX records) are watched wherever they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from operator import attrgetter

from rblwatch.core.finding import (
    MOST_PARTS,
    WHOLE,
    Failure,
    Finding,
    Origin,
    OriginKind,
    Unwatched,
    Why,
    in_doubt,
    part_of,
)
from rblwatch.core.hosts import failure
from rblwatch.core.lookup import RecordKind, Walk
from rblwatch.core.question import Reason
from rblwatch.core.spf import All, Qualifier
from rblwatch.core.spf_policy import Broken, Error, Matching, Nested, Obstacle, Opaque, Policy, Step
from rblwatch.core.spf_walk import walk_policy
from rblwatch.core.target import Network, Target, address_target
from rblwatch.core.text import clean

#: Addresses of one range that are watched without having been registered. Source: issue 3.
LARGEST_RANGE = 256
#: Addresses of one domain that are watched without having been registered: as many as of the largest registered range.
MOST_ADDRESSES = 65_536
#: Networks that earlier mechanisms take out, of which account is taken; more than that is nonsense, and costs time.
_MOST_TAKEN_OUT = 256
#: Lines about what is not watched, and about what is wrong: a record has room for thousands.
_MOST_REPORTS = 100
_LONGEST_QUOTE = 100
_FAMILIES = ((4, RecordKind.A), (6, RecordKind.AAAA))


def walk_senders(domain: Target, follows: Callable[[str], bool]) -> Walk[Finding]:
    """Look up whom a domain allows to send; `follows` says which other domains' policies are the admin's own."""
    policy = yield from walk_policy(domain.text, follows)
    return designated(Origin(OriginKind.SPF, domain), policy)


def designated(origin: Origin, policy: Policy) -> Finding:
    """Read from a policy whom it designates, and what of that is not watched."""
    notes = _Notes()
    shares = list(notes.read(policy))
    if policy.trouble is not None and policy.trouble.error is Error.NONE:
        notes.faults[f"{policy.domain} {policy.trouble.detail}"] = None
    targets: dict[Target, str] = {}
    parts: dict[Target, tuple[str, ...]] = {}
    doubtful: set[Target] = set()
    # What is certain by one mechanism is certain, whatever others say.
    for share in sorted(shares, key=attrgetter("in_doubt")):
        alone = (in_doubt(share.part) if share.in_doubt else share.part,)
        room = MOST_ADDRESSES - len(targets)
        for network in share.networks:
            if (unwatched := _too_large(share, network)) is not None:
                notes.unwatched[unwatched] = None
                continue
            for target in islice(share.watched(network), room):
                if share.in_doubt and target not in targets:
                    doubtful.add(target)
                targets.setdefault(target, share.how)
                before = parts.setdefault(target, alone)
                more = alone[0] not in before and len(before) < MOST_PARTS
                if more and share.in_doubt == (target in doubtful):
                    parts[target] = (*before, *alone)
    if len(targets) >= MOST_ADDRESSES:
        what = f"more than {MOST_ADDRESSES:,} addresses"
        notes.unwatched[Unwatched(what, Why.TOO_LARGE, "register those to be watched under addresses")] = None
    return Finding(
        origin=origin,
        targets=dict(islice(targets.items(), MOST_ADDRESSES)),
        parts=dict(islice(parts.items(), MOST_ADDRESSES)),
        unwatched=tuple(islice(notes.unwatched, _MOST_REPORTS)),
        faults=(*islice(notes.faults, _MOST_REPORTS), *_unsaid(notes)),
        failures=tuple(notes.failures),
        doubtful=doubtful,
    )


@dataclass(frozen=True, slots=True)
class _TakenOut:
    """What mechanisms that don't pass take out for the later ones."""

    networks: tuple[Network, ...] = ()
    """Less than all is safe: too many are watched then."""
    doubts: frozenset[int] = frozenset()
    """Versions of IP of which nobody knows what else is taken out, since a look-up failed."""

    def __or__(self, other: _TakenOut) -> _TakenOut:
        return _TakenOut((*self.networks, *other.networks)[:_MOST_TAKEN_OUT], self.doubts | other.doubts)


@dataclass(frozen=True, slots=True)
class _Share:
    """Networks that pass, but for those that an earlier mechanism takes out."""

    networks: tuple[Network, ...]
    what: str
    how: str
    taken_out: _TakenOut
    part: str
    in_doubt: bool = False

    def watched(self, network: Network) -> Iterator[Target]:
        known = self.taken_out.networks
        excluded = [other for other in known if other.version == network.version and other.overlaps(network)]
        for address in network:
            if not any(address in other for other in excluded):
                yield address_target(address)


@dataclass(slots=True)
class _Notes:
    """What is seen on the way; dictionaries keep the order, and each thing once."""

    unwatched: dict[Unwatched, None] = field(default_factory=dict)
    faults: dict[str, None] = field(default_factory=dict)
    failures: dict[Failure, None] = field(default_factory=dict)
    lost: set[int] = field(default_factory=set)
    """Versions of IP of which addresses may be missing, since a look-up failed."""

    def read(self, policy: Policy, taken_out: _TakenOut = _TakenOut(), part: str = WHOLE) -> Iterator[_Share]:
        if policy.trouble is not None:
            self._trouble(policy, part)
        for step in policy.steps:
            its_part = part_of(part, step.text)
            if isinstance(step, Broken) or step.qualifier is Qualifier.PASS:
                yield from self._matched(policy.domain, step, taken_out, its_part)
            else:
                taken_out |= self._taken_out(policy.domain, step, its_part)
        match policy.redirect:
            case Policy():
                yield from self.read(policy.redirect, taken_out, part_of(part, f"redirect={policy.redirect.domain}"))
            case Opaque() | Broken():
                its_part = part_of(part, policy.redirect.text)
                yield from self._matched(policy.domain, policy.redirect, taken_out, its_part)

    def _taken_out(self, domain: str, step: Step, part: str) -> _TakenOut:
        """Note what failed of a mechanism that doesn't pass; nothing else of it is reported, it designates nobody."""
        aside = _Notes()
        shares = [share for share in aside._matched(domain, step, _TakenOut(), part) if share.taken_out == _TakenOut()]
        self.failures |= aside.failures
        self.lost |= aside.lost
        return _TakenOut(tuple(network for share in shares for network in share.networks), frozenset(aside.lost))

    def _matched(self, domain: str, step: Step, taken_out: _TakenOut, part: str) -> Iterator[_Share]:
        shown = clean(step.text, _LONGEST_QUOTE)
        what = f"'{shown}' in the SPF record of {clean(domain, _LONGEST_QUOTE)}"
        match step:
            case Matching():
                yield from self._matching(step, _Share((), what, f"SPF {shown} of {domain}", taken_out, part))
            case Nested():
                yield from self.read(step.policy, taken_out, part)
            case Opaque():
                self.unwatched[_opaque(what, step, part)] = None
            case Broken():
                self.faults[f"{what}: it {step.trouble.detail}"] = None
                detail = "receivers make a permanent error of it; mend the record, or register addresses"
                self.unwatched[Unwatched(what, Why.BROKEN, detail, part=part)] = None
            case All():
                detail = "it allows everybody to send for the domain, so there is nobody in particular to watch"
                self.unwatched[Unwatched(what, Why.EVERYBODY, detail, part=part)] = None

    def _matching(self, step: Matching, share: _Share) -> Iterator[_Share]:
        """What a mechanism matches; one that looks names up, by family, since one may fail alone."""
        for lost in step.lost:
            # Where the hosts of `mx` are not known, neither family is.
            words = () if lost.query.kind is RecordKind.MX else (lost.query.kind,)
            self.failures[failure(lost.query, lost.failed, part_of(share.part, *words))] = None
            self.lost |= {version for version, kind in _FAMILIES if not words or kind in words}
        for version, kind in _FAMILIES:
            networks = tuple(network for network in step.networks if network.version == version)
            if networks:
                doubtful = version in share.taken_out.doubts
                yield replace(share, networks=networks, part=part_of(share.part, kind), in_doubt=doubtful)

    def _trouble(self, policy: Policy, part: str) -> None:
        assert policy.trouble is not None
        self.lost |= {version for version, _ in _FAMILIES}
        domain = clean(policy.domain, _LONGEST_QUOTE)
        match policy.trouble.error, policy.trouble.failed:
            case Error.TEMPERROR, failed if failed is not None:
                self.failures[Failure(f"TXT of {domain}", failed.reason, failed.detail, part)] = None
            case Error.PERMERROR, _:
                detail = f"{domain} {policy.trouble.detail}"
                self.failures[Failure(f"SPF of {domain}", Reason.MALFORMED, detail, part)] = None


def _unsaid(notes: _Notes) -> Iterator[str]:
    more = max(len(notes.unwatched), len(notes.faults)) - _MOST_REPORTS
    if more > 0:
        yield f"{more} more mechanisms are not watched, for such reasons"


def _too_large(share: _Share, network: Network) -> Unwatched | None:
    if network.num_addresses <= LARGEST_RANGE:
        return None
    if network.version == 4:
        size, remedy = f"{network.num_addresses:,}", "register it under addresses"
    else:
        size, remedy = f"2^{128 - network.prefixlen}", "register the addresses in use"
    detail = f"{network} holds {size} addresses, more than the {LARGEST_RANGE} watched unasked; {remedy}"
    return Unwatched(share.what, Why.TOO_LARGE, detail, network, share.part)


_DEPENDS = {
    Obstacle.PTR: "it allows whoever has a certain name",
    Obstacle.EXISTS: "a look-up for each message decides",
    Obstacle.MACRO: "the name depends on the message",
}


def _opaque(what: str, step: Opaque, part: str) -> Unwatched:
    if step.obstacle is Obstacle.THIRD_PARTY:
        name = clean(step.name or "", _LONGEST_QUOTE)
        detail = f"{name} is not under a domain of this server; register it under its senders_of to watch it"
        return Unwatched(what, Why.THIRD_PARTY, detail, part=part)
    detail = f"{_DEPENDS[step.obstacle]}, so there are no addresses to read from it"
    return Unwatched(what, Why.DEPENDS_ON_MESSAGE, detail, part=part)
