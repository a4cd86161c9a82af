"""How fast each kind of sink takes messages, as far as its URL tells."""

import pytest

from rblwatch.core.settings import Secret
from rblwatch.notify.pace import USUAL, pace_of


@pytest.mark.parametrize(
    ("url", "seconds"),
    [
        ("discord://1234567890/token", 2),
        # A service's own address, as an admin copies it.
        ("https://discord.com/api/webhooks/1234567890/token", 2),
        ("tgram://123456789:token/12315544/", 3),
        ("slack://T1JJ3T3L2/A1BRTD4JD/token/#ops", 1),
        ("https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/token", 1),
        ("mailtos://user:password@example.org", 1),
        # Of the admin's own; what stands in a password or a path is no service.
        ("json://discord:secret@127.0.0.1/slack", USUAL.every.total_seconds()),
        ("https://user:discord@hooks.example.org/", USUAL.every.total_seconds()),
    ],
)
def test_a_sink_has_its_pace(url: str, seconds: float) -> None:
    assert pace_of(Secret(url)).every.total_seconds() == seconds


def test_a_webhook_has_the_usual_one() -> None:
    assert pace_of(None) == USUAL
