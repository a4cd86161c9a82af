"""A receiver's view of a policy: what `check_host()` of RFC 7208 would say of one sender, read from our steps."""

from ipaddress import IPv6Address
from typing import assert_never

from rblwatch.core.lookup import RecordKind
from rblwatch.core.spf import All, Qualifier
from rblwatch.core.spf_policy import Broken, Matching, Nested, Obstacle, Opaque, Policy, Step
from rblwatch.core.target import Address

_OUTCOMES = {
    Qualifier.PASS: "pass",
    Qualifier.FAIL: "fail",
    Qualifier.SOFTFAIL: "softfail",
    Qualifier.NEUTRAL: "neutral",
}
_PERMANENT = ("permerror", "temperror")


def verdict_of(policy: Policy, address: Address) -> str | Obstacle:
    """What a receiver makes of a sender; an obstacle where that cannot be said without the message."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:  # Source: section 5.
        address = address.ipv4_mapped
    if policy.trouble is not None:
        return policy.trouble.error.value
    for step in policy.steps:
        outcome = _outcome(step, address)
        if outcome is not None:
            return outcome
    match policy.redirect:
        case None:
            return "neutral"
        case Policy():
            return verdict_of(policy.redirect, address)
        case Opaque(obstacle=obstacle):
            return obstacle
        case Broken(trouble=trouble):
            return trouble.error.value


def _outcome(step: Step, address: Address) -> str | Obstacle | None:
    """What a step makes of a sender; None: it does not match."""
    match step:
        case All(qualifier=qualifier):
            return _OUTCOMES[qualifier]
        case Matching():
            if any(address in network for network in step.networks):
                return _OUTCOMES[step.qualifier]
            own = {RecordKind.A if address.version == 4 else RecordKind.AAAA, RecordKind.MX}
            return "temperror" if any(lost.query.kind in own for lost in step.lost) else None
        case Nested():
            inner = verdict_of(step.policy, address)
            if inner == "pass":
                return _OUTCOMES[step.qualifier]
            return inner if isinstance(inner, Obstacle) or inner in _PERMANENT else None
        case Opaque(obstacle=obstacle):
            return obstacle
        case Broken(trouble=trouble):
            return trouble.error.value
        case _:
            assert_never(step)
