"""Splits a finished index into several of some of its files each, which answer together as it does.

Nothing is parsed or embedded again: each segment is copied without the files of the others.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from semindex.errors import UsageError
from semindex.store import layout, shardset
from semindex.store.catalog import Catalog, Change, FileRecord, NewFile, NewSegment
from semindex.store.joining import join
from semindex.store.lock import write_lock
from semindex.store.records import SegmentRecord, SkippedFile, Snapshot
from semindex.store.segment import Segment


class Split(Struct, frozen=True):
    """One of the indexes that were made."""

    name: str
    files: int
    chunks: int


def by_path(files: Sequence[FileRecord], count: int) -> Callable[[str], int]:
    """Runs of paths in their order, of about equally many chunks."""
    total = sum(file.chunks for file in files)
    firsts: list[str] = []
    before = 0
    for file in sorted(files, key=lambda file: file.ref.path):
        if len(firsts) < count and before * count >= total * len(firsts):
            firsts.append(file.ref.path)
        before += file.chunks

    return lambda path: max(0, bisect_right(firsts, path) - 1)


def by_repository(files: Sequence[FileRecord], count: int, root: Path) -> Callable[[str], int]:
    """Whole repositories below the root, the largest first, each to what has least; the rest is one more."""
    homes: dict[str, str] = {}

    def home(folder: str) -> str:
        if folder not in homes:
            here = not folder or os.path.lexists(root / folder / ".git")
            homes[folder] = folder if here else home(folder.rpartition("/")[0])
        return homes[folder]

    chunks: dict[str, int] = {}
    for file in files:
        own = home(file.ref.path.rpartition("/")[0])
        chunks[own] = chunks.get(own, 0) + file.chunks
    loads = [0] * count
    numbers: dict[str, int] = {}
    for own in sorted(chunks, key=lambda own: (-chunks[own], own)):
        numbers[own] = loads.index(min(loads))
        loads[numbers[own]] += chunks[own]
    return lambda path: numbers.get(home(path.rpartition("/")[0]), 0)


def split(index_dir: Path, into: Path, *, by: str, count: int, root: Path) -> list[Split]:
    """Write ``count`` indexes into folders of ``into``, in place of those that an earlier split wrote.

    Args:
        index_dir: The index; it is only read.
        into: A folder that is new, empty, or of an earlier split.
        by: ``path`` or ``repository``.
        count: How many.
        root: The folder that was indexed.

    Raises:
        NotIndexed: Nothing is indexed there.
        UsageError: ``into`` holds something else, or the index is one of a split itself.
        IndexUnwritable: No room or permission; what stands there then is not taken for a finished split.
    """
    with Catalog.open_reader(index_dir) as catalog:
        if catalog.meta(shardset.META):
            raise UsageError(f"{index_dir} is a shard already; split the index that it was made of")
        snapshot, files = catalog.snapshot(), list(catalog.files())
        number = by_path(files, count) if by == "path" else by_repository(files, count, root)
        owned: list[dict[str, FileRecord]] = [{} for _ in range(count)]
        for file in files:
            owned[number(file.ref.path)][file.ref.path] = file
        failures: list[list[SkippedFile]] = [[] for _ in range(count)]
        for known in catalog.failures():
            failures[number(known.failure.path)].append(known)
        shardset.begin(into)
        names = [shardset.name(k) for k in range(count)]
        done = []
        for k, (name, own) in enumerate(zip(names, owned, strict=True)):
            change = Change(
                add=_thinned(index_dir, into / name, snapshot, own),
                skipped=failures[k],
                scan_ns=catalog.last_scan_ns,
                meta={"root": os.fspath(root), shardset.META: f"{k + 1} of {count}"},
            )
            with write_lock(into / name), Catalog.open_writer(into / name, model=snapshot.model) as target:
                target.commit(change)
            done.append(Split(name, len(own), sum(file.chunks for file in own.values())))
        shardset.finish(into, root=root, by=by, names=names)
    return done


def _thinned(
    index_dir: Path, target: Path, snapshot: Snapshot, own: Mapping[str, FileRecord]
) -> list[NewSegment]:
    """The segments, each without the files that are not ``own``."""
    layout.create(target)
    by_segment: dict[int, list[FileRecord]] = {}
    for file in own.values():
        by_segment.setdefault(file.segment, []).append(file)
    return [
        _thinned_segment(index_dir, target, record, by_segment[record.id], own)
        for record in snapshot.segments
        if record.id in by_segment
    ]


def _thinned_segment(
    index_dir: Path,
    target: Path,
    record: SegmentRecord,
    kept: Sequence[FileRecord],
    own: Mapping[str, FileRecord],
) -> NewSegment:
    segment = Segment.open(layout.segment_path(index_dir, record.name))
    name = layout.new_segment_name()
    stay = {file.ordinal for file in kept}
    dead = [ordinal for ordinal in range(record.files) if ordinal not in stay]
    whole = join(layout.segment_path(target, name), [segment], [dead])
    segment.close()
    assert whole is not None  # it keeps at least one file
    files = [own[os.fsdecode(path)] for path in whole.paths]
    return NewSegment(
        name,
        whole.nbytes,
        whole.chunks,
        [
            NewFile(file.ref, file.digest, file.analysis, file.language, ordinal, file.chunks)
            for ordinal, file in enumerate(files)
        ],
    )
