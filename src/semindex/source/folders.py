"""List the folders into which a walk looks, empty ones too: where a file may appear that a walk would find.

Example: git lists ``src/a.py`` and ignores ``build/``; ``docs/`` is empty, ``node_modules/`` is left out by
default. The folders are the root, ``src`` and ``docs``. A file in ``build`` is of no interest, and one in
``docs`` will be.

In doubt a folder is listed: it is only watched in vain.
"""

import os
from collections.abc import Collection, Iterator
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
        return _Repository(collector, start, top).enter()
    except GitFailed:
        return walk_tree(collector, start)


class _Repository:
    """One repository, at the folder ``start`` in the work tree at ``top``."""

    def __init__(self, collector: Collector, start: bytes, top: Path) -> None:
        self._collector = collector
        self._start = start
        self._top = top
        self._folder = Path(os.fsdecode(collector.absolute(start)))
        named = {path for path in git.list_ignored(self._folder, top) if path.endswith(b"/")}
        self._ignored = self._matched({join(start, path[:-1]) for path in named})
        self._unsure = {join(start, path[:-1]) for path in named} - self._ignored
        """Folders that git names because all that they hold today is ignored."""
        self._by_default: list[bytes] = []

    def enter(self) -> list[bytes]:
        """Add the folders; returns the repositories below.

        Raises:
            GitFailed: git cannot answer.
        """
        repositories: list[bytes] = []
        level = [self._start]
        while level:
            below: list[bytes] = []
            for folder in level:
                if folder != self._start and os.path.lexists(join(self._collector.absolute(folder), b".git")):
                    repositories.append(folder)
                else:
                    self._collector.folders.add(folder)
                    below += filter(self._enters, _below(self._collector, folder))
            unsure = {path for path in below if parent(path) in self._unsure}
            left_out = self._matched(unsure) if unsure else set()
            self._unsure |= unsure - left_out
            level = [path for path in below if path not in left_out]
        self._add_tracked()
        return repositories

    def _enters(self, path: bytes) -> bool:
        rule = decide(self._collector.own_rules(parent(path)), path, is_folder=True)
        if rule is not None:
            return not rule.ignores
        if path in self._ignored:
            return False
        if default_rules().verdict(path, is_folder=True) or self._collector.is_marked(path):
            self._by_default.append(path)
            return False
        return True

    def _matched(self, paths: Collection[bytes]) -> set[bytes]:
        """Those of the folders that git ignores by a rule about themselves."""
        if not paths:
            return set()
        asked = {self._inner(path) + b"/": path for path in paths}
        rules = git.find_ignoring_rules(self._folder, self._top, sorted(asked))
        return {asked[name] for name, rule in rules.items() if not rule.pattern.startswith("!")}

    def _add_tracked(self) -> None:
        """Add the folders, among those left out by default, in which git tracks something."""
        if not self._by_default:
            return
        listing = git.list_files(self._folder, self._top, list(map(self._inner, self._by_default)))
        for name in listing.tracked:
            path = parent(join(self._start, name))
            while path not in self._collector.folders:
                self._collector.folders.add(path)
                path = parent(path)

    def _inner(self, path: bytes) -> bytes:
        """The path relative to the repository's folder."""
        return path[len(self._start) + 1 :] if self._start else path


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
