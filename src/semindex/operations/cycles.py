"""The cycles of imports between the files of a repository."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

from msgspec import Struct
from msgspec.structs import replace

from semindex.errors import QueryError
from semindex.operations.base import Operation, Request, option
from semindex.operations.search import Refreshing, Scope
from semindex.types import Coverage, Upkept

if TYPE_CHECKING:
    from semindex.graph.importing import Imported
    from semindex.search.hits import Reader
    from semindex.snapshot import Snapshot

TYPES_ONLY, LATER, AS_PROGRAM = "for types only", "inside a function", "only when run as a program"
_TYPE_IMPORT = re.compile(r"\s*(?:import|export)\s+type\b")
_MAIN = re.compile(r"\s*if\s+__name__\s*==")
_TYPE_CHECKING = re.compile(r"\s*(?:el)?if\b.*\bTYPE_CHECKING\b")


class Cycles(Request, frozen=True, kw_only=True):
    """The cycles of imports between files."""

    refused = QueryError

    limit: Annotated[int, option("Show at most this many cycles.", least=1, short="-n", metavar="NUM")] = 50
    no_harmless: Annotated[
        bool, option("Leave out cycles that only imports for types, or inside functions, close.")
    ] = False
    scope: Scope = ""
    refresh: Refreshing = False


class CycleStep(Struct, frozen=True):
    """An import in a cycle."""

    path: str
    """Root-relative, of the file that imports."""
    start_line: int
    """1-based."""
    module: str
    """As the file writes it."""
    imported: str
    """The path of the file that is imported."""
    put_off: str
    """Why it does not run when its file is loaded; empty for one that does."""


class FileCycle(Struct, frozen=True):
    """Files that import each other, directly or through others."""

    files: tuple[str, ...]
    """By path."""
    steps: tuple[CycleStep, ...]
    """The imports of a shortest cycle among them, which begins with the first of its files by path."""
    harmless: bool
    """Whether there would be none without the imports that are put off."""


class ImportCycles(Struct, frozen=True):
    """An answer: those that matter first, then the largest first."""

    cycles: tuple[FileCycle, ...]
    total: int
    """How many there are in all."""
    coverage: Coverage
    seconds: float = 0.0

    def lines(self) -> Iterator[str]:
        """The answer as text: a line a cycle, then one for each import of the way round, indented."""
        for each in self.cycles:
            kind = "harmless cycle" if each.harmless else "cycle"
            yield f"{kind} of {len(each.files)} files"
            for step in each.steps:
                why = f" ({step.put_off})" if step.put_off else ""
                yield f"  {step.path}:{step.start_line}: {step.module} -> {step.imported}{why}"
            others = sorted({*each.files} - {step.path for step in each.steps})
            if others:
                yield f"  also in it: {', '.join(others)}"


def cycles(
    snapshot: Snapshot, asked: Cycles, checked: Sequence[Upkept] = (), *, started: float | None = None
) -> ImportCycles:
    """The cycles of imports between files of the first repository.

    Raises:
        NotIndexed: The index has no code graph.
        IndexCorrupt: A file of the index is damaged; a refresh rebuilds what it held.
    """
    from semindex.graph.cycles import import_cycles

    started = time.perf_counter() if started is None else started
    scope = asked.scope.strip("/")
    with snapshot.blaming_damage():
        relations = snapshot.relations()
        path = relations.corpus.path
        files = [file for each, file in relations.corpus.path_of.items() if _is_in(each, scope)]
        why = _put_off(snapshot, snapshot.reader())
        found = list(import_cycles(relations, files, why))
        if asked.no_harmless:
            found = [each for each in found if not each.harmless]
        shown = tuple(
            FileCycle(
                tuple(map(path, each.files)),
                tuple(
                    CycleStep(path(step.file), step.line, step.module, path(step.target.file), why(step))
                    for step in each.steps
                    if step.target is not None
                ),
                each.harmless,
            )
            for each in found[: asked.limit]
        )
    coverage = snapshot.coverage(checked)
    if len(found) > len(shown):
        note = f"{len(found) - len(shown):,} more cycles; --limit shows more"
        coverage = replace(coverage, notes=(*coverage.notes, note))
    return ImportCycles(shown, len(found), coverage, time.perf_counter() - started)


def _is_in(path: str, scope: str) -> bool:
    return not scope or path == scope or path.startswith(scope + "/")


def _put_off(snapshot: Snapshot, reader: Reader) -> Callable[[Imported], str]:
    """Says why an import does not run when its file is loaded."""
    from semindex.parse.facts.model import Form

    corpus = snapshot.relations().corpus
    known: dict[int, list[str]] = {}

    def why(each: Imported) -> str:
        unit = corpus.unit(each.file)
        scopes = [one.scope for one in unit.facts.imports if one.line == each.line] if unit else []
        inner = max(scopes, default=-1)
        while unit is not None and inner >= 0:
            definition = unit.definition(inner)
            if definition.form == Form.FUNCTION:
                return LATER
            inner = definition.parent
        if each.file not in known:
            known[each.file] = (reader.text(each.file) or b"").decode("utf-8", "replace").split("\n")
        return _condition(known[each.file], each.line)

    return why


def _condition(lines: Sequence[str], line: int) -> str:
    """Why the import on a line, from 1, is put off by how it is written, or by what it stands under."""
    if not 1 <= line <= len(lines):
        return ""
    if _TYPE_IMPORT.match(lines[line - 1]):
        return TYPES_ONLY
    indent = _indent(lines[line - 1])
    for above in reversed(lines[: line - 1]):
        if not indent:
            return ""
        if above.strip() and _indent(above) < indent:
            if _TYPE_CHECKING.match(above) or _MAIN.match(above):
                return AS_PROGRAM if _MAIN.match(above) else TYPES_ONLY
            indent = _indent(above)
    return ""


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


OPERATION = Operation("cycles", "cycles", Cycles, ImportCycles)
"""``semindex cycles``."""
