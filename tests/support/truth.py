"""What blocklists truly say over time, as a script applies it, and what has to be remembered of it.

Owns the record of every change. A pair is changed again only after its last change was recorded: what comes and goes
between two looks is nobody's to know. Must not know what is told.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from rblwatch.core.listing import Ending, Listing
from tests.support.blocklists import Blocklists

#: An address and a list's id.
Pair = tuple[str, str]


class Truth:
    """The script and its record."""

    def __init__(self, lists: Blocklists, zones: dict[str, str], addresses: Iterable[str], seed: int) -> None:
        self._lists = lists
        self._zones = zones
        self.pairs = [(address, blocklist) for address in addresses for blocklist in zones]
        self._chance = random.Random(seed)  # noqa: S311 - the same script in every run
        self.begun: Counter[Pair] = Counter()
        """How often each pair was listed."""
        self.ended: Counter[Pair] = Counter()

    @property
    def changes(self) -> int:
        """How many changes were applied so far."""
        return self.begun.total() + self.ended.total()

    def change_some(self, history: Sequence[Listing], most: int = 5) -> int:
        """Change some pairs whose last change is in the history; returns how many."""
        ready = [pair for pair in self.pairs if pair not in self.unrecorded(history)]
        chosen = self._chance.sample(ready, min(len(ready), self._chance.randint(1, most)))
        for pair in chosen:
            self._change(pair)
        return len(chosen)

    def unrecorded(self, history: Sequence[Listing]) -> dict[Pair, str]:
        """The pairs whose history is not the truth, and how they differ."""
        recorded: dict[Pair, list[Listing]] = defaultdict(list)
        for listing in history:
            recorded[listing.target.text, listing.blocklist].append(listing)
        found = {}
        for pair in self.pairs:
            listings = recorded[pair]
            ended = sum(listing.ended_by is Ending.DELISTED for listing in listings)
            if (len(listings), ended) != (self.begun[pair], self.ended[pair]):
                found[pair] = f"listed {self.begun[pair]} and delisted {self.ended[pair]} times: {listings}"
        return found

    def _change(self, pair: Pair) -> None:
        address, blocklist = pair
        if self.begun[pair] > self.ended[pair]:
            self._lists.delist(self._zones[blocklist], address)
            self.ended[pair] += 1
        else:
            self._lists.list(self._zones[blocklist], address)
            self.begun[pair] += 1
