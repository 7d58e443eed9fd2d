"""Puts a segment of one index into another, which costs no room where the file system has hard links.

Segments are never written to: a writer makes a new file and renames it, and removing an index removes names.
So two indexes can have one file, and what becomes of either is nothing to the other.
"""

from __future__ import annotations

import os
from pathlib import Path

from msgspec.structs import replace

from semindex.errors import BrokenIndex, IndexCorrupt
from semindex.source.regular import RegularFileError, open_regular
from semindex.store import layout
from semindex.store.durable import Replacement, StepHook, explain, no_step, sync_folder, unwritable
from semindex.store.header import corrupt
from semindex.store.ownership import refuse
from semindex.store.records import SegmentRecord
from semindex.store.segment import SegmentMissing

_COPIED_BYTES = 1 << 20


def link_segment(
    source_dir: Path, record: SegmentRecord, index_dir: Path, *, on_step: StepHook = no_step
) -> SegmentRecord:
    """Put a segment of another index into ``segments/`` under a new name, as a hard link or as a copy.

    Nobody has compared it with its record yet: open it with :func:`semindex.store.soundness.open_listed`.
    Until a commit names it, it is garbage. Step: ``link:made``, after those of writing when it is copied.

    Returns:
        The record with the new name.

    Raises:
        SegmentMissing: There is no such file (any more).
        IndexCorrupt: The file, or its folder, is a link, or another user's.
        BrokenIndex: The system does not let it be read.
        IndexUnwritable: There is no room, or no permission; nothing is left behind.
    """
    source = layout.segment_path(source_dir, record.name)
    name = layout.new_segment_name()
    target = layout.segment_path(index_dir, name)
    if source.parent.is_symlink():
        raise corrupt(source, "its folder is a symbolic link")
    try:
        os.link(source, target, follow_symlinks=os.link not in os.supports_follow_symlinks)
    except OSError:
        # Another file system, one without hard links, a file that has as many as it can: all end alike.
        _copy(source, target, on_step)
    refusal = refuse(target)
    if refusal:
        with unwritable(target):
            target.unlink()
        raise IndexCorrupt(f"{source} is a symbolic link, or another user's file")
    on_step("link:made")
    return replace(record, name=name)


def settle_links(index_dir: Path) -> None:
    """Make the names of segments that were linked survive a power cut; call it before they are committed.

    Raises:
        IndexUnwritable: The device failed.
    """
    segments = index_dir / layout.SEGMENTS
    with unwritable(segments):
        sync_folder(segments)


def _copy(source: Path, target: Path, on_step: StepHook) -> None:
    try:
        descriptor, _ = open_regular(source)
    except RegularFileError as error:
        raise corrupt(source, f"it is {error}") from error
    except FileNotFoundError as error:
        raise SegmentMissing(f"{source} is missing; run 'semindex index' to rebuild it") from error
    except OSError as error:
        raise BrokenIndex(f"Cannot read {source}: {explain(error)}; check permissions and disk") from error
    try:
        with Replacement(target, on_step=on_step, prefix="segment:") as output:
            while data := _read(descriptor, source):
                output.write(data)
    finally:
        os.close(descriptor)


def _read(descriptor: int, source: Path) -> bytes:
    try:
        return os.read(descriptor, _COPIED_BYTES)
    except OSError as error:
        raise BrokenIndex(f"Cannot read {source}: {explain(error)}; check permissions and disk") from error
