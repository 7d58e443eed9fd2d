"""Finds the file that a script's import names.

A relative path stands for a file with one of some ends, or for the ``index`` of a folder; ``./a.js`` may be
written for ``a.ts``. Other names are patterns of ``tsconfig.json``, or packages of the repository by their
``package.json``, whose built files stand for their sources. All else is outside.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from functools import cached_property

from semindex.graph.corpus import Corpus, Unit
from semindex.parse.facts.manifests import BASE, EXTENDS, PACKAGE

_ENDS = (
    ".ts",
    ".tsx",
    ".mts",
    ".cts",
    ".js",
    ".jsx",
    ".mjs",
    ".cjs",
    ".d.ts",
    ".d.mts",
    ".d.cts",
    ".vue",
    ".svelte",
)
_WRITTEN = re.compile(r"\.(?:d\.)?[cm]?[jt]sx?$")
_BUILT = re.compile(r"^(?:dist|lib|build|out|esm|cjs|types|es|\.)(?:/(?:esm|cjs|types|es|src))?/")
_MOST_EXTENDED = 8


class Packages:
    """The modules of one repository."""

    def __init__(self, corpus: Corpus) -> None:
        """Take the corpus; look at nothing yet."""
        self.corpus = corpus
        self._known: dict[tuple[str, str], int] = {}

    def found(self, path: str, module: str) -> int:
        """The file that a module's name means in the file with a path; -1 for none of the index."""
        folder = posixpath.dirname(path)
        key = (folder, module)
        if key not in self._known:
            self._known[key] = self._found(folder, module)
        return self._known[key]

    def _found(self, folder: str, module: str) -> int:
        if module.startswith((".", "/")):
            return self._at(posixpath.normpath(posixpath.join(folder, module)))
        for candidate in self._patterned(folder, module):
            file = self._at(candidate)
            if file >= 0:
                return file
        return self._packaged(folder, module)

    def _at(self, path: str) -> int:
        """The file that a path without or with an end means; -1 for none."""
        files = self.corpus.path_of
        if path.startswith("../"):
            return -1
        path = "" if path == "." else path
        bare = _WRITTEN.sub("", path)
        names = [path]
        if bare != path:
            names = [f"{bare}{end}" for end in _twins(path[len(bare) :])]
        names += [f"{path}{end}" for end in _ENDS]
        names += [f"{path}/index{end}" if path else f"index{end}" for end in _ENDS]
        for name in names:
            file = files.get(name, -1)
            if file >= 0 and self.corpus.language(file) != "json":
                return file
        return -1

    @cached_property
    def _packages(self) -> dict[str, tuple[str, Unit]]:
        """By their names the packages of the repository: folder, and facts of ``package.json``."""
        found: dict[str, tuple[str, Unit]] = {}
        for path, file in sorted(self.corpus.path_of.items(), key=lambda pair: (pair[0].count("/"), pair[0])):
            if posixpath.basename(path) == PACKAGE:
                unit = self.corpus.unit(file)
                if unit is not None and unit.facts.package:
                    found.setdefault(unit.facts.package, (posixpath.dirname(path), unit))
        return found

    def _packaged(self, folder: str, module: str) -> int:
        if module.startswith("#"):
            return self._shortcut(folder, module)
        parts = module.split("/")
        size = 2 if module.startswith("@") else 1
        known = self._packages.get("/".join(parts[:size]))
        if known is None:
            return -1
        home, unit = known
        below = "/".join(parts[size:])
        asked = f"./{below}" if below else "."
        for target in self._mapped(unit, asked):
            file = self._source(home, target)
            if file >= 0:
                return file
        return self._source(home, f"./{below}") if below else -1

    def _shortcut(self, folder: str, module: str) -> int:
        """``#name`` is looked up in the ``package.json`` of the nearest folder."""
        for home, unit in self._manifests(folder, PACKAGE):
            for target in self._mapped(unit, module):
                file = self._source(home, target)
                if file >= 0:
                    return file
        return -1

    def _manifests(self, folder: str, name: str) -> Iterator[tuple[str, Unit]]:
        """The facts of the files with a name in a folder and those above it, the nearest first."""
        while True:
            file = self.corpus.path_of.get(posixpath.join(folder, name), -1)
            unit = self.corpus.unit(file) if file >= 0 else None
            if unit is not None:
                yield folder, unit
            if not folder:
                return
            folder = posixpath.dirname(folder)

    @staticmethod
    def _mapped(unit: Unit, asked: str) -> Iterator[str]:
        """What stands for a name in the order in which it is written; a star stands for any text."""
        names = unit.facts.names
        for each in unit.facts.imports:
            pattern, target = names[each.local], names[each.module]
            if pattern == asked:
                yield target
                continue
            before, star, after = pattern.partition("*")
            is_long = len(asked) >= len(before) + len(after)
            if star and is_long and asked.startswith(before) and asked.endswith(after):
                yield target.replace("*", asked[len(before) : len(asked) - len(after)])

    def _source(self, home: str, target: str) -> int:
        """The source of a file of a package, which may be one that is built from it."""
        target = posixpath.normpath(target)
        candidates = [
            target,
            _BUILT.sub("src/", target, count=1),
            f"src/{target}",
            _BUILT.sub("", target, count=1),
        ]
        for each in candidates:
            file = self._at(posixpath.normpath(posixpath.join(home, each)))
            if file >= 0:
                return file
        return -1

    def _patterned(self, folder: str, module: str) -> Iterator[str]:
        """The paths that the nearest configuration of a compiler has for a module."""
        for name in ("tsconfig.json", "jsconfig.json"):
            for home, unit in self._manifests(folder, name):
                yield from self._configured(home, unit, module, 0)

    def _configured(self, home: str, unit: Unit, module: str, depth: int) -> Iterator[str]:
        base, extended = "", ""
        for each in unit.facts.imports:
            local = unit.facts.names[each.local]
            base = unit.facts.names[each.module] if local == BASE else base
            extended = unit.facts.names[each.module] if local == EXTENDS else extended
        root = posixpath.normpath(posixpath.join(home, base))
        for target in self._mapped(unit, module):
            yield posixpath.normpath(posixpath.join(root, target))
        if base:
            yield posixpath.normpath(posixpath.join(root, module))
        if extended.startswith(".") and depth < _MOST_EXTENDED:
            path = posixpath.normpath(posixpath.join(home, extended))
            for name in (path, f"{path}.json"):
                file = self.corpus.path_of.get(name, -1)
                inner = self.corpus.unit(file) if file >= 0 else None
                if inner is not None:
                    yield from self._configured(posixpath.dirname(name), inner, module, depth + 1)


def _twins(end: str) -> tuple[str, ...]:
    """The ends that files may have whose name is written with an end."""
    kind = "m" if "m" in end else "c" if "c" in end else ""
    if end.endswith("x"):
        return (end, ".tsx", ".jsx", ".d.ts")
    if "ts" in end:
        return (end, f".d.{kind}ts")
    return (f".{kind}ts", f".{kind}tsx", end, f".{kind}jsx", f".d.{kind}ts")
