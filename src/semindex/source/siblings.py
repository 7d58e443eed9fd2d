"""Finds the other work trees of a git repository by the files that git keeps of them; no git is run.

Example: ``git worktree add ../feature`` in ``/code/app`` leaves two files that name each other::

    /code/feature/.git                         gitdir: /code/app/.git/worktrees/feature
    /code/app/.git/worktrees/feature/gitdir    /code/feature/.git

Both are compared. A tree that was unpacked from somebody's archive may say that it belongs to any repository
of the user's, and a repository that any folder is a work tree of it; but what they name does not name them.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from semindex.source.git import common_dir
from semindex.source.regular import RegularFileError, read_regular

_MOST_TREES = 1000
_PATH_BYTES = 4096


def other_work_trees(top: Path) -> list[Path]:
    """The other work trees of the repository whose work tree ``top`` is, links followed; the main one first.

    None are found of a submodule, or of a repository whose git folder lies elsewhere and which is not a
    linked work tree: nothing there names the tree.
    """
    common = common_dir(top)
    if common is None:
        return []
    main = [common.parent] if common.name == ".git" else []
    trees = [*main, *sorted(_linked(common))]
    own = top.resolve()
    return [tree for tree in trees if tree != own] if own in trees else []


def _linked(common: Path) -> Iterator[Path]:
    """The linked work trees that a repository's git folder lists, and that name it themselves."""
    with suppress(OSError), os.scandir(common / "worktrees") as entries:
        for entry in islice(entries, _MOST_TREES):
            folder = Path(entry.path)
            with suppress(OSError, RegularFileError, ValueError, RuntimeError):
                mark = folder / _line(folder / "gitdir")
                told = _line(mark)
                if told.startswith("gitdir:") and (mark.parent / told[7:].strip()).resolve() == folder:
                    yield mark.parent.resolve()


def _line(path: Path) -> str:
    """The text of a file that holds a path."""
    return os.fsdecode(read_regular(path, limit=_PATH_BYTES).data.rstrip(b"\r\n"))
