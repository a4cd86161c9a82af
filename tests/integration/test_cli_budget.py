"""What `config check` says of a plan that takes more than an operator allows."""

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

import pytest

from rblwatch.cli.budget import plan_lines
from rblwatch.core.blocklist import Pace, bare
from rblwatch.core.selection import Catalogue
from rblwatch.core.settings import Server
from rblwatch.core.watchlist import watch
from tests.support.configuration import settings_of

SERVER = Server(name="mx1", networks=(ip_network("10.0.0.0/28"),))


@pytest.mark.parametrize(
    ("per_day", "told"),
    [
        # 19 questions every quarter of an hour are 1,824 a day, of which three quarters may be planned.
        (2432, []),
        (2431, ['every 15m would take 1,824. They are asked every 16m instead; interval = "16m" in [schedule]']),
        # A round is all that a day allows, and then it is more.
        (26, ['They are asked every 24h instead; interval = "24h" in [schedule] would fit']),
        (25, ["One round takes 19, so it is spread over 25h, and most is unknown until then; put these lists into"]),
    ],
)
def test_a_plan_says_which_interval_fits_or_that_none_does(per_day: int, told: list[str]) -> None:
    acme = replace(bare("a.test"), operator="acme", pace=Pace(per_day=per_day))
    lines = list(plan_lines(watch(settings_of([SERVER], [acme]), Catalogue()), timedelta(minutes=15)))
    assert len(lines) == len(told)
    assert all(words in line for words, line in zip(told, lines, strict=True)), lines
