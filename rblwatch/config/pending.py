"""Which parts of the configuration are accepted and do nothing yet.

Owns one table of keys whose feature a later version brings. A row goes when its feature comes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from rblwatch.config.lines import KeyPath, written
from rblwatch.config.problems import Problem

_UNSENT = {"unstable", "relay"}


def _all_unsent(value: object) -> bool:
    return isinstance(value, list) and all(topic in _UNSENT for topic in value)


_ANY_ELEMENT = re.compile(r"\[[0-9]+\]")

#: Key, with `[]` for any element of an array; which values are meant, None for any; what does not happen.
NOT_YET: tuple[tuple[str, Callable[[object], bool] | None, str], ...] = (
    ("alerts.flap", None, "a listing that comes and goes is not told as unstable"),
    ("routes[].on", _all_unsent, "nothing sends any of these topics, so this route tells nothing"),
    ("web.listen", None, "there is no page"),
    ("web.token", None, "there is no page"),
    ("web.trusted_proxies", None, "there is no page"),
    ("relay_audit.servers", None, "open relays are not looked for"),
)


def without_effect(file: str, effective: Mapping[str, object], lines: Mapping[KeyPath, int]) -> tuple[Problem, ...]:
    """What an admin wrote down and nothing reads yet; an empty value is not reported."""
    found = []
    for path, line in lines.items():
        key = _ANY_ELEMENT.sub("[]", written(path))
        for pattern, meant, message in NOT_YET:
            if key == pattern and (value := _value_at(effective, path)) and (meant is None or meant(value)):
                found.append(Problem(file, line, written(path), f"has no effect yet: {message}"))
    return tuple(sorted(found, key=lambda problem: problem.line or 0))


def _value_at(effective: object, path: KeyPath) -> object:
    for part in path:
        match effective, part:
            case dict(), str():
                effective = effective.get(part)
            case list(), int():
                effective = effective[part]
            case _:
                return None
    return effective
