"""What `status`, `history`, `sweep` and `deliveries` say where little is known, as processes."""

import json
from pathlib import Path

from rblwatch.core.finding import Origin, OriginKind
from rblwatch.core.listing import Listing
from rblwatch.core.moving import Held
from rblwatch.core.settings import Secret
from rblwatch.core.target import parse_address, parse_name
from rblwatch.store.database import Store
from rblwatch.store.repository import Repository
from rblwatch.store.rows import Known
from tests.integration.store.samples import at, listing
from tests.support.program import run


def configure(folder: Path, servers: str, more: str = "") -> None:
    (folder / "rblwatch.toml").write_text(f'{servers}\n[blocklists]\nuse = ["psbl"]\n{more}')


def remember(folder: Path, known: Known, *listings: Listing) -> None:
    """Make a database that knows a name, and these listings."""

    def write(repo: Repository) -> None:
        repo.save_known(known)
        repo.add_listings(listings)

    store = Store(Secret(f"sqlite:///{folder / 'rblwatch.db'}"))
    store.open()
    store.write_now(write)
    store.close()


DOTTED = '[[servers]]\nname = "mail.example.org"\naddresses = ["10.0.0.1"]\n'
SUFFIX = '[[servers]]\nname = "h"\ndomains = ["co.uk"]\n'
BY_NAME = '[[servers]]\nname = "h"\nhostnames = ["mx.example.org"]\n'


def test_history_knows_a_server_whose_name_has_a_dot_and_refuses_a_name_that_nobody_knows(tmp_path: Path) -> None:
    configure(tmp_path, DOTTED)
    assert run("db", "upgrade", cwd=tmp_path).code == 0
    for known in ("mail.example.org", "10.0.0.1"):
        done = run("history", known, cwd=tmp_path)
        assert (done.code, done.stdout) == (0, f"No listing of {known}.\n")
    slip = run("history", "mial.example.org", cwd=tmp_path)
    assert (slip.code, slip.stdout) == (2, "")
    assert "did you mean 'mail.example.org'?" in slip.stderr


def test_a_server_has_the_history_of_the_targets_that_it_has_now(tmp_path: Path) -> None:
    """It had another name when its address was listed; another one has its name of then."""
    old, found, other = listing(1, servers=("mx-old",)), listing(2, servers=("gone",)), listing(3, servers=("mx",))
    configure(
        tmp_path,
        f'[[servers]]\nname = "mx"\naddresses = ["{old.target}"]\nhostnames = ["mx.example.org"]\n'
        '[[servers]]\nname = "mx2"\naddresses = ["10.0.0.1"]\n',
    )
    origin = Origin(OriginKind.HOSTNAME, parse_name("mx.example.org"))
    known = Known(server="mx", origin=origin, held=Held(targets={found.target: None}), how={}, looked_at=at(0))
    remember(tmp_path, known, old, found, other)

    def history(subject: str) -> set[str]:
        done = run("history", subject, "--format", "json", cwd=tmp_path)
        assert done.code == 0, done.stderr
        return {one["target"] for one in json.loads(done.stdout)}

    assert history("mx") == {old.target.text, found.target.text, other.target.text}
    assert history("mx2") == set()
    assert history("mx-old") == {old.target.text}
    assert history("gone") == history(found.target.text) == {found.target.text}


def test_history_knows_an_address_that_a_registered_name_stands_for(tmp_path: Path) -> None:
    configure(tmp_path, BY_NAME)
    origin = Origin(OriginKind.HOSTNAME, parse_name("mx.example.org"))
    known = Known(
        server="h", origin=origin, held=Held(targets={parse_address("10.0.0.1"): None}), how={}, looked_at=at(0)
    )
    remember(tmp_path, known)
    done = run("history", "10.0.0.1", cwd=tmp_path)
    assert (done.code, done.stdout) == (0, "No listing of 10.0.0.1.\n")


def test_a_plugin_says_on_standard_output_what_keeps_it_from_knowing(tmp_path: Path) -> None:
    configure(tmp_path, DOTTED)
    for broken in ("there is no database yet", "is not TOML"):
        done = run("status", "--format", "nagios", cwd=tmp_path)
        assert (done.code, done.stdout.count("\n")) == (3, 1)
        assert done.stdout.startswith("RBLWATCH UNKNOWN: ")
        assert broken in done.stdout
        (tmp_path / "rblwatch.toml").write_text("no toml")


def test_watching_is_for_people(tmp_path: Path) -> None:
    configure(tmp_path, DOTTED)
    done = run("status", "--watch", "--format", "json", cwd=tmp_path)
    assert (done.code, done.stdout) == (2, "")
    assert "--watch shows a table" in done.stderr


def test_a_server_that_no_list_is_asked_about_is_named_and_is_3(tmp_path: Path) -> None:
    configure(tmp_path, SUFFIX)
    for command in ("sweep", "status"):
        done = run(command, cwd=tmp_path)
        assert done.code == 3
        assert "No list is asked about co.uk of h: it is a public suffix, which is nobody's." in done.stdout
    check = run("config", "check", cwd=tmp_path)
    assert check.code == 0
    assert "no list is asked about co.uk of h" in check.stdout


def test_a_server_whose_name_cannot_be_looked_up_is_named_and_is_3(tmp_path: Path) -> None:
    configure(tmp_path, BY_NAME, '[resolver]\nnameservers = ["127.0.0.1:9"]\ntimeout = "1s"\nattempts = 1\n')
    assert "no list is asked" not in run("config", "check", cwd=tmp_path).stdout, "it looks nothing up"
    for command in ("sweep", "status"):
        done = run(command, cwd=tmp_path)
        assert done.code == 3
        assert "No list is asked about mx.example.org of h: A of mx.example.org: " in done.stdout


def test_a_list_that_is_asked_nothing_is_named(tmp_path: Path) -> None:
    configure(tmp_path, DOTTED)
    text = (tmp_path / "rblwatch.toml").read_text().replace('["psbl"]', '["psbl", "spamhaus-dbl", "sem-ipv6"]')
    (tmp_path / "rblwatch.toml").write_text(text)
    done = run("config", "check", cwd=tmp_path)
    assert "not asked, since nothing is registered that is of their kind: spamhaus-dbl, sem-ipv6" in done.stdout
    rows = json.loads(run("lists", "--format", "json", cwd=tmp_path).stdout)["blocklists"]
    assert [row["blocklist"] for row in rows if row["asked"]] == ["psbl"]


def test_settings_that_change_nothing_yet_are_told(tmp_path: Path) -> None:
    more = (
        '[web]\nlisten = "127.0.0.1:8380"\n[[channels]]\nname = "c"\nurl = "json://127.0.0.1:9/"\n'
        '[[routes]]\nchannels = ["c"]\non = ["unstable", "relay"]\n'
        '[[routes]]\nchannels = ["c"]\non = ["listed", "unstable"]\n'
    )
    configure(tmp_path, DOTTED, more)
    done = run("config", "check", cwd=tmp_path)
    assert "web.listen: has no effect yet: there is no page" in done.stdout
    assert "routes[0].on: has no effect yet" in done.stdout
    assert "routes[1].on" not in done.stdout


def test_a_retry_takes_the_number_that_a_message_carries(tmp_path: Path) -> None:
    configure(tmp_path, DOTTED)
    assert run("db", "upgrade", cwd=tmp_path).code == 0
    for named, said in (
        ("3-9", "there is no delivery 3-9"),
        ("9", "there is no delivery 9"),
        ("x", "such as 9 or 3-9"),
    ):
        done = run("deliveries", "retry", named, cwd=tmp_path)
        assert (done.code, done.stdout) == (2, "")
        assert said in done.stderr
