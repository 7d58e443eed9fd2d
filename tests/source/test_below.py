"""Folders below another that hold something."""

from __future__ import annotations

from pathlib import Path

import pytest

from semindex.source import below
from semindex.source.below import folders_with


def make(root: Path, *folders: str) -> None:
    for folder in folders:
        (root / folder / ".git").mkdir(parents=True)


def named(root: Path, depth: int = 3) -> list[str]:
    return [path.relative_to(root).as_posix() for path in folders_with(root, ".git", depth=depth)]


def test_folders_are_found_down_to_a_depth(tmp_path: Path) -> None:
    make(tmp_path, "b", "a/c", "a/d/e", "a/d/f/g")
    assert named(tmp_path) == ["a/c", "a/d/e", "b"]
    assert named(tmp_path, depth=1) == ["b"]


def test_hidden_folders_links_and_what_lies_below_a_found_one_are_left_out(tmp_path: Path) -> None:
    make(tmp_path / "root", "a", "a/nested", ".cache/b")
    make(tmp_path, "elsewhere")
    (tmp_path / "root" / "link").symlink_to(tmp_path / "elsewhere")
    assert named(tmp_path / "root") == ["a"]


def test_a_look_ends_after_so_many_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a", "b", "c")
    monkeypatch.setattr(below, "MOST_ENTRIES", 2)
    assert len(named(tmp_path)) == 2
