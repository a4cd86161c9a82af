"""Resolvers that everybody may use, and the addresses that stand in for what a filter hides.

Owns these two tables. Must not know what follows from an address being in one of them.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, ip_address, ip_network

#: Who answers at which addresses. Source: each operator's own page, read on 2026-11-24 in lists that quote them
#: (developers.google.com/speed/public-dns, 1.1.1.1/dns, quad9.net, opendns.com, adguard-dns.io, controld.com,
#: cleanbrowsing.org, publicdns.neustar, dns.watch, dns.yandex.com, dns.he.net, comodo.com/secure-dns,
#: cira.ca/cybersecurity-services/canadian-shield).
_PUBLIC = {
    "Google Public DNS": "8.8.8.8 8.8.4.4 2001:4860:4860::8888 2001:4860:4860::8844",
    "Cloudflare": "1.1.1.0/30 1.0.0.0/30 2606:4700:4700::/64",
    "Quad9": "9.9.9.8/29 149.112.112.8/29 149.112.112.112 2620:fe::/48",
    "OpenDNS (Cisco Umbrella)": "208.67.222.0/24 208.67.220.0/24 2620:119:35::/48 2620:119:53::/48",
    "AdGuard DNS": "94.140.14.0/24 94.140.15.0/24",
    "Control D": "76.76.2.0/24 76.76.10.0/24",
    "CleanBrowsing": "185.228.168.0/24 185.228.169.0/24",
    "Verisign (Vercara)": "64.6.64.6 64.6.65.6 2620:74:1b::1:1 2620:74:1c::2:2",
    "Level 3": "4.2.2.0/29 209.244.0.3 209.244.0.4",
    "DNS.WATCH": "84.200.69.80 84.200.70.40",
    "Yandex DNS": "77.88.8.8 77.88.8.1",
    "Hurricane Electric": "74.82.42.42",
    "Comodo Secure DNS": "8.26.56.26 8.20.247.20",
    "CIRA Canadian Shield": "149.112.121.0/24 149.112.122.0/24",
}
_NETWORKS = [(ip_network(text), name) for name, texts in _PUBLIC.items() for text in texts.split()]

#: What filters answer in the place of what they hide: Umbrella's block pages, "no address", a local network's address.
#: Source: facts/protocol, section 4 (filtering resolver; Pi-hole, captive portals); RFC 1918, RFC 6598, RFC 3927.
_STANDS_IN = tuple(
    IPv4Network(text)
    for text in (
        "146.112.61.104/29",
        "0.0.0.0/32",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "169.254.0.0/16",
    )
)


def public_operator(nameserver: str) -> str | None:
    """Who runs the public resolver at an address; None where it is none that is known here."""
    address = ip_address(nameserver.partition("%")[0])
    return next((name for network, name in _NETWORKS if address in network), None)


def stands_in(address: IPv4Address) -> bool:
    """Whether a filter answers with this address, and a blocklist never does."""
    return any(address in network for network in _STANDS_IN)
