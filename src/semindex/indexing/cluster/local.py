"""Starts a dask cluster on this machine: one process with a scheduler and nannies, and the workers of these.

The process is a program of its own, so that scripts need no guard and the coordinator's memory is measured by
itself. Everything listens on 127.0.0.1 only. The process ends with its workers when its standard input ends,
at the latest when the process that started it has ended.
"""

from __future__ import annotations

import asyncio
import os
import subprocess  # noqa: TID251 - starts a process of this interpreter
import sys
import tempfile
from contextlib import AsyncExitStack, suppress
from typing import Any

from semindex.errors import UsageError, WorkerError
from semindex.indexing.executors.local import module_path
from semindex.indexing.memory import peak_bytes_of

_BOOT = (
    "import sys; workers = int(sys.argv[1]); sys.path[:] = sys.argv[2:]; "
    "from semindex.indexing.cluster.local import main; main(workers)"
)
_HOST = "127.0.0.1"
_END_SECONDS = 20.0


class LocalCluster:
    """A context manager that starts a cluster of some workers, and ends it."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._peak_bytes = 0
        self.address = ""

    def __enter__(self) -> LocalCluster:
        try:
            import distributed  # noqa: F401, TID251 - fails here if it is missing, not in the other process
        except ImportError as error:
            from semindex.indexing.cluster.connection import EXTRA

            raise UsageError(f"{EXTRA} ({error})") from error
        # In a session of its own the cluster gets no Ctrl-C; this process ends it.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _BOOT, str(self._workers), *module_path()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().decode().strip()
        if not self.address:
            self.__exit__()
            raise WorkerError(
                f"no cluster can be started here (its process ended with {self._process.returncode})"
            )
        return self

    def __exit__(self, *_: object) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            with suppress(OSError):
                stream.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def peak_bytes(self) -> int:
        """The peak memory of the process with the scheduler and the nannies."""
        self._peak_bytes = max(self._peak_bytes, peak_bytes_of(self._process.pid))
        return self._peak_bytes


def main(workers: int) -> None:
    """Run the scheduler and ``workers`` workers until the input ends."""
    # The workers read these when they import dask.
    environment = os.environ  # noqa: TID251 - nothing else configures dask before it is imported
    environment["DASK_LOGGING__DISTRIBUTED"] = "critical"
    environment["DASK_DISTRIBUTED__SCHEDULER__HTTP__ROUTES"] = "[]"
    environment["DASK_DISTRIBUTED__WORKER__HTTP__ROUTES"] = "[]"
    outgoing = os.dup(1)
    os.dup2(2, 1)
    with tempfile.TemporaryDirectory(prefix="semindex-cluster-") as folder:
        asyncio.run(_serve(workers, folder, outgoing))


async def _serve(workers: int, folder: str, outgoing: int) -> None:
    from distributed import Nanny, Scheduler  # noqa: TID251 - a cluster inside this machine

    quiet: dict[str, Any] = {"host": _HOST, "dashboard": False, "dashboard_address": f"{_HOST}:0"}
    async with AsyncExitStack() as stack:
        scheduler = await stack.enter_async_context(Scheduler(port=0, protocol="tcp", **quiet))
        nannies = [
            Nanny(scheduler.address, nthreads=1, memory_limit=0, local_directory=folder, name=str(n), **quiet)
            for n in range(workers)
        ]
        await asyncio.gather(*(stack.enter_async_context(nanny) for nanny in nannies))
        os.write(outgoing, f"{scheduler.address}\n".encode())
        os.close(outgoing)
        await asyncio.to_thread(sys.stdin.buffer.read)
