"""What a fault of a resolver does to us, and what to do about it.

Owns these sentences, for messages and for tables alike. Must not decide which fault there is.
"""

from __future__ import annotations

from dataclasses import dataclass

from rblwatch.core.fault import Fault

#: Where a resolver that works is described.
PAGE = "docs/resolver.md"
_OWN = f"run a recursive resolver of your own, such as unbound ({PAGE}), and name it in [resolver] nameservers"


@dataclass(frozen=True, slots=True)
class Prescription:
    """One fault in words, without full stops."""

    title: str
    """What the nameserver does; its name stands before it."""
    effect: str
    remedy: str


PRESCRIPTIONS = {
    Fault.DEAD: Prescription(
        "gives no answer",
        "nothing can be said about any list",
        f"see whether it runs and whether this machine may ask it; or {_OWN}",
    ),
    Fault.NO_IPV6: Prescription(
        "cannot be reached over IPv6",
        "nothing can be said about any list through it",
        "name its IPv4 address in [resolver] nameservers, or give this machine a way to the IPv6 Internet",
    ),
    Fault.REFUSES: Prescription(
        "refuses to look names up for us",
        "nothing can be said about any list",
        f"allow this machine's address in its access control, if it is a resolver at all; or {_OWN}",
    ),
    Fault.CUT_OFF: Prescription(
        "gets no answer from any list",
        "nothing can be said about any list",
        "see whether it reaches the Internet itself: port 53 over UDP and TCP, and the resolver that it forwards to",
    ),
    Fault.FILTERS: Prescription(
        "says that it filters these lists",
        "what these lists have is hidden: their answers are unknown",
        f"take their zones out of its filter; or {_OWN}",
    ),
    Fault.BLOCK_PAGE: Prescription(
        "answers with the address of a block page or a portal",
        "what these lists have is hidden: their answers are unknown",
        f"take their zones out of its filter, or log in to the portal; or {_OWN}",
    ),
    Fault.REWRITES: Prescription(
        "answers with an address where a name does not exist",
        "'not listed' never arrives: the answers of these lists are unknown",
        f"switch off its search page or 'DNS assistance'; or {_OWN}",
    ),
    Fault.STRIPS: Prescription(
        "takes answers in 127.0.0.0/8 out (DNS rebinding protection)",
        "every listing would look like 'not listed': the answers of these lists are unknown",
        f"let it pass 127.0.0.0/8, which is what blocklists answer with ({PAGE} names the setting); or {_OWN}",
    ),
    Fault.HIDES: Prescription(
        "says of all test points that they do not exist",
        "every listing would look like 'not listed': the answers of these lists are unknown",
        f"see whether it, or what it forwards to, filters blocklists; or {_OWN}",
    ),
    Fault.PUBLIC: Prescription(
        "is refused by lists as a resolver that many share",
        "these lists do not answer: what they have is unknown",
        f"{_OWN}; it must not forward, and its address needs a reverse name that tells whose it is",
    ),
    Fault.NO_TCP: Prescription(
        "gives no answer over TCP",
        "answers that are too long for UDP are unknown, and a list's long texts are missing",
        "let TCP to port 53 pass to it, and let it serve TCP (unbound: do-tcp: yes)",
    ),
}

#: Where only lists were seen through it: that they all fail is known, and not yet why.
_SUSPICIONS = {
    Fault.CUT_OFF: Prescription(
        "gives no answer about most lists",
        "nothing can be said about these lists",
        "see whether it runs, whether this machine may ask it, and whether it reaches the Internet itself (port 53 "
        f"over UDP and TCP, and the resolver that it forwards to); or {_OWN}",
    ),
    Fault.HIDES: Prescription(
        "shows nothing of most lists, not even their test points",
        PRESCRIPTIONS[Fault.HIDES].effect,
        PRESCRIPTIONS[Fault.HIDES].remedy,
    ),
}


def suspected(fault: Fault) -> Prescription:
    """The words for a fault that follows from the lists alone, before the nameserver itself was examined."""
    return _SUSPICIONS.get(fault, PRESCRIPTIONS[fault])
