"""Folders that nobody may have meant: refused at the first index, and made when somebody insists."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import semindex
from semindex.indexing import breadth
from semindex.indexing.breadth import doubt, doubt_of_many
from tests.product import plant


def make_repository(folder: Path) -> Path:
    plant(folder, {"a.py": b"def load(): pass\n"})
    subprocess.run(["git", "init", "-q", folder], check=True)
    return folder


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A folder above two repositories, one of them deeper."""
    make_repository(tmp_path / "code" / "one")
    make_repository(tmp_path / "code" / "team" / "two")
    return tmp_path / "code"


def test_the_root_of_the_file_system_and_a_home_are_doubted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "homes" / "me"))
    make_repository(tmp_path / "homes" / "me")
    assert doubt(Path("/")) == "is the root of the file system"
    assert doubt(tmp_path / "homes" / "me") == "is your home folder"
    assert doubt(tmp_path / "homes") == "holds your home folder"
    assert doubt(tmp_path / "homes" / "me" / "project") == ""


def test_a_folder_above_several_repositories_is_doubted(code: Path) -> None:
    assert doubt(code) == "holds 2 repositories (one, team/two)"
    assert doubt(code / "one") == ""
    assert doubt(code / "team") == ""
    make_repository(code)  # one that has nested repositories is one project
    assert doubt(code) == ""


def test_many_files_are_doubted_outside_git(code: Path) -> None:
    assert doubt_of_many(code, 50_000) == ""
    assert doubt_of_many(code, 50_001) == "has 50,001 files and is no git work tree"
    assert doubt_of_many(code / "one", 50_001) == ""


def test_a_doubted_folder_is_indexed_only_when_somebody_insists(code: Path) -> None:
    with semindex.open(code) as index:
        with pytest.raises(semindex.BroadRoot, match=r"holds 2 repositories .* index\.refresh\(yes=True\)"):
            index.refresh()
        assert not (code / ".semindex").exists()
        assert index.refresh(yes=True).files == 2
        assert index.refresh().files == 2, "what is indexed already was meant"


def test_many_files_make_no_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breadth, "MOST_FILES", 2)
    root = plant(tmp_path / "many", {f"{number}.py": b"x = 1\n" for number in range(3)})
    with semindex.open(root) as index:
        with pytest.raises(semindex.BroadRoot, match="has 3 files and is no git work tree"):
            index.refresh()
        assert not (root / ".semindex").exists()
        assert index.refresh(yes=True).files == 3


def test_an_empty_folder_makes_no_index(tmp_path: Path) -> None:
    with semindex.open(tmp_path) as index:
        report = index.refresh()
        assert (report.files, report.generation) == (0, 0)
        assert report.warnings == ("there are no files, so no index was made",)
        assert not index.exists
    assert list(tmp_path.iterdir()) == []
