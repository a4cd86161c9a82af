"""Targets, lists, and how far each list has been asked; on both databases."""

from dataclasses import replace
from datetime import timedelta
from ipaddress import IPv4Address

import pytest

from rblwatch.core.incident import Condition
from rblwatch.core.plan import SLICE_TARGETS, slice_of
from rblwatch.core.question import Reason
from rblwatch.core.soundness import Flaw, Soundness, State
from rblwatch.core.standing import Change, Pending, Standing, Witness
from rblwatch.core.target import Family, Target
from rblwatch.store.database import Store
from rblwatch.store.repository import Repository
from rblwatch.store.rows import Coverage, Pair, Sounding
from tests.integration.store.samples import LISTED, PBL, address, at, listing

HELD = Standing(looked=True, listed=LISTED)
MIXED = [Target("192.0.2.1", Family.IPV4), Target("2001:db8::1", Family.IPV6), Target("example.org", Family.NAME)]


def known(repo: Repository, *blocklists: str) -> None:
    for blocklist in blocklists or ("zen",):
        repo.add_blocklist(blocklist, f"{blocklist}.example", at(0))


def test_a_target_keeps_its_id(store: Store) -> None:
    first = store.write_now(lambda repo: repo.add_targets(MIXED[:2], at(0)))
    second = store.write_now(lambda repo: repo.add_targets([*MIXED, MIXED[0]], at(1)))
    assert {target: second[target] for target in first} == first
    assert store.read_now(lambda queries: queries.targets()) == second == store.write_now(lambda repo: repo.targets())


def test_an_id_is_never_given_twice(store: Store) -> None:
    """Bitmaps refer to targets by id: a new target must not come into a removed one's place."""
    ids = store.write_now(lambda repo: repo.add_targets(MIXED, at(0)))
    store.write_now(lambda repo: repo.remove_targets(ids.values()))
    again = store.write_now(lambda repo: repo.add_targets(MIXED, at(1)))
    assert not set(ids.values()) & set(again.values())


def test_a_whole_network_is_registered_and_removed_at_once(store: Store) -> None:
    """More targets than either database takes in one statement."""
    many = [address(number) for number in range(33_000)]
    ids = store.write_now(lambda repo: repo.add_targets(many, at(0)))
    assert len(set(ids.values())) == 33_000
    store.write_now(lambda repo: repo.remove_targets(ids.values()))
    assert store.read_now(lambda queries: queries.targets()) == {}


def test_removing_targets_takes_their_pairs_and_their_bits(store: Store) -> None:
    targets = store.write_now(lambda repo: repo.add_targets([address(1), address(2)], at(0)))
    gone, stays = targets.values()
    number, bit = slice_of(gone)
    both = bit | slice_of(stays)[1]

    def fill(repo: Repository) -> None:
        known(repo, "zen", "psbl")
        for blocklist in ("zen", "psbl"):
            repo.save_coverage(covered(blocklist, number, both, failed=both))
        for target, target_id in targets.items():
            repo.save_pairs([pair(target_id, target)])

    store.write_now(fill)
    store.write_now(lambda repo: repo.remove_targets([gone]))
    assert [row.target_id for row in store.read_now(lambda queries: queries.all_pairs())] == [stays]
    for row in store.read_now(lambda queries: queries.coverages()):
        assert row == covered(row.blocklist, number, both & ~bit, failed=both & ~bit)


def test_a_list_keeps_its_place_and_takes_its_new_zone(store: Store) -> None:
    store.write_now(known)
    store.write_now(lambda repo: repo.add_blocklist("zen", "other.example", at(1)))
    assert store.read_now(lambda queries: queries.blocklists()) == {"zen": "other.example"}


def test_removing_a_list_takes_all_that_hangs_on_it_and_nothing_else(store: Store) -> None:
    ids = store.write_now(lambda repo: repo.add_targets([address(1)], at(0)))
    ((target, target_id),) = ids.items()

    def fill(repo: Repository) -> None:
        known(repo, "zen", "psbl")
        for blocklist in ("zen", "psbl"):
            repo.save_coverage(covered(blocklist, 0, 1))
            repo.save_sounding(sounding(blocklist))
            repo.save_pairs([replace(pair(target_id, target), blocklist=blocklist)])

    store.write_now(fill)
    store.write_now(lambda repo: repo.remove_blocklist("zen"))
    assert store.write_now(lambda repo: repo.blocklists()) == {"psbl": "psbl.example"}
    assert [row.blocklist for row in store.read_now(lambda queries: queries.coverages())] == ["psbl"]
    assert [row.blocklist for row in store.read_now(lambda queries: queries.soundings())] == ["psbl"]
    assert [row.blocklist for row in store.read_now(lambda queries: queries.all_pairs())] == ["psbl"]


@pytest.mark.parametrize(
    "bits",
    [
        0,
        1,
        1 << 4095,  # the last target of a slice
        (1 << SLICE_TARGETS) - 1,
        0b1011 << 1000,
    ],
)
def test_coverage_comes_back_as_it_was_saved(store: Store, bits: int) -> None:
    saved = covered("zen", 3, bits, failed=bits >> 1)
    store.write_now(known)
    store.write_now(lambda repo: repo.save_coverage(saved))
    assert store.write_now(lambda repo: repo.coverage("zen", Family.IPV4, 3)) == saved
    store.write_now(lambda repo: repo.save_coverage(replace(saved, covered=0, concluded_at=at(9))))
    assert store.write_now(lambda repo: repo.coverages("zen")) == [replace(saved, covered=0, concluded_at=at(9))]


def test_a_list_that_was_never_asked_has_a_fresh_coverage(store: Store) -> None:
    fresh = store.write_now(lambda repo: repo.coverage("zen", Family.NAME, 7))
    assert fresh == Coverage(blocklist="zen", family=Family.NAME, slice=7)
    assert store.read_now(lambda queries: queries.coverages()) == []


def test_forgetting_coverage_concerns_one_list_only(store: Store) -> None:
    def fill(repo: Repository) -> None:
        known(repo, "zen", "psbl")
        for blocklist in ("zen", "psbl"):
            repo.save_coverage(covered(blocklist, 0, 0b111, failed=0b110))
        repo.forget_coverage("zen", [1])

    store.write_now(fill)
    after = {row.blocklist: row for row in store.read_now(lambda queries: queries.coverages())}
    assert after["zen"] == covered("zen", 0, 0b101, failed=0b100)
    assert after["psbl"] == covered("psbl", 0, 0b111, failed=0b110)


def test_a_sweep_with_nothing_new_writes_no_row_per_pair(store: Store) -> None:
    """200 servers on 20 lists make one row per list."""
    lists = [f"list-{number}" for number in range(20)]

    def sweep(repo: Repository) -> None:
        known(repo, *lists)
        ids = repo.add_targets([address(number) for number in range(200)], at(0))
        bits: dict[int, int] = {}
        for target_id in ids.values():
            number, bit = slice_of(target_id)
            bits[number] = bits.get(number, 0) | bit
        for blocklist in lists:
            for number, targets in bits.items():
                repo.save_coverage(covered(blocklist, number, targets))

    for _ in range(3):
        store.write_now(sweep)
    counts = store.read_now(lambda queries: queries.counts())
    assert counts["coverage"] == 20
    assert sum(counts.values()) == 20 + 20 + 200  # lists, coverages, targets


@pytest.mark.parametrize(
    "standing",
    [
        Standing(),
        # A first look that waits for its proof.
        Standing(pending=Pending(Change.LISTED, LISTED, at(1), at(2))),
        # News that knows whose cache brought it.
        Standing(looked=True, pending=Pending(Change.LISTED, LISTED, at(1), at(2), at(3), "[::1]:53")),
        # Listed, seen clear once, waiting for the second.
        Standing(
            looked=True, listed=PBL, clear_at=at(0), clears=1, pending=Pending(Change.DELISTED, None, at(3), at(4))
        ),
        Standing(looked=True, listed=LISTED, pending=Pending(Change.CHANGED, PBL, at(3), at(3))),
        # Several nameservers took turns.
        Standing(
            looked=True,
            listed=PBL,
            clears=1,
            pending=Pending(
                Change.DELISTED,
                None,
                at(3),
                at(4),
                nameserver="127.0.0.3:53",
                others=(
                    Witness("127.0.0.1:53", 1, at(4), None),
                    Witness("[::1]:53", 2, at(4) + timedelta(microseconds=1), at(5)),
                ),
            ),
        ),
    ],
)
def test_a_pair_comes_back_as_it_was_saved(store: Store, standing: Standing) -> None:
    store.write_now(known)
    ids = store.write_now(lambda repo: repo.add_targets([address(1)], at(0)))
    saved = pair(ids[address(1)], address(1), standing)
    store.write_now(lambda repo: repo.save_pairs([replace(saved, standing=Standing(looked=True), asked_at=at(0))]))
    store.write_now(lambda repo: repo.save_pairs([saved]))
    assert store.write_now(lambda repo: repo.pairs("zen")) == {saved.target_id: saved}
    assert store.read_now(lambda queries: queries.all_pairs()) == [saved]


def test_a_listing_comes_back_with_all_that_its_answer_said(store: Store) -> None:
    said = replace(LISTED, said=(*LISTED.codes, IPv4Address("127.255.255.254")))
    store.write_now(known)
    ids = store.write_now(lambda repo: repo.add_targets([address(1)], at(0)))
    saved = pair(ids[address(1)], address(1), Standing(looked=True, listed=said))
    store.write_now(lambda repo: repo.save_pairs([saved]))
    listed = store.read_now(lambda queries: queries.all_pairs())[0].standing.listed
    assert listed is not None
    assert listed.said == said.said


def test_pairs_are_found_by_list_and_target(store: Store) -> None:
    ids = store.write_now(lambda repo: repo.add_targets([address(number) for number in range(3)], at(0)))

    def fill(repo: Repository) -> None:
        known(repo, "zen", "psbl")
        for target, target_id in ids.items():
            repo.save_pairs([pair(target_id, target)])
        repo.save_pairs([replace(pair(ids[address(0)], address(0)), blocklist="psbl")])

    store.write_now(fill)
    wanted = [ids[address(0)], ids[address(2)], 999_999]
    assert set(store.read_now(lambda queries: queries.pairs("zen", wanted))) == {ids[address(0)], ids[address(2)]}
    assert set(store.write_now(lambda repo: repo.pairs("psbl"))) == {ids[address(0)]}
    assert store.write_now(lambda repo: repo.pairs("zen", [])) == {}
    store.write_now(lambda repo: repo.delete_pairs("zen", [ids[address(0)]]))
    assert len(store.write_now(lambda repo: repo.all_pairs())) == 3


def test_a_pair_refers_to_its_listing(store: Store) -> None:
    def fill(repo: Repository) -> Pair:
        known(repo)
        ids = repo.add_targets([address(1)], at(0))
        opened = repo.add_listings([listing(1)])[0]
        saved = replace(pair(ids[address(1)], address(1)), listing_id=opened.id)
        repo.save_pairs([saved])
        return saved

    assert store.read_now(lambda queries: queries.all_pairs()) == [] != [store.write_now(fill)]
    assert store.read_now(lambda queries: queries.all_pairs())[0].listing_id == 1


def test_what_the_probes_said_is_kept_per_nameserver_and_family(store: Store) -> None:
    bad = Soundness(State.UNSOUND, Reason.UNSOUND, Flaw.SILENT, "does not list its test point")
    first = sounding("zen")
    second = replace(
        first, nameserver="[::1]:53", condition=Condition(bad, at(4)), distrust_until=at(60), negative_ttl_s=300
    )

    def fill(repo: Repository) -> None:
        known(repo, "zen", "psbl")
        for row in (first, second, replace(first, family=Family.IPV6), sounding("psbl")):
            repo.save_sounding(replace(row, checked_at=at(0)))
            repo.save_sounding(row)

    store.write_now(fill)
    assert len(store.read_now(lambda queries: queries.soundings("zen"))) == 3
    assert len(store.write_now(lambda repo: repo.soundings())) == 4
    assert store.write_now(lambda repo: repo.sounding("zen", Family.IPV4, "[::1]:53")) == second
    assert store.write_now(lambda repo: repo.sounding("zen", Family.NAME, "[::1]:53")) is None


def covered(blocklist: str, number: int, bits: int, *, failed: int = 0) -> Coverage:
    return Coverage(
        blocklist=blocklist,
        family=Family.IPV4,
        slice=number,
        asked=bits,
        covered=bits,
        failed={Reason.TIMEOUT: failed} if failed else {},
        asked_at=at(5),
        concluded_at=at(5),
        failed_clear_at=at(1) if failed else None,
    )


def pair(target_id: int, target: Target, standing: Standing = HELD) -> Pair:
    return Pair(target_id=target_id, target=target, blocklist="zen", standing=standing, listing_id=None, asked_at=at(6))


def sounding(blocklist: str) -> Sounding:
    return Sounding(
        blocklist=blocklist,
        family=Family.IPV4,
        nameserver="127.0.0.1:53",
        condition=Condition(Soundness(State.SOUND), at(1)),
        checked_at=at(7),
        positive_ttl_s=60,
    )
