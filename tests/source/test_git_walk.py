"""Work trees: submodules, nested repositories, worktrees, sparse checkouts, git that fails."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from semindex.source.walk import walk
from semindex.types import SkipReason
from tests.source.conftest import NOBODY, git, listed, paths, repository, skipped, write


def test_tracked_and_untracked_files_are_listed_and_ignored_ones_are_not(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"a.py": "x", ".gitignore": "*.log\n", "kept.log": "x"}
    root = repository(tmp_path / "root", files)
    git(root, "add", "-f", "kept.log")
    write(root, {"new.py": "x", "b.log": "x", "sub/c.log": "x"})
    assert paths(root) == [".gitignore", "a.py", "kept.log", "new.py"]


def test_info_exclude_counts(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"a.py": "x"})
    write(root, {".git/info/exclude": "private.py\n", "private.py": "x"})
    assert paths(root) == ["a.py"]


def test_a_tracked_file_deleted_from_disk_is_just_not_there(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"a.py": "x", "gone.py": "x", "dir/gone.py": "x"})
    (root / "gone.py").unlink()
    (root / "dir/gone.py").unlink()
    (root / "dir").rmdir()
    found = walk(root)
    assert (listed(found), found.skipped, found.warnings) == (["a.py"], (), ())


def test_a_tracked_folder_that_became_a_link_is_not_entered(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"a.py": "x", "dir/b.py": "x", "dir/in/c.py": "x"})
    os.rename(root / "dir", tmp_path / "away")
    (root / "dir").symlink_to(tmp_path / "away")
    found = walk(root)
    assert listed(found) == ["a.py"]
    assert skipped(found) == {"dir": SkipReason.OUTSIDE}


def test_a_tracked_file_that_became_a_folder_gives_the_files_in_it(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"a": "x"})
    (root / "a").unlink()
    write(root, {"a/b.py": "x"})
    found = walk(root)
    assert (listed(found), found.skipped) == (["a/b.py"], ())


def test_unmerged_files_are_listed_once(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"a.py": "one\n"})
    git(root, "checkout", "-q", "-b", "other")
    write(root, {"a.py": "two\n"})
    git(root, "commit", "-qam", "two")
    git(root, "checkout", "-q", "main")
    write(root, {"a.py": "three\n"})
    git(root, "commit", "-qam", "three")
    with pytest.raises(Exception, match="returned non-zero"):
        git(root, "merge", "other")
    assert paths(root) == ["a.py"]


def test_a_subfolder_of_a_work_tree_is_a_root(tmp_path: Path) -> None:
    root = repository(
        tmp_path / "root", {".gitignore": "*.log\n/sub/hidden.py\n", "a.py": "x", "sub/in/b.py": "x"}
    )
    write(root, {"sub/c.py": "x", "sub/d.log": "x", "sub/hidden.py": "x"})
    assert paths(root / "sub") == ["c.py", "in/b.py"]


def test_an_ignored_subfolder_that_is_asked_for_is_walked_and_said_so(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {".gitignore": "/made/\n", "a.py": "x"})
    write(root, {"made/pkg/b.py": "x", "made/pkg/.gitignore": "c.py\n", "made/pkg/c.py": "x"})
    found = walk(root / "made" / "pkg")
    assert listed(found) == [".gitignore", "b.py"]
    assert [f"{root} ignores it" in warning for warning in found.warnings] == [True]


def test_submodules_and_nested_repositories_are_walked_by_their_own_rules(tmp_path: Path) -> None:
    library = repository(tmp_path / "library", {"lib.py": "x", ".gitignore": "*.tmp\n"})
    inner = repository(tmp_path / "inner", {"deep.py": "x"})
    git(library, "submodule", "--quiet", "add", str(inner), "inner")
    git(library, "commit", "-qm", "inner")
    root = repository(tmp_path / "root", {"a.py": "x", ".gitignore": "ignored/\n"})
    git(root, "submodule", "--quiet", "add", str(library), "vendor/lib")
    git(root, "submodule", "--quiet", "update", "--init", "--recursive")
    git(root, "commit", "-qm", "library")
    repository(root / "nested", {"n.py": "x"})
    repository(root / "unborn", {"u.py": "x"}, commit=False)
    repository(root / "ignored" / "repo", {"i.py": "x"})
    write(root, {"vendor/lib/x.tmp": "x", "vendor/lib/new.py": "x", "nested/x.tmp": "x"})
    assert paths(root) == [
        ".gitignore",
        ".gitmodules",
        "a.py",
        "nested/n.py",
        "nested/x.tmp",
        "unborn/u.py",
        "vendor/lib/.gitignore",
        "vendor/lib/.gitmodules",
        "vendor/lib/inner/deep.py",
        "vendor/lib/lib.py",
        "vendor/lib/new.py",
    ]


def test_a_submodule_without_its_files_is_not_checked_out(tmp_path: Path) -> None:
    library = repository(tmp_path / "library", {"lib.py": "x"})
    root = repository(tmp_path / "root", {"a.py": "x"})
    git(root, "submodule", "--quiet", "add", str(library), "lib")
    git(root, "commit", "-qm", "library")
    git(tmp_path, "clone", "-q", str(root), "clone")
    found = walk(tmp_path / "clone")
    assert listed(found) == [".gitmodules", "a.py"]
    assert skipped(found) == {"lib": SkipReason.NOT_CHECKED_OUT}


def test_repositories_below_a_folder_without_git_are_asked(tmp_path: Path) -> None:
    repository(tmp_path / "one", {"a.py": "x", ".gitignore": "*.log\n", "forced.log": "x"})
    git(tmp_path / "one", "add", "-f", "forced.log")
    repository(tmp_path / "group" / "two", {"b.py": "x"})
    write(tmp_path, {"group/two/.git/info/exclude": "c.py\n", "group/two/c.py": "x", "loose.log": "x"})
    assert paths(tmp_path) == ["group/two/b.py", "loose.log", "one/.gitignore", "one/a.py", "one/forced.log"]


def test_semindexignore_reaches_into_nested_repositories(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {".semindexignore": "*.gen\nunwanted/\n", "a.py": "x"})
    repository(root / "nested", {"n.py": "x", "n.gen": "x"})
    repository(root / "unwanted", {"u.py": "x"})
    assert paths(root) == [".semindexignore", "a.py", "nested/n.py"]


def test_a_linked_worktree_is_a_root(tmp_path: Path) -> None:
    main = repository(tmp_path / "main", {"a.py": "x", ".gitignore": "*.log\n"})
    git(main, "worktree", "add", "-q", str(tmp_path / "linked"))
    write(tmp_path / "linked", {"b.py": "x", "c.log": "x"})
    found = walk(tmp_path / "linked")
    assert (listed(found), found.warnings) == ([".gitignore", "a.py", "b.py"], ())


def test_linked_worktrees_inside_their_repository_are_not_indexed_twice(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"a.py": "x"})
    git(root, "worktree", "add", "-q", "trees/feature")
    found = walk(root)
    assert listed(found) == ["a.py"]
    (warning,) = found.warnings
    assert warning.startswith("left out trees/feature: linked worktrees")
    assert paths(root / "trees" / "feature") == ["a.py"]


def test_sparse_paths_are_not_checked_out_rather_than_vanished(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"a.py": "x", "in/b.py": "x", "out/c.py": "x", "out/d/e.py": "x"})
    git(root, "sparse-checkout", "set", "--cone", "in")
    assert not (root / "out").exists()
    found = walk(root)
    assert listed(found) == ["a.py", "in/b.py"]
    assert skipped(found) == dict.fromkeys(["out/c.py", "out/d/e.py"], SkipReason.NOT_CHECKED_OUT)
    write(root, {"out/c.py": "back"})
    assert listed(walk(root)) == ["a.py", "in/b.py", "out/c.py"]


def test_without_git_installed_the_ignore_files_decide_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = repository(tmp_path / "root", {"a.py": "x", ".gitignore": "*.log\n", "b.log": "x"})
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    found = walk(root)
    assert listed(found) == [".gitignore", "a.py"]
    assert found.warnings == (f"{root}: listed without git, by its ignore files alone: git is not installed",)


def test_git_is_asked_which_rules_ignore_files_only_when_the_warnings_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = repository(tmp_path / "root", {"a.py": "x", ".gitignore": "*.log\n", "b.log": "x"})
    asked = list[Path]()

    def list_ignored(folder: Path, top: Path) -> list[bytes]:
        asked.append(folder)
        return []

    monkeypatch.setattr("semindex.source.git.list_ignored", list_ignored)
    found = walk(root)
    assert (listed(found), asked) == ([".gitignore", "a.py"], [])
    assert (found.warnings, asked) == ((), [root])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_repository_of_another_owner_is_walked_without_git(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"a.py": "x", ".gitignore": "*.log\n", "b.log": "x"})
    for path in (root, root / ".git"):
        os.chown(path, NOBODY, NOBODY)
    found = walk(root)
    assert listed(found) == [".gitignore", "a.py"]
    assert ["dubious ownership" in warning for warning in found.warnings] == [True]


def _break_by_emptying(root: Path) -> None:
    os.rename(root / ".git", root.parent / "taken")
    (root / ".git").mkdir()


def _break_head(root: Path) -> None:
    (root / ".git/HEAD").write_bytes(b"")


def _break_index(root: Path) -> None:
    (root / ".git/index").write_bytes(b"DIRC broken")


def _break_config(root: Path) -> None:
    (root / ".git/config").write_text("[core\n")


def _break_by_pointing_nowhere(root: Path) -> None:
    os.rename(root / ".git", root.parent / "taken")
    (root / ".git").write_text("gitdir: ../nowhere\n")


BREAKS = (_break_by_emptying, _break_head, _break_index, _break_config, _break_by_pointing_nowhere)


@pytest.mark.parametrize("break_it", BREAKS, ids=[breaks.__name__[7:] for breaks in BREAKS])
def test_a_broken_repository_is_walked_without_git_and_never_taken_for_the_one_around_it(
    tmp_path: Path, break_it: object
) -> None:
    outer = repository(tmp_path / "outer", {"o.py": "x", ".gitignore": "/*/a.py\n"})
    root = repository(outer / "in" / "root", {"a.py": "x", ".gitignore": "*.log\n", "b.log": "x"})
    assert callable(break_it)
    break_it(root)
    found = walk(root)
    assert listed(found) == [".gitignore", "a.py"]
    assert [warning.split(": ")[:2] for warning in found.warnings] == [
        [str(root), "listed without git, by its ignore files alone"]
    ]


def test_a_git_in_the_tree_itself_is_never_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = repository(tmp_path / "root", {"a.py": "x"})
    marker = tmp_path / "ran"
    write(root, {"bin/git": f"#!/bin/sh\ntouch '{marker}'\n"})
    (root / "bin/git").chmod(0o755)
    monkeypatch.setenv("PATH", str(root / "bin"))
    found = walk(root)
    assert not marker.exists()
    assert listed(found) == ["a.py", "bin/git"]
    assert "stands in the tree itself" in found.warnings[0]


def test_variables_of_another_repository_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = repository(tmp_path / "other", {"o.py": "x"})
    root = repository(tmp_path / "root", {"a.py": "x"})
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git/index"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_LITERAL_PATHSPECS", "1")
    assert paths(root) == ["a.py"]


def test_looking_changes_nothing_in_the_repository(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"a.py": "x", "b.py": "x"})
    os.utime(root / "a.py", ns=(1, 1))
    before = {path: path.lstat().st_mtime_ns for path in (root / ".git").rglob("*")}
    walk(root)
    assert {path: path.lstat().st_mtime_ns for path in (root / ".git").rglob("*")} == before
