"""The files of commits that were searched, and their indexes, in the user's cache folder.

A folder for each repository and tree, as a commit is found by its content: its files (``tree``), its index
(``index``), and a file that says that the index is whole (``whole.json``) with the settings it was made with.
The folders that were not used for longest are removed when there are many, or when they are large.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import msgspec
from msgspec import Struct, structs

from semindex import config
from semindex.config import Settings
from semindex.errors import RepositoryError, RootError, UsageError
from semindex.repositories.folders import COMMITS, incoming, make_room, repository_name, sweep, working
from semindex.source import git
from semindex.source.git import GitFailed
from semindex.source.regular import RegularFileError, read_regular
from semindex.source.revision import Revision, resolve, write_files
from semindex.store import layout
from semindex.store.durable import explain, replace_file
from semindex.store.ownership import make_folder

MOST_COMMITS = 30
MOST_BYTES = 2_000_000_000
"""Of all these folders together."""
WAIT_SECONDS = 600.0
"""How long one waits for another process that indexes the same commit."""
_TREE, _INDEX, _WHOLE = "tree", "index", "whole.json"


class _Whole(Struct, frozen=True):
    settings: str
    nbytes: int
    missing: int


class CheckedOut(Struct, frozen=True):
    """The files of a commit."""

    commit: str
    """Its full id."""
    top: Path
    """The root of the work tree that it was asked for in."""
    folder: Path
    is_whole: bool
    """Whether its index needs no build."""
    missing: int
    """Files whose content the clone does not hold."""

    @property
    def tree(self) -> Path:
        """Where its files are."""
        return self.folder / _TREE

    @property
    def index_dir(self) -> Path:
        """Where its index is kept."""
        return self.folder / _INDEX


def top_of(path: Path) -> Path | None:
    """The root of the git work tree that an existing path is in; None if it is in none."""
    path = path.absolute()
    return git.find_top(path if path.is_dir() else path.parent)


@contextmanager
def checked_out(path: Path, revision: str, settings: Settings) -> Iterator[CheckedOut]:
    """The files of a commit of the repository that ``path`` is in; nobody else works on them meanwhile.

    Raises:
        RootError: The path is in no git work tree.
        UsageError: The revision means no commit.
        RepositoryError: git cannot read the commit, or the cache folder cannot be written.
    """
    top = top_of(path)
    if top is None:
        raise RootError(f"{path} is in no git work tree, and so there are no commits of it to search")
    with ExitStack() as stack:
        try:
            found = resolve(top, revision)
            if found is None:
                raise UsageError(
                    f"{revision!r} means no commit in {top}; git log, git branch and git tag show some"
                )
            folder = _folder(top, found, settings)
            make_folder(folder.parent)
            sweep(folder.parent)
            stack.enter_context(working(folder, wait_seconds=WAIT_SECONDS))
            if not (folder / _TREE).is_dir():
                with incoming(folder) as made:
                    (made / _TREE).mkdir(mode=0o700)
                    written = write_files(top, found, made / _TREE)
                    _write_whole(made, _Whole("", 0, written.missing))
            os.utime(folder)
            whole = _read_whole(folder)
        except GitFailed as error:
            raise RepositoryError(f"git cannot read the commit {revision} of {top}: {error}") from error
        except OSError as error:
            raise RepositoryError(f"{error.filename or 'the cache folder'}: {explain(error)}") from error
        is_whole = whole.settings == digest_of(settings)
        yield CheckedOut(found.commit, top, folder, is_whole, whole.missing)


def now_whole(found: CheckedOut, settings: Settings) -> None:
    """Record that the index of a commit was made with some settings, and make room for it.

    Raises:
        OSError: The system refused.
    """
    nbytes = layout.size_bytes(found.folder)
    _write_whole(found.folder, _Whole(digest_of(settings), nbytes, found.missing))
    os.utime(found.folder)
    make_room(
        found.folder.parent,
        lambda folder: _read_whole(folder).nbytes,
        most_folders=MOST_COMMITS,
        most_bytes=MOST_BYTES,
    )


def _folder(top: Path, found: Revision, settings: Settings) -> Path:
    # The same tree of another repository is kept apart: whoever made that may have damaged its objects.
    return config.cache_folder(settings) / COMMITS / f"{repository_name(top)}-{found.tree[:16]}"


def digest_of(settings: Settings) -> str:
    """Settings in a few characters, to tell whether an index was made with the same."""
    import xxhash

    return xxhash.xxh3_128_hexdigest(msgspec.json.encode(structs.asdict(settings)))


def _read_whole(folder: Path) -> _Whole:
    with suppress(OSError, RegularFileError, msgspec.MsgspecError):
        return msgspec.json.decode(read_regular(folder / _WHOLE, limit=10_000).data, type=_Whole)
    return _Whole("", 0, 0)


def _write_whole(folder: Path, whole: _Whole) -> None:
    replace_file(folder / _WHOLE, msgspec.json.encode(whole), 0o600)
