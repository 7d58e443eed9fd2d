"""What an index tells of the files of a tree: which of them have to be read for a pattern.

Files are numbered; these numbers are called *places*. Those that a walk found are in the order of the bytes
of their paths, others in no order.
"""

from __future__ import annotations

import os
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from msgspec import Struct

from semindex.errors import NotIndexed
from semindex.exact.candidates import Candidates
from semindex.exact.queries import All
from semindex.source.read import RACY_NS
from semindex.store import layout
from semindex.store.catalog import Catalog
from semindex.store.content import unpacked_string
from semindex.store.schema import Cover
from semindex.store.segment import Segment
from semindex.store.soundness import open_listed
from semindex.types import FileRef, Ids, Mask


class _Covered(Struct, frozen=True):
    """A segment with lists of trigrams."""

    segment: Segment
    candidates: Candidates | None
    places: Ids
    """Of each of its files; -1 for one that is not as it was when it was indexed."""


class _Paths(Sequence[str]):
    """Paths of segments, each decoded when it is asked for."""

    def __init__(self, others: list[str]) -> None:
        """Begin with paths that no segment has."""
        self._others = others
        self._segments: list[Segment] = []
        self._starts = [len(others)]

    def add(self, segment: Segment, files: int) -> None:
        """Add those of a segment with so many files."""
        self._segments.append(segment)
        self._starts.append(self._starts[-1] + files)

    def __len__(self) -> int:
        return self._starts[-1]

    def __getitem__(self, place):  # type: ignore[no-untyped-def]  # of numbers only
        number = bisect_right(self._starts, place) - 1
        if number < 0:
            return self._others[place]
        return os.fsdecode(unpacked_string(self._segments[number], "paths", place - self._starts[number]))


class Known:
    """What one commit of an index tells of some files. Threads may share it."""

    def __init__(self, paths: Sequence[str], covered: Sequence[_Covered], there: Mask) -> None:
        """Use :meth:`of_walk` or :meth:`of_index`; ``there`` tells which paths count."""
        self.paths = paths
        """Root-relative."""
        self._covered = tuple(covered)
        cover = np.full(len(paths), Cover.SCANNED, dtype=np.uint8)
        self._there = there
        for each in covered:
            if each.candidates is not None:
                own = each.places >= 0
                cover[each.places[own]] = each.candidates.cover[own]
        self._unsure: Mask = ((cover & Cover.SCANNED) != 0) & there
        self._silent: Mask = ((cover & Cover.SILENT) != 0) & there

    @classmethod
    def of_walk(cls, catalog: Catalog, root: Path, index_dir: Path, refs: Sequence[FileRef]) -> Known:
        """What an index tells of the files that a walk has just found, given in their order.

        A file that is not just as it was when it was indexed may hold anything.

        Raises:
            NotIndexed: There is no index, or none of this folder.
            BrokenIndex: It is damaged, or cannot be read.
        """
        live, rows = catalog.live(), catalog.places()
        layout.require_root(index_dir, catalog.meta("root"), root)
        racy_ns = catalog.last_scan_ns - RACY_NS
        ordinals: dict[int, tuple[list[int], list[int]]] = {each.id: ([], []) for each in live.segments}
        for place, ref in enumerate(refs):
            row = rows.get(ref)
            if row is not None and ref.mtime_ns < racy_ns and row[0] in ordinals:
                own = ordinals[row[0]]
                own[0].append(row[1])
                own[1].append(place)
        covered = []
        for record in live.segments:
            segment = open_listed(index_dir, record)
            places = np.full(record.files, -1, dtype=np.int64)
            places[ordinals[record.id][0]] = ordinals[record.id][1]
            candidates = Candidates(segment) if segment.has("gram.cover") else None
            covered.append(_Covered(segment, candidates, places))
        return cls([ref.path for ref in refs], covered, np.ones(len(refs), dtype=np.bool_))

    @classmethod
    def of_index(cls, catalog: Catalog, root: Path, index_dir: Path) -> Known:
        """What an index tells of the files that it knows, as they were then; raises as :meth:`of_walk`."""
        live = catalog.live()
        if live.generation == 0:
            raise NotIndexed.in_folder(root)
        layout.require_root(index_dir, catalog.meta("root"), root)
        paths = _Paths(list(map(os.fsdecode, catalog.uncovered())))
        covered, there = [], [np.ones(len(paths), dtype=np.bool_)]
        for record in live.segments:
            segment = open_listed(index_dir, record)
            places = np.arange(record.files) + len(paths)
            places[list(live.dead.get(record.id, ()))] = -1
            paths.add(segment, record.files)
            candidates = Candidates(segment) if segment.has("gram.cover") else None
            covered.append(_Covered(segment, candidates, places))
            there.append(places >= 0)
        return cls(paths, covered, np.concatenate(there))

    def close(self) -> None:
        """Close the segments."""
        for each in self._covered:
            each.segment.close()

    def scanned(self, query: All, *, whole_files: bool, every: bool) -> Ids:
        """The places of known files that may have what is asked for, ascending.

        Args:
            query: Trigrams that a match has.
            whole_files: Whether a match may span blocks.
            every: Whether a file counts that cannot match, too.

        Raises:
            IndexCorrupt: A list is damaged.
        """
        may = np.zeros(len(self.paths), dtype=np.bool_)
        for each in self._covered:
            if each.candidates is None:
                continue
            places = each.places[each.candidates.files(query, whole_files=whole_files)]
            may[places[places >= 0]] = True
        may &= ~self.unsure(every=every)
        return may.nonzero()[0]

    def unsure(self, *, every: bool) -> Mask:
        """Which files have to be read for any pattern, and may be binary; shape ``(len(paths),)``."""
        return self._unsure | self._silent if every else self._unsure

    @property
    def everything(self) -> Ids:
        """The places of all files, ascending."""
        return self._there.nonzero()[0]

    def about(self, takes: Callable[[str], bool]) -> Mask:
        """Which files a function takes, shape ``(len(paths),)``."""
        mask = self._there.copy()
        mask[mask] = [takes(self.paths[place]) for place in self.everything.tolist()]
        return mask

    def place(self, path: str) -> int:
        """The place of a path among those of a walk, or -1."""
        key = os.fsencode(path)
        found = bisect_left(self.paths, key, key=os.fsencode)
        return found if found < len(self.paths) and self.paths[found] == path else -1
