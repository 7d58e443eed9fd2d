"""Folders in the user's cache that are made beside their place, and renamed when they are whole.

While a process works on one it holds a lock beside it (``NAME.lock``), which the system drops when the
process dies. So what is left of a killed one is told from what another process is making.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from semindex.errors import RepositoryError
from semindex.source import git
from semindex.store.layout import size_bytes
from semindex.store.ownership import make_folder

CLONES, COMMITS, HISTORY = "clones", "commits", "history"
"""The folders of such folders, in the user's cache folder."""
UNTOUCHED_SECONDS = 600.0
"""A folder that was used since is not removed: a search may be reading it."""
_INCOMING = "incoming-"
"""How the name of a folder begins that is not whole yet."""


@contextmanager
def incoming(folder: Path) -> Iterator[Path]:
    """An empty folder, which takes the place of ``folder`` after the body; removed if that fails.

    Raises:
        OSError: The system refused.
    """
    made = folder.parent / f"{_INCOMING}{uuid.uuid4().hex}"
    with working(made, ends=True):
        try:
            make_folder(made)
            yield made
            discard(folder)  # half of one that was being removed
            made.rename(folder)
        finally:
            discard(made)


def discard(folder: Path) -> None:
    """Remove a folder with all that is in it; git leaves files that cannot be written, as Windows demands."""

    def again(function: Callable[..., object], path: str, _: object) -> None:
        os.chmod(path, stat.S_IRWXU)  # noqa: PTH101 - the path is text
        function(path)

    if not os.path.lexists(folder):
        return
    if sys.version_info >= (3, 12):
        shutil.rmtree(folder, onexc=again)
    else:
        shutil.rmtree(folder, onerror=again)


@contextmanager
def working(folder: Path, *, ends: bool = False, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the lock of a folder, which says that a process lives that works on it.

    The lock goes with the folder, if that ``ends`` or does not come to be.
    """
    from filelock import FileLock, Timeout

    path = folder.with_name(f"{folder.name}.lock")
    lock = FileLock(path, mode=0o600, thread_local=False)
    try:
        lock.acquire(timeout=wait_seconds)
    except Timeout as error:
        raise RepositoryError(f"another process is working on {folder}; try again later") from error
    try:
        yield
    finally:
        if ends or not os.path.lexists(folder):
            with suppress(OSError):
                path.unlink()
        lock.release()


def sweep(folders: Path) -> None:
    """Remove folders that never became whole, of processes that are gone."""
    left = set(folders.glob(f"{_INCOMING}*"))
    locks = {path.with_suffix("") for path in folders.glob("*.lock")}
    for folder in {path for path in left if path.suffix != ".lock"} | {
        path for path in locks if path.name.startswith(_INCOMING) or not path.exists()
    }:
        with suppress(RepositoryError, OSError), working(folder, ends=True):
            discard(folder)


def repository_name(top: Path, *, each_tree: bool = False) -> str:
    """A name for what is kept of a repository; its linked work trees have the same, unless ``each_tree``."""
    import xxhash

    known_by = top if each_tree else git.common_dir(top) or top
    digest = xxhash.xxh3_128_hexdigest(os.fsencode(known_by))[:12]
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", top.name).strip("-.")[:40] or "repository"
    return f"{name}-{digest}"


class Held(Struct, frozen=True):
    """What is kept in one folder of the cache."""

    entries: int
    """How many repositories, commits or histories."""
    nbytes: int


def held(folders: Path) -> Held:
    """What is kept in a folder of such folders; nothing when it is not there."""
    known = list(_folders(folders))
    return Held(len(known), sum(map(size_bytes, known)))


def clear(folders: Path) -> int:
    """Remove all folders in a folder on which no process works; gives the bytes freed.

    Raises:
        OSError: The system refused.
    """
    freed = 0
    if folders.is_dir():
        sweep(folders)
    for path in _folders(folders):
        with suppress(RepositoryError), working(path, ends=True):
            nbytes = size_bytes(path)
            discard(path)
            freed += nbytes
    return freed


def make_room(folders: Path, nbytes_of: Callable[[Path], int], *, most_folders: int, most_bytes: int) -> None:
    """Remove the folders that were not used for longest, as long as there are too many or too large ones.

    Args:
        folders: The folder of all of them. The time of each tells when it was used.
        nbytes_of: The size of a folder, or 0 if it is not known.
        most_folders: How many may stay.
        most_bytes: What they may take together.
    """
    known = []
    for path in _folders(folders):
        with suppress(OSError):
            known.append((path.stat().st_mtime, path))
    known.sort(reverse=True)
    taken = 0
    for number, (used, path) in enumerate(known):
        taken += nbytes_of(path)
        is_idle = time.time() - used > UNTOUCHED_SECONDS
        if is_idle and (number >= most_folders or taken > most_bytes):
            with suppress(OSError, RepositoryError), working(path, ends=True):
                discard(path)


def _folders(folders: Path) -> Iterator[Path]:
    with suppress(FileNotFoundError, NotADirectoryError):
        for path in sorted(folders.iterdir()):
            if path.is_dir() and not path.is_symlink():
                yield path
