"""What each recipient knows of an incident, from what became of its news; on both databases."""

from dataclasses import replace

import pytest

from rblwatch.core.alert import Group, Kind, Line, Told
from rblwatch.core.routing import Decision
from rblwatch.store.database import Store
from rblwatch.store.repository import Repository
from rblwatch.store.rows import DeliveryState, NewNews, Telling
from tests.integration.store.samples import at, claim, incident


@pytest.fixture
def about(store: Store) -> int:
    """An incident, and a recipient."""

    def job(repo: Repository) -> int:
        repo.add_recipient("ops", at(0))
        return repo.open_incident(incident()).id

    return store.write_now(job)


def send(store: Store, about: int, kind: Kind, minute: int) -> None:
    """Put news of an incident on its way."""

    def job(repo: Repository) -> None:
        alert_id = repo.add_alert(Group.INCIDENT, f"at {minute}", at(minute))
        (news_id,) = repo.add_news(alert_id, NewNews(kind=kind, at=at(minute), incident_id=about))
        delivery_id = repo.add_delivery(alert_id, "ops", at(minute), at(minute))
        telling = Telling(news_id=news_id, recipient="ops", decision=Decision.TELL, delivery_id=delivery_id)
        repo.add_tellings(telling)

    store.write_now(job)


def arrive(store: Store, minute: int, state: DeliveryState, line: Line | None = None) -> None:
    """What is on its way arrives, or comes to nothing."""
    (delivery,) = claim(store, minute)
    (telling,) = store.read_now(lambda queries: queries.tellings(delivery.id))

    def job(repo: Repository) -> None:
        repo.finish(delivery, state=state, at=at(minute))
        repo.update_telling(replace(telling, line=line))

    store.write_now(job)


def knows(store: Store, about: int) -> tuple[Told | None, bool, bool]:
    """What the recipient was told, whether he knows it as open or is about to, and whether that failed for good."""
    told = store.read_now(lambda queries: queries.told_incidents("ops", [about])).get(about)
    aware = store.write_now(lambda repo: repo.aware_of_incident(about))
    return told, "ops" in aware, about in store.write_now(lambda repo: repo.failed_incidents("ops"))


def test_a_recipient_knows_of_an_incident_from_when_it_is_on_its_way_to_him(store: Store, about: int) -> None:
    assert knows(store, about) == (None, False, False)
    send(store, about, Kind.BLIND, 1)
    assert knows(store, about) == (None, True, False)
    arrive(store, 1, DeliveryState.SENT, Line.BLIND)
    assert knows(store, about) == (Told.OPEN, True, False)
    send(store, about, Kind.SIGHTED, 2)
    assert knows(store, about) == (Told.OPEN, True, False)
    arrive(store, 2, DeliveryState.SENT, Line.SIGHTED)
    assert knows(store, about) == (Told.CLOSED, False, False)


@pytest.mark.parametrize(
    ("state", "line", "known"),
    [
        # It was over when it left.
        (DeliveryState.SENT, Line.WAS_BLIND, (Told.CLOSED, False, False)),
        # It was muted, or over, and never left.
        (DeliveryState.EMPTY, None, (None, False, False)),
        (DeliveryState.FAILED, None, (None, False, True)),
    ],
)
def test_what_became_of_the_beginning_is_what_a_recipient_knows(
    store: Store, about: int, state: DeliveryState, line: Line | None, known: tuple[Told | None, bool, bool]
) -> None:
    send(store, about, Kind.BLIND, 1)
    arrive(store, 1, state, line)
    assert knows(store, about) == known


def test_a_recipient_that_comes_back_knows_of_nothing(store: Store, about: int) -> None:
    send(store, about, Kind.BLIND, 1)
    arrive(store, 1, DeliveryState.SENT, Line.BLIND)

    def job(repo: Repository) -> None:
        repo.remove_recipient("ops")
        repo.add_recipient("ops", at(5))

    store.write_now(job)
    assert knows(store, about) == (None, False, False)
