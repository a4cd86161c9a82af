"""What a message tells, read from its text as a person reads it.

Owns the reading of the sentences. Must not know what is right.
"""

from __future__ import annotations

import json
import re
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
_ENDED = re.compile(r"\b(?:is|are) no longer followed: ")
_ADDRESS = re.compile(r"\b\d+\.\d+\.\d+\.\d+\b")
_ADDRESS_AND_LIST = re.compile(r"\((\d+\.\d+\.\d+\.\d+)\) on ([^\s,]+)")

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
    return [told for section in text.replace("\r\n", "\n").split("\n\n") for told in _read_section(section)]


def _read_section(section: str) -> list[Told]:
    lines = section.strip().split("\n")
    head = lines[0]
    items = lines[1] if head.endswith(":") and len(lines) > 1 else ""
    if _ENDED.search(head):
        whole = f"{head[: head.index(' no longer')]} {items or (lines[1] if len(lines) > 1 else '')}"
        return [Told(Line.ENDED, address, blocklist) for address, blocklist in _ADDRESS_AND_LIST.findall(whole)]
    for line, sentence in _SENTENCES:
        if found := sentence.search(head):
            addresses = _ADDRESS.findall(items or head)
            return [Told(line, address, found[1]) for address in addresses]
    return []
