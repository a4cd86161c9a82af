"""The grammar of SPF records, as tables and as laws. The RFC's own suite is in `test_spf_rfc7208`."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.spf import Addresses, All, BadRecord, Mechanism, Named, Qualifier, Record, parse, select
from rblwatch.core.spf_macro import Context, MacroSyntax, parse_domain_spec
from rblwatch.core.target import Network

HERE = Context("mail.example.org", "news.example.com")


def only_term(text: str) -> object:
    record = parse(f"v=spf1 {text}".encode())
    assert isinstance(record, Record)
    return record.terms[0]


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("all", All("all", Qualifier.PASS)),
        ("-ALL", All("-ALL", Qualifier.FAIL)),
        ("ip4:192.0.2.7", Addresses("ip4:192.0.2.7", Qualifier.PASS, ip_network("192.0.2.7/32"))),
        # Bits beyond the prefix do not count.
        ("?ip4:192.0.2.7/24", Addresses("?ip4:192.0.2.7/24", Qualifier.NEUTRAL, ip_network("192.0.2.0/24"))),
        ("ip6:2001:DB8::/32", Addresses("ip6:2001:DB8::/32", Qualifier.PASS, ip_network("2001:db8::/32"))),
        ("a", Named("a", Qualifier.PASS, Mechanism.A)),
        ("~mx/24//64", Named("~mx/24//64", Qualifier.SOFTFAIL, Mechanism.MX, lengths=(24, 64))),
        ("a//64", Named("a//64", Qualifier.PASS, Mechanism.A, lengths=(32, 64))),
        ("mx:example.org", Named("mx:example.org", Qualifier.PASS, Mechanism.MX, parse_domain_spec("example.org"))),
        ("ptr", Named("ptr", Qualifier.PASS, Mechanism.PTR)),
        # A slash or a colon may be part of a name.
        ("a:x/y:z.example", Named("a:x/y:z.example", Qualifier.PASS, Mechanism.A, parse_domain_spec("x/y:z.example"))),
    ],
)
def test_each_term_is_read(text: str, term: object) -> None:
    assert only_term(text) == term


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("moo", "'moo' is no mechanism"),
        ("all:all", "'all:all' is more than 'all'"),
        ("ip4:192.0.2", "'ip4:192.0.2' is not followed by an address or a range"),
        ("ip6:fe80::1%eth0", "'ip6:fe80::1%eth0' is not followed by an address or a range"),
        ("a/33", "'a/33' has a prefix length that is too large"),
        ("include", "'include' is not followed by ':' and a domain"),
        ("a:museum", "'a:museum' does not end in the last label of a domain"),
        ("exists:%{x}.example", "'exists:%{x}.example' holds a character or a macro that SPF does not know"),
        # Nobody takes the last zero labels of a name.
        ("a:%{d0}", "'a:%{d0}' holds a character or a macro that SPF does not know"),
        ("redirect=a.example redirect=b.example", "'redirect=b.example' is the second 'redirect'"),
        ("redirect=", "'redirect=' has an empty name"),
        # What is quoted is cleaned, and cut.
        ("\x1b[2J\x07evil", "'[2Jevil' is no mechanism"),
        ("x" * 200, f"'{'x' * 99}…' is no mechanism"),
    ],
)
def test_an_error_is_named_with_the_term_that_has_it(text: str, detail: str) -> None:
    assert parse(f"v=spf1 ip4:192.0.2.1 {text} -all".encode()) == BadRecord(
        f"has an SPF record with an error: {detail}"
    )


@pytest.mark.parametrize(
    ("texts", "selected"),
    [
        ([], None),
        ([b"v=spf10 -all", b"v=spf1mx", b"google-site-verification=x"], None),
        ([b"other", b"V=SPF1"], Record(())),
        ([b"v=spf1 ", b"\xff"], Record(())),
        ([b"v=spf1", b"v=spf1"], BadRecord("has 2 SPF records, and there may be one only")),
        ([b"v=spf1 a:\xc3\xbc.example"], BadRecord("has an SPF record with other characters than ASCII")),
    ],
)
def test_the_one_spf_record_is_selected(texts: list[bytes], selected: Record | BadRecord | None) -> None:
    assert select(texts) == selected


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Example.ORG.", "example.org"),
        ("_spf.%{d}", "_spf.mail.example.org"),
        ("_spf.%{o}", "_spf.news.example.com"),
        ("%{d2}", "example.org"),
        ("%{dr}.x.example", "org.example.mail.x.example"),
        ("%{d1r}.example", "mail.example"),
        ("%{d-}.example", "mail.example.org.example"),
        ("a%%b%_c%-d.example", "a%b c%20d.example"),
        # A longer name loses its first labels. Source: RFC 7208 section 7.3.
        (f"lost.{'a' * 60}.{'b' * 60}.{'c' * 60}.{'d' * 57}.example.org", None),
    ],
)
def test_macros_that_do_not_depend_on_the_message_are_expanded(text: str, name: str | None) -> None:
    expanded = parse_domain_spec(text).expand(HERE)
    assert expanded == (text.removeprefix("lost.") if name is None else name)


def test_a_name_whose_last_label_is_too_long_is_none() -> None:
    assert parse_domain_spec(f"a.{'x' * 300}").expand(HERE) == ""
    assert parse_domain_spec("a." * 30_000 + "org").expand(HERE) == "a." * 125 + "org"


@pytest.mark.parametrize("letter", "slipvhSLIPVH")
def test_macros_that_depend_on_the_message_stay_closed(letter: str) -> None:
    assert parse_domain_spec(f"%{{{letter}}}.example.org").expand(HERE) is None


@pytest.mark.parametrize(
    "text", ["", "org", "a.123", "a.-b", "a.b-", "%{d}org", "a b.example", "a.é", "%{d", "%{r}.x.org"]
)
def test_what_is_no_domain_is_refused(text: str) -> None:
    with pytest.raises(MacroSyntax):
        parse_domain_spec(text)


WORDS = "ip4: ip6: a mx include: exists: ptr redirect= exp= all %{ d 2r } /24 //64 .example.org 192.0.2.1 2001:db8:: ="
fragments = st.sampled_from([*WORDS.split(), " ", "\t", "0" * 5000])
records = st.binary() | st.lists(fragments).map(lambda parts: "".join(parts).encode())


@given(records)
def test_any_text_is_a_record_or_a_fault(text: bytes) -> None:
    read = parse(b"v=spf1 " + text)
    assert isinstance(read, Record | BadRecord)
    if isinstance(read, BadRecord):
        assert read.detail.isprintable()


@given(st.lists(records))
def test_any_texts_have_one_record_or_none_or_a_fault(texts: list[bytes]) -> None:
    assert isinstance(select(texts), Record | BadRecord | None)


networks = st.one_of(
    st.tuples(st.ip_addresses(v=4), st.integers(0, 32)), st.tuples(st.ip_addresses(v=6), st.integers(0, 128))
).map(lambda pair: ip_network(pair, strict=False))


@given(networks)
def test_a_range_comes_back_from_a_record(network: Network) -> None:
    term = only_term(f"ip{network.version}:{network}")
    assert isinstance(term, Addresses)
    assert term.network == network
