"""One blocklist that does as it is told.

Owns what a zone holds, and how it behaves or misbehaves at the moment. Must not know DNS packets or sockets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from rblwatch.core.question import query_name
from rblwatch.core.target import Family, NotATarget, Target, parse_address


class Mode(StrEnum):
    """How a zone behaves; whatever it is, its entries are kept for when it is healthy again."""

    HEALTHY = "healthy"
    WILDCARD = "wildcard"  # lists whatever is asked about, as a list does whose domain was parked
    SILENT = "silent"  # lists nothing, not even its test points, as a list does that was emptied
    REFUSAL_CODE = "refusal-code"  # answers everything with the code for "you may not ask"
    OUTSIDE = "outside"  # answers everything with an address that no blocklist answers with
    REFUSING = "refusing"  # REFUSED
    SERVFAIL = "servfail"
    DROP = "drop"  # answers nothing at all


@dataclass(frozen=True, slots=True)
class Entry:
    """What a zone holds about one target."""

    codes: tuple[str, ...]
    """One address record each."""
    text: str = ""
    """The reason, as TXT; empty: there is none."""


#: The points that must be listed, whatever else a list holds. Source: RFC 5782 section 5.
TEST_POINTS = ("127.0.0.2", "::ffff:7f00:2", "test")

#: What a zone says of everything, in the modes where it does.
_OF_EVERYTHING = {
    Mode.WILDCARD: Entry(("127.0.0.2",), "This domain is for sale"),
    # Source: Spamhaus "DNSBL return codes": the query came through a public resolver.
    Mode.REFUSAL_CODE: Entry(("127.255.255.254",), "Error: open resolver"),
    # A documentation address stands for the web server of whoever bought the domain. Source: RFC 5737.
    Mode.OUTSIDE: Entry(("203.0.113.9",)),
}


@dataclass(slots=True)
class Zone:
    """One blocklist, of addresses and names alike. It may be changed at any time; the next question sees it."""

    name: str
    """Lower case, without a final dot."""
    ttl_s: int = 1
    negative_ttl_s: int = 1
    mode: Mode = Mode.HEALTHY
    delay_s: float = 0.0
    """How long every answer is held back."""
    _entries: dict[str, Entry] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for point in TEST_POINTS:
            self.add(point, text="Test entry")

    def add(self, what: str, *codes: str, text: str = "") -> None:
        """List an address or a name under these codes, or 127.0.0.2; replaces what was there."""
        self._entries[self._owner(what)] = Entry(codes or ("127.0.0.2",), text)

    def remove(self, what: str) -> None:
        """Delist an address or a name.

        Raises: KeyError, if it is not listed.
        """
        del self._entries[self._owner(what)]

    def entry(self, owner: str) -> Entry | None:
        """What the zone says of one full, lower-case DNS name without a final dot, in its present mode."""
        if owner == self.name or self.mode is Mode.SILENT:
            return None
        return _OF_EVERYTHING.get(self.mode) or self._entries.get(owner)

    def _owner(self, what: str) -> str:
        try:
            target = parse_address(what)
        except NotATarget:
            target = Target(what.lower().rstrip("."), Family.NAME)
        return query_name(target, self.name)
