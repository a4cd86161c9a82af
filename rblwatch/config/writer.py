"""The effective configuration as TOML.

Owns the writing of TOML from plain values. Must not see a secret: what comes in is masked already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rblwatch.config.lines import written_key, written_text


def as_toml(document: Mapping[str, object]) -> str:
    """Write a document that reads back to the same values; single values first, then tables, in the order given."""
    return "\n".join(_table(document, "")).strip("\n") + "\n"


def _table(values: Mapping[str, object], prefix: str) -> Iterator[str]:
    for key, value in values.items():
        if not _is_section(value, prefix):
            yield f"{written_key(key)} = {_value(value)}"
    for key, value in values.items():
        if not _is_section(value, prefix):
            continue
        path = f"{prefix}.{written_key(key)}" if prefix else written_key(key)
        for header, section in _sections(path, value):
            if isinstance(value, list) or not _implied(section, path):
                yield f"\n{header}"
            yield from _table(section, path)


def _sections(path: str, value: object) -> Iterator[tuple[str, Mapping[str, object]]]:
    match value:
        case dict():
            yield f"[{path}]", value
        case list():
            yield from ((f"[[{path}]]", element) for element in value)


def _implied(section: Mapping[str, object], path: str) -> bool:
    """Whether the headers of the tables inside say enough."""
    return bool(section) and all(_is_section(inner, path) for inner in section.values())


def _is_section(value: object, prefix: str) -> bool:
    """Whether a value gets a header of its own; a small flat table inside a section stays on its line."""
    match value:
        case dict():
            return not prefix or any(isinstance(inner, (dict, list)) for inner in value.values())
        case list():
            return bool(value) and all(isinstance(element, dict) for element in value)
        case _:
            return False


def _value(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return written_text(value)
        case list():
            return f"[{', '.join(_value(element) for element in value)}]"
        case dict():
            pairs = ", ".join(f"{written_key(key)} = {_value(inner)}" for key, inner in value.items())
            return f"{{ {pairs} }}" if pairs else "{}"
        case _:
            return str(value)
