"""Collect what a walk finds: files, skipped paths with their reasons, and the rules that left paths out."""

import errno
import os
import stat
from collections.abc import Callable, Collection
from functools import cache

from msgspec import Struct, field

from semindex.source.git import GitRule
from semindex.source.ignores import (
    SEMINDEX_IGNORE,
    IgnoreFile,
    IgnoreRule,
    LargeIgnoreFileError,
    load_ignore_file,
    parse_rules,
)
from semindex.source.paths import as_text, join, parent
from semindex.source.regular import describe
from semindex.types import FileFailure, FileRef, SkipReason

NEVER = frozenset((b".git", b".hg", b".svn", b".semindex"))
"""Names that are left out everywhere, even if a rule takes them back in."""
_PROGRESS_FILES = 1000
_SEPARATOR = os.fsencode(os.sep)
_DEFAULT_RULES = b"""\
node_modules/
bower_components/
__pycache__/
.venv/
.tox/
.nox/
.mypy_cache/
.pytest_cache/
.ruff_cache/
.gradle/
.terraform/
"""
FOLDER_MARKS = (b"pyvenv.cfg", b"CACHEDIR.TAG")
"""Files that mark their folder as a virtual environment or a cache."""


@cache
def default_rules() -> IgnoreFile:
    """Rules for installed packages and caches. Rules of ignore files outrank them, and so does tracking."""
    return IgnoreFile(parse_rules(_DEFAULT_RULES, source="semindex's own rules"))


class Excluded(Struct, frozen=True):
    """A path that an ignore rule left out."""

    path: bytes
    is_folder: bool
    rule: IgnoreRule | GitRule


class Collector(Struct):
    """Collects the results of a walk; paths are bytes relative to ``root``."""

    root: bytes
    on_progress: Callable[[int], None] | None = None
    only: frozenset[bytes] | None = None
    """If given, the walk looks only at what is at, below or above one of these paths."""
    files: dict[bytes, FileRef] = field(default_factory=dict)
    skipped: dict[bytes, FileFailure] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    excluded: list[Excluded] = field(default_factory=list)
    by_default: set[bytes] = field(default_factory=set)
    """Folders that :func:`default_rules` left out."""
    set_aside: set[IgnoreRule] = field(default_factory=set)
    """Rules that :func:`semindex.source.tree.walk_tree` does not follow."""
    folders: set[bytes] = field(default_factory=set)
    """Folders that :func:`semindex.source.tree.walk_tree` looked into, the root as an empty path."""
    _own_rules: dict[bytes, tuple[IgnoreFile, ...]] = field(default_factory=dict)

    def looks_at(self, path: bytes) -> bool:
        """Whether a path is at, below or above one of those that the walk is to look at."""
        if self.only is None or path in self.only:
            return True
        return lies_below(path, self.only) or any(name.startswith(path + b"/") for name in self.only)

    def absolute(self, path: bytes) -> bytes:
        """The absolute path of ``path``."""
        return join(self.root, path) if path else self.root

    def status(self, path: bytes) -> os.stat_result | None:
        """The ``lstat`` of a path; None if it fails, and then the failure is recorded."""
        try:
            return os.lstat(self.absolute(path))
        except OSError as error:
            self.fail_status(path, error)
            return None

    def add(self, path: bytes, status: os.stat_result) -> None:
        """Record a path: a regular file as one to read, a link or special file as skipped."""
        if stat.S_ISREG(status.st_mode):
            files = self.files
            files[path] = FileRef(
                as_text(path), status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
            )
            if self.on_progress is not None and len(files) % _PROGRESS_FILES == 0:
                self.on_progress(len(files))
        elif is_link(status):
            self._add_link(path)
        elif not stat.S_ISDIR(status.st_mode):
            self.fail(path, SkipReason.SPECIAL, describe(status.st_mode))

    def _add_link(self, path: bytes) -> None:
        full = self.absolute(path)
        try:
            target = os.fsdecode(os.readlink(full))  # noqa: PTH115 - bytes
            real = os.path.realpath(full)
            inside = real == self.root or real.startswith(self.root.rstrip(_SEPARATOR) + _SEPARATOR)
            if not inside:
                self.fail(path, SkipReason.OUTSIDE, f"link to {target}")
                return
            os.stat(full)  # noqa: PTH116 - bytes
        except OSError as error:
            loop = error.errno == errno.ELOOP
            detail = "a link that leads to itself" if loop else f"link: {error.strerror or error}"
            self.fail(path, SkipReason.UNREADABLE, detail)
            return
        self.fail(path, SkipReason.LINK, f"link to {target}")

    def fail(self, path: bytes, reason: SkipReason, detail: str = "") -> None:
        """Record a path as skipped."""
        self.skipped[path] = FileFailure(os.fsdecode(path), "walk", reason, detail)

    def fail_os(self, path: bytes, error: OSError) -> None:
        """Record a path as skipped because of ``error``; a path that no longer exists is not recorded."""
        if isinstance(error, PermissionError):
            self.fail(path, SkipReason.PERMISSION, error.strerror or "")
        elif not isinstance(error, FileNotFoundError | NotADirectoryError):
            self.fail(path, SkipReason.UNREADABLE, error.strerror or str(error))

    def fail_status(self, path: bytes, error: OSError) -> None:
        """Record why a path's status cannot be read; without permission, its folder is what is skipped."""
        self.fail_os(parent(path) if isinstance(error, PermissionError) else path, error)

    def own_rules(self, folder: bytes, names: Collection[bytes] | None = None) -> tuple[IgnoreFile, ...]:
        """The ``.semindexignore`` files that apply in ``folder``, the root's first.

        Pass the ``names`` in the folder, if known, and no file that is missing is opened.
        """
        known = self._own_rules.get(folder)
        if known is None:
            above = self.own_rules(parent(folder)) if folder else ()
            is_there = names is None or SEMINDEX_IGNORE in names
            found = self.load_rules(folder, SEMINDEX_IGNORE) if is_there else None
            known = self._own_rules[folder] = (*above, found) if found else above
        return known

    def load_rules(self, folder: bytes, name: bytes) -> IgnoreFile | None:
        """The ignore file ``name`` of a folder, None if it has no rules; a warning names one too large."""
        try:
            return load_ignore_file(self.root, folder, name)
        except LargeIgnoreFileError as error:
            if str(error) not in self.warnings:
                self.warnings.append(str(error))
            return None

    def is_marked(self, folder: bytes) -> bool:
        """Whether the folder holds one of :data:`FOLDER_MARKS`."""
        full = self.absolute(folder)
        return any(os.path.lexists(join(full, mark)) for mark in FOLDER_MARKS)


def lies_below(path: bytes, folders: Collection[bytes]) -> bool:
    """Whether one of the folders holds ``path``, at any depth."""
    while path := parent(path):
        if path in folders:
            return True
    return False


def is_link(status: os.stat_result) -> bool:
    """Whether the status is that of a symbolic link or of a junction on Windows."""
    return stat.S_ISLNK(status.st_mode) or bool(getattr(status, "st_reparse_tag", 0) == 0xA0000003)


def decide(files: tuple[IgnoreFile, ...], path: bytes, *, is_folder: bool) -> IgnoreRule | None:
    """The rule that decides about ``path``, from the last file with a match; None if no rule matches."""
    for file in reversed(files):
        rule = file.verdict(path, is_folder=is_folder)
        if rule is not None:
            return rule
    return None
