"""What a message tells, read from its text as a person reads it.

Owns the reading of the sentences. Must not know what is right.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rblwatch.core.alert import Line
from tests.support.httpsink import Request

#: The sentence that a section begins with, up to the list's id.
_SENTENCES = (
    (Line.DELISTED, re.compile(r"\b(?:is|are) no longer listed on (\S+) \(")),
    (Line.CHANGED, re.compile(r"\b(?:is|are) listed with other codes than before on (\S+) \(")),
    (Line.LISTED, re.compile(r"\b(?:is|are) listed on (\S+) \(")),
    (Line.WAS_LISTED, re.compile(r"\b(?:was|were) listed on (\S+) \(")),
)
#: How a section about a list as a whole, or about who is on it, begins.
_HEADS = (
    ("blind", re.compile(r" (?:cannot be believed|cannot be reached|refuses? to answer us)(?: \(.*\))?\.$")),
    ("sighted", re.compile(r" can be believed again\.$")),
    ("lost", re.compile(r" (?:is|are) no longer on the allow list ")),
    ("delisted", re.compile(r" (?:is|are) no longer listed on ")),
    ("listed", re.compile(r" (?:is|are) listed on ")),
)
_ENDED = re.compile(r"\b(?:is|are) no longer followed: ")
ADDRESS = re.compile(r"\b\d+\.\d+\.\d+\.\d+\b")
_ADDRESS_AND_LIST = re.compile(r"\((\d+\.\d+\.\d+\.\d+)\) on ([^\s,]+)")

#: What is said, and about which address; an empty one where it is about a list.
Said = tuple[str, str]

BEGINNINGS = frozenset({Line.LISTED, Line.WAS_LISTED})
ENDINGS = frozenset({Line.DELISTED, Line.WAS_LISTED, Line.ENDED})


@dataclass(frozen=True, slots=True)
class Told:
    """One thing told about one address on one list."""

    line: Line
    address: str
    blocklist: str


def chat_text(request: Request) -> str:
    """The text of a message in a `json://` sink."""
    return str(json.loads(request.body)["message"])


def read(text: str) -> list[Told]:
    """All that a message says about addresses on lists, in its order."""
    return [told for section in sections(text) for told in _read_section(section)]


def sections(text: str) -> list[str]:
    """The parts of a message, each about one thing."""
    return [section.strip() for section in text.replace("\r\n", "\n").split("\n\n")]


def read_about(text: str, zone: str) -> Iterator[Said]:
    """What a message says of a list or of who is on it, one by one; what cannot be read comes as it is."""
    for section in sections(text):
        head, _, rest = section.partition("\n")
        items = rest.partition("\n")[0]
        if zone in head or (zone in items and not ADDRESS.search(items)):
            what = next((what for what, pattern in _HEADS if pattern.search(head)), head)
            yield from ((what, address) for address in ADDRESS.findall(head) or ADDRESS.findall(items) or [""])


def _read_section(section: str) -> list[Told]:
    lines = section.split("\n")
    head = lines[0]
    items = lines[1] if head.endswith(":") and len(lines) > 1 else ""
    if _ENDED.search(head):
        whole = f"{head[: head.index(' no longer')]} {items or (lines[1] if len(lines) > 1 else '')}"
        return [Told(Line.ENDED, address, blocklist) for address, blocklist in _ADDRESS_AND_LIST.findall(whole)]
    for line, sentence in _SENTENCES:
        if found := sentence.search(head):
            addresses = ADDRESS.findall(items or head)
            return [Told(line, address, found[1]) for address in addresses]
    return []
