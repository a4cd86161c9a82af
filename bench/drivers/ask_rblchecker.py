"""Ask cyberfusion's rblchecker about one address on one list."""

import logging
import sys
from ipaddress import ip_address

import dns.resolver
from cyberfusion.RBLChecker.checkers import DNSChecker

host, port, zone, address = sys.argv[1:]
logging.disable()
dns.resolver.default_resolver = dns.resolver.Resolver(configure=False)
dns.resolver.default_resolver.nameservers = [host]
dns.resolver.default_resolver.port = int(port)

listed, _, _ = DNSChecker(ip_address(address), zone).check()
print("L" if listed else "c")
