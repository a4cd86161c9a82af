"""No secret is in anything that the program writes: not on a stream, not in a file, not in a table.

A daemon, sweeps and other commands run with `--verbose` over a configuration full of secrets, while sends fail in every
way, reloads go wrong next to a secret, and the program crashes. Then all that was written is searched.
"""

import base64
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.support.endpoint import new_endpoint
from tests.support.postgres import PASSWORD
from tests.support.program import Program
from tests.support.scene import MX1, ONE, Scene, new_scene
from tests.support.waiting import eventually

SECRETS = {
    "chat_password": "chatPassw0rdChat",
    "chat_path": "chatT0kenInThePath",
    "chat_header": "chatHeaderK3yValue",
    "gone_path": "goneT0kenOfAChat",
    "mail_password": "mailPassw0rdMail",
    "hook_path": "hookT0kenInThePath",
    "hook_secret": "hookSign1ngSecret",
    "heartbeat": "heartb3atT0kenUrl",
    "web_token": "webT0kenOfThePage",
    "list_key": "listK3yOfSpamhaus",
    "misplaced": "misplac3dPassw0rd",
    "postgres": PASSWORD,
}

#: Asked with the key: the name of every question about it is a secret.
KEYED_LIST, KEYED_ZONE = "spamhaus-zen", f"{SECRETS['list_key'].lower()}.zen.dq.spamhaus.net"

MORE = """
[schedule]
interval = "1s"
recheck_listed = "1s"
[alerts]
delist_after = 1
group_wait = "0s"
[web]
listen = ""
token = { file = "web.token" }
[heartbeat]
url = { env = "HEARTBEAT" }
[blocklists.keys]
spamhaus = { credential = "spamhaus" }
[[channels]]
name = "hook"
webhook = "https://127.0.0.1/HOOK_PATH"
secret = { env = "HOOK_SECRET" }
"""

#: An admin's slips, in TOML: what stands there, and what he makes of it.
CHAT = '[[channels]]\nname = "chat"\nurl = { env = "CHAT" }'
BAD_URL = "json://operator:misplac3dPassw0rd@chat.example.org"
SLIPS = {
    "a quote forgotten": f'[[channels]]\nname = "chat"\nurl = "{BAD_URL}\n',
    "a list": f'[[channels]]\nname = "chat"\nurl = ["{BAD_URL}"]',
    "a key misspelt": f'[[channels]]\nname = "chat"\nulr = "{BAD_URL}"',
    "no scheme": f'[[channels]]\nname = "chat"\nurl = "{BAD_URL[4:]}"',
    "an unknown scheme": f'[[channels]]\nname = "chat"\nurl = "nonsense{BAD_URL[4:]}"',
    "a port that is none": f'[[channels]]\nname = "chat"\nurl = "{BAD_URL}:port/"',
    "two sources": '[[channels]]\nname = "chat"\nurl = { env = "CHAT", file = "misplac3dPassw0rd" }',
    "a name": f'[[channels]]\nname = "{BAD_URL}"\nurl = {{ env = "CHAT" }}',
    "a secret without a webhook": f'{CHAT}\nsecret = "misplac3dPassw0rd"',
    "a database": f'{CHAT}\n[database]\nurl = "postgresql://rblwatch:misplac3dPassw0rd@db.example.org:port/rblwatch"',
}


@pytest.fixture
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    """A world with secrets; what an admin wrote stands in another folder than what the program writes."""
    kind = getattr(request, "param", "sqlite")
    url = str(request.getfixturevalue("postgres_url")) if kind == "postgresql" else ""
    (tmp_path / "here").mkdir()
    (tmp_path / "admin").mkdir()
    with new_scene(tmp_path / "here", url, zones=[KEYED_ZONE]) as scene:
        keep_secrets(scene, tmp_path / "admin")
        yield scene


def keep_secrets(scene: Scene, admin: Path) -> None:
    """Put every secret into the configuration, or where it points to."""
    login = f"operator:{SECRETS['chat_password']}"
    gone = new_endpoint(15396)
    files = {
        "web.token": SECRETS["web_token"],
        "spamhaus": SECRETS["list_key"],
        "mail.url": f"mailto://postmaster:{SECRETS['mail_password']}@{scene.mail.endpoint}/?mode=insecure&to=a@example.org",
    }
    for name, text in files.items():
        (admin / name).write_text(text)
    scene.estate.environment = {
        "CHAT": f"json://{login}@{scene.chat.endpoint}/{SECRETS['chat_path']}?+X-Key={SECRETS['chat_header']}",
        "HEARTBEAT": f"https://{gone}/ping/{SECRETS['heartbeat']}",
        "HOOK_SECRET": SECRETS["hook_secret"],
        "CREDENTIALS_DIRECTORY": str(admin),
    }
    scene.estate.channels = {
        "chat": '{ env = "CHAT" }',
        "mail": f'{{ file = "{admin / "mail.url"}" }}',
        "gone": f"json://{gone}/{SECRETS['gone_path']}",
    }
    scene.estate.use = [KEYED_LIST]
    scene.estate.more = MORE.replace("HOOK_PATH", SECRETS["hook_path"]).replace('"web.token"', f'"{admin}/web.token"')


def reload_with_slips(scene: Scene, daemon: Program) -> None:
    """Every slip is a bad file, which is refused, logged and told."""
    good = scene.estate.text
    for number, slip in enumerate(SLIPS.values(), 1):
        scene.estate.path.write_text(good.replace(CHAT, slip))
        daemon.send(signal.SIGHUP)
        daemon.wait_for_line("reload.refused", number)
    scene.estate.write()


def break_database(scene: Scene) -> None:
    """Make the program crash: a column that it reads is not there any more."""
    change = "ALTER TABLE pair RENAME COLUMN clears TO cleared"
    if scene.estate.database:
        with psycopg.connect(scene.estate.database) as connection:
            connection.execute(change)
        return
    with closing(sqlite3.connect(scene.estate.folder / "rblwatch.db")) as file, file:
        file.execute(change)


def tables(scene: Scene) -> bytes:
    """All rows of all tables, where they are not in a file beside the configuration."""
    if not scene.estate.database:
        return b""
    with psycopg.connect(scene.estate.database) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        rows = [
            str(row[0])
            for (name,) in names
            for row in connection.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(name)))
        ]
    assert len(rows) > 10
    return "\n".join(rows).encode()


def found_in(written: dict[str, bytes]) -> list[tuple[str, str]]:
    """Which secret stands where: as it is, as DNS may spell it, and as basic authentication encodes a login."""
    forms = {name: [secret.encode(), secret.lower().encode()] for name, secret in SECRETS.items()}
    for name, user in [("chat_password", "operator"), ("mail_password", "postmaster"), ("misplaced", "operator")]:
        forms[name].append(base64.b64encode(f"{user}:{SECRETS[name]}".encode()).rstrip(b"="))
    return [
        (name, place)
        for place, content in written.items()
        for name, secret in forms.items()
        if any(form in content for form in secret)
    ]


@pytest.mark.parametrize("slip", SLIPS)
def test_no_slip_shows_a_secret(scene: Scene, tmp_path: Path, slip: str) -> None:
    path = tmp_path / "admin" / "slip.toml"
    path.write_text(scene.estate.text.replace(CHAT, SLIPS[slip]))
    done = scene.estate.run("--verbose", "--config", str(path), "config", "check")
    assert (done.code, done.stdout) == (2, "")
    assert f"{path}:" in done.stderr
    assert found_in({slip: done.stderr.encode()}) == []


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scene", ["sqlite", "postgresql"], indirect=True)
def test_no_secret_is_in_anything_that_was_written(scene: Scene) -> None:
    written: dict[str, bytes] = {}

    def run(*arguments: str) -> int:
        done = scene.estate.run("--verbose", *arguments)
        written[f"{len(written)} {' '.join(arguments)}"] = (done.stdout + done.stderr).encode()
        return done.code

    # Everything works that can; the mailbox knows no logins, one chat is gone, and nobody is at the webhook.
    assert [run("config", "check"), run("config", "show"), run("notify", "test")] == [0, 0, 4]
    scene.lists.list(ONE, MX1)
    scene.lists.list(KEYED_ZONE, MX1)
    assert run("sweep") == 1
    assert run("lists", "show", KEYED_LIST) == run("lists", "probe", KEYED_LIST) == 0
    assert scene.lists.zones[KEYED_ZONE].asked
    daemon = scene.start("--verbose")
    for status in (401, 503):
        scene.chat.fail(status)
        scene.lists.delist(ONE, MX1) if status == 401 else scene.lists.list(ONE, MX1)
        count = len(scene.chat.received)
        scene.chat.wait_for_count(count + 1, 20)
    scene.chat.stop()
    scene.lists.delist(ONE, MX1)
    daemon.wait_for_line("heartbeat.failed")
    eventually(lambda: "no connection" in daemon.stderr, 20, lambda: daemon.stderr)
    reload_with_slips(scene, daemon)
    for command in ("status", "history", "deliveries", "db backup copy.db", "sweep"):
        assert run(*command.split()) in (0, 1), written
    break_database(scene)
    assert run("status") == 4
    eventually(lambda: "Traceback" in daemon.stderr, 20, lambda: daemon.stderr)
    assert daemon.terminate() == 0
    assert run("run") == 4
    assert sum(b"Traceback" in content for content in written.values()) == 2, "both crashed, with a trace"

    written["tables"] = tables(scene)
    files = [path for path in scene.estate.folder.rglob("*") if path.is_file() and path != scene.estate.path]
    written |= {path.name: path.read_bytes() for path in files}
    assert {"program.stderr", "copy.db"} <= written.keys()
    assert found_in(written) == []
    assert found_in({"admin": scene.estate.text.encode()}), "the search finds what is there"
