"""Which segments to join, and joining them.

Tiers as in Lucene's log merge policy: segments whose chunk counts lie within a factor of
``TIER_FACTOR`` share a tier, and ``TIER_SEGMENTS`` of one tier become one of the next. A segment of
which a third is dead is rewritten by itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from semindex.store import content
from semindex.store.catalog import SegmentRecord
from semindex.store.content import Content
from semindex.store.segment import Segment

TIER_SEGMENTS = 4
TIER_FACTOR = 8
SMALLEST_TIER_CHUNKS = 256
DEAD_SHARE = 1 / 3


def choose(
    segments: Sequence[SegmentRecord], dead: Mapping[int, Sequence[int]], *, limit_bytes: int
) -> list[tuple[SegmentRecord, ...]]:
    """Groups of segments to join, oldest first within a group; none larger than ``limit_bytes`` in all."""
    tiers: dict[int, list[SegmentRecord]] = {}
    for segment in segments:
        tiers.setdefault(_tier(segment.chunks), []).append(segment)
    groups = [tuple(tier) for _, tier in sorted(tiers.items()) if len(tier) >= TIER_SEGMENTS]
    taken = {segment.id for group in groups for segment in group}
    groups += [
        (segment,)
        for segment in segments
        if segment.id not in taken and len(dead.get(segment.id, ())) > DEAD_SHARE * segment.files
    ]
    return [group for group in groups if sum(segment.nbytes for segment in group) <= limit_bytes]


def _tier(chunks: int) -> int:
    return max(0, int(math.log(max(1, chunks) / SMALLEST_TIER_CHUNKS, TIER_FACTOR)) + 1)


def merged(segments: Iterable[Segment], dead: Iterable[Sequence[int]]) -> Content | None:
    """The live files of some segments as one content, in the order given; None when none is live."""
    parts = []
    for segment, ordinals in zip(segments, dead, strict=True):
        whole = content.read(segment)
        live = np.ones(len(whole.paths), dtype=bool)
        live[np.asarray(ordinals, dtype=np.int64)] = False
        if live.any():
            parts.append(content.kept(whole, live))
    return content.joined(parts) if parts else None
