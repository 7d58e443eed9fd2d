"""A small index of texts, written the way a build writes: by children that are killed while they do."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from semindex.errors import SemindexError
from semindex.store import layout
from semindex.store.catalog import Catalog
from semindex.store.connection import MOUNTS
from semindex.store.durable import StepHook, no_step
from semindex.store.lock import write_lock
from semindex.store.records import Change, NewFile, NewSegment
from semindex.store.segment import Segment, write_segment

from .samples import new_file

OLD = {"a": "first a", "b": "first b", "c": "first c"}
NEW = {"a": "second a", "c": "first c", "d": "second d"}


def build(index_dir: Path, mounts: Path = MOUNTS, on_step: StepHook = no_step) -> None:
    """Make the index hold ``OLD``, in two segments."""
    layout.create(index_dir)
    with write_lock(index_dir):
        with Catalog.open_writer(index_dir, model="m", mounts=mounts, on_step=on_step) as catalog:
            first = add(index_dir, {"a": OLD["a"], "b": OLD["b"]}, on_step)
            second = add(index_dir, {"c": OLD["c"]}, on_step)
            catalog.commit(Change(add=[first, second]))
            live = {segment.name for segment in catalog.live().segments}
        layout.collect_garbage(index_dir, live, on_step=on_step)


def update(index_dir: Path, mounts: Path = MOUNTS, on_step: StepHook = no_step) -> None:
    """Make an index of ``OLD`` (or ``NEW``) hold ``NEW``: an edit, then a merge of all segments."""
    layout.create(index_dir)
    with write_lock(index_dir):
        with Catalog.open_writer(index_dir, model="m", mounts=mounts, on_step=on_step) as catalog:
            segment = add(index_dir, {"a": NEW["a"], "d": NEW["d"]}, on_step)
            catalog.commit(Change(add=[segment], remove=["b"]))
            merge(index_dir, catalog, on_step)
            live = {segment.name for segment in catalog.live().segments}
        layout.collect_garbage(index_dir, live, on_step=on_step)


def merge(index_dir: Path, catalog: Catalog, on_step: StepHook = no_step) -> None:
    """Move every file into one new segment and drop the others."""
    texts = texts_in(index_dir, catalog)
    name = layout.new_segment_name()
    nbytes = write_segment(layout.segment_path(index_dir, name), sections(texts), on_step=on_step)
    old = [segment.id for segment in catalog.live().segments]
    catalog.commit(Change(add=[NewSegment(name, nbytes, len(texts), moved=list(texts))], drop_segments=old))


def sections(texts: Mapping[str, str]) -> dict[str, np.ndarray[tuple[int], np.dtype[np.uint8]]]:
    return {str(i): np.frombuffer(text.encode(), dtype=np.uint8) for i, text in enumerate(texts.values())}


def add(index_dir: Path, texts: Mapping[str, str], on_step: StepHook = no_step) -> NewSegment:
    """Write a segment of some texts."""
    name = layout.new_segment_name()
    nbytes = write_segment(layout.segment_path(index_dir, name), sections(texts), on_step=on_step)
    files: list[NewFile] = [new_file(path, i, chunks=1) for i, path in enumerate(texts)]
    return NewSegment(name, nbytes, len(files), files)


def texts_in(index_dir: Path, catalog: Catalog) -> dict[str, str]:
    """What the generation holds, path by path; every segment is whole and no file is dead."""
    snapshot = catalog.live()
    segments = {
        record.id: Segment.open(layout.segment_path(index_dir, record.name)) for record in snapshot.segments
    }
    assert [fault for segment in segments.values() for fault in segment.verify()] == []
    found = {}
    for file in catalog.files():
        assert file.ordinal not in snapshot.dead.get(file.segment, ())
        found[file.ref.path] = segments[file.segment].section(str(file.ordinal)).tobytes().decode()
    return found


def read(index_dir: Path) -> dict[str, str]:
    """What a reader that opens the index now can see."""
    with Catalog.open_reader(index_dir) as catalog:
        return texts_in(index_dir, catalog)


def die_at(
    scenario: Callable[[Path, Path, StepHook], None], index_dir: Path, mounts: Path, fatal: int
) -> None:
    """Run a scenario and be killed at its step number ``fatal``."""
    steps = 0

    def on_step(_name: str) -> None:
        nonlocal steps
        if steps == fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        steps += 1

    scenario(index_dir, mounts, on_step)


def rewrite_for_ever(index_dir: Path, files: int, first: int, told: Connection) -> None:
    """Commit generation after generation, all texts of one being the same, and tell each number."""
    with write_lock(index_dir), Catalog.open_writer(index_dir, model="m") as catalog:
        while True:
            old = [segment.id for segment in catalog.live().segments]
            segment = add(index_dir, {f"p{i}": str(first) for i in range(files)})
            catalog.commit(Change(add=[segment], remove=list(OLD), drop_segments=old))
            told.send(first)
            layout.collect_garbage(index_dir, {segment.name})
            first += 1


def hold_lock(index_dir: Path, told: Connection) -> None:
    """Take the writer lock and keep it until killed."""
    with write_lock(index_dir):
        told.send(os.getpid())
        signal.pause()


def update_within(index_dir: Path, file_bytes: int, told: Connection) -> None:
    """Update under a limit on the size of files, and tell the error's name and words, or ``done``."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, resource.RLIM_INFINITY))
    try:
        update(index_dir)
    except SemindexError as error:
        told.send((type(error).__name__, str(error)))
    else:
        told.send(("done", ""))
