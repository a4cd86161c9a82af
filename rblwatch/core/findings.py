"""Everything that one round of questions found, and what it amounts to.

Owns the sums over readings, and what was asked for but could be asked of no list. Must not know how any of it is
shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rblwatch.core.blocklist import Blocklist
from rblwatch.core.conclusion import Alarm, Exit, alarm, conclude, conclusive_lists
from rblwatch.core.domain import NO_DOMAINS, Domains, takes
from rblwatch.core.message import Tally
from rblwatch.core.reading import Reading, overall
from rblwatch.core.soundness import Soundness
from rblwatch.core.target import Family, Target
from rblwatch.core.verdict import Clear, Listed, Unknown, Verdict

#: What targets of a family are called, for people.
NOUNS = {Family.IPV4: "IPv4 addresses", Family.IPV6: "IPv6 addresses", Family.NAME: "names"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """All readings of one round of questions."""

    targets: Sequence[Target]
    """As asked for, each once, and the addresses of names after them."""
    readings: Sequence[Reading]
    addresses: Mapping[Target, tuple[Target, ...] | None] = field(default_factory=dict)
    """Of each name, where any list is asked about addresses; None where they could not be looked up."""
    domains: Domains = NO_DOMAINS
    """What domain lists are asked about the names."""

    @property
    def tally(self) -> Tally:
        """How many pairs are listed, clear and unknown."""
        return Tally(
            listed=sum(len(reading.listings) for reading in self.readings),
            clear=sum(reading.clear for reading in self.readings),
            unknown=sum(reading.unknown for reading in self.readings),
        )

    @property
    def soundnesses(self) -> list[tuple[Blocklist, Soundness]]:
        """Every list that was asked, and the worst that its probes said for any family."""
        found: dict[str, tuple[Blocklist, list[Soundness]]] = {}
        for reading in self.readings:
            found.setdefault(reading.blocklist.id, (reading.blocklist, []))[1].append(reading.soundness)
        return [(blocklist, overall(soundnesses)) for blocklist, soundnesses in found.values()]

    @property
    def gaps(self) -> list[str]:
        """What was asked for and could be asked of no list, in words: nothing is known about it."""
        asked = {reading.family for reading in self.readings}
        found = {address for addresses in self.addresses.values() for address in addresses or ()}
        given = {target.family for target in self.targets if target not in found} - {Family.NAME}
        missed = [f"no list that was asked has entries about {NOUNS[family]}" for family in sorted(given - asked)]
        missed += [
            f"{suffix} is a public suffix, which no domain list is asked about" for suffix in self.domains.suffixes
        ]
        return missed + [
            gap for name, addresses in self.addresses.items() if (gap := _name_gap(name, addresses, asked))
        ]

    @property
    def conclusion(self) -> Exit:
        """With which code the program ends."""
        tally = self.tally
        return conclude(listed=tally.listed, unknown=tally.unknown + len(self.gaps))

    @property
    def alarm(self) -> Alarm:
        """How loud a monitoring system is to be."""
        severities = [listing.severity for reading in self.readings for listing in reading.listings.values()]
        shares = ((reading.blocklist.id, len(reading.targets), reading.unknown) for reading in self.readings)
        conclusive, lists = conclusive_lists(shares)
        return alarm(severities, conclusive=conclusive, lists=lists)

    def about(self, target: Target) -> Iterator[tuple[Reading, Verdict]]:
        """What every list that was asked about a target said of it."""
        asked = (reading for reading in self.readings if takes(reading.blocklist, target, self.domains.registrable))
        of_family = (reading for reading in asked if reading.family is target.family)
        return ((reading, reading.verdict(target)) for reading in of_family)

    def tally_of(self, target: Target) -> Tally:
        """How the lists stand on one target."""
        kinds = [type(verdict) for _, verdict in self.about(target)]
        return Tally(kinds.count(Listed), kinds.count(Clear), kinds.count(Unknown))


def _name_gap(name: Target, addresses: tuple[Target, ...] | None, asked: set[Family]) -> str | None:
    if addresses is None:
        return f"the addresses of {name} could not be looked up"
    if asked.isdisjoint(target.family for target in (name, *addresses)):
        has = "no address" if not addresses else "no address that a list which was asked has entries about"
        return f"{name} has {has}, and no domain list was asked"
    return None
