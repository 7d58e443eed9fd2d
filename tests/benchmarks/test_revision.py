"""The revision of a checkout, compared with what git says."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from benchmarks.quality.revision import revision


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    git(folder, "commit", "-q", "--allow-empty", "-m", "first")
    git(folder, "commit", "-q", "--allow-empty", "-m", "second")
    return folder


def test_on_a_branch(repository: Path) -> None:
    assert revision(repository) == git(repository, "rev-parse", "HEAD")


def test_with_a_detached_head(repository: Path) -> None:
    git(repository, "checkout", "-q", "HEAD~1")
    assert revision(repository) == git(repository, "rev-parse", "HEAD")


def test_with_packed_references(repository: Path) -> None:
    git(repository, "tag", "-a", "-m", "annotated", "other")
    git(repository, "pack-refs", "--all")
    assert revision(repository) == git(repository, "rev-parse", "HEAD")


def test_in_a_linked_worktree(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-q", "-b", "other", str(tmp_path / "linked"), "HEAD~1")
    assert revision(tmp_path / "linked") == git(repository, "rev-parse", "HEAD~1")
    git(repository, "pack-refs", "--all")
    assert revision(tmp_path / "linked") == git(repository, "rev-parse", "HEAD~1")


def test_before_the_first_commit_and_outside_git(tmp_path: Path) -> None:
    assert revision(tmp_path) is None
    git(tmp_path, "init", "-q")
    assert revision(tmp_path) is None
