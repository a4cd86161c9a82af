"""When what is watched is due again."""

from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from tests.support.configuration import settings_of
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
    rounds = Rounds(interval_s=15 * 60)
    (job,) = rounds.agenda.due(START)[LANE]
    rounds.take_place(START, negative_ttl_s, took_s=took_s)
    due_at = START + timedelta(seconds=due_s)
    assert rounds.agenda.due(due_at - timedelta(seconds=1)).get(LANE) is None
    assert rounds.agenda.due(due_at)[LANE] == [job]


class Rounds:
    """One list, one target, and an agenda over them."""

    def __init__(self, interval_s: int) -> None:
        settings = settings_of([Server(name="mx1", networks=(ip_network("10.0.0.1/32"),))], [bare("a.test")])
        schedule = replace(settings.schedule, interval=timedelta(seconds=interval_s))
        self.watchlist = watch(settings, Catalogue())
        self.roster = enrol(self.watchlist, dict.fromkeys(self.watchlist.servers, 1))
        self._terms = (self.roster, schedule, settings.alerts.delist_after, settings.alerts.blind_after)
        self.agenda = Agenda(*self._terms)
        self.coverage = Coverage(blocklist="a.test", family=Family.IPV4, slice=0)
        self.sounding: list[Sounding] = []
        self.at = START

    def take_place(self, at: datetime, negative_ttl_s: int | None, took_s: int = 0) -> None:
        """A round over everything."""
        self.at = answered_at = at + timedelta(seconds=took_s)
        asked = Asked(
            blocklist=self.watchlist.blocklists["a.test"],
            family=Family.IPV4,
            slice=0,
            targets=tuple(self.roster.ids),
            full=True,
            started_at=at,
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
        self.sounding = [sounding]
        self.coverage = replace(self.coverage, asked=~0, asked_at=at, concluded_at=at)
        self.agenda.note(asked, Recorded(sounding=sounding, coverage=self.coverage))

    def reload(self, *, added: bool) -> None:
        """Another configuration, with a target that was never asked about if one is `added`."""
        before, self.agenda = self.agenda, Agenda(*self._terms)
        coverage = replace(self.coverage, asked=0 if added else ~0)
        self.agenda.load([coverage], [], self.sounding, now=self.at)
        self.agenda.keep_to(before)

    def next_at(self, now: datetime) -> datetime:
        """When the next round is due, from `now` on."""
        while LANE not in self.agenda.due(now):
            now += timedelta(seconds=1)
        return now


def seconds(at: datetime) -> int:
    return int((at - START).total_seconds())


@pytest.mark.parametrize(
    ("early_s", "due_s"),
    [
        # It read copies of the first round's answers, which run out when its successor was due …
        (1000, 1801),
        (1790, 1801),
        # … and may wait for an interval, so as to follow up both rounds at once.
        (850, 850 + 1801),
        # No cache holds the answers of the first one: nothing but the interval counts.
        (1801, 1801 + 1801),
    ],
)
def test_a_round_that_came_early_puts_off_no_other(early_s: int, due_s: int) -> None:
    rounds = Rounds(interval_s=900)
    rounds.take_place(START, 1800)
    rounds.reload(added=True)
    early_at = START + timedelta(seconds=early_s)
    rounds.take_place(early_at, 1800)
    rounds.reload(added=False)
    assert seconds(rounds.next_at(early_at)) == due_s


def test_a_reload_that_adds_nothing_asks_nothing_early() -> None:
    rounds = Rounds(interval_s=900)
    rounds.take_place(START, 1800)
    rounds.reload(added=False)
    assert seconds(rounds.next_at(START)) == 1801


def test_after_a_step_of_the_clock_times_of_before_mean_nothing() -> None:
    rounds = Rounds(interval_s=900)
    rounds.take_place(START, 1800)
    earlier = START - timedelta(hours=5)
    rounds.agenda.forget_times(earlier)
    assert rounds.next_at(earlier) == earlier
    rounds.take_place(earlier, 1800)
    assert rounds.next_at(earlier) == earlier + timedelta(seconds=1801)


@given(st.integers(1, 90), st.integers(1, 90), st.lists(st.integers(0, 200), max_size=6), st.integers(0, 200))
def test_no_answer_is_older_than_the_ttl_and_an_interval(
    interval_s: int, ttl_s: int, early_s: list[int], fetched_s: int
) -> None:
    """However many rounds come early, and whenever a cache fetched what it holds."""
    rounds = Rounds(interval_s)
    starts = sorted(set(early_s))
    at, fetched_at = START, START
    while at < START + timedelta(seconds=600):
        if at >= fetched_at + timedelta(seconds=ttl_s):
            assert at - fetched_at <= timedelta(seconds=max(ttl_s + 1, interval_s) + interval_s)
            fetched_at = at
        rounds.take_place(at, ttl_s)
        if seconds(at) >= fetched_s and at != fetched_at:
            # A target that is added now: no cache holds an answer about it.
            fetched_at, fetched_s = at, 1000
        due_at = rounds.next_at(at + timedelta(seconds=1))
        early = next((start for start in starts if start > seconds(at)), None)
        if early is not None and START + timedelta(seconds=early) < due_at:
            at = START + timedelta(seconds=early)
            rounds.reload(added=True)
        else:
            at = due_at
