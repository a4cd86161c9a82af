"""From a message to the text that leaves: its title, its sections in order, shortened for the sink.

Owns what belongs into one section and what comes first. The words are in `templates.py`, `phrases.py` and
`headline.py`. Must not know Apprise, nor decide who is told what.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from rblwatch.core.alert import Group, Line
from rblwatch.core.blocklist import Severity
from rblwatch.core.message import Entry, Message
from rblwatch.core.text import clean
from rblwatch.notify.headline import ORDER, headline, worst_severity
from rblwatch.notify.html import FRAME, cost, page
from rblwatch.notify.layout import Section, lay_out
from rblwatch.notify.parts import Reader, advice, incident_of, listing_of
from rblwatch.notify.sink import Sink, defused, shortened
from rblwatch.notify.templates import TEMPLATES

#: Where a title becomes a part of a small sink's body, the share of the room that it may take.
_TITLE_SHARE = 0.5
_LONGEST_TITLE = 200

_OPENINGS = {
    Group.FIRST_LOOK: "Already listed when we first looked; since when is not known.",
    Group.DIGEST: "What there was to tell since the last message of this kind.",
    Group.ESCALATED: "Nobody has acknowledged this in time, so it is told here as well. To acknowledge it: "
    "`rblwatch alerts ack {alert_id}`.",
    Group.REMINDER: "A reminder of what stands still.",
    Group.STANDING: "What stands now. You were not told before: this channel or its route is new, or it was muted.",
}
_A_TEST = "This is a test, sent by `rblwatch notify test`. Nothing of what follows is true."
_AFTER_SILENCE = "A silence has ended. What it kept from you:"
#: Lines that go on with something the reader knows.
_GOING_ON = frozenset(
    {Line.CHANGED, Line.UNSTABLE, Line.DELISTED, Line.ENDED, Line.SIGHTED, Line.ALLOW_LOST, Line.MOVED}
)


class Tone(StrEnum):
    """How a sink may colour a message."""

    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    FAILURE = "failure"


_COLOURS = {Tone.INFO: "#57606a", Tone.SUCCESS: "#1a7f37", Tone.WARNING: "#9a6700", Tone.FAILURE: "#cf222e"}


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message in words, ready for its sink."""

    title: str
    body: str
    tone: Tone = Tone.INFO
    html: str | None = None
    """The same as HTML, for a sink that shows it."""


def render(message: Message, sink: Sink) -> Rendered:
    """Put a message into words for a sink: plain text, shortened to the sink's limits with a count.

    The title is one line. Neither holds anything that the sink would obey.
    """
    reader = Reader(sink, message.at, message.alert_id)
    causes = _causes(message.entries)
    sections = [_harmless(TEMPLATES[line](entries, reader), sink) for line, entries in causes]
    title = _title(message, sink)
    layout = lay_out(
        sections,
        opening=_opening(message),
        small_print=f"rblwatch alert {message.alert_id}, delivery {message.delivery_id}",
        limit=sink.body_limit - (0 if sink.title_limit else sink.size(f"{title}\r\n")) - (FRAME if sink.html else 0),
        size=cost if sink.html else sink.size,
    )
    colours = [_COLOURS[_tone(entries)] for _, entries in causes]
    return Rendered(title, layout.text, _tone(message.entries), page(layout, colours) if sink.html else None)


def _opening(message: Message) -> str:
    if message.test:
        return _A_TEST
    if all(entry.line is Line.REMINDER for entry in message.entries):
        return ""
    if message.group is Group.STANDING and any(entry.line in _GOING_ON for entry in message.entries):
        return _AFTER_SILENCE
    return _OPENINGS.get(message.group, "").format(alert_id=message.alert_id)


def _title(message: Message, sink: Sink) -> str:
    limit = sink.title_limit or min(_LONGEST_TITLE, int(sink.body_limit * _TITLE_SHARE))
    text = defused(clean(headline(message), limit), sink)
    return shortened(text, limit, size=len if sink.title_limit else sink.size)


def _causes(entries: Sequence[Entry]) -> list[tuple[Line, list[Entry]]]:
    """What belongs into one section, and the sections in the order in which they matter."""
    causes: dict[tuple[object, ...], list[Entry]] = {}
    for entry in entries:
        causes.setdefault((entry.line, *_cause(entry)), []).append(entry)

    def weight(alike: list[Entry]) -> tuple[int, int, int]:
        worst = worst_severity(alike)
        return ORDER.index(alike[0].line), -(worst.rank if worst is not None else 0), -len(alike)

    return [(alike[0].line, alike) for alike in sorted(causes.values(), key=weight)]


def _cause(entry: Entry) -> tuple[object, ...]:
    match entry.line:
        case Line.LISTED | Line.CHANGED | Line.DELISTED | Line.WAS_LISTED | Line.REMINDER | Line.UNSTABLE:
            return (listing_of(entry).blocklist,)
        case Line.ENDED:
            return (listing_of(entry).ended_by, entry.news.text)
        case Line.BLIND:
            incident = incident_of(entry)
            return (incident.about_resolver, incident.state, incident.reason, incident.flaw, advice(entry))
        case Line.SIGHTED | Line.WAS_BLIND:
            return (entry.news.text, incident_of(entry).about_resolver)
        case Line.UNROUTED:
            return (entry.news.text,)
        case Line.ALLOW_LOST:
            return (entry.news.blocklist, entry.news.text)
        case Line.NOTICE | Line.MOVED:
            return (entry.news.id,)


def _harmless(section: Section, sink: Sink) -> Section:
    return Section(
        defused(section.head, sink),
        tuple(defused(item, sink) for item in section.items),
        tuple(defused(line, sink) for line in section.details),
        section.pages,
    )


def _tone(entries: Sequence[Entry]) -> Tone:
    lines = {entry.line for entry in entries}
    if lines & {Line.LISTED, Line.CHANGED, Line.REMINDER, Line.UNSTABLE}:
        worst = worst_severity(entries)
        grave = worst is not None and worst.rank >= Severity.MAJOR.rank
        return Tone.FAILURE if grave else Tone.WARNING
    if lines & {Line.BLIND, Line.ALLOW_LOST}:
        return Tone.WARNING
    good = {Line.DELISTED, Line.SIGHTED, Line.WAS_BLIND}
    # That nobody asks any more is no recovery.
    recovered = lines <= good and not any(entry.news.text for entry in entries)
    return Tone.SUCCESS if lines and recovered else Tone.INFO
