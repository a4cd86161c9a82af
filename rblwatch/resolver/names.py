"""Looks up the addresses of ordinary names.

Owns A and AAAA look-ups of host names, through the same nameservers as the lists. Must not ask a list.
"""

from __future__ import annotations

import asyncio
import logging

import dns.asyncresolver
import dns.exception
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver

from rblwatch.core import settings
from rblwatch.core.target import Target, parse_address
from rblwatch.resolver.nameservers import chosen_nameservers

log = logging.getLogger(__name__)


class AddressLookup:
    """Implements `ports.Names`."""

    def __init__(self, resolver: settings.Resolver) -> None:
        """Take the settings in.

        Raises: NotANameserver; NoNameserver.
        """
        self._resolver = dns.asyncresolver.Resolver(configure=False)
        nameservers = chosen_nameservers(resolver.nameservers)
        self._resolver.nameservers = [dns.nameserver.Do53Nameserver(one.host, one.port) for one in nameservers]
        self._resolver.timeout = resolver.timeout.total_seconds()
        # Time for every attempt, and for every nameserver: the first ones may be gone.
        self._resolver.lifetime = self._resolver.timeout * max(resolver.attempts, len(nameservers))

    async def addresses(self, name: Target) -> tuple[Target, ...] | None:
        """The A records, then the AAAA records of a name, each in ascending order; see `ports.Names`."""
        answers = await asyncio.gather(self._ask(name, dns.rdatatype.A), self._ask(name, dns.rdatatype.AAAA))
        found: tuple[Target, ...] = ()
        for answer in answers:
            if answer is None:
                return None
            found += tuple(sorted(answer))
        return found

    async def _ask(self, name: Target, kind: dns.rdatatype.RdataType) -> list[Target] | None:
        try:
            # The final dot keeps the name from being looked for below the machine's own domain.
            answer = await self._resolver.resolve(f"{name.text}.", kind, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN:
            return []
        except (dns.exception.DNSException, OSError) as error:
            log.debug("resolver.name_failed", extra={"hostname": name.text, "cause": type(error).__name__})
            return None
        return [parse_address(record.to_text()) for record in answer.rrset or ()]
