"""The index folder: makes it, finds garbage in it, and removes it if semindex made it.

::

    .semindex/
      .gitignore      holds ``*``; its first line shows that semindex made the folder
      catalog.db      what is indexed (SQLite)
      writer.lock     locked while a process writes; writer.json says which one
      segments/       UUID.seg, immutable
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from semindex.errors import IndexCorrupt, IndexUnwritable, UsageError
from semindex.source.regular import RegularFileError, read_regular
from semindex.store.durable import Replacement, StepHook, no_step, set_database_aside, sync_folder, unwritable
from semindex.store.lock import HOLDER, LOCK, write_lock
from semindex.store.ownership import close_to_others, make_folder, require_own

FOLDER = ".semindex"
CATALOG = "catalog.db"
SEGMENTS = "segments"
DAMAGED = "catalog.damaged.db"
"""The name to which a damaged catalog is renamed; the next damaged one replaces it."""

_MARK = b"# Made by semindex; 'semindex clean' removes this folder.\n*\n"
_IGNORE = ".gitignore"
_UNFINISHED = {f"{_IGNORE}.tmp", LOCK, HOLDER}
"""Files that a folder without ``.gitignore`` may have if a process died while it made or removed the
folder."""


class Garbage(Struct, frozen=True):
    """What :func:`collect_garbage` did."""

    removed: int
    """How many files were removed."""
    removed_bytes: int
    refused: int
    """How many files the system did not remove (open ones on Windows); the next collection tries again."""


def has_catalog(index_dir: Path) -> bool:
    """Whether an index was begun in the folder."""
    return os.path.lexists(index_dir / CATALOG)


def create(index_dir: Path) -> None:
    """Make the folder and what every index has; an index that is there stays as it is.

    Raises:
        IndexUntrusted: The folder is a link, or another user's.
        IndexUnwritable: There is no room or permission, or the folder has files and semindex did not make it.
    """
    require_own(index_dir)
    segments = index_dir / SEGMENTS
    with unwritable(index_dir):
        make_folder(index_dir)
        bare = {path.name for path in index_dir.iterdir()} <= _UNFINISHED
    if not bare and not looks_ours(index_dir):
        raise IndexUnwritable(
            f"{index_dir} holds files and was not made by semindex; choose an empty folder with --index-dir"
        )
    ignore = index_dir / _IGNORE
    # One that was taken away, or edited, is left so; git would wait for a FIFO in its place.
    if bare or (os.path.lexists(ignore) and not ignore.is_file()):
        with Replacement(ignore) as output:
            output.write(_MARK)
    with unwritable(index_dir):
        close_to_others(index_dir)
    if segments.is_symlink():
        raise IndexUnwritable(f"{segments} is a link; remove it, then run 'semindex index'")
    if not segments.is_dir():
        with unwritable(segments):
            make_folder(segments)
            sync_folder(index_dir)


def require_root(index_dir: Path, recorded: str | None, root: Path) -> None:
    """Raise if an index that is kept elsewhere is that of another folder, which still exists.

    An index inside its root moves with it. One whose root is gone may be used for the root's new place.

    Args:
        index_dir: The index folder.
        recorded: The root that the index names, if any.
        root: The root that it is to be used for.

    Raises:
        UsageError: The index is that of another folder.
    """
    if not recorded or Path(recorded) == root or index_dir.is_relative_to(root):
        return
    if os.path.isdir(recorded):  # noqa: PTH112 - unlike Path.is_dir it never raises
        raise UsageError(
            f"{index_dir} is the index of {recorded}, not of {root}; choose another --index-dir, "
            f"or remove it: semindex clean {recorded} --index-dir {index_dir}"
        )


def looks_ours(index_dir: Path) -> bool:
    """Whether semindex made the folder.

    Such a folder has the ``.gitignore`` that semindex writes, or a catalog beside a segments folder, or only
    files that stay when a process dies while it makes or removes the folder.
    """
    if _has_mark(index_dir):
        return True
    with suppress(OSError):
        if {path.name for path in index_dir.iterdir()} <= _UNFINISHED:
            return True
    return (index_dir / CATALOG).is_file() and (index_dir / SEGMENTS).is_dir()


def _has_mark(index_dir: Path) -> bool:
    try:
        return read_regular(index_dir / _IGNORE, limit=len(_MARK)).data == _MARK
    except (OSError, RegularFileError):
        return False


def new_segment_name() -> str:
    """A name that no segment has had."""
    return f"{uuid.uuid4().hex}.seg"


def segment_path(index_dir: Path, name: str) -> Path:
    """The path of a segment.

    Raises:
        IndexCorrupt: The name is not that of a segment. A catalog may come from a stranger, whose names must
            not lead to other files.
    """
    if not _is_stem(name.removesuffix(".seg")) or not name.endswith(".seg"):
        raise IndexCorrupt(f"{index_dir / CATALOG} names a segment {name!r}; run 'semindex index --force'")
    return index_dir / SEGMENTS / name


def _is_stem(text: str) -> bool:
    """Whether a text is the name of a segment without its ending: 32 to 36 hexadecimal digits and hyphens."""
    return 32 <= len(text) <= 36 and text[0] != "-" and _STEM.issuperset(text)


_STEM = frozenset("0123456789abcdef-")


def collect_garbage(index_dir: Path, live: Collection[str], *, on_step: StepHook = no_step) -> Garbage:
    """Remove the files in ``segments/`` that the generation does not name, left by crashes and merges.

    Call it under the writer lock, before segments are written or after they are committed. Files that
    semindex does not write stay. Steps: ``garbage:begin``, ``garbage:file`` after each file, ``garbage:end``.
    """
    on_step("garbage:begin")
    kept = {name.removesuffix(".seg") for name in live}
    removed = removed_bytes = refused = 0
    for path, size in sorted(_strays(index_dir / SEGMENTS, kept)):
        try:
            path.unlink()
        except FileNotFoundError:
            continue
        except OSError:
            refused += 1
            continue
        removed += 1
        removed_bytes += size
        on_step("garbage:file")
    on_step("garbage:end")
    return Garbage(removed, removed_bytes, refused)


def discard(index_dir: Path, names: Collection[str], *, on_step: StepHook = no_step) -> None:
    """Remove segments that the generation names no more; those that the system refuses stay as garbage.

    Step: ``garbage:file`` after each file.
    """
    for name in names:
        with suppress(OSError):
            segment_path(index_dir, name).unlink(missing_ok=True)
        on_step("garbage:file")


def _strays(segments: Path, kept: Collection[str]) -> Iterator[tuple[Path, int]]:
    """Files of semindex's in the folder that belong to none of the segments ``kept``, and their sizes."""
    if segments.is_symlink() or not segments.is_dir():
        return
    for entry in os.scandir(segments):
        stem, _, ending = entry.name.partition(".")
        known = _is_stem(stem) and re.fullmatch("[a-z0-9.]+", ending)
        if not known or entry.is_dir(follow_symlinks=False):
            continue
        if stem not in kept or entry.name.endswith(".tmp"):
            yield Path(entry.path), entry.stat(follow_symlinks=False).st_size


def size_bytes(index_dir: Path) -> int:
    """The size of all files of the index; 0 if there is none."""
    return sum(status.st_size for status in _statuses(index_dir))


def _statuses(index_dir: Path) -> Iterator[os.stat_result]:
    for folder, _, names in os.walk(index_dir):
        for name in names:
            with suppress(FileNotFoundError):
                yield (Path(folder) / name).lstat()


def set_catalog_aside(index_dir: Path) -> Path | None:
    """Rename a damaged catalog, so that a new one can be made; gives its new path, None if there is none.

    Raises:
        IndexUnwritable: The system refused.
    """
    aside = index_dir / DAMAGED
    with unwritable(index_dir):
        moved = set_database_aside(index_dir / CATALOG, aside)
        sync_folder(index_dir)
    return aside if moved else None


def clean(index_dir: Path, *, wait_seconds: float = 0.0) -> int:
    """Remove the whole folder; gives the number of bytes freed, 0 if there is no folder.

    Raises:
        IndexLocked: Another process is writing.
        IndexUntrusted: The folder is a link, or another user's.
        IndexUnwritable: Semindex did not make the folder, or the system refused.
    """
    if not os.path.lexists(index_dir):
        return 0
    require_own(index_dir)
    if not looks_ours(index_dir):
        raise IndexUnwritable(f"{index_dir} was not made by semindex; if nobody needs it, remove it by hand")
    # A segment that another index has as well stays where it is.
    freed = sum(status.st_size for status in _statuses(index_dir) if status.st_nlink == 1)
    with write_lock(index_dir, wait_seconds=wait_seconds), unwritable(index_dir):
        # The catalog goes first and .gitignore last: if the process dies in between, the folder is an empty
        # index that semindex still knows as its own. The catalog's log goes after the catalog: without its
        # log the catalog would be an older one, whose segments are gone.
        for path in sorted(index_dir.iterdir(), key=_removal_order):
            _remove(path)
    with unwritable(index_dir):
        (index_dir / LOCK).unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            index_dir.rmdir()
    return freed


def _removal_order(path: Path) -> tuple[int, str]:
    if path.name in (_IGNORE, LOCK, HOLDER):
        return 1 + (_IGNORE, LOCK, HOLDER).index(path.name), path.name
    return (-1 if path.name.startswith(CATALOG) else 0), path.name


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        from shutil import rmtree

        rmtree(path)
    elif path.name != LOCK or os.name != "nt":  # Windows does not remove an open file
        path.unlink(missing_ok=True)
