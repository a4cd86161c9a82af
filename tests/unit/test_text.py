"""What remains of foreign text: one plain line, and nothing that steers who reads it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.text import clean


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        # The everyday case stays as it is.
        ("Listed, see https://bl.example/q?ip=192.0.2.1", "Listed, see https://bl.example/q?ip=192.0.2.1"),
        ("naïve Прямо 直 🚫", "naïve Прямо 直 🚫"),
        # Line ends and tabs would forge a log line or a table's cell.
        ("first\r\nsecond\tthird\u2028fourth", "first second third fourth"),
        ("  many   spaces\u00a0here ", "many spaces here"),
        # A terminal's escape loses its power; its harmless rest is shown.
        ("\x1b[31mred\x07\x00\x9b2J", "[31mred2J"),
        # Bidi marks reorder what is read; zero-width characters hide inside words.
        ("a\u202eb\u2066c\u200fd", "abcd"),
        ("ze\u200bro\ufeff\u00ad\u2060wid\u034fth\u3164", "zerowidth"),
        # Tags, private use, lone surrogates and what Unicode does not know.
        ("x\U000e0041y\ue000z\ud800\uffff", "xyz"),
        ("\u200b\x00\n", ""),
        ("", ""),
    ],
)
def test_only_text_remains(text: str, cleaned: str) -> None:
    assert clean(text, 500) == cleaned


@pytest.mark.parametrize(
    ("text", "limit", "cleaned"),
    [
        ("exactly ten", 11, "exactly ten"),
        ("one more than fits", 8, "one mor…"),
        # No space before the ellipsis.
        ("cut at a space", 8, "cut at…"),
        ("x" * 9, 1, "…"),
        # Controls do not count.
        ("\x00" * 900 + "short", 5, "short"),
    ],
)
def test_a_long_text_is_cut_and_says_so(text: str, limit: int, cleaned: str) -> None:
    assert clean(text, limit) == cleaned


# Surrogates too: bytes that are no UTF-8 may come as such.
foreign = st.text(st.characters(codec=None, categories=None), max_size=80)


@given(foreign, st.integers(1, 60))
def test_what_remains_is_one_line_without_controls_and_never_too_long(text: str, limit: int) -> None:
    """Law 7."""
    cleaned = clean(text, limit)
    assert len(cleaned) <= limit
    assert not {unicodedata.category(letter) for letter in cleaned} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert cleaned == cleaned.strip()
    assert "  " not in cleaned
    cleaned.encode()


@given(foreign, st.integers(1, 60))
def test_cleaning_twice_changes_nothing(text: str, limit: int) -> None:
    cleaned = clean(text, limit)
    assert clean(cleaned, limit) == cleaned
