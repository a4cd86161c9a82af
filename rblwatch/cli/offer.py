"""Which lists a command can ask, with a configuration or without one.

Owns what a configuration changes for commands that need none. Must not ask anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import click

from rblwatch.cli.terminal import remark
from rblwatch.configured import Configured, load_catalogue
from rblwatch.core.blocklist import Blocklist
from rblwatch.core.request import UnknownList, choose_lists
from rblwatch.core.retired import obituary
from rblwatch.core.selection import RECOMMENDED, Catalogue, as_configured, default_lists
from rblwatch.core.settings import Resolver, Settings
from rblwatch.core.target import Family, Target
from rblwatch.core.watchlist import Watchlist


@dataclass(frozen=True, slots=True)
class Offer:
    """The lists that there are."""

    catalogue: Catalogue
    configured: Configured | None = None
    families: frozenset[Family] = frozenset()
    """Of what is registered."""

    @classmethod
    def of(cls, configured: Configured | None) -> Offer:
        """What there is with this configuration, or with none."""
        if configured is None:
            return cls(load_catalogue())
        families = registered_families(configured.settings, configured.watchlist)
        settings = configured.settings
        return cls(as_configured(configured.catalogue, settings.lists, settings.servers), configured, families)

    @property
    def resolver(self) -> Resolver | None:
        """How the configuration asks."""
        return None if self.configured is None else self.configured.settings.resolver

    @property
    def usual(self) -> tuple[Blocklist, ...]:
        """The lists that are asked when none is named."""
        if self.configured is not None:
            return default_lists(self.configured.catalogue, self.configured.settings.lists)
        return tuple(self.catalogue.entries[i].blocklist for i in self.catalogue.ids([RECOMMENDED]))

    def asked(self, blocklist: Blocklist) -> bool | None:
        """Whether any registered server is asked about on a list; None without a configuration."""
        if self.configured is None:
            return None
        watchlist = self.configured.watchlist
        return blocklist.id in watchlist.blocklists and not watchlist.families(blocklist.id).isdisjoint(self.families)

    def named(self, names: Iterable[str], targets: Iterable[Target] = (), *, option: str) -> tuple[Blocklist, ...]:
        """The lists that ids, sets and zones stand for.

        Raises: click.BadParameter, which names the option.
        """
        names = tuple(names)
        try:
            chosen = choose_lists(self.catalogue, names, targets)
        except UnknownList as error:
            raise click.BadParameter(str(error), param_hint=option) from error
        for name in names:
            retired = None if name in self.catalogue.entries else self.catalogue.retired_as(name)
            if retired is not None:
                remark(f"warning: {obituary(retired, name)}")
        return chosen


def registered_families(settings: Settings, watchlist: Watchlist) -> frozenset[Family]:
    """The families of what is registered; of a host name nobody knows yet which addresses it will have."""
    families = {target.family for target in watchlist.servers}
    if any(server.hostnames or server.senders_of for server in settings.servers):
        families |= {Family.IPV4, Family.IPV6}
    return frozenset(families)
