"""The rules stay pure, in what import-linter cannot see: the clock of `datetime`, files and the terminal."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import rblwatch.core

CORE = Path(rblwatch.core.__file__).parent
IMPURE_CALLS = {"now", "utcnow", "today", "fromtimestamp", "open", "print", "input", "exec", "eval", "__import__"}


def nodes() -> Iterator[tuple[str, ast.AST]]:
    for path in sorted(CORE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            yield f"{path.name}:{getattr(node, 'lineno', 0)}", node


def test_core_imports_the_standard_library_and_itself_only() -> None:
    foreign = []
    for where, node in nodes():
        match node:
            case ast.Import():
                foreign += [
                    (where, name.name) for name in node.names if name.name.split(".")[0] not in sys.stdlib_module_names
                ]
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] not in sys.stdlib_module_names:
                foreign += [(where, module)] * (not module.startswith("rblwatch.core"))
    assert foreign == []


def test_core_reads_no_clock_and_does_no_io() -> None:
    calls = []
    for where, node in nodes():
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in IMPURE_CALLS:
                calls.append((where, name))
    assert calls == []
