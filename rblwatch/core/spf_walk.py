"""The walk from a domain to its SPF policy, within the limits of SPF.

Owns what is looked up, in which order, and when it ends. Must not send a query: the walk yields them.

Source for all of it: RFC 7208 sections 4 to 6.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import ip_network

from rblwatch.core.lookup import (
    Missing,
    Present,
    Query,
    RecordKind,
    Reply,
    Walk,
    address_queries,
    addresses_of,
    askable,
    exchanges_of,
)
from rblwatch.core.question import Failed
from rblwatch.core.spf import Addresses, All, BadRecord, Mechanism, Named, Qualifier, Record, Term, select
from rblwatch.core.spf_macro import Context, DomainSpec
from rblwatch.core.spf_policy import Broken, Error, Lost, Matching, Nested, Obstacle, Opaque, Policy, Step, Trouble
from rblwatch.core.target import Address, Network

#: Mechanisms and modifiers that look something up; and those of them that find nothing. Source: section 4.6.4.
MOST_LOOK_UPS = 10
MOST_VOIDS = 2
#: MX records of one `mx`. Source: section 4.6.4.
MOST_EXCHANGES = 10

_TOO_MANY_LOOK_UPS = f"needs more than the {MOST_LOOK_UPS} DNS look-ups that SPF allows"
_TOO_MANY_VOIDS = f"refers to more names without such records than the {MOST_VOIDS} that SPF allows"
_WITHOUT_ADDRESSES = {Mechanism.PTR: Obstacle.PTR, Mechanism.EXISTS: Obstacle.EXISTS}


def walk_policy(domain: str, follows: Callable[[str], bool]) -> Walk[Policy]:
    """Look up the SPF policy of a domain; `follows` says of another domain whether its policy is wanted as well.

    The walk ends, whatever it is told: at most `MOST_LOOK_UPS` mechanisms are followed, all policies taken together.
    What comes after a limit is kept, but not looked up. A mechanism of a policy that is not wanted is not counted.
    """
    return _Walker(domain, follows).policy(domain)


@dataclass(slots=True)
class _Walker:
    sender_domain: str
    follows: Callable[[str], bool]
    look_ups: int = 0
    voids: int = 0
    exceeded: Trouble | None = None
    """The limit that was exceeded; nothing is looked up after that."""

    def policy(self, domain: str) -> Walk[Policy]:
        if not askable(domain):
            return Policy(domain, trouble=Trouble(Error.NONE, "is no name that DNS can carry"))
        (reply,) = yield (Query(domain, RecordKind.TXT),)
        record = _read(reply)
        if isinstance(record, Trouble):
            return Policy(domain, trouble=record)
        context = Context(domain, self.sender_domain)
        steps: list[Step] = []
        for term in record.terms:
            steps.append((yield from self._step(term, context)))
            if isinstance(term, All):  # Whatever follows is never reached, a redirect included.
                return Policy(domain, tuple(steps))
        redirect = None if record.redirect is None else (yield from self._redirect(record.redirect, context))
        return Policy(domain, tuple(steps), redirect)

    def _step(self, term: Term, context: Context) -> Walk[Step]:
        match term:
            case All():
                return term
            case Addresses(text, qualifier, network):
                return Matching(text, qualifier, (network,))
        if (trouble := self._count()) is not None:
            return Broken(term.text, trouble)
        if (obstacle := _WITHOUT_ADDRESSES.get(term.mechanism)) is not None:
            return Opaque(term.text, term.qualifier, obstacle)
        name = context.domain if term.domain is None else term.domain.expand(context)
        if name is None:
            return Opaque(term.text, term.qualifier, Obstacle.MACRO)
        match term.mechanism:
            case Mechanism.INCLUDE:
                policy = yield from self._other(term.text, term.qualifier, name)
                return policy if not isinstance(policy, Policy) else Nested(term.text, term.qualifier, policy)
            case Mechanism.MX:
                return (yield from self._match_exchanges(term, name))
            case _:
                return (yield from self._match_hosts(term, [name]))

    def _redirect(self, spec: DomainSpec, context: Context) -> Walk[Policy | Opaque | Broken]:
        text = f"redirect={spec.text}"
        if (trouble := self._count()) is not None:
            return Broken(text, trouble)
        name = spec.expand(context)
        if name is None:
            return Opaque(text, Qualifier.PASS, Obstacle.MACRO)
        return (yield from self._other(text, Qualifier.PASS, name))

    def _other(self, text: str, qualifier: Qualifier, name: str) -> Walk[Policy | Opaque | Broken]:
        """The policy of another domain; that there is none is an error. Source: sections 5.2 and 6.1."""
        if not self.follows(name):
            return Opaque(text, qualifier, Obstacle.THIRD_PARTY, name)
        policy = yield from self.policy(name)
        if policy.trouble is not None and policy.trouble.error is Error.NONE:
            return Broken(text, Trouble(Error.PERMERROR, f"refers to {name}, which {policy.trouble.detail}"))
        return policy

    def _match_exchanges(self, term: Named, name: str) -> Walk[Step]:
        if not askable(name):
            return Matching(term.text, term.qualifier, ())
        query = Query(name, RecordKind.MX)
        (reply,) = yield (query,)
        if isinstance(reply, Failed):
            return Matching(term.text, term.qualifier, (), (Lost(query, reply),))
        exchanges = exchanges_of(reply)
        if len(exchanges) > MOST_EXCHANGES:
            detail = f"refers to {name}, which has more MX records than the {MOST_EXCHANGES} that SPF allows"
            return Broken(term.text, Trouble(Error.PERMERROR, detail))
        return (yield from self._match_hosts(term, [exchange.host for exchange in exchanges]))

    def _match_hosts(self, term: Named, names: Iterable[str]) -> Walk[Step]:
        hosts = dict.fromkeys(name for name in names if askable(name))
        queries = tuple(query for host in hosts for query in address_queries(host))
        replies: tuple[Reply, ...] = (yield queries) if queries else ()
        if all(isinstance(reply, Missing) for reply in replies) and (trouble := self._count_void()) is not None:
            return Broken(term.text, trouble)
        networks = dict.fromkeys(_network(one, term.lengths) for reply in replies for one in addresses_of(reply))
        answers = zip(queries, replies, strict=True)
        lost = tuple(Lost(query, reply) for query, reply in answers if isinstance(reply, Failed))
        return Matching(term.text, term.qualifier, tuple(networks), lost)

    def _count(self) -> Trouble | None:
        self.look_ups += 1
        if self.look_ups > MOST_LOOK_UPS and self.exceeded is None:
            self.exceeded = Trouble(Error.PERMERROR, _TOO_MANY_LOOK_UPS)
        return self.exceeded

    def _count_void(self) -> Trouble | None:
        self.voids += 1
        if self.voids > MOST_VOIDS and self.exceeded is None:
            self.exceeded = Trouble(Error.PERMERROR, _TOO_MANY_VOIDS)
        return self.exceeded


def _read(reply: Reply) -> Record | Trouble:
    if isinstance(reply, Failed):
        return Trouble(Error.TEMPERROR, "could not be looked up", reply)
    texts = [value for value in reply.values if isinstance(value, bytes)] if isinstance(reply, Present) else []
    match select(texts):
        case None:
            return Trouble(Error.NONE, "has no SPF record")
        case BadRecord(detail):
            return Trouble(Error.PERMERROR, detail)
        case record:
            return record


def _network(address: Address, lengths: tuple[int, int]) -> Network:
    return ip_network((address, lengths[address.version == 6]), strict=False)
