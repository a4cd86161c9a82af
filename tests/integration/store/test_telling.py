"""Alerts, who is told, who knows, and what is muted; on both databases."""

from dataclasses import replace

import pytest

from rblwatch.core.alert import Drop, Group, Kind, Line, Told
from rblwatch.core.routing import Decision, Silence
from rblwatch.store.database import Store
from rblwatch.store.repository import Repository
from rblwatch.store.rows import Delivery, DeliveryState, NewNews, Telling
from tests.integration.store.samples import announce, announced, at, claim, incident, listing


def first_delivery(store: Store) -> Delivery:
    found = store.read_now(lambda queries: queries.delivery(1))
    assert found is not None
    return found


def one_listing(store: Store) -> int:
    return store.write_now(lambda repo: repo.add_listings([listing(1)])[0]).id


# Joining an alert.


def test_news_joins_the_newest_alert_of_its_group_and_key(store: Store) -> None:
    def job(repo: Repository) -> None:
        first = repo.add_alert(Group.NEWS, "", at(0))
        assert repo.joinable_alert(Group.NEWS, "") is None, "nobody is to be told of it: there is nothing to join"
        repo.add_delivery(first, "ops", at(5), at(0))
        ended = repo.add_alert(Group.ENDED, "server mx1", at(0))
        repo.add_delivery(ended, "ops", at(5), at(0))
        assert repo.joinable_alert(Group.NEWS, "") == first
        assert repo.joinable_alert(Group.NEWS, "other") is None
        assert repo.joinable_alert(Group.ENDED, "") is None
        assert repo.joinable_alert(Group.FIRST_LOOK, "") is None
        second = repo.add_alert(Group.NEWS, "", at(1))
        repo.add_delivery(second, "ops", at(5), at(1))
        assert repo.joinable_alert(Group.NEWS, "") == second

    store.write_now(job)


def test_an_alert_can_be_joined_while_its_deliveries_wait_untried(store: Store) -> None:
    listing_id = one_listing(store)
    announced(store, (listing_id,))
    assert store.write_now(lambda repo: repo.joinable_alert(Group.NEWS, "")) == 1


@pytest.mark.parametrize(
    "state",
    [
        DeliveryState.CLAIMED,  # being sent
        DeliveryState.WAITING,  # after a failed attempt
        DeliveryState.SENT,
        DeliveryState.FAILED,
        DeliveryState.EMPTY,
    ],
)
def test_an_alert_is_closed_once_one_of_its_deliveries_was_claimed(store: Store, state: DeliveryState) -> None:
    listing_id = one_listing(store)

    def job(repo: Repository) -> None:
        announce(repo, (listing_id,))
        repo.add_delivery(1, "mail", at(60), at(0))  # waits untried, which helps nothing

    store.write_now(job)
    (claimed,) = claim(store, 1)
    if state is not DeliveryState.CLAIMED:
        store.write_now(lambda repo: repo.finish(claimed, state=state, at=at(1)))
    assert store.write_now(lambda repo: repo.joinable_alert(Group.NEWS, "")) is None


def test_an_alert_whose_sender_died_stays_closed(store: Store) -> None:
    """It may have been sent: what is added now could be lost on whoever read it already."""
    listing_id = one_listing(store)
    announced(store, (listing_id,))
    claim(store, 1, holder="daemon:dead")
    assert store.write_now(lambda repo: repo.void_leases("daemon:new", at(2))) == 1
    assert store.write_now(lambda repo: repo.joinable_alert(Group.NEWS, "")) is None


# Deliveries before they leave.


def test_an_alert_has_one_delivery_per_recipient(store: Store) -> None:
    def job(repo: Repository) -> None:
        alert_id = repo.add_alert(Group.FIRST_LOOK, "", at(0))
        assert repo.deliveries_of(alert_id) == {}
        delivery_id = repo.add_delivery(alert_id, "ops", at(5), at(0))
        assert repo.deliveries_of(alert_id) == {"ops": delivery_id}

    store.write_now(job)
    assert first_delivery(store) == Delivery(
        id=1,
        alert_id=1,
        group=Group.FIRST_LOOK,
        recipient="ops",
        state=DeliveryState.WAITING,
        not_before=at(5),
        next_at=at(5),
        created_at=at(0),
    )


def test_only_what_was_never_tried_can_be_let_go_earlier(store: Store) -> None:
    listing_id = one_listing(store)

    def job(repo: Repository) -> None:
        announce(repo, (listing_id,), "ops")
        announce(repo, (listing_id,), "mail", minute=5)
        repo.add_alert(Group.FIRST_LOOK, "", at(0))

    store.write_now(job)
    (claimed,) = claim(store, 1)
    store.write_now(lambda repo: repo.finish(claimed, state=DeliveryState.WAITING, at=at(1), next_at=at(9)))
    assert store.write_now(lambda repo: repo.waiting_alerts(Group.NEWS)) == [2]
    assert store.write_now(lambda repo: repo.waiting_alerts(Group.FIRST_LOOK)) == []
    store.write_now(lambda repo: repo.set_not_before([1, 2], at(3)))
    newest, oldest = store.read_now(lambda queries: queries.deliveries())
    assert (newest.not_before, newest.next_at) == (at(3), at(3))
    assert (oldest.not_before, oldest.next_at) == (at(0), at(9))


def test_a_decision_is_kept_with_what_became_of_it(store: Store) -> None:
    listing_id = one_listing(store)
    announced(store, (listing_id,))
    decided = Telling(news_id=1, recipient="ops", decision=Decision.TELL, delivery_id=1)
    assert store.read_now(lambda queries: queries.tellings(1)) == [decided]
    spoken = replace(decided, line=Line.WAS_LISTED, dropped=Drop.MERGED)
    store.write_now(lambda repo: repo.update_telling(spoken))
    assert store.read_now(lambda queries: queries.tellings(1)) == [spoken]


def test_news_and_deliveries_are_committed_together_or_not_at_all(store: Store) -> None:
    def job(repo: Repository) -> None:
        announce(repo, (repo.add_listings([listing(1)])[0].id,))
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        store.write_now(job)
    assert set(store.read_now(lambda queries: queries.counts()).values()) == {0}


# Who knows.


def test_what_a_recipient_knows_is_kept_per_listing(store: Store) -> None:
    ids = store.write_now(lambda repo: [repo.add_listings([listing(number)])[0].id for number in range(3)])
    store.write_now(lambda repo: repo.set_told("ops", {ids[0]: Told.OPEN, ids[1]: Told.OPEN}, at(0)))
    store.write_now(lambda repo: repo.set_told("mail", {ids[0]: Told.CLOSED}, at(0)))
    store.write_now(lambda repo: repo.set_told("ops", {ids[1]: Told.CLOSED, ids[2]: Told.NEVER}, at(1)))
    assert store.read_now(lambda queries: queries.told("ops", ids)) == {ids[0]: Told.OPEN, ids[1]: Told.CLOSED}
    assert store.read_now(lambda queries: queries.told("ops", [])) == {}
    store.write_now(lambda repo: repo.set_told("ops", {ids[0]: Told.NEVER}, at(2)))
    assert store.read_now(lambda queries: queries.told("ops", ids)) == {ids[1]: Told.CLOSED}
    assert store.read_now(lambda queries: queries.told("mail", ids)) == {ids[0]: Told.CLOSED}


@pytest.mark.parametrize(
    ("told", "kind", "decision", "state", "aware"),
    [
        # Nothing said, but the message is on its way.
        (None, Kind.LISTED, Decision.TELL, DeliveryState.WAITING, True),
        (None, Kind.CHANGED, Decision.TELL, DeliveryState.CLAIMED, True),
        # A message that is done counts by what it told.
        (None, Kind.LISTED, Decision.TELL, DeliveryState.SENT, False),
        (None, Kind.LISTED, Decision.TELL, DeliveryState.FAILED, False),
        (None, Kind.LISTED, Decision.TELL, DeliveryState.EMPTY, False),
        (Told.OPEN, Kind.LISTED, Decision.TELL, DeliveryState.SENT, True),
        # He heard that it is over; nothing that is on its way opens it again.
        (Told.CLOSED, Kind.LISTED, Decision.TELL, DeliveryState.WAITING, False),
        # The end of a listing tells nobody that there was one.
        (None, Kind.DELISTED, Decision.TELL, DeliveryState.WAITING, False),
        # Kept from him.
        (None, Kind.LISTED, Decision.SILENCED, DeliveryState.WAITING, False),
        (None, Kind.LISTED, Decision.BELOW_SEVERITY, DeliveryState.WAITING, False),
    ],
)
def test_who_is_aware_of_a_listing(
    store: Store, *, told: Told | None, kind: Kind, decision: Decision, state: DeliveryState, aware: bool
) -> None:
    listing_id = one_listing(store)

    def job(repo: Repository) -> None:
        announce(repo, (listing_id,), kind=kind, decision=decision)
        if told is not None:
            repo.set_told("ops", {listing_id: told}, at(0))

    store.write_now(job)
    if state is not DeliveryState.WAITING:
        (claimed,) = claim(store, 1)
        if state is not DeliveryState.CLAIMED:
            store.write_now(lambda repo: repo.finish(claimed, state=state, at=at(1)))
    assert store.write_now(lambda repo: repo.aware([listing_id])[listing_id]) == ({"ops"} if aware else set())


def test_listings_of_failed_messages_are_known_per_recipient(store: Store) -> None:
    listing_id = one_listing(store)
    announced(store, (listing_id,))
    announced(store, (listing_id,), "mail")
    claimed = claim(store, 1)[0]
    assert store.write_now(lambda repo: repo.failed_listings("ops")) == set()
    store.write_now(lambda repo: repo.finish(claimed, state=DeliveryState.FAILED, at=at(1)))
    assert store.write_now(lambda repo: repo.failed_listings("ops")) == {listing_id}
    assert store.write_now(lambda repo: repo.failed_listings("mail")) == set()


# Silences.


def test_a_silence_is_in_force_until_its_time_or_its_end(store: Store) -> None:
    silence = Silence(
        id=0,
        until_at=at(60),
        reason="moving",
        author="ana",
        server="mx1",
        target="192.0.2.1",
        blocklist="zen",
        tag="production",
        code="127.0.0.2",
    )
    first = store.write_now(lambda repo: repo.add_silence(silence, at(0)))
    second = store.write_now(lambda repo: repo.add_silence(Silence(id=0, until_at=at(30)), at(0)))
    assert store.write_now(lambda repo: repo.silences(at(10))) == [
        replace(silence, id=first),
        Silence(id=second, until_at=at(30)),
    ]
    assert [s.id for s in store.write_now(lambda repo: repo.silences(at(30)))] == [first]
    assert store.write_now(lambda repo: repo.end_silence(first, at(40)))
    assert store.write_now(lambda repo: repo.silences(at(40))) == []
    assert not store.write_now(lambda repo: repo.end_silence(first, at(41)))


def test_what_was_muted_is_found_again_with_its_silence(store: Store) -> None:
    listing_id = one_listing(store)

    def job(repo: Repository) -> None:
        silence_id = repo.add_silence(Silence(id=0, until_at=at(60)), at(0))
        incident_id = repo.open_incident(incident()).id
        alert_id = repo.add_alert(Group.NEWS, "", at(0))
        for recipient in ("ops", "mail"):
            about_listing = repo.add_news(alert_id, NewNews(kind=Kind.LISTED, at=at(0), listing_id=listing_id))[0]
            about_list = repo.add_news(alert_id, NewNews(kind=Kind.BLIND, at=at(0), incident_id=incident_id))[0]
            for news_id in (about_listing, about_list):
                muted = Telling(news_id=news_id, recipient=recipient, decision=Decision.SILENCED, silence_id=silence_id)
                repo.add_tellings(muted)
        repo.add_tellings(Telling(news_id=1, recipient="third", decision=Decision.BELOW_SEVERITY))

    store.write_now(job)
    of_all = store.write_now(lambda repo: repo.silenced_tellings())
    assert [(t.recipient, subject, s.until_at) for t, subject, s in of_all] == [
        ("ops", listing_id, at(60)),
        ("mail", listing_id, at(60)),
    ]
    of_one = store.write_now(lambda repo: repo.silenced_incidents("mail"))
    assert [(t.news_id, t.recipient, subject) for t, subject, _ in of_one] == [(4, "mail", 1)]

    def tell(repo: Repository) -> None:
        for telling, _, _ in of_all:
            repo.update_telling(replace(telling, decision=Decision.TELL))

    store.write_now(tell)
    assert store.write_now(lambda repo: repo.silenced_tellings()) == []


# Recipients.


def test_recipients_are_known_by_their_names(store: Store) -> None:
    store.write_now(lambda repo: repo.add_recipient("ops", at(0)))
    store.write_now(lambda repo: repo.add_recipient("mail", at(0)))
    assert store.write_now(lambda repo: repo.recipients()) == {"ops", "mail"}


def test_a_recipient_that_is_removed_is_told_afresh_when_it_comes_back(store: Store) -> None:
    listing_id = one_listing(store)

    def job(repo: Repository) -> None:
        repo.add_recipient("ops", at(0))
        repo.set_told("ops", {listing_id: Told.OPEN}, at(0))
        repo.remove_recipient("ops")

    store.write_now(job)
    assert store.write_now(lambda repo: repo.recipients()) == set()
    assert store.write_now(lambda repo: repo.aware([listing_id])[listing_id]) == set()
