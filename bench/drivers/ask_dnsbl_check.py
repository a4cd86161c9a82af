"""Ask dnsbl-check about one address on one list; it knows the refusals of Spamhaus, so that list is one of Spamhaus."""

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from aimed import aim, said

host, port, zone, address = sys.argv[1:]
aim(host, port)
# Its modules import each other without their package's name.
sys.path.insert(0, str(Path(find_spec("dnsbl_check").origin).parent))
is_spamhaus = zone.startswith("public.")
kind = import_module("provider_config").ProviderZenSpamhaus if is_spamhaus else import_module("provider").Provider
kind.HOST = zone

with import_module("checker").CheckIP(providers=[kind()]) as checker:
    result = checker.check(address)
print(said(listed=result.detected, failed=result.failed_providers or result.general_errors))
