"""Answers and lists of every kind, for the laws."""

from ipaddress import IPv4Address as ip

from hypothesis import strategies as st

from rblwatch.core.blocklist import Blocklist, Claim, Kind, Severity
from rblwatch.core.question import Absent, Failed, Found, Reason
from tests.unit.samples import HOST, row

near = st.sampled_from(
    [ip(f"127.0.0.{last}") for last in (1, 2, 4, 8, 10, 11, 20, 30, 40, 99)] + [ip("127.255.255.254"), ip("10.0.0.1")]
)
codes = near | st.integers(0, 2**32 - 1).map(ip)
answers = st.one_of(
    st.builds(Absent, st.none() | st.integers(0, 3600)),
    st.builds(Failed, st.sampled_from(Reason)),
    st.builds(Found, st.lists(codes, max_size=5).map(tuple), st.integers(0, 3600)),
)
rows = st.sampled_from(
    [
        row(key, label, severity, claim)
        for key in ("127.0.0.1", "127.0.0.2", "127.0.0.2-127.0.0.11", "127.0.*.30", "bit:8")
        for label in ("spam", "botnet")
        for severity in Severity
        for claim in Claim
    ]
)
blocklists = st.builds(
    Blocklist,
    id=st.just("any"),
    zone=st.just("any.example"),
    kind=st.sampled_from(Kind),
    codes=st.lists(rows, max_size=5).map(tuple),
    ignored=st.lists(near, max_size=2).map(tuple),
    accepted=st.sampled_from([frozenset(), frozenset({HOST})]),
)
