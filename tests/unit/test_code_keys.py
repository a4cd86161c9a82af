"""The notation of codes and refusals, there and back."""

from ipaddress import IPv4Address, IPv4Network

from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.codes import CodeMatch, code_key, parse_code_key, parse_refusal, refusal_key
from rblwatch.core.matching import CodeBit, CodePattern, CodeRange, Refusal

octets = st.integers(0, 255)
codes = st.integers(0x7F000000, 0x7FFFFFFF).map(IPv4Address)
ranges = st.tuples(codes, codes).map(lambda ends: CodeRange(min(ends), max(ends)))
patterns = st.tuples(octets | st.none(), octets, st.none()).map(lambda rest: CodePattern((127, *rest)))
bits = st.sampled_from([1 << position for position in range(8)]).map(CodeBit)


@given(ranges | patterns | bits)
def test_a_written_key_reads_back_as_the_same_codes(match: CodeMatch) -> None:
    assert parse_code_key(code_key(match)) == match


networks = st.tuples(codes, st.integers(8, 32)).map(lambda made: IPv4Network(made, strict=False))


@given(networks | patterns | bits)
def test_a_written_refusal_reads_back_as_the_same_answers(refusal: Refusal) -> None:
    assert parse_refusal(refusal_key(refusal)) == refusal
