"""The folders to be watched: all in which a walk may find a file, and none that it does not enter."""

from __future__ import annotations

from pathlib import Path

import pytest

from semindex.errors import RootError
from semindex.source.folders import list_folders
from semindex.source.walk import walk

from .conftest import git, repository, write


def covers(root: Path) -> None:
    """Every folder with a listed file, and those above it, are watched."""
    folders = list_folders(root)
    for ref in walk(root).refs:
        for folder in Path(ref.path).parents:
            assert ("" if folder == Path() else folder.as_posix()) in folders


def test_in_a_work_tree(tmp_path: Path) -> None:
    root = repository(
        tmp_path,
        {
            "src/a.py": "",
            "build/out/b.py": "",
            "kept/c.py": "",
            "node_modules/x/d.js": "",
            "venv/pyvenv.cfg": "",
            "venv/lib/e.py": "",
            "private/f.py": "",
            ".gitignore": "build/\nkept/\n",
            ".semindexignore": "private/\n!kept/\n",
        },
        commit=False,
    )
    (root / "docs" / "empty").mkdir(parents=True)
    (root / "link").symlink_to("src")
    (root / "kept" / "inner").mkdir()
    assert list_folders(root) == {"", "src", "docs", "docs/empty", "kept", "kept/inner"}
    covers(root)


def test_a_folder_with_nothing_but_ignored_files_is_watched(tmp_path: Path) -> None:
    files = {"logs/today/a.log": "", "logs/build/b.py": "", ".gitignore": "*.log\nbuild/\n"}
    assert list_folders(repository(tmp_path, {**files})) == {"", "logs", "logs/today"}


def test_what_git_tracks_is_watched_though_it_is_left_out_by_default(tmp_path: Path) -> None:
    root = repository(tmp_path, {"node_modules/own/a.js": "", "build/b.py": "", ".gitignore": "build/\n"})
    git(root, "add", "-f", "build/b.py")
    assert {"node_modules", "node_modules/own", "build"} <= list_folders(root)
    covers(root)


def test_without_git(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"src/a.py": "", "out/b.py": "", ".ignore": "out/\n", "node_modules/x/c.js": "", ".hg/d": ""},
    )
    (tmp_path / "empty").mkdir()
    assert list_folders(tmp_path) == {"", "src", "empty"}
    covers(tmp_path)


def test_nested_repositories_are_watched_by_their_own_rules(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"a.py": ""})
    repository(root / "vendor" / "inner", {"src/b.py": "", ".gitignore": "made/\n"})
    (root / "vendor" / "inner" / "made").mkdir()
    write(root / "vendor" / "inner" / "made", {"c.py": ""})
    git(root, "worktree", "add", "-q", "-b", "other", "beside")
    assert list_folders(root) == {"", "vendor", "vendor/inner", "vendor/inner/src"}
    covers(root)


def test_a_root_that_git_ignores(tmp_path: Path) -> None:
    top = repository(tmp_path, {"a.py": "", ".gitignore": "ignored/\n"})
    write(top / "ignored", {"src/b.py": ""})
    assert list_folders(top / "ignored") == {"", "src"}


def test_a_missing_root_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RootError):
        list_folders(tmp_path / "no")
