"""Walk a tree: list its files, and those that are left out with the reason.

In a git work tree git lists the files, of nested repositories each by itself. Elsewhere, and where git cannot
answer, :mod:`semindex.source.tree` applies the ignore files. Links are recorded and not followed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from semindex.errors import RootError
from semindex.source import git, overbroad
from semindex.source.collect import Collector, Excluded
from semindex.source.git import GitFailed
from semindex.source.tree import walk_tree
from semindex.source.worktree import WorkTree
from semindex.types import FileFailure, FileRef

_NAMED_FOLDERS = 5


class Walk(Struct, frozen=True):
    """What a walk found."""

    refs: tuple[FileRef, ...]
    """The files to read, in the order of the bytes of their paths."""
    skipped: tuple[FileFailure, ...]
    """The paths not to be read, in the same order; files that a rule ignores are not listed."""
    warnings: tuple[str, ...]


def walk(root: Path, *, on_progress: Callable[[int], None] | None = None) -> Walk:
    """Walk the tree at ``root``; ``on_progress`` is called with the number of files found so far.

    Raises:
        RootError: ``root`` is missing, not a folder, or not readable.
    """
    folder = _checked(root)
    collector = Collector(os.fsencode(folder), on_progress)
    _cover_all(collector, folder)
    _explain(collector, folder)
    if on_progress is not None:
        on_progress(len(collector.files))
    return Walk(
        refs=tuple(map(collector.files.__getitem__, sorted(collector.files))),
        skipped=tuple(map(collector.skipped.__getitem__, sorted(collector.skipped))),
        warnings=tuple(collector.warnings),
    )


def _checked(root: Path) -> Path:
    try:
        folder = root.resolve(strict=True)
        with os.scandir(folder) as entries:
            for entry in entries:
                entry.is_symlink()
                os.lstat(entry.path)
                break
    except FileNotFoundError as error:
        if not os.path.lexists(root):
            raise RootError(f"{root}: there is no such folder; check the path") from error
        raise RootError(f"{root}: a link to something that is not there; check the path") from error
    except NotADirectoryError as error:
        raise RootError(f"{root}: not a folder; give the folder that holds it") from error
    except PermissionError as error:
        raise RootError(f"{root}: no permission to read this folder") from error
    except (OSError, RuntimeError, ValueError) as error:
        raise RootError(f"{root}: cannot be read: {error}") from error
    return folder


def _cover_all(collector: Collector, root: Path) -> None:
    """Walk the root and each repository found below it.

    A linked worktree inside the repository that it belongs to is left out, with a warning: it would repeat
    the files of that repository. ``enclosing`` holds the shared git folders of the repositories around.
    """
    waiting: list[tuple[bytes, frozenset[Path]]] = [(b"", frozenset())]
    seen: set[bytes] = set()
    left_out: list[str] = []
    while waiting:
        start, enclosing = waiting.pop()
        if start in seen:
            continue
        seen.add(start)
        top = git.find_top(root) if not start else root / os.fsdecode(start)
        common = git.common_dir(top) if top else None
        if common in enclosing:
            left_out.append(os.fsdecode(start))
            continue
        before = len(collector.files)
        below = _cover(collector, start, top)
        has_files = len(collector.files) > before  # a bare repository beside its worktrees has none
        inside = enclosing | {common} if common and has_files else enclosing
        waiting.extend((path, inside) for path in below)
    if left_out:
        collector.warnings.append(
            f"left out {_named(left_out)}: linked worktrees of the repository around them; "
            "index them by themselves"
        )


def _cover(collector: Collector, start: bytes, top: Path | None) -> list[bytes]:
    """Record the files of one repository, or of a folder outside any; returns the repositories below."""
    if top is None:
        return walk_tree(collector, start)
    folder = os.fsdecode(collector.absolute(start))
    tree = WorkTree(collector, start, top)
    try:
        before = len(collector.files)
        below = tree.walk()
        empty = len(collector.files) == before and not below
        if not empty or not tree.is_ignored():
            return below
        reason = f"{top} ignores it"
    except GitFailed as error:
        reason = str(error)
    collector.warnings.append(f"{folder}: listed without git, by its ignore files alone: {reason}")
    return walk_tree(collector, start)


def _explain(collector: Collector, root: Path) -> None:
    if collector.by_default:
        folders = [os.fsdecode(path) for path in sorted(collector.by_default)]
        collector.warnings.append(
            f"left out {_named(folders)}: installed packages or caches that no ignore file names; "
            "`!FOLDER/` in a `.semindexignore` takes them in"
        )
    if len(collector.files) <= overbroad.MOST_LISTED_FILES:
        found = overbroad.warning(collector.root, collector.files, _ignored_paths(collector, root))
        if found:
            collector.warnings.append(found)


def _ignored_paths(collector: Collector, root: Path) -> list[Excluded]:
    """The paths under the root that an ignore file left out, git's ignore files among them."""
    top = git.find_top(root)
    if top is None:
        return collector.excluded
    try:
        ignored = [
            path
            for path in git.list_ignored(root, top)
            if not overbroad.is_ordinary(path.rstrip(b"/"), is_folder=path.endswith(b"/"))
        ]
        blamed = git.find_ignoring_rules(root, top, ignored) if ignored else {}
    except GitFailed:
        return collector.excluded
    return collector.excluded + [
        Excluded(path.rstrip(b"/"), path.endswith(b"/"), rule)
        for path, rule in blamed.items()
        if path.rstrip(b"/") not in collector.files
    ]


def _named(names: list[str]) -> str:
    """The first five names, and how many more there are."""
    shown = [repr(name) if not name.isprintable() else name for name in names[:_NAMED_FOLDERS]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
