"""Keeps the inverted files beside the segments as the settings want them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from semindex.errors import BrokenIndex, IndexCorrupt
from semindex.store import ivf, layout
from semindex.store.durable import StepHook
from semindex.store.records import Snapshot
from semindex.store.segment import Segment


def bring_about(
    index_dir: Path,
    snapshot: Snapshot,
    *,
    wanted: bool,
    on_step: StepHook,
    on_segment: Callable[[int, int], None],
) -> None:
    """Make the inverted files of the large segments that have none, or remove all that there are.

    Call it under the writer lock. Those of segments that are no longer named are garbage like them.
    ``on_segment`` is told how many are made, of how many.

    Raises:
        IndexUnwritable: No room or permission; answers stay exact where a file is missing.
    """
    paths = [layout.segment_path(index_dir, record.name) for record in snapshot.segments]
    if not wanted:
        for path in paths:
            with suppress(OSError):
                ivf.path_beside(path).unlink(missing_ok=True)
        return
    large = [
        path for path, record in zip(paths, snapshot.segments, strict=True) if record.chunks >= ivf.LEAST_ROWS
    ]
    for number, path in enumerate(large):
        segment = Segment.open(path)
        if not _is_sound(segment):
            on_segment(number, len(large))
            ivf.build(segment, on_step=on_step)
        segment.close()


def _is_sound(segment: Segment) -> bool:
    try:
        return not ivf.beside(segment).faults()
    except (IndexCorrupt, BrokenIndex):
        return False
