"""The folder: made once, swept of what nobody names, removed only when it is ours."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from semindex.errors import IndexCorrupt, IndexLocked, IndexUntrusted, IndexUnwritable
from semindex.store import layout
from semindex.store.lock import write_lock

from .dying_writer import OLD, build, read


def test_a_new_folder_ignores_itself_and_has_a_place_for_segments(tmp_path: Path) -> None:
    index_dir = tmp_path / "deep" / ".semindex"
    layout.create(index_dir)
    assert "*" in (index_dir / ".gitignore").read_text().splitlines()
    assert (index_dir / "segments").is_dir()
    assert sorted(os.listdir(index_dir)) == [".gitignore", "segments"]


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_git_does_not_see_the_folder(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    build(tmp_path / ".semindex")
    (tmp_path / "seen").touch()
    status = subprocess.run(["git", "status", "--porcelain"], cwd=tmp_path, check=True, capture_output=True)
    assert status.stdout == b"?? seen\n"


def test_making_a_folder_again_changes_nothing(tmp_path: Path) -> None:
    build(tmp_path / "i")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "i").rglob("*")}
    layout.create(tmp_path / "i")
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "i").rglob("*")} == before


def test_an_index_whose_ignore_file_was_taken_away_stays_without(tmp_path: Path) -> None:
    build(tmp_path / "i")
    (tmp_path / "i" / ".gitignore").unlink()
    layout.create(tmp_path / "i")
    assert not (tmp_path / "i" / ".gitignore").exists()
    assert read(tmp_path / "i") == OLD


@pytest.mark.parametrize("leftover", [".gitignore.tmp", "writer.lock", "writer.json"])
def test_a_folder_whose_making_was_cut_short_is_finished(tmp_path: Path, leftover: str) -> None:
    (tmp_path / leftover).write_text("half")
    layout.create(tmp_path)
    assert layout.looks_ours(tmp_path)
    assert not (tmp_path / ".gitignore.tmp").exists()


def test_a_folder_with_other_things_is_refused_untouched(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("mine\n")
    (tmp_path / "main.py").touch()
    with pytest.raises(IndexUnwritable, match="was not made by semindex; choose an empty folder"):
        layout.create(tmp_path)
    assert (tmp_path / ".gitignore").read_text() == "mine\n"
    assert sorted(os.listdir(tmp_path)) == [".gitignore", "main.py"]


def test_a_file_where_the_folder_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".semindex").write_text("file")
    with pytest.raises(IndexUnwritable, match="Cannot write"):
        layout.create(tmp_path / ".semindex")


def test_a_segments_folder_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    stray = elsewhere / f"{'0' * 32}.seg"
    stray.touch()
    layout.create(tmp_path / "i")
    (tmp_path / "i" / "segments").rmdir()
    (tmp_path / "i" / "segments").symlink_to(elsewhere)
    with pytest.raises(IndexUnwritable, match="is a link; remove it"):
        layout.create(tmp_path / "i")
    assert layout.collect_garbage(tmp_path / "i", set()) == layout.Garbage(0, 0, 0)
    assert stray.exists()


def test_names_are_new_each_time_and_lead_into_the_folder(tmp_path: Path) -> None:
    names = {layout.new_segment_name() for _ in range(100)}
    assert len(names) == 100
    assert {layout.segment_path(tmp_path, name).parent for name in names} == {tmp_path / "segments"}


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "/etc/passwd", "x.seg", "", "0" * 32, f"../{'0' * 32}.seg", f"{'0' * 32}.seg\n"],
)
def test_a_name_that_is_no_segment_is_not_followed(tmp_path: Path, name: str) -> None:
    with pytest.raises(IndexCorrupt, match=r"catalog\.db names a segment"):
        layout.segment_path(tmp_path, name)


def test_garbage_is_what_is_ours_and_not_named(tmp_path: Path) -> None:
    layout.create(tmp_path / "i")
    segments = tmp_path / "i" / "segments"
    live, dead = layout.new_segment_name(), layout.new_segment_name()
    derived = live.replace(".seg", ".faiss")
    for name in (live, dead, f"{live}.tmp", f"{dead}.tmp", derived, dead.replace(".seg", ".faiss")):
        (segments / name).write_bytes(b"12345")
    (segments / "notes.txt").touch()
    (segments / ".nfs0001").touch()
    (segments / f"{'a' * 32}.seg").mkdir()
    steps: list[str] = []
    collected = layout.collect_garbage(tmp_path / "i", {live}, on_step=steps.append)
    assert collected == layout.Garbage(removed=4, removed_bytes=20, refused=0)
    assert set(os.listdir(segments)) == {live, derived, "notes.txt", ".nfs0001", f"{'a' * 32}.seg"}
    assert steps == ["garbage:begin", *["garbage:file"] * 4, "garbage:end"]


def test_a_file_that_the_system_keeps_is_left_for_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout.create(tmp_path / "i")
    paths = sorted(layout.segment_path(tmp_path / "i", layout.new_segment_name()) for _ in range(3))
    for path in paths:
        path.write_bytes(b"123")
    real = Path.unlink

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path == paths[1]:
            raise PermissionError(13, "in use")
        real(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    assert layout.collect_garbage(tmp_path / "i", ()) == layout.Garbage(2, 6, 1)
    monkeypatch.undo()
    assert layout.collect_garbage(tmp_path / "i", ()) == layout.Garbage(1, 3, 0)


def test_no_folder_has_no_garbage_and_no_size(tmp_path: Path) -> None:
    assert layout.collect_garbage(tmp_path / "absent", ()) == layout.Garbage(0, 0, 0)
    assert layout.size_bytes(tmp_path / "absent") == 0
    assert layout.clean(tmp_path / "absent") == 0
    assert layout.set_catalog_aside(tmp_path) is None


def test_a_catalog_set_aside_takes_its_side_files_along(tmp_path: Path) -> None:
    layout.create(tmp_path / "i")
    for round_number in (b"1", b"2"):
        for suffix in ("", "-wal", "-journal"):
            (tmp_path / "i" / f"catalog.db{suffix}").write_bytes(round_number)
        assert layout.set_catalog_aside(tmp_path / "i") == tmp_path / "i" / "catalog.damaged.db"
        names = [f"catalog.damaged.db{suffix}" for suffix in ("", "-journal", "-wal")]
        assert sorted(os.listdir(tmp_path / "i")) == [".gitignore", *names, "segments"]
        assert {(tmp_path / "i" / name).read_bytes() for name in names} == {round_number}
    (tmp_path / "i" / "catalog.db").write_bytes(b"3")
    layout.set_catalog_aside(tmp_path / "i")
    assert not (tmp_path / "i" / "catalog.damaged.db-wal").exists()


def test_clean_removes_the_whole_index_and_tells_the_bytes(tmp_path: Path) -> None:
    index_dir = tmp_path / "i"
    build(index_dir)
    (index_dir / "derived").mkdir()
    (index_dir / "derived" / "x").write_bytes(b"1234")
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "file").touch()
    (index_dir / "link").symlink_to(victim)
    size = sum(path.stat().st_size for path in index_dir.rglob("*") if path.is_file())
    assert layout.size_bytes(index_dir) == size
    assert layout.clean(index_dir) == size
    assert not index_dir.exists()
    assert (victim / "file").exists()


@pytest.mark.parametrize("name", ["catalog.db", "notes"])
def test_clean_refuses_a_folder_that_is_not_ours(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(IndexUnwritable, match="was not made by semindex"):
        layout.clean(tmp_path)
    assert (tmp_path / name).exists()


def test_clean_refuses_a_link_and_a_file(tmp_path: Path) -> None:
    build(tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "absent")
    with pytest.raises(IndexUnwritable, match="was not made by semindex"):
        layout.clean(tmp_path / "file")
    for name in ("link", "dangling"):
        with pytest.raises(IndexUntrusted, match="symbolic link"):
            layout.clean(tmp_path / name)
    assert read(tmp_path / "real") == OLD


def test_clean_waits_for_nobody_and_removes_nothing_under_a_writer(tmp_path: Path) -> None:
    build(tmp_path / "i")
    with write_lock(tmp_path / "i"), pytest.raises(IndexLocked):
        layout.clean(tmp_path / "i")
    assert read(tmp_path / "i") == OLD


def test_clean_cut_short_leaves_an_index_that_is_empty_or_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After any removal there is no catalog that names what is gone, and the folder is known as ours."""
    real, cut_short = layout._remove, 0
    for allowed in range(20):
        index_dir = tmp_path / str(allowed)
        build(index_dir)
        (index_dir / "catalog.db-wal").write_bytes(b"what a killed process left")
        removed: list[str] = []

        def remove(path: Path, removed: list[str] = removed, allowed: int = allowed) -> None:
            if len(removed) == allowed:
                raise OSError(5, "cut short")
            removed.append(path.name)
            real(path)

        with monkeypatch.context() as patch:
            patch.setattr(layout, "_remove", remove)
            try:
                layout.clean(index_dir)
            except IndexUnwritable as error:
                assert "cut short" in str(error)
            else:
                break
        cut_short += 1
        assert layout.looks_ours(index_dir)
        if removed:
            assert removed[0] == "catalog.db"
            build(index_dir)
            assert read(index_dir) == OLD
        layout.clean(index_dir)
        assert not index_dir.exists()
    assert cut_short >= 4
    assert not index_dir.exists()
