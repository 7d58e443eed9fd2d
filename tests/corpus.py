"""Small real trees for tests, and ways to look at all that an index holds."""

from __future__ import annotations

import shutil
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from semindex.index import Index
from semindex.store import layout
from semindex.store.catalog import Catalog
from semindex.store.generation import Generation
from semindex.store.segment import Segment
from semindex.types import Hits

STANDARD_LIBRARY = Path(sysconfig.get_paths()["stdlib"])


def copy_package(name: str, target: Path) -> Path:
    """A package of the running interpreter's standard library, as a tree of its own."""
    shutil.copytree(
        STANDARD_LIBRARY / name, target / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
    )
    return target


def opened_generation(index_dir: Path) -> Generation:
    """What is live now, read from the folder by itself."""
    with Catalog.open_reader(index_dir) as catalog:
        snapshot = catalog.live()
    segments = [Segment.open(layout.segment_path(index_dir, record.name)) for record in snapshot.segments]
    dead = [snapshot.dead.get(record.id, ()) for record in snapshot.segments]
    return Generation(snapshot.generation, segments, dead)


@dataclass(frozen=True)
class StoredChunk:
    """Everything kept of one chunk that does not depend on where it lies."""

    path: str
    lines: tuple[int, int]
    byte_range: tuple[int, int]
    kind: int
    owner: str
    lengths: tuple[int, ...]
    terms: tuple[tuple[str, int, int], ...]
    vector: bytes


def stored_chunks(index_dir: Path) -> list[StoredChunk]:
    """All live chunks with their postings and vectors, ordered by path and line."""
    generation = opened_generation(index_dir)
    terms: dict[int, list[tuple[str, int, int]]] = {}
    for field in ("comment", "name", "parent", "body"):
        held = generation._fields[field]
        for postings, base in zip(held.lists, held.bases, strict=True):
            triples = postings.triples()
            for term, row, count in zip(
                triples.terms.tolist(), triples.rows.tolist(), triples.counts.tolist(), strict=True
            ):
                terms.setdefault(row + base, []).append((field, term, count))
    found = []
    for chunk in range(generation.chunks):
        if not generation.chunk_live[chunk]:
            continue
        found.append(
            StoredChunk(
                path=generation.path(int(generation.chunk_file[chunk])),
                lines=generation.lines(chunk),
                byte_range=generation.byte_range(chunk),
                kind=int(generation.chunk_kinds[chunk]),
                owner=generation.spot(chunk).owner or "",
                lengths=tuple(
                    int(generation.lengths[f][chunk]) for f in ("comment", "name", "parent", "body")
                ),
                terms=tuple(sorted(terms.get(chunk, []))),
                vector=generation.vector(chunk).tobytes(),
            )
        )
    return sorted(found, key=lambda stored: (stored.path, stored.lines, stored.byte_range))


def answers(index: Index, queries: list[str]) -> list[list[tuple[object, ...]]]:
    """Every hit of every query with its exact score, reasons and other spans."""

    def flat(hits: Hits) -> list[tuple[object, ...]]:
        return [
            (
                hit.path,
                hit.start_line,
                hit.end_line,
                hit.points,
                hit.symbol,
                hit.reasons,
                [(more.start_line, more.end_line, more.points) for more in hit.more],
            )
            for hit in hits
        ]

    found = []
    for query in queries:
        found.append(flat(index.search(query, limit=50)))
        found.append(flat(index.search(query, limit=30, group_by="chunk")))
    return found


__all__ = ["answers", "copy_package", "opened_generation", "stored_chunks"]
