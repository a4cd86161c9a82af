"""Everything that is watched: which targets stand under which servers, and which list is asked about which of them.

Owns the step from settings and a catalogue to the pairs that are asked. Targets and lists are never
multiplied out: lists that are asked about the same servers share one set of targets. Must not know what was stored.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rblwatch.core.blocklist import Blocklist
from rblwatch.core.domain import domains_of, takes
from rblwatch.core.finding import origins_of
from rblwatch.core.plan import slice_of
from rblwatch.core.retired import Retired
from rblwatch.core.selection import Catalogue, server_lists
from rblwatch.core.settings import Settings
from rblwatch.core.soundness import carries_kind
from rblwatch.core.target import Family, Target, expand


@dataclass(frozen=True, slots=True)
class Slice:
    """The targets of one family that a list is asked about, and whose ids fall into one slice."""

    number: int
    targets: tuple[Target, ...]
    bits: int
    """Bitmap of the targets' ids within the slice."""


@dataclass(frozen=True, slots=True)
class Watchlist:
    """What is watched, as configured."""

    blocklists: Mapping[str, Blocklist]
    servers: Mapping[Target, tuple[str, ...]]
    """The servers that each target stands under, in the configuration's order."""
    tags: Mapping[str, frozenset[str]]
    """By server."""
    asked_for: Mapping[str, frozenset[str]]
    """By list: the servers whose targets are asked about."""
    retired: tuple[Retired, ...] = ()
    """Lists that must not be asked any more."""
    registrable: frozenset[Target] = frozenset()
    """The names that are whole domains: some lists know no others."""
    suffixes: Mapping[Target, tuple[str, ...]] = field(default_factory=dict)
    """Registered, and public suffixes, which no list is asked about; each with its servers."""
    named: frozenset[str] = frozenset()
    """Servers with names that are looked up: their targets may change."""

    def tags_of(self, target: Target) -> frozenset[str]:
        """All tags of the servers that a target stands under."""
        return frozenset().union(*(self.tags[name] for name in self.servers.get(target, ())))

    def asks(self, blocklist: str, target: Target) -> bool:
        """Whether a list is asked about a target."""
        description = self.blocklists.get(blocklist)
        servers = self.servers.get(target, ())
        return (
            description is not None
            and takes(description, target, self.registrable)
            and not self.asked_for[blocklist].isdisjoint(servers)
        )

    def alike(self, target: Target) -> Hashable:
        """What decides which lists are asked about a target: where it is equal, they are the same."""
        return self.servers.get(target, ()), target.family, target in self.registrable

    def families(self, blocklist: str) -> frozenset[Family]:
        """The families of targets that a list is asked about."""
        return frozenset(family for family in Family if carries_kind(self.blocklists[blocklist], family))


def _as_registered(name: Target) -> Target | None:
    """Take every name for a whole domain, where nobody knows the list of public suffixes."""
    return name


def watch(
    settings: Settings, catalogue: Catalogue, registrable: Callable[[Target], Target | None] = _as_registered
) -> Watchlist:
    """Work out what a configuration watches, apart from what is found by name.

    `registrable` gives the part of a name that somebody registered, None for a public suffix.
    """
    servers: dict[Target, tuple[str, ...]] = {}
    suffixes: dict[Target, tuple[str, ...]] = {}
    parts: set[Target] = set()
    blocklists: dict[str, Blocklist] = {}
    asked_for: dict[str, set[str]] = {}
    for server in settings.servers:
        domains = domains_of(server.domains, registrable)
        parts |= domains.registrable
        _put_under(server.name, (target for network in server.networks for target in expand(network)), servers)
        _put_under(server.name, domains.targets, servers)
        _put_under(server.name, domains.suffixes, suffixes)
        for blocklist in server_lists(catalogue, settings.lists, server):
            blocklists[blocklist.id] = blocklist
            asked_for.setdefault(blocklist.id, set()).add(server.name)
    return Watchlist(
        blocklists,
        _shared(servers),
        {server.name: frozenset(server.tags) for server in settings.servers},
        {blocklist: frozenset(names) for blocklist, names in asked_for.items()},
        catalogue.retired,
        frozenset(parts),
        suffixes,
        frozenset(server.name for server in settings.servers if origins_of(server)),
    )


def joined(watchlist: Watchlist, found: Mapping[str, Collection[Target]]) -> Watchlist:
    """The watchlist with what was found by the names of its servers, after what is registered as it is."""
    if not any(found.values()):
        return watchlist
    servers = dict(watchlist.servers)
    for server in watchlist.tags:
        _put_under(server, found.get(server, ()), servers)
    rank = {server: number for number, server in enumerate(watchlist.tags)}
    for target in {target for server in watchlist.tags for target in found.get(server, ())}:
        servers[target] = tuple(sorted(servers[target], key=rank.__getitem__))
    return replace(watchlist, servers=_shared(servers))


def _put_under(server: str, targets: Iterable[Target], servers: dict[Target, tuple[str, ...]]) -> None:
    for target in targets:
        before = servers.get(target, ())
        if server not in before:
            servers[target] = (*before, server)


@dataclass(frozen=True, slots=True)
class Roster:
    """A watchlist whose targets have the ids that they are stored under, cut into slices."""

    watchlist: Watchlist
    ids: Mapping[Target, int]
    slices: Mapping[tuple[str, Family], tuple[Slice, ...]]
    """By list and family; lists that are asked about the same servers share their slices."""

    def batches(self) -> Iterator[tuple[Blocklist, Family, Slice]]:
        """All that a full round asks."""
        for (blocklist, family), slices in self.slices.items():
            for part in slices:
                yield self.watchlist.blocklists[blocklist], family, part


def enrol(watchlist: Watchlist, ids: Mapping[Target, int]) -> Roster:
    """Cut what is watched into slices, by the ids that its targets are stored under."""
    cut: dict[tuple[frozenset[str], Family, bool], tuple[Slice, ...]] = {}
    slices: dict[tuple[str, Family], tuple[Slice, ...]] = {}
    for blocklist, names in watchlist.asked_for.items():
        whole_only = watchlist.blocklists[blocklist].registrable
        for family in sorted(watchlist.families(blocklist)):
            key = (names, family, whole_only)
            if key not in cut:
                cut[key] = _cut(watchlist, ids, blocklist, family)
            if cut[key]:
                slices[blocklist, family] = cut[key]
    return Roster(watchlist, ids, slices)


def _cut(watchlist: Watchlist, ids: Mapping[Target, int], blocklist: str, family: Family) -> tuple[Slice, ...]:
    members: dict[int, list[Target]] = {}
    bits: dict[int, int] = {}
    for target in watchlist.servers:
        if target.family is family and watchlist.asks(blocklist, target):
            number, bit = slice_of(ids[target])
            members.setdefault(number, []).append(target)
            bits[number] = bits.get(number, 0) | bit
    return tuple(Slice(number, tuple(members[number]), bits[number]) for number in sorted(members))


def _shared(servers: dict[Target, tuple[str, ...]]) -> dict[Target, tuple[str, ...]]:
    """The same mapping, with equal tuples made one object: a /16 has 65,536 of them."""
    seen: dict[tuple[str, ...], tuple[str, ...]] = {}
    return {target: seen.setdefault(names, names) for target, names in servers.items()}


def server_of(names: Sequence[str]) -> str:
    """The server that a target is shown under: the first one."""
    return names[0] if names else ""


def uncovered(watchlist: Watchlist) -> tuple[str, ...]:
    """What is registered and no list is asked about, in words: nothing will ever be known of it."""
    groups = {*watchlist.servers.values(), *watchlist.suffixes.values()}
    asked = {
        (names, family)
        for blocklist, servers in watchlist.asked_for.items()
        for family in watchlist.families(blocklist)
        for names in groups
        if not servers.isdisjoint(names)
    }
    missed: dict[tuple[tuple[str, ...], Family], list[Target]] = {}
    for target, names in watchlist.servers.items():
        if (names, target.family) not in asked:
            missed.setdefault((names, target.family), []).append(target)
    with_targets = {name for names in groups for name in names}
    return (
        *(
            f"no list is asked about {suffix} of {', '.join(names)}: it is a public suffix, which is nobody's"
            for suffix, names in watchlist.suffixes.items()
        ),
        *(f"no list is asked about {_named(found)} of {', '.join(names)}" for (names, _), found in missed.items()),
        *(
            f"no list is asked about {name}: no address of it is registered"
            for name in watchlist.tags
            if name not in with_targets and name not in watchlist.named
        ),
    )


def _named(targets: Sequence[Target]) -> str:
    noun = "names" if targets[0].family is Family.NAME else "addresses"
    return targets[0].text if len(targets) == 1 else f"{len(targets)} {noun}, {targets[0]} the first,"
