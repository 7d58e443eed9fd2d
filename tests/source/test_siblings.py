"""Other work trees are found by files that name each other, and by nothing that only one side says."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from semindex.source.siblings import other_work_trees
from tests.source.conftest import git, repository


@pytest.fixture
def main(tmp_path: Path) -> Path:
    """A repository with two linked work trees, ``left`` and ``right``, beside it."""
    root = repository(tmp_path / "main", {"a.py": "x"})
    for name in ("left", "right"):
        git(root, "worktree", "add", "-q", str(tmp_path / name))
    return root


def test_each_work_tree_finds_the_others_the_main_one_first(main: Path, tmp_path: Path) -> None:
    left, right = tmp_path / "left", tmp_path / "right"
    assert other_work_trees(main) == [left, right]
    assert other_work_trees(left) == [main, right]
    assert other_work_trees(right) == [main, left]


def test_work_trees_of_a_bare_repository_find_each_other(main: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(main), str(tmp_path / "bare"))
    for name in ("one", "two"):
        git(tmp_path / "bare", "worktree", "add", "-q", "-b", name, str(tmp_path / name))
    assert other_work_trees(tmp_path / "one") == [tmp_path / "two"]


def test_work_trees_that_are_named_by_relative_paths_are_found(main: Path, tmp_path: Path) -> None:
    (tmp_path / "left" / ".git").write_text("gitdir: ../main/.git/worktrees/left\n")
    (main / ".git" / "worktrees" / "left" / "gitdir").write_text("../../../../left/.git\n")
    assert other_work_trees(tmp_path / "left") == [main, tmp_path / "right"]
    assert tmp_path / "left" in other_work_trees(main)


def test_one_that_was_removed_or_moved_by_hand_is_no_work_tree(main: Path, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "left")
    (tmp_path / "right").rename(tmp_path / "moved")
    assert other_work_trees(main) == []
    assert other_work_trees(tmp_path / "moved") == []


def test_a_clone_a_plain_folder_and_a_submodule_have_none(main: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(main), str(tmp_path / "clone"))
    (tmp_path / "plain").mkdir()
    outer = repository(tmp_path / "outer", {"b.py": "x"})
    git(outer, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(main), "inner")
    for folder in (tmp_path / "clone", tmp_path / "plain", outer, outer / "inner"):
        assert other_work_trees(folder) == []


@pytest.mark.parametrize("lie", ["main/.git", "main/.git/worktrees/left"])
def test_a_tree_that_claims_a_repository_is_none_of_its_work_trees(
    main: Path, tmp_path: Path, lie: str
) -> None:
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    (stranger / ".git").write_text(f"gitdir: {tmp_path / lie}\n")
    assert other_work_trees(stranger) == []
    assert stranger not in other_work_trees(main)


@pytest.mark.parametrize("claimed", ["main", "left"])
def test_a_repository_that_claims_a_folder_has_no_work_tree_there(
    main: Path, tmp_path: Path, claimed: str
) -> None:
    stranger = repository(tmp_path / "stranger", {"a.py": "x"})
    listed = stranger / ".git" / "worktrees" / "left"
    listed.mkdir(parents=True)
    (listed / "gitdir").write_text(f"{tmp_path / claimed / '.git'}\n")
    assert other_work_trees(stranger) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no FIFOs in folders")
def test_what_is_no_file_is_passed_over(main: Path, tmp_path: Path) -> None:
    listed = main / ".git" / "worktrees"
    (listed / "left" / "gitdir").unlink()
    os.mkfifo(listed / "left" / "gitdir")
    (listed / "stray").write_text("no folder")
    (listed / "bytes").mkdir()
    (listed / "bytes" / "gitdir").write_bytes(b"\xff\0\xfe")
    assert other_work_trees(main) == [tmp_path / "right"]
