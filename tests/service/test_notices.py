"""What the system tells of changes, and that it is said when it tells nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest
import watchfiles._rust_notify
from watchfiles._rust_notify import WatchfilesRustInternalError

from semindex.service import notices
from semindex.service.notices import Lost, Unwatchable, open_notices
from semindex.source.mounts import shared_file_system
from tests.product import plant


@pytest.fixture(autouse=True)
def shorter_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long it is quiet before changes are told decides nothing here, but takes most of the time."""
    monkeypatch.setattr(notices, "QUIET_MS", 20)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return plant(
        tmp_path / "root", {"a.py": b"a = 1\n", "in/b.py": b"b = 1\n", "out/c.py": b"c = 1\n"}
    ).resolve()


def test_what_changes_is_told_with_slashes(root: Path) -> None:
    found = open_notices(root, ["", "in"])
    plant(root, {"in/b.py": b"b = 2\n"})
    assert found.wait(lambda: False) == {"in/b.py": False}
    plant(root, {"new.py": b"new = 1\n"})
    (root / "a.py").unlink()
    changes: dict[str, bool] = {}
    while not {"new.py", "a.py"} <= {path for path, made in changes.items() if made}:
        changes |= {
            path: made for path, made in found.wait(lambda: False).items() if made or path != "new.py"
        }
    found.close()


def test_waiting_is_interrupted(root: Path) -> None:
    found = open_notices(root, [""])
    assert found.wait(lambda: True) == {}
    found.close()


def test_nothing_is_told_when_nothing_has_changed(root: Path) -> None:
    found = open_notices(root, [""])
    assert found.rest(1) == {}
    found.close()


@pytest.mark.skipif(sys.platform != "linux", reason="the whole tree is watched")
def test_only_the_named_folders_are_watched(root: Path) -> None:
    found = open_notices(root, ["", "in"])
    plant(root, {"out/c.py": b"c = 2\n"})
    plant(root, {"in/b.py": b"b = 2\n"})
    assert found.wait(lambda: False) == {"in/b.py": False}
    found.close()


@pytest.mark.skipif(sys.platform != "linux", reason="the whole tree is watched")
def test_a_folder_that_is_gone_is_lost(root: Path) -> None:
    with pytest.raises(Lost):
        open_notices(root, ["", "gone"])


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_folder_whose_name_is_not_utf8_cannot_be_watched(root: Path) -> None:
    folder = os.fsdecode(b"caf\xe9")
    (root / folder).mkdir()
    with pytest.raises(Unwatchable, match="UTF-8"):
        open_notices(root, ["", folder])


@pytest.mark.skipif(sys.platform != "linux", reason="limits of inotify")
@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (OSError('OS file watch limit reached. about ["x"]'), "sudo sysctl fs.inotify.max_user_watches="),
        (
            WatchfilesRustInternalError("Error creating: Too many open files (os error 24)"),
            "sudo sysctl fs.inotify.max_user_instances=",
        ),
        (OSError("something else"), "something else"),
    ],
)
def test_a_limit_says_what_to_do(
    root: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, advice: str
) -> None:
    def refuse(*_: Any) -> None:
        raise error

    monkeypatch.setattr(watchfiles._rust_notify, "RustNotify", refuse)
    with pytest.raises(Unwatchable) as raised:
        open_notices(root, [""])
    assert advice in str(raised.value)


def test_watchfiles_does_not_poll_in_secret(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forced to poll, it has the representation by which we know that it fell back to that."""
    real = watchfiles._rust_notify.RustNotify

    def polling(paths: list[str], debug: bool, poll: bool, *rest: Any) -> Any:
        return real(paths, debug, True, *rest)

    monkeypatch.setattr(watchfiles._rust_notify, "RustNotify", polling)
    with pytest.raises(Unwatchable, match="does not tell"):
        open_notices(root, [""])


class Partition(NamedTuple):
    mountpoint: str
    fstype: str
    opts: str = ""


def test_a_file_system_of_other_machines_is_not_watched(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounted = [Partition(str(root.parent), "nfs4"), Partition(str(root.anchor), "ext4")]
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: mounted)
    with pytest.raises(Unwatchable, match="nfs4"):
        open_notices(root, [""])
    mounted.append(Partition(str(root.parent), "ext4"))  # over it
    assert shared_file_system(root) == ""
    mounted.append(Partition(str(root), "ntfs", "rw,remote"))
    assert shared_file_system(root) == "a network drive"
