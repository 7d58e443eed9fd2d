"""Real git in real folders, without the machine's own git configuration."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from semindex.source.walk import Walk, walk
from semindex.types import FileRef, SkipReason

NOBODY = 65534


@pytest.fixture(scope="session", autouse=True)
def _no_git_configuration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("GIT_")]:
            patch.delenv(name)
        patch.setenv("HOME", str(home))
        patch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
        patch.setenv("GIT_CONFIG_GLOBAL", str(home / "gitconfig"))
        patch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
        yield


def git(folder: Path, *arguments: str) -> str:
    """Run git as a developer would, and give what it prints."""
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "protocol.file.allow=always")
    command = ["git", *identity, "-c", "init.defaultBranch=main", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def write(folder: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def repository(folder: Path, files: dict[str, str | bytes], *, commit: bool = True) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q")
    write(folder, files)
    if commit:
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "--allow-empty", "-m", "first")
    return folder


def paths(root: Path) -> list[str]:
    return listed(walk(root))


def listed(found: Walk) -> list[str]:
    return [ref.path for ref in found.refs]


def skipped(found: Walk) -> dict[str, SkipReason]:
    return {failure.path: failure.reason for failure in found.skipped}


def ref_of(root: Path, name: str) -> FileRef:
    status = os.lstat(root / name)
    return FileRef(name, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


@pytest.fixture
def open_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that an unprivileged user can reach and owns; made deletable again at the end."""
    folder = tmp_path / "open"
    folder.mkdir()
    for above in folder.parents:
        if above == Path(above.anchor) or above.stat().st_uid != os.geteuid():
            break
        above.chmod(above.stat().st_mode | stat.S_IXOTH | stat.S_IXGRP)
    yield folder
    for inner, folders, _ in os.walk(folder, onerror=lambda _: None):
        for name in folders:
            if not (Path(inner) / name).is_symlink():
                (Path(inner) / name).chmod(0o700)


@contextmanager
def unprivileged(folder: Path) -> Iterator[None]:
    """As a user whom permissions bind, and who owns the folder."""
    if os.geteuid() != 0:
        yield
        return
    for inner, folders, files in os.walk(folder):
        for name in (".", *folders, *files):
            os.chown(Path(inner) / name, NOBODY, NOBODY, follow_symlinks=False)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
