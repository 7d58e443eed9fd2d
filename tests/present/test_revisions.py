"""``--rev`` on a real repository, as processes: what a commit holds is found, and the cache stays small."""

from __future__ import annotations

import os
import shutil
import sys
from functools import partial
from pathlib import Path

import pytest

from semindex.repositories import folders as folders_module

from ..product import ALPHA, BETA, Ran, plant
from .test_repositories import Run, committed, git, own, run

__all__ = ["run"]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="folders of POSIX")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository whose first commit has what its work tree has no more."""
    return make(tmp_path / "root")


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, which nobody may change."""
    return make(tmp_path_factory.mktemp("fixed") / "root")


def make(root: Path) -> Path:
    made = committed(root, {"old.py": ALPHA, "sub/kept.py": BETA, "both.py": b"def both():\n    pass\n"})
    git(made, "tag", "v1")
    git(made, "rm", "-q", "old.py")
    plant(made, {"both.py": b"\n\n\ndef both():\n    pass\n", "new.py": b"def quokka():\n    pass\n"})
    git(made, "add", "-A")
    git(made, "commit", "-qm", "second")
    plant(made, {"both.py": b"def changed():\n    pass\n", "untracked.py": ALPHA})
    return made


def places(ran: Ran) -> list[str]:
    return [f"{hit['path']}:{hit['start_line']}" for hit in ran.object["hits"]]


def folders(tmp_path: Path) -> list[Path]:
    return sorted(path for path in (tmp_path / "cache" / "commits").iterdir() if path.is_dir())


def test_a_commit_is_searched_as_it_was(root: Path, tmp_path: Path, run: Run) -> None:
    before = {path: path.stat() for path in root.rglob("*") if path.is_file()}
    found = run("search", "load cookie", root, "--rev", "v1", "--json")
    (hit,) = [each for each in found.object["hits"] if each["path"] == "old.py"]
    assert hit["text"].startswith("def load_cookie(name):")
    assert (hit["rev"], hit["repository"]) == (git(root, "rev-parse", "v1").strip(), str(root))
    coverage = found.object["coverage"]
    assert (coverage["indexed"], coverage["freshness"]) == (3, "fresh")
    assert [note.partition(":")[0] for note in coverage["notes"]] == [
        f"v1 is the commit {hit['rev'][:12]}",
        "indexed first",
    ]
    assert places(run("search", "both", root, "--rev", "v1", "--json"))[0] == "both.py:1"
    assert places(run("search", "both", root, "--rev", "HEAD", "--json"))[0] == "both.py:4"
    assert run("search", "untracked", root, "--rev", "HEAD", "--json").object["coverage"]["indexed"] == 3
    assert {path: path.stat() for path in root.rglob("*") if path.is_file()}.keys() == before.keys()
    assert not (root / ".semindex").exists()


def test_places_of_a_commit_are_as_git_takes_them(root: Path, run: Run) -> None:
    (line,) = run("search", "load_cookie", root, "--rev", "v1", "-l").out.splitlines()
    assert git(root, "show", line) == ALPHA.decode()
    assert run("search", "load_cookie", root, "--rev", "v1", "--vimgrep").out.startswith(f"{line}:1:")
    assert run("search", "load_cookie", root, "--rev", "v1", "--color=always").code == 0


def test_a_part_of_the_repository_is_asked_in_the_commit_too(root: Path, run: Run) -> None:
    found = run("search", "session cookie both", root / "sub", "--rev", "v1", "--json")
    assert [hit["path"] for hit in found.object["hits"]] == ["sub/kept.py"]


def test_definitions_and_lines_of_a_commit_are_shown(root: Path, run: Run) -> None:
    symbol = run("symbol", "load_cookie", root, "--rev", "v1", "--json").object
    assert [(each["path"], each["rev"][:4]) for each in symbol["definitions"]] == [
        ("old.py", git(root, "rev-parse", "v1")[:4])
    ]
    assert run("symbol", "load_cookie", root, "--rev", "HEAD").code == 1
    assert run("add", root, "-q").code == 0
    read = run("read", "old.py:1", "--repo", "root", "--rev", "v1", "--json").object
    assert [(each["path"], each["text"]) for each in read["spans"]] == [("old.py", "def load_cookie(name):")]
    assert run("search", "load_cookie", "--repo", "root", "--rev", "v1", "--json").paths == ["old.py"]


@pytest.mark.slow
def test_a_commit_is_indexed_once_and_again_under_other_settings(
    root: Path, tmp_path: Path, run: Run
) -> None:
    notes = []
    for settings in ([], [], ["--set", "MAX_FILE_KB=1"], ["--set", "MAX_FILE_KB=1"], []):
        found = run("search", "both", root, "--rev", "v1", "--json", *settings)
        assert found.code == 0
        notes.append(len(found.object["coverage"]["notes"]))
    assert notes == [2, 1, 2, 1, 2]
    assert len(folders(tmp_path)) == 1
    git(root, "commit", "-q", "--allow-empty", "-m", "the same files")
    run("search", "both", root, "--rev", "HEAD", "--json")
    run("search", "both", root, "--rev", "HEAD~1", "--json")
    assert len(folders(tmp_path)) == 2, "commits with the same files share an index"


def test_a_build_that_was_interrupted_is_gone_on_with(root: Path, tmp_path: Path, run: Run) -> None:
    run("search", "both", root, "--rev", "v1")
    (folder,) = folders(tmp_path)
    shutil.rmtree(folder / "index")
    (folder / "whole.json").unlink()
    (folder.parent / "incoming-1234").mkdir()
    found = run("search", "load_cookie", root, "--rev", "v1", "--json")
    assert found.paths == ["old.py"]
    assert folders(tmp_path) == [folder]


@pytest.mark.slow
def test_what_was_not_used_for_longest_is_removed(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    for number in range(3):
        plant(root, {"new.py": b"x = %d\n" % number})
        git(root, "commit", "-qam", "another")
        run("search", "both", root, "--rev", "HEAD")
    before = folders(tmp_path)
    assert len(before) == 3
    oldest, newer, newest = sorted(before, key=lambda path: path.stat().st_mtime_ns)
    room = partial(folders_module.make_room, oldest.parent, lambda folder: 10)
    room(most_folders=2, most_bytes=100)
    assert folders(tmp_path) == before, "one that was used a moment ago may be in use"
    monkeypatch.setattr(folders_module, "UNTOUCHED_SECONDS", -1.0)
    room(most_folders=2, most_bytes=100)
    assert folders(tmp_path) == sorted([newer, newest])
    room(most_folders=2, most_bytes=15)
    assert folders(tmp_path) == [newest]
    room(most_folders=0, most_bytes=15)
    assert os.listdir(oldest.parent) == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["search", "x", "ROOT", "--rev", "nope"], "'nope' means no commit in "),
        (["search", "x", "ROOT", "--rev=--output=x"], "'--output=x' means no commit in "),
        (["search", "x", "NONE", "--rev", "HEAD"], "is in no git work tree, and so there are no commits"),
        (["search", "x", "ROOT", "NONE", "--rev", "v1"], "--rev is of one repository"),
        (["search", "x", "--all", "--rev", "v1"], "--rev is of one repository"),
        (["search", "x", "ROOT", "--rev", "v1", "--index-dir", "x"], "leave out --index-dir"),
        (["search", "x", "nowhere", "--rev", "v1"], "nowhere does not exist"),
        (["symbol", "x", "ROOT", "--rev", "nope"], "means no commit"),
    ],
)
def test_what_is_no_commit_is_said(
    words: list[str], told: str, fixed: Path, tmp_path: Path, run: Run
) -> None:
    (tmp_path / "none").mkdir()
    named = {"ROOT": str(fixed), "NONE": str(tmp_path / "none")}
    done = run(*[named.get(word, word) for word in words])
    assert (done.code, done.out) == (2, "")
    assert told in done.err


def test_a_commit_without_files_is_told_of(tmp_path: Path, run: Run) -> None:
    root = committed(tmp_path / "root", {"a.py": ALPHA})
    git(root, "rm", "-q", "a.py")
    git(root, "commit", "-qm", "nothing")
    done = run("search", "x", root, "--rev", "HEAD")
    assert done.code == 2 and "has no files to index" in done.err
    assert own(tmp_path)
