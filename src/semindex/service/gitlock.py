"""Waits while git works on a tree, which it shows by the file ``index.lock`` in its folder.

git makes this file before it changes the first file of the tree, and removes it after the last.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from semindex.source import git

LEFT_SECONDS = 10.0
"""If nothing changes for so long, a git that died has left the lock, or one waits for its user's editor."""
LONGEST_SECONDS = 60.0
"""Nobody waits longer for one lock, even if files change all the time."""


class GitLock:
    """The lock of the repository that holds a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._passed_over: tuple[int, int] | None = None

    def wait(self, still_changes: Callable[[], bool]) -> bool:
        """Wait while git holds the lock; whether there was anything to wait for.

        A lock for which one has waited in vain is passed over the next time.

        Args:
            still_changes: Takes a moment, and tells whether anything in the tree has changed in it.
        """
        began = changed = time.monotonic()
        waited = False
        while (lock := self.held()) is not None and lock != self._passed_over:
            waited = True
            now = time.monotonic()
            if still_changes():
                changed = now
            if now - changed > LEFT_SECONDS or now - began > LONGEST_SECONDS:
                self._passed_over = lock
        return waited

    def held(self) -> tuple[int, int] | None:
        """What tells the lock that git holds now from others; None if it holds none."""
        top = git.find_top(self._folder)
        folder = git.git_dir(top) if top is not None else None
        if folder is None:
            return None
        try:
            status = (folder / "index.lock").stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns
