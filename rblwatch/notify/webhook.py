"""The structured webhook: a message as JSON, signed, for a program of the admin's own.

Owns the headers and the signature. Must not know what the JSON holds (`core/message_document.py`), nor HTTP.

The signature is made anew for every attempt, since it holds the time; the delivery's id stays the same.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime

from rblwatch.core.message import Message
from rblwatch.core.message_document import message_document
from rblwatch.core.retry import Outcome
from rblwatch.core.settings import Secret
from rblwatch.core.text import clean
from rblwatch.notify.headline import headline
from rblwatch.notify.request import ask

DELIVERY_HEADER = "X-Rblwatch-Delivery"
SIGNATURE_HEADER = "X-Rblwatch-Signature"

#: What many receivers take at most is 1 MiB; an event has about 1.5 KiB.
_MOST_EVENTS = 400
_LONGEST_TITLE = 250


def post(url: Secret, secret: Secret | None, message: Message, now: datetime) -> Outcome:
    """Send a message, in this thread."""
    body = written(message)
    headers = {"Content-Type": "application/json", DELIVERY_HEADER: message.delivery_id}
    if secret is not None:
        headers[SIGNATURE_HEADER] = signature(secret, body, now)
    return ask("POST", url, now, headers=headers, body=body)


def written(message: Message) -> bytes:
    """The body: JSON in UTF-8."""
    title = clean(headline(message), _LONGEST_TITLE)
    return json.dumps(message_document(message, title, at_most=_MOST_EVENTS), ensure_ascii=False).encode()


def signature(secret: Secret, body: bytes, now: datetime) -> str:
    """`t=SECONDS,v1=HEX`: an HMAC-SHA256 (RFC 2104) of the seconds since 1970, a dot and the body.

    The time is signed as well, so that an old request cannot be played again for ever.
    """
    at = int(now.timestamp())
    digest = hmac.new(secret.reveal().encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"
