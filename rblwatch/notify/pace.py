"""How fast each kind of sink takes messages before it refuses them as too many.

Owns the numbers, by the scheme of a channel's URL or the host of a service. Must not open a URL, nor tell it. They are
well below what the services document, since other programs post to the same places.
"""

from __future__ import annotations

import re
from datetime import timedelta

from rblwatch.core.circuit import Pace
from rblwatch.core.settings import Secret

#: Sinks of the admin's own, and all that no number is known of.
USUAL = Pace(burst=20, every=timedelta(milliseconds=200))
_MAIL = Pace(burst=20, every=timedelta(seconds=1))

#: By a part of the scheme or host. Sources: discord.com/developers "Rate limits" (5 in 2 s, 30 a minute for a webhook),
#: core.telegram.org/bots/faq (1 a second in a chat, 20 a minute in a group), api.slack.com "Rate limits" (1 a second),
#: learn.microsoft.com "Exchange Online limits" (30 messages a minute), docs.ntfy.sh "Limitations" (60 at once, then one
#: every 5 s), pushover.net/api (two at once).
_PACES = (
    (re.compile(r"discord"), Pace(burst=4, every=timedelta(seconds=2))),
    (re.compile(r"tgram|telegram"), Pace(burst=4, every=timedelta(seconds=3))),
    (re.compile(r"slack"), Pace(burst=4, every=timedelta(seconds=1))),
    (re.compile(r"o365|azure"), Pace(burst=10, every=timedelta(seconds=2))),
    (re.compile(r"pover|pushover"), Pace(burst=2, every=timedelta(seconds=1))),
    (re.compile(r"msteams|workflows|office\.com"), Pace(burst=4, every=timedelta(seconds=1))),
    (re.compile(r"ntfy"), Pace(burst=20, every=timedelta(seconds=5))),
    (re.compile(r"^mailtos?$"), _MAIL),
)
_SCHEME = re.compile(r"([a-z0-9]+)://", re.IGNORECASE)
_WEB = re.compile(r"https?://([^/?#@]*@)?([^/?#:]+)", re.IGNORECASE)


def pace_of(url: Secret | None) -> Pace:
    """The pace of the sink that a URL leads to; None: a webhook of the admin's own."""
    text = url.reveal().strip() if url is not None else ""
    web, scheme = _WEB.match(text), _SCHEME.match(text)
    kind = web[2] if web else scheme[1] if scheme else ""
    return next((pace for pattern, pace in _PACES if pattern.search(kind.lower())), USUAL)
