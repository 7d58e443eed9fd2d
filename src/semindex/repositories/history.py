"""The commits of repositories as files with their indexes, in the user's cache folder.

A folder for each repository: a file for each commit (``commits/ID.md``), the index of these (``index``), and
a file that says up to which commit and with which settings the index is whole (``whole.json``). Only commits
that are new are read and indexed; those that the history has no more are removed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from semindex import config
from semindex.config import Settings
from semindex.errors import RepositoryError, RootError, UsageError
from semindex.repositories.commits import digest_of, top_of
from semindex.repositories.folders import HISTORY, make_room, repository_name, sweep, working
from semindex.source.git import GitFailed, common_dir
from semindex.source.history import newest, read_commits, text_of
from semindex.source.regular import RegularFileError, read_regular
from semindex.source.revision import resolve, track
from semindex.store import layout
from semindex.store.durable import explain, replace_file
from semindex.store.ownership import make_folder

MOST_COMMITS = 20_000
"""Of one repository, the newest."""
MOST_FOLDERS = 30
MOST_BYTES = 2_000_000_000
"""Of all these folders together."""
WAIT_SECONDS = 600.0
"""How long one waits for another process that reads the same history."""
_TREE, _INDEX, _WHOLE = "commits", "index", "whole.json"
_NAME = r"([0-9a-f]{40,64})\.md"


class _Whole(Struct, frozen=True):
    settings: str = ""
    head: str = ""
    nbytes: int = 0
    more: bool = False


class History(Struct, frozen=True):
    """The commits of a repository, each a file."""

    top: Path
    """The root of the work tree that it was asked for in."""
    head: str
    """The newest commit."""
    folder: Path
    more: bool
    """Whether there are older commits, which are left out."""
    is_whole: bool
    """Whether the index needs no build."""
    is_cut: bool
    """Whether the clone is shallow: git has no older commits here."""

    @property
    def tree(self) -> Path:
        """Where the files are."""
        return self.folder / _TREE

    @property
    def index_dir(self) -> Path:
        """Where their index is kept."""
        return self.folder / _INDEX


def commit_of(path: str) -> str:
    """The id of the commit that a file is of."""
    return path.removesuffix(".md")


@contextmanager
def history_of(path: Path, settings: Settings, *, on_begin: Callable[[int], None]) -> Iterator[History]:
    """The commits from HEAD back of the repository that ``path`` is in; nobody else works on them meanwhile.

    ``on_begin`` is told how many commits are to be read, before that may take long.

    Raises:
        RootError: The path is in no git work tree.
        UsageError: It has no commit yet.
        RepositoryError: git cannot read the commits, or the cache folder cannot be written.
    """
    top = top_of(path)
    if top is None:
        raise RootError(f"{path} is in no git work tree, and so it has no history to search")
    with ExitStack() as stack:
        try:
            head = resolve(top, "HEAD")
            if head is None:
                raise UsageError(f"{top} has no commit yet")
            folder = config.cache_folder(settings) / HISTORY / repository_name(top, each_tree=True)
            make_folder(folder.parent)
            sweep(folder.parent)
            stack.enter_context(working(folder, wait_seconds=WAIT_SECONDS))
            make_folder(folder)
            make_folder(folder / _TREE)
            os.utime(folder)
            whole = _read_whole(folder)
            if whole.head != head.commit:
                whole = _Whole(more=_write(top, head.commit, folder / _TREE, on_begin))
        except GitFailed as error:
            raise RepositoryError(f"git cannot read the history of {top}: {error}") from error
        except OSError as error:
            raise RepositoryError(f"{error.filename or 'the cache folder'}: {explain(error)}") from error
        is_whole = whole.head == head.commit and whole.settings == digest_of(settings)
        yield History(top, head.commit, folder, whole.more, is_whole, _is_cut(top))


def now_whole(found: History, settings: Settings) -> None:
    """Record that the index of a history was made with some settings, and make room for it.

    Raises:
        OSError: The system refused.
    """
    whole = _Whole(digest_of(settings), found.head, layout.size_bytes(found.folder), found.more)
    replace_file(found.folder / _WHOLE, msgspec.json.encode(whole), 0o600)
    os.utime(found.folder)
    make_room(
        found.folder.parent,
        lambda folder: _read_whole(folder).nbytes,
        most_folders=MOST_FOLDERS,
        most_bytes=MOST_BYTES,
    )


def _write(top: Path, head: str, tree: Path, on_begin: Callable[[int], None]) -> bool:
    """Write a file for each commit that has none, and remove those of no commit; whether older ones exist."""
    ids = newest(top, head, MOST_COMMITS + 1)
    wanted = set(ids[:MOST_COMMITS])
    known = set()
    for entry in list(os.scandir(tree)):
        found = re.fullmatch(_NAME, entry.name)
        if found and found[1] in wanted:
            known.add(found[1])
        elif entry.is_file(follow_symlinks=False):
            Path(entry.path).unlink()
    new = [each for each in ids[:MOST_COMMITS] if each not in known]
    if new:
        on_begin(len(new))
    for commit in read_commits(top, new):
        unfinished = tree / f"{commit.id}.unfinished"
        unfinished.write_bytes(text_of(commit))
        unfinished.replace(tree / f"{commit.id}.md")
    # No ignore file of the user, or of a folder above, is to count for these files.
    some = b"1" * len(head)
    track(tree, [(b"100644", some, f"{each}.md".encode("ascii")) for each in sorted(wanted)])
    return len(ids) > MOST_COMMITS


def _is_cut(top: Path) -> bool:
    """Whether the clone is shallow, which git marks by a file."""
    common = common_dir(top)
    return common is not None and os.path.lexists(common / "shallow")


def _read_whole(folder: Path) -> _Whole:
    with suppress(OSError, RegularFileError, msgspec.MsgspecError):
        return msgspec.json.decode(read_regular(folder / _WHOLE, limit=10_000).data, type=_Whole)
    return _Whole()
