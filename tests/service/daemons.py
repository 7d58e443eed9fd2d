"""A daemon of a test's own, and commands with and without it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from tests.present.processes import environment, on_terminal

TIMES = re.compile(rb"\d[\d.,]* (?:ms|s|min|minutes?)\b")
"""What differs from one run to the next."""


class Service:
    """A runtime folder in which a daemon may run; a context manager that leaves none behind."""

    def __init__(self) -> None:
        # A socket's path may be no longer than a hundred bytes, which a test's own folder often is.
        self.runtime = Path(tempfile.mkdtemp(prefix="si"))
        self.folder = self.runtime / "semindex"
        self.variables = {"XDG_RUNTIME_DIR": str(self.runtime), "SEMINDEX_DAEMON": "on"}
        """``on`` waits for the daemon however busy the machine is."""

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *_: object) -> None:
        # One that a command has just started may have written nothing yet.
        for each in psutil.process_iter():
            with suppress(psutil.Error):
                if each.environ().get("XDG_RUNTIME_DIR") == str(self.runtime):
                    each.kill()
        shutil.rmtree(self.runtime, ignore_errors=True)

    def started(self) -> Service:
        """With a daemon that listens."""
        done = self.run("daemon", "start")
        assert done.returncode == 0, done.stderr
        return self

    def process(self) -> psutil.Process | None:
        """The daemon's."""
        try:
            found = psutil.Process(int((self.folder / "daemon.lock").read_text()))
            return found if found.is_running() and found.status() != psutil.STATUS_ZOMBIE else None
        except (OSError, ValueError, psutil.NoSuchProcess):
            return None

    def begun(
        self, *words: str, cwd: Path | None = None, more: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """A running command, its streams in pipes."""
        return subprocess.Popen(
            [sys.executable, "-m", "semindex", *words],
            cwd=cwd or self.runtime,
            env=environment({**self.variables, **(more or {})}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(
        self, *words: str, cwd: Path | None = None, more: Mapping[str, str] | None = None, given: bytes = b""
    ) -> subprocess.CompletedProcess[bytes]:
        """What a command printed, and its exit code."""
        with self.begun(*words, cwd=cwd, more=more) as process:
            out, err = process.communicate(given)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def on_terminal(self, *words: str, cwd: Path, more: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Exit code, and all that a terminal shows."""
        return on_terminal(words, cwd, {**self.variables, **(more or {})})

    def state(self) -> dict[str, Any]:
        """What ``daemon status`` tells."""
        return dict(json.loads(self.run("daemon", "status", "--json").stdout))

    def log(self) -> str:
        """What the daemon has written to its log."""
        log = self.folder / "daemon.log"
        return log.read_text() if log.exists() else ""


def without_times(text: bytes) -> bytes:
    """A text with every time replaced."""
    return TIMES.sub(b"TIME", text)


def wait_until(holds: Callable[[], Any]) -> Any:
    """What a condition gives when it holds, waited for as long as it takes."""
    while not (found := holds()):
        time.sleep(0.01)
    return found


def gone(process: psutil.Process) -> bool:
    """Whether a process has ended."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def session_of(service: Service, client: subprocess.Popen[bytes]) -> psutil.Process | None:
    """The process in which the daemon runs a client's command, if it does yet: it has its standard input."""
    process = service.process()
    given = _standard_input(client.pid)
    for each in process.children() if process is not None else []:
        if given and _standard_input(each.pid) == given:
            return each
    return None


def _standard_input(process: int) -> str:
    with suppress(OSError):
        return os.readlink(f"/proc/{process}/fd/0")
    return ""
