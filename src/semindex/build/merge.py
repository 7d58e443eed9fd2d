"""Which segments to join, and joining them.

Tiers as in Lucene's log merge policy: segments whose chunk counts lie within a factor of
``TIER_FACTOR`` share a tier, and ``TIER_SEGMENTS`` of one tier become one of the next. A segment of
which a third is dead is rewritten by itself. All in bounded memory, and readers are never in the way.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from semindex.store import layout
from semindex.store.catalog import Catalog, Change, MovedFile, NewSegment, SegmentRecord, Snapshot
from semindex.store.durable import StepHook
from semindex.store.joining import join
from semindex.store.segment import Segment

TIER_SEGMENTS = 4
TIER_SEGMENTS_AT_WORK = 24
"""While a build adds segments, so many of one tier are joined: each holds a descriptor in every reader."""
TIER_FACTOR = 8
SMALLEST_TIER_CHUNKS = 256
DEAD_SHARE = 1 / 3
Notes = Callable[[], Mapping[str, str]]
"""What a commit is to note, asked when it is made."""
SMALL_BYTES = 64_000_000
"""After a build that made most of it, an index up to here becomes one segment: a tenth of a second for
10,000 chunks, which every query has back in part (three segments: +0.7 ms)."""
LARGEST_BYTES = 2_000_000_000
"""Segments are not joined to larger ones: offsets inside a section are 32 bits wide."""


def choose(
    segments: Sequence[SegmentRecord],
    dead: Mapping[int, Sequence[int]],
    *,
    tier_segments: int = TIER_SEGMENTS,
    largest_bytes: int = LARGEST_BYTES,
    small_bytes: int = 0,
) -> list[tuple[SegmentRecord, ...]]:
    """Groups of segments to join, oldest first within a group; none larger than ``largest_bytes`` in all.

    When all together have at most ``small_bytes``, they are one group.
    """
    if len(segments) > 1 and sum(segment.nbytes for segment in segments) <= small_bytes:
        return [tuple(sorted(segments, key=lambda each: each.id))]
    tiers: dict[int, list[SegmentRecord]] = {}
    for segment in segments:
        tiers.setdefault(_tier(segment.chunks), []).append(segment)
    groups = [
        fitting
        for _, tier in sorted(tiers.items())
        if len(tier) >= tier_segments and len(fitting := _fitting(tier, largest_bytes)) > 1
    ]
    taken = {segment.id for group in groups for segment in group}
    groups += [
        (segment,)
        for segment in segments
        if segment.id not in taken and len(dead.get(segment.id, ())) > DEAD_SHARE * segment.files
    ]
    return groups


def _fitting(tier: Sequence[SegmentRecord], largest_bytes: int) -> tuple[SegmentRecord, ...]:
    """As many of a tier as fit together, the smallest first."""
    kept: list[SegmentRecord] = []
    total = 0
    for segment in sorted(tier, key=lambda each: (each.nbytes, each.id)):
        total += segment.nbytes
        if total > largest_bytes:
            break
        kept.append(segment)
    return tuple(sorted(kept, key=lambda each: each.id))


def _tier(chunks: int) -> int:
    return max(0, int(math.log(max(1, chunks) / SMALLEST_TIER_CHUNKS, TIER_FACTOR)) + 1)


class Damaged(Exception):  # noqa: N818 - the caller warns and goes on
    """A segment cannot be merged; the message says where it is damaged."""


def merge_group(
    index_dir: Path,
    catalog: Catalog,
    snapshot: Snapshot,
    group: Sequence[SegmentRecord],
    *,
    on_step: StepHook,
    notes: Notes,
) -> None:
    """Make one segment of a group, commit it with ``notes()``, and remove what it replaces.

    Raises:
        Damaged: A checksum does not fit; nothing was changed.
        IndexUnwritable: No room; nothing was changed.
    """
    segments = [Segment.open(layout.segment_path(index_dir, record.name)) for record in group]
    for segment in segments:
        for fault in segment.verify():
            raise Damaged(fault)
    name = layout.new_segment_name()
    dead = [snapshot.dead.get(record.id, ()) for record in group]
    whole = join(layout.segment_path(index_dir, name), segments, dead, on_step=on_step)
    for segment in segments:
        segment.close()
    paths = whole.paths if whole is not None else ()
    catalog.commit(
        Change(
            add=[NewSegment(name, whole.nbytes, whole.chunks)] if whole is not None else [],
            moved=[MovedFile(os.fsdecode(path), name, ordinal) for ordinal, path in enumerate(paths)],
            drop_segments=[record.id for record in group],
            meta=notes(),
        )
    )
    layout.discard(index_dir, [record.name for record in group], on_step=on_step)


def merge_all(
    index_dir: Path,
    catalog: Catalog,
    *,
    tier_segments: int = TIER_SEGMENTS,
    small_bytes: int = 0,
    on_step: StepHook,
    on_group: Callable[[int, int], None],
    notes: Notes,
) -> int:
    """Join segments until the policy is content; gives how many were joined.

    ``on_group`` is called with the number of each group and how many there are.

    Raises:
        Damaged: As :func:`merge_group`.
        IndexUnwritable: As :func:`merge_group`.
    """
    merged = 0
    while True:
        snapshot = catalog.snapshot()
        groups = choose(
            snapshot.segments, snapshot.dead, tier_segments=tier_segments, small_bytes=small_bytes
        )
        if not groups:
            return merged
        for number, group in enumerate(groups):
            on_group(number, len(groups))
            merge_group(index_dir, catalog, snapshot, group, on_step=on_step, notes=notes)
            merged += len(group)
