"""Names that stand for what a script says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rblwatch.core.finding import Failure, Finding, Origin, Unwatched, origins_of
from rblwatch.core.question import Reason
from rblwatch.core.settings import Server
from rblwatch.core.target import Target


@dataclass
class ScriptedNames:
    """Implements `ports.Discoverer`."""

    known: dict[str, tuple[Target, ...]] = field(default_factory=dict)
    """By name; of a name that is not here, no nameserver answers."""
    unwatched: dict[str, tuple[Unwatched, ...]] = field(default_factory=dict)
    failing: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By name: parts of it that cannot be looked up; its addresses are of another part, then."""

    async def discover(self, servers: Sequence[Server]) -> Mapping[str, Sequence[Finding]]:
        named = [server for server in servers if origins_of(server)]
        return {server.name: [self._finding(origin) for origin in origins_of(server)] for server in named}

    def _finding(self, origin: Origin) -> Finding:
        name = origin.name.text
        found = self.known.get(name)
        lost = ("",) if found is None else self.failing.get(name, ())
        failures = tuple(Failure(f"A of {name}", Reason.TIMEOUT, "no answer within 4 s", part) for part in lost)
        return Finding(
            origin=origin,
            targets=dict.fromkeys(found or (), f"A of {name}"),
            parts=dict.fromkeys(found or (), (f"{name} A",)),
            unwatched=self.unwatched.get(name, ()),
            faults=(f"{name} has no address",) if found == () else (),
            failures=failures,
        )
