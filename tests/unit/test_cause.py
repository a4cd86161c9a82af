"""Likely causes: read from what a list's table says of its codes, and never more than that."""

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.blocklist import Blocklist, Claim, Code, Meaning, Scope, Severity
from rblwatch.core.cause import Cause, first_step, likely_causes, named
from rblwatch.core.matching import CodeRange

TWO, THREE = IPv4Address("127.0.0.2"), IPv4Address("127.0.0.3")


def code(at: IPv4Address, text: str, scope: Scope = Scope.ADDRESS, claim: Claim = Claim.LISTED) -> Code:
    return Code(CodeRange(at, at), Meaning("LABEL", Severity.MAJOR, claim, text, scope))


def listing(*codes: Code) -> Blocklist:
    return Blocklist(id="bl", zone="bl.example", codes=codes, otherwise=Meaning("listed", Severity.MAJOR))


@pytest.mark.parametrize(
    ("text", "scope", "cause"),
    [
        ("an open relay, in one step", Scope.ADDRESS, Cause.OPEN_RELAY),
        # A test that found nothing accuses nobody.
        ("the test for an open relay said nothing clear", Scope.ADDRESS, None),
        ("was scanned for an open proxy", Scope.ADDRESS, None),
        ("was tested; no proxy", Scope.ADDRESS, None),
        ("an open SOCKS proxy", Scope.ADDRESS, Cause.OPEN_PROXY),
        # Of several possibilities in one sentence the first that is worth looking for.
        ("a bot, an open proxy or a machine that was broken into", Scope.ADDRESS, Cause.INFECTED),
        ("guesses passwords of mail accounts, or abuses one", Scope.ADDRESS, Cause.ATTACK),
        # Bounces that hit a trap are bounces.
        ("sent bounces to spam traps", Scope.ADDRESS, Cause.BACKSCATTER),
        ("sent mail to a spam trap of this list", Scope.ADDRESS, Cause.SPAM_TRAP),
        # Next to addresses that hit traps is not to have hit one.
        ("a very bad reputation, or next to addresses that hit traps", Scope.ADDRESS, Cause.REPUTATION),
        ("spam, a little from many addresses", Scope.ADDRESS, Cause.SNOWSHOE),
        ("Policy Block List: this address is not meant to send mail directly", Scope.RANGE, Cause.POLICY),
        # What is said of a whole network says nothing of this address.
        ("in a network that sends spam", Scope.RANGE, Cause.NETWORK),
        ("the whole provider is listed", Scope.AS, Cause.NETWORK),
        ("no reverse name", Scope.ADDRESS, Cause.REVERSE_NAME),
        ("used for phishing", Scope.DOMAIN, Cause.WEBSITE),
        ("registered a short time ago", Scope.DOMAIN, Cause.NEW_DOMAIN),
        ("used in spam", Scope.DOMAIN, Cause.DOMAIN_IN_SPAM),
        # Nothing is made up.
        ("entered by hand", Scope.ADDRESS, None),
        ("a code that this list's table does not explain", Scope.ADDRESS, None),
        ("", Scope.ADDRESS, None),
    ],
)
def test_a_cause_is_what_the_table_says(text: str, scope: Scope, cause: Cause | None) -> None:
    assert likely_causes(["127.0.0.2"], listing(code(TWO, text, scope))) == ((cause,) if cause else ())


def test_several_codes_give_each_cause_once_in_their_order() -> None:
    blocklist = listing(code(TWO, "hit a trap"), code(THREE, "a botnet"))
    assert likely_causes(["127.0.0.3", "127.0.0.2", "127.0.0.3"], blocklist) == (Cause.INFECTED, Cause.SPAM_TRAP)


def test_a_good_word_is_no_cause() -> None:
    assert likely_causes(["127.0.0.2"], listing(code(TWO, "sends no spam", claim=Claim.ALLOW))) == ()


def test_a_list_that_is_no_longer_configured_explains_nothing() -> None:
    assert likely_causes(["127.0.0.2"], None) == ()


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_has_words_and_a_first_step(cause: Cause) -> None:
    for text in (named(cause), first_step(cause)):
        assert text
        assert not text.endswith(".")


@given(st.text(max_size=200), st.sampled_from(Scope))
def test_any_text_has_at_most_one_cause(text: str, scope: Scope) -> None:
    assert len(likely_causes(["127.0.0.2"], listing(code(TWO, text, scope)))) <= 1
