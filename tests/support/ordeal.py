"""A daemon that is killed again and again while lists change and sinks are moody, and the account of it.

Owns the moments of the kills, and the comparison of what was true with what was remembered and told. Must not know what
is configured, nor how many kills are enough.
"""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeVar

from rblwatch.core.settings import Secret
from rblwatch.store.database import Store
from rblwatch.store.queries import Queries
from rblwatch.store.rows import DeliveryState
from tests.support import told
from tests.support.blocklists import Blocklists
from tests.support.estate import Estate
from tests.support.moods import Moods, Seen
from tests.support.program import Program
from tests.support.truth import Pair, Truth
from tests.support.waiting import POLL_S, eventually

T = TypeVar("T")

#: A moment to be killed in that does not come within this time is not waited for.
_MOMENT_S = 8.0
#: How long a daemon lives at most where nothing particular is waited for.
_LIFE_S = 4.0


@dataclass(frozen=True, slots=True)
class Kill:
    """What was under way when the daemon was killed."""

    asking: bool
    sending: frozenset[str]
    """Ids of deliveries."""
    receipted: frozenset[str]
    """Ids of those whose receipt the database had."""


@dataclass
class Ordeal:
    """A daemon with everything around it, and what happened to it."""

    estate: Estate
    lists: Blocklists
    truth: Truth
    moods: Mapping[str, Moods]
    """By recipient."""
    seed: int
    kills: list[Kill] = field(default_factory=list)
    starts_s: list[float] = field(default_factory=list)

    def go_through(self, kills: int) -> Program:
        """Kill the daemon so many times while lists change; it runs when this returns, and its sinks are calm."""
        chance = random.Random(self.seed)  # noqa: S311 - the same moments in every run, as far as a machine goes
        daemon = self.estate.daemon()
        self._start(daemon)
        daemon.wait_for_line("sweep.finished")
        for number in range(kills):
            self.truth.change_some(self.read(Queries.history))
            self._wait_for_moment(number, chance)
            self._kill(daemon)
            if number == kills - 1:
                for moods in self.moods.values():
                    moods.calm()
            self._start(daemon)
        return daemon

    def wait_until_told(self, within_s: float) -> None:
        """Wait until all that was ever true is remembered and told; the time counts from the last start."""
        end_s = self.starts_s[-1] + within_s
        eventually(
            lambda: not (self.truth.unrecorded(self.read(Queries.history)) or self.untold()),
            max(end_s - time.monotonic(), 0),
            lambda: f"{self.truth.unrecorded(self.read(Queries.history))} {self.untold()}",
        )

    def read(self, job: Callable[[Queries], T]) -> T:
        """Read from the database, whatever the daemon does."""
        store = Store(Secret(self.estate.database))
        try:
            store.open_to_read()
            return store.read_now(job)
        finally:
            store.close()

    def untold(self) -> dict[tuple[str, Pair], str]:
        """What recipients were told otherwise than it happened; what came twice counts once, as it came last."""
        found = {}
        for recipient, moods in self.moods.items():
            begun, ended = Counter[Pair](), Counter[Pair]()
            last = {seen.delivery: seen for seen in moods.seen}
            for one in (one for seen in last.values() for one in told.read(seen.text)):
                begun[one.address, one.blocklist] += one.line in told.BEGINNINGS
                ended[one.address, one.blocklist] += one.line in told.ENDINGS
            for pair in self.truth.pairs:
                true, said = (self.truth.begun[pair], self.truth.ended[pair]), (begun[pair], ended[pair])
                if true != said:
                    found[recipient, pair] = f"listed and delisted {true} times, told {said} times"
        return found

    def early_ends(self) -> list[tuple[str, told.Told]]:
        """Endings that a recipient was told of before he was told of the beginning."""
        found = []
        for recipient, moods in self.moods.items():
            open_now, known = Counter[Pair](), set[str]()
            for seen in moods.seen:
                for one in told.read(seen.text) if seen.delivery not in known else ():
                    open_now[one.address, one.blocklist] += (one.line in told.BEGINNINGS) - (one.line in told.ENDINGS)
                    if open_now[one.address, one.blocklist] < 0:
                        found.append((recipient, one))
                known.add(seen.delivery)
        return found

    def needless_doubles(self) -> list[Seen]:
        """What was seen again though nobody was killed in between, or though its receipt had been written by then.

        By the next start: what leaves in the moment of a kill may arrive after it.
        """
        found = []
        for before, again in self.doubles():
            lives = zip(self.kills, self.starts_s[1:], strict=True)
            between = [kill for kill, start_s in lives if before.at_s < start_s < again.at_s]
            if not between or any(again.delivery in kill.receipted for kill in between):
                found.append(again)
        return found

    def doubles(self) -> list[tuple[Seen, Seen]]:
        """What was seen again, with the time before."""
        pairs: list[tuple[Seen, Seen]] = []
        for moods in self.moods.values():
            by_id: dict[str, list[Seen]] = defaultdict(list)
            for seen in moods.seen:
                by_id[seen.delivery].append(seen)
            for all_seen in by_id.values():
                pairs += pairwise(all_seen)
        return pairs

    def account(self) -> str:
        """The figures, for people."""
        seen = sum(len(moods.seen) for moods in self.moods.values())
        shown = sum((moods.shown for moods in self.moods.values()), Counter())
        lost = len(self.truth.unrecorded(self.read(Queries.history))) + len(self.untold())
        return (
            f"{len(self.kills)} kills ({sum(kill.asking for kill in self.kills)} in a batch, "
            f"{sum(bool(kill.sending) for kill in self.kills)} in a send), {self.truth.changes} transitions, "
            f"{seen} messages seen ({', '.join(f'{count} {mood}' for mood, count in sorted(shown.items()))}), "
            f"{len(self.doubles())} seen again, {lost} lost"
        )

    def _start(self, daemon: Program) -> None:
        self.starts_s.append(time.monotonic())
        daemon.start()
        daemon.wait_for_line("daemon.started", len(self.starts_s))

    def _wait_for_moment(self, number: int, chance: random.Random) -> None:
        """In turns: any moment, one in a batch, one in a send."""
        moments: list[tuple[Callable[[], bool], float]] = [
            (lambda: True, _LIFE_S),
            (lambda: self.lists.busy, self.lists.delay_s),
            (lambda: bool(self._sending()), min(moods.hold_s for moods in self.moods.values())),
        ]
        moment, length_s = moments[number % len(moments)]
        end_s = time.monotonic() + _MOMENT_S
        while time.monotonic() < end_s:
            if moment():
                # Somewhere in it, and not only at its beginning; on a busy machine it may be over by then.
                time.sleep(chance.uniform(0, length_s))
                if moment():
                    return
            time.sleep(POLL_S / 4)

    def _kill(self, daemon: Program) -> None:
        assert daemon.running, f"the daemon ended by itself:\n{daemon.written}"
        asking, sending = self.lists.busy, self._sending()
        daemon.kill()
        self.kills.append(Kill(asking, sending, self._receipted()))
        for moods in self.moods.values():
            moods.forget()

    def _receipted(self) -> frozenset[str]:
        sent = self.read(lambda queries: queries.deliveries(DeliveryState.SENT, limit=10_000))
        return frozenset(f"{delivery.alert_id}-{delivery.id}" for delivery in sent)

    def _sending(self) -> frozenset[str]:
        return frozenset[str]().union(*(moods.in_hand for moods in self.moods.values()))
