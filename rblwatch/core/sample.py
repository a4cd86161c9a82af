"""A message that shows how a listing is told, and says that it is none.

Owns the sample's content. Must not know how it is worded or sent.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from ipaddress import IPv4Address

from rblwatch.core.alert import Group, Kind, Line, News
from rblwatch.core.blocklist import Blocklist, Code, Meaning, Severity
from rblwatch.core.listing import Listing
from rblwatch.core.matching import CodeRange
from rblwatch.core.message import Entry, Message, Tally
from rblwatch.core.target import Family, Target

#: Nobody has this address. Source: RFC 5737.
TARGET = Target("192.0.2.25", Family.IPV4)
SERVER = "TEST (nothing is wrong)"

_CODE = IPv4Address("127.0.0.2")
_MEANING = Meaning("TEST", Severity.INFORMATIONAL, text="a code of a list that does not exist")
_BLOCKLIST = Blocklist(
    id="test",
    zone="test.invalid",
    name="a list that does not exist",
    codes=(Code(CodeRange(_CODE, _CODE), _MEANING),),
)


def sample_message(channel: str, delivery_id: str, at: datetime) -> Message:
    """A test for one channel: a listing of a documentation address on a list that does not exist."""
    listing = Listing(
        id=0,
        target=TARGET,
        blocklist=_BLOCKLIST.id,
        zone=_BLOCKLIST.zone,
        server=SERVER,
        servers=(SERVER,),
        tags=frozenset(),
        codes=(str(_CODE),),
        labels=(_MEANING.label,),
        severity=_MEANING.severity,
        text=f"This is a test of channel '{channel}', sent by `rblwatch notify test`. Nothing is listed.",
        listed_at=at,
        clear_at=at - timedelta(minutes=15),
        seen_at=at,
        nameserver="none",
        evidence="none: this is a test",
    )
    news = News(id=0, kind=Kind.LISTED, at=at, listing=listing)
    entry = Entry(Line.LISTED, news, _BLOCKLIST, Tally(listed=1, clear=0, unknown=0))
    return Message(delivery_id=delivery_id, alert_id=0, recipient=channel, group=Group.NEWS, at=at, entries=(entry,))
