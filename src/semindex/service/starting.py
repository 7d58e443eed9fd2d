"""Starts the daemon as a process of its own, and stops it."""

from __future__ import annotations

import _socket  # noqa: TID251 - a Unix socket
import contextlib
import os
import signal
import sys
import time

from semindex import config
from semindex.errors import ServiceError
from semindex.service import wire

WAIT_SECONDS = 30.0
"""How long a daemon may take to listen, or to leave, on a machine that is busy."""
_KILL_SECONDS = 10.0
"""After which one that does not leave is killed."""
_STEP_SECONDS = 0.01


def can_run() -> bool:
    """Whether this system has what a daemon needs: processes that fork."""
    return hasattr(os, "fork")


def require_system() -> None:
    """Raise where no daemon can run.

    Raises:
        ServiceError: On Windows.
    """
    if not can_run():
        raise ServiceError(
            "the daemon needs a system whose processes can fork, which Windows has not; "
            "every command works without it"
        )


def make_folder(place: wire.Folder) -> None:
    """Make the daemon's folder, if need be.

    Raises:
        ServiceError: It cannot be made, or others could enter it.
    """
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(place, 0o700)  # noqa: PTH102
        problem = wire.distrust(place)
    except OSError as error:
        problem = f"cannot be used ({(error.strerror or str(error)).lower()})"
    if problem:
        raise ServiceError(
            f"the daemon's folder {place} {problem}; set XDG_RUNTIME_DIR to a folder that only you can enter"
        )


def running() -> int | None:
    """The number of the process of this user's daemon, if one runs."""
    import fcntl  # Windows has none

    place = wire.folder(config.variables())
    try:
        if wire.distrust(place):
            return None
        with open(place.lock, encoding="ascii") as lock:  # noqa: PTH123
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(lock.read() or 0) or None
    except (OSError, ValueError):
        pass
    return None


def listens() -> bool:
    """Whether a daemon takes clients."""
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        connection.connect(wire.folder(config.variables()).socket)
    except OSError:
        return False
    finally:
        connection.close()
    return True


def start() -> None:
    """Start the daemon beside this process, which does not wait for it; nothing happens if one runs."""
    if running() is not None:
        return
    import subprocess  # noqa: TID251 - starts semindex itself

    command = [sys.executable, "-P", "-m", "semindex", "daemon", "run", "--quiet"]
    with contextlib.suppress(OSError):
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={**config.variables()},
            start_new_session=True,
        )
        process.returncode = 0  # nobody waits for it, which Python would warn of


def wait_until_it_listens() -> int:
    """The number of the daemon's process, which was just started.

    Raises:
        ServiceError: It does not listen in time.
    """
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        process = running()
        if process is not None and listens():
            return process
        time.sleep(_STEP_SECONDS)
    log = wire.folder(config.variables()).log
    raise ServiceError(
        f"the daemon was started and does not listen; `semindex daemon run` shows why, and {log} what it did"
    )


def stop() -> int | None:
    """Have the daemon leave, and wait until it has; gives the number of its process, None if none ran.

    Commands that it runs go on to their end.

    Raises:
        ServiceError: It cannot be ended.
    """
    process = running()
    if process is None:
        return None
    began = time.monotonic()
    number = signal.SIGTERM
    while running() == process:
        waited = time.monotonic() - began
        if waited > WAIT_SECONDS:
            raise ServiceError(f"the daemon, process {process}, does not end; end it yourself")
        if waited > _KILL_SECONDS:
            number = signal.SIGKILL
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, number)
        time.sleep(_STEP_SECONDS)
    return process
