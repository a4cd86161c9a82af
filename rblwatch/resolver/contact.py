"""Whether a nameserver takes a question over TCP.

Owns this one question, and what the kernel's words about it mean. Must not ask about any name but a reserved one.
"""

from __future__ import annotations

import asyncio
import errno
import os

from rblwatch.core import settings
from rblwatch.core.examination import Contact
from rblwatch.resolver import wire
from rblwatch.resolver.nameservers import chosen_nameservers, parse_nameserver
from rblwatch.resolver.tcp import converse

#: Resolvers answer it themselves. Source: RFC 6761 section 6.4.
_NOWHERE = "invalid"
#: The kernel knows no way there, or has no address of the family to start from.
_NO_WAY = frozenset({errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})


class KnownNameservers:
    """Implements `ports.Nameservers`."""

    def __init__(self, resolver: settings.Resolver) -> None:
        """Take the settings in.

        Raises: NotANameserver; NoNameserver.
        """
        self.all = tuple(map(str, chosen_nameservers(resolver.nameservers)))
        self._timeout_s = resolver.timeout.total_seconds()

    async def over_tcp(self, nameserver: str) -> Contact:
        """Ask once; see `ports.Nameservers`."""
        section = wire.ending(_NOWHERE, wire.A, keyed=False)
        try:
            async with asyncio.timeout(self._timeout_s):
                await converse(parse_nameserver(nameserver), os.urandom(2), section)
        except TimeoutError:
            return Contact.SILENT
        except (OSError, EOFError) as error:
            no_way = isinstance(error, OSError) and error.errno in _NO_WAY
            return Contact.UNREACHABLE if no_way else Contact.CLOSED
        return Contact.ANSWERED
