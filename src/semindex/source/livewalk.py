"""What a walk of a tree would find now, without walking again while the system vouches that nothing changed.

Linux puts a notice into a queue within the system call that makes a change (inotify). So who reads the queue
after a question came knows of every change made before it, and no thread is needed. What happens:

1. The first question is answered by a walk, as if there were nothing else.
2. For the second one, notices of all folders are asked for that a walk looks into; then the tree is walked.
3. From then on a question reads the notices. Without any the files are those of the walk. Of a few changed
   files each is looked at. Everything is walked again after a change of an ignore file, of a repository's
   state, of many files, or when notices were lost; and notices are asked for anew when folders came or went.

Where the system does not tell, or other machines may change the files, each question walks. Nothing is heard
of a file that is written by another of its names (hard links) outside of the tree.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from semindex.source import git
from semindex.source.collect import FOLDER_MARKS, NEVER
from semindex.source.folders import list_folders
from semindex.source.mounts import shared_file_system
from semindex.source.tree import IGNORE_FILES
from semindex.source.walk import MOST_NAMED_PATHS, walk
from semindex.types import FileRef

if TYPE_CHECKING:
    from inotify_simple import INotify

MOST_CHANGED = 2000
"""When more files than these have changed since a walk, everything is walked again."""
_TRIES = 3
_DECIDE = frozenset(map(os.fsdecode, (*IGNORE_FILES, *FOLDER_MARKS, b".git")))
"""Files that decide which others a walk finds."""
_NEVER = frozenset(map(os.fsdecode, NEVER)) - {".git"}
_GIT_FILES = ("index", "config", "info/exclude")


class Seen(Struct, frozen=True):
    """The files of a tree."""

    number: int
    """Of the walk that found them; each walk of everything has another."""
    refs: tuple[FileRef, ...]
    """The files that the walk found, in the order of the bytes of their paths."""
    changed: Mapping[str, FileRef | None] = {}
    """By path, what is not as the walk found it; None for what is no file any more. Nothing leaves it."""

    @property
    def all(self) -> Sequence[FileRef]:
        """The files as they are now, in the order of the bytes of their paths."""
        if not self.changed:
            return self.refs
        kept = [ref for ref in self.refs if ref.path not in self.changed]
        kept += [ref for ref in self.changed.values() if ref is not None]
        return sorted(kept, key=lambda ref: os.fsencode(ref.path))


class LiveWalk:
    """The files of one tree, as of each question; threads may share it."""

    def __init__(self, root: Path, *, at_once: bool = False) -> None:
        """Look at nothing yet; with ``at_once`` listen before the first walk already."""
        self._root = root
        self._listens_first = at_once
        self._lock = threading.Lock()
        self._ears: _Ears | None = None
        self._seen: Seen | None = None
        self._is_unwatchable = sys.platform != "linux"

    def seen(self) -> Seen:
        """The files as they are now.

        Raises:
            RootError: The root is missing, not a folder, or not readable.
        """
        with self._lock:
            changed = self._ears.changed() if self._ears is not None else None
            if self._seen is None or changed is None:
                self._listen()
                self._look(self._seen.number + 1 if self._seen is not None else 0)
            elif changed:
                self._look_at(changed)
            assert self._seen is not None
            return self._seen

    def close(self) -> None:
        """Hear nothing more; the next question walks."""
        with self._lock:
            self._deafen()
            self._seen = None

    def _deafen(self) -> None:
        if self._ears is not None:
            self._ears.close()
        self._ears = None

    def _listen(self) -> None:
        """Ask for notices, if they are worth it."""
        if self._is_unwatchable or (self._seen is None and not self._listens_first):
            return
        if self._ears is not None and self._ears.is_complete:
            return
        self._deafen()
        try:
            self._ears = _opened(self._root)
        except _UnwatchableError:
            self._is_unwatchable = True

    def _look(self, number: int) -> None:
        """Walk everything."""
        self._seen = Seen(number, walk(self._root).refs)
        if self._ears is not None and not self._ears.hear_all_of(self._seen.refs):
            # A folder came, or was no longer ignored, after the folders were listed.
            self._deafen()

    def _look_at(self, paths: Collection[str]) -> None:
        """Look at some files only."""
        assert self._seen is not None
        before = self._seen
        if len(paths) > MOST_NAMED_PATHS or len(before.changed) + len(paths) > MOST_CHANGED:
            self._look(before.number + 1)
            return
        found = walk(self._root, only=paths)
        if found.only is None:
            self._seen = Seen(before.number + 1, found.refs)
            return
        changed = dict(before.changed) | dict.fromkeys(paths)
        self._seen = Seen(before.number, before.refs, changed | {ref.path: ref for ref in found.refs})


class _UnwatchableError(Exception):
    """The system does not tell what changes here."""


class _Ears:
    """Notices of some folders."""

    def __init__(self, root: Path, folders: Collection[str], deciders: Mapping[Path, object]) -> None:
        """Begin to hear of the folders, given relative to the root.

        Raises:
            OSError: The system refuses.
        """
        from inotify_simple import INotify
        from inotify_simple import flags as flag

        self.is_complete = True
        """Whether no folder has come or gone, and no notice was lost."""
        self._deciders = dict(deciders)
        self._folder_of: dict[int, str] = {}
        self._paths = frozenset(folders)
        self._is_folder, self._lost = int(flag.ISDIR), int(flag.Q_OVERFLOW | flag.UNMOUNT)
        self._self = int(flag.DELETE_SELF | flag.MOVE_SELF | flag.IGNORED)
        made = flag.MOVED_FROM | flag.MOVED_TO | flag.CREATE | flag.DELETE
        written = flag.MODIFY | flag.ATTRIB | flag.CLOSE_WRITE  # the last one of a memory map's file
        wanted = made | written | flag.DELETE_SELF | flag.MOVE_SELF | flag.ONLYDIR
        self._inotify: INotify = INotify()
        try:
            device = root.stat().st_dev
            for folder in folders:
                path = root / folder
                if path.stat().st_dev != device:
                    raise OSError(f"{path} is on another file system")
                self._folder_of[self._inotify.add_watch(path, wanted)] = folder
        except BaseException:
            self._inotify.close()
            raise

    def close(self) -> None:
        """Hear nothing more."""
        self._inotify.close()

    def hear_all_of(self, refs: Iterable[FileRef]) -> bool:
        """Whether the folders of all these files are heard of."""
        return {ref.path.rpartition("/")[0] for ref in refs} <= self._paths

    def changed(self) -> frozenset[str] | None:
        """The files that something happened to since the last time; None if all have to be looked at."""
        paths: set[str] | None = set()
        now = {path: _signature(path) for path in self._deciders}
        if now != self._deciders:
            self._deciders, paths = now, None
        for number, mask, _, name in self._inotify.read(timeout=0):
            if mask & (self._lost | self._self):
                self.is_complete, paths = False, None
                continue
            folder = self._folder_of.get(number)
            if folder is None or name in _NEVER:
                continue
            if name in _DECIDE or mask & self._is_folder:
                # Attributes of a folder, its time among them, change with each file that comes or goes.
                self.is_complete, paths = False, None
            elif paths is not None:
                paths.add(f"{folder}/{name}" if folder else name)
        return None if paths is None else frozenset(paths)


def _opened(root: Path) -> _Ears | None:
    """Notices of all folders that a walk looks into; None when these come and go too quickly.

    Raises:
        _UnwatchableError: The system does not tell.
    """
    if shared_file_system(root):
        raise _UnwatchableError
    folders = list_folders(root)
    for _ in range(_TRIES):
        deciders = {path: _signature(path) for path in _deciders(root, folders)}
        try:
            ears = _Ears(root, folders, deciders)
        except FileNotFoundError:
            folders = list_folders(root)  # one has just gone
            continue
        except OSError as error:
            raise _UnwatchableError from error
        before, folders = folders, list_folders(root)
        if folders == before:
            return ears
        ears.close()
    return None


def _deciders(root: Path, folders: Iterable[str]) -> Iterator[Path]:
    """Files outside the folders of a walk that decide what git lists, and ignore files above the root."""
    top = git.find_top(root)
    tops = {root / folder for folder in folders if os.path.lexists(root / folder / ".git")}
    tops |= {top} if top is not None else set()
    for each in tops:
        yield each / ".git"
        for place in filter(None, {git.git_dir(each), git.common_dir(each)}):
            yield from (place / name for name in _GIT_FILES)
    for each in list(tops)[:1]:
        yield from _user_files(each)
    if top is not None and top != root:
        yield from (above / ".gitignore" for above in root.parents if above.is_relative_to(top))


def _user_files(top: Path) -> Iterator[Path]:
    """Where git keeps what a user has set for all repositories."""
    home = Path("~").expanduser()
    yield home / ".gitconfig"
    settings = Path(git.environment().get("XDG_CONFIG_HOME") or home / ".config") / "git"
    yield from (settings / "config", settings / "ignore")
    with suppress(git.GitFailed):
        named = git.ask(top, "config", "--get", "--type=path", "core.excludesFile").strip()
        yield from (top / os.fsdecode(named),) if named else ()


def _signature(path: Path) -> object:
    """What changes when a file is written; None for one that is not there."""
    with suppress(OSError, ValueError):
        status = os.stat(path)  # noqa: PTH116 - asked with each question
        return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino
    return None
