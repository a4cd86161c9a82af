"""The notation of return codes and test points, as tables and as laws."""

from contextlib import suppress
from ipaddress import IPv4Address as ip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.blocklist import Kind
from rblwatch.core.codes import CodeMatch, NotACode, parse_code, parse_code_key, parse_point
from rblwatch.core.matching import CodeBit, CodePattern, CodeRange
from rblwatch.core.target import Family, NotATarget, Target


@pytest.mark.parametrize(
    ("text", "match"),
    [
        # One code is a range of one, so that an exact row can be told from a range.
        ("127.0.0.2", CodeRange(ip("127.0.0.2"), ip("127.0.0.2"))),
        ("127.0.0.5-127.0.0.7", CodeRange(ip("127.0.0.5"), ip("127.0.0.7"))),
        ("127.0.0.5 - 127.0.0.7", CodeRange(ip("127.0.0.5"), ip("127.0.0.7"))),
        ("127.0.0.2-127.0.0.2", CodeRange(ip("127.0.0.2"), ip("127.0.0.2"))),
        # DNSWL: any category, one trust level. http:BL: everything but the last octet varies.
        ("127.0.*.3", CodePattern((127, 0, None, 3))),
        ("127.*.*.0", CodePattern((127, None, None, 0))),
        # SURBL, URIBL, Validity.
        ("bit:1", CodeBit(1)),
        ("bit:128", CodeBit(128)),
    ],
)
def test_each_form_of_key_is_read(text: str, match: CodeMatch) -> None:
    assert parse_code_key(text) == match


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is not a return code; write e.g. '127.0.0.2', '127.0.0.5-127.0.0.7', '127.0.*.3' or 'bit:4'"),
        ("2", "'2' is not a return code; write e.g. '127.0.0.2', '127.0.0.5-127.0.0.7', '127.0.*.3' or 'bit:4'"),
        ("10.0.0.2", "'10.0.0.2' is outside 127.0.0.0/8, where the answers of a DNS list are"),
        ("127.0.0.7-127.0.0.5", "'127.0.0.7-127.0.0.5' ends before it begins; write the lower code first"),
        ("127.0.0.2-10.0.0.1", "'10.0.0.1' is outside 127.0.0.0/8, where the answers of a DNS list are"),
        ("127.0.*", "'127.0.*' is not a pattern of return codes; write four octets, e.g. '127.0.*.3'"),
        ("*.0.0.2", "'*.0.0.2' is not a pattern of return codes; write four octets, e.g. '127.0.*.3'"),
        ("127.0.*.256", "'127.0.*.256' is not a pattern of return codes; write four octets, e.g. '127.0.*.3'"),
        ("bit:3", "'bit:3' is not a bit of the last octet; write 'bit:' and one of 1, 2, 4, 8, 16, 32, 64, 128"),
        ("bit:256", "'bit:256' is not a bit of the last octet; write 'bit:' and one of 1, 2, 4, 8, 16, 32, 64, 128"),
        ("bit:", "'bit:' is not a bit of the last octet; write 'bit:' and one of 1, 2, 4, 8, 16, 32, 64, 128"),
    ],
)
def test_what_is_no_key_is_refused_with_the_remedy(text: str, message: str) -> None:
    with pytest.raises(NotACode) as caught:
        parse_code_key(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "kind", "point"),
    [
        ("127.0.0.2", Kind.IP, Target("127.0.0.2", Family.IPV4)),
        ("::FFFF:7F00:2", Kind.ALLOW, Target("::ffff:7f00:2", Family.IPV6)),
        # RFC 5782's points of a domain list are single labels; some operators have whole names.
        ("TEST", Kind.DOMAIN, Target("test", Family.NAME)),
        ("dbltest.com", Kind.DOMAIN, Target("dbltest.com", Family.NAME)),
    ],
)
def test_a_point_is_an_address_or_on_a_domain_list_a_name(text: str, kind: Kind, point: Target) -> None:
    assert parse_point(text, kind) == point


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("test", Kind.IP, "'test' is not an address"),
        ("127.0.0.2", Kind.DOMAIN, "'127.0.0.2' is an address, and a domain list is tested with names"),
        ("2", Kind.DOMAIN, "'2' is not a domain name; write e.g. 'example.org'"),
    ],
)
def test_a_point_of_the_wrong_kind_is_refused(text: str, kind: Kind, message: str) -> None:
    with pytest.raises(NotATarget) as caught:
        parse_point(text, kind)
    assert str(caught.value) == message


inside = st.ip_addresses(network="127.0.0.0/8").map(lambda address: ip(int(address)))


@given(inside)
def test_every_code_inside_the_range_is_its_own_key(code: ip) -> None:
    assert parse_code(str(code)) == code
    assert parse_code_key(str(code)).matches(code)


@given(inside, inside, inside)
def test_a_range_matches_what_lies_between_its_ends(first: ip, last: ip, code: ip) -> None:
    low, high = sorted((first, last))
    assert parse_code_key(f"{low}-{high}").matches(code) == (low <= code <= high)


@given(st.text() | st.text(alphabet="0127.*-bit: "))
def test_any_other_text_is_refused_and_nothing_else_is_raised(text: str) -> None:
    with suppress(NotACode):
        parse_code_key(text)
