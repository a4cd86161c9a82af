"""Asks: the wire engine for DNS lists, and the look-up of ordinary names. dnspython is used here only."""

from rblwatch.resolver.contact import KnownNameservers
from rblwatch.resolver.engine import Engine
from rblwatch.resolver.exchange import Closed
from rblwatch.resolver.names import AddressLookup, RecordLookup
from rblwatch.resolver.nameservers import NoNameserver, NotANameserver

__all__ = [
    "AddressLookup",
    "Closed",
    "Engine",
    "KnownNameservers",
    "NoNameserver",
    "NotANameserver",
    "RecordLookup",
]
