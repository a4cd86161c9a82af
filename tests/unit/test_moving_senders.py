"""An SPF policy that nobody changes, while look-ups fail: whatever fails and when, nothing is news."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.lookup import ADDRESS_KINDS, Query, RecordKind, Reply
from rblwatch.core.moving import Held, settle
from rblwatch.core.senders import walk_senders
from rblwatch.core.target import parse_name
from tests.unit.zone import TIMED_OUT, Zone, look_up, run

ORG = parse_name("example.org")
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOSTS: Zone = {
    "a.example.org": {"A": ("192.0.2.1", "192.0.2.2"), "AAAA": "2001:db8::1"},
    "b.example.org": {"A": "192.0.2.2", "AAAA": ()},
    "m.example.org": {"MX": ("1 a.example.org", "2 b.example.org")},
}
PLAIN = ("a:a.example.org", "a:b.example.org", "mx:m.example.org", "ip4:192.0.2.0/30", "ip6:2001:db8::/126")
qualified = st.builds("{}{}".format, st.sampled_from("+-~?"), st.sampled_from(PLAIN))
# With three mechanisms of three look-ups each, no policy exceeds the limit, failures or not.
including = st.builds("{}include:{}.example.org".format, st.sampled_from("+-~?"), st.sampled_from(["_i", "_j"]))
included = st.lists(qualified, max_size=2)
queries = st.sampled_from(
    [
        Query("example.org", RecordKind.TXT),
        *(Query(f"{name}.example.org", RecordKind.TXT) for name in ("_i", "_j")),
        Query("m.example.org", RecordKind.MX),
        *(Query(f"{name}.example.org", kind) for name in "ab" for kind in ADDRESS_KINDS),
    ]
)


def own(name: str) -> bool:
    return name.endswith("example.org")


@given(
    st.lists(qualified | including, max_size=3),
    included,
    included,
    st.lists(st.tuples(st.frozensets(queries, max_size=4), st.integers(1, 30)), min_size=1, max_size=8),
)
def test_no_failure_makes_news_of_a_policy_that_stays(
    record: list[str], one: list[str], other: list[str], rounds: list[tuple[frozenset[Query], int]]
) -> None:
    texts = {"example.org": record, "_i.example.org": one, "_j.example.org": other}
    zone: Zone = {**HOSTS, **{name: {"TXT": " ".join(["v=spf1", *terms])} for name, terms in texts.items()}}
    all_found, _ = run(walk_senders(ORG, own), look_up(zone))
    held, at = Held(), NOON
    for failing, hours in (*rounds, (frozenset[Query](), 1)):
        at += timedelta(hours=hours)

        def reply(query: Query, failing: frozenset[Query] = failing) -> Reply:
            return TIMED_OUT if query in failing else look_up(zone)(query)

        finding, _ = run(walk_senders(ORG, own), reply)
        held, moved = settle(held, finding, at)
        assert moved is None
    assert held.targets == dict.fromkeys(all_found.targets)
