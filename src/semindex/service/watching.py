"""Keeps one index up to date while files change.

What happens, from the start:

1. The system is asked to tell what changes in the folders that a walk looks into
   (:mod:`semindex.service.notices`). Then everything is looked at once, and what differs is indexed.
2. When something has changed and nothing more comes for a moment, the changed paths are indexed. New folders
   are watched before they are looked at, so that nothing falls in between. Many changes, a changed ignore
   file or a repository that appears are reasons to look at everything again.
3. While git works on the tree, which its lock shows, nothing is done. When it has ended, everything is looked
   at once, however many files it wrote.
4. Where the system does not tell what changes, everything is looked at again and again.

Notices may be lost: while the machine sleeps, and when they come too quickly. So everything is looked at
after a gap in time, and some minutes after changes once more. At rest nothing is done.
"""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path

from semindex.errors import (
    BroadRoot,
    IndexTooNew,
    IndexUntrusted,
    RootError,
    SemindexError,
    UsageError,
)
from semindex.index import Index
from semindex.service.events import (
    Failed,
    Paused,
    Refreshed,
    Resumed,
    Scanning,
    Started,
    Stopped,
    Waiting,
    WatchEvent,
    Watching,
)
from semindex.service.gitlock import GitLock
from semindex.service.notices import Changes, Lost, Notices, OpenNotices, Unwatchable, open_notices
from semindex.service.root import WatchedRoot
from semindex.source.collect import FOLDER_MARKS, NEVER
from semindex.source.folders import list_folders
from semindex.source.tree import IGNORE_FILES
from semindex.source.walk import MOST_NAMED_PATHS, walk
from semindex.types import Progress

SCAN_SECONDS, SCAN_COST = 5.0, 20.0
"""Without notices everything is looked at so often, but never for more than a twentieth of the time."""
NOTICES_RETRY_SECONDS = 300.0
"""After so long without notices they are asked for again."""
CHECK_SECONDS = 600.0
"""So long after a change everything is looked at once more."""
GAP_SECONDS = 10.0
"""If so much time has passed where a fraction of a second should have, the machine slept."""
ROOT_SECONDS = 2.0
"""So often a root that is gone is looked for."""
RETRY_SECONDS, LONGEST_RETRY_SECONDS = 5.0, 300.0
"""After a failure; the time is doubled each time."""
_REST_SECONDS, _LONGEST_REST_SECONDS = 0.05, 1.0
"""Between two refreshes; other writers of the index have their turn then."""
_PATIENCE_SECONDS = 1_000_000_000
_PULSES = 20
"""After so many looks at the clock the root is looked for."""
_TRIES = 5
_MOST_IGNORED = 10_000
_LOCK_QUIET_MS = 200

_IGNORE_NAMES = frozenset(map(os.fsdecode, (*IGNORE_FILES, *FOLDER_MARKS)))
_NEVER_NAMES = frozenset(map(os.fsdecode, NEVER))


class _Stopping(KeyboardInterrupt):
    """It was asked to stop; a build keeps what it has done, as for a user who interrupts it."""


class Watcher:
    """Keeps an index up to date until it is stopped.

    The index stays usable: other threads may search it meanwhile. Settings are those of the index, and are
    not read again.
    """

    def __init__(
        self,
        index: Index,
        tell: Callable[[WatchEvent], object],
        *,
        open_notices: OpenNotices = open_notices,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``tell`` is called from the thread that runs; what it raises ends :meth:`run`.

        ``open_notices`` and ``clock`` (in seconds of the epoch) are others in tests.
        """
        self._index = index
        self._tell = tell
        self._open_notices = open_notices
        self._clock = clock
        self._stopping = threading.Event()
        self._verified = False
        self._root = WatchedRoot(index.root)
        self._git = GitLock(index.root)
        self._index_path = _inner(index.index_dir, index.root)
        self._folders: frozenset[str] = frozenset()
        self._ignored: set[str] = set()
        """Files that no walk finds, although a walk looks into their folder."""
        self._notices: Notices | None = None
        self._state = ""
        """What was told last of whether the system tells what changes."""
        self._check_at: float | None = None
        self._retry_seconds = RETRY_SECONDS
        self._rest_seconds = _REST_SECONDS
        self._last_paths: Collection[str] = ()
        self._waited, self._ended, self._rested = 0.0, 0.0, 0.0
        """When the last refresh began its work, when it ended, and when the pause after it ended."""
        self._holder = ""
        self._last_pulse = 0.0
        self._pulses = 0

    def stop(self) -> None:
        """Have :meth:`run` return soon; to be called from any thread, or by a handler of a signal."""
        self._stopping.set()

    def run(self) -> None:
        """Bring the index up to date, and keep it so until :meth:`stop`.

        Most failures are told and tried again (:class:`Failed`, :class:`Paused`).

        Raises:
            BroadRoot: There is no index yet, and nobody may have meant the root.
            UsageError: The index is that of another folder.
            IndexTooNew: The index is of a newer semindex.
            IndexUntrusted: The index folder is a link or belongs to another user.
        """
        self._tell(Started(str(self._index.root), str(self._index.index_dir)))
        try:
            while True:
                try:
                    self._follow()
                except (BroadRoot, UsageError, IndexTooNew, IndexUntrusted):
                    raise
                except RootError as error:
                    self._await_root(str(error))
                except SemindexError as error:
                    self._await_retry(error)
        except _Stopping:
            self._tell(Stopped())

    def _follow(self) -> None:
        """Look at everything, and then at what changes, until something is to be begun anew."""
        self._root.require()
        try:
            self._notices, self._folders = self._opened()
        except Unwatchable as reason:
            self._scan(str(reason))
            return
        try:
            self._check_at = None
            self._refresh()
            self._tell_state("watching", Watching(len(self._folders)))
            self._heed()
        except Lost:
            self._sleep(_LONGEST_REST_SECONDS)
        finally:
            self._notices.close()
            self._notices = None

    def _scan(self, reason: str) -> None:
        """Look at everything again and again, for some minutes."""
        until = time.monotonic() + NOTICES_RETRY_SECONDS
        while time.monotonic() < until:
            self._root.require()
            pause = max(SCAN_SECONDS, SCAN_COST * self._refresh())
            self._tell_state(reason, Scanning(reason, pause))
            self._sleep(pause)

    def _heed(self) -> None:
        """Index what changes, until everything has to be looked at."""
        while True:
            assert self._notices is not None
            self._last_pulse = self._clock()
            changes = self._notices.wait(self._is_interrupted)
            self._require_going_on()
            self._root.require()
            if not changes:
                return
            changes = self._counting(changes)
            if not changes:
                continue
            if self._awaited_git() or len(changes) > MOST_NAMED_PATHS:
                self._renew(replaced=True)
                self._refresh()
            else:
                self._take(changes)
            self._rest(changes)
            if self._check_at is None:
                self._check_at = time.monotonic() + CHECK_SECONDS

    def _take(self, changes: Changes) -> None:
        """Index a few changes."""
        paths, whole, relist, replaced = set[str](), False, False, False
        while changes:
            for path, made in changes.items():
                name = path.rpartition("/")[2]
                is_folder = _is_folder(self._index.root / path)
                decides = name in _IGNORE_NAMES or name == ".git" or not path
                whole = whole or decides
                replaced = replaced or (made and path in self._folders)
                relist = relist or decides or replaced or (is_folder and path not in self._folders)
            paths |= changes.keys()
            # What came while new folders were not watched yet is looked at together with them.
            changes = self._counting(self._renew(replaced=replaced)) if relist else {}
            relist = replaced = False
        if whole or len(paths) > MOST_NAMED_PATHS:
            self._refresh()
        else:
            self._refresh(paths)

    def _counting(self, changes: Changes) -> Changes:
        """Those of the changes that may be of something that a walk finds."""
        return {path: made for path, made in changes.items() if self._counts(path, made=made)}

    def _counts(self, path: str, *, made: bool) -> bool:
        folder, _, name = path.rpartition("/")
        if path and folder not in self._folders:
            return False
        if name in _NEVER_NAMES:
            # A repository that appears, or goes, decides which files there are.
            return name == ".git" and made
        return path not in self._ignored and path != self._index_path

    def _opened(self) -> tuple[Notices, frozenset[str]]:
        """Notices of all folders, and these.

        Raises:
            Unwatchable: As :func:`open_notices`.
        """
        for _ in range(_TRIES):
            self._require_going_on()
            folders = self._listed()
            try:
                notices = self._open_notices(self._index.root, folders)
            except Lost:
                continue  # a folder went in between
            # One that came in between is in none of those that are watched yet.
            if self._listed() <= folders:
                return notices, folders
            notices.close()
        raise Unwatchable("folders come and go too quickly to watch them")

    def _listed(self) -> frozenset[str]:
        folders = list_folders(self._index.root)
        index = self._index_path
        if index is None:
            return folders
        return frozenset(each for each in folders if each != index and not each.startswith(index + "/"))

    def _renew(self, *, replaced: bool) -> Changes:
        """Watch the folders that are there now; gives what was heard of the former ones until then.

        Args:
            replaced: Whether folders may be others than before under the same paths.
        """
        before = self._notices
        assert before is not None
        if not replaced and self._listed() == self._folders:
            return {}
        try:
            self._notices, self._folders = self._opened()
        except Unwatchable as error:
            raise Lost(str(error)) from error
        try:
            return before.rest(1)
        finally:
            before.close()

    def _refresh(self, paths: Collection[str] | None = None) -> float:
        """Bring the index up to date, by these paths or as a whole; gives the seconds that it took.

        Raises:
            SemindexError: As :meth:`semindex.index.Index.refresh`.
        """
        self._holder, self._waited = "", time.monotonic()
        report = self._index.refresh(
            paths=None if paths is None else sorted(paths),
            verify=not self._verified,
            wait_seconds=_PATIENCE_SECONDS,
            progress=self._heard,
        )
        self._ended = time.monotonic()
        self._verified, self._retry_seconds = True, RETRY_SECONDS
        seconds = self._ended - self._waited
        self._tell(
            Refreshed(
                None if paths is None else len(paths),
                report.added,
                report.changed,
                report.removed,
                report.files,
                seconds,
                report.warnings,
            )
        )
        if paths is None:
            self._ignored.clear()
        elif not report.added + report.changed + report.removed:
            self._note_ignored(paths)
        return seconds

    def _note_ignored(self, paths: Collection[str]) -> None:
        """Note which of the paths are of files that no walk finds, so that a log costs nothing."""
        seen = walk(self._index.root, only=paths)
        if seen.only is not None and len(self._ignored) < _MOST_IGNORED:
            found = {ref.path for ref in seen.refs} | {failure.path for failure in seen.skipped}
            root = self._index.root
            self._ignored |= {path for path in paths if path not in found and (root / path).is_file()}

    def _awaited_git(self) -> bool:
        """Wait while git works on the tree; whether it did."""

        def still_changes() -> bool:
            self._require_going_on()
            assert self._notices is not None
            return bool(self._notices.rest(_LOCK_QUIET_MS))

        # What is heard meanwhile is not needed: everything is looked at afterwards.
        return self._git.wait(still_changes) and (still_changes() or True)

    def _is_interrupted(self) -> bool:
        """Whether to wait no longer for changes; asked several times a second."""
        if self._stopping.is_set():
            return True
        before, self._last_pulse = self._last_pulse, self._clock()
        if self._last_pulse - before > GAP_SECONDS:
            return True
        if self._check_at is not None and time.monotonic() >= self._check_at:
            return True
        self._pulses += 1
        return self._pulses % _PULSES == 0 and not self._root.is_same

    def _rest(self, paths: Collection[str]) -> None:
        """Pause after a refresh: longer after a long one, and while the same files are written again."""
        soon = self._waited - self._rested < _LONGEST_REST_SECONDS
        again = soon and not frozenset(paths).isdisjoint(self._last_paths)
        self._last_paths = paths
        took = self._ended - self._waited
        self._rest_seconds = 2 * self._rest_seconds if again else _REST_SECONDS
        self._rest_seconds = min(max(self._rest_seconds, took), _LONGEST_REST_SECONDS)
        self._sleep(self._rest_seconds)
        self._rested = time.monotonic()

    def _sleep(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise _Stopping

    def _require_going_on(self) -> None:
        if self._stopping.is_set():
            raise _Stopping

    def _heard(self, progress: Progress) -> None:
        """What a build tells."""
        self._require_going_on()
        if progress.stage == "wait":
            self._waited = time.monotonic()
            if progress.path != self._holder:
                self._holder = progress.path
                self._tell(Waiting(progress.path))

    def _await_root(self, reason: str) -> None:
        """Wait until the root is back."""
        self._index.close()  # so that a disk can be unmounted
        self._tell_state("paused", Paused(reason))
        self._sleep(ROOT_SECONDS)
        while not self._root.comes_back():
            self._sleep(ROOT_SECONDS)
        self._tell_state("", Resumed())

    def _await_retry(self, error: SemindexError) -> None:
        self._state = ""
        self._tell(Failed(type(error).__name__, str(error), self._retry_seconds))
        self._sleep(self._retry_seconds)
        self._retry_seconds = min(2 * self._retry_seconds, LONGEST_RETRY_SECONDS)

    def _tell_state(self, state: str, event: WatchEvent) -> None:
        """Tell of a state when it begins."""
        if self._state != state:
            self._state = state
            self._tell(event)


def _inner(folder: Path, root: Path) -> str | None:
    """The path of a folder relative to a root that holds it; None when it does not."""
    return folder.relative_to(root).as_posix() if folder.is_relative_to(root) else None


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False
