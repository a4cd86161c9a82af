"""What people look after, on both databases."""

from dataclasses import replace

from rblwatch.core.acknowledgement import Acknowledgement
from rblwatch.core.alert import Group
from rblwatch.core.blocklist import Severity
from rblwatch.core.listing import Ending
from rblwatch.core.routing import Decision
from rblwatch.services.acknowledge import acknowledge
from rblwatch.services.acknowledged import Acknowledged
from rblwatch.services.told import alerts
from rblwatch.store.database import Store
from rblwatch.store.repository import Repository
from rblwatch.store.rows import Telling
from tests.integration.store.samples import announced, at, listing


def two_told(store: Store) -> tuple[int, int]:
    """Two listings that one alert tells of."""
    first, second = store.write_now(lambda repo: repo.add_listings([listing(1), listing(2)]))
    announced(store, (first.id, second.id))
    return first.id, second.id


def looked_after(store: Store) -> frozenset[int]:
    return store.read_now(Acknowledged.now).listings


def test_all_that_an_alert_tells_of_is_looked_after_until_it_ends(store: Store) -> None:
    first, second = two_told(store)
    looked = store.write_now(lambda repo: acknowledge(repo, 1, author="ann", note="on it", at=at(5)))
    assert looked is not None
    assert [subject.id for subject in looked.taken] == [first, second]
    assert looked_after(store) == {first, second}
    store.write_now(lambda repo: repo.end_listing(first, at(6), Ending.DELISTED))
    assert looked_after(store) == {second}
    said = store.read_now(lambda queries: queries.acknowledgements_of([1]))
    assert [(one.listing_id, one.author, one.note, one.at) for one in said] == [
        (first, "ann", "on it", at(5)),
        (second, "ann", "on it", at(5)),
    ]


def test_it_is_looked_after_no_longer_when_it_gets_worse(store: Store) -> None:
    first, _ = two_told(store)

    def job(repo: Repository) -> None:
        said = Acknowledgement(
            id=0, alert_id=1, at=at(5), author="ann", listing_id=first, severity=Severity.INFORMATIONAL
        )
        repo.add_acknowledgements([said, replace(said, severity=Severity.MINOR)])

    store.write_now(job)
    assert looked_after(store) == frozenset()


def test_acknowledging_again_changes_nothing_and_says_so(store: Store) -> None:
    first, second = two_told(store)
    store.write_now(lambda repo: acknowledge(repo, 1, author="ann", note="", at=at(5)))
    store.write_now(lambda repo: repo.end_listing(first, at(6), Ending.DELISTED))
    again = store.write_now(lambda repo: acknowledge(repo, 1, author="bob", note="", at=at(7)))
    assert again is not None
    assert (again.taken, [subject.id for subject in again.known], again.over) == ((), [second], 1)
    assert len(store.read_now(lambda queries: queries.acknowledgements_of([1]))) == 2


def test_an_alert_that_there_is_not_cannot_be_acknowledged(store: Store) -> None:
    assert store.write_now(lambda repo: acknowledge(repo, 7, author="ann", note="", at=at(5))) is None


def test_an_alert_is_shown_with_what_it_gathered_and_a_digest_with_what_it_told(store: Store) -> None:
    first, second = two_told(store)

    def tell_in_a_digest(repo: Repository) -> None:
        digest = repo.add_alert(Group.DIGEST, "2025-06-02", at(60))
        delivery_id = repo.add_delivery(digest, "boss", at(60), at(60))
        repo.add_tellings(
            Telling(news_id=1, recipient="boss", decision=Decision.TELL, delivery_id=delivery_id),
            Telling(news_id=2, recipient="boss", decision=Decision.BELOW_SEVERITY),
        )

    store.write_now(tell_in_a_digest)
    digest, gathered = store.read_now(lambda queries: alerts(queries, since=None, limit=10))
    assert [item.listing and item.listing.id for item in gathered.news] == [first, second]
    assert gathered.kept == {("boss", Decision.BELOW_SEVERITY): 1}
    assert [item.listing and item.listing.id for item in digest.news] == [first]
    assert digest.kept == {}
    assert [one.recipient for one in digest.deliveries] == ["boss"]
