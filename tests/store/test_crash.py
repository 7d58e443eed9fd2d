"""A writer killed at any step leaves the old generation or the new one, and the next writer goes on."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from semindex.errors import NotIndexed
from semindex.store import layout
from semindex.store.catalog import Catalog
from semindex.store.durable import StepHook
from semindex.store.segment import Segment

from . import dying_writer
from .dying_writer import NEW, OLD, build, die_at, read, rewrite_for_ever, update

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")

Scenario = Callable[[Path, Path, StepHook], None]

children = multiprocessing.get_context("forkserver")
children.set_forkserver_preload([dying_writer.__name__])


def killed(target: Callable[..., None], *arguments: Any) -> None:
    """Run a function in a child of its own, which must be killed."""
    child = children.Process(target=target, args=arguments)
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL


def steps_of(scenario: Scenario, index_dir: Path, mounts: Path) -> list[str]:
    steps: list[str] = []
    scenario(index_dir, mounts, steps.append)
    return steps


def segments_on_disk(index_dir: Path) -> set[str]:
    return set(os.listdir(index_dir / layout.SEGMENTS))


def live_segments(index_dir: Path) -> set[str]:
    with Catalog.open_reader(index_dir) as catalog:
        assert catalog.verify() == []
        return {segment.name for segment in catalog.live().segments}


@pytest.fixture(params=["local", pytest.param("network", marks=pytest.mark.slow)])
def mounts(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A table of mounts that says whether everything lies on a network file system."""
    table = tmp_path / "mounts"
    table.write_text(f"disk / {'nfs4' if request.param == 'network' else 'ext4'} rw 0 0\n")
    return table


def test_an_update_killed_at_any_step_leaves_the_old_or_the_new(tmp_path: Path, mounts: Path) -> None:
    build(tmp_path / "base", mounts)
    shutil.copytree(tmp_path / "base", tmp_path / "whole")
    steps = steps_of(update, tmp_path / "whole", mounts)
    assert {
        *("segment:created", "segment:section", "segment:written", "segment:synced", "segment:renamed"),
        *("segment:durable", "catalog:opened", "catalog:ready", "catalog:begin", "catalog:segments"),
        *("catalog:removed", "catalog:files", "catalog:skipped", "catalog:moved", "catalog:dropped"),
        *("catalog:state", "catalog:committed", "catalog:closing", "catalog:closed"),
        *("garbage:begin", "garbage:file", "garbage:end"),
    } == set(steps)
    first_commit = steps.index("catalog:committed")
    for fatal, step in enumerate(steps):
        index_dir = tmp_path / f"{fatal}"
        shutil.copytree(tmp_path / "base", index_dir)
        killed(die_at, update, index_dir, mounts, fatal)
        assert read(index_dir) == (OLD if fatal < first_commit else NEW), step
        update(index_dir, mounts)
        assert read(index_dir) == NEW, step
        assert segments_on_disk(index_dir) == live_segments(index_dir), step
        shutil.rmtree(index_dir)


def test_a_first_build_killed_at_any_step_leaves_nothing_or_all(tmp_path: Path, mounts: Path) -> None:
    steps = steps_of(build, tmp_path / "whole", mounts)
    commit = steps.index("catalog:committed")
    ready = steps.index("catalog:ready")
    for fatal, step in enumerate(steps):
        index_dir = tmp_path / f"{fatal}"
        killed(die_at, build, index_dir, mounts, fatal)
        if fatal < ready:
            with pytest.raises(NotIndexed):
                read(index_dir)
        else:
            assert read(index_dir) == (OLD if fatal >= commit else {}), step
        build(index_dir, mounts)
        assert read(index_dir) == OLD, step
        assert segments_on_disk(index_dir) == live_segments(index_dir), step


def test_a_writer_killed_at_any_moment_leaves_one_whole_generation(tmp_path: Path) -> None:
    index_dir = tmp_path / "i"
    build(index_dir)
    seen = 0
    for kill_after in (1, 3, 2, 5, 1, 4):
        told, telling = children.Pipe(duplex=False)
        child = children.Process(target=rewrite_for_ever, args=(index_dir, 300, seen + 1, telling))
        child.start()
        telling.close()
        for _ in range(kill_after):
            last = told.recv()
        child.kill()
        child.join()
        while told.poll():
            try:
                last = told.recv()
            except EOFError:
                break
        told.close()
        found = {text for path, text in read(index_dir).items() if path.startswith("p")}
        assert found in ({str(last)}, {str(last + 1)})
        seen = int(found.pop())


def test_readers_keep_their_generation_while_its_files_are_dropped(tmp_path: Path) -> None:
    index_dir = tmp_path / "i"
    build(index_dir)
    with Catalog.open_reader(index_dir) as reader:
        snapshot = reader.live()
        segments = [Segment.open(layout.segment_path(index_dir, record.name)) for record in snapshot.segments]
        update(index_dir)
        assert not {record.name for record in snapshot.segments} & segments_on_disk(index_dir)
        texts = [segment.section(name).tobytes().decode() for segment in segments for name in segment.names]
        assert texts == list(OLD.values())
        assert [fault for segment in segments for fault in segment.verify()] == []
        assert reader.generation == snapshot.generation + 2
        assert dying_writer.texts_in(index_dir, reader) == NEW
