"""Walk a folder without git: ``.semindexignore``, ``.ignore`` and ``.gitignore`` files decide.

The first of these three kinds that has a matching rule decides, by its deepest file, as in ripgrep. A root's
``.gitignore`` that ignores everything (``/*``) is not followed: source packages of distributions contain such
files, because their repository tracks its files in spite of the rule.
"""

import os
import stat
from collections.abc import Collection, Iterable

from msgspec import Struct

from semindex.source.collect import FOLDER_MARKS, NEVER, Collector, Excluded, decide, default_rules, is_link
from semindex.source.ignores import SEMINDEX_IGNORE, IgnoreFile, IgnoreRule
from semindex.source.paths import join, parent

_SEARCH_IGNORE, _GIT_IGNORE = b".ignore", b".gitignore"
IGNORE_FILES = frozenset((_SEARCH_IGNORE, _GIT_IGNORE, SEMINDEX_IGNORE))


class _FolderRules(Struct, frozen=True):
    """The ignore files of each kind that apply in a folder, the root's first."""

    search: tuple[IgnoreFile, ...] = ()
    git: tuple[IgnoreFile, ...] = ()
    own: tuple[IgnoreFile, ...] = ()

    def concerning(self, names: Iterable[bytes]) -> tuple[IgnoreFile, ...]:
        """The files with a rule that may match one of the names; a file outranks those before it."""
        listing = b"/%b/" % b"/".join(names)
        return tuple(file for file in (*self.git, *self.search, *self.own) if file.concerns(listing))


def walk_tree(collector: Collector, start: bytes) -> list[bytes]:
    """Record everything under the folder ``start``; returns the nested repositories, which are not entered.

    If a rule of the root's ``.gitignore`` leaves out everything, it is set aside, and a warning says so.
    """
    repositories = _walk(collector, start)
    while not start and not repositories and not collector.files and collector.only is None:
        rules = {item.rule for item in collector.excluded if isinstance(item.rule, IgnoreRule)}
        root_file = os.fsdecode(_GIT_IGNORE)
        emptying = {rule for rule in rules if rule.is_everything and rule.source == root_file}
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


def _walk(collector: Collector, start: bytes) -> list[bytes]:
    repositories: list[bytes] = []
    some = collector.only is not None
    # Each folder with the rules of the folder above, and whether a rule took the folder back in.
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
        collector.folders.add(folder)
        level = _entered(collector, above, folder, names)
        deciding, prefix = level.concerning(names), join(folder, b"")
        never = NEVER & names
        for entry in entries:  # runs a hundred thousand times in a large tree
            path = prefix + entry.name
            if (never and entry.name in never) or (some and not collector.looks_at(path)):
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError as error:
                collector.fail_status(path, error)
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
    return _entered(collector, _above(collector, folder), folder, IGNORE_FILES)


def _entered(
    collector: Collector, level: _FolderRules, folder: bytes, names: Collection[bytes]
) -> _FolderRules:
    """The rules that apply in a folder; only ignore files among the ``names`` in the folder are opened."""
    search, git = (
        collector.load_rules(folder, name) if name in names else None
        for name in (_SEARCH_IGNORE, _GIT_IGNORE)
    )
    if git and not folder and collector.set_aside:
        git = IgnoreFile([rule for rule in git.rules if rule not in collector.set_aside])
    return _FolderRules(
        (*level.search, search) if search else level.search,
        (*level.git, git) if git else level.git,
        collector.own_rules(folder, names),
    )


def _entries(collector: Collector, folder: bytes) -> list[os.DirEntry[bytes]]:
    try:
        with os.scandir(collector.absolute(folder)) as found:
            return list(found)
    except OSError as error:
        collector.fail_os(folder, error)
        return []


def _is_left_out(collector: Collector, rule: IgnoreRule | None, path: bytes, *, is_folder: bool) -> bool:
    """Whether a path is left out: by ``rule``, or if no rule matches by :func:`default_rules`."""
    if rule is not None:
        if rule.ignores:
            collector.excluded.append(Excluded(path, is_folder, rule))
        return rule.ignores
    if is_folder and default_rules().verdict(path, is_folder=True):
        collector.by_default.add(path)
        return True
    return False
