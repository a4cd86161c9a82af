"""Ask async-dnsbl-client about one address on one list."""

import asyncio
import sys

from aimed import aim, said
from async_dnsbl_client import dnsbl

host, port, zone, address = sys.argv[1:]


async def ask() -> str:
    aim(host, port)
    return said(listed=await dnsbl(address, [zone]), failed=False)


print(asyncio.run(ask()))
