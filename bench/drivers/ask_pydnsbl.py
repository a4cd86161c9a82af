"""Ask pydnsbl about one address on one list."""

import asyncio
import sys

from aimed import aim, said
from pydnsbl import DNSBLIpChecker, providers

host, port, zone, address = sys.argv[1:]


async def ask() -> str:
    aim(host, port)
    checker = DNSBLIpChecker(providers=[providers.Provider(zone)], loop=asyncio.get_running_loop())
    result = await checker.check_async(address)
    return said(listed=result.blacklisted, failed=result.failed_providers)


print(asyncio.run(ask()))
