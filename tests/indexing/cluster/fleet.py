"""A scheduler and workers as a user starts them: programs, which tests kill, stop and start again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import psutil

from semindex.indexing.cluster.connection import SchedulerClient
from tests.patience import still_runs

ROOT = Path(__file__).parents[3]
OTHER_VERSION = "import semindex.version; semindex.version.__version__ = '0.0.1'\n"
"""Loaded into a worker first, makes it one of another version."""


class Fleet:
    """A context manager; every process that is left at its end is killed."""

    def __init__(self, folder: Path, *, environment: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self.environment = {**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})}
        """Of every process; dask's own configuration may stand there."""
        self._started: list[subprocess.Popen[bytes]] = []
        self._file = folder / "scheduler.json"
        self.scheduler = self._begin_scheduler(0)
        self.address = self._told()
        self.port = int(self.address.rpartition(":")[2])

    def __enter__(self) -> Fleet:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._started:
            for each in tree(process):
                with suppress(psutil.NoSuchProcess):
                    each.kill()
            process.wait()

    def worker(self, *options: str, preload: str = "") -> subprocess.Popen[bytes]:
        """Begin one; it joins in its own time."""
        if preload:
            file = self._folder / f"preload{len(self._started)}.py"
            file.write_text(preload)
            options = (*options, "--preload", str(file))
        return self._begin(
            "dask_worker",
            self.address,
            "--nthreads=1",
            "--memory-limit=0",
            *self._listening(),
            f"--local-directory={self._folder}",
            *options,
        )

    def members(self) -> list[str]:
        """Addresses of the workers that have joined."""
        connection = SchedulerClient(self.address)
        try:
            return list(connection.members())
        finally:
            connection.close()

    def restart_scheduler(self) -> None:
        """Another one at the same address, which knows nothing."""
        self._file.unlink()
        self.scheduler = self._begin_scheduler(self.port)
        assert self._told() == self.address

    def _begin_scheduler(self, port: int) -> subprocess.Popen[bytes]:
        return self._begin(
            "dask_scheduler",
            *self._listening(),
            f"--port={port}",
            f"--scheduler-file={self._file}",
        )

    def _listening(self) -> list[str]:
        secured = "DASK_DISTRIBUTED__COMM__TLS__CA_FILE" in self.environment
        host = "tls://127.0.0.1" if secured else "127.0.0.1"
        return [f"--host={host}", "--no-dashboard", "--dashboard-address=127.0.0.1:0"]

    def _begin(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self._folder / "log.txt").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{program}", *arguments],
                env=self.environment,
                cwd=self._folder,
                stderr=log,
                start_new_session=True,
            )
        self._started.append(process)
        return process

    def _told(self) -> str:
        while True:
            assert still_runs(self.scheduler), (self._folder / "log.txt").read_text()
            with suppress(FileNotFoundError, json.JSONDecodeError):
                address: str = json.loads(self._file.read_text())["address"]
                return address


def tree(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """A process and all below it."""
    try:
        root = psutil.Process(process.pid)
        return [*root.children(recursive=True), root]
    except psutil.NoSuchProcess:
        return []


def send(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """To a process and all below it."""
    for each in tree(process):
        with suppress(psutil.NoSuchProcess):
            each.send_signal(number)
