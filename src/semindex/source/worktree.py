"""Walk a git work tree: git lists the files, and ``.semindexignore`` files leave out or take back in."""

import os
import stat
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from semindex.source import git
from semindex.source.collect import NEVER, Collector, Excluded, decide, default_rules, is_link
from semindex.source.ignores import IgnoreFile
from semindex.source.paths import join, name_of, parent
from semindex.source.tree import walk_tree
from semindex.types import SkipReason

_NOT_CHECKED_OUT = "left out by a sparse checkout"


class WorkTree:
    """The walk of one repository: of the folder ``start`` (relative to the walk's root) in its work tree."""

    def __init__(self, collector: Collector, start: bytes, top: Path) -> None:
        self._collector = collector
        self._start = start
        self._top = top
        self._folder = Path(os.fsdecode(collector.absolute(start)))
        self._entered: dict[bytes, bool] = {start: True}
        self._untracked: dict[bytes, bool] = {start: True}

    def walk(self) -> list[bytes]:
        """Record the files; returns the submodules and nested repositories below, which are not entered.

        When the collector looks at some paths only, what git ignores is not taken back in.

        Raises:
            GitFailed: git cannot answer; nothing has been recorded.
        """
        only = self._collector.only
        listing = git.list_files(self._folder, self._top, only or ())
        repositories = [
            path
            for path in map(self._rooted, listing.nested)
            if self._enters(path) and self._enters_untracked(path)
        ]
        for path in self._taken(listing.sparse):
            if not self._add(path):
                self._collector.fail(path, SkipReason.NOT_CHECKED_OUT, _NOT_CHECKED_OUT)
        for path in self._taken(listing.tracked):
            if self._add(path) is None:
                repositories.extend(self._submodule(path))
        for path in self._taken(listing.untracked):
            if self._enters_untracked(parent(path)):
                self._add(path)
        if only is None:
            repositories.extend(self._taken_back())
        for path in map(self._rooted, sorted(listing.unreadable)):
            if parent(path) not in self._collector.skipped:
                self._collector.fail(path, SkipReason.PERMISSION, "Permission denied")
        return repositories

    def is_ignored(self) -> bool:
        """Whether the work tree ignores the folder that is walked; raises what :meth:`walk` raises."""
        return self._folder != self._top and git.is_ignored(self._folder, self._top)

    def _rooted(self, path: bytes) -> bytes:
        return join(self._start, path)

    def _add(self, path: bytes) -> bool | None:
        """True if the path was recorded, False if it does not exist, None if it is a folder."""
        status = self._collector.status(path)
        if status is None:
            return path in self._collector.skipped
        if stat.S_ISDIR(status.st_mode) and not is_link(status):
            return None
        self._collector.add(path, status)
        return True

    def _submodule(self, path: bytes) -> list[bytes]:
        """The repository at a tracked path that is a folder; none if it is empty or a plain folder."""
        full = self._collector.absolute(path)
        if os.path.lexists(join(full, b".git")):
            return [path]
        try:
            empty = not os.listdir(full)  # noqa: PTH208 - bytes
        except OSError as error:
            self._collector.fail_os(path, error)
            return []
        if empty:
            self._collector.fail(path, SkipReason.NOT_CHECKED_OUT, "submodule without its files")
        return []

    def _taken(self, paths: Iterable[bytes]) -> Iterator[bytes]:
        """The paths listed by git that are in real folders and that no ``.semindexignore`` leaves out."""
        for folder, members in groupby(map(self._rooted, paths), key=parent):
            if self._enters(folder):
                rules = self._collector.own_rules(folder)
                for path in members:
                    if not rules or not self._is_ignored(path, rules, is_folder=False):
                        yield path

    def _enters(self, folder: bytes) -> bool:
        """Whether a folder and those above are no links, and no ``.semindexignore`` leaves one out."""
        if folder not in self._entered:
            self._entered[folder] = self._is_open(folder)
        return self._entered[folder]

    def _is_open(self, folder: bytes) -> bool:
        if name_of(folder) in NEVER or not self._enters(parent(folder)):
            return False
        try:
            status = os.lstat(self._collector.absolute(folder))
        except FileNotFoundError:
            return True  # a sparse checkout's paths are still to be recorded
        except OSError as error:
            self._collector.fail_os(parent(folder), error)
            return False
        is_real = stat.S_ISDIR(status.st_mode) and not is_link(status)
        rules = self._collector.own_rules(parent(folder)) if is_real else ()
        return is_real and not self._is_ignored(folder, rules, is_folder=True)

    def _is_ignored(self, path: bytes, rules: tuple[IgnoreFile, ...], *, is_folder: bool) -> bool:
        rule = decide(rules, path, is_folder=is_folder)
        if rule is None or not rule.ignores:
            return False
        self._collector.excluded.append(Excluded(path, is_folder, rule))
        return True

    def _enters_untracked(self, folder: bytes) -> bool:
        """Whether neither a folder nor one above it is left out by default, as packages and caches are."""
        if folder not in self._untracked:
            above = self._enters_untracked(parent(folder))
            self._untracked[folder] = above and not self._is_default(folder)
        return self._untracked[folder]

    def _is_default(self, folder: bytes) -> bool:
        if decide(self._collector.own_rules(parent(folder)), folder, is_folder=True) is not None:
            return False
        found = default_rules().verdict(folder, is_folder=True) or self._collector.is_marked(folder)
        if found:
            self._collector.by_default.add(folder)
        return bool(found)

    def _taken_back(self) -> list[bytes]:
        """Record what git ignores and a ``.semindexignore`` takes back in; returns repositories among it."""
        collector = self._collector
        known = {file for folder in (*self._entered, self._start) for file in collector.own_rules(folder)}
        if not any(file.takes_back for file in known):
            return []
        repositories: list[bytes] = []
        for entry in map(self._rooted, git.list_ignored(self._folder, self._top)):
            is_folder, path = entry.endswith(b"/"), entry.rstrip(b"/")
            if not self._enters(parent(path)):
                continue
            rule = decide(collector.own_rules(parent(path)), path, is_folder=is_folder)
            if rule is None or rule.ignores:
                continue
            if not is_folder:
                self._add(path)
            elif os.path.lexists(join(collector.absolute(path), b".git")):
                repositories.append(path)
            else:
                repositories.extend(walk_tree(collector, path))
        return repositories
