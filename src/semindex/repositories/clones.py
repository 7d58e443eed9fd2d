"""The clones of repositories that a user named by a URL, in the user's cache folder.

Each has a folder with its files (``tree``) and its index (``index``) beside them: a repository could bring an
index of its own, in which one would not want to search.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from semindex import config
from semindex.config import Settings
from semindex.errors import RepositoryError
from semindex.repositories.listing import MAX_NAME_CHARS, Repository
from semindex.source.git import GitFailed
from semindex.source.remote import ON_REQUEST, Remote, clone, is_remote, parse_remote, update
from semindex.store.durable import explain
from semindex.store.ownership import make_folder

__all__ = ["ON_REQUEST", "cloned", "is_remote", "remove_clone", "renewed"]

FOLDER = "clones"
TREE, INDEX = "tree", "index"
_INCOMING = "incoming-"
"""How the folder of a clone begins that is not whole yet."""


def clone_folder(remote: Remote, settings: Settings) -> Path:
    """Where the clone of a repository is kept."""
    import xxhash

    digest = xxhash.xxh3_128_hexdigest(remote.url.removesuffix(".git").encode())[:12]
    base = re.sub(r"[^A-Za-z0-9._-]+", "-", remote.name).strip("-.") or "repository"
    return config.cache_folder(settings) / FOLDER / f"{base[:MAX_NAME_CHARS]}-{digest}"


def cloned(
    url: str, allowed: Sequence[str], settings: Settings, *, on_begin: Callable[[str], None]
) -> Repository:
    """A repository with its newest files, fetched from a URL; its name is the last part of that.

    Args:
        url: As a user wrote it.
        allowed: Protocols besides https that the user asked for.
        settings: Tell where clones are kept.
        on_begin: Is told what is fetched, before that may take long.

    Raises:
        UsageError: The URL is none that may be used.
        RepositoryError: As :func:`fetch`.
    """
    remote = parse_remote(url, tuple(allowed))
    folder = clone_folder(remote, settings)
    on_begin(f"fetching {remote.url} ...")
    fetch(remote, folder)
    return Repository(remote.name, str(folder / TREE), remote.url, str(folder / INDEX))


def renewed(repository: Repository) -> bool:
    """Fetch the newest files of a repository that was cloned; False of a folder of the user.

    Raises:
        RepositoryError: As :func:`fetch`.
    """
    if repository.url:
        fetch(parse_remote(repository.url, ON_REQUEST), Path(repository.root).parent)
    return bool(repository.url)


def fetch(remote: Remote, folder: Path) -> None:
    """Have the newest files of a repository in ``folder/tree``: cloned, or fetched when they are there.

    A clone is made beside and renamed when it is whole. What a process left that was killed is removed here.

    Raises:
        RepositoryError: git is missing, was refused, or could not connect; what was there stays.
    """
    try:
        make_folder(folder.parent)
        _sweep(folder.parent)
        with _working(folder):
            if (folder / TREE).is_dir():
                update(remote, folder / TREE)
                return
            incoming = folder.parent / f"{_INCOMING}{uuid.uuid4().hex}"
            with _working(incoming, ends=True):
                try:
                    make_folder(incoming)
                    clone(remote, incoming / TREE)
                    discard(folder)  # half of one that was being removed
                    incoming.rename(folder)
                finally:
                    discard(incoming)
    except GitFailed as error:
        hint = ""
        if "could not read Username" in str(error) or "Authentication failed" in str(error):
            hint = (
                "; it is not there, or wants you to sign in: set up git's credential helper, or add it by ssh"
            )
        raise RepositoryError(f"{remote.url} could not be fetched: {error}{hint}") from error
    except OSError as error:
        raise RepositoryError(f"{folder} cannot be written: {explain(error)}") from error


def remove_clone(repository: Repository, settings: Settings) -> bool:
    """Remove the clone of a repository; False if there is none that was made here.

    Raises:
        RepositoryError: The system refused, or another process is fetching it.
    """
    folder = Path(repository.root).parent
    clones = config.cache_folder(settings) / FOLDER
    if not repository.url or folder.parent != clones or not folder.is_dir():
        return False
    try:
        _sweep(clones)
        with _working(folder, ends=True):
            discard(folder)
    except OSError as error:
        raise RepositoryError(f"{folder} cannot be removed: {explain(error)}") from error
    return True


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
def _working(folder: Path, *, ends: bool = False) -> Iterator[None]:
    """Hold the lock of a clone's folder, which says that a process lives that works on it.

    The lock goes with the folder, if that ``ends`` or does not come to be.
    """
    from filelock import FileLock, Timeout

    path = folder.with_name(f"{folder.name}.lock")
    lock = FileLock(path, mode=0o600, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise RepositoryError(f"another process is fetching {folder}; try again later") from error
    try:
        yield
    finally:
        if ends or not os.path.lexists(folder):
            with suppress(OSError):
                path.unlink()
        lock.release()


def _sweep(clones: Path) -> None:
    """Remove clones that never became whole, of processes that are gone."""
    left = set(clones.glob(f"{_INCOMING}*"))
    locks = {path.with_suffix("") for path in clones.glob("*.lock")}
    for folder in {path for path in left if path.suffix != ".lock"} | {
        path for path in locks if path.name.startswith(_INCOMING) or not path.exists()
    }:
        with suppress(RepositoryError, OSError), _working(folder, ends=True):
            discard(folder)
