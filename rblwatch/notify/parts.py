"""The parts that templates are put together from: whom it is about, since when, what it means, where to look.

Owns how facts of listings and incidents become sentences, for one or for hundreds. Must not know which event is told.
Every text that came from DNS is cleaned once more here, and quoted as somebody else's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rblwatch.core.blocklist import Scope, link
from rblwatch.core.cause import Cause, first_step, likely_causes, named
from rblwatch.core.incident import Incident
from rblwatch.core.listing import Ending, Listing, wider_scope
from rblwatch.core.message import Entry
from rblwatch.core.remedies import remedy
from rblwatch.core.text import clean
from rblwatch.core.wording import several
from rblwatch.notify import phrases
from rblwatch.notify.sink import LONGEST_QUOTE, Sink, literal, quoted

Lines = tuple[str, ...]

#: Several codes may point at several causes; more than these help nobody to begin.
_MOST_CAUSES = 2


@dataclass(frozen=True, slots=True)
class Reader:
    """For which sink, and on which day, a template is worded."""

    sink: Sink
    today: datetime
    alert_id: int = 0

    def when(self, at: datetime) -> str:
        """A time, with its date where it is not today's."""
        return phrases.moment(at, self.today)

    def whom(self, listing: Listing) -> str:
        """A target with its servers: "mx1 (192.0.2.1)"."""
        target = literal(listing.target.text, self.sink)
        return f"{several(listing.servers)} ({target})" if listing.servers else target


def listing_of(entry: Entry) -> Listing:
    """The listing that a line about one always has."""
    assert entry.news.listing is not None, f"a line '{entry.line}' without a listing"
    return entry.news.listing


def incident_of(entry: Entry) -> Incident:
    """The incident that a line about one always has."""
    assert entry.news.incident is not None, f"a line '{entry.line}' without an incident"
    return entry.news.incident


def head(entries: Sequence[Entry], reader: Reader, *, verbs: tuple[str, str], what: str) -> tuple[str, Lines]:
    """A sentence about targets on one list, and the targets one by one where the sentence only counts them."""
    listings = [listing_of(entry) for entry in entries]
    first = listings[0]
    place = phrases.list_and_zone(entries[0].blocklist, first.blocklist, zone=first.zone)
    if len({listing.target for listing in listings}) == 1:
        return f"{reader.whom(first)} {verbs[0]} {what} {place}.", ()
    sentence = f"{phrases.targets(listings)} {verbs[1]} {what} {place}:"
    if len({listing.servers for listing in listings}) == 1:
        items = [literal(listing.target.text, reader.sink) for listing in listings]
        return f"{several(first.servers)}: {sentence}", tuple(items)
    items = [f"{literal(listing.target.text, reader.sink)} ({several(listing.servers)})" for listing in listings]
    return sentence, tuple(items)


def pairs(entries: Sequence[Entry], reader: Reader) -> tuple[str, Lines]:
    """Listings on several lists, as the beginning of a sentence, and one by one where that only counts them."""
    items = tuple(
        f"{reader.whom(listing_of(entry))} on {phrases.list_name(entry.blocklist, listing_of(entry).blocklist)}"
        for entry in entries
    )
    return (items[0], ()) if len(items) == 1 else (f"{len(items)} listings", items)


def those(entries: Sequence[Entry], reader: Reader) -> tuple[str, Lines]:
    """Targets that news without a listing is about, as the beginning of a sentence, and one by one."""
    items = []
    for entry in entries:
        target, servers = literal(entry.news.target or "", reader.sink), entry.news.servers
        items.append(f"{several(servers)} ({target})" if servers else target)
    return (items[0], ()) if len(items) == 1 else (f"{len(items)} targets", tuple(items))


def lists(entries: Sequence[Entry]) -> tuple[str, Lines]:
    """The lists that incidents are about, as the beginning of a sentence, and one by one."""
    named = [(entry.blocklist, incident_of(entry)) for entry in entries]
    names = tuple(
        phrases.list_and_zone(blocklist, incident.blocklist, zone=incident.zone, part=phrases.part(incident))
        for blocklist, incident in named
    )
    if len(names) == 1:
        return names[0], ()
    count = len({incident.blocklist for _, incident in named})
    first = named[0][1]
    whole = phrases.list_and_zone(entries[0].blocklist, first.blocklist, zone=first.zone)
    return (whole if count == 1 else f"{count} lists"), names


def advice(entry: Entry) -> str:
    """What to do about a list's trouble; empty where there is nothing to say."""
    incident = incident_of(entry)
    return remedy(incident.soundness, entry.blocklist, incident.families if incident.partial else ())


def effect(entries: Sequence[Entry]) -> Lines:
    """What the listings do to mail: of the worst, where they differ."""
    severities = {listing_of(entry).severity for entry in entries}
    worst = max(severities, key=lambda severity: severity.rank)
    word = "Severity" if len(severities) == 1 else "Worst severity"
    return (f"{word}: {worst}. {phrases.EFFECTS[worst]}",)


def codes(entries: Sequence[Entry]) -> Lines:
    """What each code means, with how many have it where not all do."""
    found = Counter(code for entry in entries for code in listing_of(entry).codes)
    return tuple(
        phrases.code_meaning(code, entries[0].blocklist)
        + (f" ({count} of {len(entries)})" if count < len(entries) else "")
        for code, count in found.items()
    )


def scopes(entries: Sequence[Entry]) -> Lines:
    """What the entries are made for where that is more than an address, with how many where not all are."""
    blocklist = entries[0].blocklist
    if blocklist is None:
        return ()
    found: Counter[Scope | None] = Counter()
    for listed, count in _by_codes(entries).items():
        found[wider_scope(listed, blocklist)] += count
    return tuple(
        f"Scope: {scope}. {phrases.WIDER_SCOPES[scope]}"
        + (f" ({count} of {len(entries)})" if count < len(entries) else "")
        for scope, count in found.items()
        if scope is not None
    )


def words(entries: Sequence[Entry], reader: Reader) -> Lines:
    """The list's own text, of the first listing that has one."""
    for entry in entries:
        listing = listing_of(entry)
        if listing.text:
            about = f" of {literal(listing.target.text, reader.sink)}" if len(entries) > 1 else ""
            return (f"The list's own words{about}: {quoted(listing.text, reader.sink)}",)
    return ()


def since(entries: Sequence[Entry], reader: Reader) -> Lines:
    """Between which two looks the listings began."""
    listings = [listing_of(entry) for entry in entries]
    clear = [listing.clear_at for listing in listings if listing.clear_at is not None]
    before = f"last seen clear {phrases.moments(clear, reader.today)}" if clear else "never seen clear before"
    return (
        f"First seen listed {phrases.moments([listing.listed_at for listing in listings], reader.today)}, {before}.",
    )


def from_to(entries: Sequence[Entry], reader: Reader) -> Lines:
    """From when to when listings that are over were seen."""
    listings = [listing_of(entry) for entry in entries]
    first = phrases.moments([listing.listed_at for listing in listings], reader.today)
    last = phrases.moments([listing.seen_at for listing in listings], reader.today)
    ended = [listing.ended_at for listing in listings if listing.ended_at is not None]
    ending = listings[0].ended_by
    after = "seen clear" if ending in (None, Ending.DELISTED) else "not followed"
    until = f", {after} since {phrases.moments(ended, reader.today)}" if ended else ""
    cause = "" if ending in (None, Ending.DELISTED) else f" ({phrases.CAUSES[ending]})"
    return (f"First seen listed {first}, last seen listed {last}{until}{cause}.",)


def standing(entries: Sequence[Entry], *, now: bool) -> Lines:
    """How the other lists stand: on the one target, or on how many of several."""
    if len(entries) == 1:
        tally = entries[0].tally
        return (phrases.standing(tally, now=now),) if tally is not None else ()
    elsewhere = [entry.tally for entry in entries if entry.tally is not None and entry.tally.also_on]
    names = sorted({name for tally in elsewhere for name in tally.also_on})
    return (f"{len(elsewhere)} of {len(entries)} also on other lists: {several(names, 10)}.",) if names else ()


def _by_codes(entries: Sequence[Entry]) -> Counter[tuple[str, ...]]:
    """How many listings have which codes: of a whole network, thousands have the same."""
    return Counter(listing_of(entry).codes for entry in entries)


def cause(entries: Sequence[Entry]) -> Lines:
    """What the codes point at, and what to do first; nothing where the list says nothing of it."""
    found: Counter[Cause] = Counter()
    for listed, count in _by_codes(entries).items():
        found.update(dict.fromkeys(likely_causes(listed, entries[0].blocklist), count))
    lines: list[str] = []
    for likely, count in found.most_common(_MOST_CAUSES):
        some = f" ({count} of {len(entries)})" if count < len(entries) else ""
        lines.append(f"Likely cause{some}: {named(likely)}.")
        lines.append(f"What to do first: {first_step(likely)}.")
    return tuple(dict.fromkeys(lines))


def lasting(entries: Sequence[Entry], reader: Reader) -> Lines:
    """For how long listings stand already."""
    longest = max(reader.today - listing_of(entry).listed_at for entry in entries)
    return (f"For {'up to ' if len(entries) > 1 else ''}{phrases.duration(longest)} now.",)


def pages(entries: Sequence[Entry]) -> Lines:
    """The pages about the first target that a reader may follow."""
    return tuple(page for _, _, page in _pages(entries[0]))


def _pages(entry: Entry) -> list[tuple[str, str, str]]:
    """What a page is for, its template, and the page."""
    blocklist, target = entry.blocklist, listing_of(entry).target
    if blocklist is None:
        return []
    named_pages = (("Look it up", blocklist.lookup_url), ("How to get off", blocklist.delist_url))
    found = [(label, template, link(template, target)) for label, template in named_pages]
    return [(label, template, page) for label, template, page in found if page]


def links(entries: Sequence[Entry]) -> Lines:
    """Where to look it up and how to get off, for the first target."""
    example = ", for example" if len(entries) > 1 else ""
    return tuple(
        f"{label}{example if page != template else ''}: {page}" for label, template, page in _pages(entries[0])
    )


def allow_page(entries: Sequence[Entry]) -> str | None:
    """Where to look up the first target that an allow list has no longer."""
    entry = entries[0]
    if entry.blocklist is None or entry.news.target is None:
        return None
    return link(entry.blocklist.lookup_url, entry.news.target)


def allow_links(entries: Sequence[Entry]) -> Lines:
    """The same, as a sentence."""
    page = allow_page(entries)
    example = ", for example" if len(entries) > 1 else ""
    return (f"Look it up{example}: {page}",) if page else ()


def evidence(entries: Sequence[Entry]) -> Lines:
    """Through whom it was seen, and what spoke for the list, of the first listing."""
    listing = listing_of(entries[0])
    proof = clean(listing.evidence, LONGEST_QUOTE).rstrip(".")
    return (f"Evidence: asked through {listing.nameserver}{f'; {proof}' if proof else ''}.",)
