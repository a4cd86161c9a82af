"""The `[[servers]]` section.

Owns the reading of registered servers and what is remarkable about them. Must not look anything up: names become
targets elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence

from rblwatch.config import values
from rblwatch.config.listnames import ListNames
from rblwatch.config.table import Table
from rblwatch.core.settings import Server
from rblwatch.core.target import Network, remark

#: At least one of these makes a server something to watch.
WHERE = ("addresses", "hostnames", "senders_of", "domains")


def read_servers(root: Table, rows: Sequence[Table], names: ListNames) -> tuple[Server, ...]:
    """Read the servers; problems are the tables'."""
    servers = tuple(_read_server(row, names) for row in rows)
    refuse_doubles(rows, "servers")
    if not rows:
        root.warn("servers", "no server is registered, so nothing is watched; add one with [[servers]]")
    return servers


def refuse_doubles(rows: Sequence[Table], section: str) -> None:
    """Refuse a name that an earlier table of the section has."""
    first: dict[object, int] = {}
    for position, row in enumerate(rows):
        name = row.raw("name")
        if not isinstance(name, str):
            continue
        if name in first:
            row.refuse("name", f"'{name}' is the name of {section}[{first[name]}] already; write another")
        first.setdefault(name, position)


def _read_server(row: Table, names: ListNames) -> Server:
    server = Server(
        name=row.need("name", values.name, ""),
        networks=row.each("addresses", values.network),
        hostnames=row.each("hostnames", values.domain),
        senders_of=row.each("senders_of", values.domain),
        domains=row.each("domains", values.domain),
        tags=tuple(dict.fromkeys(row.each("tags", values.name))),
        use=row.each("use", names.any_name),
        skip=row.each("skip", names.any_name),
    )
    if not any(row.raw(key) for key in WHERE):
        row.refuse(None, f"has nothing to watch; give at least one of {', '.join(WHERE)}")
    for position, network in enumerate(server.networks):
        _remark(row, position, network)
    return server


def _remark(row: Table, position: int, network: Network) -> None:
    said = remark(network.network_address)
    if said is None:
        return
    place = f"'{network.network_address}' is" if network.num_addresses == 1 else f"'{network}' begins with"
    row.warn("addresses", f"{place} {said}, which no blocklist has; it is watched all the same", position)
