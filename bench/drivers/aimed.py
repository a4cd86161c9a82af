"""Aim whatever resolves with aiodns at one nameserver, which none of these tools lets its user do with a port."""

import aiodns


def aim(host: str, port: str) -> None:
    """Make every `aiodns.DNSResolver` ask there, with a patience that a benchmark can afford."""
    original = aiodns.DNSResolver

    def aimed(*_: object, **__: object) -> aiodns.DNSResolver:
        return original(nameservers=[host], timeout=1, tries=2, udp_port=int(port), tcp_port=int(port))

    aiodns.DNSResolver = aimed


def said(*, listed: object, failed: object) -> str:
    """The letter: what a tool made of an answer."""
    if listed:
        return "L"
    return "e" if failed else "c"
