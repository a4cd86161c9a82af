"""Whatever stands in a configuration file: it is settings or a ConfigError, and what is shown reads back."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.catalog import load_catalogue
from rblwatch.config import ConfigError, Loaded, load, show, without_effect
from rblwatch.config.table import MASK
from rblwatch.config.writer import as_toml

CATALOGUE = load_catalogue()
EXAMPLE = (Path(__file__).parents[2] / "config.example.toml").read_text(encoding="utf-8")

#: Every key with a value that is right for it.
SECTIONS: dict[str, dict[str, object]] = {
    "database": {"url": "sqlite:///x.db"},
    "servers": {
        "name": "mx1",
        "addresses": ["9.9.9.9", "2620:fe::/126"],
        "hostnames": ["mx1.example.org"],
        "senders_of": ["example.org"],
        "domains": ["example.org"],
        "tags": ["production"],
        "use": ["all", "psbl"],
        "skip": ["psbl"],
    },
    "blocklists": {
        "use": ["recommended"],
        "skip": ["psbl"],
        "force": ["sorbs"],
        "keys": {},
        "override": {"psbl": {"severity": "minor", "ignore_codes": ["127.0.0.3"], "accept": ["9.9.9.9"]}},
        "custom": [{"id": "corp", "zone": "bl.corp.example", "codes": {"bit:1": {"label": "x"}}, "selftest": "none"}],
    },
    "resolver": {"nameservers": ["[::1]:53"], "timeout": "0.5s", "attempts": 3, "queries_per_second": 1.5},
    "schedule": {"interval": "15m", "recheck_listed": "1s", "timezone": "UTC"},
    "alerts": {"delist_after": 3, "group_wait": "0s", "blind_after": "1h", "flap": {"changes": 3}, "keep": "30d"},
    "channels": {"name": "ops", "url": "json://x"},
    "routes": {
        "channels": ["ops"],
        "tags": ["production"],
        "severity": "minor",
        "on": ["listed"],
        "remind_every": "1d",
        "digest": "08:00",
        "after": "2h",
    },
    "heartbeat": {"url": "", "every": "5m"},
    "web": {"listen": "", "trusted_proxies": ["::1"]},
    "relay_audit": {"servers": [], "outside_recipient": "x@example.org", "ehlo": "mx.example.org", "ports": [25]},
}
ARRAYS = ("servers", "channels", "routes")
ALWAYS = ("name", "addresses", "url", "channels")
NAMES = [
    "id",
    "kind",
    "codes",
    "selftest",
    "label",
    "class",
    "meaning",
    "listed",
    "file",
    "env",
    "changes",
    "psbl",
    "x",
]
TEXTS = ["", "mx1", "psbl", "corp", "all", "9.9.9.9", "::1", "15m", "UTC", "127.0.0.2", "bit:1", "rfc5782", "https://x"]

anything: st.SearchStrategy[object] = st.recursive(
    st.sampled_from(TEXTS)
    | st.text(max_size=8)
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.dates()
    | st.times(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=6,
)


def one_in(draw: st.DrawFn, number: int) -> bool:
    return draw(st.integers(1, number)) == number


def section(draw: st.DrawFn, name: str) -> dict[str, object]:
    """Some of a section's keys, now and then with a value, or a key, that is not right."""
    wanted = [key for key in SECTIONS[name] if key in ALWAYS or draw(st.booleans())]
    table = {key: draw(anything) if one_in(draw, 30) else SECTIONS[name][key] for key in wanted}
    return {**table, draw(st.text(max_size=4)): 1} if one_in(draw, 50) else table


@st.composite
def documents(draw: st.DrawFn) -> dict[str, object]:
    document: dict[str, object] = {}
    for name in draw(st.lists(st.sampled_from(list(SECTIONS)), unique=True)):
        table = section(draw, name)
        right = [table] if name in ARRAYS else table
        document[name] = draw(anything) if one_in(draw, 50) else right
    return document


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "rblwatch.toml"


def read(file: Path) -> Loaded | ConfigError:
    try:
        return load(file, CATALOGUE, {})
    except ConfigError as error:
        return error


def assert_read_or_refused(file: Path) -> None:
    loaded = read(file)
    if isinstance(loaded, ConfigError):
        assert loaded.problems
        assert all(str(problem).isprintable() for problem in loaded.problems)
        return
    shown = show(loaded)
    assert tomllib.loads(shown) == loaded.effective
    assert all(str(problem).isprintable() for problem in (*loaded.warnings, *without_effect(loaded)))
    if MASK not in shown:
        file.write_text(shown, encoding="utf-8")
        assert load(file, CATALOGUE, {}).settings == loaded.settings


@given(document=documents())
def test_any_document_is_read_or_refused(file: Path, document: dict[str, object]) -> None:
    file.write_text(as_toml(document), encoding="utf-8")
    assert_read_or_refused(file)


@given(content=st.binary())
def test_any_bytes_are_read_or_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert_read_or_refused(file)


LINES = EXAMPLE.splitlines()


@given(data=st.data())
def test_an_example_with_lines_lost_switched_on_or_mangled_is_read_or_refused(file: Path, data: st.DataObject) -> None:
    lines = []
    for line in LINES:
        fate = data.draw(st.integers(0, 300))
        changed = {0: "", 1: line.removeprefix("#"), 2: line.replace('"', "", 1), 3: line * 2}.get(fate, line)
        lines.append(changed)
    file.write_text("\n".join(lines), encoding="utf-8")
    assert_read_or_refused(file)


plain = st.recursive(
    st.text() | st.integers() | st.floats(allow_nan=False) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), plain))
def test_what_is_written_as_toml_reads_back_to_the_same(document: dict[str, object]) -> None:
    assert tomllib.loads(as_toml(document)) == document
