"""A build that is killed keeps what it committed, says that it is partial, and goes on from there."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import semindex
from semindex.config import Settings
from semindex.embed.registry import open_embedder
from semindex.errors import NotIndexed
from semindex.index import Index
from semindex.indexing.builder import Builder
from semindex.indexing.workplace import Workplace
from semindex.store.catalog import Catalog
from semindex.types import BuildReport, Progress
from tests.corpus import StoredChunk, answers, copy_package, stored_chunks

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")

QUERIES = ["decode a header", "EmailMessage", "run until complete", "parse json object"]
PROGRAM = """
import sys
from pathlib import Path
from semindex.indexing.builder import Builder
from semindex.indexing.workplace import Workplace
from semindex.embed.registry import open_embedder
root, index_dir = map(Path, sys.argv[1:3])
place = Workplace(root, index_dir, open_embedder(), 4_000_000_000, open_embedder=open_embedder, workers=2,
    parallel_bytes=0, batch_bytes=40_000, commit_seconds=0.0)
Builder(place, progress=lambda step: print(step.done, flush=True)).refresh()
"""


class Stopped(Exception):  # noqa: N818 - no error
    """Ends a build in the middle, as far as the builder can tell for no reason."""


def opened(root: Path, index_dir: Path) -> Index:
    return semindex.open(root, index_dir=index_dir, settings=Settings(enable_caching=False))


def build(root: Path, index_dir: Path, *, stop_after: int | None = None, force: bool = False) -> BuildReport:
    """By one process and in small commits; stopped when so many files are done."""

    def watch(step: Progress) -> None:
        if stop_after is not None and step.stage == "index" and step.done >= stop_after:
            raise Stopped

    place = Workplace(root, index_dir, open_embedder(), 4_000_000_000, batch_bytes=20_000, commit_seconds=0.0)
    return Builder(place, progress=watch).refresh(force=force)


def stopped(root: Path, index_dir: Path, after: int, *, force: bool = False) -> tuple[int, int]:
    """A build that got no further; gives the files that it indexed and those still to come."""
    with pytest.raises(Stopped):
        build(root, index_dir, stop_after=after, force=force)
    return progress_of(index_dir)


def progress_of(index_dir: Path) -> tuple[int, int]:
    with Catalog.open_reader(index_dir) as catalog:
        return catalog.totals().files, int(catalog.meta("pending") or 0)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree long written, so that no file is read again for being young."""
    for name in ("json", "email"):
        copy_package(name, tmp_path / "tree")
    for path in (tmp_path / "tree").rglob("*"):
        os.utime(path, ns=(10**18, 10**18))
    return tmp_path / "tree"


def test_what_was_committed_answers_and_says_that_it_is_partial(tree: Path, tmp_path: Path) -> None:
    files, pending = stopped(tree, tmp_path / "index", 20)
    assert files > 0 and pending > 0
    with opened(tree, tmp_path / "index") as index:
        hits = index.search("decode a header")
        note = f"the index is partial: {files} of {files + pending} files; run 'semindex index' to go on"
        assert hits and note in hits.coverage.notes
        assert hits.coverage.seen == files + pending + sum(hits.coverage.skipped.values())
        status = index.status(verify=True)
        assert note in status.notes
        assert status.problems == ()
    build(tree, tmp_path / "index")
    with opened(tree, tmp_path / "index") as index:
        assert not [note for note in index.search("decode a header").coverage.notes if "partial" in note]


def test_the_next_run_reads_only_what_is_left(tree: Path, tmp_path: Path) -> None:
    index_dir = tmp_path / "index"
    files, pending = stopped(tree, index_dir, 20)
    later, left = stopped(tree, index_dir, 10)
    assert later > files and left < pending
    report = build(tree, index_dir)
    assert report.added == report.files - later
    build(tree, tmp_path / "fresh")
    assert stored_chunks(index_dir) == stored_chunks(tmp_path / "fresh")
    with opened(tree, index_dir) as resumed, opened(tree, tmp_path / "fresh") as fresh:
        assert answers(resumed, QUERIES) == answers(fresh, QUERIES)


def test_an_edit_between_the_runs_is_seen_in_what_was_done_and_in_what_was_not(
    tree: Path, tmp_path: Path
) -> None:
    index_dir = tmp_path / "index"
    stopped(tree, index_dir, 20)
    with Catalog.open_reader(index_dir) as catalog:
        known = [record.ref.path for record in catalog.files()]
    unknown = sorted(
        path.relative_to(tree).as_posix()
        for path in tree.rglob("*.py")
        if path.stat().st_size and path.relative_to(tree).as_posix() not in known
    )
    for path in (known[0], unknown[0]):
        (tree / path).write_text("def entirely_new_zebra():\n    return 1\n")
    (tree / known[1]).unlink()
    (tree / unknown[1]).unlink()
    build(tree, index_dir)
    build(tree, tmp_path / "fresh")
    assert stored_chunks(index_dir) == stored_chunks(tmp_path / "fresh")
    with opened(tree, index_dir) as index:
        assert {hit.path for hit in index.search("entirely_new_zebra")} >= {known[0], unknown[0]}


def test_a_doubtful_file_that_a_stopped_build_did_not_read_stays_doubtful(tree: Path, tmp_path: Path) -> None:
    """Its size and times are those of the index; only reading it tells that it changed."""
    index_dir = tmp_path / "index"
    young = tree / "json" / "tool.py"
    young.write_text("def first():\n    return 1\n")
    build(tree, index_dir)
    times = young.stat()
    young.write_text("def other():\n    return 2\n")
    os.utime(young, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(Stopped):
        build(tree, index_dir, stop_after=0)
    build(tree, index_dir)
    with opened(tree, index_dir) as index:
        assert index.search("other", kind=["function"])[0].symbol == "other"


def test_a_forced_build_that_is_stopped_leaves_a_sound_index(tree: Path, tmp_path: Path) -> None:
    index_dir = tmp_path / "index"
    build(tree, index_dir)
    before = stored_chunks(index_dir)
    files, pending = progress_of(index_dir)
    assert stopped(tree, index_dir, 20, force=True) == (files, pending) == (files, 0), "counted once each"
    with opened(tree, index_dir) as index:
        coverage = index.search("decode a header").coverage
        assert (coverage.indexed, coverage.seen) == (files, files + sum(coverage.skipped.values()))
        assert not [note for note in coverage.notes if "partial" in note]
    assert stored_chunks(index_dir) == before
    build(tree, index_dir)
    assert stored_chunks(index_dir) == before


def kill_at(root: Path, index_dir: Path, step: int) -> bool:
    """Kill a build and its workers soon after that step of its progress; whether it was still at work."""
    building = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(root), str(index_dir)],
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert building.stdout is not None
    with building.stdout as output:
        for _ in range(step):
            if not output.readline():
                assert building.wait() == 0
                return False
        os.killpg(building.pid, signal.SIGKILL)
        building.wait()
        return True


@pytest.mark.slow
def test_killed_fifty_times_at_random_it_still_becomes_the_undisturbed_index(tmp_path: Path) -> None:
    tree, index_dir = tmp_path / "tree", tmp_path / "index"
    for name in ("json", "email", "asyncio", "unittest", "multiprocessing", "concurrent"):
        copy_package(name, tree)
    for path in tree.rglob("*"):
        os.utime(path, ns=(10**18, 10**18))
    build(tree, tmp_path / "fresh")
    expected: list[StoredChunk] = stored_chunks(tmp_path / "fresh")
    with opened(tree, tmp_path / "fresh") as fresh:
        wanted = answers(fresh, QUERIES)
        total = fresh.status().indexed
    chance = random.Random(4)
    kills = partial = completed = 0
    furthest = 0
    while kills < 50:
        if not kill_at(tree, index_dir, chance.randrange(30)):
            completed += 1
            assert stored_chunks(index_dir) == expected
            shutil.rmtree(index_dir)
            furthest = 0
            continue
        kills += 1
        with opened(tree, index_dir) as index:
            try:
                hits = index.search("decode a header")
            except NotIndexed:
                assert furthest == 0
                continue
            files, pending = progress_of(index_dir)
            assert files >= furthest, "what was committed is lost"
            furthest = files
            assert index.status(verify=True).problems == ()
            if pending:
                partial += 1
                assert files + pending >= total
                note = f"partial: {files} of {files + pending} files"
                assert any(note in each for each in hits.coverage.notes)
            else:
                assert files == total
    assert partial >= 10
    build(tree, index_dir)
    assert stored_chunks(index_dir) == expected
    with opened(tree, index_dir) as index:
        assert answers(index, QUERIES) == wanted
        kept = {path.name for path in (index_dir / "segments").iterdir()}
        assert len(kept) == index.status().segments
