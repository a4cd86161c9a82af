"""The outbox: leases, tokens and order; on both databases."""

import itertools
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rblwatch.core.alert import Composed, Drop, Group, Kind, Line
from rblwatch.core.listing import Ending
from rblwatch.core.routing import Decision, Silence
from rblwatch.core.settings import Secret
from rblwatch.store import reading
from rblwatch.store.database import Store
from rblwatch.store.repository import Repository
from rblwatch.store.rows import Delivery, DeliveryState, Lease, NewNews, Telling
from tests.integration.store.samples import announce, announced, at, claim, incident, listing


def listings(store: Store, count: int) -> list[int]:
    return store.write_now(lambda repo: [row.id for row in repo.add_listings([listing(n) for n in range(count)])])


def finish(
    store: Store, claimed: Delivery, state: DeliveryState, minute: float = 1, *, next_minute: float | None = None
) -> bool:
    next_at = None if next_minute is None else at(next_minute)
    return store.write_now(
        lambda repo: repo.finish(claimed, state=state, at=at(minute), error="said 450", next_at=next_at)
    )


def delivery(store: Store, delivery_id: int = 1) -> Delivery:
    found = store.read_now(lambda queries: queries.delivery(delivery_id))
    assert found is not None
    return found


def give_back_late(store: Store, minute: float) -> int:
    """Hold everybody to be dead whose lease has run out at a minute."""

    def job(repo: Repository) -> int:
        return repo.give_back([lease for lease in repo.leases("nobody") if lease.lease_until < at(minute)], at(minute))

    return store.write_now(job)


def ids(claimed: list[Delivery]) -> list[int]:
    return [one.id for one in claimed]


# Claiming.


def test_a_delivery_is_claimed_when_it_is_due_and_only_once(store: Store) -> None:
    (about,) = listings(store, 1)
    announced(store, (about,), minute=5)
    assert claim(store, 4.9) == []
    (claimed,) = claim(store, 5)
    assert claimed == replace(
        delivery(store), state=DeliveryState.CLAIMED, holder="daemon:one", lease_until=at(7), first_tried_at=at(5)
    )
    assert claim(store, 5) == []


def test_the_news_of_a_delivery_is_read_as_it_is_now(store: Store) -> None:
    first, second = listings(store, 2)

    def job(repo: Repository) -> None:
        announce(repo, (second, first))
        incident_id = repo.open_incident(incident()).id
        about_list = NewNews(kind=Kind.BLIND, at=at(0), incident_id=incident_id)
        changed = NewNews(
            kind=Kind.CHANGED, at=at(1), listing_id=first, codes=("127.0.0.3",), before=("127.0.0.2",), text="why"
        )
        for news in (about_list, changed):
            repo.add_tellings(
                Telling(news_id=repo.add_news(1, news)[0], recipient="ops", decision=Decision.TELL, delivery_id=1)
            )
        repo.end_listing(first, at(3), Ending.DELISTED)

    store.write_now(job)
    news = store.read_now(lambda queries: queries.news(1))
    assert [item.id for item in news] == [1, 2, 3, 4]
    assert [item.listing.id if item.listing else None for item in news] == [second, first, None, first]
    assert [item.listing.stands if item.listing else None for item in news] == [True, False, None, False]
    assert news[2].incident == replace(incident(), id=1)
    last = news[3]
    assert (last.codes, last.before, last.text, last.at) == (("127.0.0.3",), ("127.0.0.2",), "why", at(1))


def test_what_is_not_to_be_told_to_a_recipient_is_no_news_of_his_delivery(store: Store) -> None:
    first, second = listings(store, 2)

    def job(repo: Repository) -> None:
        announce(repo, (first, second))
        repo.update_telling(Telling(news_id=1, recipient="ops", decision=Decision.SILENCED, delivery_id=1))
        repo.add_tellings(Telling(news_id=2, recipient="mail", decision=Decision.BELOW_SEVERITY))

    store.write_now(job)
    news = store.read_now(lambda queries: queries.news(1))
    assert [item.id for item in news] == [2]


def test_each_recipient_has_its_own_limit(store: Store) -> None:
    about = listings(store, 10)
    for recipient in ("ops", "mail"):
        for listing_id in about[:5]:
            announced(store, (listing_id,), recipient)
    taken = claim(store, 1, limit=3, busy=2)  # two of "ops" are on their way already
    assert [(one.recipient, one.id) for one in taken] == [
        ("ops", 1),
        ("mail", 6),
        ("mail", 7),
        ("mail", 8),
    ]
    assert ids(claim(store, 1, limit=3, busy=3)) == [9, 10]


def test_two_claimers_never_take_the_same_delivery(url: str) -> None:
    """Two stores stand for two processes."""
    stores = [Store(Secret(url)), Store(Secret(url))]
    stores[0].open()
    for number in listings(stores[0], 60):
        announced(stores[0], (number,), f"recipient-{number % 7}")
    taken: list[list[Delivery]] = [[], []]
    start = threading.Barrier(2)

    def work(index: int) -> None:
        start.wait()
        while got := claim(stores[index], 1, holder=f"daemon:{index}", limit=2):
            taken[index] += got

    threads = [threading.Thread(target=work, args=(index,)) for index in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ids(taken[0]) + ids(taken[1])) == list(range(1, 61))
    assert len({one.token for one in taken[0] + taken[1]}) == 60
    for store in stores:
        store.close()


# Order.


def test_messages_about_one_listing_leave_in_order(store: Store) -> None:
    first, second = listings(store, 2)

    def job(repo: Repository) -> None:
        announce(repo, (first,))
        announce(repo, (second, first), kind=Kind.DELISTED)  # has to wait for the one before
        announce(repo, (second,))  # has to wait for that one in turn
        announce(repo, (first,), "mail")  # another recipient waits for nobody

    store.write_now(job)
    taken = claim(store, 1)
    assert ids(taken) == [1, 4]
    assert finish(store, taken[1], DeliveryState.SENT)
    assert finish(store, taken[0], DeliveryState.WAITING, next_minute=30)
    assert claim(store, 2) == []  # the first is to be tried again, so the others still wait
    (again,) = claim(store, 30)
    assert finish(store, again, DeliveryState.SENT)
    (then,) = claim(store, 30)
    assert ids([then]) == [2]
    assert finish(store, then, DeliveryState.FAILED)
    assert ids(claim(store, 30)) == [3]


def test_messages_about_one_pair_leave_in_order_though_it_was_listed_twice(store: Store) -> None:
    """The end of the first listing fails and waits; a new listing of the same pair must not be told before it."""

    def job(repo: Repository) -> None:
        first = repo.add_listings([listing(1)])[0].id
        announce(repo, (first,), kind=Kind.DELISTED)
        repo.end_listing(first, at(0), Ending.DELISTED)
        announce(repo, (repo.add_listings([listing(1)])[0].id,))
        # The same target on another list, and another target on this list, wait for nobody.
        announce(repo, (repo.add_listings([listing(1, "other")])[0].id,))
        announce(repo, (repo.add_listings([listing(2)])[0].id,))

    store.write_now(job)
    (delisted,) = claim(store, 1, limit=1)
    assert finish(store, delisted, DeliveryState.WAITING, next_minute=30)
    assert ids(claim(store, 1)) == [3, 4]
    (again,) = claim(store, 30)
    assert again.id == 1
    assert finish(store, again, DeliveryState.SENT)
    assert ids(claim(store, 30)) == [2]


def test_that_a_list_is_believed_again_is_told_after_that_it_was_not(store: Store) -> None:
    def tell(repo: Repository, kind: Kind, incident_id: int) -> None:
        alert_id = repo.add_alert(Group.INCIDENT, "", at(0))
        delivery_id = repo.add_delivery(alert_id, "ops", at(0), at(0))
        news_id = repo.add_news(alert_id, NewNews(kind=kind, at=at(0), incident_id=incident_id))[0]
        repo.add_tellings(Telling(news_id=news_id, recipient="ops", decision=Decision.TELL, delivery_id=delivery_id))

    def job(repo: Repository) -> None:
        first = repo.open_incident(incident()).id
        tell(repo, Kind.BLIND, first)
        repo.end_incident(first, at(1))
        tell(repo, Kind.SIGHTED, first)
        tell(repo, Kind.BLIND, repo.open_incident(incident()).id)
        tell(repo, Kind.BLIND, repo.open_incident(incident("other")).id)

    store.write_now(job)
    (blind,) = claim(store, 1, limit=1)
    assert finish(store, blind, DeliveryState.WAITING, next_minute=30)
    assert ids(claim(store, 1)) == [4]
    for expected in (1, 2, 3):
        (one,) = claim(store, 30)
        assert one.id == expected
        assert finish(store, one, DeliveryState.SENT)


_numbers = itertools.count()

#: What happens next: news about some listings, or time passes and the sender works.
_steps = st.lists(
    st.one_of(
        st.sets(st.integers(0, 3), min_size=1, max_size=3),
        st.sampled_from([*DeliveryState, "late", "crash"]),
    ),
    max_size=25,
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_steps)
def test_whatever_happens_nothing_overtakes_an_earlier_message_about_the_same_listing(
    store: Store, steps: list[set[int] | str]
) -> None:
    run = next(_numbers)
    recipient = f"recipient-{run}"
    new = [listing(number, f"list-{run}") for number in range(4)]
    about = store.write_now(lambda repo: [row.id for row in repo.add_listings(new)])
    unfinished: dict[int, set[int]] = {}
    minute = 0.0

    def work(ours: list[Delivery], state: str, minute: float) -> None:
        for one in ours:
            if state == "late":
                continue  # the lease runs out
            if state == "crash":
                store.write_now(lambda repo: repo.void_leases("daemon:next", at(minute)))
                continue
            word = DeliveryState.WAITING if state == DeliveryState.CLAIMED else DeliveryState(state)
            assert finish(store, one, word, minute, next_minute=minute)
            if word is not DeliveryState.WAITING:
                del unfinished[one.id]

    for step in steps:
        minute += 3
        give_back_late(store, minute)
        if isinstance(step, set):
            some = tuple(about[number] for number in sorted(step))
            made = announced(store, some, recipient, minute=minute)
            unfinished[made] = step
            continue
        ours = [one for one in claim(store, minute, limit=3) if one.recipient == recipient]
        for one in ours:
            earlier = {number for key, what in unfinished.items() if key < one.id for number in what}
            assert not earlier & unfinished[one.id]
        assert ours or not unfinished, "the earliest unfinished delivery can always be claimed once it is due"
        work(ours, step, minute)


# Finishing.


@pytest.mark.parametrize(
    ("state", "changes"),
    [
        (DeliveryState.SENT, {"attempts": 1, "sent_at": at(1)}),
        (DeliveryState.FAILED, {"attempts": 1}),
        (DeliveryState.WAITING, {"attempts": 1, "next_at": at(9)}),
        # Nothing was left to tell, so nothing was tried.
        (DeliveryState.EMPTY, {"attempts": 0}),
    ],
)
def test_a_delivery_is_finished_by_token(store: Store, state: DeliveryState, changes: dict[str, object]) -> None:
    (about,) = listings(store, 1)
    announced(store, (about,))
    (claimed,) = claim(store, 1)
    assert not store.write_now(lambda repo: repo.finish(replace(claimed, token="guessed"), state=state, at=at(1)))
    assert finish(store, claimed, state, next_minute=9)
    done = replace(claimed, state=state, error="said 450", holder=None, token=None, lease_until=None)
    assert delivery(store) == replace(done, **changes)  # type: ignore[arg-type]
    assert not finish(store, claimed, DeliveryState.SENT), "a token works once"


def test_a_lease_that_was_given_back_is_taken_over_and_the_late_sender_changes_nothing(store: Store) -> None:
    (about,) = listings(store, 1)
    announced(store, (about,))
    (late,) = claim(store, 1, lease=2)
    assert claim(store, 3.1) == [], "that it ran out, says nothing yet: the clock may have been stepped"
    assert give_back_late(store, 3.1) == 1
    (taken_over,) = claim(store, 3.1, holder="daemon:two")
    assert taken_over.first_tried_at == at(1)
    assert not finish(store, late, DeliveryState.SENT)
    assert not store.write_now(lambda repo: repo.keep(late, at(9)))
    assert finish(store, taken_over, DeliveryState.SENT)


def test_a_lease_that_was_renewed_meanwhile_is_not_given_back(store: Store) -> None:
    (about,) = listings(store, 1)
    announced(store, (about,))
    (claimed,) = claim(store, 1, lease=2)
    assert store.write_now(lambda repo: repo.leases("daemon:one")) == []
    (seen,) = store.write_now(lambda repo: repo.leases("daemon:two"))
    assert seen == Lease(id=1, token=claimed.held_token, lease_until=at(3))
    store.write_now(lambda repo: repo.renew("daemon:one", [1], at(7)))
    assert store.write_now(lambda repo: repo.give_back([seen], at(4))) == 0
    assert finish(store, claimed, DeliveryState.SENT)


def test_what_waits_is_brought_forward_by_a_step_of_the_clock(store: Store) -> None:
    for number, minute in zip(listings(store, 3), (0, 70, 90), strict=True):
        announced(store, (number,), minute=minute)
    (claimed, *_) = claim(store, 0)
    finish(store, claimed, DeliveryState.WAITING, next_minute=65)
    assert store.write_now(lambda repo: repo.bring_forward(timedelta(minutes=60), at(-50))) == 3
    moments = [(delivery(store, n).not_before, delivery(store, n).next_at) for n in (1, 2, 3)]
    assert moments == [(at(-60), at(5)), (at(10), at(10)), (at(30), at(30))]
    assert delivery(store).first_tried_at == at(-60)


def test_what_a_clock_that_was_ahead_put_off_leaves_at_once(store: Store) -> None:
    about = listings(store, 4)
    announced(store, (about[0],), minute=0)
    (claimed,) = claim(store, 0)
    finish(store, claimed, DeliveryState.WAITING, next_minute=500)  # no retry is that far away
    announced(store, (about[1],), minute=400)  # made in the future
    store.write_now(lambda repo: repo.add_delivery(repo.add_alert(Group.NEWS, "", at(9)), "ops", at(300), at(9)))
    assert store.write_now(lambda repo: repo.hasten(at(10), made_by=at(11), retried_by=at(25))) == 2
    assert [delivery(store, n).next_at for n in (1, 2, 3)] == [at(10), at(10), at(300)]


def test_a_daemon_that_starts_voids_the_leases_of_dead_daemons_only(store: Store) -> None:
    for number in listings(store, 4):
        announced(store, (number,))
    holders = ["daemon:dead", "sweep:alive", "daemon:new", "daemon:dead"]
    taken = [claim(store, 1, holder=holder, limit=1, lease=600)[0] for holder in holders]
    assert store.write_now(lambda repo: repo.void_leases("daemon:new", at(2))) == 2
    assert ids(claim(store, 2)) == [1, 4]
    assert [finish(store, one, DeliveryState.SENT) for one in taken] == [False, True, True, False]


def test_a_sender_that_ends_gives_its_leases_back(store: Store) -> None:
    for number in listings(store, 2):
        announced(store, (number,))
    claim(store, 1, holder="daemon:one", limit=1)
    claim(store, 1, holder="sweep:two", limit=1)
    assert store.write_now(lambda repo: repo.release("sweep:two", at(1))) == 1
    assert ids(claim(store, 1)) == [2]


@pytest.mark.parametrize(
    ("due", "tried", "since"),
    [
        # As it is tried every quarter of an hour, the time since the first try is a time of trying.
        (20, 21, 1),
        (20, 35, 1),
        # The machine was off for a week: that is no trying.
        (20, 20 + 7 * 24 * 60, 1 + 7 * 24 * 60),
    ],
)
def test_a_time_in_which_nobody_tried_is_taken_out_of_the_patience(
    store: Store, due: float, tried: float, since: float
) -> None:
    (about,) = listings(store, 1)
    announced(store, (about,))
    (claimed,) = claim(store, 1)
    finish(store, claimed, DeliveryState.WAITING, next_minute=due)
    (again,) = claim(store, tried)
    assert again.first_tried_at == at(since)


def test_nobody_tried_from_the_last_sign_of_life_of_a_dead_sender(store: Store) -> None:
    (about,) = listings(store, 1)
    announced(store, (about,))
    claim(store, 1, lease=2, holder="daemon:dead")
    week = 7 * 24 * 60
    assert store.write_now(lambda repo: repo.void_leases("daemon:new", at(week))) == 1
    (again,) = claim(store, week)
    assert again.first_tried_at == at(week - 2)


def test_what_was_read_and_what_was_left_out_is_written_down_for_all_news_at_once(store: Store) -> None:
    about = listings(store, 4)
    announced(store, tuple(about))
    (claimed,) = claim(store, 1)
    first, second, third, fourth = store.read_now(lambda queries: queries.news(1))
    composed = Composed(((Line.LISTED, first), (Line.LISTED, second)), ((Drop.OVER, third),), {})

    def job(repo: Repository) -> None:
        silence_id = repo.add_silence(Silence(id=0, until_at=at(9)), at(0))
        repo.mute(claimed, {silence_id: [fourth.id]})
        repo.write_down(claimed, composed)

    store.write_now(job)
    said = store.write_now(lambda repo: reading.tellings(repo._connection))
    assert [(one.decision, one.line, one.dropped, one.delivery_id) for one in said] == [
        (Decision.TELL, Line.LISTED, None, 1),
        (Decision.TELL, Line.LISTED, None, 1),
        (Decision.TELL, None, Drop.OVER, 1),
        (Decision.SILENCED, None, None, None),
    ]


def test_a_failed_delivery_is_tried_again_on_request_as_patiently_as_a_new_one(store: Store) -> None:
    (about,) = listings(store, 1)
    announced(store, (about,))
    assert not store.write_now(lambda repo: repo.retry(1, at(50)))
    (claimed,) = claim(store, 1)
    assert not store.write_now(lambda repo: repo.retry(1, at(50)))
    finish(store, claimed, DeliveryState.FAILED)
    assert store.write_now(lambda repo: repo.retry(1, at(50)))
    assert not store.write_now(lambda repo: repo.retry(99, at(50)))
    (again,) = claim(store, 50)
    assert (again.attempts, again.first_tried_at) == (0, at(50))


def test_the_outbox_counts_what_is_unfinished(store: Store) -> None:
    assert store.read_now(lambda queries: queries.outbox()) == (0, None)
    for number in listings(store, 4):
        announced(store, (number,), minute=number)
    sent, failed, _ = claim(store, 3)
    finish(store, sent, DeliveryState.SENT)
    finish(store, failed, DeliveryState.FAILED)
    assert store.read_now(lambda queries: queries.outbox()) == (2, at(3))
    assert store.read_now(lambda queries: queries.failed_deliveries()) == 1


def test_deliveries_are_shown_the_newest_first(store: Store) -> None:
    for number in listings(store, 3):
        announced(store, (number,))
    (claimed, *_) = claim(store, 1, limit=1)
    finish(store, claimed, DeliveryState.FAILED)
    shown = store.read_now(lambda queries: queries.deliveries())
    assert [one.id for one in shown] == [3, 2, 1]
    assert [one.id for one in store.read_now(lambda queries: queries.deliveries(limit=1))] == [3]
    assert [one.id for one in store.read_now(lambda queries: queries.deliveries(DeliveryState.FAILED))] == [1]
    assert store.read_now(lambda queries: queries.delivery(9)) is None
