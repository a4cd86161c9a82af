"""Names of lists in a configuration: the known, the retired, those that want a key, and those asked for nothing."""

from pathlib import Path

import pytest

from rblwatch.catalog import load_catalogue
from rblwatch.config import ConfigError, Loaded, load, show
from rblwatch.core.selection import default_lists, server_lists
from rblwatch.core.settings import Secret

CATALOGUE = load_catalogue()
SORBS = "was shut down by its operator (2024-06-05); nothing takes its place"
UNLESS = "it is not asked, unless `force` names it"
KEY = "abcdefghij0123456789klmnop"


def loaded(folder: Path, lists: str, server: str = "") -> Loaded:
    path = folder / "rblwatch.toml"
    path.write_text(f'[[servers]]\nname = "mx1"\naddresses = ["9.9.9.9"]\n{server}\n{TOLD}[blocklists]\n{lists}\n')
    return load(path, CATALOGUE, {"KEY": KEY})


def told(read: Loaded) -> list[str]:
    return [f"{warning.key}: {warning.message}" for warning in read.warnings]


def asked(read: Loaded) -> list[str]:
    return [blocklist.id for blocklist in default_lists(CATALOGUE, read.settings.lists)]


TOLD = '[[channels]]\nname = "ops"\nurl = "json://x"\n[[routes]]\nchannels = ["ops"]\n'
CORP = '[[blocklists.custom]]\nid = "corp"\nzone = "dnsbl.sorbs.net"'


@pytest.mark.parametrize(
    ("lists", "warnings", "ids"),
    [
        # By its zone, by any zone below, by its id.
        ('use = ["dnsbl.sorbs.net"]', [f"blocklists.use[0]: dnsbl.sorbs.net {SORBS}; {UNLESS}"], []),
        ('use = ["psbl", "sorbs"]', [f"blocklists.use[1]: sorbs (sorbs.net) {SORBS}; {UNLESS}"], ["psbl"]),
        (
            'use = ["cbl.abuseat.org"]',
            [
                "blocklists.use[0]: cbl.abuseat.org was replaced by another list (2021); use spamhaus-zen instead; "
                + UNLESS
            ],
            [],
        ),
        # Forced, it is asked, and people are told all the same. It need not stand in `use`, and may.
        (
            'use = []\nforce = ["dnsbl.sorbs.net"]',
            [
                f"blocklists.force[0]: dnsbl.sorbs.net {SORBS}; it is asked all the same",
            ],
            ["dnsbl.sorbs.net"],
        ),
        (
            'use = ["psbl", "sorbs"]\nforce = ["sorbs"]',
            [f"blocklists.force[0]: sorbs (sorbs.net) {SORBS}; it is asked all the same"],
            ["psbl", "sorbs"],
        ),
        # A custom list with such a zone.
        (
            f"use = []\n{CORP}",
            [f"blocklists.custom[0].zone: dnsbl.sorbs.net {SORBS}; it is not asked, unless `force` names 'corp'"],
            [],
        ),
        (
            f'use = []\nforce = ["corp"]\n{CORP}',
            [f"blocklists.custom[0].zone: dnsbl.sorbs.net {SORBS}; it is asked all the same"],
            ["corp"],
        ),
        # Of a suspect one people are warned, and no more.
        (
            'use = []\n[[blocklists.custom]]\nid = "dk"\nzone = "dk.countries.nerd.dk"',
            [
                (
                    "blocklists.custom[0].zone: dk.countries.nerd.dk stands in copied lists only, and nobody vouches "
                    "for it (since 2021); nothing takes its place; it is asked all the same"
                )
            ],
            ["dk"],
        ),
        (
            'use = ["dk.countries.nerd.dk"]\n[blocklists.override."dk.countries.nerd.dk"]\nseverity = "minor"',
            [
                (
                    "blocklists.use[0]: dk.countries.nerd.dk stands in copied lists only, and nobody vouches for it "
                    "(since 2021); nothing takes its place; it is asked all the same"
                )
            ],
            ["dk.countries.nerd.dk"],
        ),
        (
            'use = ["psbl"]\nforce = ["psbl"]',
            ["blocklists.force[0]: 'psbl' is not retired; what is asked stands in `use`"],
            ["psbl"],
        ),
    ],
)
def test_a_retired_list_is_told_about_and_not_asked_unless_it_is_forced(
    tmp_path: Path, lists: str, warnings: list[str], ids: list[str]
) -> None:
    read = loaded(tmp_path, lists)
    assert told(read) == warnings
    assert asked(read) == ids


def test_a_forced_list_is_asked_at_the_zone_that_was_its_own(tmp_path: Path) -> None:
    read = loaded(tmp_path, 'use = []\nforce = ["sorbs", "spam.dnsbl.sorbs.net"]')
    zones = {blocklist.id: blocklist.zone for blocklist in default_lists(CATALOGUE, read.settings.lists)}
    assert zones == {"sorbs": "dnsbl.sorbs.net", "spam.dnsbl.sorbs.net": "spam.dnsbl.sorbs.net"}


def test_a_server_that_names_a_retired_list_is_told_too(tmp_path: Path) -> None:
    read = loaded(tmp_path, 'use = ["psbl"]', 'use = ["dnsbl.sorbs.net", "spamcop"]')
    assert told(read) == [f"servers[0].use[0]: dnsbl.sorbs.net {SORBS}; {UNLESS}"]
    found = server_lists(CATALOGUE, read.settings.lists, read.settings.servers[0])
    assert [blocklist.id for blocklist in found] == ["spamcop"]


TWICE = "asks twice over: {}; put the first of each pair into `skip`"
SBL = "'spamhaus-sbl' ('spamhaus-zen' says the same)"


@pytest.mark.parametrize(
    ("lists", "server", "warnings"),
    [
        ('use = ["spamhaus-zen", "spamhaus-sbl"]', "", ["blocklists.use: " + TWICE.format(SBL)]),
        ('use = ["spamhaus-zen", "spamhaus-sbl"]\nskip = ["spamhaus-sbl"]', "", []),
        ('use = ["spamhaus-sbl", "spamhaus-pbl"]', "", []),
        ('use = ["psbl"]', 'use = ["spamhaus-sbl", "spamhaus-zen"]', ["servers[0].use: " + TWICE.format(SBL)]),
        # An admin's own description of a zone that is asked anyway, or that another list covers.
        (
            'use = ["psbl"]\n[[blocklists.custom]]\nid = "corp"\nzone = "psbl.surriel.com"',
            "",
            ["blocklists.use: " + TWICE.format("'corp' ('psbl' says the same)")],
        ),
        (
            'use = ["spamhaus-zen"]\n[[blocklists.custom]]\nid = "corp"\nzone = "pbl.spamhaus.org"',
            "",
            ["blocklists.use: " + TWICE.format("'corp' ('spamhaus-zen' says the same)")],
        ),
        # One zone may serve two kinds.
        ('use = ["hostkarma", "hostkarma-domain"]', "", []),
    ],
)
def test_what_is_asked_twice_over_is_told(tmp_path: Path, lists: str, server: str, warnings: list[str]) -> None:
    assert told(loaded(tmp_path, lists, server)) == warnings


def test_everything_is_asked_with_a_warning_about_what_is_covered_and_one_about_registrations(tmp_path: Path) -> None:
    read = loaded(tmp_path, 'use = ["all"]')
    registered = "barracuda-brbl, barracuda-bb, validity-rpbl, validity-score, validity-certified, validity-safe"
    wanting, covered = told(read)
    assert SBL in covered
    assert wanting == (
        f"blocklists.use[0]: includes lists that answer registered resolvers only: {registered}; register the address "
        "of your resolver with their operators, or put them into `skip`"
    )
    assert {"spamhaus-sbl", "spamhaus-zen"} <= set(asked(read))


# Keys.


def test_an_accounts_key_opens_all_of_its_lists_and_goes_into_their_names(tmp_path: Path) -> None:
    read = loaded(tmp_path, 'use = ["recommended", "spamhaus-authbl"]\nkeys = { spamhaus = { env = "KEY" } }')
    found = {blocklist.id: blocklist for blocklist in default_lists(CATALOGUE, read.settings.lists)}
    assert read.warnings == ()
    assert found["spamhaus-zen"].zone == f"{KEY}.zen.dq.spamhaus.net"
    assert found["spamhaus-zen"].shown_zone == "zen.dq.spamhaus.net"
    assert found["spamhaus-authbl"].zone == f"{KEY}.authbl.dq.spamhaus.net"
    assert found["spamhaus-zen"].pace.per_day == 100_000
    assert {blocklist.account for blocklist in found.values()} == {"spamhaus", ""}
    assert not found["spamcop"].keyed
    assert KEY not in f"{found} {read} {show(read)}"


def test_a_key_for_one_list_wins_and_a_key_adds_its_list_to_what_is_recommended(tmp_path: Path) -> None:
    assert "abusix-combined" not in asked(loaded(tmp_path, ""))
    read = loaded(tmp_path, 'keys = { abusix = "1stK3y", abusix-combined = "2ndK3y", httpbl = "3rdK3y" }')
    found = {blocklist.id: blocklist for blocklist in default_lists(CATALOGUE, read.settings.lists)}
    assert found["abusix-combined"].zone == "2ndK3y.combined.mail.abusix.zone"
    assert "httpbl" not in found
    httpbl = default_lists(
        CATALOGUE, loaded(tmp_path, 'use = ["httpbl"]\nkeys = { httpbl = "3rdK3y" }').settings.lists
    )[0]
    assert (httpbl.zone, httpbl.key_first, httpbl.shown_zone) == ("dnsbl.httpbl.org", "3rdK3y", "dnsbl.httpbl.org")
    assert read.settings.lists.keys["abusix"] == Secret("1stK3y")
    assert not [key for key in ("1stK3y", "2ndK3y", "3rdK3y") if key in f"{read} {show(read)} {found}"]


def test_a_list_without_its_key_is_told_about_and_asked_in_vain(tmp_path: Path) -> None:
    read = loaded(tmp_path, 'use = ["abusix-black", "barracuda-brbl"]')
    assert told(read) == [
        (
            "blocklists.use[0]: 'abusix-black' answers only with a key, so nothing will be known from it; "
            "set keys.abusix in [blocklists]"
        ),
        (
            "blocklists.use[1]: 'barracuda-brbl' answers registered resolvers only; register the address of your "
            "resolver with its operator (`lists show barracuda-brbl`)"
        ),
    ]
    assert [blocklist.lacks_key for blocklist in default_lists(CATALOGUE, read.settings.lists)] == [True, False]


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ('{ spamhouse = "x" }', "keys.spamhouse: nothing takes a key called 'spamhouse'; did you mean 'spamhaus'?"),
        ('{ psbl = "x" }', "keys.psbl: the list 'psbl' takes no key"),
        *(
            (f'{{ spamhaus = "{key}" }}', "keys.spamhaus: is not a key: it becomes a part of a DNS name")
            for key in ("hunter2 hunter2", "hunter2.hunter2", "-hunter2", "hünter2", "hunter2" * 10)
        ),
    ],
)
def test_a_key_that_cannot_be_used_is_a_problem_and_never_shown(tmp_path: Path, keys: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, f"keys = {keys}")
    assert f"blocklists.{problem}" in str(caught.value)
    assert "hunter2" not in str(caught.value)


# An admin's own word about a list.


@pytest.mark.parametrize(
    ("override", "warnings"),
    [
        ('psbl]\nseverity = "minor"\nignore_codes = ["127.0.0.2"]\naccept = ["9.9.9.9"]\nper_day = 7', []),
        # A list that nobody is asked about.
        (
            'mailspike-bl]\nseverity = "minor"',
            ["blocklists.override.mailspike-bl: says nothing: 'mailspike-bl' is not asked; add it to `use`, or leave"],
        ),
        # A code that the list does not have.
        (
            'psbl]\nignore_codes = ["127.0.0.2", "127.0.0.77"]',
            ["blocklists.override.psbl.ignore_codes[1]: '127.0.0.77' is no code of 'psbl', which has 127.0.0."],
        ),
        # An address on a list of addresses, and names that it is never asked about.
        (
            'psbl]\naccept = ["9.9.9.9", "example.org", "example.net"]',
            ["blocklists.override.psbl.accept: names example.net and 1 more, which 'psbl' is never asked about: it is"],
        ),
        # An IPv6 address on a list that has no entries about such.
        (
            'psbl]\naccept = ["2001:db8::1"]',
            [
                (
                    "blocklists.override.psbl.accept: names 2001:db8::1, which 'psbl' is never asked about: it is "
                    "a list of IPv4 addresses"
                )
            ],
        ),
        # A list that is history, and is not asked.
        (
            'sorbs]\nseverity = "minor"',
            ["blocklists.override.sorbs: says nothing: 'sorbs' is retired and not asked, unless `force` names it"],
        ),
        # On an allow list nobody is listed.
        (
            'dnswl]\nseverity = "minor"',
            ["blocklists.override.dnswl.severity: says nothing: 'dnswl' is an allow list"],
        ),
        # Of several lists of one operator, the smallest number holds.
        (
            "hostkarma]\nper_day = 500000",
            [
                (
                    "blocklists.override.hostkarma.per_day: has no effect: 'hostkarma-black', of the same operator, "
                    "has 250,000, and the smallest number holds for all of his lists; write the number for each of them"
                )
            ],
        ),
        (
            "hostkarma]\nper_day = 500000\n[blocklists.override.hostkarma-black]\nper_day = 500000",
            [],
        ),
        # A list of the admin's own, without a table of codes: it may answer anything.
        ('corp]\nignore_codes = ["127.0.0.77"]', []),
    ],
)
def test_an_override_that_says_nothing_is_warned_about(tmp_path: Path, override: str, warnings: list[str]) -> None:
    custom = '\n[[blocklists.custom]]\nid = "corp"\nzone = "bl.corp.example"'
    use = '["psbl", "dnswl", "hostkarma", "hostkarma-black"]'
    read = loaded(tmp_path, f"use = {use}\n[blocklists.override.{override}{custom}")
    said = [warning for warning in told(read) if not warning.startswith("blocklists.use")]
    assert len(said) == len(warnings)
    assert all(text.startswith(wanted) for text, wanted in zip(said, warnings, strict=True))


def test_a_list_that_one_server_alone_uses_is_asked(tmp_path: Path) -> None:
    read = loaded(tmp_path, 'use = ["psbl"]\n[blocklists.override.mailspike-bl]\nseverity = "minor"', 'use = ["all"]')
    assert [text for text in told(read) if "override" in text] == []


def test_a_warning_stands_at_its_line(tmp_path: Path) -> None:
    read = loaded(tmp_path, 'use = ["psbl"]\n[blocklists.override.psbl]\nignore_codes = [\n"127.0.0.2",\n"127.0.0.77"]')
    (warning,) = read.warnings
    assert (tmp_path / "rblwatch.toml").read_text().splitlines()[(warning.line or 0) - 1] == '"127.0.0.77"]'


@pytest.mark.parametrize(
    ("code", "severity"),
    [
        ('{ label = "x" }', "critical"),
        ('{ label = "x", scope = "range" }', "critical"),
        # An entry of a whole provider or country is not about the server: never an alarm, unless the admin says so.
        ('{ label = "x", scope = "as" }', "informational"),
        ('{ label = "x", scope = "country" }', "informational"),
        ('{ label = "x", scope = "as", severity = "minor" }', "minor"),
    ],
)
def test_a_code_of_the_admins_own_has_the_severity_that_goes_with_its_scope(
    tmp_path: Path, code: str, severity: str
) -> None:
    custom = '[[blocklists.custom]]\nid = "corp"\nzone = "bl.corp.example"\nseverity = "critical"'
    (corp,) = loaded(tmp_path, f'use = []\n{custom}\ncodes."127.0.0.2" = {code}').settings.lists.custom
    assert corp.codes[0].meaning.severity == severity


def test_daily_numbers_are_the_admins_to_set(tmp_path: Path) -> None:
    """Of lists of his own, and of others in place of what their operators allow everybody."""
    custom = '[[blocklists.custom]]\nid = "corp"\nzone = "bl.corp.example"\noperator = "Corp"\nper_day = 40'
    override = "[blocklists.override.dnswl]\nper_day = 5\n[blocklists.override.psbl]\nper_day = 6"
    read = loaded(tmp_path, f'use = ["dnswl", "psbl"]\n{override}\n{custom}')
    found = {each.id: (each.counted_by, each.pace.per_day) for each in default_lists(CATALOGUE, read.settings.lists)}
    assert found["corp"] == ("Corp", 40)
    assert (found["dnswl"][1], found["psbl"][1]) == (5, 6)
