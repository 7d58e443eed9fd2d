"""Which segments to join, and joining them.

The policy is that of Lucene's log merges: segments with about equally many chunks are in one tier, and
``TIER_SEGMENTS`` of a tier become one. A segment of which a third is dead is rewritten by itself.

Example: segments of up to 32 chunks are in tier 0, of fewer than 2,048 in tier 1, of fewer than 16,384 (a
factor of ``TIER_FACTOR`` more) in tier 2, and so on. Of segments with 90, 100, 120, 200 and 3,000 chunks the
first four, all of tier 1, become one of 510 chunks; the fifth is alone in tier 2 and stays.

Joining takes bounded memory, and readers go on with the old segments. A merge is work like a batch of files:
whoever does it writes a segment that no commit names yet.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from msgspec import Struct, field

from semindex.errors import IndexCorrupt
from semindex.store import layout
from semindex.store.durable import StepHook, no_step
from semindex.store.joining import join_segments
from semindex.store.records import NewSegment, SegmentRecord
from semindex.store.segment import Segment
from semindex.store.soundness import find_damage
from semindex.types import FileFailure, FileRef

TIER_SEGMENTS = 4
TIER_SEGMENTS_AT_WORK = 24
"""While a build adds segments, they are joined when a tier has so many: a reader opens a file for each."""
TIER_FACTOR = 8
SMALLEST_TIER_CHUNKS = 256
DEAD_SHARE = 1 / 3
SMALL_BYTES = 64_000_000
"""An index of up to so many bytes becomes one segment after a build that made most of it. That takes a tenth
of a second for 10,000 chunks, and saves each query time (0.7 ms with one segment instead of three)."""
LARGEST_BYTES = 2_000_000_000
"""Segments are not joined to a larger one, because offsets inside a section are 32 bits wide."""


def choose(
    segments: Sequence[SegmentRecord],
    dead: Mapping[int, Sequence[int]],
    *,
    tier_segments: int = TIER_SEGMENTS,
    largest_bytes: int = LARGEST_BYTES,
    small_bytes: int = 0,
) -> list[tuple[SegmentRecord, ...]]:
    """Groups of segments to join, each in the order of ids and of at most ``largest_bytes`` in all.

    Of a tier in which fewer than ``TIER_SEGMENTS`` fit into one group, nothing is joined. When all segments
    have at most ``small_bytes`` together, they are one group.

    Args:
        segments: The live segments.
        dead: The ordinals of the dead files of each, by its id.
        tier_segments: From so many segments on those of a tier are joined.
        largest_bytes: The most that a group may have.
        small_bytes: See above.
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
    """As many segments of a tier as have at most ``largest_bytes`` together, taken from the smallest on."""
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
    """Segments that are to become one, in the order of their ids."""

    records: tuple[SegmentRecord, ...]
    dead: tuple[tuple[int, ...], ...]
    """The ordinals of the files of each that are left out."""

    @property
    def nbytes(self) -> int:
        """The size of all segments together."""
        return sum(record.nbytes for record in self.records)


class Outcome(Struct, frozen=True):
    """What became of a batch of files, or of a merge."""

    segment: NewSegment | None
    """The segment, on disk and not yet live; None when no file was to be in it, or a merge was not made."""
    touched: tuple[FileRef, ...] = ()
    """Files of a batch of which only the times have changed."""
    failures: tuple[FileFailure, ...] = ()
    """Files of a batch that are not indexed, and why."""
    source_bytes: int = 0
    """The size of a batch's files that are in the segment."""
    fault: str = ""
    """Where one of the segments to merge is damaged; then nothing was made."""
    stopped: Mapping[str, str] = field(default_factory=dict)
    """Why a grammar was stopped, by the path of the file (:attr:`ParsedFile.stopped`)."""

    guard_peak_bytes: int = 0
    """The most memory that a process took in which files of the batch were parsed apart."""
    kept: tuple[str, ...] = ()
    """The paths of failures of which exact search has all it needs already."""

    @property
    def alone(self) -> frozenset[str]:
        """The paths of files that exact search alone has anew, which are among the failures, too."""
        files = self.segment.files if self.segment is not None else ()
        return frozenset(file.ref.path for file in files if file.alone)


def merge_segments(index_dir: Path, merge: Merge, *, on_step: StepHook = no_step) -> Outcome:
    """Make one segment of several in the same folder, which stay as they are.

    Their checksums are compared first, so that damage is not copied.

    Raises:
        IndexUnwritable: There is no room; nothing was changed.
    """
    path = layout.segment_path(index_dir, layout.new_segment_name())
    with ExitStack() as opened:
        try:
            segments = [
                opened.enter_context(closing(Segment.open(layout.segment_path(index_dir, record.name))))
                for record in merge.records
            ]
            # Joining decodes the postings and finds damage in them itself.
            faults = [fault for segment in segments for fault in find_damage(segment, thorough=False)]
            if faults:
                return Outcome(None, fault=faults[0])
            return Outcome(join_segments(path, segments, merge.dead, on_step=on_step))
        except IndexCorrupt as error:
            return Outcome(None, fault=str(error))
