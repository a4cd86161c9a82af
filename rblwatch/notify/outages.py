"""What is said of nameservers through which many lists can't be believed.

Owns the words of incidents about the resolver. Must not know which lists it is about: that is counted, not named.
"""

from __future__ import annotations

from collections.abc import Sequence

from rblwatch.core.alert import Line
from rblwatch.core.incident import Incident
from rblwatch.core.message import Entry
from rblwatch.core.outage import fault_of, nameservers_of
from rblwatch.core.prescriptions import Prescription, suspected
from rblwatch.core.text import clean
from rblwatch.notify.layout import Section
from rblwatch.notify.parts import Reader, incident_of
from rblwatch.notify.sink import LONGEST_QUOTE


def began(entries: Sequence[Entry], reader: Reader) -> Section:
    """Tell that nameservers make lists unusable, what that means and what to do; of the latest incident."""
    incident = incident_of(entries[-1])
    words = _words(incident)
    seen = clean(incident.detail, LONGEST_QUOTE).rstrip(".")
    details = (
        f"Since {reader.when(incident.since_at)}.",
        f"Seen: {seen}." if seen else "",
        f"Effect: {words.effect}. What they listed before is kept, and nothing new is told on their word meanwhile.",
        f"What to do: {words.remedy}.",
    )
    named = " and ".join(nameservers_of(incident))
    head = f"Your resolver {named} {words.title}."
    if _several(incident):
        # Not each of them need do the same.
        head = f"Most lists can't be believed through any of your resolvers, {named}."
    return Section(head, (), tuple(line for line in details if line))


def ended(entries: Sequence[Entry], reader: Reader) -> Section:
    """Tell that lists can be believed again through a nameserver, or that nobody asks it any more."""
    incident = incident_of(entries[-1])
    cause = clean(entries[-1].news.text, LONGEST_QUOTE).rstrip(".")
    if cause:
        return Section(f"{_whom(incident)}: {cause}.", ())
    until = f" to {reader.when(incident.ended_at)}" if incident.ended_at is not None else ""
    aside = (
        f"Most lists could not be believed from {reader.when(incident.since_at)}{until}; nothing was concluded from "
        "their answers meanwhile. Lists that still can't are told one by one."
    )
    through = "one of your resolvers" if _several(incident) else "your resolver"
    return Section(f"Most lists can be believed again through {through}, or another one answers.", (), (aside,))


def headline(line: Line, incident: Incident, cause: str) -> str:
    """The title of a message about it; `cause`: why it ended though nothing works again."""
    several = _several(incident)
    if line is Line.BLIND:
        one = f"your resolver {_words(incident).title}"
        return "most lists can't be believed through any of your resolvers" if several else one
    if cause:
        return "your resolvers are not asked any more" if several else "your resolver is not asked any more"
    over = "again" if line is Line.SIGHTED else "again, after a while"
    return f"most lists can be believed {over}" if several else f"your resolver works {over}"


def _several(incident: Incident) -> bool:
    return len(nameservers_of(incident)) > 1


def _whom(incident: Incident) -> str:
    return f"Your resolver{'s' if _several(incident) else ''} {' and '.join(nameservers_of(incident))}"


def _words(incident: Incident) -> Prescription:
    return suspected(fault_of(incident.soundness))
