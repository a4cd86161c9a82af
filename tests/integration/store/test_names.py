"""What is known of registered names; on both databases."""

from dataclasses import replace

from rblwatch.core.finding import Failure, Origin, OriginKind, Unwatched, Why
from rblwatch.core.moving import Held
from rblwatch.core.question import Reason
from rblwatch.core.target import parse_address, parse_name
from rblwatch.store.database import Store
from rblwatch.store.repository import Repository
from rblwatch.store.rows import Known
from tests.integration.store.samples import at

A, B, C = (parse_address(text) for text in ("192.0.2.1", "192.0.2.2", "2001:db8::1"))
HOST = Known(
    server="mx1",
    origin=Origin(OriginKind.HOSTNAME, parse_name("mx1.example.org")),
    held=Held(
        targets={A: None, B: at(3), C: at(5)},
        told=frozenset({B}),
        complete_at=at(6),
        failing_since=at(7),
        failures=(
            Failure(
                "AAAA of mx1.example.org", Reason.SERVFAIL, "answered SERVFAIL", "mx1.example.org AAAA", at(7), True
            ),
        ),
    ),
    how={A: "A of mx1.example.org", B: "A of mx1.example.org", C: "AAAA of mx1.example.org"},
    looked_at=at(8),
    unwatched=(Unwatched("ip4:10.0.0.0/8", Why.TOO_LARGE, "register it"),),
    faults=("mx1.example.org has no address", "Ünïcödé"),
)
SPF = replace(HOST, origin=Origin(OriginKind.SPF, parse_name("example.org")))


def save(store: Store, *names: Known) -> None:
    def write(repo: Repository) -> None:
        for known in names:
            repo.save_known(known)

    store.write_now(write)


def test_what_is_known_of_a_name_comes_back_as_it_was(store: Store) -> None:
    store.write_now(lambda repo: repo.save_known(HOST))
    assert store.read_now(lambda queries: queries.known()) == [HOST]
    assert store.write_now(lambda repo: repo.known()) == [HOST]


def test_only_what_differs_is_written_over_what_was_known(store: Store) -> None:
    later = replace(
        HOST,
        held=Held(targets={A: at(9), C: None}, complete_at=at(9)),
        how={A: HOST.how[A], C: "AAAA of other.example.org"},
        looked_at=at(9),
        unwatched=(),
        faults=(),
    )
    store.write_now(lambda repo: repo.save_known(HOST))
    store.write_now(lambda repo: repo.save_known(later, HOST))
    assert store.read_now(lambda queries: queries.known()) == [later]


def test_names_are_known_for_each_server_and_kind_apart(store: Store) -> None:
    other = replace(HOST, server="mx2", held=Held(targets={C: None}, complete_at=at(9)), how={C: "AAAA"})
    save(store, HOST, SPF, other)
    assert sorted(store.read_now(lambda queries: queries.known()), key=lambda one: (one.server, one.origin)) == [
        HOST,
        SPF,
        other,
    ]


def test_a_name_is_forgotten_with_all_that_it_stood_for(store: Store) -> None:
    save(store, HOST, SPF)
    store.write_now(lambda repo: repo.forget_names({("mx1", SPF.origin), ("mx9", HOST.origin)}))
    assert store.read_now(lambda queries: queries.known()) == [SPF]
    counts = store.read_now(lambda queries: queries.counts())
    assert (counts["origin"], counts["origin_target"]) == (1, 3)


def test_thousands_of_targets_of_one_name_are_stored_and_forgotten_at_once(store: Store) -> None:
    many = [parse_address(f"10.0.{high}.{low}") for high in range(16) for low in range(256)]
    known = replace(SPF, held=Held(targets=dict.fromkeys(many)), how=dict.fromkeys(many, "ip4:10.0.0.0/20"))
    store.write_now(lambda repo: repo.save_known(known))
    fewer = replace(known, held=Held(targets=dict.fromkeys(many[:1])), how={many[0]: "ip4:10.0.0.0/20"})
    store.write_now(lambda repo: repo.save_known(fewer, known))
    assert store.read_now(lambda queries: queries.known()) == [fewer]
