"""The definitions in Python files by their qualified names, with what else is right to name in their place.

For a file ``a/b.py`` with ``class C: def __init__(self): ...`` the class and its constructor make one group:
who names either as the target of ``C()`` is right. So do the overloads of a function, and its variants.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from msgspec import Struct

from benchmarks.graph.sources import Sources
from benchmarks.graph.truth import Target

_CONSTRUCTORS = ("__init__", "__new__")
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class PythonNames(Struct, frozen=True):
    """What the syntax trees of a repository say."""

    groups: dict[Target, tuple[Target, ...]]
    """By the line of a definition's name, all that is right in its place."""
    qualified: dict[tuple[str, str], tuple[Target, ...]]
    """The same by the module's name and the qualified name in it."""
    aliases: dict[str, set[str]]
    """By path, the names that ``import x as y`` gives."""
    modules: frozenset[str]


def python_names(sources: Sources, module_of: dict[str, str]) -> PythonNames:
    """Return the names in the files of ``module_of``, which gives the module of each path.

    A file that does not parse has none.
    """
    lines: dict[tuple[str, str], list[Target]] = defaultdict(list)
    aliases: dict[str, set[str]] = {}
    for path, module in module_of.items():
        try:
            tree = ast.parse(b"\n".join(sources.lines(path)))
        except (SyntaxError, ValueError):
            continue
        aliases[path] = {
            alias.asname
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
            if alias.asname
        }
        for name, line in _definitions(tree, ""):
            lines[module, name].append(Target(path, line))
    qualified = {key: _with_constructors(lines, key) for key in list(lines)}
    groups = {target: qualified[key] for key, targets in lines.items() for target in targets}
    return PythonNames(groups, qualified, aliases, frozenset(module_of.values()))


def _with_constructors(
    lines: dict[tuple[str, str], list[Target]], key: tuple[str, str]
) -> tuple[Target, ...]:
    module, name = key
    keys = [key, *((module, f"{name}.{constructor}") for constructor in _CONSTRUCTORS)]
    return tuple(sorted({target for each in keys for target in lines.get(each, ())}))


def _definitions(node: ast.AST, prefix: str) -> Iterator[tuple[str, int]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Definition):
            yield prefix + child.name, child.lineno
            yield from _definitions(child, f"{prefix}{child.name}.")
        else:
            yield from _definitions(child, prefix)
