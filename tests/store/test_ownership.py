"""Whose an index folder is: what may be used, and that what we make is for its owner alone."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from semindex.errors import IndexUntrusted
from semindex.store.ownership import close_to_others, make_file, make_folder, open_new, refuse, require_own

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no numbers of users")
OWN = os.getuid() if sys.platform != "win32" else 0


def become(monkeypatch: pytest.MonkeyPatch, user: int, sudo: str | None = None) -> None:
    monkeypatch.setattr(os, "getuid", lambda: user)
    monkeypatch.delenv("SUDO_UID", raising=False)
    if sudo is not None:
        monkeypatch.setenv("SUDO_UID", sudo)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_folder_of_ones_own_and_none_at_all_pass(tmp_path: Path) -> None:
    require_own(tmp_path)
    require_own(tmp_path / "missing")
    require_own(tmp_path / "missing" / "below")


@pytest.mark.parametrize("target", ["there", "missing"])
def test_a_link_is_refused_wherever_it_leads(tmp_path: Path, target: str) -> None:
    (tmp_path / "there").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / target)
    with pytest.raises(IndexUntrusted, match=r"link is a symbolic link.*--index-dir"):
        require_own(link)


@posix
@pytest.mark.skipif(OWN == 0, reason="what root owns is trusted by all")
def test_the_folder_of_another_user_is_refused_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    become(monkeypatch, OWN + 1)
    told = refuse(tmp_path)
    assert f"belongs to user {OWN}" in told or f"({OWN})" in told
    assert f"chown -R {OWN + 1} {tmp_path}" in told
    assert "--index-dir" in told


@posix
@pytest.mark.skipif(OWN != 0, reason="only root can give a folder away")
def test_only_root_and_for_it_the_caller_of_sudo_are_trusted_besides_oneself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    become(monkeypatch, 1001)
    assert refuse(tmp_path) == ""  # root's
    os.chown(tmp_path, 1002, 1002)
    assert f"chown -R 1001 {tmp_path}" in refuse(tmp_path)
    become(monkeypatch, 1001, sudo="1002")
    assert refuse(tmp_path)  # the variable means something for root alone
    become(monkeypatch, 0)
    assert refuse(tmp_path)
    become(monkeypatch, 0, sudo="1002")
    assert refuse(tmp_path) == ""
    for odd in ("1003", "", "x", "-1", "²"):
        become(monkeypatch, 0, sudo=odd)
        assert refuse(tmp_path)


@posix
@pytest.mark.skipif(OWN != 0, reason="only root can give a file away")
def test_what_root_makes_under_sudo_is_the_callers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.chown(tmp_path, 1002, 1003)
    become(monkeypatch, 0, sudo="1002")
    folder = tmp_path / "index"
    make_folder(folder)
    make_file(folder / "file")
    made = [((seen := path.stat()).st_uid, seen.st_gid) for path in (folder, folder / "file")]
    assert made == [(1002, 1003)] * 2
    become(monkeypatch, 0)
    make_file(folder / "other")
    assert (folder / "other").stat().st_uid == 0


@posix
def test_what_is_made_is_for_its_owner_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        folder = tmp_path / "above" / "index"
        make_folder(folder)
        make_file(folder / "file")
    finally:
        os.umask(old)
    assert (mode(folder), mode(folder / "file")) == (0o700, 0o600)
    assert mode(folder.parent) == 0o777


@posix
def test_a_folder_that_others_enter_is_closed_and_keeps_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    folder.mkdir()
    folder.chmod(0o755)
    (folder / "file").write_text("kept")
    (folder / "file").chmod(0o644)
    make_folder(folder)
    make_file(folder / "file")
    assert mode(folder) == 0o755
    close_to_others(folder)
    close_to_others(folder / "file")
    assert (mode(folder), mode(folder / "file")) == (0o700, 0o644)
    assert (folder / "file").read_text() == "kept"


def test_a_new_file_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "precious")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name in ("link", "dangling"):
        with pytest.raises(FileExistsError):
            open_new(tmp_path / name)
        make_file(tmp_path / name)
    assert (tmp_path / "precious").read_text() == "mine"
    assert not (tmp_path / "nowhere").exists()
