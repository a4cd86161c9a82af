"""What an admin can do about a list that cannot be believed.

Owns these sentences for the command line. Must not decide what a list's state is.
"""

from __future__ import annotations

from rblwatch.core.question import Reason
from rblwatch.core.soundness import Flaw, Soundness, State

_OWN_RESOLVER = "ask through a resolver of your own, one that does not forward, filter or rewrite (--nameserver)"
_LISTS_ALL = "leave it out; lists that shut down often end like this"
_FLAWS = {
    Flaw.WILDCARD: _LISTS_ALL,
    Flaw.INVERTED: _LISTS_ALL,
    Flaw.SILENT: "it may be closed or empty, or the resolver takes answers in 127.0.0.0/8 out (rebinding protection)",
}
_REASONS = {
    Reason.NO_KEY: "register with its operator and set its key in [blocklists] keys",
    Reason.FILTERED: _OWN_RESOLVER,
    Reason.NOT_A_DNSBL_ANSWER: f"{_OWN_RESOLVER}; if you do, its domain has changed hands: leave it out",
    Reason.NETWORK: "see whether the nameserver runs, and whether this machine reaches it",
    Reason.TIMEOUT: "see whether other lists answer; if they do, this one may be down or may drop your questions",
    Reason.SERVFAIL: "see whether other lists answer; if they do, this one's nameservers are down or refuse you",
}
_STATES = {
    State.REFUSING: f"{_OWN_RESOLVER}; if you do, you may be over its limits or need to register",
    State.UNSOUND: "leave it out until it is repaired",
}


def remedy(soundness: Soundness) -> str:
    """What to do about a list, as an advice in a table; empty for one that can be believed."""
    if soundness.trusted:
        return ""
    if soundness.flaw is not None:
        return _FLAWS[soundness.flaw]
    by_reason = _REASONS.get(soundness.reason) if soundness.reason is not None else None
    return by_reason or _STATES.get(soundness.state, "")
