"""No room, no permission: a clear error, and nothing that was committed is lost."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from semindex.errors import BrokenIndex, IndexUnwritable
from semindex.store import layout
from semindex.store.catalog import Catalog
from semindex.store.lock import write_lock
from semindex.store.records import Change
from semindex.store.segment import Segment, write_segment

from . import dying_writer
from .dying_writer import NEW, OLD, build, die_at, read, texts_in, update, update_within

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs limits and mounts")

children = multiprocessing.get_context("forkserver")
children.set_forkserver_preload([dying_writer.__name__])

MEGABYTE = 1 << 20


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    try:
        mount("-t", "tmpfs", "-o", "size=1m", "none", str(place))
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting is not allowed here")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


@pytest.fixture
def read_only(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[Path, Callable[[bool], None]]]:
    """A folder for an index and a switch that makes it read-only, or writable again."""
    if os.getuid() == 0:
        place: Path = request.getfixturevalue("small_disk")

        def switch(on: bool) -> None:
            mount("-o", f"remount,{'ro' if on else 'rw'}", str(place))

    else:
        place = tmp_path / "kept"
        place.mkdir()

        def switch(on: bool) -> None:
            for path in (place, *place.rglob("*")):
                if path.is_dir():
                    path.chmod(0o555 if on else 0o755)

    yield place / "i", switch
    switch(False)


def fill(disk: Path, free_bytes: int) -> None:
    """Leave about so many bytes free."""
    (disk / "filler").unlink(missing_ok=True)
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    with (disk / "filler").open("wb", buffering=0) as file:
        file.write(bytes(max(0, free - free_bytes)))


def test_a_limit_on_the_size_of_files_at_any_point_damages_nothing(tmp_path: Path) -> None:
    build(tmp_path / "base")
    outcomes = []
    for limit in (0, 100, 500, *range(4096, 160_000, 12_288)):
        index_dir = tmp_path / "i"
        shutil.copytree(tmp_path / "base", index_dir)
        told, telling = children.Pipe(duplex=False)
        child = children.Process(target=update_within, args=(index_dir, limit, telling))
        child.start()
        telling.close()
        name, words = told.recv()
        child.join()
        told.close()
        outcomes.append(name)
        if name == "done":
            assert read(index_dir) == NEW
        else:
            assert name == "IndexUnwritable", words
            assert "intact" in words and "--index-dir" in words
            assert read(index_dir) in (OLD, NEW)
            assert not [name for name in os.listdir(index_dir / "segments") if name.endswith(".tmp")]
        update(index_dir)
        assert read(index_dir) == NEW
        shutil.rmtree(index_dir)
    assert outcomes[0] == "IndexUnwritable"
    assert outcomes[-1] == "done"


def test_a_full_disk_at_any_point_damages_nothing_and_can_be_read(small_disk: Path) -> None:
    index_dir = small_disk / "i"
    outcomes = []
    for free in (0, *range(4096, 200_000, 12_288)):
        build(index_dir)
        fill(small_disk, free)
        assert read(index_dir) == OLD
        try:
            update(index_dir)
        except IndexUnwritable as error:
            outcomes.append("full")
            assert "no space" in str(error) or "full" in str(error) or "opened" in str(error)
            assert "intact" in str(error)
            assert read(index_dir) in (OLD, NEW)
        else:
            outcomes.append("done")
            assert read(index_dir) == NEW
        (small_disk / "filler").unlink()
        update(index_dir)
        assert read(index_dir) == NEW
        layout.clean(index_dir)
    assert outcomes[0] == "full"
    assert outcomes[-1] == "done"


def test_a_segment_that_does_not_fit_leaves_nothing_behind(small_disk: Path) -> None:
    with pytest.raises(IndexUnwritable, match=r"big\.seg: no space is left on the device.*Free some space"):
        write_segment(small_disk / "big.seg", {"a": np.ones(2 * MEGABYTE, dtype=np.uint8)})
    assert os.listdir(small_disk) == []
    write_segment(small_disk / "small.seg", {"a": np.ones(MEGABYTE // 2, dtype=np.uint8)})
    assert Segment.open(small_disk / "small.seg").verify() == []


def test_a_commit_that_does_not_fit_is_undone_and_the_catalog_goes_on(small_disk: Path) -> None:
    index_dir = small_disk / "i"
    build(index_dir)
    with Catalog.open_writer(index_dir, model="m") as catalog:
        segment = dying_writer.add(
            index_dir, {f"a long path to the file number {i}": "" for i in range(3000)}
        )
        fill(small_disk, 100_000)
        with pytest.raises(IndexUnwritable, match="What was indexed before is intact"):
            catalog.commit(Change(add=[segment]))
        assert texts_in(index_dir, catalog) == OLD
        (small_disk / "filler").unlink()
        catalog.commit(Change(remove=["a"]))
    assert read(index_dir) == {"b": OLD["b"], "c": OLD["c"]}


def test_an_index_can_be_removed_from_a_full_disk(small_disk: Path) -> None:
    build(small_disk / "i")
    fill(small_disk, 0)
    assert layout.clean(small_disk / "i") > 0
    assert os.listdir(small_disk) == ["filler"]


def test_a_read_only_index_is_read_and_says_so(read_only: tuple[Path, Callable[[bool], None]]) -> None:
    index_dir, switch = read_only
    build(index_dir)
    switch(True)
    before = {path.name for path in index_dir.iterdir()}
    with Catalog.open_reader(index_dir) as catalog:
        assert texts_in(index_dir, catalog) == OLD
        assert catalog.notes == ("the index is read-only here",)
    assert {path.name for path in index_dir.iterdir()} == before


def test_a_read_only_index_cannot_be_written_in_clear_words(
    read_only: tuple[Path, Callable[[bool], None]],
) -> None:
    index_dir, switch = read_only
    build(index_dir)
    layout.create(index_dir.parent / "spare")
    switch(True)
    with pytest.raises(IndexUnwritable, match=r"read-only|permission"), write_lock(index_dir):
        pass
    with pytest.raises(IndexUnwritable, match=r"read-only|permission"):
        layout.clean(index_dir)
    with pytest.raises(IndexUnwritable, match=r"read-only|permission"):
        layout.create(index_dir / "other")
    with pytest.raises(IndexUnwritable, match=r"read-only|permission"):
        write_segment(layout.segment_path(index_dir, layout.new_segment_name()), {})
    with pytest.raises(IndexUnwritable, match=r"read-only|opened"):
        Catalog.open_writer(index_dir.parent / "spare", model="m")
    assert layout.collect_garbage(index_dir, ()).refused == 2
    assert read(index_dir) == OLD


def test_a_read_only_index_that_others_change_is_followed(
    read_only: tuple[Path, Callable[[bool], None]],
) -> None:
    index_dir, switch = read_only
    build(index_dir)
    switch(True)
    with Catalog.open_reader(index_dir) as reader:
        assert reader.generation == 1
        switch(False)
        update(index_dir)
        switch(True)
        assert reader.generation == 3
        assert texts_in(index_dir, reader) == NEW


def test_what_a_killed_writer_committed_is_seen_on_a_read_only_place(
    read_only: tuple[Path, Callable[[bool], None]], tmp_path: Path
) -> None:
    index_dir, switch = read_only
    build(index_dir)
    steps: list[str] = []
    shutil.copytree(index_dir, tmp_path / "copy")
    update(tmp_path / "copy", on_step=steps.append)
    fatal = steps.index("catalog:closing")
    child = children.Process(target=die_at, args=(update, index_dir, Path(os.devnull), fatal))
    child.start()
    child.join()
    assert (index_dir / "catalog.db-wal").stat().st_size > 0
    switch(True)
    assert read(index_dir) == NEW


def test_a_half_written_catalog_is_not_believed_on_a_read_only_place(
    read_only: tuple[Path, Callable[[bool], None]], tmp_path: Path
) -> None:
    index_dir, switch = read_only
    build(index_dir)
    source = tmp_path / "catalog.db"
    shutil.copy(index_dir / "catalog.db", source)
    database = sqlite3.connect(source, isolation_level=None)
    database.execute("PRAGMA journal_mode = DELETE")
    database.execute("PRAGMA cache_size = 1")
    database.execute("BEGIN IMMEDIATE")
    database.executemany("INSERT INTO dead VALUES (9, ?)", ((i,) for i in range(20_000)))
    shutil.copy(source, index_dir / "catalog.db")
    shutil.copy(f"{source}-journal", index_dir / "catalog.db-journal")
    database.close()
    switch(True)
    with pytest.raises(BrokenIndex, match=r"Cannot read .*run 'semindex index' where the folder can be"):
        read(index_dir)
    switch(False)
    assert read(index_dir) == OLD
