"""Names in any script become A-labels, and names have a registrable part, by the real tables and the real list."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.target import Family, NotATarget, Target, parse_name
from rblwatch.naming import parse_domain, registrable, to_ascii


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Mail.Example.ORG.", "mail.example.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        # The full stop and the letters of another script.
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("\uff25\uff38ample.org", "example.org"),
        # IDNA 2003 would ask about strasse.example and another company.
        ("straße.example", "xn--strae-oqa.example"),
        ("λόγος.example", "xn--oxapnm1c.example"),
        # A capital sigma is no final one.
        ("ΟΔΟΣ.example", "xn--pxavbq.example"),
        # Labels in ASCII stay what they are, an underscore included.
        ("_spf.bücher.example", "_spf.xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)
def test_a_name_is_read_as_idna_2008_writes_it(text: str, name: str) -> None:
    assert parse_domain(text) == Target(name, Family.NAME)


@pytest.mark.parametrize(
    "text",
    [
        # A symbol that IDNA 2008 does not have, a joiner without its reason, a digit before the letters of its script.
        "i\u2764.example",
        "a\u200db.example",
        "\u0663.example",
        # Too long in A-labels.
        f"{'ü' * 70}.example",
        "xn--ü.example",
    ],
)
def test_what_idna_cannot_write_is_refused_with_the_remedy(text: str) -> None:
    with pytest.raises(NotATarget, match=r"IDNA can write; write it as a registry does, in 'xn--…' labels"):
        parse_domain(text)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("example.org", "example.org"),
        ("mail.eu.example.org", "example.org"),
        ("mail.example.co.uk", "example.co.uk"),
        # Every second label below these is a suffix, but for exceptions.
        ("a.b.example.ck", "b.example.ck"),
        ("mail.www.ck", "www.ck"),
        # A suffix that a company opened to its customers.
        ("me.github.io", "me.github.io"),
        # Nobody knows this one, and every rule ends with "*".
        ("mail.example.unheard-of", "example.unheard-of"),
        ("mx.xn--85x722f.xn--55qx5d.cn", "xn--85x722f.xn--55qx5d.cn"),
        # A public suffix is nobody's.
        ("co.uk", None),
        ("github.io", None),
    ],
)
def test_a_name_has_a_registrable_part(name: str, part: str | None) -> None:
    assert registrable(parse_name(name)) == (None if part is None else parse_name(part))


@given(st.text() | st.text(alphabet="abÜß\u03c3ς。.1-_xn\u200d\u0663"))
def test_any_text_is_a_name_in_a_labels_or_refused(text: str) -> None:
    with suppress(NotATarget):
        name = parse_domain(text)
        assert name.text.isascii()
        assert to_ascii(name.text) == name.text
        assert parse_domain(name.text) == name


@given(
    st.lists(st.sampled_from(["com", "uk", "co", "io", "github", "a", "b", "xn--55qx5d", "cn"]), min_size=2, max_size=6)
)
def test_the_registrable_part_is_an_ending_and_its_own(labels: list[str]) -> None:
    name = parse_name(".".join(labels))
    part = registrable(name)
    assert part is None or name == part or name.text.endswith(f".{part}")
    assert part is None or registrable(part) == part
