"""Every mistake in a configuration is told with its file, line, key, value and remedy; all of them at once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rblwatch.catalog import load_catalogue
from rblwatch.config import ConfigError, Problem, load

CATALOGUE = load_catalogue()

Told = Callable[[str], list[str]]


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """Load a document and give its problems, without the file's name."""
    file = tmp_path / "rblwatch.toml"

    def read(text: str) -> list[str]:
        file.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            load(file, CATALOGUE, {})
        assert str(caught.value) == "\n".join(map(str, caught.value.problems))
        return [str(problem).removeprefix(f"{file}:") for problem in caught.value.problems]

    return read


SERVER = '[[servers]]\nname = "mx1"\naddresses = ["9.9.9.9"]\n'
CUSTOM = '[[blocklists.custom]]\nid = "corp"\nzone = "bl.corp.example"\n'
#: 183 characters of a zone.
LONG = f"{'z' * 60}.{'z' * 60}.{'z' * 61}"
CHANNEL = '[[channels]]\nname = "ops"\nurl = "json://localhost"\n'
UNIT_OF_TEXT = "write a number with a unit (s, m, h or d), e.g."
UNIT = "write a number with a unit (s, m, h or d) in quotes, e.g."
SECRET = 'a string or one of { file = "…" }, { env = "…" }, { credential = "…" }'
SEVERITIES = "write one of informational, minor, major or critical"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        # Keys that nobody knows.
        ('\n[databse]\nurl = ""', "2: databse: unknown key; did you mean 'database'?"),
        ('[schedule]\ninterval = "1m"\nintervall = 1', "3: schedule.intervall: unknown key; did you mean 'interval'?"),
        (
            "[resolver]\nx = 1",
            "2: resolver.x: unknown key; known here: attempts, nameservers, queries_per_second, timeout",
        ),
        (
            '"a b" = 1\n',
            (
                '1: "a b": unknown key; known here: alerts, blocklists, channels, database, heartbeat, relay_audit, '
                "resolver, routes, schedule, servers, web"
            ),
        ),
        (SERVER + "tag = []", "4: servers[0].tag: unknown key; did you mean 'tags'?"),
        ("[alerts]\nflap = { change = 3 }", "2: alerts.flap.change: unknown key; did you mean 'changes'?"),
        # The wrong kind of value.
        ("database = 1", "1: database: must be a table, found an integer"),
        ("servers = 1.5", "1: servers: must be an array of tables, found a float; write [[servers]]"),
        ("[servers]\nname = 'mx1'", "1: servers: must be an array of tables, found a table; write [[servers]]"),
        ("servers = [\n1979-05-27]", "2: servers[0]: must be a table, found a date or time"),
        ("[resolver]\nattempts = true", "2: resolver.attempts: must be an integer, found a boolean"),
        ("[resolver]\nqueries_per_second = []", "2: resolver.queries_per_second: must be a number, found an array"),
        ("[schedule]\ntimezone = {}", "2: schedule.timezone: must be a string, found a table"),
        (SERVER + "tags = 'x'", "4: servers[0].tags: must be an array, found a string; write it in brackets: [ … ]"),
        # Servers.
        ("[[servers]]\naddresses = ['9.9.9.9']", "1: servers[0].name: is missing"),
        ("[[servers]]\nname = ' '\naddresses = ['9.9.9.9']", "2: servers[0].name: is empty"),
        ("[[servers]]\nname = 'a '\naddresses = ['9.9.9.9']", "2: servers[0].name: 'a ' begins or ends with a blank"),
        (
            "[[servers]]\nname = 'a://b'\naddresses = ['9.9.9.9']",
            "2: servers[0].name: must be a name, found an address",
        ),
        (
            f"[[servers]]\nname = '{'a' * 101}'\naddresses = ['9.9.9.9']",
            f"2: servers[0].name: '{'a' * 60}…' has 101 characters; write at most 100",
        ),
        (
            "\n[[servers]]\nname = 'mx1'",
            "2: servers[0]: has nothing to watch; give at least one of addresses, hostnames, senders_of, domains",
        ),
        (SERVER + SERVER, "5: servers[1].name: 'mx1' is the name of servers[0] already; write another"),
        (
            SERVER + "[[servers]]\nname = 'mx2'\naddresses = [\n  '9.9.9.9',\n  '10.0.0.300',\n]",
            "8: servers[1].addresses[1]: '10.0.0.300' is not an address or a CIDR range; write e.g. '192.0.2.0/28'",
        ),
        (
            "[[servers]]\nname = 'mx1'\naddresses = ['10.0.0.0/8']",
            (
                "3: servers[0].addresses[0]: '10.0.0.0/8' holds 16,777,216 addresses, at most 65,536 (a /16) are "
                "watched; register smaller ranges"
            ),
        ),
        (
            "[[servers]]\nname = 'mx1'\naddresses = ['2001:db8::/64']",
            (
                "3: servers[0].addresses[0]: '2001:db8::/64' holds 2^64 addresses, at most 256 (a /120) are "
                "watched; register the addresses in use"
            ),
        ),
        (
            SERVER + "hostnames = ['mx1']",
            "4: servers[0].hostnames[0]: 'mx1' is not a domain name; write e.g. 'example.org'",
        ),
        (
            SERVER + "domains = ['a..b']",
            "4: servers[0].domains[0]: 'a..b' is not a domain name; write e.g. 'example.org'",
        ),
        (
            SERVER + "senders_of = ['9.9.9.9']",
            "4: servers[0].senders_of[0]: '9.9.9.9' is not an address, and a domain name does not end in a number",
        ),
        (SERVER + 'tags = ["a\\nb"]', "4: servers[0].tags[0]: holds a line break or another control character"),
        (SERVER + f'tags = ["{"a" * 1001}"]', "4: servers[0].tags[0]: has 1,001 characters; at most 1,000 are read"),
        (SERVER + "use = ['psb']", "4: servers[0].use[0]: no list is called 'psb'; did you mean 'psbl'?"),
        (SERVER + "skip = ['zzzzz']", "4: servers[0].skip[0]: no list is called 'zzzzz'"),
        # Blocklists.
        (
            "[blocklists]\nuse = ['Recommended']",
            "2: blocklists.use[0]: no list is called 'Recommended'; did you mean 'recommended'?",
        ),
        (
            "[blocklists]\nforce = ['A B']",
            "2: blocklists.force[0]: 'A B' is not an id; write lower-case letters, digits, '-' and '.'",
        ),
        (
            "[blocklists.override.psb]\nseverity = 'minor'",
            "1: blocklists.override.psb: no list is called 'psb'; did you mean 'psbl'?",
        ),
        ("[blocklists.override.all]\nseverity = 'minor'", "1: blocklists.override.all: no list is called 'all'"),
        (
            "[blocklists.override.psbl]\nseverity = 'high'",
            f"2: blocklists.override.psbl.severity: 'high' is not a severity; {SEVERITIES}",
        ),
        (
            "[blocklists.override.psbl]\nignore_codes = ['10.0.0.1']",
            (
                "2: blocklists.override.psbl.ignore_codes[0]: '10.0.0.1' is outside 127.0.0.0/8, where the answers "
                "of a DNS list are"
            ),
        ),
        (
            "[blocklists.override.psbl]\naccept = ['x']",
            "2: blocklists.override.psbl.accept[0]: 'x' is not an address or a CIDR range; write e.g. '192.0.2.0/28'",
        ),
        ("[[blocklists.custom]]\nzone = 'bl.corp.example'", "1: blocklists.custom[0].id: is missing"),
        ("[[blocklists.custom]]\nid = 'corp'", "1: blocklists.custom[0].zone: is missing"),
        (
            "[[blocklists.custom]]\nid = 'psbl'\nzone = 'x.example'",
            (
                "2: blocklists.custom[0].id: 'psbl' is a list of the catalogue; write another, or change it in "
                "[blocklists.override.psbl]"
            ),
        ),
        (
            "[[blocklists.custom]]\nid = 'all'\nzone = 'x.example'",
            "2: blocklists.custom[0].id: 'all' is the name of a set; write another",
        ),
        (
            "[[blocklists.custom]]\nid = 'Corp'\nzone = 'x.example'",
            "2: blocklists.custom[0].id: 'Corp' is not an id; write lower-case letters, digits, '-' and '.'",
        ),
        (
            "[blocklists]\ncustom = {}",
            "2: blocklists.custom: must be an array of tables, found a table; write [[blocklists.custom]]",
        ),
        (
            CUSTOM + CUSTOM,
            "5: blocklists.custom[1].id: 'corp' is the id of blocklists.custom[0] already; write another",
        ),
        (
            "[[blocklists.custom]]\nid = 'corp'\nzone = 'corp'",
            "3: blocklists.custom[0].zone: 'corp' is not a domain name; write e.g. 'example.org'",
        ),
        # A name of DNS has 253 characters, and an IPv6 address before the zone takes 64 of them.
        (
            f"[[blocklists.custom]]\nid = 'corp'\nzone = '{LONG}.example'",
            "3: blocklists.custom[0].zone: has 191 characters, and with what is asked before it, at most 189 fit",
        ),
        (
            f"[[blocklists.custom]]\nid = 'corp'\nipv6 = false\nzone = '{LONG}.{'z' * 46}.example'",
            "4: blocklists.custom[0].zone: has 238 characters, and with what is asked before it, at most 237 fit",
        ),
        (
            CUSTOM + "ipv6 = 'no'",
            "4: blocklists.custom[0].ipv6: must be true or false, found a string",
        ),
        (
            CUSTOM + "kind = 'domain'\nipv6 = false",
            "5: blocklists.custom[0].ipv6: is about lists of addresses, and this one is of domains; leave it out",
        ),
        (
            CUSTOM + "kind = 'url'",
            "4: blocklists.custom[0].kind: 'url' is not a kind of list; write one of ip, domain or allow",
        ),
        (CUSTOM + "codes = { '127.0.0.2' = {} }", '4: blocklists.custom[0].codes."127.0.0.2".label: is missing'),
        (
            CUSTOM + "codes = { '127.0.0.2' = 'spam' }",
            '4: blocklists.custom[0].codes."127.0.0.2": must be a table, found a string',
        ),
        (
            CUSTOM + "codes = { '127.0.0' = { label = 'x' } }",
            (
                "4: blocklists.custom[0].codes.\"127.0.0\": '127.0.0' is not a return code; write e.g. '127.0.0.2', "
                "'127.0.0.5-127.0.0.7', '127.0.*.3' or 'bit:4'"
            ),
        ),
        (
            CUSTOM + "[blocklists.custom.codes.'127.0.0.2']\nlabel = 'x'\nclass = 'bad'",
            (
                "6: blocklists.custom[0].codes.\"127.0.0.2\".class: 'bad' is not a class of codes; write one of "
                "listed, info, neutral or allow"
            ),
        ),
        (
            CUSTOM + "selftest = 'no'",
            (
                "4: blocklists.custom[0].selftest: 'no' is not a self-test; write one of rfc5782, none or { listed "
                "= […], clear = […] }"
            ),
        ),
        (
            CUSTOM + "selftest = 1",
            (
                "4: blocklists.custom[0].selftest: is not a self-test; write one of rfc5782, none or { listed = "
                "[…], clear = […] }"
            ),
        ),
        (
            CUSTOM + "selftest = { clear = ['127.0.0.1'] }",
            '4: blocklists.custom[0].selftest.listed: names no point; where the list has none, write selftest = "none"',
        ),
        (
            CUSTOM + "selftest = { listed = ['test'] }",
            "4: blocklists.custom[0].selftest.listed[0]: 'test' is not an address",
        ),
        (
            CUSTOM + "kind = 'domain'\nselftest = { listed = ['127.0.0.2'] }",
            (
                "5: blocklists.custom[0].selftest.listed[0]: '127.0.0.2' is an address, and a domain list is tested "
                "with names"
            ),
        ),
        # The resolver and the schedule.
        (
            "[resolver]\nnameservers = ['dns.example']",
            "2: resolver.nameservers[0]: 'dns.example' does not begin with an address; write e.g. '127.0.0.1:53'",
        ),
        (
            "[resolver]\nnameservers = ['::1']",
            "2: resolver.nameservers[0]: '::1' is not HOST:PORT; write an IPv6 address in brackets, e.g. '[::1]:53'",
        ),
        (
            "[resolver]\nnameservers = ['9.9.9.9:x']",
            "2: resolver.nameservers[0]: '9.9.9.9:x' is not HOST:PORT; write e.g. '127.0.0.1:53'",
        ),
        (
            "[resolver]\nnameservers = ['9.9.9.9:0']",
            "2: resolver.nameservers[0]: '9.9.9.9:0' has a port outside 1 to 65535",
        ),
        (
            "[resolver]\nnameservers = ['[fe80::1%eth0]:53']",
            "2: resolver.nameservers[0]: '[fe80::1%eth0]:53' has a scope; write an address without one",
        ),
        ("[resolver]\ntimeout = 2", f"2: resolver.timeout: 2 has no unit; {UNIT} '0.5s'"),
        ("[resolver]\ntimeout = '500ms'", f"2: resolver.timeout: '500ms' is not a duration; {UNIT_OF_TEXT} '0.5s'"),
        ("[resolver]\ntimeout = '0.01s'", "2: resolver.timeout: '0.01s' is too short; write at least '0.1s'"),
        ("[resolver]\ntimeout = '2m'", "2: resolver.timeout: '2m' is too long; write at most '60s'"),
        ("[resolver]\nattempts = 0", "2: resolver.attempts: is 0; write a number from 1 to 10"),
        (
            f"[resolver]\nattempts = 0x1{'0' * 5000}",
            "2: resolver.attempts: is a huge number; write a number from 1 to 10",
        ),
        (
            "[resolver]\nqueries_per_second = nan",
            "2: resolver.queries_per_second: is nan; write a number from 0 to 1000000, 0 for no limit",
        ),
        ("[schedule]\ninterval = 900", f"2: schedule.interval: 900 has no unit; {UNIT} '15m'"),
        ("[schedule]\ninterval = '1h30m'", f"2: schedule.interval: '1h30m' is not a duration; {UNIT_OF_TEXT} '15m'"),
        ("[schedule]\ninterval = '-1m'", f"2: schedule.interval: '-1m' is not a duration; {UNIT_OF_TEXT} '15m'"),
        ("[schedule]\ninterval = '1.5m'", f"2: schedule.interval: '1.5m' is not a duration; {UNIT_OF_TEXT} '15m'"),
        ("[schedule]\ninterval = true", f"2: schedule.interval: must be a duration, found a boolean; {UNIT} '15m'"),
        ("[schedule]\nrecheck_listed = '0s'", "2: schedule.recheck_listed: '0s' is too short; write at least '1s'"),
        (
            "[schedule]\ninterval = '999999999d'",
            "2: schedule.interval: '999999999d' is too long; write at most '3650d'",
        ),
        (
            "[schedule]\ntimezone = 'Europe/Berln'",
            "2: schedule.timezone: 'Europe/Berln' is not a time zone; did you mean 'Europe/Berlin'?",
        ),
        (
            "[schedule]\ntimezone = '../../etc/passwd'",
            "2: schedule.timezone: '../../etc/passwd' is not a time zone; write e.g. 'Europe/Berlin'",
        ),
        # Alerts, channels, routes.
        ("[alerts]\ndelist_after = 0", "2: alerts.delist_after: is 0; write a number from 1 to 100"),
        ("[alerts]\ngroup_wait = '2d'", "2: alerts.group_wait: '2d' is too long; write at most '1d'"),
        ("[alerts]\nflap = 4", "2: alerts.flap: must be a table, found an integer"),
        ("[alerts]\nkeep = '1h'", "2: alerts.keep: '1h' is too short; write at least '1d'"),
        (
            "[[channels]]\nname = 'ops'",
            "1: channels[0]: has no address; give url (an Apprise URL) or webhook (an https:// URL)",
        ),
        (
            CHANNEL + "webhook = 'https://x'",
            "4: channels[0].webhook: cannot stand beside url; make two channels of them",
        ),
        (
            CHANNEL + "secret = 'x'",
            "4: channels[0].secret: signs the body of a webhook, and this channel has a url; leave it out",
        ),
        (CHANNEL + CHANNEL, "5: channels[1].name: 'ops' is the name of channels[0] already; write another"),
        (
            "[[channels]]\nname = 'ops'\nurl = 'ops'",
            "3: channels[0].url: is not an Apprise URL; write e.g. 'mailtos://user:password@example.org'",
        ),
        (
            "[[channels]]\nname = 'ops'\nwebhook = 'ftp://x'",
            "3: channels[0].webhook: is not a web address; write e.g. 'https://hooks.example.org/rblwatch'",
        ),
        (
            "[[channels]]\nname = 'ops'\nwebhook = 'https://[x'",
            "3: channels[0].webhook: is not a web address; write e.g. 'https://hooks.example.org/rblwatch'",
        ),
        (CHANNEL + "[[routes]]\nseverity = 'minor'", "4: routes[0].channels: is missing; name at least one channel"),
        (CHANNEL + "[[routes]]\nchannels = []", "5: routes[0].channels: is empty; name at least one channel"),
        (
            CHANNEL + "[[routes]]\nchannels = ['opz']",
            "5: routes[0].channels[0]: no channel is called 'opz'; did you mean 'ops'?",
        ),
        (
            CHANNEL + "[[routes]]\nchannels = ['mail']",
            "5: routes[0].channels[0]: no channel is called 'mail'; there is ops",
        ),
        ("[[routes]]\nchannels = ['mail']", "2: routes[0].channels[0]: no channel is called 'mail'; there is none"),
        (
            CHANNEL + "[[routes]]\nchannels = ['ops']\nseverity = 'warning'",
            f"6: routes[0].severity: 'warning' is not a severity; {SEVERITIES}",
        ),
        (
            CHANNEL + "[[routes]]\nchannels = ['ops']\non = ['list']",
            (
                "6: routes[0].on[0]: 'list' is not a topic; write one of listed, changed, delisted, unstable, "
                "blind, relay, allow-lost or moved"
            ),
        ),
        (
            CHANNEL + "[[routes]]\nchannels = ['ops']\non = []",
            "6: routes[0].on: is empty, so nothing would be told; leave it out for everything",
        ),
        (
            CHANNEL + "[[routes]]\nchannels = ['ops']\ndigest = '8:00'",
            "6: routes[0].digest: '8:00' is not a time of day; write e.g. '08:00'",
        ),
        (
            CHANNEL + "[[routes]]\nchannels = ['ops']\ndigest = '24:00'",
            "6: routes[0].digest: '24:00' is not a time of day; write e.g. '08:00'",
        ),
        (CHANNEL + "[[routes]]\nchannels = ['ops']\nafter = 2", f"6: routes[0].after: 2 has no unit; {UNIT} '15m'"),
        # Around it.
        (
            "[heartbeat]\nurl = 'x'",
            "2: heartbeat.url: is not a web address; write e.g. 'https://hooks.example.org/rblwatch'",
        ),
        ("[heartbeat]\nevery = '0s'", "2: heartbeat.every: '0s' is too short; write at least '1s'"),
        (
            "[web]\nlisten = '0.0.0.0:8380'",
            (
                "1: web.token: is missing, and '0.0.0.0:8380' can be reached from elsewhere; set one, or listen on "
                "127.0.0.1"
            ),
        ),
        ("[web]\nlisten = '127.0.0.1'", "2: web.listen: '127.0.0.1' has no port; write e.g. '127.0.0.1:8380'"),
        ("[web]\nlisten = ':8380'", "2: web.listen: ':8380' is not HOST:PORT; write e.g. '127.0.0.1:8380'"),
        (
            "[web]\nlisten = 'mail.example:8380'",
            "2: web.listen: 'mail.example:8380' does not begin with an address; write e.g. '127.0.0.1:8380'",
        ),
        (
            "[web]\ntrusted_proxies = ['proxy']",
            "2: web.trusted_proxies[0]: 'proxy' is not an address or a CIDR range; write e.g. '192.0.2.0/24'",
        ),
        (
            SERVER + "[relay_audit]\nservers = ['mx2']",
            "5: relay_audit.servers[0]: no server is called 'mx2'; did you mean 'mx1'?",
        ),
        (
            "[relay_audit]\noutside_recipient = 'x'",
            "2: relay_audit.outside_recipient: 'x' is not a mail address; write e.g. 'postmaster@example.org'",
        ),
        (
            "[relay_audit]\noutside_recipient = 'a b@example.org'",
            (
                "2: relay_audit.outside_recipient: 'a b@example.org' is not a mail address; write e.g. "
                "'postmaster@example.org'"
            ),
        ),
        (
            "[relay_audit]\nehlo = 'monitor'",
            "2: relay_audit.ehlo: 'monitor' is not a domain name; write e.g. 'example.org'",
        ),
        ("[relay_audit]\nports = [0]", "2: relay_audit.ports[0]: is 0; write a number from 1 to 65535"),
        # The database's address is never quoted.
        ("[database]\nurl = ''", "2: database.url: is empty"),
        ("[database]\nurl = 3", f"2: database.url: must be {SECRET}"),
        (
            "[database]\nurl = 'mysql://x'",
            (
                "2: database.url: is not the address of a database that is supported; write sqlite:///FILE or "
                "postgresql://USER:PASSWORD@HOST/NAME"
            ),
        ),
        (
            "[database]\nurl = 'postgres://x/y'",
            (
                "2: database.url: is not the address of a database that is supported; postgres:// is written "
                "postgresql:// here; write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"
            ),
        ),
        (
            "[database]\nurl = 'postgresql://u:p/w@h/n'",
            (
                "2: database.url: is not a PostgreSQL address; write postgresql://USER:PASSWORD@HOST/NAME, with "
                "special characters of the password as percent codes "
                "(%2F for '/', %40 for '@', %23 for '#', %3F for '?')"
            ),
        ),
        ("[database]\nurl = 'postgresql://h:99999/n'", "2: database.url: has a port outside 1 to 65535"),
        (
            "[database]\nurl = 'sqlite://x.db'",
            "2: database.url: has too few slashes; write sqlite:///FILE, or sqlite:////FILE for an absolute path",
        ),
        (
            "[database]\nurl = 'sqlite://'",
            "2: database.url: has too few slashes; write sqlite:///FILE, or sqlite:////FILE for an absolute path",
        ),
        (
            "[database]\nurl = 'sqlite:///:memory:'",
            "2: database.url: is a database in memory, which forgets everything at a restart; write sqlite:///FILE",
        ),
        (
            "[database]\nurl = 'sqlite:///'",
            "2: database.url: is a database in memory, which forgets everything at a restart; write sqlite:///FILE",
        ),
        ("[database]\nurl = 'sqlite:///dir/'", "2: database.url: names a directory; write sqlite:///FILE"),
        (
            "[database]\nurl = 'sqlite:///x.db?mode=ro'",
            "2: database.url: has a '?' in the file's path, which an address cannot hold; use another path",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line_key_value_and_remedy(told: Told, text: str, problem: str) -> None:
    assert told(text) == [problem]


def test_a_problem_is_written_as_file_line_key_and_message() -> None:
    problem = Problem("/etc/rblwatch.toml", 7, "servers[2].addresses[0]", "'10.0.0.300' is not an address")
    assert str(problem) == "/etc/rblwatch.toml:7: servers[2].addresses[0]: '10.0.0.300' is not an address"
    assert str(Problem("x.toml", None, "", "does not exist")) == "x.toml: does not exist"
    assert str(Problem("\x1b[31m.toml", 1, "", "a\nb")) == r"\x1b[31m.toml:1: a\nb"


TWENTY = """\
[database]
url = "mysql://root@localhost/mail"
[[servers]]
name = "mx1"
addresses = [
  "192.0.2.300",
  "mail.example.org",
]
[[servers]]
name = "mx1"
adresses = ["9.9.9.9"]
[[servers]]
hostnames = ["localhost"]
[blocklists]
use = ["spamhouse-zen"]
[resolver]
nameservers = ["localhost:53"]
timeout = 5
attempts = "3"
[schedule]
interval = "15 minutes"
recheck_listed = "0s"
timezone = "Berlin/Europe"
[alerts]
delist_after = 0
group-wait = "30s"
[[channels]]
name = "chat"
[[routes]]
channels = ["caht"]
severity = "urgent"
on = ["listing"]
digest = "8am"
[web]
listen = "8380"
"""


def test_twenty_mistakes_in_one_file_are_told_in_one_go(told: Told) -> None:
    assert [problem.rpartition(": ")[0] for problem in told(TWENTY)] == [
        "2: database.url",
        "6: servers[0].addresses[0]",
        "7: servers[0].addresses[1]",
        "9: servers[1]",
        "10: servers[1].name",
        "11: servers[1].adresses",
        "12: servers[2].name",
        "13: servers[2].hostnames[0]",
        "15: blocklists.use[0]",
        "17: resolver.nameservers[0]",
        "18: resolver.timeout",
        "19: resolver.attempts",
        "21: schedule.interval",
        "22: schedule.recheck_listed",
        "23: schedule.timezone",
        "25: alerts.delist_after",
        "26: alerts.group-wait",
        "27: channels[0]",
        "30: routes[0].channels[0]",
        "31: routes[0].severity",
        "32: routes[0].on[0]",
        "33: routes[0].digest",
        "35: web.listen",
    ]


# The file itself.


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"a = 1\nb == 2", "2: is not TOML: invalid value"),
        (b"a = 1\n\n[x\n", "3: is not TOML: expected ']' at the end of a table declaration"),
        (b'a = """\nx\n', "2: is not TOML: unterminated string"),
        (b"a = 1\r\na = 2\r\n", "2: is not TOML: cannot overwrite a value"),
        (b"a = 1\n# \xff", "2: is not UTF-8 from here on; save it as UTF-8"),
        (b"\xef\xbb\xbfa = 1", "1: begins with a byte order mark; save it as UTF-8 without one"),
        ("a = 1".encode("utf-16"), "1: is UTF-16; save it as UTF-8"),
        (b"a = " + b"9" * 5000, " holds a number that cannot be read"),
        (b"a = " + b"[" * 5000 + b"]" * 5000, " is nested too deeply"),
        (b"#" * 10_000_001, " is larger than 10,000,000 bytes, which is no configuration"),
    ],
)
def test_a_file_that_cannot_be_read_as_toml_is_told(tmp_path: Path, content: bytes, problem: str) -> None:
    file = tmp_path / "rblwatch.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load(file, CATALOGUE, {})
    assert str(caught.value) == f"{file}:{problem}"


def test_a_file_that_does_not_exist_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "none.toml", CATALOGUE, {})
    assert str(caught.value) == f"{tmp_path / 'none.toml'}: does not exist"


def test_a_directory_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, CATALOGUE, {})
    assert str(caught.value) == f"{tmp_path}: is a directory; name the file in it"


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    # The super-user may read everything; a path through a file fails for everybody.
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "file" / "rblwatch.toml", CATALOGUE, {})
    assert str(caught.value) == f"{tmp_path / 'file' / 'rblwatch.toml'}: cannot be read: Not a directory"
