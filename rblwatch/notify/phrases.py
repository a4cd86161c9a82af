"""The sentences that messages are made of.

Owns every fixed phrase about severities, codes, times and trouble. Must not know which event a message is about,
nor the sink.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address

from rblwatch.core.blocklist import Blocklist, Claim, Meaning, Scope, Severity
from rblwatch.core.incident import Incident
from rblwatch.core.listing import Ending, Listing
from rblwatch.core.message import Tally
from rblwatch.core.soundness import State
from rblwatch.core.target import Family
from rblwatch.core.wording import several

#: What a listing does to mail.
EFFECTS = {
    Severity.CRITICAL: "Many large receivers reject mail from whatever is listed here.",
    Severity.MAJOR: "Some receivers reject mail for this, and many count it heavily towards spam.",
    Severity.MINOR: "A few receivers reject mail for this; others count it a little towards spam.",
    Severity.INFORMATIONAL: "Hardly anybody rejects mail for this alone; it is worth knowing.",
}

#: What an entry is made for that is not made for its address alone.
WIDER_SCOPES = {
    Scope.RANGE: "The entry is for a range that the address is in, not for the address alone.",
    Scope.AS: "The entry is for the whole network (AS) that the address is in, not for the address alone.",
    Scope.COUNTRY: "The entry is for the whole country that the address is in, not for the address alone.",
}

#: Why a listing ended that was not a delisting, where the news itself names no cause.
CAUSES = {
    Ending.DELISTED: "the list has it no longer",
    Ending.UNWATCHED: "it is no longer watched",
    Ending.LIST_RETIRED: "the list was retired, or could not be believed for 30 days",
    Ending.REINTERPRETED: "what the list says of it no longer counts as a listing here",
}

#: Why somebody hears no more of a listing, where the news itself names no cause.
NO_ROUTE = "no route leads its news to this channel any more"

NOT_A_DELISTING = {
    Ending.DELISTED: "",
    Ending.UNWATCHED: "This is not a delisting: the list may still have it, but nobody asks any more.",
    # A list that is unsound is asked on.
    Ending.LIST_RETIRED: "This is not a delisting: nobody can say whether the list still has it.",
    Ending.REINTERPRETED: "This is not a delisting: the same answer of the list is read otherwise here now.",
}

#: What is wrong with a list, for one and for several.
TROUBLES = {
    State.UNSOUND: ("cannot be believed", "cannot be believed"),
    State.UNREACHABLE: ("cannot be reached", "cannot be reached"),
    State.REFUSING: ("refuses to answer us", "refuse to answer us"),
    State.UNVERIFIED: ("has no self-test", "have no self-test"),
    State.SOUND: ("can be believed", "can be believed"),
}

#: What it means for whoever reads it, for one list and for several.
BLIND_EFFECTS = (
    "Effect: nothing new is told on its word meanwhile; what it listed before is kept.",
    "Effect: nothing new is told on their word meanwhile; what they listed before is kept.",
)

#: What follows from a listing that comes and goes.
UNSTABLE_EFFECT = "Until it is calm again, its comings and goings are kept in the history and not told one by one."

#: What it means to have lost an entry of an allow list.
ALLOW_LOST_EFFECT = "This is no listing: receivers that trusted it for this entry judge its mail as anybody's now."

_FAMILIES = {Family.IPV4: "IPv4", Family.IPV6: "IPv6", Family.NAME: "names"}


def part(incident: Incident) -> str:
    """Of which answers of a list an incident is, in short; empty where it is about the whole list."""
    named = [_FAMILIES[family] for family in sorted(incident.families)] if incident.partial else []
    return f"{' and '.join(named)} only" if named else ""


def moment(at: datetime, today: datetime) -> str:
    """A time in UTC, with its date where that is not the message's own."""
    at, today = at.astimezone(UTC), today.astimezone(UTC)
    return f"{at:%H:%M} UTC" if at.date() == today.date() else f"{at:%Y-%m-%d %H:%M} UTC"


def duration(length: timedelta) -> str:
    """A length of time as people say it: "3 days", "5 hours", "20 minutes"."""
    minutes = int(length.total_seconds()) // 60
    if minutes >= 2 * 24 * 60:
        return f"{minutes // (24 * 60)} days"
    return f"{minutes // 60} hours" if minutes >= 2 * 60 else counted(minutes, "minute", "minutes")


def moments(times: Collection[datetime], today: datetime) -> str:
    """When several things happened: at one time, or between two."""
    first, last = moment(min(times), today), moment(max(times), today)
    return first if first == last else f"between {first} and {last}"


def list_name(blocklist: Blocklist | None, fallback: str) -> str:
    """A list's name for people, without the parts that a long one has in parentheses."""
    return (blocklist.name.split(" (")[0] if blocklist is not None else "") or fallback


def list_and_zone(blocklist: Blocklist | None, fallback: str, *, zone: str, part: str = "") -> str:
    """A list's name with its zone, and for which answers of it something holds; never a zone with a key in it."""
    name = list_name(blocklist, fallback)
    if blocklist is not None:
        secret = blocklist.keyed and not blocklist.public_zone
        zone = "" if secret else blocklist.shown_zone
    added = ", ".join(filter(None, (zone if zone != name else "", part)))
    return f"{name} ({added})" if added else name


def targets(listings: Sequence[Listing]) -> str:
    """How many different things are listed, counted by what they are: "240 addresses"."""
    found = {listing.target for listing in listings}
    names = sum(target.family is Family.NAME for target in found)
    noun = "name" if names == len(found) else "target" if names else "address"
    return counted(len(found), noun, f"{noun}es" if noun == "address" else f"{noun}s")


def counted(number: int, one: str, many: str) -> str:
    """A number with its noun."""
    return f"{number} {one if number == 1 else many}"


def code_labels(codes: Sequence[str], blocklist: Blocklist | None) -> str:
    """Codes in a sentence, each with what the list calls it: "127.0.0.2 (SBL) and 127.0.0.9 (DROP)"."""
    return " and ".join(_code_label(code, blocklist) for code in codes) or "no code"


def code_meaning(code: str, blocklist: Blocklist | None) -> str:
    """One code explained as the list's operator does."""
    said = _said(code, blocklist)
    if not said:
        return f"{code}: the list does not explain this code."
    texts = [_meaning(meaning) for meaning in said]
    return f"{code} means {'; '.join(text.rstrip('.') for text in texts)}."


def standing(tally: Tally, *, now: bool) -> str:
    """How all lists stand on a target: now, or right after a listing ended."""
    counts = [f"{tally.clear} clear"] + ([f"{tally.unknown} unknown"] if tally.unknown else [])
    place = "Still listed" if not now and tally.listed else "Listed"
    others = f" {'Also' if now else 'Still'} on: {several(tally.also_on, 10)}." if tally.also_on else ""
    return f"{place} on {tally.listed} of {tally.lists}; {', '.join(counts)}.{others}"


def _code_label(code: str, blocklist: Blocklist | None) -> str:
    labels = [meaning.label for meaning in _said(code, blocklist)]
    return f"{code} ({', '.join(labels)})" if labels else code


def _meaning(meaning: Meaning) -> str:
    """What a code stands for; where the list's text begins with the label, that says it once."""
    text = meaning.text.removeprefix(f"{meaning.label}: ")
    return f"{meaning.label}: {text}" if text else meaning.label


def _said(code: str, blocklist: Blocklist | None) -> list[Meaning]:
    """What the list's own table says of a code; nothing where the table lacks it."""
    if blocklist is None:
        return []
    said = [m for m in blocklist.meanings(IPv4Address(code)) if m != blocklist.otherwise or m.text]
    return [m for m in said if m.claim in (Claim.LISTED, Claim.INFO)] or said
