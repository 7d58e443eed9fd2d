"""Run the command line as a user does: in a pipe, or on a terminal of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

PROJECT = Path(__file__).parents[2]
REAL = ("-m", "semindex")
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
    """What it printed into pipes, and its exit code."""
    with start(words, cwd, extra, program) as process:
        out, err = process.communicate(timeout=60)
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
    seen = bytearray()
    with process:
        while piece := _read(parent):
            seen += piece
            if typed and after in seen:
                os.write(parent, typed)
                typed = b""
    os.close(parent)
    return process.returncode, seen.decode("utf-8").replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:
        # Linux's way of saying that the other end is closed.
        return b""
