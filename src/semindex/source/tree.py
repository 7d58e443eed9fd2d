"""Walk a folder without git's help: ``.semindexignore``, ``.ignore`` and ``.gitignore`` decide.

The first of the three kinds that has a matching rule decides, in its deepest file, as in ripgrep.

A root's ``.gitignore`` that ends with ``/*`` is for a repository which has its files by force, as those of
distributions' source packages do: without that repository it would leave nothing, so it does not count.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from dataclasses import dataclass

from semindex.source.collect import DEFAULTS, NEVER, Collector, Excluded, decide, is_link
from semindex.source.ignores import IgnoreFile, Rule, load
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
    """Record everything under the folder ``start``; gives the nested repositories, not entered.

    When a rule of the root's own ``.gitignore`` leaves out all there is, it is set aside, with a warning.
    """
    repositories = _walk(collector, start)
    while not start and not repositories and not collector.files:
        emptying = {item.rule for item in collector.excluded if _empties(item.rule)}
        if not emptying:
            break
        collector.set_aside |= emptying
        collector.excluded.clear()
        for rule in sorted(emptying, key=lambda each: each.line):
            collector.warnings.append(
                f"the ignore rule `{rule.pattern}` ({rule.source}:{rule.line}) would leave out every file, "
                "and was not followed: this is no git work tree"
            )
        repositories = _walk(collector, start)
    return repositories


def _empties(rule: Rule) -> bool:
    return rule.is_everything and rule.source == os.fsdecode(_GIT_IGNORE)


def _walk(collector: Collector, start: bytes) -> list[bytes]:
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
    git = _with(level.git, _less(load(collector.root, folder, _GIT_IGNORE), collector.set_aside))
    return _Level(folder, search, git, (*git, *search, *own))


def _less(file: IgnoreFile | None, set_aside: Collection[Rule]) -> IgnoreFile | None:
    """The file without some of its rules; those of the root's own are meant."""
    if file is None or not set_aside:
        return file
    left = [rule for rule in file.rules if rule not in set_aside]
    return file if len(left) == len(file.rules) else IgnoreFile(left)


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
