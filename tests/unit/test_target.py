"""What can be asked about, and how it is written: as tables and as laws."""

from contextlib import suppress
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.target import (
    Address,
    Family,
    Network,
    NotATarget,
    RangeTooLarge,
    Target,
    address_target,
    expand,
    mapped,
    parse_address,
    parse_name,
    parse_range,
    remark,
)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("192.0.2.25", Target("192.0.2.25", Family.IPV4)),
        (" 192.0.2.25\n", Target("192.0.2.25", Family.IPV4)),
        # One address has one text, however it was written.
        ("2001:DB8:0:0::25", Target("2001:db8::25", Family.IPV6)),
        ("2001:0db8:0000:0000:0000:0000:0000:0025", Target("2001:db8::25", Family.IPV6)),
        # A mapped address stays IPv6, since lists are tested with one; its text is the same in every Python.
        ("::ffff:127.0.0.2", Target("::ffff:7f00:2", Family.IPV6)),
        ("::FFFF:7F00:2", Target("::ffff:7f00:2", Family.IPV6)),
        ("::ffff:0:1", Target("::ffff:0:1", Family.IPV6)),
    ],
)
def test_an_address_has_one_text(text: str, target: Target) -> None:
    assert parse_address(text) == target


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("example.org", "example.org"),
        (" Example.ORG. ", "example.org"),
        ("_dmarc.example.org", "_dmarc.example.org"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        # The longest label and a number in front are fine.
        ("a" * 63 + ".example", "a" * 63 + ".example"),
        ("4.example", "4.example"),
    ],
)
def test_a_name_has_one_text(text: str, name: str) -> None:
    assert parse_name(text) == Target(name, Family.NAME)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is not a domain name; write e.g. 'example.org'"),
        # One label names no domain of an admin's.
        ("localhost", "'localhost' is not a domain name; write e.g. 'example.org'"),
        ("exa mple.org", "'exa mple.org' is not a domain name; write e.g. 'example.org'"),
        ("a..example", "'a..example' is not a domain name; write e.g. 'example.org'"),
        ("-a.example", "'-a.example' is not a domain name; write e.g. 'example.org'"),
        ("a-.example", "'a-.example' is not a domain name; write e.g. 'example.org'"),
        ("a" * 64 + ".example", f"'{'a' * 64}.example' is not a domain name; write e.g. 'example.org'"),
        # 254 characters: too long by one.
        (("a" * 49 + ".") * 5 + "abcd", f"'{('a' * 49 + '.') * 5}abcd' is not a domain name; write e.g. 'example.org'"),
        # An address with a slip of the finger is no name.
        ("192.0.2.300", "'192.0.2.300' is not an address, and a domain name does not end in a number"),
        # Other letters are for `naming`; a sign that looks like a letter is none either.
        (
            "bücher.example",
            "'bücher.example' is not written in ASCII; write the name as a registry does, in 'xn--…' labels",
        ),
        (
            "\u212aelvin.example",
            "'\u212aelvin.example' is not written in ASCII; write the name as a registry does, in 'xn--…' labels",
        ),
    ],
)
def test_what_is_no_name_is_refused_with_the_reason(text: str, message: str) -> None:
    with pytest.raises(NotATarget) as caught:
        parse_name(text)
    assert str(caught.value) == message


def test_a_name_of_253_characters_is_the_longest() -> None:
    longest = ("a" * 49 + ".") * 5 + "abc"
    assert parse_name(longest).text == longest


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is not an address"),
        ("mx1.example", "'mx1.example' is not an address"),
        # Octal to some programs, decimal to others.
        ("192.0.2.025", "'192.0.2.025' is not an address"),
        ("192.0.2.0/24", "'192.0.2.0/24' is not an address"),
        ("fe80::1%eth0", "'fe80::1%eth0' has a scope; write the address alone, e.g. 'fe80::1'"),
    ],
)
def test_what_is_no_address_is_refused_with_the_reason(text: str, message: str) -> None:
    with pytest.raises(NotATarget) as caught:
        parse_address(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("192.0.2.0/28", "192.0.2.0/28"),
        ("192.0.2.25", "192.0.2.25/32"),
        ("2001:db8::25", "2001:db8::25/128"),
        # An address inside stands for its range.
        ("192.0.2.25/28", "192.0.2.16/28"),
        # The largest ones that are watched.
        ("198.18.0.0/16", "198.18.0.0/16"),
        ("2001:db8::/120", "2001:db8::/120"),
    ],
)
def test_an_address_or_a_range_is_read_as_a_network(text: str, network: str) -> None:
    assert parse_range(text) == ip_network(network)


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        (
            "10.0.0.300",
            NotATarget,
            "'10.0.0.300' is not an address or a CIDR range; write e.g. '192.0.2.0/28'",
        ),
        ("192.0.2.0/33", NotATarget, "'192.0.2.0/33' is not an address or a CIDR range; write e.g. '192.0.2.0/28'"),
        # The limit names itself.
        (
            "198.18.0.0/15",
            RangeTooLarge,
            "'198.18.0.0/15' holds 131,072 addresses, at most 65,536 (a /16) are watched; register smaller ranges",
        ),
        (
            "2001:db8::/64",
            RangeTooLarge,
            "'2001:db8::/64' holds 2^64 addresses, at most 256 (a /120) are watched; register the addresses in use",
        ),
        (
            "2001:db8::/119",
            RangeTooLarge,
            "'2001:db8::/119' holds 2^9 addresses, at most 256 (a /120) are watched; register the addresses in use",
        ),
        # With and without host bits: Python forgets the scope of the second one.
        ("fe80::%eth0/120", NotATarget, "'fe80::%eth0/120' has a scope; write the address alone"),
        ("fe80::1%eth0/120", NotATarget, "'fe80::1%eth0/120' has a scope; write the address alone"),
    ],
)
def test_what_is_no_range_that_can_be_watched_is_refused_with_the_reason(
    text: str, kind: type[NotATarget], message: str
) -> None:
    with pytest.raises(NotATarget) as caught:
        parse_range(text)
    assert (type(caught.value), str(caught.value)) == (kind, message)


@pytest.mark.parametrize(
    ("address", "remarked"),
    [
        # Ordinary ones.
        ("8.8.8.8", None),
        ("2a00:1450:4001::1", None),
        # RFC 5737, RFC 3849 and RFC 9637: nobody's, each range with its first and last address.
        ("192.0.2.0", "a documentation address"),
        ("192.0.2.255", "a documentation address"),
        ("198.51.100.0", "a documentation address"),
        ("203.0.113.255", "a documentation address"),
        ("2001:db8:ffff::1", "a documentation address"),
        ("3fff:fff::1", "a documentation address"),
        ("192.0.3.0", None),
        # RFC 6890 and friends.
        # As mail servers log an IPv4 client; lists know it as IPv4 only.
        ("::ffff:9.9.9.9", "the IPv6 form of 9.9.9.9"),
        ("127.0.0.1", "a loopback address"),
        ("::1", "a loopback address"),
        ("169.254.0.1", "a link-local address"),
        ("fe80::1", "a link-local address"),
        ("224.0.0.1", "a multicast address"),
        ("ff02::1", "a multicast address"),
        # RFC 1918, RFC 4193, RFC 2544.
        ("10.1.2.3", "a private or reserved address"),
        ("172.31.255.255", "a private or reserved address"),
        ("192.168.0.1", "a private or reserved address"),
        ("fd00::1", "a private or reserved address"),
        ("198.18.0.7", "a private or reserved address"),
        # RFC 6598: the space that carriers share is neither private nor global to Python.
        ("100.64.0.1", "a private or reserved address"),
        ("100.128.0.1", None),
        ("0.0.0.0", "a private or reserved address"),
        ("240.0.0.1", "a private or reserved address"),
        ("::", "a private or reserved address"),
        # An IPv6 address that is global and reserved at once.
        ("64:ff9b::1", "a private or reserved address"),
    ],
)
def test_an_address_that_no_list_has_is_remarked(address: str, remarked: str | None) -> None:
    assert remark(ip_address(address)) == remarked


@pytest.mark.parametrize(
    ("target", "inner"),
    [("::ffff:9.9.9.9", "9.9.9.9"), ("::9.9.9.9", None), ("2001:db8::1", None), ("9.9.9.9", None)],
)
def test_only_an_ipv4_mapped_address_is_another_form_of_one(target: str, inner: str | None) -> None:
    found = mapped(parse_address(target))
    assert (None if found is None else str(found)) == inner


addresses = st.ip_addresses()
labels = st.from_regex(r"[a-z0-9_]([a-z0-9_-]{0,10}[a-z0-9_])?", fullmatch=True)
names = st.builds(
    lambda first, last: ".".join([*first, last]), st.lists(labels, min_size=1, max_size=5), st.just("example")
)


@given(addresses)
def test_an_address_comes_back_from_its_text(address: Address) -> None:
    target = address_target(address)
    assert ip_address(target.text) == address
    assert parse_address(target.text) == target
    assert target.family is (Family.IPV4 if address.version == 4 else Family.IPV6)


@given(addresses)
def test_every_way_to_write_an_address_is_the_same_target(address: Address) -> None:
    written = {str(address), address.exploded, address.exploded.upper()}
    assert {parse_address(text) for text in written} == {address_target(address)}


@given(names)
def test_a_name_comes_back_from_its_text(name: str) -> None:
    assert parse_name(name).text == name
    assert parse_name(f"{name.upper()}.") == parse_name(name)


@given(st.text() | st.text(alphabet="ab-_.0123456789:/%ß。ü"))
def test_any_other_text_is_refused_and_nothing_else_is_raised(text: str) -> None:
    for parse in (parse_address, parse_name, parse_range):
        with suppress(NotATarget):
            parse(text)


@given(st.text(alphabet="abÜß\u212a。.1-"))
def test_what_is_read_as_a_name_is_a_name_in_a_labels(text: str) -> None:
    with suppress(NotATarget):
        name = parse_name(text)
        assert name.text.isascii()
        assert parse_name(name.text) == name


@st.composite
def ranges(draw: st.DrawFn) -> Network:
    address = draw(addresses)
    longest = 32 if address.version == 4 else 128
    return ip_network((str(address), draw(st.integers(longest - 6, longest))), strict=False)


@given(ranges())
def test_a_range_is_expanded_to_every_address_in_order(network: Network) -> None:
    expanded = [ip_address(target.text) for target in expand(network)]
    assert len(expanded) == network.num_addresses
    assert [int(address) for address in expanded] == list(
        range(int(network.network_address), int(network.broadcast_address) + 1)
    )


@given(ranges())
def test_a_range_comes_back_from_its_text_and_from_any_of_its_addresses(network: Network) -> None:
    assert parse_range(str(network)) == network
    assert parse_range(f"{network.broadcast_address}/{network.prefixlen}") == network


def test_the_largest_range_is_expanded_in_full() -> None:
    expanded = list(expand(parse_range("198.18.0.0/16")))
    assert (len(set(expanded)), expanded[0].text, expanded[-1].text) == (65_536, "198.18.0.0", "198.18.255.255")
