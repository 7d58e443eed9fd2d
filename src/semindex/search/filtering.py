"""Which files and chunks the filters of a query let pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from semindex.search.patterns import LinesMatching, chunks_with
from semindex.search.query import path_filter, repository_filter, within
from semindex.source.languages import kind_of
from semindex.store.generation import Generation
from semindex.tokens import defined_name, symbol_key
from semindex.types import Filters, Kind, Mask

_NO_DEFINITIONS = frozenset((Kind.BLOCK, Kind.TEXT, Kind.CONFIG))
"""The kinds of chunks that no definition owns."""


class Passing(NamedTuple):
    """What passes."""

    files: Mask
    """Live files, shape ``(files,)``."""
    chunks: Mask | None
    """Chunks of the wanted kinds and names, shape ``(chunks,)``; None when every chunk will do."""
    notes: tuple[str, ...] = ()
    """What a filter by kind or name cannot find here."""


def passing(
    generation: Generation,
    filters: Filters,
    scopes: Sequence[Sequence[str]] = (),
    called: Sequence[Sequence[str]] = (),
) -> Passing:
    """What passes all filters.

    Args:
        generation: The files.
        filters: Those of the query.
        scopes: For each repository the folders that are searched; none, or an empty one, limits nothing.
        called: The names of each repository.
    """
    files, notes = _of_repositories(generation, filters, called)
    if filters.languages:
        names, numbers = generation.languages
        wanted = [number for number, name in enumerate(names) if name in filters.languages]
        files &= np.isin(numbers, wanted)
    passes = path_filter(filters)
    if passes is not None:
        for file in np.flatnonzero(files).tolist():
            files[file] = passes(generation.path(file))
    for number, folders in enumerate(scopes):
        inside = within(folders)
        if inside is not None:
            for file in np.flatnonzero(files & generation.of_repository(number)).tolist():
                files[file] = inside(generation.path(file))
    chunks: Mask | None = None
    if filters.kinds:
        # A block of configuration is of the kind of its settings, where these were found.
        more = (Kind.SETTING,) if Kind.CONFIG in filters.kinds else ()
        kinds = (*filters.kinds, *more)
        # One chunk may have several small definitions, of which only the first gives it its kind.
        chunks = np.isin(generation.chunk_kinds, [int(kind) for kind in kinds]) | generation.starts_of(kinds)
        none = not (files & _having(generation, chunks)).any()
        notes += _missing(generation, filters, files, none=none)
    if filters.symbols:
        defining = _defining(generation, filters.symbols)
        if not (files & _having(generation, defining)).any():
            looked = _files(int(files.sum()))
            notes.append(f"no definition of {' or '.join(filters.symbols)} in the {looked} that may have one")
        chunks = defining if chunks is None else chunks & defining
    if chunks is None:
        return Passing(files, None, tuple(notes))
    return Passing(files & _having(generation, chunks), chunks, tuple(notes))


def with_lines(
    generation: Generation, found: Passing, patterns: Sequence[str], lines_matching: LinesMatching
) -> tuple[Passing, dict[int, list[int]]]:
    """What passes of what passed before: chunks that each pattern matches; and the lines, by chunk."""
    lines: dict[int, list[int]] = {}
    files, kinds = found.files, found.chunks
    for number, pattern in enumerate(patterns):
        matching = chunks_with(generation, lines_matching(pattern, files.nonzero()[0]))
        allowed = set(matching) if number == 0 else set(matching) & set(lines)
        lines = {
            chunk: sorted({*lines.get(chunk, ()), *matching[chunk]})
            for chunk in sorted(allowed)
            if (kinds is None or kinds[chunk]) and files[generation.chunk_file[chunk]]
        }
        chunks = np.zeros(generation.chunks, dtype=bool)
        chunks[[*lines]] = True
        files = files & _having(generation, chunks)
        kinds = chunks
    return found._replace(files=files, chunks=kinds), lines


def _of_repositories(
    generation: Generation, filters: Filters, names: Sequence[Sequence[str]]
) -> tuple[Mask, list[str]]:
    """The live files of the repositories that pass, shape ``(files,)``; with a note when none does."""
    files = generation.file_live.copy()
    passes = repository_filter(filters)
    if passes is None:
        return files, []
    left_out = [number for number, known in enumerate(names) if not passes(known)]
    for number in left_out:
        files &= ~generation.of_repository(number)
    if len(left_out) < len(names):
        return files, []
    return files, [f"repo: lets none of the repositories pass: {', '.join(each[0] for each in names)}"]


def _having(generation: Generation, chunks: Mask) -> Mask:
    """The files that have one of some chunks, shape ``(files,)``."""
    has = np.zeros(generation.files, dtype=bool)
    has[generation.chunk_file[chunks]] = True
    return has


def _defining(generation: Generation, names: Sequence[str]) -> Mask:
    """The chunks in which a definition begins that has one of some names, shape ``(chunks,)``."""
    chunks = np.zeros(generation.chunks, dtype=bool)
    for wanted in map(defined_name, names):
        for number in generation.defined(symbol_key(wanted)).tolist():
            symbol = generation.symbol(number)
            if defined_name(symbol.name) == wanted:
                chunks[symbol.chunk] = True
    return chunks


def _missing(generation: Generation, filters: Filters, files: Mask, *, none: bool) -> Iterator[str]:
    """Notes on what a filter by kind cannot find among files, of which ``none`` may have such a chunk."""
    wanted = ", ".join(kind.label for kind in filters.kinds)
    blind = {} if _NO_DEFINITIONS & {*filters.kinds} else _without_definitions(generation, filters, files)
    if blind:
        told = ", ".join(f"{name} ({_files(count)})" for name, count in sorted(blind.items()))
        yield f"kind:{wanted} leaves out files in whose languages no definitions are found: {told}"
    if sum(blind.values()) < files.sum() and none:
        told = ", ".join(kind.label for kind in generation.kinds_in(files))
        looked = _files(int(files.sum()))
        yield f"no {wanted} in the {looked} that the other filters let pass; they have {told}"


def _without_definitions(generation: Generation, filters: Filters, files: Mask) -> dict[str, int]:
    """The languages of files in which no definitions can be found, with their number of files.

    Prose and data count only if they are asked for by name: nobody expects functions there.
    """
    from semindex.parse.depths import Depth, depth_of

    names, numbers = generation.languages
    counts = np.bincount(numbers[files], minlength=len(names)).tolist()
    return {
        name: count
        for name, count in zip(names, counts, strict=True)
        if count and (name in filters.languages or kind_of(name) == "code") and depth_of(name) is Depth.NONE
    }


def _files(count: int) -> str:
    return f"{count:,} file" if count == 1 else f"{count:,} files"
