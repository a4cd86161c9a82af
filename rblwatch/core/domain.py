"""Registered domain names as targets, and which domain list is asked about which of them.

Owns the choice between a name and its registrable part. Must not know the list of public suffixes.

Some lists know registrable domains only (SURBL, URIBL): about `mail.example.org` they are asked `example.org`. Others
know any name, and are asked about both: a listing of the domain above hits mail as well. No list is asked about a
public suffix, which is nobody's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from rblwatch.core.blocklist import Blocklist
from rblwatch.core.soundness import carries_kind
from rblwatch.core.target import Family, Target


@dataclass(frozen=True, slots=True)
class Domains:
    """The names that are asked for some registered ones."""

    targets: tuple[Target, ...]
    """The registered names, each followed by its registrable part, each once."""
    registrable: frozenset[Target]
    """Those of them that somebody registered as they are."""
    suffixes: tuple[Target, ...] = ()
    """Registered in the configuration, and public suffixes: not asked about."""


NO_DOMAINS = Domains((), frozenset())


def domains_of(names: Iterable[Target], registrable: Callable[[Target], Target | None]) -> Domains:
    """Work out which names are asked; `registrable` gives None for a public suffix."""
    targets: dict[Target, None] = {}
    parts: set[Target] = set()
    suffixes: dict[Target, None] = {}
    for name in names:
        part = registrable(name)
        if part is None:
            suffixes[name] = None
            continue
        targets |= {name: None, part: None}
        parts.add(part)
    return Domains(tuple(targets), frozenset(parts), tuple(suffixes))


def takes(blocklist: Blocklist, target: Target, registrable: Collection[Target]) -> bool:
    """Whether a list is asked about a target, of those that it is to be asked about; `registrable` are whole domains.

    An address never goes to a domain list, nor a name to an address list.
    """
    if not carries_kind(blocklist, target.family):
        return False
    return target.family is not Family.NAME or not blocklist.registrable or target in registrable
