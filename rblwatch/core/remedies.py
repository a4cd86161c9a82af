"""What an admin can do about a list that cannot be believed.

Owns this advice, for messages and for tables alike. Must not decide what a list's state is, nor how advice is shown.
"""

from __future__ import annotations

from collections.abc import Collection

from rblwatch.core.blocklist import Blocklist
from rblwatch.core.question import Reason
from rblwatch.core.soundness import Flaw, Soundness, State
from rblwatch.core.target import Family

_OWN_RESOLVER = (
    "ask through a resolver of your own, one that does not forward, filter or rewrite ([resolver] nameservers)"
)
_LISTS_ALL = (
    "nothing about your servers: whoever still uses this list rejects mail from everybody; lists that shut down often "
    "end like this, so if it stays so, take it out of the configuration"
)
_NO_IPV6 = "if it has no IPv6 entries, set `ipv6 = false` in its [[blocklists.custom]]"
_LOST_IPV6 = "nothing about your servers: its IPv6 data seems to be gone; its answers about IPv4 are not concerned"
_NO_POINT = 'if it has no such test point, set `selftest = "none"` or points of its own in its [[blocklists.custom]]'
_CLOSED = (
    "see whether other lists pass (`rblwatch lists probe`); if they do, it may be closed or empty: take it out; "
    "if they don't, your resolver takes answers in 127.0.0.0/8 out (rebinding protection)"
)
_STRIPPED = (
    "see whether other lists pass (`rblwatch lists probe`); if they do, the list has lost this point; if they don't, "
    "your resolver takes answers in 127.0.0.0/8 out (rebinding protection; docs/resolver.md names the setting)"
)
_REASONS = {
    Reason.NO_KEY: "register with its operator and set its key in [blocklists] keys",
    Reason.FILTERED: _OWN_RESOLVER,
    Reason.NOT_A_DNSBL_ANSWER: f"{_OWN_RESOLVER}; if you do, its domain has changed hands: take the list out",
    Reason.NETWORK: "see whether the nameserver runs, and whether this machine reaches it",
    Reason.TIMEOUT: "see whether other lists answer; if they do, this one may be down or may drop your questions",
    Reason.SERVFAIL: "see whether other lists answer; if they do, this one's nameservers are down or refuse you",
}
_STATES = {
    State.REFUSING: f"{_OWN_RESOLVER}; if you do, you may be over its limits, or its operator wants you to register",
    State.UNREACHABLE: "see whether other lists answer; if they do, this one may be down",
    State.UNSOUND: "see what it answers (`rblwatch lists probe`); leave it out until it is repaired",
}


def remedy(soundness: Soundness, blocklist: Blocklist | None = None, families: Collection[Family] = ()) -> str:
    """What to do about a list, without a full stop; empty for one that can be believed.

    `families`: those that fail, where others do not.
    """
    if soundness.trusted:
        return ""
    match soundness.flaw:
        case Flaw.WILDCARD | Flaw.INVERTED:
            return _LISTS_ALL
        case Flaw.STRIPPED if set(families) != {Family.IPV6}:
            return _STRIPPED
        case Flaw.SILENT | Flaw.STRIPPED:
            return _silent(blocklist, families)
    by_reason = _REASONS.get(soundness.reason) if soundness.reason is not None else None
    return by_reason or _STATES.get(soundness.state, "")


def _silent(blocklist: Blocklist | None, families: Collection[Family]) -> str:
    """A list of the catalogue has the points that its operator documents; an admin's own one may lack them."""
    only_ipv6 = set(families) == {Family.IPV6}
    if blocklist is None or blocklist.operator:
        return _LOST_IPV6 if only_ipv6 else _CLOSED
    return _NO_IPV6 if only_ipv6 else f"{_NO_POINT}; otherwise {_CLOSED}"
