"""What a recipient reads, word by word: one message for every kind of line."""

from dataclasses import replace

import pytest

from rblwatch.core.alert import Group, Line
from rblwatch.core.blocklist import Blocklist, Scope, Severity, bare
from rblwatch.core.listing import Ending
from rblwatch.core.message import Message, Tally
from rblwatch.core.question import Reason
from rblwatch.core.soundness import Flaw, State
from rblwatch.core.target import Family, Target
from rblwatch.notify import Tone, render
from tests.integration.notify.samples import (
    CHAT,
    INCIDENT,
    KEYED,
    LISTING,
    MAIL,
    PROGRAM,
    PSBL,
    ZEN,
    ZEN_KEY,
    about,
    at,
    exactly,
    many,
    message,
    moved,
    notice,
    off_allow_list,
    over,
    trouble,
)

LISTED = """\
mx1 (192.0.2.1) is listed on Spamhaus ZEN (zen.spamhaus.org).
Severity: critical. Many large receivers reject mail from whatever is listed here.
127.0.0.2 means SBL: verified spam source, operation or support.
Likely cause: spam was seen from this address: a hacked account or web form, or mail that nobody asked for.
What to do first: look in the mail log for a sender or account with unusual volume, stop it and change its password.
First seen listed 10:15 UTC, last seen clear 10:00 UTC.
Listed on 1 of 20; 18 clear, 1 unknown.
Look it up: https://check.spamhaus.org/results/?query=192.0.2.1
How to get off: https://check.spamhaus.org/
The list's own words: "https://www.spamhaus.org/sbl/query/SBL123"
Evidence: asked through 127.0.0.1:53; self-test passed: 127.0.0.2 listed, 127.0.0.1 clear, 198.51.100.77 clear.

rblwatch alert 12, delivery 12-9"""

CHANGED = """\
mx1 (192.0.2.1) is listed with other codes than before on Spamhaus ZEN (zen.spamhaus.org).
Codes: 127.0.0.3 (CSS) → 127.0.0.2 (SBL).
Severity: critical. Many large receivers reject mail from whatever is listed here.
127.0.0.2 means SBL: verified spam source, operation or support.
Likely cause: spam was seen from this address: a hacked account or web form, or mail that nobody asked for.
What to do first: look in the mail log for a sender or account with unusual volume, stop it and change its password.
First seen listed 10:15 UTC, last seen clear 10:00 UTC.
Listed on 1 of 20; 18 clear, 1 unknown.
Look it up: https://check.spamhaus.org/results/?query=192.0.2.1
How to get off: https://check.spamhaus.org/
The list's own words: "https://www.spamhaus.org/sbl/query/SBL123"
Evidence: asked through 127.0.0.1:53; self-test passed: 127.0.0.2 listed, 127.0.0.1 clear, 198.51.100.77 clear.

rblwatch alert 12, delivery 12-9"""

DELISTED = """\
mx1 (192.0.2.1) is no longer listed on Spamhaus ZEN (zen.spamhaus.org).
First seen listed 08:15 UTC, last seen listed 09:45 UTC, seen clear since 10:00 UTC.
Still listed on 1 of 20; 18 clear, 1 unknown. Still on: psbl.

rblwatch alert 12, delivery 12-9"""

WAS_LISTED = """\
mx1 (192.0.2.1) was listed on Spamhaus ZEN (zen.spamhaus.org).
First seen listed 08:15 UTC, last seen listed 09:45 UTC, seen clear since 10:00 UTC.
It was over before you could be told.
Severity: critical. Many large receivers reject mail from whatever is listed here.
127.0.0.2 means SBL: verified spam source, operation or support.
Likely cause: spam was seen from this address: a hacked account or web form, or mail that nobody asked for.
What to do first: look in the mail log for a sender or account with unusual volume, stop it and change its password.
Listed on 0 of 20; 20 clear.
The list's own words: "https://www.spamhaus.org/sbl/query/SBL123"

rblwatch alert 12, delivery 12-9"""

ENDED = """\
2 listings are no longer followed: the server mx1 is no longer configured.
mx1 (192.0.2.1) on Spamhaus ZEN, mx1 (192.0.2.2) on Spamhaus ZEN
This is not a delisting: the list may still have it, but nobody asks any more.

rblwatch alert 12, delivery 12-9"""

REINTERPRETED = """\
mx1 (192.0.2.1) on Spamhaus ZEN is no longer followed: \
what the list says of it no longer counts as a listing here.
This is not a delisting: the same answer of the list is read otherwise here now.

rblwatch alert 12, delivery 12-9"""

RETIRED = """\
mx1 (192.0.2.1) on Spamhaus ZEN is no longer followed: \
zen failed its IPv4 self-test 30 days ago and has not passed it since.
This is not a delisting: nobody can say whether the list still has it.

rblwatch alert 12, delivery 12-9"""

UNROUTED = """\
mx1 (192.0.2.1) on Spamhaus ZEN: still listed, but you will hear no more of it here: \
no route leads news of mx1 to this channel any more: a tag or a route was taken out of the configuration.

rblwatch alert 12, delivery 12-9"""

BLIND = """\
Spamhaus ZEN (zen.spamhaus.org) cannot be believed.
Since 09:50 UTC.
What the probe showed: lists 127.0.0.1, which it must not: it lists everything.
Effect: nothing new is told on its word meanwhile; what it listed before is kept.
What to do: nothing about your servers: whoever still uses this list rejects mail from everybody; \
lists that shut down often end like this, so if it stays so, take it out of the configuration.

rblwatch alert 12, delivery 12-9"""

REFUSING = """\
2 lists refuse to answer us (refusal-code).
Spamhaus ZEN (zen.spamhaus.org), PSBL (psbl.surriel.com)
Since between 09:50 UTC and 10:05 UTC.
What the probe showed at Spamhaus ZEN (zen.spamhaus.org): answered 127.255.255.254 for its test point 127.0.0.2.
Effect: nothing new is told on their word meanwhile; what they listed before is kept.
What to do: ask through a resolver of your own, one that does not forward, filter or rewrite ([resolver] nameservers); \
if you do, you may be over its limits, or its operator wants you to register.

rblwatch alert 12, delivery 12-9"""

SIGHTED = """\
Spamhaus ZEN (zen.spamhaus.org) can be believed again.
Set aside from 09:50 UTC to 10:10 UTC; nothing was concluded from its answers meanwhile.

rblwatch alert 12, delivery 12-9"""

SIX_BLIND = """\
Corp (bl.corp.example, IPv6 only) cannot be believed.
Since 09:50 UTC.
What the probe showed: does not list its test point ::ffff:7f00:2, so its 'not listed' means nothing.
Effect: nothing new is told on its word meanwhile; what it listed before is kept.
What to do: if it has no IPv6 entries, set `ipv6 = false` in its [[blocklists.custom]].

rblwatch alert 12, delivery 12-9"""

WAS_BLIND = """\
Spamhaus ZEN (zen.spamhaus.org) could not be believed for a while, and can be again.
Set aside from 09:50 UTC to 10:10 UTC; nothing was concluded from its answers meanwhile.

rblwatch alert 12, delivery 12-9"""

UNASKED = """\
Spamhaus ZEN (zen.spamhaus.org): nothing is asked of it any more.
Set aside from 09:50 UTC to 10:10 UTC; nothing was concluded from its answers meanwhile.

rblwatch alert 12, delivery 12-9"""

NOTICE = """\
The configuration was not reloaded; the one from before stays in force:
rblwatch.toml:7: servers[0].addresses[0]: '10.0.0.300' is not an address

rblwatch alert 12, delivery 12-9"""

FIRST_LOOK = """\
Already listed when we first looked; since when is not known.

mx1 (192.0.2.1) is listed on PSBL (psbl.surriel.com).
Severity: minor. A few receivers reject mail for this; others count it a little towards spam.
127.0.0.2: the list does not explain this code.
First seen listed 10:15 UTC, never seen clear before.
Listed on 2 of 20; 17 clear, 1 unknown. Also on: spamhaus-zen.
Evidence: asked through 127.0.0.1:53; self-test passed: 127.0.0.2 listed, 127.0.0.1 clear, 198.51.100.77 clear.

rblwatch alert 12, delivery 12-9"""

STANDING = f"""\
What stands now. You were not told before: this channel or its route is new, or it was muted.

{LISTED}"""

REFUSED = replace(
    INCIDENT,
    state=State.REFUSING,
    reason=Reason.REFUSAL_CODE,
    flaw=None,
    detail="answered 127.255.255.254 for its test point 127.0.0.2",
)
REFUSED_BY_PSBL = replace(REFUSED, id=4, blocklist="psbl", zone="psbl.surriel.com", since_at=at(10, 5))
ON_PSBL = replace(LISTING, blocklist="psbl", zone="psbl.surriel.com", severity=Severity.MINOR, text=None, clear_at=None)
UNSOUND_LONG = "zen failed its IPv4 self-test 30 days ago and has not passed it since"
CORP = replace(bare("bl.corp.example"), id="corp", name="Corp")
IPV6_SILENT = replace(
    INCIDENT,
    id=5,
    blocklist="corp",
    zone="bl.corp.example",
    flaw=Flaw.SILENT,
    detail="does not list its test point ::ffff:7f00:2, so its 'not listed' means nothing",
    families=frozenset({Family.IPV6}),
    partial=True,
)
IPV4_REFUSED = replace(REFUSED, id=6, blocklist="corp", families=frozenset({Family.IPV4}), partial=True)
REMOVED = "the server mx1 is no longer configured"
GONE = "nothing is asked of it any more"
NO_ROUTE = "no route leads news of mx1 to this channel any more: a tag or a route was taken out of the configuration"
BAD_FILE = (
    "The configuration was not reloaded; the one from before stays in force:\n"
    "rblwatch.toml:7: servers[0].addresses[0]: '10.0.0.300' is not an address"
)


ALLOW_LOST = """\
mx1 (192.0.2.1) is no longer on the allow list Good senders (wl.example) (was: MED).
This is no listing: receivers that trusted it for this entry judge its mail as anybody's now.
Look it up: https://wl.example/192.0.2.1

rblwatch alert 12, delivery 12-9"""

MANY_ALLOW_LOST = """\
2 targets are no longer on the allow list Good senders (wl.example) (was: MED):
mx1 (192.0.2.1), mx1 (192.0.2.2)
This is no listing: receivers that trusted it for this entry judge its mail as anybody's now.
Look it up, for example: https://wl.example/192.0.2.1

rblwatch alert 12, delivery 12-9"""

MOVED = """\
mx1.example.org: other addresses, 192.0.2.7 instead of 192.0.2.1.
What went is watched for a day more.

rblwatch alert 12, delivery 12-9"""
ELSEWHERE = "mx1.example.org: other addresses, 192.0.2.7 instead of 192.0.2.1.\nWhat went is watched for a day more."


@pytest.mark.parametrize(
    ("sent", "title", "body", "tone"),
    [
        (message(about(Line.LISTED, LISTING)), "mx1 listed on Spamhaus ZEN (critical)", LISTED, Tone.FAILURE),
        (
            message(about(Line.CHANGED, LISTING)),
            "mx1 listed with other codes on Spamhaus ZEN (critical)",
            CHANGED,
            Tone.FAILURE,
        ),
        (
            message(about(Line.DELISTED, over(), tally=Tally(1, 18, 1, ("psbl",)))),
            "mx1 delisted from Spamhaus ZEN",
            DELISTED,
            Tone.SUCCESS,
        ),
        # It came and went while the chat was down.
        (
            message(about(Line.WAS_LISTED, over(), tally=Tally(0, 20, 0))),
            "mx1 was listed on Spamhaus ZEN (critical)",
            WAS_LISTED,
            Tone.INFO,
        ),
        # Two listings, one cause.
        (
            message(
                *(about(Line.ENDED, over(Ending.UNWATCHED, one), text=REMOVED) for one in many(2)), group=Group.ENDED
            ),
            "mx1: 2 addresses no longer followed on Spamhaus ZEN",
            ENDED,
            Tone.INFO,
        ),
        # An end whose news names no cause has one all the same.
        (
            message(about(Line.ENDED, over(Ending.REINTERPRETED)), group=Group.ENDED),
            "mx1 no longer followed on Spamhaus ZEN",
            REINTERPRETED,
            Tone.INFO,
        ),
        # A list that lied for long is asked on.
        (
            message(about(Line.ENDED, over(Ending.LIST_RETIRED), text=UNSOUND_LONG), group=Group.ENDED),
            "mx1 no longer followed on Spamhaus ZEN",
            RETIRED,
            Tone.INFO,
        ),
        (
            message(about(Line.UNROUTED, LISTING, text=NO_ROUTE), group=Group.ENDED),
            "mx1 still listed, but no longer told here: Spamhaus ZEN",
            UNROUTED,
            Tone.INFO,
        ),
        (
            message(trouble(Line.BLIND), group=Group.INCIDENT),
            "Spamhaus ZEN cannot be believed",
            BLIND,
            Tone.WARNING,
        ),
        # Two lists in the same trouble are one part of the message.
        (
            message(
                trouble(Line.BLIND, REFUSED),
                trouble(Line.BLIND, REFUSED_BY_PSBL, PSBL),
                group=Group.INCIDENT,
            ),
            "2 lists refuse to answer us",
            REFUSING,
            Tone.WARNING,
        ),
        (
            message(trouble(Line.SIGHTED, replace(INCIDENT, ended_at=at(10, 10))), group=Group.INCIDENT),
            "Spamhaus ZEN can be believed again",
            SIGHTED,
            Tone.SUCCESS,
        ),
        # It was over before it could be told.
        (
            message(trouble(Line.WAS_BLIND, replace(INCIDENT, ended_at=at(10, 10))), group=Group.INCIDENT),
            "Spamhaus ZEN could not be believed for a while",
            WAS_BLIND,
            Tone.SUCCESS,
        ),
        # Nothing got better: the list was taken out of the configuration.
        (
            message(trouble(Line.SIGHTED, replace(INCIDENT, ended_at=at(10, 10)), text=GONE), group=Group.INCIDENT),
            "Spamhaus ZEN: not asked any more",
            UNASKED,
            Tone.INFO,
        ),
        # A zone without IPv6 data; its other answers are believed.
        (
            message(trouble(Line.BLIND, IPV6_SILENT, CORP), group=Group.INCIDENT),
            "Corp (IPv6 only) cannot be believed",
            SIX_BLIND,
            Tone.WARNING,
        ),
        (
            message(notice(BAD_FILE), group=Group.NOTICE),
            "The configuration was not reloaded; the one from before stays in force",
            NOTICE,
            Tone.INFO,
        ),
        (
            message(off_allow_list("192.0.2.1")),
            "mx1 no longer on Good senders",
            ALLOW_LOST,
            Tone.WARNING,
        ),
        (
            message(off_allow_list("192.0.2.1"), off_allow_list("192.0.2.2")),
            "mx1: 2 targets no longer on Good senders",
            MANY_ALLOW_LOST,
            Tone.WARNING,
        ),
        (
            message(moved(ELSEWHERE)),
            "mx1: mx1.example.org: other addresses, 192.0.2.7 instead of 192.0.2.1",
            MOVED,
            Tone.INFO,
        ),
        # A list of which only the zone is known, seen for the first time.
        (
            message(
                about(Line.LISTED, ON_PSBL, PSBL, tally=Tally(2, 17, 1, ("spamhaus-zen",))), group=Group.FIRST_LOOK
            ),
            "mx1 already listed on PSBL (minor)",
            FIRST_LOOK,
            Tone.WARNING,
        ),
        (
            message(about(Line.LISTED, LISTING), group=Group.STANDING),
            "mx1 still listed on Spamhaus ZEN (critical)",
            STANDING,
            Tone.FAILURE,
        ),
    ],
)
def test_a_message_says_all_that_is_needed_to_act(sent: Message, title: str, body: str, tone: Tone) -> None:
    rendered = render(sent, MAIL)
    assert rendered.title == f"[rblwatch] {title}"
    assert rendered.body == body
    assert rendered.tone is tone


@pytest.mark.parametrize("sink", [MAIL, PROGRAM, CHAT])
def test_every_medium_reads_the_same_words(sink: object) -> None:
    sent = message(about(Line.LISTED, LISTING))
    assert render(sent, sink) == render(sent, MAIL)  # type: ignore[arg-type]


def test_times_of_another_day_have_their_date() -> None:
    old = replace(LISTING, listed_at=at(23, 58, day=2), clear_at=at(23, 43, day=2))
    sent = replace(message(about(Line.LISTED, old)), at=at(0, 1, day=3))
    assert "First seen listed 2026-03-02 23:58 UTC, last seen clear 2026-03-02 23:43 UTC." in render(sent, MAIL).body


def test_times_of_several_listings_are_a_span() -> None:
    early, late = many(2)
    entries = [about(Line.LISTED, early), about(Line.LISTED, replace(late, listed_at=at(10, 17)))]
    body = render(message(*entries), MAIL).body
    assert "First seen listed between 10:15 UTC and 10:17 UTC, last seen clear 10:00 UTC." in body


def test_a_key_in_a_zone_is_never_shown() -> None:
    sent = message(about(Line.LISTED, LISTING, KEYED), trouble(Line.BLIND, blocklist=KEYED))
    body = render(sent, MAIL).body
    assert ZEN_KEY not in body
    assert "zen.dq.spamhaus.net" in body


def test_a_keyed_list_without_a_public_zone_shows_none() -> None:
    sent = message(about(Line.LISTED, LISTING, replace(KEYED, public_zone="")))
    assert ZEN_KEY not in render(sent, MAIL).body


def test_a_list_that_is_no_longer_configured_is_named_by_its_id_and_zone() -> None:
    body = render(message(about(Line.DELISTED, over(), None, tally=None)), MAIL).body
    assert body.startswith("mx1 (192.0.2.1) is no longer listed on spamhaus-zen (zen.spamhaus.org).")


def test_a_bare_zone_is_named_once() -> None:
    listing = replace(LISTING, blocklist="bl.corp.example", zone="bl.corp.example")
    body = render(message(about(Line.LISTED, listing, bare("bl.corp.example"))), MAIL).body
    assert body.startswith("mx1 (192.0.2.1) is listed on bl.corp.example.\n")


def test_a_listing_that_was_over_for_another_reason_is_not_called_clear() -> None:
    body = render(message(about(Line.WAS_LISTED, over(Ending.LIST_RETIRED))), MAIL).body
    assert "clear since" not in body
    assert "not followed since 10:00 UTC (the list was retired, or could not be believed for 30 days)." in body


@pytest.mark.parametrize(
    ("entries", "title"),
    [
        ([about(Line.LISTED, one) for one in many(3)], "mx1: 3 addresses listed on Spamhaus ZEN (critical)"),
        (
            [about(Line.LISTED, one) for one in many(240, server=None)],
            "240 addresses listed on Spamhaus ZEN (critical)",
        ),
        # One address on several lists: the worst counts.
        ([about(Line.LISTED, LISTING), about(Line.LISTED, ON_PSBL, PSBL)], "mx1 listed on 2 lists (critical)"),
        # Names are no addresses.
        (
            [
                about(Line.LISTED, replace(LISTING, target=Target(name, Family.NAME), severity=Severity.MAJOR))
                for name in ("example.org", "example.net")
            ],
            "mx1: 2 names listed on Spamhaus ZEN (major)",
        ),
        # Several things at once; the end of a listing has no severity any more.
        (
            [about(Line.DELISTED, over()), about(Line.LISTED, ON_PSBL, PSBL)],
            "mx1: 1 listed, 1 delisted (minor)",
        ),
        (
            [trouble(Line.BLIND), trouble(Line.BLIND, REFUSED_BY_PSBL, PSBL)],
            "2 lists set aside",
        ),
        # One list in two troubles is one list.
        (
            [trouble(Line.BLIND, IPV6_SILENT, CORP), trouble(Line.BLIND, IPV4_REFUSED, CORP)],
            "Corp set aside",
        ),
        # Lists are not counted together with targets.
        (
            [about(Line.LISTED, LISTING), trouble(Line.BLIND, REFUSED_BY_PSBL, PSBL)],
            "1 listed, 1 list set aside (critical)",
        ),
        # Only some of its answers are in question.
        ([trouble(Line.BLIND, IPV6_SILENT, CORP)], "Corp (IPv6 only) cannot be believed"),
        (
            [trouble(Line.SIGHTED, replace(IPV6_SILENT, ended_at=at(10, 10)), CORP)],
            "Corp (IPv6 only) can be believed again",
        ),
    ],
)
def test_a_title_counts_and_tells_the_worst(entries: list[object], title: str) -> None:
    assert render(message(*entries), MAIL).title == f"[rblwatch] {title}"  # type: ignore[arg-type]


def test_a_code_is_explained_without_saying_its_label_twice() -> None:
    drop = exactly("127.0.0.9", "DROP", Severity.CRITICAL, "DROP: a network that was hijacked")
    listing = replace(LISTING, codes=("127.0.0.9",), labels=("DROP",))
    body = render(message(about(Line.LISTED, listing, replace(ZEN, codes=(drop,)))), MAIL).body
    assert "127.0.0.9 means DROP: a network that was hijacked." in body


def test_what_to_do_about_one_list_is_not_said_of_another() -> None:
    """The same self-test fails, but one of the lists is the admin's own, and may be told to have no IPv6 entries."""
    known = replace(ZEN, operator="The Spamhaus Project")
    entries = [
        trouble(Line.BLIND, IPV6_SILENT, CORP),
        trouble(Line.BLIND, replace(IPV6_SILENT, id=9, blocklist=known.id, zone=known.zone), known),
    ]
    own, other, _ = render(message(*entries), MAIL).body.split("\n\n")
    assert "`ipv6 = false`" in own
    assert "`ipv6 = false`" not in other
    assert "its answers about IPv4 are not concerned" in other


def test_the_worst_comes_first_and_good_news_after_bad() -> None:
    entries = [about(Line.DELISTED, over()), about(Line.LISTED, ON_PSBL, PSBL), about(Line.LISTED, LISTING)]
    heads = [part.split("\n")[0] for part in render(message(*entries), MAIL).body.split("\n\n")]
    assert heads == [
        "mx1 (192.0.2.1) is listed on Spamhaus ZEN (zen.spamhaus.org).",
        "mx1 (192.0.2.1) is listed on PSBL (psbl.surriel.com).",
        "mx1 (192.0.2.1) is no longer listed on Spamhaus ZEN (zen.spamhaus.org).",
        "rblwatch alert 12, delivery 12-9",
    ]


def test_several_addresses_on_one_list_are_one_part_with_their_servers() -> None:
    first, second = many(2, server=None)
    also = Tally(2, 17, 1, ("psbl",))
    entries = [about(Line.LISTED, first, tally=also), about(Line.LISTED, replace(second, codes=("127.0.0.3",)))]
    assert render(message(*entries), MAIL).body.startswith(
        "2 addresses are listed on Spamhaus ZEN (zen.spamhaus.org):\n"
        "192.0.2.1 (mx1), 192.0.2.2 (mx2)\n"
        "Severity: critical. Many large receivers reject mail from whatever is listed here.\n"
        "127.0.0.2 means SBL: verified spam source, operation or support. (1 of 2)\n"
        "127.0.0.3 means CSS: automated low-reputation detection. (1 of 2)\n"
        "Likely cause (1 of 2): spam was seen from this address: a hacked account or web form, or mail that nobody "
        "asked for.\n"
        "What to do first: look in the mail log for a sender or account with unusual volume, stop it and change its "
        "password.\n"
        "Likely cause (1 of 2): the volume or the kind of mail from this address gave it a bad reputation.\n"
        "First seen listed 10:15 UTC, last seen clear 10:00 UTC.\n"
        "1 of 2 also on other lists: psbl.\n"
        "Look it up, for example: https://check.spamhaus.org/results/?query=192.0.2.1\n"
        "How to get off: https://check.spamhaus.org/\n"
    )


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        (Scope.RANGE, "Scope: range. The entry is for a range that the address is in, not for the address alone."),
        (
            Scope.AS,
            "Scope: as. The entry is for the whole network (AS) that the address is in, not for the address alone.",
        ),
        (
            Scope.COUNTRY,
            "Scope: country. The entry is for the whole country that the address is in, not for the address alone.",
        ),
    ],
)
@pytest.mark.parametrize("line", [Line.LISTED, Line.CHANGED, Line.WAS_LISTED])
def test_an_entry_that_is_not_for_the_address_alone_is_said_to_be_wider(line: Line, scope: Scope, said: str) -> None:
    listing = over() if line is Line.WAS_LISTED else LISTING
    body = render(message(about(line, listing, wide(scope))), MAIL).body
    assert said in body.splitlines()


def test_how_many_entries_are_wider_is_said_where_not_all_are() -> None:
    one, other = many(2)
    entries = [about(Line.LISTED, each, wide(Scope.RANGE)) for each in (one, replace(other, codes=("127.0.0.3",)))]
    said = [line for line in render(message(*entries), MAIL).body.splitlines() if line.startswith("Scope: ")]
    assert [line.rpartition(" (")[2] for line in said] == ["1 of 2)"]


def wide(scope: Scope) -> Blocklist:
    """The list whose first code is about more than an address."""
    first, second = ZEN.codes
    return replace(ZEN, codes=(replace(first, meaning=replace(first.meaning, scope=scope)), second))
