"""What ends and begins with the configuration: every listing has an exact end, and every cause one message."""

import sqlite3
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, ip_network
from pathlib import Path
from typing import Any

import pytest

from rblwatch.core.alert import Group, Line
from rblwatch.core.blocklist import Claim, Code, Meaning, Severity, bare
from rblwatch.core.errors import NothingRegistered
from rblwatch.core.listing import Ending, Listing
from rblwatch.core.matching import CodeRange
from rblwatch.core.retired import Fate, Retired, obituary
from rblwatch.core.routing import Silence
from rblwatch.core.selection import Catalogue
from rblwatch.core.settings import Route, Server, Topic
from rblwatch.core.standing import Change
from rblwatch.core.target import Family, Target
from rblwatch.store.database import Store
from rblwatch.store.rows import DeliveryState
from tests.integration.services.scene import (
    CHAT,
    HOST,
    MAIL,
    MX1,
    MX2,
    OTHER,
    held,
    list_of,
    look,
    minutes,
    pending,
    said,
    tell,
    to,
    watching,
)
from tests.support.configuration import settings_of
from tests.support.site import Journey, Site
from tests.support.world import Mode

A, B = bare("a.test"), bare("b.test")
#: Takes the place of all others: without any server a configuration is refused.
OTHER_SERVER = Server(name="mx3", networks=(ip_network("10.0.0.3/32"),))
TWO, THREE = IPv4Address("127.0.0.2"), IPv4Address("127.0.0.3")
PRODUCTION = Route(channels=(CHAT,), tags=frozenset({"production"}))
EVERYTHING = Route(channels=(MAIL,))


async def listed_twice(store: Store) -> Site:
    """Two servers, each listed on one list, and both channels told."""
    site = await watching(store, list_of("a.test"), list_of("b.test"))
    site.world.list("a.test", HOST)
    site.world.list("a.test", OTHER)
    await look(site)
    site.notifier.arrived.clear()
    return site


def ended(store: Store) -> list[tuple[str, Ending | None]]:
    history = store.read_now(lambda queries: queries.history())
    return sorted((listing.target.text, listing.ended_by) for listing in history)


def only(store: Store) -> Listing:
    (listing,) = store.read_now(lambda queries: queries.history())
    return listing


def causes(site: Site, recipient: str) -> list[str]:
    return [entry.news.text for message in to(site, recipient) for entry in message.entries]


async def test_a_server_that_is_taken_out_ends_its_listing_and_one_message_says_why(store: Store) -> None:
    site = await listed_twice(store)
    await site.reload(settings_of([MX2], [A, B]))
    assert ended(store) == [("10.0.0.1", Ending.UNWATCHED), ("10.0.0.2", None)]
    await tell(site)
    (chat,) = to(site, CHAT)
    assert (chat.group, said(chat)) == (Group.ENDED, [(Line.ENDED, "10.0.0.1")])
    assert causes(site, CHAT) == causes(site, MAIL) == ["the server mx1 is no longer configured"]


async def test_a_file_without_servers_ends_nothing_and_says_what_to_do(store: Store) -> None:
    site = await listed_twice(store)
    with pytest.raises(NothingRegistered, match=r"2 open listings, of mx1, mx2, .* put them back; .* skip = ..all.."):
        await site.reload(settings_of([], [A, B]))
    assert ended(store) == [("10.0.0.1", None), ("10.0.0.2", None)]


async def test_all_listings_end_where_the_one_server_that_is_left_skips_all_lists(store: Store) -> None:
    """The way to end them on purpose."""
    site = await listed_twice(store)
    await site.reload(settings_of([replace(MX1, skip=("all", "a.test", "b.test"))], [A, B]))
    assert ended(store) == [("10.0.0.1", Ending.UNWATCHED), ("10.0.0.2", Ending.UNWATCHED)]


async def test_a_file_without_servers_is_fine_where_nothing_is_listed(store: Store) -> None:
    site = await watching(store, list_of("a.test"))
    await site.reload(settings_of([], [A]))
    assert site.status().servers == ()


async def test_a_list_that_is_taken_out_ends_all_its_listings_in_one_message(store: Store) -> None:
    site = await listed_twice(store)
    await site.reload(settings_of([MX1, MX2], [B]))
    assert ended(store) == [("10.0.0.1", Ending.UNWATCHED), ("10.0.0.2", Ending.UNWATCHED)]
    await tell(site)
    (chat,) = to(site, CHAT)
    assert said(chat) == [(Line.ENDED, "10.0.0.1"), (Line.ENDED, "10.0.0.2")]
    assert causes(site, CHAT) == ["the list a.test is no longer used for any server"] * 2


async def test_two_causes_are_two_messages(store: Store) -> None:
    site = await listed_twice(store)
    await site.reload(settings_of([OTHER_SERVER], [A, B]))
    await tell(site)
    assert [said(message) for message in to(site, CHAT)] == [[(Line.ENDED, "10.0.0.1")], [(Line.ENDED, "10.0.0.2")]]
    assert causes(site, CHAT) == [f"the server {name} is no longer configured" for name in ("mx1", "mx2")]


async def test_an_end_is_told_to_nobody_who_was_not_told_of_the_listing(store: Store) -> None:
    site = await watching(
        store,
        list_of("a.test"),
        settings=settings_of([MX1, MX2], [A], routes=[PRODUCTION, EVERYTHING]),
    )
    site.world.list("a.test", OTHER)
    await look(site)
    await site.reload(settings_of([MX1], [A], routes=[PRODUCTION, EVERYTHING]))
    await tell(site)
    assert to(site, CHAT) == []
    assert [said(message) for message in to(site, MAIL)] == [[(Line.LISTED, "10.0.0.2")], [(Line.ENDED, "10.0.0.2")]]


async def test_whoever_was_told_hears_of_the_end_though_his_route_goes_with_it(store: Store) -> None:
    site = await listed_twice(store)
    await site.reload(settings_of([MX2], [A, B], routes=[EVERYTHING]))
    await tell(site)
    assert [said(message) for message in to(site, CHAT)] == [[(Line.ENDED, "10.0.0.1")], [(Line.UNROUTED, "10.0.0.2")]]


async def test_a_skipped_list_is_no_longer_watched_for_that_server_only(store: Store) -> None:
    site = await listed_twice(store)
    await site.reload(settings_of([replace(MX1, skip=("a.test",)), MX2], [A, B]))
    await tell(site)
    assert ended(store) == [("10.0.0.1", Ending.UNWATCHED), ("10.0.0.2", None)]
    assert causes(site, CHAT) == ["mx1 is no longer watched on a.test"]
    await look(site)
    assert held(site) == [("a.test", "10.0.0.2")]


async def test_a_list_that_every_server_skips_is_named_as_unused_and_not_as_gone(store: Store) -> None:
    site = await listed_twice(store)
    await site.reload(settings_of([replace(one, skip=("a.test",)) for one in (MX1, MX2)], [A, B]))
    await tell(site)
    assert causes(site, CHAT) == ["the list a.test is no longer used for any server"] * 2


@pytest.mark.parametrize(("retired_id", "zone"), [("ours", "other.test"), ("other", "a.test")])
async def test_a_list_that_the_catalogue_has_retired_says_what_became_of_it(
    store: Store, retired_id: str, zone: str
) -> None:
    """By its id, or by the zone that it was asked in."""
    scripted = list_of("a.test")
    scripted.blocklist = replace(scripted.blocklist, id="ours")
    site = await watching(store, scripted)
    site.world.list("ours", HOST)
    await look(site)
    gone = Retired(id=retired_id, zone=zone, below=True, fate=Fate.SHUT_DOWN, since="2026", replacement="b.test")
    site.catalogue = Catalogue(retired=(gone,))
    await site.reload(settings_of([MX1, MX2], []))
    await tell(site)
    assert only(store).ended_by is Ending.LIST_RETIRED
    assert causes(site, CHAT)[1:] == [obituary(gone, "ours")]


@pytest.mark.parametrize(
    ("kept", "custom", "fate", "end"),
    [
        # Forced, it is asked on.
        ([MX1, MX2], {"custom": (A,), "force": ("a.test",)}, Fate.DEAD, (None, [])),
        # Nobody who was listed is left: that is why.
        ([MX2], {}, Fate.DEAD, (Ending.UNWATCHED, ["the server mx1 is no longer configured"])),
        # Of a suspect people are only warned: it was the admin who took it out.
        ([MX1, MX2], {}, Fate.SUSPECT, (Ending.UNWATCHED, ["the list a.test is no longer used for any server"])),
    ],
)
async def test_a_retired_list_is_the_cause_only_where_it_is_not_asked_for_that(
    store: Store, kept: list[Server], custom: dict[str, Any], fate: Fate, end: tuple[Ending | None, list[str]]
) -> None:
    site = await watching(store, list_of("a.test"))
    site.world.list("a.test", HOST)
    await look(site)
    site.catalogue = Catalogue(retired=(Retired(id="dead", zone="a.test", below=True, fate=fate, since="2026"),))
    settings = settings_of(kept, [])
    await site.reload(replace(settings, lists=replace(settings.lists, **custom)))
    await tell(site)
    assert (only(store).ended_by, causes(site, CHAT)[1:]) == end


async def test_a_cause_names_servers_as_they_are_called_now(store: Store) -> None:
    site = await listed_twice(store)
    renamed = replace(MX1, name="mail1")
    await site.reload(settings_of([renamed, MX2], [A, B]))
    await site.reload(settings_of([replace(renamed, skip=("a.test",)), MX2], [A, B]))
    await tell(site)
    assert causes(site, CHAT) == ["mail1 is no longer watched on a.test"]


async def test_an_address_that_is_taken_out_of_a_server_says_so(store: Store) -> None:
    wide = Server(name="mx1", networks=(ip_network("10.0.0.0/30"),))
    site = await watching(store, list_of("a.test"), servers=[wide])
    site.world.list("a.test", OTHER)
    await look(site)
    await site.reload(settings_of([MX1], [A]))
    await tell(site)
    assert causes(site, CHAT)[1:] == ["no longer registered under mx1"]


async def test_a_server_that_comes_back_is_looked_at_anew(store: Store) -> None:
    site = await listed_twice(store)
    await site.reload(settings_of([MX2], [A, B]))
    await look(site)
    await site.reload(settings_of([MX1, MX2], [A, B]))
    await look(site)
    again = store.read_now(lambda queries: queries.history(target="10.0.0.1"))[0]
    assert (again.stands, again.first_look, again.clear_at) == (True, True, None)
    assert [(message.group, said(message)) for message in to(site, CHAT)] == [
        (Group.ENDED, [(Line.ENDED, "10.0.0.1")]),
        (Group.FIRST_LOOK, [(Line.LISTED, "10.0.0.1")]),
    ]


async def test_a_renamed_server_keeps_its_listing_and_its_history(store: Store) -> None:
    site = await listed_twice(store)
    await site.reload(settings_of([replace(MX1, name="mail"), MX2], [A, B]))
    await look(site)
    assert held(site) == [("a.test", "10.0.0.1"), ("a.test", "10.0.0.2")]
    assert site.notifier.arrived == []
    (listing,) = store.read_now(lambda queries: queries.history(target="10.0.0.1"))
    assert listing.server == "mx1"
    # It can be silenced under the name that it has now.
    until_at = site.clock.now() + minutes(60)
    store.write_now(lambda repo: repo.add_silence(Silence(id=0, until_at=until_at, server="mail"), site.clock.now()))
    site.world.list("a.test", HOST, "127.0.0.9")
    await look(site)
    assert site.notifier.arrived == []


async def test_an_address_under_two_servers_is_watched_as_long_as_one_of_them_is(store: Store) -> None:
    twin = Server(name="twin", networks=(ip_network("10.0.0.1/32"),), tags=("spare",))
    spare = Route(channels=(CHAT,), tags=frozenset({"spare"}))
    site = await watching(store, list_of("a.test"), settings=settings_of([MX1, twin], [A], routes=[spare, EVERYTHING]))
    site.world.list("a.test", HOST)
    await look(site)
    assert only(store).servers == ("mx1", "twin")
    assert [said(message) for message in to(site, CHAT)] == [[(Line.LISTED, "10.0.0.1")]]
    await site.reload(settings_of([twin], [A], routes=[spare, EVERYTHING]))
    await look(site)
    assert held(site) == [("a.test", "10.0.0.1")]
    assert len(site.notifier.arrived) == 2
    await site.reload(settings_of([OTHER_SERVER], [A], routes=[spare, EVERYTHING]))
    await tell(site)
    assert only(store).ended_by is Ending.UNWATCHED
    assert len(site.notifier.arrived) == 4


async def test_a_tag_that_is_taken_out_tells_its_channel_that_it_hears_no_more(store: Store) -> None:
    routes = [PRODUCTION, EVERYTHING]
    site = await watching(store, list_of("a.test"), settings=settings_of([MX1, MX2], [A], routes=routes))
    site.world.list("a.test", HOST)
    await look(site)
    await site.reload(settings_of([replace(MX1, tags=()), MX2], [A], routes=routes))
    await tell(site)
    assert [said(message) for message in to(site, CHAT)] == [[(Line.LISTED, "10.0.0.1")], [(Line.UNROUTED, "10.0.0.1")]]
    assert [said(message) for message in to(site, MAIL)] == [[(Line.LISTED, "10.0.0.1")]]
    # Whoever hears no more is not told of the delisting, and told anew what stands when the tag comes back.
    await site.reload(settings_of([MX1, MX2], [A], routes=routes))
    await tell(site)
    assert said(to(site, CHAT)[-1]) == [(Line.LISTED, "10.0.0.1")]
    assert to(site, CHAT)[-1].group is Group.STANDING


@pytest.mark.parametrize("journey", [Journey.TRANSIENT, Journey.PERMANENT])
async def test_that_a_channel_hears_no_more_is_committed_once_however_often_it_fails(
    store: Store, journey: Journey
) -> None:
    routes = [PRODUCTION, EVERYTHING]
    site = await watching(store, list_of("a.test"), settings=settings_of([MX1, MX2], [A], routes=routes))
    site.world.list("a.test", HOST)
    await look(site)
    site.notifier.journeys[CHAT] = journey
    untagged = settings_of([replace(MX1, tags=()), MX2], [A], routes=routes)
    await site.reload(untagged)
    await tell(site)
    rows = store.read_now(lambda queries: queries.counts())
    for _ in range(3):
        await site.reload(untagged)
        await tell(site)
    assert store.read_now(lambda queries: queries.counts()) == rows


async def test_a_channel_that_is_added_gets_one_message_of_what_stands(store: Store) -> None:
    site = await watching(
        store, list_of("a.test"), list_of("b.test"), settings=settings_of([MX1, MX2], [A, B], channels=[CHAT])
    )
    for blocklist, target in (("a.test", HOST), ("b.test", HOST), ("b.test", OTHER)):
        site.world.list(blocklist, target)
    await look(site)
    site.world.delist("b.test", OTHER)
    for _ in range(3):
        await look(site)
    await site.reload(settings_of([MX1, MX2], [A, B]))
    await site.deliver()
    (mail,) = to(site, MAIL)
    assert (mail.group, said(mail)) == (Group.STANDING, [(Line.LISTED, "10.0.0.1")] * 2)
    await look(site)
    assert len(to(site, MAIL)) == 1


async def test_a_channel_that_is_taken_out_and_comes_back_hears_what_stands(store: Store) -> None:
    site = await listed_twice(store)
    # A message is on its way to it when it is taken out.
    site.notifier.journeys[CHAT] = Journey.TRANSIENT
    site.world.list("b.test", HOST)
    await look(site)
    await site.reload(settings_of([MX1, MX2], [A, B], channels=[MAIL]))
    site.world.delist("a.test", OTHER)
    for _ in range(3):
        await look(site)
    (failed,) = store.read_now(lambda queries: queries.deliveries(DeliveryState.FAILED))
    assert (failed.recipient, failed.error) == (CHAT, "the channel 'chat' is no longer configured")
    site.notifier.journeys.clear()
    assert to(site, CHAT) == []
    await site.reload(settings_of([MX1, MX2], [A, B]))
    await tell(site)
    (chat,) = to(site, CHAT)
    assert (chat.group, said(chat)) == (Group.STANDING, [(Line.LISTED, "10.0.0.1")] * 2)
    assert [entry.news.listing.blocklist for entry in chat.entries if entry.news.listing] == ["a.test", "b.test"]


async def test_a_route_that_is_opened_up_tells_what_newly_concerns_its_channel(store: Store) -> None:
    narrow = Route(channels=(CHAT,), severity=Severity.CRITICAL)
    site = await watching(store, list_of("a.test"), settings=settings_of([MX1, MX2], [A], routes=[narrow, EVERYTHING]))
    site.world.list("a.test", HOST)
    await look(site)
    assert to(site, CHAT) == []
    await site.reload(settings_of([MX1, MX2], [A], routes=[replace(narrow, severity=Severity.MINOR), EVERYTHING]))
    await tell(site)
    assert [said(message) for message in to(site, CHAT)] == [[(Line.LISTED, "10.0.0.1")]]
    # A route that wants delistings no more is no reason to say that nothing leads there.
    quiet = replace(narrow, severity=Severity.MINOR, on=frozenset({Topic.LISTED}))
    await site.reload(settings_of([MX1, MX2], [A], routes=[quiet, EVERYTHING]))
    await tell(site)
    assert len(to(site, CHAT)) == 1


async def test_a_list_whose_zone_moved_keeps_its_listings_and_shows_the_new_zone(store: Store) -> None:
    site = await listed_twice(store)
    await site.reload(settings_of([MX1, MX2], [replace(A, zone="new.a.test"), B]))
    await look(site)
    assert held(site) == [("a.test", "10.0.0.1"), ("a.test", "10.0.0.2")]
    assert store.read_now(lambda queries: queries.blocklists())["a.test"] == "new.a.test"


async def test_nothing_is_written_where_nothing_has_changed(store: Store, tmp_path: Path) -> None:
    site = await listed_twice(store)
    # A second connection sees by this number whether any other one has committed a change.
    watcher = sqlite3.connect(tmp_path / "rblwatch.db")
    try:
        before = watcher.execute("PRAGMA data_version").fetchone()
        for _ in range(2):
            await site.reload(site.settings)
            await site.end_silences()
        assert watcher.execute("PRAGMA data_version").fetchone() == before
    finally:
        watcher.close()


async def test_a_family_that_is_no_longer_watched_keeps_no_list_in_trouble(store: Store) -> None:
    """The list never answers about IPv6; with the last IPv6 address gone, nobody is blind any more."""
    both = Server(name="mx1", networks=(ip_network("10.0.0.1/32"), ip_network("fd00::1/128")))
    site = await watching(store, list_of("a.test"), servers=[both])
    site.world.lists["a.test"].unanswered |= {point for point in A.selftest.listed if point.family is Family.IPV6}
    await site.run(until=minutes(60))
    assert [incident.blocklist for incident in store.read_now(lambda q: q.incidents(open_only=True))] == ["a.test"]
    await site.reload(settings_of([MX1], [A]))
    await site.run(until=minutes(30))
    assert store.read_now(lambda queries: queries.incidents(open_only=True)) == []
    assert [entry.line for message in to(site, CHAT) for entry in message.entries] == [Line.BLIND, Line.SIGHTED]


async def test_the_incident_about_a_list_ends_with_the_list(store: Store) -> None:
    site = await listed_twice(store)
    site.world.turn("b.test", Mode.WILDCARD)
    await look(site)
    assert len(store.read_now(lambda queries: queries.incidents(open_only=True))) == 1
    await site.reload(settings_of([MX1, MX2], [A]))
    assert store.read_now(lambda queries: queries.incidents(open_only=True)) == []


async def test_codes_that_mean_nothing_any_more_end_their_listings_with_their_own_cause(store: Store) -> None:
    site = await listed_twice(store)
    ignoring = replace(A, ignored=tuple(site.world.lists["a.test"].entries[HOST]))
    await site.reload(settings_of([MX1, MX2], [ignoring, B]))
    await look(site)
    assert ended(store) == [("10.0.0.1", Ending.REINTERPRETED), ("10.0.0.2", Ending.REINTERPRETED)]
    (chat,) = to(site, CHAT)
    assert said(chat) == [(Line.ENDED, "10.0.0.1"), (Line.ENDED, "10.0.0.2")]
    assert len(set(causes(site, CHAT))) == 1


async def test_codes_that_an_admin_ignores_or_not_are_no_change_of_the_lists(store: Store) -> None:
    site = await watching(store, list_of("a.test"), servers=[MX1])
    site.world.list("a.test", HOST, "127.0.0.2", "127.0.0.3")
    await look(site)
    for ignored, codes in (
        ((TWO,), ("127.0.0.3",)),
        ((THREE,), ("127.0.0.2",)),
        ((), ("127.0.0.2", "127.0.0.3")),
    ):
        await site.reload(settings_of([MX1], [replace(A, ignored=ignored)]))
        # Shown at once, and borne out by the list's own answer.
        assert only(store).codes == codes
        await look(site)
        assert (only(store).codes, only(store).stands) == (codes, True)
    assert [said(message) for message in to(site, CHAT)] == [[(Line.LISTED, "10.0.0.1")]]
    # What the list itself changes is told, from the codes that counted before.
    await site.reload(settings_of([MX1], [replace(A, ignored=(THREE,))]))
    site.world.list("a.test", HOST, "127.0.0.4", "127.0.0.3")
    await look(site)
    (change,) = to(site, CHAT)[-1].entries
    assert (change.line, change.news.before, change.news.codes) == (Line.CHANGED, ("127.0.0.2",), ("127.0.0.4",))


async def test_a_code_whose_meaning_an_admin_edits_is_no_change_of_the_lists(store: Store) -> None:
    site = await watching(store, list_of("a.test"), servers=[MX1])
    site.world.list("a.test", HOST, "127.0.0.2", "127.0.0.3")
    await look(site)
    for claim in (Claim.NEUTRAL, Claim.INFO, Claim.ALLOW, Claim.LISTED):
        meaning = Meaning(f"as {claim}", Severity.MINOR, claim)
        await site.reload(settings_of([MX1], [replace(A, codes=(Code(CodeRange(THREE, THREE), meaning),))]))
        await look(site)
        counts = claim in (Claim.INFO, Claim.LISTED)
        assert only(store).codes == (("127.0.0.2", "127.0.0.3") if counts else ("127.0.0.2",))
        assert (f"as {claim}" in only(store).labels) == counts
    assert [said(message) for message in to(site, CHAT)] == [[(Line.LISTED, "10.0.0.1")]]


async def test_what_waits_for_its_proof_is_read_as_the_admin_wants_it_when_it_comes(store: Store) -> None:
    site = await watching(store, list_of("a.test"), servers=[MX1])
    site.world.list("a.test", HOST, "127.0.0.2")
    await look(site)
    site.world.lists["a.test"].proofs_answered = False
    site.world.list("a.test", HOST, "127.0.0.2", "127.0.0.3")
    await look(site)
    await site.reload(settings_of([MX1], [replace(A, ignored=(THREE,))]))
    site.world.lists["a.test"].proofs_answered = True
    await look(site)
    assert (only(store).codes, pending(site)) == (("127.0.0.2",), [])
    assert [said(message) for message in to(site, CHAT)] == [[(Line.LISTED, "10.0.0.1")]]


async def test_a_listing_of_which_the_list_keeps_only_ignored_codes_is_not_delisted(store: Store) -> None:
    site = await watching(store, list_of("a.test"), servers=[MX1])
    site.world.list("a.test", HOST, "127.0.0.2", "127.0.0.3")
    await look(site)
    await site.reload(settings_of([MX1], [replace(A, ignored=(TWO, THREE))]))
    site.world.list("a.test", HOST, "127.0.0.2")
    await look(site)
    await look(site)
    assert ended(store) == [("10.0.0.1", Ending.REINTERPRETED)]
    assert (
        causes(site, CHAT)[-1]
        == "what 127.0.0.2, 127.0.0.3 of a.test means here was changed: it is no listing any more"
    )


async def test_a_listing_that_was_a_refusal_as_is_known_now_is_taken_back_at_once(store: Store) -> None:
    """Such an answer is unknown from now on, so no answer would ever end it; and no delisting may be told."""
    site = await watching(store, list_of("a.test"), servers=[MX1])
    site.world.list("a.test", HOST, "127.0.0.3")
    await look(site)
    refusing = replace(A, refusals=(*A.refusals, IPv4Network("127.0.0.3/32")))
    await site.reload(settings_of([MX1], [refusing]))
    assert (ended(store), held(site)) == ([("10.0.0.1", Ending.REINTERPRETED)], [])
    happened = store.read_now(lambda queries: queries.transitions(only(store).id))
    assert [transition.change for transition in happened] == [Change.LISTED, Change.REINTERPRETED]
    for _ in range(3):
        await look(site)
    assert [said(message) for message in to(site, CHAT)] == [[(Line.LISTED, "10.0.0.1")], [(Line.ENDED, "10.0.0.1")]]
    assert causes(site, CHAT)[-1] == "what 127.0.0.3 of a.test means here was changed: it is no listing any more"
    # The pair is looked at anew: what it is listed for then is a first look, and was never seen clear.
    site.world.list("a.test", HOST, "127.0.0.4")
    await look(site)
    (again,) = store.read_now(lambda queries: queries.open_listings())
    assert (again.first_look, again.clear_at) == (True, None)


async def test_a_list_that_lied_for_thirty_days_ends_its_listings_and_is_looked_at_anew_afterwards(
    store: Store,
) -> None:
    site = await listed_twice(store)
    site.world.turn("a.test", Mode.SILENT)
    await site.run(until=minutes(60 * 24 * 31), every=minutes(60 * 6))
    assert ended(store) == [("10.0.0.1", Ending.LIST_RETIRED), ("10.0.0.2", Ending.LIST_RETIRED)]
    assert [said(message) for message in to(site, CHAT) if message.group is Group.ENDED] == [
        [(Line.ENDED, "10.0.0.1"), (Line.ENDED, "10.0.0.2")]
    ]
    site.world.turn("a.test", Mode.HEALTHY)
    await site.run(until=minutes(60))
    again = store.read_now(lambda queries: queries.open_listings())
    assert [(listing.target, listing.first_look, listing.clear_at) for listing in again] == [
        (HOST, True, None),
        (OTHER, True, None),
    ]


async def test_two_new_servers_with_the_same_address_are_asked_about_once(store: Store) -> None:
    twin = Server(name="twin", networks=(ip_network("10.0.0.1/32"),))
    site = await watching(store, list_of("a.test"), servers=[MX1, twin])
    assert [list(batch.targets) for batch in site.lookup.batches] == [[HOST]]
    assert store.read_now(lambda queries: queries.targets()).keys() == {Target("10.0.0.1", Family.IPV4)}


async def test_a_range_that_is_taken_out_is_one_cause_and_one_message(store: Store) -> None:
    wide = Server(name="mx1", networks=(ip_network("10.0.0.0/29"),))
    site = await watching(store, list_of("a.test"), servers=[wide])
    for number in range(4, 8):
        site.world.list("a.test", Target(f"10.0.0.{number}", Family.IPV4))
    await look(site)
    await site.reload(settings_of([MX1], [A]))
    await tell(site)
    assert [len(message.entries) for message in to(site, CHAT)][1:] == [4]


async def test_a_route_that_is_taken_out_is_one_cause_and_one_message(store: Store) -> None:
    site = await listed_twice(store)
    await site.reload(settings_of([MX1, MX2], [A, B], routes=[EVERYTHING]))
    await tell(site)
    assert [said(m) for m in to(site, CHAT)] == [[(Line.UNROUTED, "10.0.0.1"), (Line.UNROUTED, "10.0.0.2")]]


async def test_a_severity_that_the_admin_raises_reaches_those_who_had_not_to_be_told(store: Store) -> None:
    low = replace(A, otherwise=replace(A.otherwise, severity=Severity.INFORMATIONAL))
    site = await watching(store, list_of("a.test"), settings=settings_of([MX1], [low]))
    site.world.list("a.test", HOST)
    await look(site)
    assert to(site, CHAT) == []
    await site.reload(settings_of([MX1], [A]))
    await tell(site)
    assert [said(message) for message in to(site, CHAT)] == [[(Line.LISTED, "10.0.0.1")]]
    await look(site)
    assert len(to(site, CHAT)) == 1


async def test_what_would_newly_concern_a_channel_waits_for_the_end_of_a_silence(store: Store) -> None:
    site = await watching(store, list_of("a.test"), settings=settings_of([MX1, MX2], [A], channels=[CHAT]))
    site.world.list("a.test", HOST)
    await look(site)
    at = site.clock.now()
    store.write_now(lambda repo: repo.add_silence(Silence(id=0, until_at=at + minutes(60), server="mx1"), at))
    for _ in range(2):
        await site.reload(settings_of([MX1, MX2], [A]))
        await look(site)
    assert to(site, MAIL) == []
    site.clock.advance(minutes(60))
    await site.end_silences()
    await site.deliver()
    assert [said(message) for message in to(site, MAIL)] == [[(Line.LISTED, "10.0.0.1")]]
    assert [said(message) for message in to(site, CHAT)] == [[(Line.LISTED, "10.0.0.1")]]


async def test_that_a_channel_hears_no_more_waits_for_the_end_of_a_silence(store: Store) -> None:
    routes = [PRODUCTION, EVERYTHING]
    site = await watching(store, list_of("a.test"), settings=settings_of([MX1, MX2], [A], routes=routes))
    site.world.list("a.test", HOST)
    await look(site)
    at = site.clock.now()
    store.write_now(lambda repo: repo.add_silence(Silence(id=0, until_at=at + minutes(60), server="mx1"), at))
    for _ in range(2):
        await site.reload(settings_of([replace(MX1, tags=()), MX2], [A], routes=routes))
        await look(site)
    assert len(to(site, CHAT)) == 1
    site.clock.advance(minutes(60))
    await site.end_silences()
    await tell(site)
    assert [said(message) for message in to(site, CHAT)] == [[(Line.LISTED, "10.0.0.1")], [(Line.UNROUTED, "10.0.0.1")]]


async def test_a_tag_that_goes_back_and_forth_tells_what_holds_in_the_end(store: Store) -> None:
    """All before anything could leave: the last word that is on its way counts, not that there is one."""
    routes = [PRODUCTION, EVERYTHING]
    tagged = settings_of([MX1, MX2], [A], routes=routes)
    untagged = settings_of([replace(MX1, tags=()), MX2], [A], routes=routes)
    site = await watching(store, list_of("a.test"), settings=tagged)
    site.world.list("a.test", HOST)
    site.clock.advance(minutes(15))
    await site.sweep()
    for settings in (untagged, tagged, untagged, tagged, untagged):
        await site.reload(settings)
    for _ in range(3):
        await look(site)
    assert said(to(site, CHAT)[-1]) == [(Line.UNROUTED, "10.0.0.1")]
    await site.reload(tagged)
    await tell(site)
    assert said(to(site, CHAT)[-1]) == [(Line.LISTED, "10.0.0.1")]
