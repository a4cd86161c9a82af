"""What operators were asked is reserved before it is asked, and what is accepted is kept; on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

from rblwatch.core.settings import Secret
from rblwatch.core.target import Family, Target
from rblwatch.store.database import Store
from tests.integration.store.samples import at

TODAY = date(2026, 3, 1)
TOMORROW = date(2026, 3, 2)
HOST = Target("198.51.100.7", Family.IPV4)
OTHER = Target("198.51.100.8", Family.IPV4)


def reserve(store: Store, wanted: int, least: int = 1, days: tuple[date, ...] = (TODAY,), most: int = 40) -> int:
    return store.write_now(lambda repo: repo.reserve("acme", days, wanted=wanted, least=least, most=most))


def spent(store: Store, day: date = TODAY) -> int:
    return store.read_now(lambda queries: queries.spent(day)).get("acme", 0)


def test_what_is_left_is_granted_and_no_more(store: Store) -> None:
    assert [reserve(store, 30), reserve(store, 30), reserve(store, 1)] == [30, 10, 0]
    assert spent(store) == 40


def test_too_little_is_not_granted_at_all(store: Store) -> None:
    assert [reserve(store, 38), reserve(store, 10, least=3), reserve(store, 2, least=2)] == [38, 0, 2]


def test_what_was_not_asked_is_given_back(store: Store) -> None:
    reserve(store, 30)
    store.write_now(lambda repo: repo.unspend("acme", (TODAY,), 25))
    assert (spent(store), reserve(store, 100)) == (5, 35)


def test_each_of_two_days_has_room(store: Store) -> None:
    """What may be counted on either day is reserved on both, and never half."""
    reserve(store, 35)
    assert reserve(store, 10, least=6, days=(TODAY, TOMORROW)) == 0
    assert reserve(store, 10, days=(TODAY, TOMORROW)) == 5
    assert (spent(store), spent(store, TOMORROW)) == (40, 5)


def test_a_policy_that_was_lowered_grants_nothing(store: Store) -> None:
    reserve(store, 30)
    assert reserve(store, 10, most=20) == 0
    assert spent(store) == 30


def test_long_past_days_are_forgotten(store: Store) -> None:
    reserve(store, 3)
    reserve(store, 3, days=(TODAY + timedelta(days=31),))
    assert spent(store) == 3
    reserve(store, 3, days=(TODAY + timedelta(days=32),))
    assert spent(store) == 0


def test_many_at_once_get_no_more_than_one_would(store: Store, url: str) -> None:
    """Several processes on one database: whoever comes second sees what the first one took."""
    reserve(store, 1)
    stores = [Store(Secret(url)) for _ in range(4)]
    try:
        for one in stores:
            one.open()
        with ThreadPoolExecutor(4) as threads:
            granted = list(threads.map(lambda number: reserve(stores[number % 4], 3), range(24)))
    finally:
        for one in stores:
            one.close()
    assert 1 + sum(granted) == spent(store) == 40


def test_accepted_listings_keep_their_beginning_and_go_when_they_are_over(store: Store) -> None:
    def known() -> list[tuple[str, tuple[str, ...], object, object]]:
        rows = store.read_now(lambda queries: queries.accepted())
        return [(row.target.text, row.codes, row.since_at, row.seen_at) for row in rows]

    ids = store.write_now(lambda repo: repo.add_targets([HOST, OTHER], at(0)))
    store.write_now(lambda repo: repo.add_blocklist("psbl", "psbl.example", at(0)))
    first, second = ids[HOST], ids[OTHER]
    said = {first: ("127.0.0.2",), second: ("127.0.0.3",)}
    store.write_now(lambda repo: repo.save_accepted("psbl", said, asked=[first, second], at=at(0)))
    store.write_now(lambda repo: repo.save_accepted("psbl", {first: ("127.0.0.4",)}, asked=[first], at=at(5)))
    assert known() == [
        (HOST.text, ("127.0.0.4",), at(0), at(5)),
        (OTHER.text, ("127.0.0.3",), at(0), at(0)),
    ]
    store.write_now(lambda repo: repo.save_accepted("psbl", {}, asked=[second], at=at(10)))
    assert [text for text, *_ in known()] == [HOST.text]
    store.write_now(lambda repo: repo.remove_targets([first]))
    assert known() == []
