"""News that is held until it is due, and the digest of the day; on both databases."""

from dataclasses import replace
from datetime import datetime

import pytest

from rblwatch.core.alert import Drop, Group, Kind
from rblwatch.core.routing import Decision
from rblwatch.store.database import Store
from rblwatch.store.repository import Repository
from rblwatch.store.rows import NewNews, Telling
from tests.integration.store.samples import at, incident, listing

MAIL, CHAT = "mail", "chat"


@pytest.fixture
def repository(store: Store) -> Store:
    """A database with two recipients."""
    for name in (MAIL, CHAT):
        store.write_now(lambda repo, name=name: repo.add_recipient(name, at(0)))  # type: ignore[misc]
    return store


def hold(repo: Repository, listing_id: int, decision: Decision, due_at: datetime, kind: Kind = Kind.LISTED) -> Telling:
    alert_id = repo.add_alert(Group.NEWS, "", at(0))
    (news_id,) = repo.add_news(alert_id, NewNews(kind=kind, at=at(0), listing_id=listing_id))
    telling = Telling(news_id=news_id, recipient=MAIL, decision=decision, due_at=due_at)
    repo.add_tellings(telling)
    return telling


def test_what_is_held_is_due_at_its_time_and_once(repository: Store) -> None:
    def job(repo: Repository) -> None:
        (one,) = repo.add_listings([listing()])
        telling = hold(repo, one.id, Decision.WAITING_FOR_ACKNOWLEDGEMENT, at(60))
        assert repo.held() == [telling]
        assert [repo.any_due(at(minute)) for minute in (59, 60, 61)] == [False, True, True]
        over = replace(telling, due_at=None, dropped=Drop.OVER)
        repo.take_up([over])
        assert repo.held() == []
        assert not repo.any_due(at(61))
        # Who was slower changes nothing any more.
        repo.take_up([replace(telling, decision=Decision.ACKNOWLEDGED, due_at=None)])
        assert repo.tellings_of([telling.news_id]) == [over]

    repository.write_now(job)


def test_who_waits_for_what_is_known_by_listing_and_by_incident(repository: Store) -> None:
    def job(repo: Repository) -> None:
        one, two = repo.add_listings([listing(), listing(2)])
        hold(repo, one.id, Decision.WAITING_FOR_DIGEST, at(60))
        # The end of something tells nobody that it began.
        hold(repo, two.id, Decision.WAITING_FOR_DIGEST, at(60), Kind.DELISTED)
        about = repo.open_incident(incident()).id
        alert_id = repo.add_alert(Group.INCIDENT, "", at(0))
        (news_id,) = repo.add_news(alert_id, NewNews(kind=Kind.BLIND, at=at(0), incident_id=about))
        repo.add_tellings(Telling(news_id=news_id, recipient=CHAT, decision=Decision.WAITING_FOR_DIGEST, due_at=at(60)))
        assert repo.held_listings() == {(MAIL, one.id)}
        assert repo.held_incidents() == {(CHAT, about)}
        assert repo.incidents_by_id([about, about + 1]).keys() == {about}
        # Nobody knows of it yet.
        assert repo.aware([one.id])[one.id] == set()

    repository.write_now(job)


def test_what_waits_for_the_digest_joins_a_message_about_the_same_pair(repository: Store) -> None:
    def job(repo: Repository) -> None:
        before, after, other = repo.add_listings([replace(listing(), ended_at=at(20)), listing(), listing(2)])
        joins = hold(repo, before.id, Decision.WAITING_FOR_DIGEST, at(60), Kind.DELISTED)
        stays = hold(repo, other.id, Decision.WAITING_FOR_DIGEST, at(60))
        calls = hold(repo, before.id, Decision.WAITING_FOR_ACKNOWLEDGEMENT, at(60))
        alert_id = repo.add_alert(Group.NEWS, "", at(30))
        delivery_id = repo.add_delivery(alert_id, MAIL, at(30), at(30))
        repo.join_held(delivery_id, CHAT, [after.id])
        assert repo.held() == [joins, stays, calls]
        repo.join_held(delivery_id, MAIL, [after.id])
        assert repo.held() == [stays, calls]
        joined = replace(joins, decision=Decision.GROUPED, delivery_id=delivery_id, due_at=None)
        assert repo.tellings_of([joins.news_id]) == [joined]

    repository.write_now(job)


def test_of_two_that_send_the_digest_of_a_day_one_does(repository: Store) -> None:
    def job(repo: Repository) -> None:
        assert repo.digests() == {}
        assert repo.count_digest(MAIL, at(60), last_at=None)
        assert not repo.count_digest(MAIL, at(61), last_at=None)
        assert repo.count_digest(MAIL, at(1500), last_at=at(60))
        assert not repo.count_digest("nobody", at(60), last_at=None)
        assert repo.digests() == {MAIL: at(1500)}

    repository.write_now(job)
