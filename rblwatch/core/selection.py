"""Which lists are asked about which server.

Owns the meaning of `use`, `skip`, `override` and keys, over a catalogue. Must not know where the catalogue is stored.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from rblwatch.core.blocklist import Blocklist, Refusal, overridden
from rblwatch.core.settings import Lists, Server

RECOMMENDED = "recommended"
ALL = "all"
SETS = (RECOMMENDED, ALL)


class Access(StrEnum):
    """What an operator wants before a list answers."""

    FREE = "free"
    REGISTRATION = "registration"  # of the asking address
    KEY = "key"  # a part of the name asked
    PAID = "paid"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry:
    """A list of the catalogue, and how it is offered."""

    blocklist: Blocklist
    recommended: bool
    confidence: str = ""
    evidence: tuple[str, ...] = ()
    homepage: str = ""
    access: Access = Access.FREE
    key_template: str = ""
    """The zone to ask with a key, `{key}` in its place; empty where a key changes nothing."""
    policy: str = ""
    expiry: str = ""
    """How an entry ends, in words."""
    refusals: tuple[tuple[Refusal, str], ...] = ()
    """What the list's own "you may not ask" answers mean, in words."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The lists that come with the program, by id."""

    entries: dict[str, CatalogueEntry] = field(default_factory=dict)

    def ids(self, names: Iterable[str]) -> tuple[str, ...]:
        """The ids that names and sets stand for, in order, each once; unknown names are left out."""
        found: dict[str, None] = {}
        for name in names:
            if name in SETS:
                found.update((i, None) for i, entry in self.entries.items() if name == ALL or entry.recommended)
            elif name in self.entries:
                found[name] = None
        return tuple(found)


def as_configured(catalogue: Catalogue, lists: Lists) -> Catalogue:
    """The catalogue as an admin reads it: with the overrides, and the custom lists after the others."""
    known = {i: replace(entry, blocklist=_as_wanted(entry.blocklist, lists)) for i, entry in catalogue.entries.items()}
    custom = {c.id: CatalogueEntry(blocklist=_as_wanted(c, lists), recommended=False) for c in lists.custom}
    return Catalogue(known | custom)


def default_lists(catalogue: Catalogue, lists: Lists) -> tuple[Blocklist, ...]:
    """The lists that servers without `use` of their own are asked on: the configured ones, and every custom list."""
    return _chosen(catalogue, lists, lists.use, lists.skip, customs=[custom.id for custom in lists.custom])


def server_lists(catalogue: Catalogue, lists: Lists, server: Server) -> tuple[Blocklist, ...]:
    """The lists that one server is asked on."""
    if server.use:
        customs = [custom.id for custom in lists.custom if custom.id in server.use]
        return _chosen(catalogue, lists, server.use, (*lists.skip, *server.skip), customs=customs)
    skipped = catalogue.ids(server.skip) + server.skip
    return tuple(chosen for chosen in default_lists(catalogue, lists) if chosen.id not in skipped)


def _chosen(
    catalogue: Catalogue, lists: Lists, names: Iterable[str], skip: Iterable[str], *, customs: list[str]
) -> tuple[Blocklist, ...]:
    skip = tuple(skip)
    skipped = {*skip, *catalogue.ids(skip)}
    from_catalogue = [catalogue.entries[i].blocklist for i in catalogue.ids(names) if i not in skipped]
    custom = [custom for custom in lists.custom if custom.id in customs and custom.id not in skipped]
    return tuple(_as_wanted(chosen, lists) for chosen in (*from_catalogue, *custom))


def _as_wanted(blocklist: Blocklist, lists: Lists) -> Blocklist:
    override = lists.override.get(blocklist.id)
    return blocklist if override is None else overridden(blocklist, override)
