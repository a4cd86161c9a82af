"""What the tests of the resolver have in common: settings, lists, batches."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import islice

from rblwatch.core.blocklist import Blocklist, Pace, bare
from rblwatch.core.plan import Batch
from rblwatch.core.settings import Resolver
from rblwatch.core.soundness import fresh_point, probes
from rblwatch.core.target import Family, Target, expand, parse_range
from rblwatch.resolver import Engine

ZONE = "bl.example"
#: What `probes` asks of an IPv4 list: its listed point, its clear one, a fresh one.
PROBES = 3


def new_engine(*nameservers: object, budget_s: float = 4.0, queries_per_second: float = 0) -> Engine:
    """An engine that asks these nameservers; a question has this many seconds."""
    return Engine(
        Resolver(
            nameservers=tuple(str(nameserver) for nameserver in nameservers),
            timeout=timedelta(seconds=budget_s / 2),
            attempts=2,
            queries_per_second=queries_per_second,
        )
    )


def new_list(zone: str = ZONE, *, per_second: float | None = None, keyed: bool = False) -> Blocklist:
    return replace(bare(zone), pace=Pace(per_second), keyed=keyed)


def addresses(count: int, network: str = "198.18.0.0/16") -> list[Target]:
    """The first addresses of a range."""
    return list(islice(expand(parse_range(network)), count))


#: A list of which only the zone is known.
LIST = new_list()


def new_batch(blocklist: Blocklist, targets: Iterable[Target] = (), *, nameserver: object = None) -> Batch:
    """A batch with its probes; the family is that of the targets."""
    wanted = list(targets)
    family = wanted[0].family if wanted else Family.IPV4
    return Batch(
        blocklist=blocklist,
        family=family,
        probes=probes(blocklist, family, fresh_point(family, 5)),
        targets=wanted,
        nameserver=None if nameserver is None else str(nameserver),
    )


def unprobed(blocklist: Blocklist, targets: Iterable[Target], *, nameserver: object = None) -> Batch:
    """A batch without probes: its targets are asked in any case."""
    return replace(new_batch(blocklist, targets, nameserver=nameserver), probes=())
