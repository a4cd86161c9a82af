"""Domain names as people write them, and as registries sell them.

Owns the step from other letters to A-labels (IDNA 2008 with the mapping of UTS 46), and the registrable part of a name:
the one door for `idna` and the Public Suffix List. Must not look a name up. The list comes with its package; nothing is
fetched, and a newer package brings a newer list.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from rblwatch.core.target import Family, NotATarget, Target, parse_name

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList


def to_ascii(text: str) -> str:
    """Write a name with other letters in A-labels; a text in ASCII comes back as it is, whatever it is.

    What IDNA 2003 and IDNA 2008 write differently (a sharp s, a final sigma) is read as IDNA 2008 does.
    Raises: NotATarget.
    Source: RFC 5891; Unicode Technical Standard 46, non-transitional.
    """
    if text.isascii():
        return text
    import idna  # noqa: PLC0415 - its tables take a while to load, and few names need them

    try:
        mapped = idna.uts46_remap(text, std3_rules=False, transitional=False)
        return ".".join(label if label.isascii() else idna.alabel(label).decode() for label in mapped.split("."))
    except (idna.IDNAError, UnicodeError) as error:
        raise NotATarget(
            f"'{text}' is not a domain name that IDNA can write; write it as a registry does, in 'xn--…' labels"
        ) from error


def parse_domain(text: str) -> Target:
    """Read a domain name as people write it.

    Raises: NotATarget.
    """
    return parse_name(to_ascii(text))


def registrable(name: Target) -> Target | None:
    """The part of a name that somebody registered: a public suffix and one label; None for a public suffix itself.

    Suffixes that companies opened to their customers count as public, as lists of domains see them.
    Source: publicsuffix.org.
    """
    found = _suffixes().privatesuffix(name.text)
    return None if found is None else Target(found, Family.NAME)


@cache
def _suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList  # noqa: PLC0415 - the list takes a while to read

    return PublicSuffixList()
