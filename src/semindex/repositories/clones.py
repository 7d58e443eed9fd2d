"""The clones of repositories that a user named by a URL, in the user's cache folder.

Each has a folder with its files (``tree``) and its index (``index``) beside them: a repository could bring an
index of its own, in which one would not want to search.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from semindex import config
from semindex.config import Settings
from semindex.errors import RepositoryError
from semindex.repositories.folders import CLONES, discard, incoming, sweep, working
from semindex.repositories.listing import MAX_NAME_CHARS, Repository
from semindex.source.git import GitFailed
from semindex.source.remote import ON_REQUEST, Remote, clone, is_remote, parse_remote, update
from semindex.store.durable import explain
from semindex.store.ownership import make_folder

__all__ = ["ON_REQUEST", "cloned", "is_remote", "remove_clone", "renewed"]

TREE, INDEX = "tree", "index"


def clone_folder(remote: Remote, settings: Settings) -> Path:
    """Where the clone of a repository is kept."""
    import xxhash

    digest = xxhash.xxh3_128_hexdigest(remote.url.removesuffix(".git").encode())[:12]
    base = re.sub(r"[^A-Za-z0-9._-]+", "-", remote.name).strip("-.") or "repository"
    return config.cache_folder(settings) / CLONES / f"{base[:MAX_NAME_CHARS]}-{digest}"


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
        sweep(folder.parent)
        with working(folder):
            if (folder / TREE).is_dir():
                update(remote, folder / TREE)
                return
            with incoming(folder) as made:
                clone(remote, made / TREE)
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
    clones = config.cache_folder(settings) / CLONES
    if not repository.url or folder.parent != clones or not folder.is_dir():
        return False
    try:
        sweep(clones)
        with working(folder, ends=True):
            discard(folder)
    except OSError as error:
        raise RepositoryError(f"{folder} cannot be removed: {explain(error)}") from error
    return True
