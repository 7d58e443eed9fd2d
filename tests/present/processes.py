"""Run the command line as a user does: in a pipe, or on a terminal of its own."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.product import run_module

PROJECT = Path(__file__).parents[2]
REAL = ("-m", "semindex")
PATIENCE_SECONDS = 300
FAKE = ("-m", "tests.present.drive")

Environment = Mapping[str, str]


def environment(extra: Environment | None = None) -> dict[str, str]:
    """A small one of our own, so that nobody's settings change what is tested."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "SYSTEMROOT") if name in os.environ}
    paths = os.pathsep.join((str(PROJECT / "src"), str(PROJECT)))
    return {
        **kept,
        "PYTHONPATH": paths,
        "SEMINDEX_CONFIG": os.devnull,
        "SEMINDEX_DAEMON": "off",
        "LANG": "C.UTF-8",
        "GIT_CONFIG_GLOBAL": os.devnull,
        **(extra or {}),
    }


def start(
    words: Sequence[str | bytes], cwd: Path, extra: Environment | None = None, program: Sequence[str] = REAL
) -> subprocess.Popen[bytes]:
    """The running process, its output in pipes."""
    return subprocess.Popen(
        [sys.executable, *program, *words],
        cwd=cwd,
        env=environment(extra),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def run(
    words: Sequence[str | bytes], cwd: Path, extra: Environment | None = None, program: Sequence[str] = REAL
) -> subprocess.CompletedProcess[bytes]:
    """What it printed, and its exit code."""
    if program[:1] == ("-m",):
        code, printed, told = run_module(program[1], words, cwd, environment(extra))
        return subprocess.CompletedProcess((*program, *words), code, printed, told)
    with start(words, cwd, extra, program) as process:
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def on_terminal(
    words: Sequence[str],
    cwd: Path,
    extra: Environment | None = None,
    program: Sequence[str] = REAL,
    *,
    typed: bytes = b"",
    after: bytes = b"",
) -> tuple[int, str]:
    """Exit code, and all that reached a terminal of 100 columns; ``typed`` is sent after ``after``."""
    parent, child = os.openpty()
    process = subprocess.Popen(
        [sys.executable, *program, *words],
        cwd=cwd,
        env=environment({"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40", **(extra or {})}),
        preexec_fn=lambda: os.login_tty(child),
        pass_fds=(child,),
    )
    os.close(child)
    with process:
        try:
            seen = _watched(parent, typed, after)
        except BaseException:
            process.kill()
            raise
        finally:
            os.close(parent)
    return process.returncode, seen.decode("utf-8").replace("\r\n", "\n")


def _watched(terminal: int, typed: bytes, after: bytes) -> bytes:
    """All that the terminal's process writes until it ends.

    ``typed`` is sent again when nothing comes of it: an interrupt that arrives just before Python waits
    for input is noticed only with the next one.
    """
    seen = bytearray()
    answered = False
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        ready = select.select([terminal], [], [], 2)[0]
        if not ready and answered:
            os.write(terminal, typed)
        elif ready:
            piece = _read(terminal)
            if not piece:
                return bytes(seen)
            seen += piece
            if typed and not answered and after in seen:
                os.write(terminal, typed)
                answered = True
    raise AssertionError(f"still running: {bytes(seen)!r}")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:
        # Linux's way of saying that the other end is closed.
        return b""
