"""Files of other programs, replaced whole or not at all; those of an index are in ``test_crash.py``."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from semindex.store.durable import replace_file


def test_a_file_of_another_program_is_replaced_whole_with_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(b"old")
    (tmp_path / "settings.json.tmp").write_bytes(b"somebody's")
    replace_file(path, b"new", 0o640)
    assert path.read_bytes() == b"new"
    assert os.name == "nt" or stat.S_IMODE(path.stat().st_mode) == 0o640
    assert sorted(each.name for each in tmp_path.iterdir()) == ["settings.json", "settings.json.tmp"]


def test_a_file_of_another_program_stays_when_the_system_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(b"old")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="full"):
        replace_file(path, b"new", 0o640)
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [b"old"]
