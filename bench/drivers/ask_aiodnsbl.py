"""Ask aiodnsbl about one address on one list."""

import asyncio
import sys

from aimed import aim, said
from aiodnsbl import DNSBLChecker
from aiodnsbl.providers import Provider

host, port, zone, address = sys.argv[1:]


async def ask() -> str:
    aim(host, port)
    result = await DNSBLChecker(providers=[Provider(zone)]).check(address)
    return said(listed=result.blacklisted, failed=result.failed_providers)


print(asyncio.run(ask()))
