"""When what is watched is due again."""

from datetime import timedelta
from ipaddress import ip_network

import pytest

from rblwatch.core.blocklist import bare
from rblwatch.core.incident import Condition
from rblwatch.core.plan import BatchResult
from rblwatch.core.selection import Catalogue
from rblwatch.core.settings import Server
from rblwatch.core.soundness import Soundness, State
from rblwatch.core.target import Family
from rblwatch.core.watchlist import enrol, watch
from rblwatch.services.agenda import Agenda
from rblwatch.services.asked import Asked
from rblwatch.services.record import Recorded
from rblwatch.store.rows import Coverage, Sounding
from tests.support.site import settings_of
from tests.support.world import NAMESERVER, START

LANE = ("a.test", Family.IPV4)


@pytest.mark.parametrize(
    ("negative_ttl_s", "took_s", "due_s"),
    [
        # From question to question; how long the answers took makes no difference …
        (None, 20, 15 * 60),
        (300, 20, 15 * 60),
        # … but where copies of the last ones outlive the interval, which would be read once more.
        (1800, 20, 1800 + 20 + 1),
        (1800, 0, 1800 + 1),
        (870, 40, 870 + 40 + 1),
    ],
)
def test_a_round_is_due_when_no_cache_holds_an_answer_of_the_last_one(
    negative_ttl_s: int | None, took_s: int, due_s: int
) -> None:
    settings = settings_of([Server(name="mx1", networks=(ip_network("10.0.0.1/32"),))], [bare("a.test")])
    watchlist = watch(settings, Catalogue())
    roster = enrol(watchlist, dict.fromkeys(watchlist.servers, 1))
    agenda = Agenda(roster, settings.schedule, settings.alerts.delist_after)
    (job,) = agenda.due(START)[LANE]
    answered_at = START + timedelta(seconds=took_s)
    asked = Asked(
        blocklist=watchlist.blocklists["a.test"],
        family=Family.IPV4,
        slice=job.part.number,
        targets=job.targets,
        full=True,
        started_at=START,
        at=answered_at,
        result=BatchResult(nameserver=NAMESERVER),
    )
    sounding = Sounding(
        blocklist="a.test",
        family=Family.IPV4,
        nameserver=NAMESERVER,
        condition=Condition(Soundness(State.SOUND), answered_at),
        checked_at=answered_at,
        negative_ttl_s=negative_ttl_s,
    )
    coverage = Coverage(blocklist="a.test", family=Family.IPV4, slice=job.part.number)
    agenda.note(asked, Recorded(sounding=sounding, coverage=coverage))
    due_at = START + timedelta(seconds=due_s)
    assert agenda.due(due_at - timedelta(seconds=1)).get(LANE) is None
    assert agenda.due(due_at)[LANE] == [job]
