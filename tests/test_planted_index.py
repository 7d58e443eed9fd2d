"""An index that somebody else put there: never read, never written, and the user is told what to do."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import semindex
from semindex.locate import locate

from .product import ALPHA, BETA, plant, semindex_command

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no numbers of users")
MALLORY = 64_321
needs_root = pytest.mark.skipif(
    sys.platform != "win32" and os.getuid() != 0, reason="only root can make another user's folder"
)


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Path]:
    """A folder that several users share, with an index in it, and a project below it."""
    shared = plant(tmp_path / "shared", {"bait.py": BETA})
    with semindex.open(shared) as index:
        index.refresh()
    plant(shared, {"project/src/cookies.py": ALPHA})
    yield shared


def give_away(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, MALLORY, MALLORY)


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@needs_root
def test_the_index_of_another_user_above_is_passed_over(shared: Path) -> None:
    give_away(shared / ".semindex")
    before = contents(shared / ".semindex")
    project = shared / "project"
    ran = semindex_command("search", "load_cookie", "--json", cwd=project)
    assert (ran.code, ran.paths) == (0, ["src/cookies.py"])
    notes = ran.object["coverage"]["notes"]
    assert any("belongs to" in note and str(MALLORY) in note for note in notes)
    assert (project / ".semindex" / "catalog.db").is_file()
    assert contents(shared / ".semindex") == before
    ran = semindex_command("index", cwd=project)
    assert ran.code == 0
    # Now a nearer index is found first.
    assert "belongs to" not in ran.err


@needs_root
def test_the_index_of_another_user_at_the_root_is_refused(shared: Path) -> None:
    give_away(shared / ".semindex")
    before = contents(shared / ".semindex")
    commands = ("search", "load_cookie"), ("index",), ("status",), ("related", "bait.py"), ("clean", "-y")
    for words in commands:
        ran = semindex_command(*words, cwd=shared)
        assert (ran.code, ran.out) == (2, ""), words
        if words[0] != "clean":
            assert "chown -R 0" in ran.err
            assert "--index-dir" in ran.err
    assert contents(shared / ".semindex") == before
    ran = semindex_command("search", "load_cookie", "--index-dir", shared / "mine", "--json", cwd=shared)
    assert ran.code == 0
    ran = semindex_command("search", "load_cookie", "--index-dir", shared / ".semindex", cwd=shared)
    assert (ran.code, ran.out) == (2, "")


@needs_root
def test_root_under_sudo_uses_the_index_of_its_caller(shared: Path) -> None:
    give_away(shared)
    ran = semindex_command("index", cwd=shared, variables={"SUDO_UID": str(MALLORY)})
    assert ran.code == 0
    owners = {path.stat().st_uid for path in (shared / ".semindex").rglob("*")}
    assert owners == {MALLORY}


def test_in_a_process_of_somebody_else_an_index_is_refused(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = os.getuid()
    if own == 0:
        give_away(shared / ".semindex")
    else:
        monkeypatch.setattr(os, "getuid", lambda: own + 1)
    with semindex.open(shared) as index:
        for attempt in (lambda: index.search("x"), index.refresh, index.status, index.clean):
            with pytest.raises(semindex.IndexUntrusted, match="belongs to"):
                attempt()
        with pytest.raises(semindex.IndexUntrusted):
            _ = index.exists


def test_the_search_for_an_index_ends_at_the_root_of_the_repository(shared: Path) -> None:
    """Even one of one's own further up: a search in a repository answers from that repository."""
    project = shared / "project"
    assert locate(project).root == shared.resolve()
    (project / ".git").mkdir()
    for path in (project, project / "src"):
        found = locate(path)
        assert (found.root, found.index_dir) == (project.resolve(), project.resolve() / ".semindex")
    assert locate(project / "src").scope == "src"


def test_an_index_below_the_root_of_the_repository_is_nearest(shared: Path) -> None:
    (shared / ".git").mkdir()
    assert locate(shared / "project" / "src").root == shared.resolve()
    with semindex.open(shared / "project") as index:
        index.refresh()
    assert locate(shared / "project" / "src").root == (shared / "project").resolve()


@pytest.mark.parametrize("target", ["elsewhere", "../other/.semindex"])
def test_an_index_folder_that_is_a_link_is_refused(tmp_path: Path, target: str) -> None:
    """As git may have brought it with a clone."""
    other = plant(tmp_path / "other", {"other.py": BETA})
    with semindex.open(other) as index:
        index.refresh()
    before = contents(other)
    root = plant(tmp_path / "root", {"cookies.py": ALPHA, "src/.keep": b""})
    (root / "elsewhere").mkdir()
    (root / ".semindex").symlink_to(target)
    for words in (
        ("search", "load_cookie"),
        ("search", "load_cookie", "--no-refresh"),
        ("index",),
        ("index", "--force"),
        ("status",),
        ("related", "cookies.py"),
    ):
        ran = semindex_command(*words, cwd=root)
        assert (ran.code, ran.out) == (2, ""), words
        assert ".semindex is a symbolic link" in ran.err
        assert "Remove the link" in ran.err
    assert semindex_command("clean", "-y", cwd=root).code == 2
    assert contents(other) == before
    assert list((root / "elsewhere").iterdir()) == []
    # The remedy that the message names.
    (root / ".semindex").unlink()
    assert semindex_command("search", "load_cookie", cwd=root).code == 0


def test_a_link_in_a_folder_below_is_passed_over(tmp_path: Path) -> None:
    other = plant(tmp_path / "other", {"other.py": BETA})
    root = plant(tmp_path / "root", {"src/cookies.py": ALPHA})
    for folder in (other, root):
        with semindex.open(folder) as index:
            index.refresh()
    (root / "src" / ".semindex").symlink_to(other / ".semindex")
    ran = semindex_command("search", "load_cookie", "--json", cwd=root / "src")
    assert (ran.code, ran.paths) == (0, ["src/cookies.py"])
    assert any("symbolic link" in note for note in ran.object["coverage"]["notes"])


@pytest.mark.parametrize("name", ["writer.lock", "segments", "catalog.db", "writer.json", "catalog.db-wal"])
def test_links_inside_the_index_folder_change_nothing_outside(tmp_path: Path, name: str) -> None:
    root = plant(tmp_path / "root", {"cookies.py": ALPHA})
    with semindex.open(root) as index:
        index.refresh()
    outside = plant(tmp_path / "outside", {"precious": b"precious" * 100, "folder/kept": b"kept"})
    before = contents(outside)
    place = root / ".semindex" / name
    if place.is_dir():
        place.rename(tmp_path / "moved")
    else:
        place.unlink(missing_ok=True)
    place.symlink_to(outside / ("folder" if name == "segments" else "precious"))
    plant(root, {"new.py": BETA})
    ran = semindex_command("index", cwd=root)
    assert contents(outside) == before
    if ran.code:
        assert "remove it" in ran.err
        place.unlink()
        assert semindex_command("index", cwd=root).code == 0
    assert semindex_command("search", "load_cookie", cwd=root).code == 0
    assert contents(outside) == before


def test_an_index_is_for_its_owner_alone(tmp_path: Path) -> None:
    root = plant(tmp_path / "root", {"cookies.py": ALPHA})
    old = os.umask(0)
    try:
        assert semindex_command("index", cwd=root).code == 0
        plant(root, {"sessions.py": BETA})
        assert semindex_command("search", "load_cookie", cwd=root).code == 0
        with semindex.open(root) as index:
            index.search("load_cookie")  # an open catalog has files of SQLite's beside it
            modes = {
                path.relative_to(root).as_posix(): stat.S_IMODE(path.stat().st_mode)
                for path in (root / ".semindex", *(root / ".semindex").rglob("*"))
            }
    finally:
        os.umask(old)
    folders = {".semindex", ".semindex/segments"}
    assert {name: mode for name, mode in modes.items() if name in folders} == dict.fromkeys(folders, 0o700)
    files = {mode for name, mode in modes.items() if name not in folders}
    assert files == {0o600}


def test_a_folder_that_is_not_ours_keeps_its_mode(tmp_path: Path) -> None:
    root = plant(tmp_path / "root", {"cookies.py": ALPHA})
    home = plant(tmp_path / "home", {"letter.txt": b"mine"})
    home.chmod(0o755)
    assert semindex_command("index", "--index-dir", home, cwd=root).code == 2
    assert stat.S_IMODE(home.stat().st_mode) == 0o755


def test_an_older_index_that_others_can_read_is_closed(tmp_path: Path) -> None:
    root = plant(tmp_path / "root", {"cookies.py": ALPHA})
    with semindex.open(root) as index:
        index.refresh()
        (root / ".semindex").chmod(0o755)
        index.refresh()
    assert stat.S_IMODE((root / ".semindex").stat().st_mode) == 0o700
