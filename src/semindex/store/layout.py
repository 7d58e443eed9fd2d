"""The index folder: what lies where, what is garbage, and whether the folder is ours to remove.

::

    .semindex/
      .gitignore      holds ``*``; by its first line we know the folder again
      catalog.db      what is indexed (SQLite)
      writer.lock     held while somebody writes; writer.json says who
      segments/       UUID.seg, immutable
"""

from __future__ import annotations

import os
import re
import shutil
import uuid
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from semindex.errors import IndexCorrupt, IndexUnwritable, UsageError
from semindex.store.durable import Replacement, StepHook, no_step, sync_folder, unwritable
from semindex.store.lock import HOLDER, LOCK, write_lock

FOLDER = ".semindex"
CATALOG = "catalog.db"
SEGMENTS = "segments"
DAMAGED = "catalog.damaged.db"
"""Where a damaged catalog is kept; the next damaged one takes its place."""
CATALOG_SIDES = ("-wal", "-shm", "-journal")
"""What SQLite puts beside a database."""

_MARK = b"# Made by semindex; 'semindex clean' removes this folder.\n*\n"
_IGNORE = ".gitignore"
_UNFINISHED = {f"{_IGNORE}.tmp", LOCK, HOLDER}
"""What a folder may hold without our mark when its making or its removal was cut short."""
_SEGMENT_NAME = re.compile(r"[0-9a-f][0-9a-f-]{31,35}\.seg")
_OURS = re.compile(r"(?P<stem>[0-9a-f][0-9a-f-]{31,35})\.[a-z0-9.]+")


class Collected(Struct, frozen=True):
    """What a collection of garbage did."""

    removed: int
    """Files."""
    removed_bytes: int
    refused: int
    """Files that the system did not let go (open on Windows); the next collection tries again."""


def create(index_dir: Path) -> None:
    """Make the folder and what every index has; leaves an index that is there as it is.

    Raises:
        IndexUnwritable: No room or permission, or the folder holds something that is not ours.
    """
    segments = index_dir / SEGMENTS
    with unwritable(index_dir):
        index_dir.mkdir(parents=True, exist_ok=True)
        bare = {path.name for path in index_dir.iterdir()} <= _UNFINISHED
    if bare:
        with Replacement(index_dir / _IGNORE) as output:
            output.write(_MARK)
    elif not looks_ours(index_dir):
        raise IndexUnwritable(
            f"{index_dir} holds files and was not made by semindex; choose an empty folder with --index-dir"
        )
    if segments.is_symlink():
        raise IndexUnwritable(f"{segments} is a link; remove it, then run 'semindex index'")
    if not segments.is_dir():
        with unwritable(segments):
            segments.mkdir()
            sync_folder(index_dir)


def require_root(index_dir: Path, recorded: str | None, root: Path) -> None:
    """Refuse an index kept elsewhere that is of another folder, as long as that folder exists.

    An index inside its root moves with it, and one whose root is gone may follow it to a new place.

    Raises:
        UsageError: It is of another folder.
    """
    if not recorded or Path(recorded) == root or index_dir.is_relative_to(root):
        return
    if Path(recorded).is_dir():
        raise UsageError(
            f"{index_dir} is the index of {recorded}, not of {root}; choose another --index-dir, "
            f"or remove it: semindex clean {recorded} --index-dir {index_dir}"
        )


def looks_ours(index_dir: Path) -> bool:
    """Whether semindex made the folder.

    It has our ``.gitignore``, or a catalog beside a segments folder, or no more than the few files that a
    beginning or a removal leaves that was killed.
    """
    with suppress(OSError):
        if (index_dir / _IGNORE).read_bytes() == _MARK:
            return True
    with suppress(OSError):
        if {path.name for path in index_dir.iterdir()} <= _UNFINISHED:
            return True
    return (index_dir / CATALOG).is_file() and (index_dir / SEGMENTS).is_dir()


def new_segment_name() -> str:
    """A name that no segment has had."""
    return f"{uuid.uuid4().hex}.seg"


def segment_path(index_dir: Path, name: str) -> Path:
    """Where a segment lies.

    Raises:
        IndexCorrupt: Not a segment's name; a catalog may come from elsewhere, and is not believed.
    """
    if not _SEGMENT_NAME.fullmatch(name):
        raise IndexCorrupt(f"{index_dir / CATALOG} names a segment {name!r}; run 'semindex index --force'")
    return index_dir / SEGMENTS / name


def collect_garbage(index_dir: Path, live: Collection[str], *, on_step: StepHook = no_step) -> Collected:
    """Remove the files in ``segments/`` that no generation names: left by crashes, merges, refusals.

    Call it under the writer lock, before segments are written or after they are committed. What
    does not look like ours stays. Steps: ``garbage:begin``, ``garbage:file`` after each, ``garbage:end``.
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
    return Collected(removed, removed_bytes, refused)


def discard(index_dir: Path, names: Collection[str], *, on_step: StepHook = no_step) -> None:
    """Remove segments that no generation names any more; what the system refuses is left as garbage.

    Step: ``garbage:file`` after each.
    """
    for name in names:
        with suppress(OSError):
            segment_path(index_dir, name).unlink(missing_ok=True)
        on_step("garbage:file")


def _strays(segments: Path, kept: Collection[str]) -> Iterator[tuple[Path, int]]:
    if segments.is_symlink() or not segments.is_dir():
        return
    for entry in os.scandir(segments):
        match = _OURS.fullmatch(entry.name)
        if match is None or entry.is_dir(follow_symlinks=False):
            continue
        if match["stem"] not in kept or entry.name.endswith(".tmp"):
            yield Path(entry.path), entry.stat(follow_symlinks=False).st_size


def size_bytes(index_dir: Path) -> int:
    """Bytes of all files of the index; 0 when there is none."""
    total = 0
    for folder, _, names in os.walk(index_dir):
        for name in names:
            with suppress(FileNotFoundError):
                total += (Path(folder) / name).lstat().st_size
    return total


def set_catalog_aside(index_dir: Path) -> Path | None:
    """Rename a damaged catalog, so that a new one can be begun; None when there is none.

    Raises:
        IndexUnwritable: The system refused.
    """
    catalog, aside = index_dir / CATALOG, index_dir / DAMAGED
    with unwritable(index_dir):
        # What belongs to the old catalog goes first: beside a new one SQLite would replay it.
        for suffix in CATALOG_SIDES:
            _rename(Path(f"{catalog}{suffix}"), Path(f"{aside}{suffix}"))
        moved = _rename(catalog, aside)
        sync_folder(index_dir)
    return aside if moved else None


def _rename(source: Path, target: Path) -> bool:
    try:
        source.replace(target)
    except FileNotFoundError:
        target.unlink(missing_ok=True)
        return False
    return True


def clean(index_dir: Path, *, wait_seconds: float = 0.0) -> int:
    """Remove the whole folder; gives the bytes freed, 0 when there is none.

    Raises:
        IndexLocked: Somebody is writing.
        IndexUnwritable: Not a folder that semindex made, or the system refused.
    """
    if not os.path.lexists(index_dir):
        return 0
    if index_dir.is_symlink() or not looks_ours(index_dir):
        raise IndexUnwritable(f"{index_dir} was not made by semindex; if nobody needs it, remove it by hand")
    before = size_bytes(index_dir)
    with write_lock(index_dir, wait_seconds=wait_seconds), unwritable(index_dir):
        # The catalog goes first and our mark last: cut short, it is an empty index, and still ours. The
        # catalog's side files follow it: without its log it would be an older one, whose segments are gone.
        for path in sorted(index_dir.iterdir(), key=_removal_order):
            _remove(path)
    with unwritable(index_dir):
        (index_dir / LOCK).unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            index_dir.rmdir()
    return before


def _removal_order(path: Path) -> tuple[int, str]:
    if path.name in (_IGNORE, LOCK, HOLDER):
        return 1 + (_IGNORE, LOCK, HOLDER).index(path.name), path.name
    return (-1 if path.name.startswith(CATALOG) else 0), path.name


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif path.name != LOCK or os.name != "nt":  # Windows keeps a file that we hold open
        path.unlink(missing_ok=True)
