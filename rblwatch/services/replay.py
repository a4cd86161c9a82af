"""What another configuration would have told, against what was told.

Owns from when the past is gone through, what of it is shown, and the shape in which faces show that. Must not write
anything, nor send.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from rblwatch.core.alert import Drop, Kind, News
from rblwatch.core.hindsight import Compared, Mark, Said, compare, count
from rblwatch.core.routing import Decision
from rblwatch.core.timespan import rfc3339
from rblwatch.core.watchlist import Watchlist
from rblwatch.services.policy import Policy
from rblwatch.services.rehearsal import Read, Rehearsal, read_by
from rblwatch.store.past import History
from rblwatch.store.rows import NewNews, Telling
from rblwatch.store.scratch import scratch

#: The policy is put to work so long before the time that is shown, so that what it holds by then, and whom it had told
#: of what, is as if it had always been in force. Nothing but what waits for an acknowledgement waits for longer.
_WARM_UP = timedelta(days=7)
#: A daemon tells what is due within a second or two, and a message takes its time.
_A_WHILE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A configuration held against what was told."""

    since_at: datetime
    until_at: datetime
    history_since: datetime | None
    """From when there is any history: later than was asked for, less is shown; None: there is none."""
    lines: tuple[Compared, ...]
    channels: tuple[str, ...]
    """Those of the configuration."""

    @property
    def counts(self) -> dict[str, Counter[Mark]]:
        """How many lines of each channel became what; also of those that nothing was told."""
        return {name: Counter() for name in self.channels} | count(self.lines)


def replay(
    history: History, watchlist: Watchlist, policy: Policy, *, since_at: datetime, until_at: datetime
) -> Replayed:
    """Say what a policy would have told between two moments, against what was told."""
    began_at = history.began_at or until_at
    shown_at = max(since_at, min(began_at, until_at))
    waits = [wait for route in policy.routes for wait in (route.after, route.remind_every) if wait is not None]
    longest = max(waits, default=timedelta())
    with scratch() as room:
        rehearsal = Rehearsal(room, history, watchlist, policy)
        rehearsal.run(max(since_at - _WARM_UP - longest, began_at), until_at)
        became = rehearsal.became()
    was = [_said(one) for one in read_by(history) if shown_at <= one.at <= until_at]
    would = [_said(one) for one in rehearsal.read if shown_at <= one.at]
    reasons = dict(_reasons(history, was, became, policy))
    lines = compare(was, would, policy.group_wait + _A_WHILE, reasons)
    return Replayed(
        since_at=shown_at,
        until_at=until_at,
        history_since=history.began_at,
        lines=lines,
        channels=policy.recipients,
    )


def replay_document(replayed: Replayed) -> dict[str, object]:
    """The comparison in JSON."""
    return {
        "since": rfc3339(replayed.since_at),
        "until": rfc3339(replayed.until_at),
        "history_since": rfc3339(replayed.history_since) if replayed.history_since is not None else None,
        "channels": [
            {"channel": channel} | {mark.value: counted[mark] for mark in Mark}
            for channel, counted in replayed.counts.items()
        ],
        "lines": list(map(_line_document, replayed.lines)),
    }


def _line_document(one: Compared) -> dict[str, object]:
    said = one.said
    return {
        "channel": said.channel,
        "mark": one.mark.value,
        "was": _told_document(one.was),
        "would": _told_document(one.would),
        "reason": one.reason.value if one.reason is not None else None,
        "servers": list(said.servers),
        "target": said.target,
        "blocklist": said.blocklist,
        "text": said.text,
    }


def _told_document(said: Said | None) -> dict[str, object] | None:
    return None if said is None else {"at": rfc3339(said.at), "line": said.line.value}


def _said(read: Read) -> Said:
    news = read.news
    listing, incident = news.listing, news.incident
    return Said(
        at=read.at,
        channel=read.channel,
        line=read.line,
        about=_about(news),
        servers=listing.servers if listing is not None else news.servers,
        target=listing.target.text if listing is not None else news.target,
        blocklist=listing.blocklist if listing is not None else incident.blocklist if incident else news.blocklist,
        text=news.text,
        news_id=news.id,
    )


def _about(news: News) -> str:
    if news.listing is not None:
        return f"listing {news.listing.id}"
    if news.incident is not None:
        return f"incident {news.incident.id}"
    return " | ".join((*news.servers, news.target or "", news.blocklist or "", news.text))


def _reasons(
    history: History, was: Iterable[Said], became: Mapping[tuple[int, str], Telling], policy: Policy
) -> Iterator[tuple[tuple[int, str], Decision | Drop]]:
    """Why what was told would not be, by its news and its channel.

    What was told when a silence had ended, or to a channel that was new, is news of its own: what counts then is what
    becomes of the news before it that says the same.
    """
    alike: dict[tuple[tuple[int | None, int | None, Kind], str], Telling] = {}
    news = {item.id: item.news for item in history.news}
    for (news_id, channel), telling in became.items():
        alike[_subject(news[news_id]), channel] = telling
    for said in was:
        own = became.get((said.news_id, said.channel))
        likely = own or alike.get((_subject(news[said.news_id]), said.channel))
        if said.channel not in policy.recipients:
            yield (said.news_id, said.channel), Decision.NO_ROUTE
        elif likely is not None:
            yield (said.news_id, said.channel), _reason(likely)


def _subject(news: NewNews) -> tuple[int | None, int | None, Kind]:
    return news.listing_id, news.incident_id, news.kind


def _reason(telling: Telling) -> Decision | Drop:
    """Why news makes no line of its own: another line says it, or it was left out, or it never came into a message."""
    if telling.line is not None:
        return Drop.MERGED
    return telling.dropped if telling.dropped is not None else telling.decision
