"""Command lines as processes that need not import anything: one process has imported all, and forks for each.

A start of the command line takes 0.3 s, most of it for imports; ``ForkServer.run`` takes 0.03 s.
Each command is a process of its own nonetheless, with its own arguments, environment, folder and streams.
A test that is about the start itself starts Python anew.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path


class ForkServer:
    """The process that forks; it ends with the one that made it.

    Args:
        environment: What Python is started with; a command has its own, which sets nothing else for Python.
        cwd: A folder from where the modules of the tests can be imported.
    """

    def __init__(self, environment: Mapping[str, str], cwd: Path) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.forkserver", str(theirs.fileno())],
                cwd=cwd,
                env={**environment, "OPENBLAS_NUM_THREADS": "1"},  # a process of one thread can fork
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        atexit.register(self.close)

    def run(
        self, module: str, words: Sequence[str], *, cwd: Path, environment: Mapping[str, str], seconds: float
    ) -> tuple[int, bytes, bytes]:
        """Exit code, output and messages of ``python -m module WORD...`` without input.

        Raises:
            TimeoutError: It is not done after so long, and has been killed.
        """
        request = json.dumps([module, words, str(cwd), dict(environment)]).encode()
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            self._socket.settimeout(seconds)
            head = len(request).to_bytes(8, "big")
            socket.send_fds(self._socket, [head], [out.fileno(), err.fileno()])
            self._socket.sendall(request)
            try:
                answer = self._socket.recv(64)
            except TimeoutError:
                self.close()
                raise
            assert answer, "the process that forks has ended; its message is on standard error"
            code: int = json.loads(answer)
            out.seek(0)
            err.seek(0)
            return code, out.read(), err.read()

    def close(self) -> None:
        """End the server, and the command that it runs."""
        self._socket.close()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def serve(connection: socket.socket) -> tuple[str, list[str]]:
    """Fork for each request; in the process that is to do it, and there only, return its module and words."""
    while True:
        head, streams, _, _ = socket.recv_fds(connection, 8, 2)
        if not head:
            os._exit(0)
        request = connection.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL)
        child = os.fork()
        if not child:
            break
        for stream in streams:
            os.close(stream)
        connection.sendall(json.dumps(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())
    connection.close()
    for number, stream in enumerate(streams, 1):
        os.dup2(stream, number)
        os.close(stream)
    module, words, cwd, environment = json.loads(request)
    os.chdir(cwd)
    sys.path[0] = os.getcwd()
    os.environ.clear()
    os.environ.update(environment)
    return module, words


def import_all() -> None:
    """All of the package, and what the other program of the tests needs."""
    import semindex
    import tests.patience  # noqa: F401

    for found in pkgutil.walk_packages(semindex.__path__, "semindex."):
        if not found.name.endswith("__main__"):
            import_module(found.name)


if __name__ == "__main__":
    import_all()
    gc.freeze()
    program, arguments = serve(socket.socket(fileno=int(sys.argv[1])))
    sys.argv[1:] = arguments
    runpy.run_module(program, run_name="__main__", alter_sys=True)
