"""A good configuration becomes settings: its defaults, its warnings, and where it is found."""

import re
from dataclasses import replace
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Network, ip_network
from pathlib import Path

import pytest

from rblwatch.catalog import load_catalogue
from rblwatch.config import ConfigError, Loaded, load, loader, locate, without_effect
from rblwatch.core.blocklist import (
    RFC5782_SELFTEST,
    Blocklist,
    Claim,
    Code,
    Kind,
    Meaning,
    Pace,
    SelfTest,
    Severity,
    bare,
)
from rblwatch.core.matching import CodeRange
from rblwatch.core.override import Override
from rblwatch.core.settings import (
    Alerts,
    Channel,
    Flap,
    Heartbeat,
    Lists,
    RelayAudit,
    Resolver,
    Route,
    Schedule,
    Secret,
    Server,
    Settings,
    Topic,
    Web,
)
from rblwatch.core.target import Family, Target
from rblwatch.core.watchlist import watch

CATALOGUE = load_catalogue()
EXAMPLE = Path(__file__).parents[2] / "config.example.toml"


def loaded(directory: Path, text: str, **environ: str) -> Loaded:
    file = directory / "rblwatch.toml"
    file.write_text(text, encoding="utf-8")
    return load(file, CATALOGUE, environ)


# Defaults.


def test_an_empty_file_has_every_default(tmp_path: Path) -> None:
    assert loaded(tmp_path, "").settings == Settings(
        database_url=Secret(f"sqlite:///{tmp_path}/rblwatch.db"),
        servers=(),
        lists=Lists(use=("recommended",), skip=(), force=(), keys={}, override={}, custom=()),
        resolver=Resolver(nameservers=(), timeout=timedelta(seconds=2), attempts=2, queries_per_second=0),
        schedule=Schedule(interval=timedelta(minutes=15), recheck_listed=timedelta(minutes=5), timezone="UTC"),
        alerts=Alerts(
            delist_after=2,
            group_wait=timedelta(seconds=30),
            blind_after=timedelta(minutes=30),
            flap=Flap(4, timedelta(hours=24)),
            keep=timedelta(days=400),
        ),
        channels=(),
        routes=(),
        heartbeat=Heartbeat(url=None, every=timedelta(minutes=5)),
        web=Web(listen="127.0.0.1:8380", token=None, trusted_proxies=()),
        relay_audit=RelayAudit(
            servers=(), outside_recipient=None, ehlo=None, ports=(25,), interval=timedelta(hours=24)
        ),
    )


def test_a_server_a_channel_and_a_route_need_little(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        '[[servers]]\nname = "mx1"\naddresses = ["9.9.9.9"]\n'
        '[[channels]]\nname = "ops"\nurl = "json://localhost"\n[[routes]]\nchannels = ["ops"]\n',
    ).settings
    assert settings.servers == (Server(name="mx1", networks=(ip_network("9.9.9.9/32"),)),)
    assert settings.channels == (Channel(name="ops", url=Secret("json://localhost")),)
    assert settings.routes == (Route(channels=("ops",), severity=Severity.MINOR, on=frozenset(Topic)),)


# Every form of every key.

EVERYTHING = """
[[servers]]
name = "mx1"
addresses = ["9.9.9.9", "2620:fe::fe", "9.9.8.5/30", "2620:fe::/126"]
hostnames = ["MX1.example.org."]
senders_of = ["bücher.example"]
domains = ["example.org"]
tags = ["production", "eu", "production"]
use = ["spamhaus-zen", "corp"]
skip = ["recommended"]

[blocklists]
use = ["all"]
skip = ["uceprotect-3"]
force = ["sorbs"]
keys = { spamhaus = "dqs-key" }
[blocklists.override.psbl]
severity = "informational"
ignore_codes = ["127.0.0.3"]
accept = ["9.9.9.9", "9.9.8.6/31", "example.org"]
[blocklists.override.corp]
[[blocklists.custom]]
id = "corp"
zone = "BL.corp.example."
operator = "Corp"
per_day = 5000
severity = "critical"
selftest = { listed = ["127.0.0.9"], clear = ["127.0.0.1"] }
[blocklists.custom.codes]
"127.0.0.2" = { label = "spam" }
"127.0.0.3" = { label = "good", class = "allow", severity = "minor", meaning = "a good sender" }
[[blocklists.custom]]
id = "bare"
zone = "bare.example"
severity = "critical"
[[blocklists.custom]]
id = "names"
zone = "names.example"
kind = "domain"
selftest = "none"

[resolver]
nameservers = ["127.0.0.1", "[::1]:5353"]
timeout = "0.5s"
attempts = 6
queries_per_second = 12.5

[schedule]
interval = "1h"
recheck_listed = "1s"
timezone = "Europe/Berlin"

[alerts]
group_wait = "0s"
blind_after = "0s"
flap.changes = 2

[[channels]]
name = "automation"
webhook = "https://hooks.example.org/x"
secret = "signed"
[[routes]]
channels = ["automation", "automation"]
tags = ["eu"]
severity = "critical"
on = ["listed", "blind"]
remind_every = "24h"
digest = "08:00"
after = "2h"

[heartbeat]
url = "https://hc.example.org/ping"
every = "1d"
[web]
listen = "[::]:8380"
token = "letmein"
trusted_proxies = ["127.0.0.1", "2001:db8::/32"]
[relay_audit]
servers = ["mx1"]
outside_recipient = "relay+check@outside.example"
ehlo = "monitor.example.org"
ports = [25, 587]
interval = "7d"
"""


def name(text: str) -> Target:
    return Target(text, Family.NAME)


def ipv4(text: str) -> Target:
    return Target(text, Family.IPV4)


def test_servers_are_read(tmp_path: Path) -> None:
    assert loaded(tmp_path, EVERYTHING).settings.servers == (
        Server(
            name="mx1",
            networks=tuple(map(ip_network, ("9.9.9.9/32", "2620:fe::fe/128", "9.9.8.4/30", "2620:fe::/126"))),
            hostnames=(name("mx1.example.org"),),
            senders_of=(name("xn--bcher-kva.example"),),
            domains=(name("example.org"),),
            tags=("production", "eu"),
            use=("spamhaus-zen", "corp"),
            skip=("recommended",),
        ),
    )


def test_blocklists_are_read(tmp_path: Path) -> None:
    lists = loaded(tmp_path, EVERYTHING).settings.lists
    assert (lists.use, lists.skip, lists.force) == (("all",), ("uceprotect-3",), ("sorbs",))
    assert lists.keys == {"spamhaus": Secret("dqs-key")}
    assert lists.override == {
        "psbl": Override(
            severity=Severity.INFORMATIONAL,
            ignore_codes=(IPv4Address("127.0.0.3"),),
            accept=(ipv4("9.9.9.9"), ipv4("9.9.8.6"), ipv4("9.9.8.7"), name("example.org")),
        ),
        "corp": Override(),
    }


def one(code: str) -> CodeRange:
    return CodeRange(IPv4Address(code), IPv4Address(code))


def test_a_custom_list_reads_its_codes_as_the_catalogue_does(tmp_path: Path) -> None:
    corp, _, names = loaded(tmp_path, EVERYTHING).settings.lists.custom
    assert corp == Blocklist(
        id="corp",
        name="corp",
        zone="bl.corp.example",
        operator="Corp",
        pace=Pace(per_day=5000),
        codes=(
            Code(one("127.0.0.2"), Meaning("spam", Severity.CRITICAL)),
            Code(one("127.0.0.3"), Meaning("good", Severity.MINOR, Claim.ALLOW, "a good sender")),
        ),
        # What a table leaves out is reported, and never critical.
        otherwise=Meaning("listed", Severity.MAJOR),
        selftest=SelfTest(listed=(ipv4("127.0.0.9"),), clear=(ipv4("127.0.0.1"),)),
    )
    assert (names.kind, names.families, names.selftest) == (Kind.DOMAIN, frozenset({Family.NAME}), SelfTest())


@pytest.mark.parametrize("kind", ["ip", "allow"])
def test_a_list_of_ones_own_without_ipv6_is_asked_about_ipv4_only(tmp_path: Path, kind: str) -> None:
    """And about an IPv6 address it says nothing: it is not asked, so it is no list that is clear about it."""
    text = f"""
[[servers]]
name = "mx1"
addresses = ["9.9.9.9", "2620:fe::fe"]
[blocklists]
use = []
[[blocklists.custom]]
id = "corp"
zone = "bl.corp.example"
kind = "{kind}"
ipv6 = false
"""
    found = loaded(tmp_path, text)
    (corp,) = found.settings.lists.custom
    assert corp.families == {Family.IPV4}
    watchlist = watch(found.settings, CATALOGUE)
    assert [target.text for target in watchlist.servers if watchlist.asks("corp", target)] == ["9.9.9.9"]
    assert "ipv6 = false" in loader.show(found)


def test_a_custom_list_without_codes_is_a_bare_zone_of_the_admins_severity(tmp_path: Path) -> None:
    custom = loaded(tmp_path, EVERYTHING).settings.lists.custom[1]
    assert custom == replace(
        bare("bare.example"), id="bare", name="bare", otherwise=Meaning("listed", Severity.CRITICAL)
    )
    assert custom.selftest == RFC5782_SELFTEST


def test_the_other_sections_are_read(tmp_path: Path) -> None:
    settings = loaded(tmp_path, EVERYTHING).settings
    assert settings.resolver == Resolver(
        nameservers=("127.0.0.1:53", "[::1]:5353"),
        timeout=timedelta(milliseconds=500),
        attempts=6,
        queries_per_second=12.5,
    )
    assert settings.schedule == Schedule(
        interval=timedelta(hours=1), recheck_listed=timedelta(seconds=1), timezone="Europe/Berlin"
    )
    assert settings.alerts.group_wait == settings.alerts.blind_after == timedelta(0)
    assert settings.alerts.flap == Flap(2, timedelta(hours=24))
    assert settings.channels == (
        Channel(name="automation", webhook=Secret("https://hooks.example.org/x"), secret=Secret("signed")),
    )
    assert settings.routes == (
        Route(
            channels=("automation",),
            tags=frozenset({"eu"}),
            severity=Severity.CRITICAL,
            on=frozenset({Topic.LISTED, Topic.BLIND}),
            remind_every=timedelta(hours=24),
            digest="08:00",
            after=timedelta(hours=2),
        ),
    )
    assert settings.heartbeat == Heartbeat(url=Secret("https://hc.example.org/ping"), every=timedelta(days=1))
    assert settings.web == Web(
        listen="[::]:8380",
        token=Secret("letmein"),
        trusted_proxies=(ip_network("127.0.0.1/32"), IPv6Network("2001:db8::/32")),
    )
    assert settings.relay_audit == RelayAudit(
        servers=("mx1",),
        outside_recipient="relay+check@outside.example",
        ehlo="monitor.example.org",
        ports=(25, 587),
        interval=timedelta(days=7),
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:///data/x.db", "sqlite:///{directory}/data/x.db"),
        ("sqlite:////var/lib/rblwatch/x.db", "sqlite:////var/lib/rblwatch/x.db"),
        ("postgresql://u:p%2F@h/n", "postgresql://u:p%2F@h/n"),
        ("postgresql+psycopg://[::1]:5432/n?sslmode=require", "postgresql+psycopg://[::1]:5432/n?sslmode=require"),
        # A Unix socket's directory.
        ("postgresql:///n?host=/run/postgresql", "postgresql:///n?host=/run/postgresql"),
    ],
)
def test_a_database_is_a_file_beside_the_configuration_or_a_server(tmp_path: Path, url: str, expected: str) -> None:
    settings = loaded(tmp_path, f'[database]\nurl = "{url}"').settings
    assert settings.database_url.reveal() == expected.format(directory=tmp_path)


@pytest.mark.parametrize("listen", ["", "127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1"])
def test_a_page_that_only_this_machine_can_reach_needs_no_token(tmp_path: Path, listen: str) -> None:
    assert loaded(tmp_path, f'[web]\nlisten = "{listen}"').settings.web.listen == listen


# Warnings: usable, but perhaps not what was meant.

ONLY_TO = "told only to a channel that was told 'listed', and no route tells"
THAT = "that, so nothing will come of it; add 'listed'"
BOTH_TOLD = (
    '[[channels]]\nname = "ops"\nurl = "json://x"\n[[channels]]\nname = "chat"\nurl = "json://y"\n'
    '[[routes]]\nchannels = ["ops", "chat"]\n'
)
TOLD = '[[channels]]\nname = "ops"\nurl = "json://x"\n[[routes]]\nchannels = ["ops"]\n'


def mx(*addresses: str) -> str:
    return f'[[servers]]\nname = "mx"\ntags = ["europe"]\naddresses = {list(addresses)}\n'


HOOKED = mx("9.9.9.9") + "[[channels]]\nwebhook = '{}'\n{}name = 'hook'\n[[routes]]\nchannels = ['hook']\n"
SIGNED = "secret = 's1gned'\n"
READABLE = "is asked without encryption (http://), so everybody on its way can read the messages; write https://"


@pytest.mark.parametrize(
    ("text", "warnings"),
    [
        (TOLD + mx("9.9.9.9"), []),
        (TOLD, ["1: servers: no server is registered, so nothing is watched; add one with [[servers]]"]),
        (mx("9.9.9.9"), ["1: channels: there is no channel, so nobody will be told; add one with [[channels]]"]),
        (
            mx("192.0.2.1", "9.9.9.9", "10.0.0.0/24", "::1") + TOLD,
            [
                (
                    "4: servers[0].addresses[0]: '192.0.2.1' is a documentation address, which no blocklist has; "
                    "it is watched all the same"
                ),
                (
                    "4: servers[0].addresses[2]: '10.0.0.0/24' begins with a private or reserved address, "
                    "which no blocklist has; it is watched all the same"
                ),
                (
                    "4: servers[0].addresses[3]: '::1' is a loopback address, which no blocklist has; "
                    "it is watched all the same"
                ),
            ],
        ),
        (
            TOLD + 'tags = ["europa"]\n' + mx("9.9.9.9"),
            ["6: routes[0].tags[0]: no server has the tag 'europa'; did you mean 'europe'?"],
        ),
        (
            TOLD + '[[channels]]\nname = "chat"\nurl = "json://y"\n' + mx("9.9.9.9"),
            ["7: channels[1].name: no route names the channel 'chat', so nothing is sent to it; add [[routes]]"],
        ),
        # How a listing goes on is told to nobody who was not told of it.
        (
            TOLD + 'on = ["changed"]\n' + mx("9.9.9.9"),
            [f"6: routes[0].on: 'changed' is {ONLY_TO} 'ops' {THAT}"],
        ),
        (
            TOLD + 'on = ["blind", "delisted", "changed"]\n' + mx("9.9.9.9"),
            [f"6: routes[0].on: 'changed' and 'delisted' are {ONLY_TO} 'ops' {THAT}"],
        ),
        (TOLD + 'on = ["blind"]\n' + mx("9.9.9.9"), []),
        # Another route tells the one of two channels, or both.
        (
            BOTH_TOLD + 'on = ["delisted"]\n[[routes]]\nchannels = ["ops"]\non = ["listed"]\n' + mx("9.9.9.9"),
            [f"9: routes[0].on: 'delisted' is {ONLY_TO} 'chat' {THAT}"],
        ),
        (
            BOTH_TOLD + 'on = ["delisted", "changed"]\n[[routes]]\nchannels = ["chat", "ops"]\n' + mx("9.9.9.9"),
            [],
        ),
        (
            BOTH_TOLD + 'on = ["delisted"]\n' + mx("9.9.9.9"),
            [f"9: routes[0].on: 'delisted' is {ONLY_TO} 'ops' and 'chat' {THAT}"],
        ),
        # One digest a day for a channel: two times are more than there is.
        (
            BOTH_TOLD
            + 'digest = "08:00"\n[[routes]]\nchannels = ["chat"]\ndigest = "18:00"\nseverity = "critical"\n'
            + mx("9.9.9.9"),
            [
                (
                    "12: routes[1].digest: another route gives the channel 'chat' its digest at 08:00, and it gets one "
                    "a day: the first of the two times with anything to tell counts; write the same time in both"
                )
            ],
        ),
        (BOTH_TOLD + 'digest = "08:00"\n[[routes]]\nchannels = ["chat"]\ndigest = "08:00"\n' + mx("9.9.9.9"), []),
        # Whoever gets JSON by POST, from anybody, needs to see that it is ours; and nobody else is to read it.
        (HOOKED.format("https://hooks.example.org/T0ken", SIGNED), []),
        (
            HOOKED.format("https://hooks.example.org/T0ken", ""),
            [
                (
                    "6: channels[0].webhook: is sent without a signature, so whoever gets it cannot see that it is "
                    'ours and unchanged; add secret = { file = "…" }, and verify it there (docs/alerts.md)'
                )
            ],
        ),
        (HOOKED.format("http://hooks.example.org/T0ken", SIGNED), [f"6: channels[0].webhook: {READABLE}"]),
        (HOOKED.format("http://192.168.1.2:8080/", SIGNED), [f"6: channels[0].webhook: {READABLE}"]),
        (HOOKED.format("http://user@127.0.0.1.example.org/", SIGNED), [f"6: channels[0].webhook: {READABLE}"]),
        # What stays on this machine is read by nobody else.
        (HOOKED.format("http://127.0.0.1:8080/", SIGNED), []),
        (HOOKED.format("http://[::1]/", SIGNED), []),
        (HOOKED.format("HTTP://LocalHost:8080/", SIGNED), []),
        (
            TOLD + mx("9.9.9.9") + '[heartbeat]\nurl = "http://hc.example.org/T0ken"',
            [
                (
                    "11: heartbeat.url: is asked without encryption (http://), so whoever sees it on its way can ask "
                    "it in our place; write https://"
                )
            ],
        ),
        (TOLD + mx("9.9.9.9") + '[heartbeat]\nurl = "http://127.0.0.1:3001/api/push/T0ken"', []),
        (TOLD + mx("9.9.9.9") + '[heartbeat]\nurl = "https://hc.example.org/T0ken"', []),
        (TOLD + mx("9.9.9.9") + '[heartbeat]\nurl = ""', []),
        (
            TOLD + mx("9.9.9.9") + "[blocklists]\nuse = []\n",
            [
                (
                    "11: blocklists.use: is empty, and there is no custom list: "
                    "servers without `use` of their own are asked nowhere"
                )
            ],
        ),
        (TOLD + mx("9.9.9.9") + "[blocklists]\nuse = []\ncustom = [{ id = 'a', zone = 'a.example' }]", []),
    ],
)
def test_what_may_surprise_is_a_warning(tmp_path: Path, text: str, warnings: list[str]) -> None:
    told = loaded(tmp_path, text).warnings
    assert [str(warning).removeprefix(f"{tmp_path / 'rblwatch.toml'}:") for warning in told] == warnings


def test_one_address_may_stand_under_several_servers(tmp_path: Path) -> None:
    text = TOLD + mx("9.9.9.9", "9.9.9.0/24") + mx("9.9.9.9").replace('"mx"', '"mx2"')
    assert loaded(tmp_path, text).warnings == ()


# What is accepted and does nothing yet.


def test_what_has_no_effect_yet_is_told_where_it_stands(tmp_path: Path) -> None:
    notes = without_effect(loaded(tmp_path, EVERYTHING))
    lines = EVERYTHING.splitlines()
    for note in notes:
        assert note.line is not None
        assert re.split(r"[.\]]+", note.key)[-1] in lines[note.line - 1]
        assert note.message.startswith("has no effect yet: ")
    assert {"alerts.flap", "web.listen"} <= {note.key for note in notes}


def test_what_is_left_out_or_switched_off_is_not_told(tmp_path: Path) -> None:
    text = '[heartbeat]\nurl = ""\n[web]\nlisten = ""\n[relay_audit]\nservers = []\n[alerts]\ndelist_after = 3\n'
    assert without_effect(loaded(tmp_path, text + mx("9.9.9.9"))) == ()


# The example.


def test_the_example_is_valid_as_it_is() -> None:
    example = load(EXAMPLE, CATALOGUE, {})
    assert [server.name for server in example.settings.servers] == ["mx1", "outbound"]
    assert without_effect(example) == ()


def test_the_example_is_valid_with_everything_switched_on_and_leaves_out_no_key(tmp_path: Path) -> None:
    switched_on = re.sub(r"(?m)^#(?=[^ \n])", "", EXAMPLE.read_text(encoding="utf-8"))
    (tmp_path / "chat.url").write_text("json://localhost\n")
    (tmp_path / "spamhaus.key").write_text("key\n")
    everything = loaded(tmp_path, switched_on, RBLWATCH_MAIL="mailto://x", HOOK_SECRET="x", RBLWATCH_TOKEN="x")
    assert keys(everything.effective) == keys(loaded(tmp_path, EVERYTHING).effective)


def keys(value: object) -> set[str]:
    """All keys of a document, names that admins choose among them left out."""
    match value:
        case dict():
            chosen = {"override", "keys", "codes", "selftest"}
            deeper = [keys({} if key in chosen else inner) for key, inner in value.items()]
            return set(value).union(*deeper)
        case list():
            return set().union(*map(keys, value))
        case _:
            return set()


# Where it is found.


def test_the_option_wins_over_the_environment_and_the_places(tmp_path: Path) -> None:
    (tmp_path / "rblwatch.toml").touch()
    environ = {"RBLWATCH_CONFIG": "/etc/other.toml"}
    assert locate("my.toml", environ, tmp_path) == tmp_path / "my.toml"
    assert locate(None, environ, tmp_path) == Path("/etc/other.toml")
    assert locate(None, {"RBLWATCH_CONFIG": ""}, tmp_path) == tmp_path / "rblwatch.toml"


def test_the_system_s_file_is_the_last_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system = tmp_path / "etc.toml"
    monkeypatch.setattr(loader, "SYSTEM_FILE", system)
    with pytest.raises(ConfigError) as caught:
        locate(None, {}, tmp_path)
    assert str(caught.value) == (
        f"no configuration file: there is neither {tmp_path}/rblwatch.toml nor {system}; write one "
        "(config.example.toml is a start), or name yours with --config FILE or $RBLWATCH_CONFIG"
    )
    system.touch()
    assert locate(None, {}, tmp_path) == system
