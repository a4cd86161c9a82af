"""Host names and mail exchangers become targets.

Owns the walks from a host name, and from a domain's MX records, to addresses. Must not send a query, nor know what was
found before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address

from rblwatch.core.finding import WHOLE, Failure, Finding, Origin, OriginKind, part_of
from rblwatch.core.lookup import (
    Exchange,
    Missing,
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
from rblwatch.core.target import Target, address_target
from rblwatch.core.text import clean

#: MX hosts that are looked up, those that are preferred first; nobody needs so many.
MOST_EXCHANGES = 20
_LONGEST_NAME_SHOWN = 100


def walk_host(name: Target) -> Walk[Finding]:
    """Look up a host name: both families, so that the failure of one is no news of the other."""
    notes = _Notes()
    replies = yield address_queries(name.text)
    notes.host(name.text, replies, how="")
    return notes.finding(Origin(OriginKind.HOSTNAME, name))


def walk_exchanges(domain: Target) -> Walk[Finding]:
    """Look up the mail exchangers of a domain; without MX records, the domain is its own.

    Source: RFC 5321 section 5.1 (the implicit MX); RFC 7505 (the null MX: no mail is taken).
    """
    origin = Origin(OriginKind.MX, domain)
    notes = _Notes()
    (reply,) = yield (Query(domain.text, RecordKind.MX),)
    match reply:
        case Failed():
            notes.failed(Query(domain.text, RecordKind.MX), reply)
        case Missing(exists=False):
            notes.faults.append(f"{domain} does not exist")
        case Missing():
            replies = yield address_queries(domain.text)
            notes.host(domain.text, replies, how=", which has no MX record")
        case _:
            hosts = notes.choose(domain, exchanges_of(reply))
            queries = tuple(query for host in hosts for query in address_queries(host))
            replies = (yield queries) if queries else ()
            for number, host in enumerate(hosts):
                notes.host(host, replies[2 * number : 2 * number + 2], how=f", an MX of {domain}")
    return notes.finding(origin)


@dataclass(slots=True)
class _Notes:
    targets: dict[Target, str] = field(default_factory=dict)
    parts: dict[Target, tuple[str, ...]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def finding(self, origin: Origin) -> Finding:
        return Finding(
            origin=origin,
            targets=self.targets,
            parts=self.parts,
            faults=tuple(self.faults),
            failures=tuple(self.failures),
        )

    def failed(self, query: Query, failed: Failed, part: str = WHOLE) -> None:
        self.failures.append(failure(query, failed, part))

    def host(self, name: str, replies: Sequence[Reply], *, how: str) -> None:
        """Note the answers for both families of one host."""
        shown = clean(name, _LONGEST_NAME_SHOWN)
        for query, reply in zip(address_queries(name), replies, strict=True):
            part = part_of(WHOLE, name, query.kind)
            if isinstance(reply, Failed):
                self.failed(query, reply, part)
            for target in map(address_target, addresses_of(reply)):
                self.targets.setdefault(target, f"{query.kind} of {shown}{how}")
                self.parts[target] = (*self.parts.get(target, ()), part)
        missing = [reply for reply in replies if isinstance(reply, Missing)]
        if len(missing) == len(replies):
            state = "has no address" if any(reply.exists for reply in missing) else "does not exist"
            self.faults.append(f"{shown}{how and f'{how},'} {state}")

    def choose(self, domain: Target, exchanges: Sequence[Exchange]) -> list[str]:
        """The hosts that are looked up, each once."""
        hosts = list(dict.fromkeys(exchange.host for exchange in exchanges if exchange.host))
        if len(hosts) > MOST_EXCHANGES:
            self.faults.append(f"{domain} has {len(hosts)} MX hosts; the first {MOST_EXCHANGES} are looked up")
        chosen = hosts[:MOST_EXCHANGES]
        literal = [host for host in chosen if _is_literal(host)]
        self.faults += [
            f"'{clean(host, _LONGEST_NAME_SHOWN)}', an MX of {domain}, is an address: an MX record must name a host, "
            "and mail servers do not take this one; register the address to watch it"
            for host in literal
        ]
        chosen = [host for host in chosen if host not in literal]
        odd = [host for host in chosen if not askable(host)]
        self.faults += [f"{clean(host, _LONGEST_NAME_SHOWN)}, an MX of {domain}, is no name" for host in odd]
        return [host for host in chosen if askable(host)]


def _is_literal(host: str) -> bool:
    """Whether somebody wrote an address, or one in brackets, where a name belongs. Source: RFC 1035 section 3.3.9."""
    try:
        ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def failure(query: Query, failed: Failed, part: str) -> Failure:
    """Note a query that failed, and the part of which it would have told."""
    return Failure(f"{query.kind} of {clean(query.name, _LONGEST_NAME_SHOWN)}", failed.reason, failed.detail, part)
