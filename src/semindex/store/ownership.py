"""Tells whose an index folder is, so that an index that somebody else planted is neither read nor written.

Git carries symbolic links, so a clone may hold a ``.semindex`` that leads anywhere; and in a folder that
several users share, another user may make one above ours. Root is trusted, since nothing can be kept from
root. Root under ``sudo`` acts for the user who called it, so the index of that user is root's own too, which
is what git does about repositories (``safe.directory``).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from semindex.errors import IndexUntrusted

FOLDER_MODE = 0o700
FILE_MODE = 0o600
"""An index tells names, words and vectors of source code, so it is its owner's alone."""


def require_own(index_dir: Path) -> None:
    """Raise if an index folder must not be used; one that is not there passes.

    Windows has no numbers of users, so there only links are refused.

    Raises:
        IndexUntrusted: It is a link, or belongs to another user.
    """
    refusal = refuse(index_dir)
    if refusal:
        raise IndexUntrusted(refusal)


def refuse(index_dir: Path) -> str:
    """Why an index folder must not be used and what to do about it; empty when it may be."""
    try:
        status = os.lstat(index_dir)
    except OSError:
        return ""  # whoever opens it gets a better error of the system
    if stat.S_ISLNK(status.st_mode):
        return (
            f"{index_dir} is a symbolic link, which an index folder may not be: a repository could lead "
            "anywhere by it. Remove the link, or name the folder itself with --index-dir"
        )
    if os.name == "nt" or status.st_uid in _trusted():
        return ""
    own = os.getuid()
    return (
        f"{index_dir} belongs to {_named(status.st_uid)}, and you are {_named(own)}: an index that somebody "
        "else made is not used. Keep your own elsewhere with --index-dir, or, if you trust this one, make "
        f"it yours: chown -R {own} {index_dir}"
    )


def make_folder(path: Path) -> None:
    """Make a folder of an index for its owner alone, unless there is something.

    Raises:
        OSError: The system refused.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        path.mkdir(mode=FOLDER_MODE)
        _give_to_owner_of(path.parent, path)


def close_to_others(path: Path) -> None:
    """Leave a folder of an index that an earlier semindex made to its owner alone.

    Raises:
        OSError: The system refused.
    """
    if os.name != "nt":
        status = path.lstat()
        is_open = stat.S_ISDIR(status.st_mode) and stat.S_IMODE(status.st_mode) & ~FOLDER_MODE
        if is_open and os.geteuid() in (status.st_uid, 0):
            path.chmod(FOLDER_MODE)


def is_closed(path: Path) -> bool:
    """Whether a file is its owner's alone, as each that semindex makes; what git checks out as a rule is not.

    Always on Windows, which has no such modes.

    Raises:
        OSError: The system refused.
    """
    return os.name == "nt" or not stat.S_IMODE(path.lstat().st_mode) & ~FILE_MODE


def make_file(path: Path) -> None:
    """Make an empty file in an index folder for its owner alone, unless it is there.

    Raises:
        OSError: The system refused.
    """
    with suppress(FileExistsError):
        os.close(open_new(path))


def open_new(path: Path) -> int:
    """A descriptor to write a new file of an index, which is for its owner alone.

    Raises:
        FileExistsError: There is one; a symbolic link counts, so that none is followed.
        OSError: The system refused.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), FILE_MODE)
    _give_to_owner_of(path.parent, descriptor)
    return descriptor


def _give_to_owner_of(folder: Path, made: Path | int) -> None:
    """Give what root makes to the user for whom root acts, who could not read it else."""
    if os.name != "nt" and os.geteuid() == 0:
        owner = folder.stat()
        if owner.st_uid and owner.st_uid in _trusted():
            os.chown(made, owner.st_uid, owner.st_gid)


def _trusted() -> Collection[int]:
    """The numbers of the users whose index folders may be used."""
    own = os.getuid()
    if own:
        return own, 0
    caller = os.environ.get("SUDO_UID", "")  # noqa: TID251 - tells for whom root acts; no setting
    return (0, int(caller)) if caller.isascii() and caller.isdigit() else (0,)


def _named(user: int) -> str:
    """A user's name and number: ``user mallory (1002)``."""
    with suppress(ImportError, KeyError):
        import pwd  # POSIX alone has it

        return f"user {pwd.getpwuid(user).pw_name} ({user})"
    return f"user {user}"
