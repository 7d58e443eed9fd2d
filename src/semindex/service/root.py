"""Tells whether the folder that is watched is there, and still the same."""

from __future__ import annotations

import stat
from pathlib import Path

from semindex.errors import RootError
from semindex.source.walk import checked_root


class WatchedRoot:
    """A folder that may be moved away, deleted, or unmounted, and come back."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._identity = _identity(path)

    @property
    def is_same(self) -> bool:
        """Whether the folder at the path is the one that was accepted last."""
        return self._identity is not None and _identity(self._path) == self._identity

    def require(self) -> None:
        """Do nothing if the folder is there and can be read.

        Raises:
            RootError: It cannot, or another folder is in its place.
        """
        checked_root(self._path)
        if not self.is_same:
            raise RootError(f"{self._path}: another folder is in its place")

    def comes_back(self) -> bool:
        """Whether the folder is there again; another one with files in it is accepted in its place.

        An empty folder is not, as a disk that is unmounted leaves one: nobody has deleted all its files.
        """
        try:
            checked_root(self._path)
            if not self.is_same and not any(self._path.iterdir()):
                return False
        except (RootError, OSError):
            return False
        self._identity = _identity(self._path)
        return self._identity is not None


def _identity(folder: Path) -> tuple[int, int] | None:
    """What tells a folder from others at the same path; None if there is none."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISDIR(status.st_mode) else None
