"""`rblwatch silence`: what is muted, until when and why."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from functools import partial
from zoneinfo import ZoneInfo

import click

from rblwatch import app
from rblwatch.cli.options import Format, Group, format_option, preferences
from rblwatch.cli.terminal import Row, print_json_array, print_line, print_table, remark
from rblwatch.config.wording import nearest
from rblwatch.configured import Configured, configure
from rblwatch.core.blocklist import Scope
from rblwatch.core.conclusion import Exit
from rblwatch.core.routing import Silence
from rblwatch.core.silencing import misgivings, parse_code, parse_muted_range
from rblwatch.core.target import NotATarget, parse_address
from rblwatch.core.text import clean
from rblwatch.core.timespan import local, parse_duration, parse_moment, roughly
from rblwatch.naming import parse_domain
from rblwatch.services.status_document import silence_document

SILENCE_HEADER = ("ID", "MUTED", "UNTIL", "LEFT", "BY", "REASON")
_LONGEST = 300
_MATCHERS = ("server", "target", "blocklist", "tag", "code", "scope")
_WORDS = {"blocklist": "list"}


@click.group("silence", cls=Group)
def command() -> None:
    """Mute news until a time, with a reason.

    Nothing that is muted is lost: what still stands when a silence ends is told then, in one message.
    """


@command.command("add")
@click.option("--server", metavar="NAME", help="News about this server.")
@click.option("--target", metavar="TARGET", help="About this address, name, or range of addresses.")
@click.option("--list", "blocklist", metavar="ID", help="About this list, incidents of the list itself included.")
@click.option("--tag", metavar="TAG", help="About servers with this tag.")
@click.option("--code", metavar="CODE", help="Listings under this return code, such as 127.0.0.10.")
@click.option("--scope", type=click.Choice([scope.value for scope in Scope]), help="Entries made for so much.")
@click.option("--until", metavar="TIME", help="RFC 3339, or a date with a time in `schedule.timezone`.")
@click.option("--for", "lasting", metavar="DURATION", help="Instead of --until: for so long, e.g. 2h.")
@click.option("--reason", required=True, help="For whoever asks why it is quiet.")
@click.option("--author", help="Who says so.  [default: the login name]")
def add(*, until: str | None, lasting: str | None, reason: str, author: str | None, **matched: str | None) -> int:
    """Mute news that all of the options given match."""
    if not any(matched.values()):
        raise click.UsageError("say what is to be muted: --server, --target, --list, --tag, --code or --scope")
    configured = configure(preferences().config)
    zone, now = ZoneInfo(configured.settings.schedule.timezone), datetime.now(UTC)
    said = {name: _matched(name, value, configured) for name, value in matched.items() if value is not None}
    silence = Silence(
        id=0,
        until_at=_end(until, lasting, zone, now),
        reason=words(reason, "--reason"),
        author=words(author, "--author") if author else login(),
        **{name: value for name, value in said.items() if name != "scope"},
        scope=Scope(said["scope"]) if "scope" in said else None,
    )
    with app.writing(configured.settings) as store:
        known = {*configured.watchlist.servers, *store.read_now(lambda q: [t for one in q.known() for t in one.how])}
        silence_id = store.write_now(lambda repo: repo.add_silence(silence, now))
    for odd in misgivings(silence, configured.watchlist, known, now):
        remark(f"warning: {odd}")
    print_line(f"Silence {silence_id}: {described(silence)} until {local(silence.until_at, zone)}.")
    return Exit.DONE


@command.command("list")
@format_option(Format.TABLE, Format.JSON)
def listed(layout: Format) -> int:
    """Show what is muted now."""
    configured = configure(preferences().config)
    zone, now = ZoneInfo(configured.settings.schedule.timezone), datetime.now(UTC)
    with app.reading(configured.settings) as store:
        silences = store.read_now(lambda queries: queries.silences(now))
    if layout is Format.JSON:
        print_json_array(map(silence_document, silences))
    elif silences:
        print_table(SILENCE_HEADER, list(silence_rows(silences, zone, now)))
    else:
        print_line("Nothing is muted.")
    return Exit.DONE


@command.command("end")
@click.argument("silence_id", metavar="ID", type=click.IntRange(1, 10**18))
def end(silence_id: int) -> int:
    """End a silence before its time: what it muted and still stands is told within a minute."""
    configured = configure(preferences().config)
    with app.changing(configured.settings) as store:
        if not store.write_now(lambda repo: repo.end_silence(silence_id, datetime.now(UTC))):
            raise click.BadParameter(
                f"no silence {silence_id} is in force; `rblwatch silence list` shows those that are", param_hint="ID"
            )
    print_line(f"Silence {silence_id} has ended.")
    return Exit.DONE


def described(silence: Silence) -> str:
    """What a silence mutes, in words."""
    named = [(name, getattr(silence, name)) for name in _MATCHERS]
    return ", ".join(f"{_WORDS.get(name, name)} {value}" for name, value in named if value is not None) or "everything"


def silence_rows(silences: Iterable[Silence], zone: tzinfo, now: datetime) -> Iterable[Row]:
    """Silences in a table."""
    for one in silences:
        left = roughly(one.until_at - now)
        yield str(one.id), described(one), local(one.until_at, zone), left, one.author, one.reason


def _end(until: str | None, lasting: str | None, zone: ZoneInfo, now: datetime) -> datetime:
    if (until is None) == (lasting is None):
        raise click.UsageError("say until when: --until TIME or --for DURATION, one of the two")
    option, given = ("--until", until) if until is not None else ("--for", lasting)
    assert given is not None
    try:
        ends_at = parse_moment(given, zone) if until is not None else now + parse_duration(given, least="1s")
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from error
    if ends_at <= now:
        raise click.BadParameter(f"{local(ends_at, zone)} is past", param_hint=option)
    return ends_at


def _matched(name: str, value: str, configured: Configured) -> str:
    """What an option names, as it is written everywhere."""
    watchlist = configured.watchlist
    readers: Mapping[str, Callable[[str], str]] = {
        "server": partial(_known, "server", watchlist.tags),
        "tag": partial(_known, "tag", {tag for tags in watchlist.tags.values() for tag in tags}),
        "blocklist": partial(_known, "list", {*watchlist.blocklists, *configured.catalogue.entries}),
        "target": _target,
        "code": parse_code,
        "scope": str,
    }
    try:
        return readers[name](value)
    except (ValueError, NotATarget) as error:
        raise click.BadParameter(str(error), param_hint=f"--{_WORDS.get(name, name)}") from error


def _known(noun: str, known: Iterable[str], given: str) -> str:
    if given not in set(known):
        raise ValueError(f"no {noun} is called '{given}'{nearest(given, known)}")
    return given


def _target(given: str) -> str:
    if "/" in given:
        return parse_muted_range(given)
    try:
        return parse_address(given).text
    except NotATarget:
        return parse_domain(given).text


def words(given: str, option: str) -> str:
    """What somebody says of himself or of a reason, fit to be shown to others. Raises: click.BadParameter."""
    cleaned = clean(given, _LONGEST)
    if not cleaned:
        raise click.BadParameter("holds nothing that can be read", param_hint=option)
    return cleaned


def login() -> str:
    """Who runs the command."""
    try:
        return clean(getpass.getuser(), _LONGEST) or "unknown"
    except (KeyError, OSError):
        return "unknown"
