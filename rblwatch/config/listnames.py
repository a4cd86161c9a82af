"""The names of lists in a configuration: which are known, which are retired, and what is asked for nothing.

Owns the reading of a list's name and the warnings about what a name stands for. Must not choose the lists of a server:
that is `core.selection`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rblwatch.config import values
from rblwatch.config.problems import BadValue
from rblwatch.config.table import Table
from rblwatch.config.wording import nearest, quoted
from rblwatch.core.blocklist import Blocklist
from rblwatch.core.retired import Retired, obituary
from rblwatch.core.selection import (
    ALL,
    SETS,
    Access,
    Catalogue,
    asked_twice,
    default_lists,
    is_buried,
    key_names,
    server_lists,
    unlocked,
)
from rblwatch.core.settings import Lists, Secret, Server

_LIST = "list"
#: A key is a label of a DNS name. Source: RFC 1035 section 2.3.4; the operators' own are letters and digits.
_KEY = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)", re.ASCII)
_UNLESS = "it is not asked, unless `force` names it"
_ALL_THE_SAME = "it is asked all the same"


@dataclass(frozen=True, slots=True)
class ListNames:
    """What may stand where a configuration names a list."""

    catalogue: Catalogue
    customs: tuple[str, ...] = ()

    @property
    def known(self) -> tuple[str, ...]:
        """Sets, ids of the catalogue, and custom lists."""
        return (*SETS, *self.catalogue.entries, *self.customs)

    def any_name(self, value: object) -> str:
        """A name in `use` or `skip`: a retired list is no mistake, only nothing that is asked."""
        name = values.name(value)
        if self.retired_as(name) is not None:
            return name
        return values.known_name(self.known, _LIST)(value)

    def single(self, value: object) -> str:
        """The name of one list that may be asked, a retired one included."""
        name = values.name(value)
        if self.retired_as(name) is not None:
            return name
        return values.known_name([name for name in self.known if name not in SETS], _LIST)(value)

    def forced(self, value: object) -> str:
        """The id or zone of a retired list, or a custom list whose zone is one."""
        name = list_id(value)
        if name in self.known or self.catalogue.retired_as(name) is not None:
            return name
        near = nearest(name, [retired.id for retired in self.catalogue.retired])
        raise BadValue(f"no retired list is called {quoted(name)}{near or '; docs/blocklists.md names them'}")

    def retired_as(self, name: str) -> Retired | None:
        """The retired list that a name means; what an admin has described himself is his."""
        return None if name in self.known else self.catalogue.retired_as(name)


def list_id(value: object) -> str:
    """What can be the id of a list: its zone can."""
    name = values.name(value)
    if name != name.lower() or not name.isascii() or not name.replace("-", "").replace(".", "").isalnum():
        raise BadValue(f"{quoted(name)} is not an id; write lower-case letters, digits, '-' and '.'")
    return name


def read_key(secret: Secret) -> Secret:
    """A key that fits into a DNS name.

    Raises: BadValue, which never holds the key.
    """
    if not _KEY.fullmatch(secret.reveal()):
        raise BadValue("is not a key: it becomes a part of a DNS name, so it is 1 to 63 letters, digits, '-' or '_'")
    return secret


def need_key_name(catalogue: Catalogue, name: str) -> None:
    """See that there is something that a key can be for.

    Raises: BadValue.
    """
    known = key_names(catalogue)
    if name in known:
        return
    if name in catalogue.entries:
        raise BadValue(f"the list '{name}' takes no key")
    raise BadValue(f"nothing takes a key called {quoted(name)}{nearest(name, known)}")


def warn_of_lists(table: Table, rows: Sequence[Table], lists: Lists, names: ListNames) -> None:
    """Tell what the section names in vain: retired lists, lists without their key, lists that are asked twice."""
    _warn_of_names(table, lists, names, lists.use)
    for position, name in enumerate(lists.force):
        if (retired := names.catalogue.retired_as(name)) is not None:
            table.warn("force", f"{obituary(retired, name)}; {_ALL_THE_SAME}", position)
        elif name not in {custom.id for custom in lists.custom}:
            table.warn("force", f"'{name}' is not retired; what is asked stands in `use`", position)
    for row, custom in _customs(rows, lists):
        if (retired := names.catalogue.retired_as(custom.zone)) is not None:
            buried = is_buried(names.catalogue, lists, custom) is not None
            fate = f"it is not asked, unless `force` names '{custom.id}'" if buried else _ALL_THE_SAME
            row.warn("zone", f"{obituary(retired, custom.zone)}; {fate}")
    _warn_of_twins(table, names.catalogue, lists, default_lists(names.catalogue, lists))


def warn_of_server_lists(rows: Sequence[Table], servers: Sequence[Server], lists: Lists, names: ListNames) -> None:
    """Tell the same of the lists that single servers name."""
    for row, server in zip(rows, servers, strict=True):
        if server.use:
            _warn_of_names(row, lists, names, server.use)
            _warn_of_twins(row, names.catalogue, lists, server_lists(names.catalogue, lists, server))


def _customs(rows: Sequence[Table], lists: Lists) -> Iterable[tuple[Table, Blocklist]]:
    by_id = {custom.id: custom for custom in lists.custom}
    return ((row, by_id[name]) for row in rows if isinstance(name := row.raw("id"), str) and name in by_id)


def _warn_of_names(table: Table, lists: Lists, names: ListNames, used: Sequence[str]) -> None:
    opened = unlocked(names.catalogue, lists.keys)
    for position, name in enumerate(used):
        retired = names.retired_as(name)
        entry = opened.entries.get(name)
        if name == ALL:
            _warn_of_registration(table, opened, lists, position)
        elif retired is not None and name not in lists.force:
            table.warn("use", f"{obituary(retired, name)}; {_UNLESS if retired.refused else _ALL_THE_SAME}", position)
        elif entry is not None and entry.blocklist.lacks_key and entry.key is not None:
            wanted = f"set keys.{entry.key.account} in [blocklists]"
            table.warn("use", f"'{name}' answers only with a key, so nothing will be known from it; {wanted}", position)
        elif entry is not None and entry.access is Access.REGISTRATION:
            what = "register the address of your resolver with its operator"
            table.warn("use", f"'{name}' answers registered resolvers only; {what} (`lists show {name}`)", position)


def _warn_of_registration(table: Table, catalogue: Catalogue, lists: Lists, position: int) -> None:
    everything = ((name, catalogue.entries[name].access) for name in catalogue.ids([ALL]))
    wanting = [name for name, access in everything if access is Access.REGISTRATION and name not in lists.skip]
    if wanting:
        said = f"includes lists that answer registered resolvers only: {', '.join(wanting)}"
        remedy = "register the address of your resolver with their operators, or put them into `skip`"
        table.warn("use", f"{said}; {remedy}", position)


def _warn_of_twins(table: Table, catalogue: Catalogue, lists: Lists, asked: Iterable[Blocklist]) -> None:
    twins = asked_twice(unlocked(catalogue, lists.keys), asked)
    if twins:
        said = ", ".join(f"'{name}' ('{cover}' says the same)" for name, cover in twins.items())
        table.warn("use", f"asks twice over: {said}; put the first of each pair into `skip`")
