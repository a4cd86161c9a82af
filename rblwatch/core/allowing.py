"""What an allow list says, held in the way in which a listing is held.

Owns the step from a good word to something that a standing can hold, so that a target comes on an allow list, and off
it, by the same proofs. Must not be taken for a listing: of an allow list, "listed" in a standing means a good word.
"""

from __future__ import annotations

from ipaddress import IPv4Address

from rblwatch.core.blocklist import Blocklist, Claim, Kind, Severity
from rblwatch.core.verdict import Clear, Listed, Verdict


def holdable(verdict: Verdict, blocklist: Blocklist) -> Verdict:
    """A verdict as a standing holds it: of an allow list, being on it is held; of any other, the verdict is as it is.

    A code that is neutral here, as one that the admin ignores, puts nobody on an allow list.
    """
    if blocklist.kind is not Kind.ALLOW or not isinstance(verdict, Clear):
        return verdict
    good = tuple(code for code in verdict.codes if _is_good(code, blocklist))
    if not good:
        return verdict
    labels = dict.fromkeys(meaning.label for code in good for meaning in blocklist.meanings(code))
    return Listed(good, Severity.INFORMATIONAL, tuple(labels), said=verdict.codes)


def good_word(held: Listed) -> Clear:
    """What is held of a target that is on an allow list, as the verdict that it is."""
    return Clear(held.codes, held.labels)


def _is_good(code: IPv4Address, blocklist: Blocklist) -> bool:
    return any(meaning.claim is not Claim.NEUTRAL for meaning in blocklist.meanings(code))
