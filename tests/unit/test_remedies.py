"""What an admin is advised to do about a list that cannot be believed."""

from dataclasses import replace

import pytest

from rblwatch.core.blocklist import bare
from rblwatch.core.question import Reason
from rblwatch.core.remedies import remedy
from rblwatch.core.soundness import Flaw, Soundness, State
from rblwatch.core.target import Family

OWN = bare("bl.example")
KNOWN = replace(OWN, operator="somebody")
STRIPPED = Soundness(State.UNSOUND, Reason.UNSOUND, Flaw.STRIPPED)
SILENT = Soundness(State.UNSOUND, Reason.UNSOUND, Flaw.SILENT)
V4, V6 = {Family.IPV4}, {Family.IPV6}


@pytest.mark.parametrize(
    ("soundness", "families", "words"),
    [
        (Soundness(State.SOUND), (), ""),
        (Soundness(State.UNVERIFIED), (), ""),
        (Soundness(State.UNSOUND, Reason.UNSOUND, Flaw.WILDCARD), (), "take it out of the configuration"),
        (Soundness(State.UNSOUND, Reason.UNSOUND, Flaw.INVERTED), V6, "take it out of the configuration"),
        # A list of one's own may lack what the self-test wants.
        (SILENT, (), 'set `selftest = "none"`'),
        (SILENT, V4, 'set `selftest = "none"`'),
        (SILENT, V6, "set `ipv6 = false`"),
        (STRIPPED, V4, "rebinding protection"),
        (STRIPPED, V6, "set `ipv6 = false`"),
        # The reason says more than the state.
        (Soundness(State.REFUSING, Reason.NO_KEY), (), "set its key in [blocklists] keys"),
        (Soundness(State.REFUSING, Reason.REFUSAL_CODE), (), "a resolver of your own"),
        (Soundness(State.UNREACHABLE, Reason.SERVFAIL), (), "nameservers are down"),
        (Soundness(State.UNREACHABLE, Reason.UNSOUND), (), "it may be down|this one may be down"),
        (Soundness(State.UNSOUND, Reason.MALFORMED), (), "leave it out until it is repaired"),
    ],
)
def test_the_advice_fits_the_trouble(soundness: Soundness, families: set[Family], words: str) -> None:
    said = remedy(soundness, OWN, families)
    assert any(word in said for word in words.split("|"))
    assert bool(said) == bool(words)
    # It stands in the middle of a sentence, or in a cell.
    assert not said.endswith(".")


def test_a_list_of_the_catalogue_has_its_points_and_families_as_its_operator_says() -> None:
    for families in ((), V4, V6):
        assert "[[blocklists.custom]]" not in remedy(SILENT, KNOWN, families)


@pytest.mark.parametrize("state", [State.UNSOUND, State.UNREACHABLE, State.REFUSING])
@pytest.mark.parametrize("reason", Reason)
def test_there_is_advice_for_every_trouble(state: State, reason: Reason) -> None:
    assert remedy(Soundness(state, reason))
