"""What lists said of targets, as a table, as JSON and as one line for a monitoring system.

Owns the layout of what `rblwatch check` prints. Must not ask anything, nor decide what is listed.
"""

from __future__ import annotations

from collections.abc import Iterator

from rblwatch.cli.advice import advise
from rblwatch.cli.plugin import print_plugin_line
from rblwatch.cli.styles import SEVERITIES, VERDICTS
from rblwatch.cli.terminal import Cell, Row, counted, print_json, print_line, print_table
from rblwatch.core.blocklist import link
from rblwatch.core.conclusion import Alarm
from rblwatch.core.document import TargetDocument, blocklist_document, target_document, verdict_document
from rblwatch.core.findings import NOUNS, Findings
from rblwatch.core.message import Tally
from rblwatch.core.reading import Reading
from rblwatch.core.target import Target
from rblwatch.core.verdict import Clear, Listed, Unknown

_HEADER = ("TARGET", "VERDICT", "LIST", "SEVERITY", "CODES", "MEANING", "REMOVAL")
#: From this many targets on, they are counted together and not line by line.
_MANY = 16
_NAMED = 5


def print_findings(findings: Findings) -> None:
    """Write a table of all that is listed or unknown, and the counts of everything."""
    rows = [*_said_rows(findings), *_unknown_rows(findings)]
    if rows:
        print_table(_HEADER, rows)
        print_line("")
    advice = advise((reading.blocklist, reading.family, reading.soundness) for reading in findings.readings)
    for line in (*_summary(findings), *findings.gaps, *advice):
        print_line(line)


def print_findings_json(findings: Findings) -> None:
    """Write the JSON of the interface, target by target."""
    print_json(
        {
            "targets": (_target_document(findings, target) for target in findings.targets),
            "blocklists": [blocklist_document(blocklist, soundness) for blocklist, soundness in findings.soundnesses],
        }
    )


def print_findings_line(findings: Findings) -> Alarm:
    """Write the one line of a monitoring plugin."""
    tally, lists = findings.tally, len(findings.soundnesses)
    listings = sorted(
        (-listing.severity.rank, reading.blocklist.id, target.text, listing.severity, ", ".join(listing.labels))
        for reading in findings.readings
        for target, listing in reading.listings.items()
    )
    named = [
        f"{target} listed on {name} ({severity}: {labels})" for _, name, target, severity, labels in listings[:_NAMED]
    ]
    if len(listings) > _NAMED:
        named.append(f"and {len(listings) - _NAMED} more")
    said = "; ".join(named) or f"nothing listed on {counted(lists, 'list')}"
    text = f"{said}; {tally.clear} clear, {tally.unknown} unknown"
    numbers = {"listed": tally.listed, "clear": tally.clear, "unknown": tally.unknown, "lists": lists}
    print_plugin_line(findings.alarm, "; ".join([text, *findings.gaps]), numbers)
    return findings.alarm


def _said_rows(findings: Findings) -> Iterator[Row]:
    """Listings, and what else a list said besides a plain "not listed"; in the order of the targets."""
    said = [(target, reading) for reading in findings.readings for target in reading.said]
    place = {target: number for number, target in enumerate(findings.targets)}
    for target, reading in sorted(said, key=lambda pair: place[pair[0]]):
        name = reading.blocklist.id
        match reading.said[target]:
            case Listed(codes, severity, labels):
                meaning = ": ".join(filter(None, [", ".join(labels), reading.texts.get(target)]))
                removal = link(reading.blocklist.delist_url, target) or link(reading.blocklist.lookup_url, target) or ""
                style = SEVERITIES[severity]
                listed = Cell("listed", style), name, Cell(severity, style)
                yield target.text, *listed, ", ".join(map(str, codes)), meaning, removal
            case Clear(codes, labels):
                clear = Cell("clear", VERDICTS["clear"])
                yield target.text, clear, name, "", ", ".join(map(str, codes)), ", ".join(labels), ""
            case Unknown():
                pass


def _unknown_rows(findings: Findings) -> Iterator[Row]:
    """One row for a list in trouble, whatever it was asked about, and one for each other failure."""
    unknown = Cell("unknown", VERDICTS["unknown"])
    for reading in findings.readings:
        if reading.soundness.reason is not None:
            why = ": ".join(filter(None, [reading.soundness.reason, reading.soundness.detail]))
            yield _asked_about(reading), unknown, reading.blocklist.id, "", "", why, ""
        else:
            for target, verdict in reading.failures.items():
                yield target.text, unknown, reading.blocklist.id, "", "", verdict.reason, ""


def _asked_about(reading: Reading) -> str:
    if len(reading.targets) == 1:
        return next(iter(reading.targets)).text
    return f"all {len(reading.targets)} {NOUNS[reading.family]}"


def _summary(findings: Findings) -> Iterator[str]:
    for name, addresses in findings.addresses.items():
        if addresses:
            yield f"{name} has the addresses {', '.join(address.text for address in addresses)}."
        elif addresses is not None:
            yield f"{name} has no address."
    if len(findings.targets) < _MANY:
        yield from (line for target in findings.targets if (line := _target_line(findings, target)))
        return
    listed = len({target for reading in findings.readings for target in reading.listings})
    lists = counted(len(findings.soundnesses), "list")
    found = f"{counted(findings.tally.listed, 'listing')} of {counted(listed, 'target')}"
    yield f"{len(findings.targets)} targets on {lists}: {found}; {_rest(findings.tally)}"


def _target_line(findings: Findings, target: Target) -> str:
    tally = findings.tally_of(target)
    return (
        f"{target}: listed on {tally.listed} of {counted(tally.lists, 'list')}; {_rest(tally)}" if tally.lists else ""
    )


def _rest(tally: Tally) -> str:
    return f"{tally.clear} clear, {tally.unknown} unknown."


def _target_document(findings: Findings, target: Target) -> TargetDocument:
    verdicts = [
        verdict_document(reading.blocklist, target, verdict, reading.texts.get(target))
        for reading, verdict in findings.about(target)
    ]
    document = target_document(target, verdicts)
    if target in findings.addresses:
        addresses = findings.addresses[target]
        document["addresses"] = None if addresses is None else [address.text for address in addresses]
    return document
