"""The same behaviours through real software: unbound between us and the hostile server, and dnsdist spoiling answers.

A resolver repairs some lies and hides others behind SERVFAIL; what it makes of them is never more than was said.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from rblwatch.core.target import Family
from tests.conftest import StartDnsdist, StartUnbound
from tests.integration.hostile import bodies, codes, forgeries, operators, rcodes, texts, transport
from tests.support.dnsdist import Dnsdist
from tests.support.endpoint import new_endpoint
from tests.support.hostile import Row, Where, ask_patiently, ask_through, script_of
from tests.support.nameserver import PORT, Nameserver, Query, Reply, absent, found, reply_to
from tests.support.plays import listed

#: Which of them it becomes depends on how long the resolver tries.
ANY_FAILURE = "unknown timeout"
FAILURES = {ANY_FAILURE, "unknown servfail", "unknown refused", "unknown network", "unknown malformed"}

#: What unbound makes of a lie, where that is not just a failure. It reads answers more leniently than we do.
REPAIRED = {
    "formerr-to-edns": "listed 127.0.0.2",  # it asks again without EDNS
    "badvers-with-answer": "listed 127.0.0.2",
    "fewer-answers-said": "listed 127.0.0.2",
    "trailing-byte": "listed 127.0.0.2",
    "trailing-noise": "listed 127.0.0.2",
    "two-opts": "listed 127.0.0.2",
    "opt-not-at-root": "listed 127.0.0.2",
    "badvers": "clear",
    "nxdomain-and-badvers": "clear",
    "nxdomain-opt-missing": "clear",
    "nxdomain-and-more": "clear",
    "no-answers-said": "clear",
    "no-answers-said-nxdomain": "clear",
    "nine-kilobytes": "clear",
    # An Extended DNS Error of the server behind it is not passed on.
    "ede-15-nxdomain": "clear",
    "ede-15-noerror": "listed 127.0.0.2",
    "ede-15-pi-hole": "unknown not-a-dnsbl-answer",
    "ede-16-nxdomain": "clear",
    "ede-17-noerror": "clear",
    "ede-second-of-two": "clear",
    "ede-text-not-utf-8": "clear",
    "ede-cut-short": "clear",
    "ede-everywhere": "unknown unsound",
    "ede-all-untested": "clear",
    # It makes these failures.
    "other-name-then-true": "unknown servfail",
    "nodata-aa-with-ns": "unknown timeout",
    "ede-16-servfail": "unknown servfail",
    "ede-17-refused": "unknown servfail",
    "ede-18-refused": "unknown servfail",
}


def aliased(query: Query) -> list[Reply]:
    """Answer with an alias inside the zone, and with what it leads to."""
    zone = query.name.partition(".alias")[2]
    if query.name.startswith("end."):
        return [found(query, "127.0.0.2")]
    return [reply_to(query, "NOERROR", f"@ 60 IN CNAME end.alias{zone}.", f"end.alias{zone}. 60 IN A 127.0.0.2")]


def listed_by_alias(query: Query) -> Sequence[Reply]:
    """List the target and the positive points by an alias."""
    is_listed = query.name.startswith(("2.0.0.127.", "2.0.0.0.0.0.f.7.f.f.f.f.", "7.0.18.198.", "7.0.0.0.", "end."))
    return aliased(query) if is_listed else [absent(query)]


def is_for_resolvers(row: Row) -> bool:
    """Whether a resolver can be asked: no alias leads elsewhere, and nobody holds one of its few connections."""
    leads_elsewhere = row.name.startswith(("cname-", "dname", "nxdomain-behind-cname", "txt-behind-alias"))
    holds = row.name.startswith(("tcp-", "txt-tcp-", "truncated-")) and row.name not in (
        "tcp-clear",
        "tcp-refused-code",
    )
    return not leads_elsewhere and not holds and row.where is Where.SHARED


def through_unbound(row: Row) -> Row:
    """The same row with what may come of it, for addresses of one family: a resolver knows no families."""
    verdict = REPAIRED.get(row.name, row.verdict)
    like = replace(row.like, families=row.like.families - {Family.IPV6})
    if verdict in FAILURES:
        return replace(row, verdict=ANY_FAILURE, state="unreachable", like=like)
    return replace(row, verdict=verdict, like=like)


TABLES = (forgeries, transport, rcodes, bodies, codes, operators, texts)
ROWS = [
    *(through_unbound(row) for table in TABLES for row in table.ROWS if is_for_resolvers(row)),
    Row("alias", listed_by_alias, "listed 127.0.0.2", "5: CNAME", everywhere=True),
]


async def test_unbound_makes_no_lie_worse(start_unbound: StartUnbound) -> None:
    place = new_endpoint(PORT)
    async with Nameserver(script_of(ROWS), place):
        resolver = await asyncio.to_thread(start_unbound, {f"{row.name}.hostile.example": place for row in ROWS})
        said = await ask_patiently(ROWS, partial(ask_through, str(resolver.endpoint)))
    made = {(row.name, family): said[row.name, family].verdict for row in ROWS for family in row.families}
    wanted = {(row.name, family): row.verdict for row in ROWS for family in row.families}
    assert {key: ANY_FAILURE if verdict in FAILURES else verdict for key, verdict in made.items()} == wanted


#: What dnsdist does to a sound list that lists the target, and what comes of it.
SPOILED: dict[str, tuple[Callable[[Dnsdist, str], None], str, str]] = {
    "passed": (Dnsdist.recover, "listed 127.0.0.2", "sound"),
    "servfailed": (lambda proxy, zone: proxy.fail(zone, "SERVFAIL"), "unknown servfail", "unreachable"),
    "refusing": (lambda proxy, zone: proxy.fail(zone, "REFUSED"), "unknown refused", "refusing"),
    "malformed": (lambda proxy, zone: proxy.fail(zone, "FORMERR"), "unknown malformed", "unsound"),
    "unimplemented": (lambda proxy, zone: proxy.fail(zone, "NOTIMP"), "unknown malformed", "unsound"),
    "emptied": (lambda proxy, zone: proxy.fail(zone, "NXDOMAIN"), "unknown unsound", "unsound"),
    "truncated": (Dnsdist.truncate, "listed 127.0.0.2", "sound"),
    "dropped": (Dnsdist.drop, "unknown timeout", "unreachable"),
    "lossy": (lambda proxy, zone: proxy.drop(zone, 0.1), "listed 127.0.0.2", "sound"),
    "delayed": (lambda proxy, zone: proxy.delay(zone, 150), "listed 127.0.0.2", "sound"),
    "blocked": (lambda proxy, zone: proxy.rewrite(zone, "146.112.61.104"), "unknown not-a-dnsbl-answer", "unsound"),
    "pi-holed": (lambda proxy, zone: proxy.rewrite(zone, "0.0.0.0"), "unknown not-a-dnsbl-answer", "unsound"),
    "wildcarded": (lambda proxy, zone: proxy.rewrite(zone, "127.0.0.2"), "unknown unsound", "unsound"),
    "told-off": (lambda proxy, zone: proxy.rewrite(zone, "127.255.255.254"), "unknown refusal-code", "refusing"),
}


async def test_dnsdist_spoils_answers_and_each_has_one_verdict(start_dnsdist: StartDnsdist) -> None:
    rows = [Row(name, listed, verdict, "4", state=state) for name, (_, verdict, state) in SPOILED.items()]
    place = new_endpoint(PORT)
    async with Nameserver(script_of(rows), place):
        proxy = await asyncio.to_thread(start_dnsdist, place)
        for name, (spoil, _, _) in SPOILED.items():
            await asyncio.to_thread(spoil, proxy, f"{name}.hostile.example")
        said = await ask_patiently(rows, partial(ask_through, str(proxy.endpoint)))
    for (name, _), made in said.items():
        assert (made.verdict, made.reading.soundness.state.value) == SPOILED[name][1:], name
