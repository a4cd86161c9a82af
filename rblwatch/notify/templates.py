"""What is said of each kind of line: one template per `Line`, as plain text.

Owns the wording of sections; another family of sinks gets templates of its own beside these. Must not know Apprise,
nor how much room there is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rblwatch.core.alert import Line
from rblwatch.core.listing import Ending
from rblwatch.core.message import Entry
from rblwatch.core.text import clean
from rblwatch.notify import outages, parts, phrases
from rblwatch.notify.layout import Section
from rblwatch.notify.parts import Lines, Reader, incident_of, listing_of
from rblwatch.notify.sink import LONGEST_QUOTE

#: A notice may hold several lines, such as all problems of a configuration.
_LONGEST_NOTICE_LINE = 1_000

Entries = Sequence[Entry]


def _listed(entries: Entries, reader: Reader) -> Section:
    head, items = parts.head(entries, reader, verbs=("is", "are"), what="listed on")
    return Section(head, items, _story(entries, reader), parts.pages(entries))


def _reminder(entries: Entries, reader: Reader) -> Section:
    head, items = parts.head(entries, reader, verbs=("is", "are"), what="still listed on")
    acknowledge = f"To hear no more reminders of it: `rblwatch alerts ack {reader.alert_id}`."
    details = (*parts.lasting(entries, reader), acknowledge, *_story(entries, reader))
    return Section(head, items, details, parts.pages(entries))


def _unstable(entries: Entries, reader: Reader) -> Section:
    head, items = parts.head(entries, reader, verbs=("comes and goes", "come and go"), what="on")
    said = clean(entries[0].news.text, LONGEST_QUOTE).rstrip(".")
    details = (*([f"{said}."] if said else []), phrases.UNSTABLE_EFFECT, *_story(entries, reader))
    return Section(head, items, details, parts.pages(entries))


def _changed(entries: Entries, reader: Reader) -> Section:
    head, items = parts.head(entries, reader, verbs=("is", "are"), what="listed with other codes than before on")
    changes = [_change(entry) for entry in entries]
    if not items:
        return Section(head, (), (f"Codes: {changes[-1]}.", *_story(entries, reader)), parts.pages(entries))
    items = tuple(f"{item}: {change}" for item, change in zip(items, changes, strict=True))
    return Section(head, items, _story(entries, reader), parts.pages(entries))


def _change(entry: Entry) -> str:
    before = phrases.code_labels(entry.news.before, entry.blocklist)
    now = phrases.code_labels(entry.news.codes or listing_of(entry).codes, entry.blocklist)
    return f"{before} → {now}"


def _story(entries: Entries, reader: Reader) -> Lines:
    """All about listings that stand on one list; what matters most comes first, and is the last to be cut."""
    return (
        *parts.effect(entries),
        *parts.codes(entries),
        *parts.cause(entries),
        *parts.scopes(entries),
        *parts.since(entries, reader),
        *parts.standing(entries, now=True),
        *parts.links(entries),
        *parts.words(entries, reader),
        *parts.evidence(entries),
    )


def _delisted(entries: Entries, reader: Reader) -> Section:
    head, items = parts.head(entries, reader, verbs=("is", "are"), what="no longer listed on")
    return Section(head, items, (*parts.from_to(entries, reader), *parts.standing(entries, now=False)))


def _was_listed(entries: Entries, reader: Reader) -> Section:
    head, items = parts.head(entries, reader, verbs=("was", "were"), what="listed on")
    details = (
        *parts.from_to(entries, reader),
        "It was over before you could be told.",
        *parts.effect(entries),
        *parts.codes(entries),
        *parts.cause(entries),
        *parts.scopes(entries),
        *parts.standing(entries, now=False),
        *parts.words(entries, reader),
    )
    return Section(head, items, details)


def _ended(entries: Entries, reader: Reader) -> Section:
    ending = listing_of(entries[0]).ended_by or Ending.UNWATCHED
    cause = clean(entries[0].news.text, LONGEST_QUOTE).rstrip(".") or phrases.CAUSES[ending]
    whom, items = parts.pairs(entries, reader)
    verb = "are" if items else "is"
    return Section(f"{whom} {verb} no longer followed: {cause}.", items, (phrases.NOT_A_DELISTING[ending],))


def _unrouted(entries: Entries, reader: Reader) -> Section:
    whom, items = parts.pairs(entries, reader)
    cause = clean(entries[0].news.text, LONGEST_QUOTE).rstrip(".") or phrases.NO_ROUTE
    return Section(f"{whom}: still listed, but you will hear no more of it here: {cause}.", items)


def _blind(entries: Entries, reader: Reader) -> Section:
    if incident_of(entries[0]).about_resolver:
        return outages.began(entries, reader)
    whom, names = parts.lists(entries)
    incidents = [incident_of(entry) for entry in entries]
    first, many = incidents[0], len({incident.blocklist for incident in incidents}) > 1
    reason = f" ({first.reason})" if first.reason is not None and first.flaw is None else ""
    shown = clean(first.detail, LONGEST_QUOTE).rstrip(".")
    advice = parts.advice(entries[0])
    details = (
        f"Since {phrases.moments([incident.since_at for incident in incidents], reader.today)}.",
        f"What the probe showed{f' at {names[0]}' if names else ''}: {shown}." if shown else "",
        phrases.BLIND_EFFECTS[many],
        f"What to do: {advice}." if advice else "",
    )
    head = f"{whom} {phrases.TROUBLES[first.state][many]}{reason}."
    return Section(head, names, tuple(line for line in details if line))


def _sighted(entries: Entries, reader: Reader) -> Section:
    return _over(entries, reader, "can be believed again")


def _was_blind(entries: Entries, reader: Reader) -> Section:
    return _over(entries, reader, "could not be believed for a while, and can be again")


def _over(entries: Entries, reader: Reader, what: str) -> Section:
    """The end of incidents that have one cause; where it is that nobody asks any more, nothing got better."""
    if incident_of(entries[0]).about_resolver:
        return outages.ended(entries, reader)
    whom, names = parts.lists(entries)
    cause = clean(entries[0].news.text, LONGEST_QUOTE).rstrip(".")
    head = f"{whom}: {cause}." if cause else f"{whom} {what}."
    if names:
        return Section(head, names)
    incident = incident_of(entries[0])
    until = f" to {reader.when(incident.ended_at)}" if incident.ended_at is not None else ""
    aside = f"Set aside from {reader.when(incident.since_at)}{until}; nothing was concluded from its answers meanwhile."
    return Section(head, (), (aside,))


def _allow_lost(entries: Entries, reader: Reader) -> Section:
    first = entries[0]
    was = clean(first.news.text, LONGEST_QUOTE)
    place = phrases.list_and_zone(first.blocklist, first.news.blocklist or "", zone="")
    whom, items = parts.those(entries, reader)
    before = f" (was: {was})" if was else ""
    head = f"{whom} {'are' if items else 'is'} no longer on the allow list {place}{before}{':' if items else '.'}"
    page = parts.allow_page(entries)
    links = parts.allow_links(entries)
    return Section(head, items, (phrases.ALLOW_LOST_EFFECT, *links), (page,) if page else ())


def _moved(entries: Entries, _: Reader) -> Section:
    lines = [clean(line, _LONGEST_NOTICE_LINE) for line in entries[0].news.text.splitlines()]
    return Section(lines[0], (), tuple(lines[1:]))


def _notice(entries: Entries, _: Reader) -> Section:
    cleaned = (clean(line, _LONGEST_NOTICE_LINE) for line in entries[0].news.text.splitlines())
    lines = [line for line in cleaned if line]
    return Section(lines[0] if lines else "A notice without words.", (), tuple(lines[1:]))


#: The template of every line.
TEMPLATES: Mapping[Line, Callable[[Entries, Reader], Section]] = {
    Line.LISTED: _listed,
    Line.CHANGED: _changed,
    Line.DELISTED: _delisted,
    Line.UNSTABLE: _unstable,
    Line.REMINDER: _reminder,
    Line.WAS_LISTED: _was_listed,
    Line.ENDED: _ended,
    Line.UNROUTED: _unrouted,
    Line.BLIND: _blind,
    Line.SIGHTED: _sighted,
    Line.WAS_BLIND: _was_blind,
    Line.ALLOW_LOST: _allow_lost,
    Line.MOVED: _moved,
    Line.NOTICE: _notice,
}
