"""What to do about lists that could not be believed, below a table of what they said.

Owns that advice stands there once for all lists that need the same. Must not word it.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

from rblwatch.core.blocklist import Blocklist
from rblwatch.core.reading import overall
from rblwatch.core.remedies import remedy
from rblwatch.core.soundness import Soundness
from rblwatch.core.target import Family
from rblwatch.core.wording import several


def advise(seen: Iterable[tuple[Blocklist, Family, Soundness]], explained: Container[str] = ()) -> Iterator[str]:
    """Give a line for each thing to do, with the lists that it is about.

    `seen`: every list and family that was asked. `explained`: ids of lists whose trouble is the resolver's.
    """
    lists: dict[str, tuple[Blocklist, dict[Family, Soundness]]] = {}
    for blocklist, family, soundness in seen:
        lists.setdefault(blocklist.id, (blocklist, {}))[1][family] = soundness
    needing: dict[str, list[str]] = {}
    for name, (blocklist, families) in lists.items():
        if name not in explained and (advice := _remedy(blocklist, families)):
            needing.setdefault(advice, []).append(name)
    for advice, names in needing.items():
        yield f"What to do about {several(names)}: {advice}."


def _remedy(blocklist: Blocklist, families: dict[Family, Soundness]) -> str:
    failing = {family for family, soundness in families.items() if not soundness.trusted}
    # Only beside a family that passes is it known of a list of the catalogue that the others alone are at fault.
    alone = len(failing) < len(families) or not blocklist.operator
    return remedy(overall(families.values()), blocklist, failing if alone else ())
