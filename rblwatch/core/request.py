"""What an admin asks about on a command line: texts that become targets and lists.

Owns which kind of thing a text names. Must not know options, nor how anything is asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from rblwatch.core.blocklist import Blocklist, Kind, bare
from rblwatch.core.errors import RblwatchError
from rblwatch.core.retired import exhumed
from rblwatch.core.selection import SETS, Catalogue
from rblwatch.core.soundness import carries_kind
from rblwatch.core.target import Family, Network, NotATarget, Target, expand, parse_name, parse_range


class UnknownList(RblwatchError):
    """A text that is neither the id of a list nor a zone."""


def parse_subject(text: str) -> Network | Target:
    """Read an address or a CIDR range as a network, and anything else as a name.

    Raises: NotATarget.
    """
    numeric = ":" in text or "/" in text or text.strip().rstrip(".").rsplit(".", 1)[-1].isdigit()
    return parse_range(text) if numeric else parse_name(text)


def targets_of(subjects: Iterable[Network | Target]) -> tuple[Target, ...]:
    """All targets that were asked about, each once, in order; a range stands for its addresses."""
    found: dict[Target, None] = {}
    for subject in subjects:
        found.update(dict.fromkeys((subject,) if isinstance(subject, Target) else expand(subject)))
    return tuple(found)


def choose_lists(catalogue: Catalogue, wanted: Iterable[str], targets: Iterable[Target]) -> tuple[Blocklist, ...]:
    """The lists that ids, sets and zones stand for, in order, each once.

    A zone that the catalogue does not have is asked as an address list about addresses, and as a domain list about
    names.

    Raises: UnknownList.
    """
    families = {target.family for target in targets}
    kinds = (
        [Kind.DOMAIN] if families == {Family.NAME} else [Kind.IP, Kind.DOMAIN] if Family.NAME in families else [Kind.IP]
    )
    chosen = [blocklist for text in wanted for blocklist in _meant(catalogue, text, kinds)]
    return tuple({(blocklist.id, blocklist.kind): blocklist for blocklist in chosen}.values())


def takes_addresses(blocklists: Iterable[Blocklist]) -> bool:
    """Whether any of the lists is asked about addresses: only then are those of a name worth looking up."""
    return any(carries_kind(blocklist, family) for blocklist in blocklists for family in (Family.IPV4, Family.IPV6))


def _meant(catalogue: Catalogue, text: str, kinds: Iterable[Kind]) -> list[Blocklist]:
    ids = catalogue.ids([text])
    zone = text.strip().rstrip(".").lower()
    known = [
        entry.blocklist
        for entry in catalogue.entries.values()
        if entry.blocklist.id in ids or entry.blocklist.shown_zone == zone
    ]
    if known:
        return known
    retired = catalogue.retired_as(zone)
    if retired is not None:
        return [exhumed(retired, zone)]
    try:
        return [bare(parse_name(text).text, kind=kind) for kind in kinds]
    except NotATarget as error:
        near = get_close_matches(text, [*SETS, *catalogue.entries], n=1)
        hint = (
            f"did you mean '{near[0]}'?"
            if near
            else "`rblwatch lists` shows the ids; a zone is written as e.g. 'bl.example.org'"
        )
        raise UnknownList(f"'{text}' is neither the id of a list nor a zone; {hint}") from error
