"""How a target and a zone become the name that is asked."""

from ipaddress import IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.question import query_name, reversed_labels
from rblwatch.core.target import Address, Family, Target, address_target, parse_address, parse_name


@pytest.mark.parametrize(
    ("target", "name"),
    [
        # RFC 5782 sections 2.1, 2.4 and 3.
        (parse_address("192.0.2.99"), "99.2.0.192.bl.example"),
        (
            parse_address("2001:db8:1:2:3:4:567:89ab"),
            "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.bl.example",
        ),
        (parse_name("spam.example"), "spam.example.bl.example"),
        # The test point of IPv6 lists is a mapped address, asked as IPv6 all the same.
        (parse_address("::ffff:127.0.0.2"), "2.0.0.0.0.0.f.7.f.f.f.f." + "0." * 20 + "bl.example"),
        (Target("test", Family.NAME), "test.bl.example"),
    ],
)
def test_each_family_is_asked_in_its_own_form(target: Target, name: str) -> None:
    assert query_name(target, "bl.example") == name


@given(st.ip_addresses())
def test_an_address_comes_back_from_its_reversed_labels(address: Address) -> None:
    labels = reversed_labels(address_target(address)).split(".")[::-1]
    if isinstance(address, IPv6Address):
        assert len(labels) == 32
        assert int("".join(labels), 16) == int(address)
    else:
        assert ip_address(".".join(labels)) == address
