"""What a nameserver does to the answers of blocklists, from what it answered when it was examined.

Owns the step from answers to faults; what each means stands in `prescriptions.py`. Must not ask anything. Only what
blinds a list is told: an examination asks the points of configured lists, documentation addresses and a name below
`invalid`, nothing else, and a fault that hides none of them is nobody's trouble.

One list in trouble says little about the resolver: lists die, and lists refuse. So a fault is told only where the
answers can't be the list's own doing, or where several lists of different operators have the same trouble at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Address

from rblwatch.core.blocklist import LISTING_RANGE
from rblwatch.core.examination import (
    Contact,
    Examination,
    Heard,
    addresses_in,
    empty,
    failed,
    inside,
    outside,
    outside_only,
)
from rblwatch.core.fault import Diagnosis, Fault
from rblwatch.core.public_resolvers import public_operator, stands_in
from rblwatch.core.question import Absent, Failed, Found, Reason
from rblwatch.core.soundness import Expectation
from rblwatch.core.wording import several

#: Of the addresses that were seen, so many are named.
_MOST_SEEN = 3


def diagnose(examination: Examination) -> tuple[Diagnosis, ...]:
    """Say what a nameserver does to answers; nothing for one that hides no list.

    One cause is told once: of a nameserver that gives no answer, nothing else is said.
    """
    asked = [heard for heard in examination.heard if not heard.blocklist.lacks_key]
    if not asked:
        return ()
    seen = _Answers(examination, asked)
    first = _gone(seen)
    if first is not None:
        return (first,)
    found = [made for judge_fault in _FAULTS if (made := judge_fault(seen)) is not None]
    return tuple(found)


def relied_on(examinations: Sequence[Examination]) -> Examination:
    """The nameserver that lists are asked through: the first one that gives any answer, or else the first one."""
    unusable = (Fault.DEAD, Fault.NO_IPV6)
    usable = (one for one in examinations if not any(found.fault in unusable for found in diagnose(one)))
    return next(usable, examinations[0])


class _Answers:
    """An examination, with what several faults are judged by."""

    def __init__(self, examination: Examination, asked: list[Heard]) -> None:
        self.examination = examination
        self.heard = asked
        nothing = examination.nothing
        self.for_nothing = frozenset(nothing.addresses) if isinstance(nothing, Found) else frozenset[IPv4Address]()
        self.answering = frozenset(one.blocklist.id for one in asked if any(inside(a) for a in one.all))
        """Lists whose codes arrive: whatever is wrong, they are not taken out."""

    def found(self, fault: Fault, seen: str, lanes: Iterable[Heard]) -> Diagnosis | None:
        """A fault of these lanes, as far as their lists can't be believed for it."""
        blinds = tuple(sorted({heard.blocklist.id for heard in lanes if not heard.soundness.trusted}))
        if not blinds and fault is not Fault.NO_TCP:
            return None
        return Diagnosis(fault=fault, nameserver=self.examination.nameserver, seen=seen, blinds=blinds)

    def where(self, wanted: Callable[[Heard], bool]) -> list[Heard]:
        return [heard for heard in self.heard if wanted(heard)]


def _gone(seen: _Answers) -> Diagnosis | None:
    examination = seen.examination
    answers = [answer for heard in seen.heard for answer in heard.all]
    silent = [failed(answer, Reason.TIMEOUT, Reason.NETWORK) for answer in (examination.nothing, *answers)]
    if not all(silent):
        return None
    if examination.over_tcp is Contact.UNREACHABLE and ":" in examination.host:
        return seen.found(Fault.NO_IPV6, "this machine has no way to its IPv6 address", seen.heard)
    said = next((a.detail for a in answers if isinstance(a, Failed) and a.detail), "no answer to any question")
    if examination.over_tcp is Contact.ANSWERED:
        said = "it answers over TCP, and nothing over UDP"
    return seen.found(Fault.DEAD, said, seen.heard)


def _refuses(seen: _Answers) -> Diagnosis | None:
    """Refusals of a list's own servers reach nobody behind a resolver: it makes SERVFAIL of them."""
    refused = seen.where(lambda heard: all(failed(a, Reason.REFUSED) for a in heard.all))
    everything = len(refused) == len(seen.heard)
    if not everything or not (failed(seen.examination.nothing, Reason.REFUSED) or _several(refused)):
        return None
    return seen.found(Fault.REFUSES, f"REFUSED for all that {_lists(refused)} asked", refused)


def _cut_off(seen: _Answers) -> Diagnosis | None:
    failing = seen.where(lambda heard: all(failed(a, Reason.SERVFAIL, Reason.TIMEOUT) for a in heard.all))
    if len(failing) < len(seen.heard):
        return None
    if not (failed(seen.examination.nothing, Reason.SERVFAIL) or _several(failing)):
        return None
    return seen.found(Fault.CUT_OFF, f"no answer from any of {_lists(failing)}", failing)


def _filters(seen: _Answers) -> Diagnosis | None:
    filtered = seen.where(lambda h: any(failed(a, Reason.FILTERED) for a in h.all) and not h.filtered_by_address)
    if not filtered:
        return None
    notes = [a.detail for heard in filtered for a in heard.all if isinstance(a, Failed) and failed(a, Reason.FILTERED)]
    return seen.found(Fault.FILTERS, notes[0] or f"a note about {_lists(filtered)}", filtered)


def _block_page(seen: _Answers) -> Diagnosis | None:
    """One list at an address of its own may be a parked zone; several, or a filter's address, are not."""
    strange = {heard.blocklist.id: outside(heard.points) for heard in seen.heard}
    owners = {heard.blocklist.id: heard.owner for heard in seen.heard}
    shared = {
        address
        for address in set().union(*strange.values())
        if len({owners[name] for name, addresses in strange.items() if address in addresses}) > 1
    }

    def is_page(address: IPv4Address) -> bool:
        return stands_in(address) or address in shared or address in seen.for_nothing

    blocked = seen.where(lambda heard: any(map(is_page, outside(heard.points))))
    if not blocked:
        return None
    pages = sorted({address for heard in blocked for address in outside(heard.points) if is_page(address)})
    return seen.found(
        Fault.BLOCK_PAGE, f"{several(pages, _MOST_SEEN)} in the place of listings of {_lists(blocked)}", blocked
    )


def _rewrites(seen: _Answers) -> Diagnosis | None:
    """A list that has its own test points right does not answer with strange addresses for the others."""

    def is_rewritten(heard: Heard) -> bool:
        if any(map(outside_only, heard.to(Expectation.LISTED))):
            return False
        absent = [answer for answer in heard.to(Expectation.CLEAR) if isinstance(answer, Found)]
        right = any(inside(answer) for answer in heard.to(Expectation.LISTED))
        return any(
            (right and outside_only(answer)) or not seen.for_nothing.isdisjoint(answer.addresses) for answer in absent
        )

    rewritten = seen.where(is_rewritten)
    if not rewritten:
        return None
    answers = [a for heard in rewritten for a in heard.to(Expectation.CLEAR) if isinstance(a, Found)]
    strange = seen.for_nothing or {address for a in answers for address in a.addresses if address not in LISTING_RANGE}
    return seen.found(Fault.REWRITES, f"{several(sorted(strange), _MOST_SEEN)} for names that do not exist", rewritten)


def _strips(seen: _Answers) -> Diagnosis | None:
    """A list without an entry says that there is no such name; what is left of a stripped one exists and is empty."""
    silent = _silent(seen)
    stripped = [heard for heard in silent if any(empty(answer) for answer in heard.to(Expectation.LISTED))]
    told = seen.where(lambda heard: heard.filtered_by_address)
    if not told and (not stripped or (seen.answering and not _several(stripped))):
        return None
    stripped += told
    return seen.found(Fault.STRIPS, f"test points of {_lists(stripped)} exist, without their addresses", stripped)


def _hides(seen: _Answers) -> Diagnosis | None:
    """Lists that were emptied all at once have been so by whoever stands between us and them."""
    silent = _silent(seen)
    hidden = [heard for heard in silent if not any(empty(answer) for answer in heard.to(Expectation.LISTED))]
    if seen.answering or len({heard.owner for heard in hidden}) < _MANY:
        return None
    return seen.found(Fault.HIDES, f"'no such name' for the test points of {_lists(hidden)}", hidden)


def _public(seen: _Answers) -> Diagnosis | None:
    refused = seen.where(lambda heard: heard.soundness.reason in (Reason.REFUSAL_CODE, Reason.REFUSED))
    operator = public_operator(seen.examination.host)
    if operator is not None:
        # Behind a resolver, a list's REFUSED is a SERVFAIL.
        failing = seen.where(lambda heard: heard.soundness.reason is Reason.SERVFAIL) if refused else []
        blinded = [*refused, *failing]
        shown = f"it is {operator}, which everybody may use"
        return seen.found(Fault.PUBLIC, shown, blinded) if blinded and not _refuses(seen) else None
    coded = [heard for heard in refused if heard.soundness.reason is Reason.REFUSAL_CODE]
    is_told = any(OPEN_RESOLVER in addresses_in(answer) for heard in coded for answer in heard.all)
    # A key that is used up refuses as well.
    if not is_told and not _several(heard for heard in coded if not heard.blocklist.keyed):
        return None
    codes = {a for heard in coded for answer in heard.all for a in addresses_in(answer) if heard.blocklist.refuses(a)}
    return seen.found(Fault.PUBLIC, f"{several(sorted(codes), _MOST_SEEN)} from {_lists(coded)}", coded)


def _no_tcp(seen: _Answers) -> Diagnosis | None:
    contact = seen.examination.over_tcp
    if contact is Contact.ANSWERED:
        return None
    cut = seen.where(lambda heard: any(isinstance(answer, Failed) and answer.over_tcp for answer in heard.all))
    seen_as = {Contact.CLOSED: "it takes no connection", Contact.SILENT: "no answer"}
    return seen.found(Fault.NO_TCP, f"over TCP {seen_as.get(contact, 'it cannot be reached')}", cut)


#: What is judged of a nameserver that answers something, in the order in which it is told.
_FAULTS = (_refuses, _cut_off, _filters, _block_page, _rewrites, _strips, _hides, _public, _no_tcp)

#: What Spamhaus answers to whoever asks through a public resolver, or one without a name of its own.
#: Source: facts/protocol, section 4 (127.255.255.254).
OPEN_RESOLVER = IPv4Address("127.255.255.254")
#: Lists of so many operators do not vanish at once.
_MANY = 3


def _silent(seen: _Answers) -> list[Heard]:
    """Lanes whose test point is not there, of lists that show no code in any family."""
    return seen.where(
        lambda heard: (
            heard.blocklist.id not in seen.answering
            and any(isinstance(answer, Absent) for answer in heard.to(Expectation.LISTED))
        )
    )


def _several(lanes: Iterable[Heard]) -> bool:
    return len({heard.owner for heard in lanes}) > 1


def _lists(lanes: Iterable[Heard]) -> str:
    number = len({heard.blocklist.id for heard in lanes})
    return "1 list" if number == 1 else f"{number} lists"
