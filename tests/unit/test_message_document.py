"""The structured JSON of a message, key by key."""

import json
from dataclasses import replace
from typing import cast, get_type_hints

import pytest

from rblwatch.core.alert import Group, Kind, Line, News
from rblwatch.core.blocklist import Blocklist, Code, Meaning, Scope, Severity
from rblwatch.core.codes import parse_code_key
from rblwatch.core.incident import Incident
from rblwatch.core.listing import Ending
from rblwatch.core.message import Entry, Message, Tally
from rblwatch.core.message_document import (
    EventDocument,
    IncidentDocument,
    ListingDocument,
    MessageDocument,
    message_document,
)
from rblwatch.core.question import Reason
from rblwatch.core.soundness import Flaw, State
from tests.unit.samples import at, listing

KEYED = Blocklist(
    id="plain",
    zone="hush.bl.example",
    keyed=True,
    public_zone="bl.example",
    name="A plain list",
    codes=(Code(parse_code_key("127.0.0.2"), Meaning("spam", Severity.MAJOR, text="a spam trap", scope=Scope.RANGE)),),
    lookup_url="https://bl.example/?q={ip}",
)
INCIDENT = Incident(
    id=3,
    blocklist="plain",
    zone="bl.example",
    state=State.UNSOUND,
    reason=Reason.UNSOUND,
    flaw=Flaw.WILDCARD,
    detail="lists everything",
    since_at=at(0),
    opened_at=at(1),
)


def message(*entries: Entry) -> Message:
    return Message(delivery_id="12-9", alert_id=12, recipient="hook", group=Group.NEWS, at=at(20), entries=entries)


LISTED = Entry(
    Line.LISTED,
    News(id=1, kind=Kind.LISTED, at=at(15), listing=listing()),
    KEYED,
    Tally(listed=2, clear=18, unknown=1, also_on=("psbl",)),
)
BLIND = Entry(Line.BLIND, News(id=2, kind=Kind.BLIND, at=at(16), incident=INCIDENT), KEYED)
NOTICE = Entry(Line.NOTICE, News(id=3, kind=Kind.NOTICE, at=at(17), text="words"))


def test_a_listing_says_all_that_is_known_of_it() -> None:
    event = message_document(message(LISTED), "one listed")["events"][0]
    assert event == {
        "event": "listed",
        "at": "2026-03-01T10:15:00Z",
        "servers": ["mx1"],
        "tags": ["production"],
        "target": "198.51.100.7",
        "blocklist": "plain",
        "before": [],
        "text": None,
        "incident": None,
        "lists": {"listed": 2, "clear": 18, "unknown": 1, "also_on": ["psbl"]},
        "listing": {
            "id": 1,
            "target": "198.51.100.7",
            "blocklist": "plain",
            "blocklist_name": "A plain list",
            "zone": "bl.example",
            "codes": ["127.0.0.2"],
            "labels": ["spam"],
            "severity": "major",
            "scope": "range",
            "likely_causes": ["network"],
            "text": None,
            "listed_at": "2026-03-01T10:15:00Z",
            "clear_at": "2026-03-01T10:00:00Z",
            "seen_at": "2026-03-01T10:30:00Z",
            "ended_at": None,
            "ended_by": None,
            "first_look": False,
            "nameserver": "127.0.0.1:53",
            "evidence": "self-test passed",
            "lookup_url": "https://bl.example/?q=198.51.100.7",
            "delist_url": None,
        },
    }


def test_a_message_says_what_it_is_and_of_what_version() -> None:
    document = message_document(message(LISTED, BLIND, NOTICE), "three things")
    assert {key: value for key, value in document.items() if key != "events"} == {
        "schema": 1,
        "delivery_id": "12-9",
        "alert_id": 12,
        "channel": "hook",
        "test": False,
        "group": "news",
        "at": "2026-03-01T10:20:00Z",
        "title": "three things",
        "severity": "major",
        "counts": {"listed": 1, "blind": 1, "notice": 1},
        "left_out": 0,
    }


def test_a_listing_that_is_over_gives_the_message_no_severity() -> None:
    over = replace(LISTED, line=Line.DELISTED, news=replace(LISTED.news, listing=listing(ended_by=Ending.DELISTED)))
    assert message_document(message(over), "")["severity"] is None


@pytest.mark.parametrize("entry", [LISTED, BLIND, NOTICE])
def test_every_key_is_always_there(entry: Entry) -> None:
    document = message_document(message(entry), "")
    assert set(document) == set(get_type_hints(MessageDocument))
    event = document["events"][0]
    assert set(event) == set(get_type_hints(EventDocument))
    for key, shape in (("listing", ListingDocument), ("incident", IncidentDocument)):
        part = cast("dict[str, object] | None", event[key])  # type: ignore[literal-required]
        assert part is None or set(part) == set(get_type_hints(shape))


@pytest.mark.parametrize("entry", [LISTED, BLIND])
@pytest.mark.parametrize("blocklist", [KEYED, replace(KEYED, public_zone="")])
def test_a_key_in_a_zone_goes_nowhere(entry: Entry, blocklist: Blocklist) -> None:
    """Not even where an earlier configuration let it into what is stored."""
    news = entry.news
    if news.listing is not None:
        news = replace(news, listing=replace(news.listing, zone="hush.bl.example"))
    if news.incident is not None:
        news = replace(news, incident=replace(news.incident, zone="hush.bl.example"))
    assert "hush" not in json.dumps(message_document(message(replace(entry, news=news, blocklist=blocklist)), ""))


def test_what_is_left_out_is_counted() -> None:
    document = message_document(message(LISTED, BLIND, NOTICE), "", at_most=1)
    assert [event["event"] for event in document["events"]] == ["listed"]
    assert document["left_out"] == 2
    assert document["counts"] == {"listed": 1, "blind": 1, "notice": 1}
