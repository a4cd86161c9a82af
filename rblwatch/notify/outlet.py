"""One Apprise URL, opened for one message: the only module that imports Apprise.

Owns how Apprise is set up so that it sends once, at once, in the thread that asks, and keeps what it knows to itself.
Must not know channels or messages. An Apprise URL is a secret through and through, and so are Apprise's log and its own
"private" form of a URL: nothing of them leaves this module. Importing it takes half a second and 16 MiB.
"""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime
from typing import Self
from urllib.parse import quote

import apprise
from apprise.conversion import convert_between

from rblwatch.core.retry import Outcome, Permanent, Sent, Transient
from rblwatch.core.settings import Secret
from rblwatch.notify.render import Rendered
from rblwatch.notify.reply import Trace, asked_to_wait, failure
from rblwatch.notify.sink import Medium, Sink
from rblwatch.notify.wire import noted

#: Names the delivery in what arrives, so that a duplicate can be told from news.
DELIVERY_HEADER = "X-Rblwatch-Delivery"

#: For URLs without `cto` and `rto`. Apprise's own 4 s would fail a slow sink for ever.
_CONNECT_TIMEOUT_S = 10.0
_READ_TIMEOUT_S = 20.0

_TEXT, _HTML = apprise.NotifyFormat.TEXT, apprise.NotifyFormat.HTML

#: Schemes whose URLs may carry headers. Source: apprise 2.2.0, `qsd+` in `plugins/custom_*.py` and `plugins/email`.
_TAKES_HEADERS = re.compile(r"(json|form|xml|mailto)s?://", re.IGNORECASE)

_IS_MAIL = re.compile(r"mailtos?://", re.IGNORECASE)

_MAIL = frozenset(
    {"mailto", "ses", "sendgrid", "mailgun", "o365", "azure", "smtp2go", "sparkpost", "postmark", "resend", "brevo"}
    | {"mailersend", "sendpulse", "groundmail"}
)
_PROGRAMS = frozenset({"json", "form", "xml", "apprise", "amqp", "mqtt"})
#: Chats that read Markdown in what Apprise hands to them as plain text; where it converts, it escapes as well.
_READS_MARKDOWN = frozenset({"discord", "guilded", "fluxer", "revolt", "mmost", "zulip", "nctalk"})


class Outlet:
    """Where one message goes."""

    def __init__(self, box: apprise.Apprise) -> None:
        self._box = box

    @classmethod
    def opened(cls, url: Secret, delivery_id: str = "", threads: str = "") -> Self | None:
        """Open a URL afresh, so that an earlier message throttles nothing; None: Apprise does not know it.

        `threads` is what a mail's `References` hold.
        """
        text = url.reveal().strip()
        if _TAKES_HEADERS.match(text):
            # `Message-ID` may not be given: Apprise would write a second one.
            references = threads if _IS_MAIL.match(text) else ""
            for header, value in ((DELIVERY_HEADER, delivery_id), ("References", references)):
                if value:
                    text += f"{'&' if '?' in text else '?'}+{header}={quote(value, safe='')}"
        box = apprise.Apprise(asset=_asset())
        if not box.add(text):
            return None
        for service in box:
            if service.socket_connect_timeout == type(service).socket_connect_timeout:
                service.socket_connect_timeout = _CONNECT_TIMEOUT_S
            if service.socket_read_timeout == type(service).socket_read_timeout:
                service.socket_read_timeout = _READ_TIMEOUT_S
        return cls(box)

    @property
    def services(self) -> int:
        """How many services the URL names: more than one where it is several URLs in a row."""
        return len(self._box)

    @property
    def recipients(self) -> int:
        """How many recipients the URL names, over all its services, those of copies of a mail included."""
        copies = sum(len(getattr(service, name, ())) for service in self._box for name in ("cc", "bcc"))
        return copies + sum(len(service) for service in self._box)

    @property
    def sink(self) -> Sink:
        """What the wording must know of where the URL leads."""
        service = self._box[0]
        schemes = _schemes(service)
        shape = service.resolve_format(_TEXT)
        is_mail = bool(schemes & _MAIL)
        return Sink(
            # With `?format=text` in its URL a mail stays plain.
            html=is_mail and service.resolve_format(_HTML) == _HTML,
            medium=Medium.MAIL if is_mail else Medium.JSON if schemes & _PROGRAMS else Medium.CHAT,
            markdown=bool(schemes & _READS_MARKDOWN),
            title_limit=max(int(service.title_maxlen), 0),
            body_limit=max(int(service.body_maxlen), 1),
            size=len if shape == _TEXT else lambda text: len(convert_between(_TEXT, shape, text)),  # type: ignore[no-untyped-call]
        )

    def post(self, rendered: Rendered) -> Outcome:
        """Send, in this thread; over HTTP within the bounds of `wire.py`, else without a limit on its time."""
        with noted() as exchange:
            result = self._box.notify(
                body=rendered.body if rendered.html is None else rendered.html,
                title=rendered.title,
                notify_type=rendered.tone.value,
                body_format=_TEXT if rendered.html is None else _HTML,
                log_level=logging.DEBUG,
            )
        # Not the result's own status alone: `?optional=yes` in a URL turns every failure into a success.
        if len(result) and all(any(attempts) for attempts in result):
            return Sent()
        match result.status:
            case apprise.AppriseResultStatus.NOMATCH:
                return Permanent("its URL names no service")
            case apprise.AppriseResultStatus.TIMEOUT:
                return Transient("Apprise stopped waiting for an answer; the message may arrive all the same")
            case _:
                traces = (Trace(entry.level in ("WARNING", "ERROR"), entry.message) for entry in result.logs())
                return asked_to_wait(failure(traces), exchange.status, exchange.retry_after, datetime.now(UTC))


def _asset() -> apprise.AppriseAsset:
    """Apprise, sending in the caller's thread, without icons from a public host, keys of its own or redirects."""
    return apprise.AppriseAsset(
        app_id="rblwatch",
        app_desc="rblwatch",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        image_path_mask="",
        body_format=_TEXT,
        async_mode=False,
        service_timeout=0,
        http_redirects=False,
        pgp_autogen=False,
        pem_autogen=False,
        storage_mode="memory",
        language="en",
        timezone="UTC",
    )


def _schemes(service: apprise.NotifyBase) -> set[str]:
    """All schemes of a service; Apprise has one as a text, several as a tuple, and none as None."""
    found: set[str] = set()
    for attribute in ("protocol", "secure_protocol"):
        names = getattr(service, attribute, None)
        found.update((names,) if isinstance(names, str) else names or ())
    return found
