"""What is held of a pair: tables of histories, and the laws over histories that nobody thought of."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import IPv4Address as ip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.blocklist import Severity
from rblwatch.core.question import Reason
from rblwatch.core.standing import (
    NO_PROOF,
    Change,
    Circumstances,
    Observation,
    Pending,
    Proof,
    Standing,
    Transition,
    Wanted,
    observe,
    reread,
    settle,
    wanted,
)
from rblwatch.core.verdict import Clear, Listed, Unknown, Verdict
from tests.unit.samples import at

SBL = Listed((ip("127.0.0.2"),), Severity.CRITICAL, ("SBL",))
PBL = Listed((ip("127.0.0.10"),), Severity.MINOR, ("PBL",))
BOTH = Listed((ip("127.0.0.2"), ip("127.0.0.10")), Severity.CRITICAL, ("SBL", "PBL"))
CLEAR = Clear()
UNKNOWN = Unknown(Reason.TIMEOUT)


@dataclass(frozen=True)
class Step:
    """One answer about a pair, with all that it is read with; minutes after a common start."""

    minute: int
    verdict: Verdict
    negative: bool = True
    """The fresh probe of this sweep was clear."""
    positive: int | None = -1
    """When the positive point was asked that this sweep may build on; None: never. -1: in this very sweep."""
    cached_until: int | None = None
    """Until when a cache holds the positive point."""
    distrust: int | None = None
    copy_until: int | None = None
    """Until when a cache holds this very answer."""
    nameserver: str = "a"

    @property
    def circumstances(self) -> Circumstances:
        return Circumstances(
            at=at(self.minute),
            positive_until=None if self.cached_until is None else at(self.cached_until),
            distrust_until=None if self.distrust is None else at(self.distrust),
            copy_until=None if self.copy_until is None else at(self.copy_until),
            nameserver=self.nameserver,
        )

    @property
    def proof(self) -> Proof:
        if self.positive is None:
            return Proof(negative=self.negative, positive_at=None)
        return Proof(negative=self.negative, positive_at=at(self.minute if self.positive == -1 else self.positive))

    @property
    def trusted(self) -> bool:
        return self.distrust is None or self.minute >= self.distrust


def live(
    history: Iterable[Step], delist_after: int = 2, standing: Standing | None = None, *, has_positive: bool = True
) -> tuple[Standing, list[tuple[Step, Transition]]]:
    """Take a history in, answer by answer: the standing that it leads to, and the transitions on the way."""
    held = standing or Standing()
    told = []
    for step in history:
        observation = observe(held, step.verdict, step.circumstances)
        proof = replace(step.proof, has_positive=has_positive)
        held, transition = settle(observation, proof, delist_after, at(step.minute))
        if transition is not None:
            told.append((step, transition))
    return held, told


def changes(history: Iterable[Step], delist_after: int = 2) -> list[str]:
    """The transitions of a history, each as "what since when, last seen clear when", in minutes."""
    return [_written(transition) for _, transition in live(history, delist_after)[1]]


def _written(transition: Transition) -> str:
    codes = "+".join(transition.listed.labels)
    clear = "never" if transition.clear_at is None else _minute(transition.clear_at)
    first = ", first look" if transition.first_look else ""
    return f"{transition.change} {codes} since {_minute(transition.seen_at)}, clear {clear}{first}"


def _minute(moment: datetime) -> str:
    return f"{(moment - at(0)).total_seconds() / 60:g}"


@pytest.mark.parametrize(
    ("history", "told"),
    [
        # Nothing ever happens to most pairs.
        ([Step(0, CLEAR), Step(15, CLEAR)], []),
        # The first conclusive answer is a first look.
        ([Step(0, SBL)], ["listed SBL since 0, clear never, first look"]),
        # An unknown is no look.
        ([Step(0, UNKNOWN), Step(15, SBL)], ["listed SBL since 15, clear never, first look"]),
        # Clear before: an event, with honest times.
        ([Step(0, CLEAR), Step(15, SBL)], ["listed SBL since 15, clear 0"]),
        ([Step(0, CLEAR), Step(15, CLEAR), Step(30, UNKNOWN), Step(45, SBL)], ["listed SBL since 45, clear 15"]),
        # It stays listed: nothing to tell, with or without unknowns.
        (
            [Step(0, CLEAR), Step(15, SBL), Step(20, SBL), Step(25, UNKNOWN), Step(30, SBL)],
            ["listed SBL since 15, clear 0"],
        ),
        # The fresh probe fails: the news waits, and is told with its first time once it is proven.
        (
            [Step(0, CLEAR), Step(15, SBL, negative=False), Step(20, SBL, negative=False), Step(25, SBL)],
            ["listed SBL since 15, clear 0"],
        ),
        # Proof alone settles nothing: the answer must be repeated in the same sweep.
        ([Step(0, CLEAR), Step(15, SBL, negative=False), Step(20, UNKNOWN)], []),
        # What was never proven, and is clear now, was nothing; seen again, it is news of its own.
        ([Step(0, CLEAR), Step(15, SBL, negative=False), Step(20, CLEAR)], []),
        (
            [Step(0, CLEAR), Step(15, SBL, negative=False), Step(20, CLEAR), Step(35, SBL)],
            ["listed SBL since 35, clear 20"],
        ),
        # An unproven first look that turned clear leaves a pair that was looked at.
        ([Step(0, SBL, negative=False), Step(5, CLEAR), Step(20, SBL)], ["listed SBL since 20, clear 5"]),
        # Unproven, and under other codes by now: still the same news.
        ([Step(0, CLEAR), Step(15, SBL, negative=False), Step(20, PBL)], ["listed PBL since 15, clear 0"]),
        # Other codes.
        (
            [Step(0, CLEAR), Step(15, SBL), Step(30, BOTH)],
            ["listed SBL since 15, clear 0", "changed SBL+PBL since 30, clear 0"],
        ),
        # Unproven other codes that went back to the known ones were nothing.
        (
            [Step(0, CLEAR), Step(15, SBL), Step(30, PBL, negative=False), Step(35, SBL), Step(40, SBL)],
            ["listed SBL since 15, clear 0"],
        ),
        (
            [Step(0, CLEAR), Step(15, SBL), Step(30, PBL, negative=False), Step(35, SBL), Step(40, PBL)],
            ["listed SBL since 15, clear 0", "changed PBL since 40, clear 0"],
        ),
        # Another severity or label under the same codes is the admin's doing, and no event.
        (
            [Step(0, CLEAR), Step(15, SBL), Step(30, replace(SBL, severity=Severity.MINOR, labels=("sbl",)))],
            ["listed SBL since 15, clear 0"],
        ),
        # Delisted after two clear answers, since the first of them.
        (
            [Step(0, CLEAR), Step(15, SBL), Step(20, CLEAR), Step(25, CLEAR)],
            ["listed SBL since 15, clear 0", "delisted SBL since 20, clear 0"],
        ),
        # One clear answer is not enough.
        ([Step(0, CLEAR), Step(15, SBL), Step(20, CLEAR)], ["listed SBL since 15, clear 0"]),
        # Unknowns neither count nor reset.
        (
            [Step(0, CLEAR), Step(15, SBL), Step(20, CLEAR), Step(25, UNKNOWN), Step(30, UNKNOWN), Step(35, CLEAR)],
            ["listed SBL since 15, clear 0", "delisted SBL since 20, clear 0"],
        ),
        # Listed in between: counted anew, and since the new first one.
        (
            [Step(0, CLEAR), Step(15, SBL), Step(20, CLEAR), Step(25, SBL), Step(30, CLEAR)],
            ["listed SBL since 15, clear 0"],
        ),
        (
            [Step(0, CLEAR), Step(15, SBL), Step(20, CLEAR), Step(25, SBL), Step(30, CLEAR), Step(35, CLEAR)],
            ["listed SBL since 15, clear 0", "delisted SBL since 30, clear 0"],
        ),
        # Other codes in between, unproven: counted anew as well.
        (
            [Step(0, CLEAR), Step(15, SBL), Step(20, CLEAR), Step(25, PBL, negative=False), Step(30, CLEAR)],
            ["listed SBL since 15, clear 0"],
        ),
        # Listed again: a listing of its own, last seen clear when the delisting was proven.
        (
            [Step(0, CLEAR), Step(15, SBL), Step(20, CLEAR), Step(25, CLEAR), Step(40, PBL)],
            ["listed SBL since 15, clear 0", "delisted SBL since 20, clear 0", "listed PBL since 40, clear 25"],
        ),
        # A negative proof is no proof of a delisting.
        (
            [
                Step(0, CLEAR),
                Step(15, SBL),
                Step(20, CLEAR),
                Step(25, CLEAR, positive=None),
                Step(30, CLEAR, positive=None),
            ],
            ["listed SBL since 15, clear 0"],
        ),
        # The positive point was in the cache until minute 80: neither an answer nor a proof from before then counts …
        (
            [Step(0, SBL), Step(20, CLEAR, cached_until=80), Step(25, CLEAR), Step(79, CLEAR)],
            ["listed SBL since 0, clear never, first look"],
        ),
        (
            [Step(0, SBL), Step(20, CLEAR, cached_until=80), Step(25, CLEAR), Step(85, CLEAR, positive=79)],
            ["listed SBL since 0, clear never, first look"],
        ),
        # … and those from that very minute do.
        (
            [Step(0, SBL), Step(20, CLEAR, cached_until=80), Step(25, CLEAR), Step(80, CLEAR, positive=80)],
            ["listed SBL since 0, clear never, first look", "delisted SBL since 20, clear never"],
        ),
        # What the cache holds at a later clear answer makes no difference: it was fetched after the first one.
        (
            [Step(0, SBL), Step(20, CLEAR, cached_until=30), Step(35, CLEAR, cached_until=95)],
            ["listed SBL since 0, clear never, first look", "delisted SBL since 20, clear never"],
        ),
        # The same cached copy twice is one answer, and was fetched before the probe that would vouch for it …
        ([Step(0, CLEAR), Step(15, SBL, negative=False, copy_until=40), Step(39, SBL)], []),
        (
            [Step(0, CLEAR), Step(15, SBL, negative=False, copy_until=40), Step(40, SBL)],
            ["listed SBL since 15, clear 0"],
        ),
        (
            [Step(0, SBL), Step(20, CLEAR, copy_until=60), Step(59, CLEAR)],
            ["listed SBL since 0, clear never, first look"],
        ),
        (
            [Step(0, SBL), Step(20, CLEAR, copy_until=60), Step(60, CLEAR)],
            ["listed SBL since 0, clear never, first look", "delisted SBL since 20, clear never"],
        ),
        # … and so is the copy that came next.
        (
            [
                Step(0, CLEAR),
                Step(15, SBL, negative=False, copy_until=20),
                Step(20, SBL, negative=False, copy_until=60),
                Step(59, SBL),
            ],
            [],
        ),
        (
            [
                Step(0, SBL),
                Step(20, CLEAR, copy_until=30),
                Step(30, CLEAR, positive=None, copy_until=60),
                Step(59, CLEAR),
            ],
            ["listed SBL since 0, clear never, first look"],
        ),
        # Other codes are no copy.
        (
            [Step(0, CLEAR), Step(15, SBL, negative=False, copy_until=40), Step(20, PBL)],
            ["listed PBL since 15, clear 0"],
        ),
        # Another nameserver has a cache of its own: its clear answers are counted from its first one …
        (
            [Step(0, SBL), Step(20, CLEAR), Step(25, CLEAR, nameserver="b")],
            ["listed SBL since 0, clear never, first look"],
        ),
        (
            [Step(0, SBL), Step(20, CLEAR), Step(25, CLEAR, nameserver="b"), Step(30, CLEAR, nameserver="b")],
            ["listed SBL since 0, clear never, first look", "delisted SBL since 20, clear never"],
        ),
        # … and go on from there when it is asked again: whichever has said enough first decides.
        (
            [Step(0, SBL), Step(20, CLEAR), Step(25, CLEAR, nameserver="b"), Step(30, CLEAR)],
            ["listed SBL since 0, clear never, first look", "delisted SBL since 20, clear never"],
        ),
        (
            [
                Step(0, SBL),
                Step(20, CLEAR),
                Step(25, CLEAR, nameserver="b"),
                Step(30, CLEAR, nameserver="c"),
                Step(35, CLEAR, nameserver="b"),
            ],
            ["listed SBL since 0, clear never, first look", "delisted SBL since 20, clear never"],
        ),
        # Whose answers they are makes no difference to a listing in between: all is counted anew.
        (
            [
                Step(0, SBL),
                Step(20, CLEAR),
                Step(25, CLEAR, nameserver="b"),
                Step(30, SBL, nameserver="c"),
                Step(35, CLEAR),
                Step(40, CLEAR, nameserver="b"),
            ],
            ["listed SBL since 0, clear never, first look"],
        ),
        # Its copies of the answer and of the positive point are known again, too.
        (
            [Step(0, SBL), Step(20, CLEAR, copy_until=60), Step(25, CLEAR, nameserver="b"), Step(59, CLEAR)],
            ["listed SBL since 0, clear never, first look"],
        ),
        (
            [
                Step(0, SBL),
                Step(20, CLEAR, copy_until=30),
                Step(35, CLEAR, positive=None, copy_until=60),
                Step(40, CLEAR, nameserver="b"),
                Step(59, CLEAR),
            ],
            ["listed SBL since 0, clear never, first look"],
        ),
        (
            [Step(0, SBL), Step(20, CLEAR, cached_until=80), Step(25, CLEAR, nameserver="b"), Step(79, CLEAR)],
            ["listed SBL since 0, clear never, first look"],
        ),
        (
            [
                Step(0, SBL),
                Step(20, CLEAR, cached_until=80),
                Step(25, CLEAR, nameserver="b"),
                Step(79, CLEAR),
                Step(80, CLEAR),
            ],
            ["listed SBL since 0, clear never, first look", "delisted SBL since 20, clear never"],
        ),
        # … and so are its copies of that answer and of the positive point.
        (
            [
                Step(0, SBL),
                Step(20, CLEAR),
                Step(25, CLEAR, nameserver="b", copy_until=60),
                Step(59, CLEAR, nameserver="b"),
            ],
            ["listed SBL since 0, clear never, first look"],
        ),
        (
            [
                Step(0, SBL),
                Step(20, CLEAR),
                Step(25, CLEAR, nameserver="b", cached_until=80),
                Step(79, CLEAR, nameserver="b"),
            ],
            ["listed SBL since 0, clear never, first look"],
        ),
        # The list was caught lying, and caches may repeat it until minute 60: a listing waits …
        ([Step(0, CLEAR), Step(15, SBL, distrust=60), Step(59, SBL, distrust=60)], []),
        # … and is told when the same is said afterwards, but not by proof alone.
        ([Step(0, CLEAR), Step(15, SBL, distrust=60), Step(60, SBL, distrust=60)], ["listed SBL since 15, clear 0"]),
        ([Step(0, CLEAR), Step(15, SBL, distrust=60), Step(60, UNKNOWN, distrust=60)], []),
        # It was a lie.
        ([Step(0, CLEAR), Step(15, SBL, distrust=60), Step(60, CLEAR, distrust=60)], []),
        # Caught once more meanwhile: the news waits for the later moment.
        ([Step(0, CLEAR), Step(15, SBL, distrust=60), Step(50, SBL, distrust=90), Step(60, SBL), Step(89, SBL)], []),
        (
            [Step(0, CLEAR), Step(15, SBL, distrust=60), Step(50, SBL, distrust=90), Step(90, SBL)],
            ["listed SBL since 15, clear 0"],
        ),
        # A clear answer that may be a lie does not count …
        (
            [Step(0, SBL), Step(20, CLEAR, distrust=60), Step(25, CLEAR, distrust=60), Step(60, CLEAR, distrust=60)],
            ["listed SBL since 0, clear never, first look"],
        ),
        (
            [Step(0, SBL), Step(20, CLEAR, distrust=60), Step(60, CLEAR, distrust=60), Step(65, CLEAR)],
            ["listed SBL since 0, clear never, first look", "delisted SBL since 60, clear never"],
        ),
        # … takes no listing back that waits, and is no "last seen clear", nor a first look.
        (
            [Step(0, CLEAR), Step(15, SBL, negative=False), Step(20, CLEAR, distrust=60), Step(60, SBL, distrust=60)],
            ["listed SBL since 15, clear 0"],
        ),
        ([Step(0, CLEAR), Step(15, CLEAR, distrust=60), Step(60, SBL)], ["listed SBL since 60, clear 0"]),
        ([Step(0, CLEAR, distrust=60), Step(60, SBL)], ["listed SBL since 60, clear never, first look"]),
        # It settles nothing either: a delisting is never told with an answer that says "listed".
        (
            [
                Step(0, SBL),
                Step(20, CLEAR, positive=None),
                Step(25, CLEAR, positive=None),
                Step(30, SBL, distrust=60),
                Step(35, PBL, distrust=60),
            ],
            ["listed SBL since 0, clear never, first look"],
        ),
        # Nor does a listed answer that may be a lie take a delisting back that waits, under whatever codes.
        (
            [Step(0, SBL), Step(20, CLEAR), Step(25, SBL, distrust=60), Step(60, CLEAR)],
            ["listed SBL since 0, clear never, first look", "delisted SBL since 20, clear never"],
        ),
        (
            [Step(0, SBL), Step(20, CLEAR), Step(25, PBL, distrust=60), Step(60, CLEAR)],
            ["listed SBL since 0, clear never, first look", "delisted SBL since 20, clear never"],
        ),
    ],
)
def test_each_history_has_its_transitions(history: list[Step], told: list[str]) -> None:
    assert changes(history) == told


@pytest.mark.parametrize(
    ("delist_after", "clears", "told"),
    [
        (1, 1, True),
        (3, 2, False),
        (3, 3, True),
        (3, 5, True),
    ],
)
def test_a_delisting_wants_so_many_clear_answers(delist_after: int, clears: int, told: bool) -> None:
    history = [Step(0, SBL), *(Step(5 + 5 * number, CLEAR) for number in range(clears))]
    assert ("delisted SBL since 5, clear never" in changes(history, delist_after)) == told


@pytest.mark.parametrize(
    ("nameservers", "told"),
    [
        # None of several nameservers has said it three times.
        ("abab", False),
        ("aabb", False),
        ("abcabc", False),
        # One of them has.
        ("abaab", True),
        ("aaba", True),
        ("ababb", True),
        ("abcbab", True),
    ],
)
def test_clear_answers_are_counted_for_each_nameserver(nameservers: str, told: bool) -> None:
    clears = [Step(5 * number, CLEAR, nameserver=name) for number, name in enumerate(nameservers, start=1)]
    assert ("delisted SBL since 5, clear never" in changes([Step(0, SBL), *clears], 3)) == told


@pytest.mark.parametrize(
    ("negative", "told"),
    [
        # A list without a positive point: its clear answers and the negative side are all that there is.
        (True, [Change.LISTED, Change.DELISTED]),
        (False, [Change.LISTED]),
    ],
)
def test_where_there_is_no_positive_point_the_negative_side_proves_a_delisting(
    negative: bool, told: list[Change]
) -> None:
    history = [Step(0, SBL), Step(5, CLEAR, negative=negative), Step(10, CLEAR, negative=negative, positive=None)]
    assert [transition.change for _, transition in live(history, has_positive=False)[1]] == told


IGNORED = Clear(SBL.codes, SBL.labels)


@pytest.mark.parametrize(
    ("history", "told"),
    [
        # The admin ignores the code, or accepts the listing: the listing ends as it is, at once, and is not delisted.
        ([Step(0, CLEAR), Step(15, SBL), Step(30, IGNORED)], ["reinterpreted SBL since 30, clear 0"]),
        # No proof is needed, since the answer is the same, and a cache's lies make no difference.
        (
            [Step(0, CLEAR), Step(15, SBL), Step(30, IGNORED, negative=False, positive=None)],
            ["reinterpreted SBL since 30, clear 0"],
        ),
        ([Step(0, CLEAR), Step(15, SBL), Step(30, IGNORED, distrust=60)], ["reinterpreted SBL since 30, clear 0"]),
        # More codes than before list nobody either.
        ([Step(0, CLEAR), Step(15, SBL), Step(30, Clear(BOTH.codes))], ["reinterpreted SBL since 30, clear 0"]),
        # Also when a delisting was waiting.
        ([Step(0, CLEAR), Step(15, SBL), Step(20, CLEAR), Step(30, IGNORED)], ["reinterpreted SBL since 30, clear 0"]),
        # One of several codes is left, and lists nobody any more either: the target is still on the list.
        ([Step(0, CLEAR), Step(15, BOTH), Step(30, IGNORED)], ["reinterpreted SBL+PBL since 30, clear 0"]),
        # Other codes that list nobody are a clear answer like any other.
        ([Step(0, CLEAR), Step(15, SBL), Step(30, Clear(PBL.codes))], []),
        (
            [Step(0, CLEAR), Step(15, SBL), Step(30, Clear(PBL.codes)), Step(35, CLEAR)],
            ["delisted SBL since 30, clear 0"],
        ),
        # Meant as a listing again: it is one anew, last seen clear when it was read otherwise.
        (
            [Step(0, SBL), Step(30, IGNORED), Step(60, SBL)],
            ["reinterpreted SBL since 30, clear never", "listed SBL since 60, clear 30"],
        ),
        (
            [Step(0, CLEAR), Step(15, SBL), Step(30, IGNORED), Step(45, IGNORED), Step(60, SBL)],
            ["reinterpreted SBL since 30, clear 0", "listed SBL since 60, clear 45"],
        ),
    ],
)
def test_a_code_that_means_no_listing_any_more_ends_it(history: list[Step], told: list[str]) -> None:
    listed, *others = changes(history)
    assert listed.startswith("listed")
    assert others == told


@pytest.mark.parametrize(
    ("pending", "clears", "minute", "repeated", "want"),
    [
        # Nothing is new.
        (None, 0, 10, True, None),
        # A listing and a change of codes.
        (Pending(Change.LISTED, SBL, at(10), at(10)), 0, 10, True, Wanted.NEGATIVE),
        (Pending(Change.CHANGED, PBL, at(10), at(10)), 0, 10, True, Wanted.NEGATIVE),
        # Not before its moment, nor without an answer that repeats it.
        (Pending(Change.LISTED, SBL, at(10), at(60)), 0, 59, True, None),
        (Pending(Change.LISTED, SBL, at(10), at(60)), 0, 60, True, Wanted.NEGATIVE),
        (Pending(Change.LISTED, SBL, at(10), at(10)), 0, 15, False, None),
        # A delisting, with and without its number of clear answers.
        (Pending(Change.DELISTED, None, at(10), at(10)), 1, 15, True, None),
        (Pending(Change.DELISTED, None, at(10), at(10)), 2, 15, True, Wanted.POSITIVE),
        (Pending(Change.DELISTED, None, at(10), at(60)), 2, 15, True, None),
    ],
)
def test_proof_is_wanted_only_where_it_would_settle_something(
    pending: Pending | None, clears: int, minute: int, repeated: bool, want: Wanted | None
) -> None:
    standing = Standing(looked=True, listed=SBL if clears else None, clears=clears, pending=pending)
    assert wanted(Observation(standing, repeated), 2, at(minute)) is want


def test_a_change_says_what_was_listed_before() -> None:
    _, told = live([Step(0, SBL), Step(15, BOTH)])
    assert [(transition.listed, transition.before) for _, transition in told] == [(SBL, None), (BOTH, SBL)]


def test_a_new_severity_or_label_of_the_same_codes_is_taken_over() -> None:
    renamed = replace(SBL, severity=Severity.MINOR, labels=("sbl",))
    assert live([Step(0, SBL), Step(15, renamed)])[0].listed == renamed


@pytest.mark.parametrize(
    ("history", "held"),
    [
        ([], Standing()),
        ([Step(0, UNKNOWN)], Standing()),
        ([Step(0, CLEAR), Step(15, CLEAR)], Standing(looked=True, clear_at=at(15))),
        ([Step(0, CLEAR), Step(15, SBL)], Standing(looked=True, listed=SBL, clear_at=at(0), clears=0)),
        # News of other codes, or the same codes again, end a row of clear answers.
        (
            [Step(0, SBL), Step(15, CLEAR), Step(30, PBL, negative=False), Step(35, PBL, negative=False)],
            Standing(
                looked=True,
                listed=SBL,
                clears=0,
                pending=Pending(Change.CHANGED, PBL, at(30), at(35), None, "a"),
            ),
        ),
        ([Step(0, SBL), Step(15, CLEAR), Step(30, SBL)], Standing(looked=True, listed=SBL, clears=0)),
        (
            [Step(0, SBL), Step(15, CLEAR)],
            Standing(
                looked=True, listed=SBL, clears=1, pending=Pending(Change.DELISTED, None, at(15), at(15), None, "a")
            ),
        ),
        # Over, in either way: looked at, and clear since it was told.
        ([Step(0, SBL), Step(15, CLEAR), Step(30, CLEAR)], Standing(looked=True, clear_at=at(30))),
        ([Step(0, SBL), Step(15, Clear(SBL.codes))], Standing(looked=True, clear_at=at(15))),
    ],
)
def test_each_history_leads_to_a_standing(history: list[Step], held: Standing) -> None:
    assert live(history)[0] == held


def test_a_positive_point_is_taken_for_granted_unless_it_is_said_that_there_is_none() -> None:
    waiting = live([Step(0, SBL), Step(15, CLEAR)])[0]
    observation = observe(waiting, CLEAR, Step(20, CLEAR).circumstances)
    assert settle(observation, Proof(negative=True), 2, at(20))[1] is None


def test_what_waits_can_be_seen() -> None:
    standing, _ = live([Step(0, CLEAR), Step(15, SBL, negative=False)])
    assert standing.pending == Pending(Change.LISTED, SBL, at(15), at(15), None, "a")
    standing, _ = live([Step(0, SBL), Step(15, CLEAR, cached_until=40, copy_until=20)])
    assert standing.pending == Pending(Change.DELISTED, None, at(15), at(40), at(20), "a")


def test_what_was_dated_by_a_clock_that_was_ahead_waits_for_no_moment_of_that_clock() -> None:
    """It was set right by an hour, which is how long the proof and the copies seem to last now."""
    standing, _ = live([Step(0, SBL), Step(75, CLEAR, cached_until=80, copy_until=80)])
    again = observe(standing, CLEAR, Step(16, CLEAR, cached_until=21, copy_until=21).circumstances).standing
    assert again.pending == Pending(Change.DELISTED, None, at(16), at(21), at(21), "a")
    assert again.clears == 1
    assert observe(standing, UNKNOWN, Step(16, UNKNOWN).circumstances).standing == standing


def test_nothing_is_said_to_have_been_clear_later_than_it_was_listed() -> None:
    standing, _ = live([Step(75, CLEAR)])
    observation = observe(standing, SBL, Step(16, SBL).circumstances)
    _, told = settle(observation, Step(16, SBL).proof, 2, at(16))
    assert told is not None
    assert (told.seen_at, told.clear_at) == (at(16), at(16))


verdicts: st.SearchStrategy[Verdict] = st.sampled_from(
    [SBL, PBL, BOTH, CLEAR, CLEAR, CLEAR, Clear(SBL.codes), Clear(PBL.codes), UNKNOWN, UNKNOWN]
)


@st.composite
def histories(draw: st.DrawFn, verdict: st.SearchStrategy[Verdict] = verdicts) -> list[Step]:
    """Answers in order of time, each with any proof and any circumstances."""
    minute = 0
    history = []
    for _ in range(draw(st.integers(0, 14))):
        minute += draw(st.sampled_from([1, 5, 15]))
        cached = draw(st.sampled_from([None, None, 0, 3, 20]))
        distrust = draw(st.sampled_from([None, None, None, -5, 0, 1, 10]))
        copied = draw(st.sampled_from([None, None, 1, 5, 20]))
        step = Step(
            minute,
            draw(verdict),
            negative=draw(st.sampled_from([True, True, False])),
            positive=draw(st.sampled_from([-1, -1, minute - 2, None])),
            cached_until=None if cached is None else minute + cached,
            distrust=None if distrust is None else minute + distrust,
            copy_until=None if copied is None else minute + copied,
            nameserver=draw(st.sampled_from("aaab")),
        )
        history.append(step)
    return history


delist_afters = st.integers(1, 3)


@given(histories(), delist_afters, st.booleans())
def test_an_unknown_verdict_changes_nothing(history: list[Step], delist_after: int, has_positive: bool) -> None:
    """Law 1."""
    held, _ = live(history, delist_after)
    last = history[-1].minute if history else 0
    for reason in Reason:
        unknown = Step(last + 5, Unknown(reason))
        assert live([unknown], delist_after, held, has_positive=has_positive) == (held, [])


@given(histories(), delist_afters, st.booleans())
def test_listed_and_its_end_alternate_and_changes_lie_between(
    history: list[Step], delist_after: int, has_positive: bool
) -> None:
    """Law 2."""
    standing, told = live(history, delist_after, has_positive=has_positive)
    listed: Listed | None = None
    for _, transition in told:
        match transition.change:
            case Change.LISTED:
                assert listed is None
                assert transition.before is None
                listed = transition.listed
            case Change.CHANGED:
                assert listed is not None
                assert transition.before == listed
                assert transition.listed.codes != listed.codes
                listed = transition.listed
            case Change.DELISTED | Change.REINTERPRETED:
                assert transition.listed == listed
                listed = None
    assert standing.listed == listed


@given(histories(), delist_afters, st.booleans())
def test_dropping_the_unknowns_leaves_the_same_transitions(
    history: list[Step], delist_after: int, has_positive: bool
) -> None:
    """Law 4."""
    conclusive = [step for step in history if not isinstance(step.verdict, Unknown)]
    assert live(history, delist_after, has_positive=has_positive) == live(
        conclusive, delist_after, has_positive=has_positive
    )


@given(histories(), delist_afters)
def test_a_listing_or_change_is_told_with_an_answer_that_says_so_and_a_fresh_negative_probe(
    history: list[Step], delist_after: int
) -> None:
    for step, transition in live(history, delist_after)[1]:
        if transition.change in (Change.LISTED, Change.CHANGED):
            assert step.verdict == transition.listed
            assert step.negative
            assert step.trusted


@given(histories(), delist_afters)
def test_a_delisting_is_told_after_enough_clear_answers_and_a_positive_probe_that_no_cache_answered(
    history: list[Step], delist_after: int
) -> None:
    for step, _ in _delistings(history, delist_after):
        clears = _clears_until(step, history)
        assert {clear.nameserver for clear in clears} == {step.nameserver}
        counted = clears[:1]
        for clear in clears[1:]:
            if clear.minute >= (counted[-1].copy_until or 0):
                counted.append(clear)
        assert counted[-1] is step
        assert len(counted) >= delist_after
        ready = max(clears[0].cached_until or 0, clears[0].minute)
        assert step.positive is not None
        assert (step.minute if step.positive == -1 else step.positive) >= ready


def _delistings(history: Sequence[Step], delist_after: int) -> list[tuple[Step, Transition]]:
    _, told = live(history, delist_after)
    return [(step, transition) for step, transition in told if transition.change is Change.DELISTED]


def _clears_until(end: Step, history: Sequence[Step]) -> list[Step]:
    """The clear answers in a row of the nameserver that gave the last one, which led to a delisting.

    Unknowns, and what may be a lie, neither count nor begin anew; nor do the clear answers of others.
    """
    clears: list[Step] = []
    for step in history[: history.index(end) + 1]:
        if not step.trusted or isinstance(step.verdict, Unknown):
            continue
        if isinstance(step.verdict, Listed):
            clears = []
        if isinstance(step.verdict, Clear) and step.nameserver == end.nameserver:
            clears.append(step)
    return clears


@given(st.lists(st.sampled_from("abc"), min_size=8), delist_afters, st.integers(0, 20), st.integers(0, 20))
def test_nameservers_that_take_turns_cannot_put_off_a_delisting(
    nameservers: list[str], delist_after: int, cached: int, copied: int
) -> None:
    """By the pigeonhole principle one of them has soon said enough, however the turns are taken."""
    minutes = range(30, 30 + 21 * len(nameservers), 21)
    history = [
        Step(minute, CLEAR, cached_until=minute + cached, copy_until=minute + copied, nameserver=nameserver)
        for minute, nameserver in zip(minutes, nameservers, strict=True)
    ]
    told = live([Step(0, SBL), *history], delist_after)[1]
    assert [transition.change for _, transition in told] == [Change.LISTED, Change.DELISTED]
    # Each says "clear" once before the proof against its own cache can be had.
    needed = max(delist_after, 2) if cached else delist_after
    several = len(set(nameservers))
    assert history.index(told[-1][0]) <= several * (needed - 1)


@given(histories(st.sampled_from([CLEAR, CLEAR, CLEAR, SBL, UNKNOWN])), delist_afters)
def test_a_delisting_rests_on_one_nameserver_alone(history: list[Step], delist_after: int) -> None:
    """Law 3: without the clear answers of the others it would have been told all the same."""
    history = [Step(0, SBL), *history]
    for step, transition in _delistings(history, delist_after)[:1]:
        alone = [
            one
            for one in history[: history.index(step) + 1]
            if one.nameserver == step.nameserver or not isinstance(one.verdict, Clear)
        ]
        again = _delistings(alone, delist_after)
        assert [told for told, _ in again] == [step]
        assert again[0][1].listed == transition.listed


@given(histories(st.sampled_from([CLEAR, CLEAR, CLEAR, SBL, UNKNOWN])))
def test_each_nameserver_is_remembered_once_and_only_while_a_delisting_waits(history: list[Step]) -> None:
    for length in range(len(history) + 1):
        pending = live([Step(0, SBL), *history[:length]], 9)[0].pending
        if pending is not None:
            names = [pending.nameserver, *(witness.nameserver for witness in pending.others)]
            clear = {step.nameserver for step in history[:length] if isinstance(step.verdict, Clear)}
            assert len(names) == len(set(names))
            assert set(names) <= clear


def reading(*codes: Listed) -> Callable[[Listed], Verdict]:
    """Read answers where only these codes list anybody."""
    known = {code: listed for listed in codes for code in listed.codes}

    def read(before: Listed) -> Verdict:
        left = [known[code] for code in before.codes if code in known]
        if not left:
            return Clear(before.codes)
        labels = tuple(label for listed in left for label in listed.labels)
        return Listed(tuple(code for code in before.codes if code in known), left[0].severity, labels)

    return read


@pytest.mark.parametrize(
    ("held", "read", "after"),
    [
        # Nothing is held that could be read otherwise.
        (Standing(), reading(PBL), Standing()),
        (Standing(looked=True, clear_at=at(0)), reading(PBL), Standing(looked=True, clear_at=at(0))),
        # One of several codes is left.
        (Standing(looked=True, listed=BOTH), reading(PBL), Standing(looked=True, listed=PBL)),
        # None is: the list's next answer decides in which way it ends.
        (Standing(looked=True, listed=SBL), reading(PBL), Standing(looked=True, listed=SBL)),
        # News that waits is read alike.
        (
            Standing(looked=True, listed=BOTH, pending=Pending(Change.CHANGED, SBL, at(1), at(2))),
            reading(SBL),
            Standing(looked=True, listed=SBL, pending=Pending(Change.CHANGED, SBL, at(1), at(2))),
        ),
        (
            Standing(pending=Pending(Change.LISTED, BOTH, at(1), at(2), at(3), "a")),
            reading(PBL),
            Standing(pending=Pending(Change.LISTED, PBL, at(1), at(2), at(3), "a")),
        ),
        (
            Standing(looked=True, listed=BOTH, clears=1, pending=Pending(Change.DELISTED, None, at(1), at(2))),
            reading(SBL),
            Standing(looked=True, listed=SBL, clears=1, pending=Pending(Change.DELISTED, None, at(1), at(2))),
        ),
    ],
)
def test_a_standing_is_read_again(held: Standing, read: Callable[[Listed], Verdict], after: Standing) -> None:
    assert reread(held, read) == after


@given(histories(), st.sampled_from([SBL, PBL, BOTH]))
def test_what_is_only_read_otherwise_is_no_change(history: list[Step], left: Listed) -> None:
    """The list's answer is as it was; whatever it says next, a change of its codes is none of the reading's."""
    held = live(history)[0]
    minute = history[-1].minute + 15 if history else 0
    if held.listed is not None:
        read = reading(left)
        told = live([Step(minute, read(held.listed))], standing=reread(held, read))[1]
        assert [transition.change for _, transition in told] in ([], [Change.REINTERPRETED])


@given(histories(), delist_afters)
def test_a_cached_copy_of_an_unproven_listing_settles_nothing(history: list[Step], delist_after: int) -> None:
    standing = Standing()
    for step in history:
        waiting = standing.pending
        observation = observe(standing, step.verdict, step.circumstances)
        proof = replace(step.proof, negative=True)
        standing, _ = settle(observation, step.proof, delist_after, at(step.minute))
        if isinstance(step.verdict, Listed) and waiting is not None and waiting.listed == step.verdict:
            copy = waiting.repeat_at is not None and at(step.minute) < waiting.repeat_at
            assert not copy or settle(observation, proof, delist_after, at(step.minute))[1] is None


@given(histories(), delist_afters)
def test_times_are_honest(history: list[Step], delist_after: int) -> None:
    """Nothing is "since" a moment at which the opposite was said, nor "last seen clear" at one when it was not."""
    for step, transition in live(history, delist_after)[1]:
        said = {at(one.minute): one for one in history[: history.index(step) + 1]}
        first = said[transition.seen_at]
        assert isinstance(
            first.verdict, Clear if transition.change in (Change.DELISTED, Change.REINTERPRETED) else Listed
        )
        assert first.minute <= step.minute
        if transition.clear_at is not None:
            assert transition.clear_at <= transition.seen_at
            assert isinstance(said[transition.clear_at].verdict, Clear)
        if transition.change is Change.LISTED:
            between = [one for moment, one in said.items() if moment >= transition.seen_at and one.trusted]
            assert not any(isinstance(one.verdict, Clear) for one in between)


@given(histories(), delist_afters)
def test_a_first_look_is_the_first_conclusive_thing_known_of_a_pair(history: list[Step], delist_after: int) -> None:
    _, told = live(history, delist_after)
    for number, (step, transition) in enumerate(told):
        before = history[: history.index(step)]
        looked = any(isinstance(one.verdict, Clear) and one.trusted for one in before)
        assert transition.first_look == (number == 0 and not looked)


@given(histories(verdicts.filter(lambda verdict: not (isinstance(verdict, Clear) and verdict.codes))))
def test_a_listing_under_the_same_meanings_is_never_reinterpreted(history: list[Step]) -> None:
    assert Change.REINTERPRETED not in {transition.change for _, transition in live(history)[1]}


@given(st.lists(st.sampled_from([SBL, PBL, CLEAR, UNKNOWN])))
def test_with_every_proof_at_hand_each_change_of_the_answers_is_told_at_once(answers: list[Verdict]) -> None:
    """Suspicion never suppresses: nothing but a missing proof delays news."""
    expected = []
    held: Verdict = CLEAR
    for answer in answers:
        if isinstance(answer, Unknown) or answer == held:
            continue
        change = Change.LISTED if held == CLEAR else Change.DELISTED if answer == CLEAR else Change.CHANGED
        expected.append(change)
        held = answer
    history = [Step(15 * number, answer) for number, answer in enumerate(answers)]
    assert [transition.change for _, transition in live(history, delist_after=1)[1]] == expected


@given(histories(), delist_afters)
def test_nothing_is_told_without_proof(history: list[Step], delist_after: int) -> None:
    standing = Standing()
    for step in history:
        standing, transition = settle(
            observe(standing, step.verdict, step.circumstances), NO_PROOF, delist_after, at(step.minute)
        )
        assert transition is None or transition.change is Change.REINTERPRETED


@given(histories(), delist_afters)
def test_what_is_wanted_is_all_that_is_needed(history: list[Step], delist_after: int) -> None:
    """Where no proof is wanted, none changes anything; where one is wanted, it settles the news."""
    standing = Standing()
    for step in history:
        observation = observe(standing, step.verdict, step.circumstances)
        full = Proof(negative=True, positive_at=at(step.minute))
        want = wanted(observation, delist_after, at(step.minute))
        transition = settle(observation, full, delist_after, at(step.minute))[1]
        assert (transition is not None) == (want is not None or observation.reinterpreted)
        standing, _ = settle(observation, step.proof, delist_after, at(step.minute))
