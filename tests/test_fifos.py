"""FIFOs where files are read: nothing waits for a writer that never comes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import semindex

from .product import ALPHA, BETA, plant, semindex_command

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no FIFOs in folders")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = plant(tmp_path / "root", {"cookies.py": ALPHA, "src/sessions.py": BETA})
    subprocess.run(["git", "init", "-q", root], check=True)
    with semindex.open(root) as index:
        index.refresh()
    return root


def become_a_fifo(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def test_a_segment_that_is_a_fifo_is_damage(root: Path) -> None:
    (segment,) = (root / ".semindex" / "segments").glob("*.seg")
    become_a_fifo(segment)
    ran = semindex_command("search", "load_cookie", "--no-refresh", cwd=root)
    assert (ran.code, ran.out) == (2, "")
    assert f"{segment.name} is damaged (it is a FIFO)" in ran.err
    assert semindex_command("status", "--verify", cwd=root).code == 2
    assert semindex_command("index", cwd=root).code == 0
    ran = semindex_command("search", "load_cookie", "--json", cwd=root)
    assert ran.paths[0] == "cookies.py"
    assert semindex_command("status", "--verify", cwd=root).code == 0


@pytest.mark.parametrize(
    "name",
    [
        "catalog.db",
        "catalog.db-wal",
        "writer.lock",
        ".gitignore",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in (
                "catalog.db-shm",
                "catalog.db-journal",
                "writer.json",
                "writer.json.tmp",
                "catalog.damaged.db",
            )
        ),
    ],
)
def test_a_fifo_in_the_index_folder_keeps_nobody_waiting(root: Path, name: str) -> None:
    become_a_fifo(root / ".semindex" / name)
    plant(root, {"new.py": b"def add_header(name):\n    pass\n"})
    semindex_command("search", "load_cookie", "--no-refresh", cwd=root)
    semindex_command("status", "--verify", cwd=root)
    ran = semindex_command("index", cwd=root)
    if ran.code:
        assert "remove it" in ran.err
        (root / ".semindex" / name).unlink()
        assert semindex_command("index", cwd=root).code == 0
    assert semindex_command("search", "load_cookie", "--json", cwd=root).paths[0] == "cookies.py"


@pytest.mark.parametrize(
    "name",
    [
        ".git/HEAD",
        ".git/info/exclude",
        ".gitignore",
        ".semindexignore",
        ".semindex.toml",
        "waiting.py",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in (
                ".git",
                ".git/commondir",
                ".git/config",
                ".git/index",
                ".git/packed-refs",
                "pyproject.toml",
                "src/.semindexignore",
            )
        ),
    ],
)
def test_a_fifo_in_the_tree_keeps_nobody_waiting(root: Path, name: str) -> None:
    if name == ".git":
        (root / ".git").rename(root.parent / "moved")
    become_a_fifo(root / name)
    ran = semindex_command("index", cwd=root)
    if name == ".semindex.toml":
        assert ran.code == 2
        assert "not a regular file" in ran.err
        return
    assert ran.code == 0
    if ".git" in name:
        assert f"{root / name} is a FIFO" in ran.err
    ran = semindex_command("search", "load_cookie", "--json", cwd=root)
    assert ran.paths[0] == "cookies.py"


@pytest.mark.slow
def test_a_fifo_that_git_finds_later_is_named(root: Path) -> None:
    """It takes two seconds to see that git waits."""
    become_a_fifo(root / "src" / ".gitignore")
    ran = semindex_command("index", cwd=root)
    assert ran.code == 0
    assert f"{root / 'src' / '.gitignore'} is a FIFO" in ran.err
    assert semindex_command("search", "load_cookie", "--json", cwd=root).paths[0] == "cookies.py"
