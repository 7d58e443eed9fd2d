"""A refresh by paths does what a refresh of the whole tree does, when only these paths changed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import semindex
from semindex.config import Settings
from semindex.embed.registry import open_embedder
from semindex.errors import UsageError
from semindex.indexing.builder import Builder
from semindex.indexing.workplace import Workplace
from semindex.store.catalog import Catalog
from semindex.types import BuildReport
from tests.corpus import answers, stored_chunks
from tests.product import plant

FILES: dict[str | bytes, bytes] = {
    "a.py": b"def load_cookie(path):\n    return open(path).read()\n",
    "deep/b.py": b"class Store:\n    def save(self):\n        pass\n",
    "deep/c.md": b"# Cookies\n\nHow they are kept.\n",
    "deep/er/d.txt": b"plain words\n",
    "blob.bin": bytes(9),
    ".gitignore": b"*.log\n",
}
PLACES = [
    "a.py",
    "deep/b.py",
    "deep/c.md",
    "deep/er/d.txt",
    "blob.bin",
    "deep/er",
    "new.py",
    "n/e.py",
    "x.log",
]
CONTENTS = [b"def airship():\n    return 1\n", b"words about a zeppelin\n", bytes(20), b""]
edits = st.lists(
    st.lists(
        st.tuples(st.sampled_from(PLACES), st.sampled_from([*CONTENTS, "remove", "touch"])),
        min_size=1,
        max_size=3,
    ),
    min_size=1,
    max_size=3,
)


def refresh(root: Path, index_dir: Path, paths: Collection[str] | None = None) -> BuildReport:
    place = Workplace(root, index_dir, open_embedder(), 4_000_000_000)
    return Builder(place).refresh(paths=paths)


def edit(root: Path, place: str, how: bytes | str) -> None:
    path = root / place
    if how == "touch":
        if path.exists():
            os.utime(path, ns=(10**18, 10**18 + path.stat().st_mtime_ns % 10**9))
    elif how == "remove":
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    elif isinstance(how, bytes) and not path.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(how)


def known(index_dir: Path) -> tuple[object, ...]:
    """What the catalog says of every file, but for the segment that holds it."""
    with Catalog.open_reader(index_dir) as catalog:
        files = [(file.ref, file.digest, file.language, file.chunks) for file in catalog.files()]
        return files, [each.failure for each in catalog.failures()], catalog.meta("pending")


@settings(max_examples=12)
@given(edits)
def test_by_paths_is_as_by_a_walk(rounds: list[list[tuple[str, bytes | str]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = plant(Path(folder) / "root", FILES)
        some, whole = Path(folder) / "some", Path(folder) / "whole"
        refresh(root, some), refresh(root, whole)
        for changes in rounds:
            for place, how in changes:
                edit(root, place, how)
            refresh(root, some, [place for place, _ in changes])
            refresh(root, whole)
            assert stored_chunks(some) == stored_chunks(whole)
            assert known(some) == known(whole)
        queries = ["load cookie", "airship", "zeppelin words"]
        plain = Settings(enable_caching=False)
        with (
            semindex.open(root, index_dir=some, settings=plain) as first,
            semindex.open(root, index_dir=whole, settings=plain) as second,
        ):
            assert answers(first, queries) == answers(second, queries)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = plant(tmp_path / "root", FILES)
    for path in root.rglob("*"):
        os.utime(path, ns=(10**18, 10**18))
    refresh(root, tmp_path / "index")
    return root


def test_nothing_else_is_looked_at(root: Path, tmp_path: Path) -> None:
    plant(root, {"a.py": b"def one(): pass\n", "deep/b.py": b"def two(): pass\n", "new.py": b"three = 3\n"})
    (root / "deep" / "c.md").unlink()
    report = refresh(root, tmp_path / "index", ["a.py", "deep/c.md"])
    assert (report.added, report.changed, report.removed, report.files) == (0, 1, 1, 4)
    report = refresh(root, tmp_path / "index")
    assert (report.added, report.changed, report.removed) == (1, 1, 0)


def test_what_is_in_doubt_elsewhere_stays_in_doubt(root: Path, tmp_path: Path) -> None:
    """Files younger than the last scan of all are read again, however often some paths were looked at."""

    def last_scan_ns() -> int:
        with Catalog.open_reader(tmp_path / "index") as catalog:
            return catalog.last_scan_ns

    before = last_scan_ns()
    plant(root, {"a.py": b"def other(): pass\n"})
    refresh(root, tmp_path / "index", ["a.py"])
    assert last_scan_ns() == before
    refresh(root, tmp_path / "index")
    assert last_scan_ns() > before


def test_the_first_build_and_an_ignore_file_look_at_everything(root: Path, tmp_path: Path) -> None:
    assert refresh(root, tmp_path / "fresh", ["a.py"]).files == 5
    plant(root, {".gitignore": b"deep/\n"})
    assert refresh(root, tmp_path / "index", [".gitignore"]).removed == 3


def test_an_index_is_refreshed_by_paths(root: Path, tmp_path: Path) -> None:
    plant(root, {"a.py": b"def one(): pass\n", "deep/b.py": b"def two(): pass\n", "new.py": b"three = 3\n"})
    with semindex.open(root, index_dir=tmp_path / "index") as index:
        assert index.refresh(paths=[]).changed == 0
        report = index.refresh(paths=["deep", "new.py"], verify=False)
        assert (report.added, report.changed, report.files) == (1, 1, 6)
        assert index.refresh().changed == 1


@pytest.mark.parametrize("paths", ["a.py", [1], ["/a.py"], ["../a.py"], 3])
def test_paths_that_cannot_be_meant_are_refused(root: Path, tmp_path: Path, paths: Any) -> None:
    with semindex.open(root, index_dir=tmp_path / "index") as index, pytest.raises(UsageError, match="paths"):
        index.refresh(paths=paths)
