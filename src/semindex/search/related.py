"""A place in the code to the places most like it."""

from __future__ import annotations

import os
import re
from collections.abc import Container, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from semindex.errors import QueryError
from semindex.search.ordering import RankedFile, Ranking
from semindex.search.query import path_filter
from semindex.search.shortlist import by_file_maximum
from semindex.store.generation import Generation
from semindex.types import Filters


@cache
def _location() -> re.Pattern[str]:
    return re.compile(r"(?P<path>.+?)(?::(?P<line>\d{1,9})(?:[:-]\d+)?)?", re.DOTALL)


class RootedPlace(NamedTuple):
    """What a location names."""

    repository: int
    """The position of its root."""
    path: str
    """Relative to this root."""
    line: int | None
    """None for a whole file."""


def place_in(location: str, roots: Sequence[Path], known: Container[str]) -> RootedPlace:
    """The place that a location names: below the root that holds it, or else relative to the first.

    A location that is one of the ``known`` paths is that path, whatever colons it has.

    Raises:
        QueryError: The location is empty.
    """
    if location in known and len(roots) == 1:
        return RootedPlace(0, location, None)
    match = _location().fullmatch(location)
    if match is None:
        raise QueryError("the location is empty; give path or path:line")
    inside = Path(os.path.normpath(roots[0] / match["path"]))
    number = next((number for number, root in enumerate(roots) if inside.is_relative_to(root)), 0)
    path = Path(os.path.relpath(inside, roots[number])).as_posix()
    return RootedPlace(number, path, int(match["line"]) if match["line"] else None)


class Origin(Struct, frozen=True):
    """Where to look from: some chunks of one file."""

    file: int
    chunks: tuple[int, ...]


def chunk_at(generation: Generation, place: RootedPlace) -> Origin:
    """The chunk that has a line of a file, or all chunks of the file.

    Raises:
        QueryError: No indexed file has that path, or it has no such line.
    """
    _, path, line = place
    file = _file_at(generation, place)
    if file is None:
        raise QueryError(f"{path} is not in the index; give a path as 'semindex search' shows it")
    first, last = generation.file_starts[file : file + 2].tolist()
    if line is None:
        return Origin(file, tuple(range(first, last)))
    lines = generation.column("chunk_lines")[first:last]
    inside = np.flatnonzero((lines[:, 0] <= line) & (line <= lines[:, 1]))
    if not len(inside):
        raise QueryError(f"{path} has no line {line}; it ends at line {int(lines[-1, 1])}")
    return Origin(file, (first + int(inside[0]),))


def _file_at(generation: Generation, place: RootedPlace) -> int | None:
    file = generation.path_of.get(place.path)
    if file is None or generation.facts(file).repository == place.repository:
        return file
    # Another repository has a file of the same path.
    live = np.flatnonzero(generation.file_live).tolist()
    alike = (each for each in live if generation.path(each) == place.path)
    return next((each for each in alike if generation.facts(each).repository == place.repository), None)


def related_files(generation: Generation, origin: Origin, *, limit: int, scope: str) -> Ranking:
    """The ``limit`` files with the nearest chunks, the origin's own chunks left out.

    Cosines of the stored vectors: the origin's chunks are added up and made a unit vector.
    """
    total = np.sum([generation.vector(chunk).astype(np.float64) for chunk in origin.chunks], axis=0)
    norm = float(np.sqrt((total * total).sum()))
    if norm == 0.0:
        return Ranking((), (), ("the place has no words to compare",))
    near = generation.nearness((total / norm).astype(np.float32))
    scores = near.cosines(near.products)
    scores[list(origin.chunks)] = 0.0
    scores[~generation.chunk_live] = 0.0
    passes = path_filter(Filters(scope=scope))
    best = by_file_maximum(scores, generation)
    files = [
        file
        for file in np.flatnonzero(best > 0.0).tolist()
        if passes is None or passes(generation.path(file))
    ]
    files.sort(key=lambda file: (-best[file], generation.path(file)))
    return Ranking(tuple(_ranked(file, scores, generation) for file in files[:limit]), ())


def _ranked(file: int, scores: npt.NDArray[np.float64], generation: Generation) -> RankedFile:
    first, last = generation.file_starts[file : file + 2].tolist()
    chunks = sorted((-float(scores[chunk]), chunk) for chunk in range(first, last) if scores[chunk] > 0.0)
    spans = tuple(-score for score, _ in chunks)
    return RankedFile(file, spans[0], tuple(chunk for _, chunk in chunks), spans)
