"""Walk a folder without git's help: ``.semindexignore``, ``.ignore`` and ``.gitignore`` decide.

The first of the three kinds that has a matching rule decides, in its deepest file, as in ripgrep.

A root's ``.gitignore`` that ends with ``/*`` is for a repository which has its files by force, as those of
distributions' source packages do: without that repository it would leave nothing, so it does not count.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable

from msgspec import Struct

from semindex.source.collect import DEFAULTS, FOLDER_MARKS, NEVER, Collector, Excluded, decide, is_link
from semindex.source.ignores import SEMINDEX_IGNORE, IgnoreFile, IgnoreRule, load_ignore_file
from semindex.source.paths import join, parent

_SEARCH_IGNORE, _GIT_IGNORE = b".ignore", b".gitignore"
_IGNORE_FILES = frozenset((_SEARCH_IGNORE, _GIT_IGNORE, SEMINDEX_IGNORE))


class _FolderRules(Struct, frozen=True):
    """The ignore files that hold in a folder, the root's first."""

    search: tuple[IgnoreFile, ...] = ()
    git: tuple[IgnoreFile, ...] = ()
    own: tuple[IgnoreFile, ...] = ()

    def concerning(self, names: Iterable[bytes]) -> tuple[IgnoreFile, ...]:
        """The files of all kinds that may say something of any of the names, the ones that outrank last."""
        listing = b"/%b/" % b"/".join(names)
        return tuple(file for file in (*self.git, *self.search, *self.own) if file.concerns(listing))


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


def _empties(rule: IgnoreRule) -> bool:
    return rule.is_everything and rule.source == os.fsdecode(_GIT_IGNORE)


def _walk(collector: Collector, start: bytes) -> list[bytes]:
    repositories: list[bytes] = []
    # Folders, the level above, and whether a rule took them in; what is in one is known when it is listed.
    waiting = [(start, _above(collector, start), True)]
    while waiting:
        folder, above, is_taken_in = waiting.pop()
        entries = _entries(collector, folder)
        names = {entry.name for entry in entries}
        if folder != start and b".git" in names:
            repositories.append(folder)
            continue
        if not is_taken_in and not names.isdisjoint(FOLDER_MARKS):
            collector.by_default.add(folder)
            continue
        level = _entered(collector, above, folder, names)
        deciding, prefix = level.concerning(names), join(folder, b"")
        never = NEVER & names
        for entry in entries:  # A hundred thousand times in a large tree: what is done here counts.
            path = prefix + entry.name
            if never and entry.name in never:
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError as error:
                collector.fail_os(parent(path) if isinstance(error, PermissionError) else path, error)
                continue
            is_folder = stat.S_ISDIR(status.st_mode)
            rule = decide(deciding, path, is_folder=is_folder) if deciding else None
            if (rule or is_folder) and _is_left_out(collector, rule, path, is_folder=is_folder):
                continue
            if is_folder and not is_link(status):
                waiting.append((path, level, rule is not None))
            else:
                collector.add(path, status)
    return repositories


def _above(collector: Collector, start: bytes) -> _FolderRules:
    """The rules of the folders between the root and ``start``."""
    if not start:
        return _FolderRules()
    folder = parent(start)
    return _entered(collector, _above(collector, folder), folder, _IGNORE_FILES)


def _entered(
    collector: Collector, level: _FolderRules, folder: bytes, names: Collection[bytes]
) -> _FolderRules:
    """The rules in a folder; of the ignore files those are opened that are among the ``names`` in it."""
    own = collector.own_rules(folder, names)
    search = load_ignore_file(collector.root, folder, _SEARCH_IGNORE) if _SEARCH_IGNORE in names else None
    git = load_ignore_file(collector.root, folder, _GIT_IGNORE) if _GIT_IGNORE in names else None
    git = _less(git, collector.set_aside)
    return _FolderRules(_with(level.search, search), _with(level.git, git), own)


def _less(file: IgnoreFile | None, set_aside: Collection[IgnoreRule]) -> IgnoreFile | None:
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
            return list(found)
    except OSError as error:
        collector.fail_os(folder, error)
        return []


def _is_left_out(collector: Collector, rule: IgnoreRule | None, path: bytes, *, is_folder: bool) -> bool:
    """Whether the rule that decides about a path, or for want of one those of our own, leave it out."""
    if rule is not None:
        if rule.ignores:
            collector.excluded.append(Excluded(path, is_folder, rule))
        return rule.ignores
    if is_folder and DEFAULTS.verdict(path, is_folder=True):
        collector.by_default.add(path)
        return True
    return False
