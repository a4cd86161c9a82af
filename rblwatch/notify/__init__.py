"""TELLS: puts messages into words for each kind of sink, and sends them. Apprise lives here and nowhere else."""

from rblwatch.notify.heartbeat import UrlHeart
from rblwatch.notify.render import Rendered, Tone, render
from rblwatch.notify.sink import Medium, Sink
from rblwatch.notify.transport import SEND_TIMEOUT, AppriseNotifier, targets_of, validate

__all__ = [
    "SEND_TIMEOUT",
    "AppriseNotifier",
    "Medium",
    "Rendered",
    "Sink",
    "Tone",
    "UrlHeart",
    "render",
    "targets_of",
    "validate",
]
