"""C, by libclang, which the package ``libclang`` has with its Python interface."""

from __future__ import annotations

import ctypes
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from benchmarks.graph.oracles.options import Options, OracleError
from benchmarks.graph.sources import Sources, revision
from benchmarks.graph.truth import Site, Target, Truth, Verdict, merged

_SUFFIXES = (".c", ".h")
_CALL = re.compile(rb"\s*\(")
_DETAILED_PREPROCESSING = 1
"""``CXTranslationUnit_DetailedPreprocessingRecord``: macros and their uses become cursors."""


class Use(Struct, frozen=True):
    """A name in the source, and what it refers to."""

    path: str
    line: int
    column: int
    name: str
    usr: str
    """Clang's name for the thing over all files (a Unified Symbol Resolution); empty for a macro."""
    verdict: Verdict
    declared: Target | None
    """Where clang saw it declared, if that is in the repository."""


def truth(root: Path, options: Options) -> Truth:
    """Return what libclang says about the C files of ``root`` as they are compiled on this system.

    Each ``.c`` file is parsed by itself, with the folders of all headers behind those of the system, and each
    header with the first file that includes it. What is missing makes its names unknown, no error.

    Raises:
        OracleError: libclang is not installed.
    """
    clang = _libclang()
    sources = Sources(root, _SUFFIXES)
    reader = _Reader(clang, root, sources)
    arguments = [*_includes(sources, root), *options.flags]
    for path in sources.paths:
        if path.endswith(".c"):
            reader.read(path, arguments)
    files: dict[str, list[Site]] = defaultdict(list)
    for use in reader.uses:
        if use.usr in reader.implicit and use.usr not in reader.defined:
            use = msgspec.structs.replace(use, verdict=Verdict.EXTERNAL, declared=None)
        files[use.path].append(_site(use, reader.defined, sources))
    answer = {path: merged(sites) for path, sites in files.items()}
    return Truth("c", f"libclang {_version()}", root.name, revision(root), answer)


def _libclang() -> Any:
    try:
        from clang import cindex
    except ImportError:
        raise OracleError("The package libclang is not installed: pip install libclang") from None
    return cindex


def _version() -> str:
    from importlib.metadata import version

    return version("libclang")


def _includes(sources: Sources, root: Path) -> list[str]:
    """Return arguments: the folders of headers, and the compiler's own, which libclang lacks."""
    folders = {str((root / path).parent) for path in sources.paths if path.endswith(".h")}
    built_in = subprocess.run(
        ["cc", "-print-file-name=include"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return [
        *(f"-idirafter{folder}" for folder in sorted(folders)),
        "-isystem",
        built_in,
        "-x",
        "c",
        "-std=gnu11",
        "-w",
    ]


class _Reader:
    """Reads files one after another, and keeps the uses and the definitions of functions of all."""

    def __init__(self, clang: Any, root: Path, sources: Sources) -> None:
        self.uses: list[Use] = []
        self.defined: dict[str, set[Target]] = defaultdict(set)
        self.implicit: set[str] = set()
        """The functions that a call declares, because clang knows them: of the system, without header."""
        self._clang = clang
        self._root = root
        self._sources = sources
        self._index = clang.Index.create()
        self._read: set[str] = set()
        self._places: dict[str, str | None] = {}
        kinds = self._kinds = clang.CursorKind
        self._references = (kinds.DECL_REF_EXPR, kinds.MEMBER_REF_EXPR, kinds.MACRO_INSTANTIATION)

    def read(self, path: str, arguments: list[str]) -> None:
        """Parse a file, and read it and what it includes that was not read before."""
        try:
            unit = self._index.parse(str(self._root / path), arguments, options=_DETAILED_PREPROCESSING)
        except self._clang.TranslationUnitLoadError:
            return
        here: set[str] = set()
        for cursor in unit.cursor.get_children():
            file = cursor.location.file
            inside = self._inside(file.name) if file else None
            if inside is not None and inside not in self._read:
                here.add(inside)
                self._visit(cursor)
        self._read |= here

    def _visit(self, top: Any) -> None:
        stack = [top]
        while stack:
            cursor = stack.pop()
            self._note(cursor)
            stack.extend(cursor.get_children())

    def _note(self, cursor: Any) -> None:
        kind = cursor.kind
        if kind == self._kinds.FUNCTION_DECL:
            place = self._place(cursor)
            if place and cursor.is_definition():
                self.defined[cursor.get_usr()].add(Target(place[0], place[1]))
        elif kind in self._references:
            self.uses.extend(self._uses(cursor))

    def _uses(self, cursor: Any) -> Iterator[Use]:
        place, referenced = self._place(cursor), cursor.referenced
        if not place or referenced is None:
            return
        declared = self._place(referenced)
        if declared == place:
            self.implicit.add(referenced.get_usr())
        where = Target(declared[0], declared[1]) if declared else None
        name, verdict = cursor.spelling, Verdict.INTERNAL if where else Verdict.EXTERNAL
        if referenced.kind == self._kinds.MACRO_DEFINITION:
            yield Use(*place, name, "", verdict, where)
        elif referenced.kind == self._kinds.FUNCTION_DECL and not referenced.extent.start.line:
            return  # declared by its first call alone: the header with the declaration is missing
        elif referenced.kind == self._kinds.FUNCTION_DECL:
            yield Use(
                *place, name, referenced.get_usr(), Verdict.INTERNAL if where else Verdict.EXTERNAL, where
            )
        else:
            yield Use(*place, name, "", Verdict.VALUE, None)

    def _place(self, cursor: Any) -> tuple[str, int, int] | None:
        """Return where the name of ``cursor`` stands, if it stands in a file of the repository.

        Names in the arguments of a macro have their own place. What a macro's text brings has the place of
        the macro's name, which is another one.
        """
        path, line, column = self._spelled(cursor)
        inside = self._inside(path) if path else None
        if not inside or not inside.endswith(_SUFFIXES):
            return None
        if not self._sources.stands(cursor.spelling, inside, line, column):
            return None
        return inside, line, column

    def _spelled(self, cursor: Any) -> tuple[str, int, int]:
        file, line = self._clang.c_object_p(), ctypes.c_uint()
        column, offset = ctypes.c_uint(), ctypes.c_uint()
        ask = self._clang.conf.lib.clang_getSpellingLocation
        ask(cursor.location, *(ctypes.byref(each) for each in (file, line, column, offset)))
        if not file:
            return "", 0, 0
        return self._clang.File(file).name, line.value, column.value

    def _inside(self, path: str) -> str | None:
        if path not in self._places:
            full = Path(path).resolve()
            self._places[path] = (
                full.relative_to(self._root).as_posix() if full.is_relative_to(self._root) else None
            )
        return self._places[path]


def _site(use: Use, defined: dict[str, set[Target]], sources: Sources) -> Site:
    behind = sources.behind(use.path, use.line, use.column + len(use.name.encode()))
    call = _CALL.match(behind) is not None
    targets = _targets(use, defined, sources) if use.verdict is Verdict.INTERNAL else ()
    return Site(use.line, use.column, use.name, call, use.verdict, targets)


def _targets(use: Use, defined: dict[str, set[Target]], sources: Sources) -> tuple[Target, ...]:
    """Return the definitions, or the declaration where there is none, with the variants in the same files."""
    found = set(defined.get(use.usr, ()))
    if not found and use.declared:
        found.add(use.declared)
    pattern = _macro(use.name) if not use.usr else _function(use.name)
    for path in {target.path for target in found}:
        found.update(_variants(path, pattern, sources))
    return tuple(sorted(found))


def _variants(path: str, pattern: re.Pattern[bytes], sources: Sources) -> Iterable[Target]:
    """Return the lines of a file that begin a definition, also under an ``#if`` that does not hold here."""
    return (Target(path, at) for at, line in enumerate(sources.lines(path), 1) if pattern.match(line))


def _macro(name: str) -> re.Pattern[bytes]:
    return re.compile(rb"\s*#\s*define\s+%s\b" % re.escape(name.encode()))


def _function(name: str) -> re.Pattern[bytes]:
    return re.compile(rb"(?:[A-Za-z_][\w\s*]*[\s*])?%s\s*\([^;=]*$" % re.escape(name.encode()))
