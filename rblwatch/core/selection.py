"""Which lists are asked about which server.

Owns the meaning of `use`, `skip`, `override` and keys, over a catalogue. Must not know where the catalogue is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from rblwatch.core.blocklist import Blocklist, Kind, Pace
from rblwatch.core.matching import Refusal
from rblwatch.core.override import overridden
from rblwatch.core.retired import Retired, by_name, exhumed, looked_up
from rblwatch.core.settings import Lists, Secret, Server

RECOMMENDED = "recommended"
ALL = "all"
SETS = (RECOMMENDED, ALL)


class Access(StrEnum):
    """What an operator wants before a list answers."""

    FREE = "free"
    REGISTRATION = "registration"  # of the asking address
    KEY = "key"  # a part of the name asked
    PAID = "paid"


@dataclass(frozen=True, slots=True)
class KeyForm:
    """How a key becomes a part of the names that are asked."""

    account: str
    """What the key is for: lists of one account take the same key."""
    template: str
    """The whole name: `{rev}` is the target, `{key}` the key, before the zone or before the target."""
    pace: Pace | None = None
    """How fast a list may be asked with a key, where that is another pace than without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry:
    """A list of the catalogue, and how it is offered."""

    blocklist: Blocklist
    recommended: bool
    confidence: str = ""
    evidence: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Where each constant comes from, by what it is: zone, codes, refusals, self-test, key, pace."""
    homepage: str = ""
    access: Access = Access.FREE
    key: KeyForm | None = None
    """None where a key changes nothing."""
    policy: str = ""
    expiry: str = ""
    """How an entry ends, in words."""
    doubt: str = ""
    """What of all this is not certain, in words."""
    covered_by: str = ""
    """The id of another list whose answer says all that this one's says."""
    refusals: tuple[tuple[Refusal, str], ...] = ()
    """What the list's own "you may not ask" answers mean, in words."""

    @property
    def askable(self) -> bool:
        """Whether it can be asked as things are: what wants a key, or money, only with a key."""
        return self.access in (Access.FREE, Access.REGISTRATION) or self.blocklist.keyed


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The lists that come with the program, by id; and those that must not be asked any more."""

    entries: dict[str, CatalogueEntry] = field(default_factory=dict)
    retired: tuple[Retired, ...] = ()
    _graves: dict[str, Retired] = field(init=False, repr=False, compare=False)
    """The retired ones by name: every custom list of every server is looked up."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_graves", by_name(self.retired))

    def ids(self, names: Iterable[str]) -> tuple[str, ...]:
        """The ids that names and sets stand for, in order, each once; unknown names are left out.

        A set holds what can be asked: lists that want a key are in it once the catalogue is `unlocked`.
        """
        found: dict[str, None] = {}
        for name in names:
            if name in SETS:
                found.update((i, None) for i, entry in self.entries.items() if _is_in(entry, name))
            elif name in self.entries:
                found[name] = None
        return tuple(found)

    def retired_as(self, name: str) -> Retired | None:
        """The retired list that an id or a zone stands for."""
        return looked_up(name, self._graves)


def _is_in(entry: CatalogueEntry, name: str) -> bool:
    return entry.askable and (name == ALL or entry.recommended)


def unlocked(catalogue: Catalogue, keys: Mapping[str, Secret]) -> Catalogue:
    """The catalogue with keys in the names of the lists that take them; a list's own key wins over its account's."""
    if not keys:
        return catalogue
    entries = {}
    for name, entry in catalogue.entries.items():
        key = keys.get(name) or (keys.get(entry.key.account) if entry.key is not None else None)
        entries[name] = entry if key is None or entry.key is None else _with_key(entry, entry.key, key.reveal())
    return replace(catalogue, entries=entries)


def key_names(catalogue: Catalogue) -> tuple[str, ...]:
    """What keys can be given for: accounts, and lists."""
    forms = {name: entry.key for name, entry in catalogue.entries.items() if entry.key is not None}
    return tuple(dict.fromkeys([*(form.account for form in forms.values()), *forms]))


def _with_key(entry: CatalogueEntry, form: KeyForm, key: str) -> CatalogueEntry:
    is_first = form.template.startswith("{key}.{rev}.")
    zone = form.template.removeprefix("{key}.{rev}." if is_first else "{rev}.")
    blocklist = replace(
        entry.blocklist,
        zone=zone.replace("{key}", key),
        key_first=key if is_first else "",
        public_zone=zone.replace("{key}.", ""),
        keyed=True,
        lacks_key=False,
        account=form.account,
        pace=form.pace or entry.blocklist.pace,
    )
    return replace(entry, blocklist=blocklist)


def asked_twice(catalogue: Catalogue, blocklists: Iterable[Blocklist]) -> dict[str, str]:
    """Which of some lists need not be asked, each with the one of them whose answer says the same."""
    asked = {blocklist.id: blocklist for blocklist in blocklists}
    known = {(entry.blocklist.shown_zone, entry.blocklist.kind): entry for entry in catalogue.entries.values()}
    first: dict[tuple[str, Kind], str] = {}
    found: dict[str, str] = {}
    for name, blocklist in asked.items():
        zone = (blocklist.shown_zone, blocklist.kind)
        entry = catalogue.entries.get(name) or known.get(zone)
        twin = first.setdefault(zone, name)
        if twin != name:
            found[name] = twin
        elif entry is not None and entry.covered_by in asked:
            found[name] = entry.covered_by
    return found


def as_configured(catalogue: Catalogue, lists: Lists, servers: Iterable[Server] = ()) -> Catalogue:
    """The catalogue as an admin reads it: with the overrides, and his own lists after the others.

    His own are the custom lists, and the retired ones that `lists` or one of the servers asks for all the same.
    """
    opened = unlocked(catalogue, lists.keys)
    known = {i: replace(entry, blocklist=_as_wanted(entry.blocklist, lists)) for i, entry in opened.entries.items()}
    own = {c.id: CatalogueEntry(blocklist=_as_wanted(c, lists), recommended=False) for c in lists.custom}
    raised = {
        c.id: CatalogueEntry(blocklist=_as_wanted(c, lists), recommended=False)
        for c in _raised(catalogue, lists, (*lists.use, *(name for server in servers for name in server.use)))
    }
    return replace(opened, entries=known | own | raised)


def default_lists(catalogue: Catalogue, lists: Lists) -> tuple[Blocklist, ...]:
    """The lists that servers without `use` of their own are asked on: the configured ones, and all of the admin's own.

    His own are the custom lists, and the retired ones that he forces, or that are only suspect.
    """
    return _chosen(catalogue, lists, lists.use, lists.skip, own=_own(catalogue, lists, lists.use))


def server_lists(catalogue: Catalogue, lists: Lists, server: Server) -> tuple[Blocklist, ...]:
    """The lists that one server is asked on."""
    if server.use:
        own = [owned for owned in _own(catalogue, lists, server.use) if owned.id in server.use]
        return _chosen(catalogue, lists, server.use, (*lists.skip, *server.skip), own=own)
    skipped = (*unlocked(catalogue, lists.keys).ids(server.skip), *server.skip)
    return tuple(chosen for chosen in default_lists(catalogue, lists) if chosen.id not in skipped)


def is_buried(catalogue: Catalogue, lists: Lists, custom: Blocklist) -> Retired | None:
    """The retired list that a custom one is, where it is therefore not asked."""
    retired = catalogue.retired_as(custom.zone)
    if retired is None or not retired.refused or {custom.id, custom.zone, retired.id, retired.zone} & set(lists.force):
        return None
    return retired


def _chosen(
    catalogue: Catalogue, lists: Lists, names: Iterable[str], skip: Iterable[str], *, own: Iterable[Blocklist]
) -> tuple[Blocklist, ...]:
    skip = tuple(skip)
    opened = unlocked(catalogue, lists.keys)
    skipped = {*skip, *opened.ids(skip)}
    from_catalogue = [opened.entries[i].blocklist for i in opened.ids(names) if i not in skipped]
    owned = [owned for owned in own if owned.id not in skipped]
    return tuple(_as_wanted(chosen, lists) for chosen in (*from_catalogue, *owned))


def _own(catalogue: Catalogue, lists: Lists, named: Iterable[str]) -> tuple[Blocklist, ...]:
    custom = [custom for custom in lists.custom if is_buried(catalogue, lists, custom) is None]
    return (*custom, *_raised(catalogue, lists, named))


def _raised(catalogue: Catalogue, lists: Lists, named: Iterable[str]) -> tuple[Blocklist, ...]:
    """The retired lists that are asked all the same, but for those that a custom list describes."""
    described = {name for custom in lists.custom for name in (custom.id, custom.zone)}
    found = []
    for name in dict.fromkeys((*lists.force, *named)):
        retired = None if name in catalogue.entries else catalogue.retired_as(name)
        if retired is not None and (name in lists.force or not retired.refused):
            found.append(replace(exhumed(retired, name), id=name))
    return tuple(raised for raised in found if not {raised.id, raised.zone} & described)


def _as_wanted(blocklist: Blocklist, lists: Lists) -> Blocklist:
    override = lists.override.get(blocklist.id)
    return blocklist if override is None else overridden(blocklist, override)
