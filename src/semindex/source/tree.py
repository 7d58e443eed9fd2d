"""Walk a folder without git's help: ``.semindexignore``, ``.ignore`` and ``.gitignore`` decide.

The first of the three kinds that has a matching rule decides, in its deepest file, as in ripgrep.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

from semindex.source.collect import DEFAULTS, NEVER, Collector, Excluded, decide, is_link
from semindex.source.ignores import IgnoreFile, load
from semindex.source.paths import join, parent

_SEARCH_IGNORE, _GIT_IGNORE = b".ignore", b".gitignore"


@dataclass(frozen=True, slots=True)
class _Level:
    """A folder, and the ignore files that hold in it, the root's first."""

    folder: bytes
    search: tuple[IgnoreFile, ...]
    git: tuple[IgnoreFile, ...]
    deciding: tuple[IgnoreFile, ...]
    """All kinds, the ones that outrank last."""


def walk_tree(collector: Collector, start: bytes) -> list[bytes]:
    """Record everything under the folder ``start``; gives the nested repositories, not entered."""
    repositories: list[bytes] = []
    waiting = [_entered(collector, _above(collector, start), start)]
    while waiting:
        level = waiting.pop()
        for entry in _entries(collector, level.folder):
            path = join(level.folder, entry.name)
            status = _status(collector, entry, path)
            if status is None or _is_left_out(collector, level, path, status):
                continue
            if not stat.S_ISDIR(status.st_mode) or is_link(status):
                collector.add(path, status)
            elif os.path.lexists(join(entry.path, b".git")):
                repositories.append(path)
            else:
                waiting.append(_entered(collector, level, path))
    return repositories


def _above(collector: Collector, start: bytes) -> _Level:
    """The rules of the folders between the root and ``start``."""
    if not start:
        return _Level(b"", (), (), ())
    folder = parent(start)
    return _entered(collector, _above(collector, folder), folder)


def _entered(collector: Collector, level: _Level, folder: bytes) -> _Level:
    own = collector.own_rules(folder)
    search = _with(level.search, load(collector.root, folder, _SEARCH_IGNORE))
    git = _with(level.git, load(collector.root, folder, _GIT_IGNORE))
    return _Level(folder, search, git, (*git, *search, *own))


def _with(files: tuple[IgnoreFile, ...], found: IgnoreFile | None) -> tuple[IgnoreFile, ...]:
    return (*files, found) if found else files


def _entries(collector: Collector, folder: bytes) -> list[os.DirEntry[bytes]]:
    try:
        with os.scandir(collector.absolute(folder)) as found:
            return [entry for entry in found if entry.name not in NEVER]
    except OSError as error:
        collector.fail_os(folder, error)
        return []


def _status(collector: Collector, entry: os.DirEntry[bytes], path: bytes) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except PermissionError as error:
        collector.fail_os(parent(path), error)
    except OSError as error:
        collector.fail_os(path, error)
    return None


def _is_left_out(collector: Collector, level: _Level, path: bytes, status: os.stat_result) -> bool:
    is_folder = stat.S_ISDIR(status.st_mode)
    rule = decide(level.deciding, path, is_folder=is_folder)
    if rule is not None:
        if rule.ignores:
            collector.excluded.append(Excluded(path, is_folder, rule))
        return rule.ignores
    if is_folder and (DEFAULTS.verdict(path, is_folder=True) or collector.is_marked(path)):
        collector.by_default.add(path)
        return True
    return False
