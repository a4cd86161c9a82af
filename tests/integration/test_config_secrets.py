"""Secrets come from four places, are read again at every load, and are told to nobody."""

import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from rblwatch.catalog import load_catalogue
from rblwatch.config import ConfigError, Loaded, load, show, without_effect

CATALOGUE = load_catalogue()
SECRET = "hunter2"

FORMS = 'must be a string or one of { file = "…" }, { env = "…" }, { credential = "…" }'
CONTROL = "holds a line break or another control character; a secret is one line of text"


def loaded(directory: Path, text: str, **environ: str) -> Loaded:
    file = directory / "rblwatch.toml"
    file.write_text(text, encoding="utf-8")
    return load(file, CATALOGUE, environ)


def token(value: str) -> str:
    return f"[web]\ntoken = {value}\n"


@pytest.mark.parametrize(
    "value",
    [
        '"hunter2"',
        '{ file = "secret" }',
        '{ file = "{directory}/secret" }',
        '{ env = "TOKEN" }',
        '{ credential = "cred" }',
    ],
)
def test_a_secret_is_a_string_or_comes_from_a_file_the_environment_or_systemd(tmp_path: Path, value: str) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "cred").write_text(f"{SECRET}\r\n")
    value = value.replace("{directory}", str(tmp_path))
    read = loaded(tmp_path, token(value), TOKEN=SECRET, CREDENTIALS_DIRECTORY=str(credentials)).settings.web.token
    assert read is not None
    assert read.reveal() == SECRET


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ('""', "is empty"),
        ('" "', "is empty"),
        ('"a\\nb"', CONTROL),
        ("7", FORMS),
        ("['hunter2']", FORMS),
        ("{}", FORMS),
        ('{ file = "a", env = "b" }', FORMS),
        ('{ hunter2 = "a" }', FORMS),
        ('{ File = "a" }', f"{FORMS}; did you mean 'file'?"),
        ("{ env = 7 }", f"env must name a source, as a string; a secret is {FORMS.removeprefix('must be ')}"),
        ('{ file = "none" }', "the file 'none' cannot be read: No such file or directory"),
        ('{ file = "." }', "the file '.' cannot be read: Is a directory"),
        ('{ file = "empty" }', "the file 'empty' is empty"),
        ('{ file = "lines" }', CONTROL),
        ('{ file = "latin" }', "the file 'latin' is not UTF-8 text"),
        ('{ file = "large" }', "the file 'large' is larger than 65,536 bytes, which is no secret"),
        ('{ env = "UNSET" }', "the environment variable UNSET is not set"),
        ('{ env = "EMPTY" }', "the environment variable EMPTY is empty"),
        # A secret where the variable's name belongs is not quoted either.
        ('{ env = "hunter2-x" }', 'env must name an environment variable, e.g. { env = "HOOK_SECRET" }'),
        (
            '{ credential = "cred" }',
            (
                "the credential 'cred' needs $CREDENTIALS_DIRECTORY, which systemd sets for a unit with "
                "LoadCredential=cred:FILE"
            ),
        ),
        ('{ credential = "../cred" }', "credential must be the name of a credential, not a path"),
    ],
)
def test_a_secret_that_cannot_be_read_is_a_problem(tmp_path: Path, value: str, message: str) -> None:
    (tmp_path / "empty").write_text("\n\n")
    (tmp_path / "lines").write_text(f"{SECRET}\n{SECRET}\n")
    (tmp_path / "latin").write_bytes(b"hunter2\xff")
    (tmp_path / "large").write_text(SECRET * 10_000)
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, token(value), EMPTY="")
    assert [problem.message for problem in caught.value.problems] == [message]
    assert_silent(caught.value)


def test_a_credential_that_systemd_did_not_give_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the credential 'cred' cannot be read: No such file or directory"):
        loaded(tmp_path, token('{ credential = "cred" }'), CREDENTIALS_DIRECTORY=str(tmp_path))


def test_a_reload_reads_secrets_again(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("old")
    text = token('{ file = "secret" }')
    before = loaded(tmp_path, text)
    (tmp_path / "secret").write_text("new")
    after = loaded(tmp_path, text)
    assert before.settings.web.token is not None
    assert after.settings.web.token is not None
    assert (before.settings.web.token.reveal(), after.settings.web.token.reveal()) == ("old", "new")


EVERY_SECRET = """
[database]
url = "postgresql://hunter2:hunter2@db.example:5432/rblwatch?password=hunter2"
[[servers]]
name = "mx1"
addresses = ["9.9.9.9"]
[blocklists]
keys = { spamhaus = "hunter2" }
[[channels]]
name = "chat"
url = "slack://hunter2"
[[channels]]
name = "automation"
webhook = "https://hunter2.example/hunter2"
secret = "hunter2"
[heartbeat]
url = "https://hc.example.org/hunter2"
[web]
token = "hunter2"
"""


def test_no_secret_is_shown_anywhere(tmp_path: Path) -> None:
    read = loaded(tmp_path, EVERY_SECRET)
    told = [
        str(read),
        repr(read),
        f"{read.settings!r}",
        show(read),
        *map(str, read.warnings),
        *map(str, without_effect(read)),
    ]
    assert SECRET not in "".join(told)
    assert 'url = "postgresql://***@db.example:5432/rblwatch?***"' in show(read)


def mistakes() -> Iterator[str]:
    """Documents with one thing wrong near a secret, or with a secret where it does not belong."""
    yield EVERY_SECRET.replace("postgresql://", "mysql://")
    yield EVERY_SECRET.replace(":5432", "/5432")
    yield EVERY_SECRET.replace(":5432", ":hunter2")
    yield EVERY_SECRET.replace("slack://", "slack:")
    yield EVERY_SECRET.replace("https://", "gopher://")
    yield EVERY_SECRET.replace("https://hunter2", "https://[hunter2")
    yield EVERY_SECRET.replace('"hunter2"', '["hunter2"]')
    yield EVERY_SECRET.replace('"hunter2"', '{ vault = "hunter2" }')
    yield EVERY_SECRET.replace('"hunter2"', '"hunter2\\u001b"')
    yield EVERY_SECRET.replace('keys = { spamhaus = "hunter2" }', 'keys = "hunter2"')
    yield EVERY_SECRET.replace("token =", "tokn =")
    yield EVERY_SECRET.replace("webhook =", "web-hook =")
    yield EVERY_SECRET.replace("[heartbeat]", "heartbeat = 'hunter2'\n[heartbeet]")
    yield EVERY_SECRET.replace("[[channels]]", "[channels]").replace(
        '[channels]\nname = "auto', '[channel]\nname = "auto'
    )
    yield EVERY_SECRET.replace('token = "hunter2"', 'token = "hunter2')
    yield EVERY_SECRET.replace('token = "hunter2"', "token = hunter2")
    yield EVERY_SECRET.replace('token = "hunter2"', 'token = "hunter2"\ntoken = "hunter2"')
    yield EVERY_SECRET + '[[routes]]\nchannels = ["slack://hunter2"]\n'
    yield EVERY_SECRET + '[[routes]]\nchannels = "slack://hunter2"\n'
    yield EVERY_SECRET.replace('name = "chat"', 'name = "slack://hunter2"')
    yield 'channels = ["slack://hunter2"]'
    yield 'channels = "slack://hunter2"'


@pytest.mark.parametrize("text", list(mistakes()))
def test_no_problem_tells_a_secret(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text)
    assert_silent(caught.value)


def test_a_file_in_another_encoding_keeps_its_secrets(tmp_path: Path) -> None:
    file = tmp_path / "rblwatch.toml"
    file.write_bytes(token('"hunter2 \xe9"').encode("latin-1"))
    with pytest.raises(ConfigError) as caught:
        load(file, CATALOGUE, {})
    assert_silent(caught.value)


def assert_silent(error: BaseException | None) -> None:
    """Nothing of an exception, nor of those that led to it, holds the secret."""
    while error is not None:
        told = [str(error), repr(error), repr(error.args), repr(vars(error)), *traceback.format_exception(error)]
        assert SECRET not in "".join(told).replace("hunter2.toml", "")
        error = error.__cause__ or error.__context__
