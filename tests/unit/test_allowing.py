"""What an allow list says, as a standing holds it."""

from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.allowing import good_word, holdable
from rblwatch.core.blocklist import Kind, bare
from rblwatch.core.question import Found, Reason
from rblwatch.core.verdict import Clear, Listed, Unknown, judge

CODE, OTHER = IPv4Address("127.0.5.2"), IPv4Address("127.0.5.3")
ALLOW = bare("wl.example", kind=Kind.ALLOW)


@pytest.mark.parametrize(
    ("answer", "ignored", "held"),
    [
        # On the list, under one code or two.
        ((CODE,), (), (CODE,)),
        ((OTHER, CODE), (), (CODE, OTHER)),
        # What the admin ignores puts nobody on it; the rest still does.
        ((CODE,), (CODE,), None),
        ((CODE, OTHER), (CODE,), (OTHER,)),
    ],
)
def test_a_good_word_is_held_by_its_codes(
    answer: tuple[IPv4Address, ...], ignored: tuple[IPv4Address, ...], held: tuple[IPv4Address, ...] | None
) -> None:
    blocklist = replace(ALLOW, ignored=ignored)
    verdict = holdable(judge(Found(answer), blocklist, None), blocklist)
    assert (verdict.codes if isinstance(verdict, Listed) else None) == held
    if isinstance(verdict, Listed):
        assert good_word(verdict) == Clear(verdict.codes, ("listed",))


verdicts = st.sampled_from([Clear(), Clear((CODE,), ("x",)), Unknown(Reason.TIMEOUT)])


@given(st.sampled_from([Kind.IP, Kind.DOMAIN]), verdicts)
def test_a_blocklist_is_held_as_it_speaks(kind: Kind, verdict: Clear | Unknown) -> None:
    assert holdable(verdict, bare("bl.example", kind=kind)) == verdict


def test_what_says_nothing_about_a_target_is_held_as_nothing() -> None:
    assert holdable(Clear(), ALLOW) == Clear()
    assert holdable(Unknown(Reason.REFUSAL_CODE), ALLOW) == Unknown(Reason.REFUSAL_CODE)
