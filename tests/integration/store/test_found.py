"""Listings, their history, and incidents; on both databases."""

from dataclasses import replace
from datetime import timedelta, timezone
from ipaddress import IPv4Address

import pytest
from sqlalchemy.exc import StatementError

from rblwatch.core.blocklist import Severity
from rblwatch.core.listing import Ending, Listing
from rblwatch.core.standing import Change, Transition
from rblwatch.core.target import Family
from rblwatch.core.verdict import Listed
from rblwatch.store.database import Store
from rblwatch.store.errors import AlreadyListed, AlreadyOpen
from rblwatch.store.repository import Repository
from tests.integration.store.samples import LISTED, PBL, address, at, incident, listing


def opened(store: Store, *values: Listing) -> list[Listing]:
    return store.write_now(lambda repo: repo.add_listings(values))


def test_a_listing_comes_back_as_it_was_stored(store: Store) -> None:
    ours, other = opened(store, listing(1), replace(listing(2), text=None, clear_at=None, first_look=True))
    assert ours.id != other.id
    assert store.write_now(lambda repo: repo.listing(other.id)) == other
    assert store.write_now(lambda repo: repo.listings([ours.id, 999])) == {ours.id: ours}
    assert store.read_now(lambda queries: queries.open_listings()) == [ours, other]


def test_a_pair_has_one_open_listing_and_the_transaction_goes_on(store: Store) -> None:
    (first,) = opened(store, listing(1))

    def job(repo: Repository) -> Listing:
        with pytest.raises(AlreadyListed, match=r"198\.51\.0\.1 has an open listing on zen"):
            repo.add_listings([listing(2), listing(1)])
        repo.end_listing(first.id, at(20), Ending.DELISTED)
        return repo.add_listings([listing(1)])[0]

    second = store.write_now(job)
    beside, *last = store.read_now(lambda queries: queries.open_listings())
    assert last == [second]
    assert beside.target == address(2)
    assert len(store.read_now(lambda queries: queries.history())) == 3


def test_the_same_target_may_be_on_two_lists_and_a_list_may_have_two_targets(store: Store) -> None:
    rows = opened(store, listing(1), listing(1, "psbl"), listing(2))
    assert store.write_now(lambda repo: repo.open_listings("zen")) == [rows[0], rows[2]]


@pytest.mark.parametrize("ending", list(Ending))
def test_a_listing_ends_once(store: Store, ending: Ending) -> None:
    (row,) = opened(store, listing(1))
    ended = store.write_now(lambda repo: repo.end_listing(row.id, at(30), ending))
    assert ended == replace(row, ended_at=at(30), ended_by=ending)
    assert store.write_now(lambda repo: repo.end_listing(row.id, at(40), Ending.UNWATCHED)) == ended


def test_an_update_changes_what_is_known_of_a_listing_but_not_its_end(store: Store) -> None:
    (row,) = opened(store, listing(1))
    changed = replace(row, codes=("127.0.0.10", "127.0.0.11"), labels=("PBL",), severity=Severity.MAJOR, seen_at=at(50))
    store.write_now(lambda repo: repo.update_listings([replace(changed, ended_at=at(51), ended_by=Ending.DELISTED)]))
    assert store.write_now(lambda repo: repo.listing(row.id)) == changed


def test_listings_that_were_seen_again_say_so(store: Store) -> None:
    """And take what their answers are read as now: an admin may have edited the list's description."""
    rows = opened(store, *(listing(number) for number in range(3)))
    ids = [rows[0].id, rows[2].id]
    said = Listed((IPv4Address("127.0.0.9"),), Severity.MINOR, ("policy",))
    store.write_now(lambda repo: repo.touch_listings(ids, said, at(90)))
    seen = store.read_now(lambda queries: queries.open_listings())
    again = [replace(row.read_as(said), seen_at=at(90)) for row in rows]
    assert seen == [again[0], rows[1], again[2]]


def test_thousands_of_listings_are_opened_changed_and_ended_at_once(store: Store) -> None:
    """More than fit into one statement; each keeps what is its own."""
    rows = opened(store, *(listing(number) for number in range(2500)))
    assert [row.target for row in rows] == [address(number) for number in range(2500)]
    assert store.read_now(lambda queries: queries.open_listings()) == rows
    changed = [replace(row, codes=(f"127.0.0.{number % 250}",)) for number, row in enumerate(rows)]
    ends = [(row.id, at(30 + number), Ending.DELISTED) for number, row in enumerate(rows) if number % 2]

    def job(repo: Repository) -> None:
        repo.update_listings(changed)
        repo.end_listings(ends)

    store.write_now(job)
    found = store.write_now(lambda repo: repo.listings([row.id for row in rows]))
    assert [row.codes for row in found.values()] == [row.codes for row in changed]
    assert [(row.id, row.ended_at, row.ended_by) for row in found.values() if not row.stands] == ends


def test_a_history_keeps_every_change_in_order(store: Store) -> None:
    (row,) = opened(store, listing(1))
    changes = [
        Transition(Change.LISTED, LISTED, None, at(15), at(0), first_look=True),
        Transition(Change.CHANGED, PBL, LISTED, at(20), at(0)),
        Transition(Change.DELISTED, PBL, None, at(25), None),
    ]

    def append(repo: Repository) -> None:
        repo.add_transitions([(row.id, changes[0])], at(26))
        repo.add_transitions([(row.id, change) for change in changes[1:]], at(26))

    store.write_now(append)
    assert store.read_now(lambda queries: queries.transitions(row.id)) == changes


def test_history_is_found_by_server_target_and_time(store: Store) -> None:
    rows = opened(
        store,
        listing(1, servers=("mx1", 'büro "west"')),
        replace(listing(2, servers=("MX1",)), listed_at=at(17)),
        replace(listing(3, servers=("mx10",)), listed_at=at(16)),
    )
    store.write_now(lambda repo: repo.end_listing(rows[0].id, at(30), Ending.DELISTED))

    def found(server: str | None = None, target: str | None = None, minute: float | None = None) -> list[int]:
        since = None if minute is None else at(minute)
        return [row.id for row in store.read_now(lambda queries: queries.history(server, target, since))]

    first, second, third = (row.id for row in rows)
    assert found() == [second, third, first]  # the newest first
    assert found(server="mx1") == [first]  # neither MX1 nor mx10
    assert found(server='büro "west"') == [first]
    assert found(server="%") == []
    assert found(target=address(3).text) == [third]
    assert found(minute=30) == [second, third, first]
    assert found(minute=31) == [second, third]  # the first was over by then
    assert found(server="mx1", minute=31) == []


def test_a_list_has_one_open_incident_about_a_family_and_the_transaction_goes_on(store: Store) -> None:
    first = store.write_now(lambda repo: repo.open_incident(incident()))

    def job(repo: Repository) -> None:
        with pytest.raises(AlreadyOpen, match="psbl has an open incident about the same families"):
            repo.open_incident(incident())
        repo.open_incident(incident("zen"))

    store.write_now(job)
    assert store.write_now(lambda repo: repo.open_incidents("psbl")) == [first]
    other = store.write_now(lambda repo: repo.open_incident(replace(incident(), families=frozenset({Family.IPV6}))))
    grown = replace(other, families=frozenset({Family.IPV6, Family.NAME}), partial=True)
    store.write_now(lambda repo: repo.update_incident(grown))
    assert store.write_now(lambda repo: repo.open_incidents("psbl")) == [first, grown]
    store.write_now(lambda repo: repo.end_incident(grown.id, at(8)))
    store.write_now(lambda repo: repo.end_incident(first.id, at(9)))
    store.write_now(lambda repo: repo.end_incident(first.id, at(10)))
    second = store.write_now(lambda repo: repo.open_incident(incident()))
    ended, zen, _, again = store.read_now(lambda queries: queries.incidents())
    assert (ended, again) == (replace(first, ended_at=at(9)), second)
    assert store.read_now(lambda queries: queries.incidents(open_only=True)) == [zen, again]


def test_times_are_stored_in_utc_whatever_zone_they_came_in(store: Store) -> None:
    east = at(15).astimezone(timezone(timedelta(hours=5, minutes=30)))
    opened(store, replace(listing(1), listed_at=east))
    (row,) = store.read_now(lambda queries: queries.open_listings())
    assert row.listed_at == at(15)
    assert row.listed_at.tzinfo == at(0).tzinfo


def test_times_compare_as_time_does(store: Store) -> None:
    """Fractions of seconds and whole ones, before and after; SQLite compares text."""
    moments = [at(15) + timedelta(microseconds=n) for n in (0, 1, 10, 999_999, 1_000_000)]
    rows = opened(store, *(listing(number) for number in range(5)))
    ends = list(zip(rows, moments, strict=True))
    store.write_now(lambda repo: [repo.end_listing(row.id, moment, Ending.DELISTED) for row, moment in ends])
    found = store.read_now(lambda queries: [len(queries.history(since=moment)) for moment in moments])
    assert found == [5, 4, 3, 2, 1]


def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    with pytest.raises(StatementError, match="has no time zone"):
        opened(store, replace(listing(1), listed_at=at(15).replace(tzinfo=None)))
