"""Hear from the operating system what changes in the folders of a tree.

Linux is asked about each folder by itself. A folder costs a kilobyte of the kernel's memory, and each change
in it wakes this process; of installed packages and build products, into which no walk looks, one hears
nothing. Elsewhere the whole tree is watched, as the system watches it in one piece, and what is heard of
other folders is passed over by :class:`semindex.service.watching.Watcher`.

The package ``watchfiles`` does it. It would begin to poll by itself where the system tells nothing; here
:class:`Unwatchable` says so, and the caller decides.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from semindex.source.mounts import shared_file_system

if TYPE_CHECKING:
    from watchfiles._rust_notify import RustNotify

QUIET_MS = 100
"""Changes are told when none came for so long. At rest this process wakes up as often, which takes 0.05 s of
processor time a minute."""
LONGEST_MS = 2000
"""Of changes that do not end, those of so long are told together."""
_MODIFIED = 2
_PER_FOLDER = sys.platform == "linux"
Changes = dict[str, bool]
"""Paths relative to the root, with slashes, the root's empty; whether something was made or removed there."""


class Unwatchable(Exception):  # noqa: N818 - says what the folder is
    """The system does not tell what changes in a tree; the message says why, and what to do."""


class Lost(Exception):  # noqa: N818 - says what happened
    """Something changed, and it is not known what."""


class Notices(Protocol):
    """What is heard of some folders. It gathers while nobody waits for it."""

    def wait(self, interrupted: Callable[[], bool]) -> Changes:
        """What has changed, as soon as nothing more comes for a moment.

        Args:
            interrupted: Asked several times a second; when it is true, waiting ends, nothing is given, and
                what was gathered may be lost.

        Raises:
            Lost: Everything has to be looked at, and the notices opened anew.
        """

    def rest(self, quiet_ms: int) -> Changes:
        """What has gathered by now, and what comes until it is quiet for so long; raises as :meth:`wait`."""

    def close(self) -> None:
        """Hear nothing more."""


OpenNotices = Callable[[Path, Collection[str]], Notices]
"""Begins to hear of the folders, given by their paths relative to a root."""


def open_notices(root: Path, folders: Collection[str]) -> Notices:
    """Begin to hear what changes in these folders of a root, which has no link in its path.

    Raises:
        Unwatchable: The system does not tell, or not of so many folders.
        Lost: A folder is not there any more.
    """
    system = shared_file_system(root)
    if system:
        raise Unwatchable(f"the files are on a file system ({system}) that other machines may change")
    return _Heard(root, folders)


class _Heard:
    """Notices of ``watchfiles``."""

    def __init__(self, root: Path, folders: Collection[str]) -> None:
        self._prefix = str(root)
        self._notify = _notify(self._prefix, folders)

    def wait(self, interrupted: Callable[[], bool]) -> Changes:
        # Without a limit of time: when one has passed, watchfiles forgets what came in that moment.
        return self._gathered(LONGEST_MS, QUIET_MS, 0, _Interrupted(interrupted))

    def rest(self, quiet_ms: int) -> Changes:
        return self._gathered(LONGEST_MS, quiet_ms, 1, None)

    def close(self) -> None:
        self._notify.close()

    def _gathered(self, longest_ms: int, step_ms: int, wait_ms: int, stop: _Interrupted | None) -> Changes:
        from watchfiles._rust_notify import WatchfilesRustInternalError

        try:
            found = self._notify.watch(longest_ms, step_ms, wait_ms, stop)
        except WatchfilesRustInternalError as error:
            raise Lost(str(error)) from error
        if found == "signal":
            # watchfiles has taken the exception of the signal's handler.
            raise KeyboardInterrupt
        changes: Changes = {}
        for kind, path in found if isinstance(found, set) else ():
            inner = self._inner(path)
            changes[inner] = changes.get(inner, False) or kind != _MODIFIED
        return changes

    def _inner(self, path: str) -> str:
        if path == self._prefix:
            return ""
        inner = path.removeprefix(self._prefix)
        if inner == path:
            raise Lost(f"{path} is not below {self._prefix}")
        return inner.replace(os.sep, "/").lstrip("/")


class _Interrupted:
    """A function as the event that ``watchfiles`` asks."""

    def __init__(self, interrupted: Callable[[], bool]) -> None:
        self.is_set = interrupted


def _notify(root: str, folders: Collection[str]) -> RustNotify:
    from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError

    paths = [os.path.join(root, folder) if folder else root for folder in sorted(folders)]  # noqa: PTH118
    try:
        # No error may be passed over: with that option ``watchfiles`` passes over a limit that is reached.
        notify = RustNotify(paths if _PER_FOLDER else [root], False, False, 1000, not _PER_FOLDER, False)
    except (FileNotFoundError, PermissionError) as error:
        raise Lost(str(error)) from error
    except UnicodeEncodeError as error:
        raise Unwatchable("the name of a folder is not UTF-8, so that it cannot be watched") from error
    except (OSError, WatchfilesRustInternalError) as error:
        raise Unwatchable(_advice(str(error))) from error
    if repr(notify).startswith("RustNotify(Poll"):
        notify.close()
        raise Unwatchable("this system does not tell what changes in a folder")
    return notify


def _advice(error: str) -> str:
    """What a user can do about an error of the system."""
    for sign, name, what, more in (
        ("watch limit", "max_user_watches", "folders", 524_288),
        ("os error 28", "max_user_watches", "folders", 524_288),
        ("os error 24", "max_user_instances", "programs", 1024),
    ):
        if sign in error and _PER_FOLDER:
            return (
                f"the system watches no more {what} for this user (fs.inotify.{name}"
                f"{_current(name)}); to raise it: sudo sysctl fs.inotify.{name}={more}"
            )
    return f"the system does not tell what changes: {error}"


def _current(name: str) -> str:
    try:
        return " is " + Path("/proc/sys/fs/inotify", name).read_text("ascii").strip()
    except (OSError, ValueError):
        return ""
