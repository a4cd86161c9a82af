"""The title of a message: what happened, to how much, and how bad it is, in one line.

Owns titles alone. Must not know sinks or bodies.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rblwatch.core.alert import Group, Line
from rblwatch.core.blocklist import Severity
from rblwatch.core.incident import Incident
from rblwatch.core.listing import Listing
from rblwatch.core.message import Entry, Message
from rblwatch.core.text import clean
from rblwatch.notify import outages
from rblwatch.notify.phrases import TROUBLES, counted, list_name, part, targets

PREFIX = "[rblwatch]"
_TEST = "TEST: "

#: In which order the lines of one message are told: what needs somebody first.
ORDER = (
    Line.LISTED,
    Line.CHANGED,
    Line.UNSTABLE,
    Line.REMINDER,
    Line.WAS_LISTED,
    Line.ALLOW_LOST,
    Line.MOVED,
    Line.DELISTED,
    Line.BLIND,
    Line.NOTICE,
    Line.UNROUTED,
    Line.ENDED,
    Line.SIGHTED,
    Line.WAS_BLIND,
)

#: What is said of a target and a list.
_VERBS = {
    Line.LISTED: "listed on",
    Line.CHANGED: "listed with other codes on",
    Line.UNSTABLE: "unstable on",
    Line.REMINDER: "still listed on",
    Line.WAS_LISTED: "was listed on",
    Line.DELISTED: "delisted from",
    Line.UNROUTED: "still listed, but no longer told here:",
    Line.ENDED: "no longer followed on",
}
_GROUP_VERBS = {
    (Group.FIRST_LOOK, Line.LISTED): "already listed on",
    (Group.STANDING, Line.LISTED): "still listed on",
    (Group.ESCALATED, Line.LISTED): "listed and not acknowledged:",
}
#: What is counted where a message holds several kinds of lines: listings, or lists.
_COUNTED = {
    Line.LISTED: "listed",
    Line.CHANGED: "changed",
    Line.UNSTABLE: "unstable",
    Line.REMINDER: "still listed",
    Line.WAS_LISTED: "was listed",
    Line.DELISTED: "delisted",
    Line.UNROUTED: "no longer told here",
    Line.ENDED: "no longer followed",
    Line.BLIND: "set aside",
    Line.SIGHTED: "believed again",
    Line.WAS_BLIND: "set aside for a while",
    Line.ALLOW_LOST: "off an allow list",
    Line.MOVED: "moved",
    Line.NOTICE: "notice",
}
#: No sink shows a longer title; it is shortened for each of them.
_LONGEST_NOTICE = 1_000
#: Lines whose severity still matters to somebody.
_ALARMING = (Line.LISTED, Line.CHANGED, Line.UNSTABLE, Line.REMINDER, Line.WAS_LISTED)


def headline(message: Message) -> str:
    """The title, without a limit."""
    entries = sorted(message.entries, key=lambda entry: ORDER.index(entry.line))
    kinds = [(line, list(group)) for line, group in groupby(entries, key=lambda entry: entry.line)]
    if len(kinds) == 1:
        line, alike = kinds[0]
        text = _alike(line, alike, message.group)
    else:
        text = _server(entries) + ", ".join(_counted(line, alike) for line, alike in kinds)
    worst = worst_severity(message.entries)
    return f"{PREFIX} {_TEST if message.test else ''}{text}" + (f" ({worst})" if worst is not None else "")


def _counted(line: Line, alike: Sequence[Entry]) -> str:
    about = {i.blocklist or i.zone for entry in alike if (i := entry.news.incident) is not None}
    return f"{counted(len(about), 'list', 'lists') if about else len(alike)} {_COUNTED[line]}"


def worst_severity(entries: Sequence[Entry]) -> Severity | None:
    """The worst of the listings that are told; None where none is told as one."""
    found = [e.news.listing.severity for e in entries if e.line in _ALARMING and e.news.listing is not None]
    return max(found, key=lambda severity: severity.rank, default=None)


def _alike(line: Line, entries: Sequence[Entry], group: Group) -> str:
    listings = [entry.news.listing for entry in entries if entry.news.listing is not None]
    incidents = [entry.news.incident for entry in entries if entry.news.incident is not None]
    if listings:
        verb = _GROUP_VERBS.get((group, line)) or _VERBS[line]
        return f"{_whom(listings)} {verb} {_where(entries, listings)}"
    if incidents:
        return _trouble(line, entries, incidents)
    if line is Line.ALLOW_LOST:
        return f"{_those(entries)} no longer on {_allow_list(entries)}"
    if line is Line.MOVED:
        return _moved(entries)
    first = entries[0].news.text.split("\n")[0]
    return clean(first, _LONGEST_NOTICE).rstrip(":. ") or "a notice"


def _moved(entries: Sequence[Entry]) -> str:
    server = _server(entries)
    if len(entries) > 1:
        return f"{server}{len(entries)} names stand for other addresses"
    said = entries[0].news.text.split("\n")[0].rstrip(".")
    return said if said.startswith(server) else f"{server}{said}"


def _those(entries: Sequence[Entry]) -> str:
    """The targets that an allow list has no longer."""
    if len(entries) == 1:
        return ", ".join(entries[0].news.servers[:2]) or entries[0].news.target or ""
    return f"{_server(entries)}{counted(len({entry.news.target for entry in entries}), 'target', 'targets')}"


def _allow_list(entries: Sequence[Entry]) -> str:
    lists = {entry.news.blocklist for entry in entries}
    return list_name(entries[0].blocklist, lists.pop() or "") if len(lists) == 1 else f"{len(lists)} allow lists"


def _whom(listings: Sequence[Listing]) -> str:
    if len({listing.target for listing in listings}) == 1:
        return ", ".join(listings[0].servers[:2]) or listings[0].target.text
    servers = {listing.servers for listing in listings}
    return f"{listings[0].server}: {targets(listings)}" if len(servers) == 1 else targets(listings)


def _where(entries: Sequence[Entry], listings: Sequence[Listing]) -> str:
    lists = {listing.blocklist for listing in listings}
    if len(lists) > 1:
        return counted(len(lists), "list", "lists")
    return list_name(entries[0].blocklist, listings[0].blocklist)


def _trouble(line: Line, entries: Sequence[Entry], incidents: Sequence[Incident]) -> str:
    outage = next((i for i in reversed(incidents) if i.about_resolver), None)
    if outage is not None:
        others = [entry for entry in entries if entry.news.incident is None or not entry.news.incident.about_resolver]
        cause = next(entry.news.text for entry in reversed(entries) if entry.news.incident is outage)
        said = outages.headline(line, outage, cause)
        return f"{said}, {_counted(line, others)}" if others else said
    lists = {incident.blocklist for incident in incidents}
    several = len(lists) > 1
    added = part(incidents[0]) if len(incidents) == 1 else ""
    name = list_name(entries[0].blocklist, incidents[0].blocklist) + (f" ({added})" if added else "")
    whom = f"{len(lists)} lists" if several else name
    if line is not Line.BLIND:
        over = "can be believed again" if line is Line.SIGHTED else "could not be believed for a while"
        return f"{whom}: not asked any more" if entries[0].news.text else f"{whom} {over}"
    states = {incident.state for incident in incidents}
    return f"{whom} {TROUBLES[states.pop()][several] if len(states) == 1 else 'set aside'}"


def _server(entries: Sequence[Entry]) -> str:
    """The one server that all of a message's news is about, as a prefix."""
    news = [entry.news for entry in entries]
    servers = {item.listing.servers if item.listing is not None else item.servers for item in news}
    only = servers.pop() if len(servers) == 1 else ()
    return f"{only[0]}: " if only else ""
