"""One round of discovery: what the registered names of servers stand for now.

Owns which names of a server are followed, and which domains are its own. Must not know what was found before (that is
`core.moving`), nor ask a list.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network, collapse_addresses

from rblwatch.core.finding import Finding, Unwatched
from rblwatch.core.hosts import walk_exchanges, walk_host
from rblwatch.core.lookup import Walk
from rblwatch.core.senders import walk_senders
from rblwatch.core.settings import Server
from rblwatch.core.target import Network, Target
from rblwatch.discovery.asking import Asker
from rblwatch.ports import Records

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is done at once. What a single name may cost is limited by the walks themselves."""

    walks: int = 8
    """Names that are followed at a time."""
    queries: int = 32
    """Queries on their way at a time."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """What all names of one server came to."""

    server: str
    findings: tuple[Finding, ...]
    """One for each origin: each host name, and for each domain of `senders_of` its MX records and its SPF policy."""

    @property
    def targets(self) -> Mapping[Target, str]:
        """Everything found, each once, with how it was found first."""
        found: dict[Target, str] = {}
        for finding in self.findings:
            for target, how in finding.targets.items():
                found.setdefault(target, how)
        return found


class NameDiscoverer:
    """Implements `ports.Discoverer`."""

    def __init__(self, records: Records, registrable: Callable[[Target], Target | None]) -> None:
        """`registrable` gives the part of a name that somebody registered, None for a public suffix."""
        self._records = records
        self._registrable = registrable

    async def discover(self, servers: Sequence[Server]) -> Mapping[str, Sequence[Finding]]:
        """One round; see `ports.Discoverer`."""
        found = await discover(servers, self._records, registrable=self._registrable)
        return {one.server: one.findings for one in found}


async def discover(
    servers: Iterable[Server],
    records: Records,
    *,
    registrable: Callable[[Target], Target | None],
    limits: Limits = Limits(),
) -> tuple[Discovery, ...]:
    """Look up everything that is registered by name; servers with addresses only are left out.

    Nothing is raised for what a network, a nameserver or a record does. `registrable` gives the part of a name that
    somebody registered, None for a public suffix. A query is asked once, however many servers need it.
    """
    named = [server for server in servers if server.hostnames or server.senders_of]
    asker = Asker(records, limits.queries)
    walks = [(server, walk) for server in named for walk in _walks(server, registrable)]
    findings = await asker.follow_all((walk for _, walk in walks), limits.walks)
    _log.debug("discovery.finished", extra={"names": len(walks), "queries": asker.queries})
    by_server: dict[str, list[Finding]] = {server.name: [] for server in named}
    for (server, _), finding in zip(walks, findings, strict=True):
        by_server[server.name].append(_without_registered(finding, server.networks))
    return tuple(Discovery(name, tuple(found)) for name, found in by_server.items())


def _walks(server: Server, registrable: Callable[[Target], Target | None]) -> Iterator[Walk[Finding]]:
    own = {(registrable(name) or name).text for name in (*server.senders_of, *server.domains)}

    def follows(name: str) -> bool:
        return any(name == domain or name.endswith(f".{domain}") for domain in own)

    for name in dict.fromkeys(server.hostnames):
        yield walk_host(name)
    for domain in dict.fromkeys(server.senders_of):
        yield walk_exchanges(domain)
        yield walk_senders(domain, follows)


def _without_registered(finding: Finding, networks: Sequence[Network]) -> Finding:
    """Leave out reports of ranges that are watched after all, since they are registered."""
    watched: list[Network] = [
        *collapse_addresses(one for one in networks if isinstance(one, IPv4Network)),
        *collapse_addresses(one for one in networks if isinstance(one, IPv6Network)),
    ]

    def is_watched(report: Unwatched) -> bool:
        network = report.network
        return network is not None and any(_holds(other, network) for other in watched)

    kept = tuple(report for report in finding.unwatched if not is_watched(report))
    return finding if len(kept) == len(finding.unwatched) else replace(finding, unwatched=kept)


def _holds(outer: Network, inner: Network) -> bool:
    return outer.version == inner.version and inner.network_address in outer and inner.broadcast_address in outer
