"""What names stand for counts in the budgets that commands show, as far as it is known; and what is not is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rblwatch.cli.budget import counted_in, how_often, plan_documents
from rblwatch.configured import Configured
from rblwatch.core.blocklist import Pace, bare
from rblwatch.core.finding import Failure, Finding, Origin, OriginKind
from rblwatch.core.question import Reason
from rblwatch.core.selection import Catalogue
from rblwatch.core.settings import Secret, Server
from rblwatch.core.target import Family, Target, parse_name
from rblwatch.core.watchlist import watch
from rblwatch.store.database import Store
from tests.integration.services.scene import HOST, MX1, look
from tests.support.configuration import settings_of
from tests.support.site import Site
from tests.support.world import ScriptedClock, ScriptedList, World

NAME = parse_name("mx2.example.test")
BY_NAME = Server(name="mx2", hostnames=(NAME,))
BUDGETED = replace(bare("a.test"), operator="Acme", pace=Pace(per_day=100))
FOUND = (Target("10.0.0.5", Family.IPV4), Target("10.0.0.6", Family.IPV4))


@pytest.fixture
def configured(tmp_path: Path) -> Configured:
    settings = replace(
        settings_of([MX1, BY_NAME], [BUDGETED]), database_url=Secret(f"sqlite:///{tmp_path}/rblwatch.db")
    )
    return Configured(Path("rblwatch.toml"), settings, (), Catalogue(), watch(settings, Catalogue()))


def planned(configured: Configured, found: dict[str, list[Finding]] | None = None) -> tuple[int, str | None]:
    watchlist, said = counted_in(configured, found)
    (document,) = plan_documents(watchlist, configured.settings.schedule.interval)
    assert isinstance(document["planned_per_day"], int)
    return document["planned_per_day"], said


async def test_what_the_database_knows_of_names_counts(store: Store, configured: Configured) -> None:
    alone, said = planned(configured)
    assert said is not None
    assert "never were" in said
    site = Site(store, World(ScriptedClock(), [ScriptedList(BUDGETED)]))
    site.names.known[NAME.text] = FOUND
    await site.start(configured.settings)
    before = how_often(configured, BUDGETED)
    await site.look_up_names()
    await look(site)
    more, said = planned(configured)
    assert said is None
    assert more > alone
    assert HOST in site.terms.roster.watchlist.servers
    assert how_often(configured, BUDGETED)["effective_interval"] != before["effective_interval"]


def test_without_a_database_it_is_said_that_names_are_not_counted(configured: Configured) -> None:
    _, said = planned(configured)
    assert said is not None
    assert said.startswith("what the names of servers stand for is not counted in the budgets")


def test_what_was_just_looked_up_counts_without_a_database(configured: Configured) -> None:
    alone, _ = planned(configured)
    origin = Origin(OriginKind.HOSTNAME, NAME)
    finding = Finding(origin=origin, targets=dict.fromkeys(FOUND, "A of mx2.example.test"))
    more, said = planned(configured, {"mx2": [finding]})
    assert more > alone
    assert said is None
    failure = Failure("AAAA of mx2.example.test", Reason.TIMEOUT, "no answer")
    assert planned(configured, {"mx2": [replace(finding, failures=(failure,))]})[1] is not None
