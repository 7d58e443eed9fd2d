"""Which segments to join, and joining them.

Tiers as in Lucene's log merge policy: segments whose chunk counts lie within a factor of
``TIER_FACTOR`` share a tier, and ``TIER_SEGMENTS`` of one tier become one of the next. A segment of
which a third is dead is rewritten by itself. All in bounded memory, and readers are never in the way.

A merge is work like a batch of files: whoever does it writes a segment that no commit names yet.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from msgspec import Struct

from semindex.errors import IndexCorrupt
from semindex.store import layout
from semindex.store.catalog import Change, LiveSegments, MovedFile, NewSegment, SegmentRecord
from semindex.store.durable import StepHook, no_step
from semindex.store.joining import join_segments
from semindex.store.segment import Segment

TIER_SEGMENTS = 4
TIER_SEGMENTS_AT_WORK = 24
"""While a build adds segments, so many of one tier are joined: each holds a descriptor in every reader."""
TIER_FACTOR = 8
SMALLEST_TIER_CHUNKS = 256
DEAD_SHARE = 1 / 3
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

    Of a tier whose segments are so large that not even ``TIER_SEGMENTS`` fit together, nothing is joined.
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
        if len(tier) >= tier_segments and len(fitting := _fitting(tier, largest_bytes)) >= TIER_SEGMENTS
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


class Merge(Struct, frozen=True):
    """Segments that are to become one, oldest first."""

    records: tuple[SegmentRecord, ...]
    dead: tuple[tuple[int, ...], ...]
    """Of each, the ordinals of files that are left out."""

    @property
    def nbytes(self) -> int:
        """Of all segments."""
        return sum(record.nbytes for record in self.records)

    def change(self, merged: Merged, notes: Mapping[str, str]) -> Change:
        """The commit that puts what was made of them in their place."""
        moved: list[MovedFile] = []
        if merged.segment is not None:
            name = merged.segment.name
            moved = [MovedFile(os.fsdecode(path), name, n) for n, path in enumerate(merged.paths)]
        return Change(
            add=[] if merged.segment is None else [merged.segment],
            moved=moved,
            drop_segments=[record.id for record in self.records],
            meta=notes,
        )


class Merged(Struct, frozen=True):
    """What became of a merge."""

    segment: NewSegment | None
    """On disk, not yet live; None when none of the files was to stay."""
    paths: tuple[bytes, ...] = ()
    """Of its files, by ordinal."""
    fault: str = ""
    """Where a segment is damaged; then nothing was made."""


def merges(live: LiveSegments, groups: Sequence[Sequence[SegmentRecord]]) -> list[Merge]:
    """Groups of a live's segments with what is dead in them."""
    dead = live.dead
    return [Merge(tuple(group), tuple(dead.get(record.id, ()) for record in group)) for group in groups]


def merge_segments(index_dir: Path, merge: Merge, *, on_step: StepHook = no_step) -> Merged:
    """Make one segment of several in the same folder, which stay as they are.

    Raises:
        IndexUnwritable: No room; nothing was changed.
    """
    name = layout.new_segment_name()
    with ExitStack() as opened:
        try:
            segments = [
                opened.enter_context(closing(Segment.open(layout.segment_path(index_dir, record.name))))
                for record in merge.records
            ]
            faults = [fault for segment in segments for fault in segment.verify()]
            if faults:
                return Merged(None, fault=faults[0])
            whole = join_segments(layout.segment_path(index_dir, name), segments, merge.dead, on_step=on_step)
        except IndexCorrupt as error:
            return Merged(None, fault=str(error))
    return (
        Merged(None) if whole is None else Merged(NewSegment(name, whole.nbytes, whole.chunks), whole.paths)
    )
