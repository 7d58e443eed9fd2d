"""Walk a tree: list its files, and those that are left out with the reason.

In a git work tree git lists the files, of nested repositories each by itself. Elsewhere, and where git cannot
answer, :mod:`semindex.source.tree` applies the ignore files. Links are recorded and not followed.
"""

import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from msgspec import Struct

from semindex.errors import RootError
from semindex.source import git, overbroad
from semindex.source.collect import FOLDER_MARKS, NEVER, Collector, Excluded, lies_below
from semindex.source.git import GitFailed
from semindex.source.ignores import IgnoreRule
from semindex.source.paths import join, parent
from semindex.source.tree import IGNORE_FILES, walk_tree
from semindex.source.worktree import WorkTree
from semindex.types import FileFailure, FileRef

MOST_NAMED_PATHS = 200
"""Of more named paths than this the whole tree is walked: looking for each by itself would take longer."""
_DECIDING_NAMES = frozenset((b"", b".", b"..", b".git", b".gitmodules", *FOLDER_MARKS, *IGNORE_FILES))
"""A path with such a part is not looked at alone: it may decide about other files, or lead elsewhere."""
_NAMED_FOLDERS = 5


class Walk(Struct, frozen=True):
    """What a walk found."""

    refs: tuple[FileRef, ...]
    """The files to read, in the order of the bytes of their paths."""
    skipped: tuple[FileFailure, ...]
    """The paths not to be read, in the same order; files that a rule ignores are not listed."""
    only: tuple[str, ...] | None = None
    """The paths at or below which the walk looked; None if it looked at the whole tree."""
    collector: Collector | None = None
    """What the warnings about a whole tree are made of."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should know of the walk, made anew each time: git is asked which rules ignore files."""
        if self.collector is None:
            return ()
        return (*self.collector.warnings, *_explanations(self.collector))


def walk(
    root: Path, *, only: Collection[str] | None = None, on_progress: Callable[[int], None] | None = None
) -> Walk:
    """Walk the tree at ``root``; ``on_progress`` is called with the number of files found so far.

    With ``only``, root-relative paths of files or folders, the walk looks only at and below these. It walks
    the whole tree nevertheless, and :attr:`Walk.only` is None, if there are over 200 of them, if one is an
    ignore file or in a nested repository, or if a rule takes back in what git ignores.

    Raises:
        RootError: ``root`` is missing, not a folder, or not readable.
    """
    folder = checked_root(root)
    some = None if only is None else _walk_some(folder, frozenset(map(os.fsencode, only)))
    if some is not None:
        return some
    collector = Collector(os.fsencode(folder), on_progress)
    _cover_all(collector, folder)
    if on_progress is not None:
        on_progress(len(collector.files))
    return Walk(*_found(collector), collector=collector)


def _walk_some(root: Path, only: frozenset[bytes]) -> Walk | None:
    """A walk of some paths; None if that needs a walk of the whole tree."""
    # Paths in folders that no walk enters are ignored, except for .git: it holds which files git tracks.
    never = NEVER - {b".git"}
    only = frozenset(path for path in only if never.isdisjoint(path.split(b"/")))
    parts = {part for path in only for part in path.split(b"/")}
    if len(only) > MOST_NAMED_PATHS or parts & _DECIDING_NAMES:
        return None
    collector = Collector(os.fsencode(root), only=only)
    for path in only:
        takes_back = any(rules.takes_back for rules in collector.own_rules(parent(path)))
        if takes_back or _is_nested(collector, path):
            return None
    if only:
        top = git.find_top(root)
        tree = WorkTree(collector, b"", top) if top else None
        try:
            if tree is not None and tree.is_ignored():
                return None
            below = walk_tree(collector, b"") if tree is None else tree.walk()
        except GitFailed:
            return None
        rules = (item.rule for item in collector.excluded)
        if below or any(isinstance(rule, IgnoreRule) and rule.is_everything for rule in rules):
            return None
    if any(path not in only and not lies_below(path, only) for path in collector.skipped):
        return None
    return Walk(*_found(collector), only=tuple(map(os.fsdecode, sorted(only))))


def _is_nested(collector: Collector, path: bytes) -> bool:
    """Whether a path is at or below a folder with a repository of its own, other than the root."""
    while path:
        if os.path.lexists(join(collector.absolute(path), b".git")):
            return True
        path = parent(path)
    return False


def _found(collector: Collector) -> tuple[tuple[FileRef, ...], tuple[FileFailure, ...]]:
    """The files and the paths not to be read, each in the order of the bytes of their paths."""
    return (
        tuple(map(collector.files.__getitem__, sorted(collector.files))),
        tuple(map(collector.skipped.__getitem__, sorted(collector.skipped))),
    )


def checked_root(root: Path) -> Path:
    """The absolute path of the folder ``root``, links followed.

    Raises:
        RootError: The folder is missing, not a folder, or not readable.
    """
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


def _explanations(collector: Collector) -> Iterator[str]:
    """Why less is listed than a user may expect: folders left out by default, a rule that is too broad."""
    if collector.by_default:
        folders = [os.fsdecode(path) for path in sorted(collector.by_default)]
        yield (
            f"left out {_named(folders)}: installed packages or caches that no ignore file names; "
            "`!FOLDER/` in a `.semindexignore` takes them in"
        )
    if len(collector.files) <= overbroad.MOST_LISTED_FILES:
        found = overbroad.warning(collector.root, collector.files, _ignored_paths(collector))
        if found:
            yield found


def _ignored_paths(collector: Collector) -> list[Excluded]:
    """The paths under the root that an ignore file left out, git's ignore files among them."""
    root = Path(os.fsdecode(collector.root))
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
