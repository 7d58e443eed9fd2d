"""List the folders into which a walk looks, empty ones too: where a file may appear that a walk would find.

Example: git lists ``src/a.py`` and ignores ``build/``; ``docs/`` is empty, ``node_modules/`` is left out by
default. The folders are the root, ``src`` and ``docs``. A file in ``build`` is of no interest, and one in
``docs`` will be.

In doubt a folder is listed: it is only watched in vain.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from semindex.source import git
from semindex.source.collect import NEVER, Collector, decide, default_rules, is_link
from semindex.source.git import GitFailed
from semindex.source.paths import join, parent
from semindex.source.tree import walk_tree
from semindex.source.walk import checked_root
from semindex.source.worktree import WorkTree


def list_folders(root: Path) -> frozenset[str]:
    """The root-relative paths of the folders, that of the root itself empty; links are none.

    Raises:
        RootError: ``root`` is missing, not a folder, or not readable.
    """
    folder = checked_root(root)
    collector = Collector(os.fsencode(folder))
    # As in a walk: each repository by itself, without linked worktrees of the repositories around it.
    waiting: list[tuple[bytes, frozenset[Path]]] = [(b"", frozenset())]
    while waiting:
        start, enclosing = waiting.pop()
        top = git.find_top(folder) if not start else folder / os.fsdecode(start)
        common = git.common_dir(top) if top else None
        if common in enclosing:
            continue
        inside = enclosing | {common} if common else enclosing
        waiting.extend((path, inside) for path in _list(collector, start, top))
    return frozenset(map(os.fsdecode, collector.folders))


def _list(collector: Collector, start: bytes, top: Path | None) -> list[bytes]:
    """Add the folders of one repository, or of a folder outside any; returns the repositories below."""
    if top is None:
        return walk_tree(collector, start)
    try:
        if WorkTree(collector, start, top).is_ignored():
            return walk_tree(collector, start)
        place = Path(os.fsdecode(collector.absolute(start)))
        ignored = {join(start, path[:-1]) for path in git.list_ignored(place, top) if path.endswith(b"/")}
        return _enter(collector, start, top, ignored)
    except GitFailed:
        return walk_tree(collector, start)


def _enter(collector: Collector, start: bytes, top: Path, ignored: set[bytes]) -> list[bytes]:
    repositories: list[bytes] = []
    by_default: list[bytes] = []
    waiting = [start]
    while waiting:
        folder = waiting.pop()
        if folder != start and os.path.lexists(join(collector.absolute(folder), b".git")):
            repositories.append(folder)
            continue
        collector.folders.add(folder)
        for path in _below(collector, folder):
            rule = decide(collector.own_rules(folder), path, is_folder=True)
            if rule is not None:
                waiting += [] if rule.ignores else [path]
            elif path in ignored:
                continue
            elif default_rules().verdict(path, is_folder=True) or collector.is_marked(path):
                by_default.append(path)
            else:
                waiting.append(path)
    if by_default:
        # They are left out unless git tracks something in them.
        place = Path(os.fsdecode(collector.absolute(start)))
        listing = git.list_files(place, top, [path[len(start) :].lstrip(b"/") for path in by_default])
        for name in listing.tracked:
            path = parent(join(start, name))
            while path not in collector.folders:
                collector.folders.add(path)
                path = parent(path)
    return repositories


def _below(collector: Collector, folder: bytes) -> Iterator[bytes]:
    """The paths of the folders in a folder; none if it cannot be read."""
    try:
        with os.scandir(collector.absolute(folder)) as entries:
            for entry in entries:
                is_folder = entry.is_dir(follow_symlinks=False) and entry.name not in NEVER
                if is_folder and not is_link(entry.stat(follow_symlinks=False)):
                    yield join(folder, entry.name)
    except OSError:
        return
