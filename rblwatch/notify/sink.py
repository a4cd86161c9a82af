"""What a sink is like, as far as wording must know: its medium, its limits, and what it would read into plain text.

Owns how text is made harmless for a sink. Must not know Apprise, nor what a message says.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from rblwatch.core.text import clean

#: The longest foreign text that a message quotes, in characters. Source: ports, `Lookup.texts`.
LONGEST_QUOTE = 500

#: Splits "@everyone" and "<!channel>" so that a chat shows them and does not obey.
_BREAK = "\N{ZERO WIDTH SPACE}"
#: A group's mention anywhere, as Discord reads it; anybody's mention at the start of a word.
_MENTION = re.compile(r"@(?=everyone|here|channel|all\b|room\b)|(?<![\w.@+-])@(?=\w)", re.IGNORECASE)
#: `<!channel>`, `<@U123>`, `<#C123>`, `<https://…|words>`: links and mentions of Slack, which Mattermost reads as well.
_ANGLE = re.compile(r"<(?=[!@#&:/\w])")


class Medium(StrEnum):
    """Kinds of sinks that get the same text."""

    CHAT = "chat"  # people, in a chat that may obey mentions
    MAIL = "mail"  # people, with room for everything
    JSON = "json"  # programs and webhooks of the admin's own


@dataclass(frozen=True, slots=True, kw_only=True)
class Sink:
    """Where one message is read."""

    medium: Medium
    markdown: bool = False
    """It reads Markdown in what is sent to it as plain text."""
    html: bool = False
    """It shows HTML, and text to whoever wants none: it gets both."""
    title_limit: int = 250
    """In characters; 0: the sink has no title, so it becomes the first line of the body and counts there."""
    body_limit: int = 32_768
    """In what `size` counts."""
    size: Callable[[str], int] = len
    """How long a text becomes in the sink, where characters are escaped on the way."""


def shortened(text: str, limit: int, *, size: Callable[[str], int] = len) -> str:
    """The text, cut so that it keeps to the limit, with an ellipsis where something is missing."""
    if size(text) <= limit:
        return text
    kept = text[: max(limit - 1, 0)]
    while kept and size(kept + "…") > limit:
        kept = kept[:-1]
    return f"{kept.rstrip()}…" if limit > 0 else ""


def quoted(text: str, sink: Sink) -> str:
    """Somebody else's words on one line, in quotes that they cannot end."""
    mark = "`" if sink.markdown else '"'
    return mark + clean(text, LONGEST_QUOTE).replace(mark, "'") + mark


def literal(text: str, sink: Sink) -> str:
    """An address or a name that a chat would not leave alone: `2001:db8:100::1` holds an emoji."""
    return f"`{text}`" if sink.markdown and ":" in text else text


def defused(text: str, sink: Sink) -> str:
    """The text with nothing in it that a chat would obey: mentions of people or groups, and hidden links."""
    if sink.medium is not Medium.CHAT:
        return text
    text = _ANGLE.sub(f"<{_BREAK}", _MENTION.sub(f"@{_BREAK}", text))
    # `[words](page)` is a link that hides where it leads.
    return text.replace("](", f"]{_BREAK}(") if sink.markdown else text
