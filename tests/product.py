"""The product as a user meets it: small trees, and the real command line as a process."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.forkserver import ForkServer

PROJECT = Path(__file__).parents[1]
PATIENCE_SECONDS = 120
ALPHA = b'def load_cookie(name):\n    """Read the cookie of that name."""\n    return jar[name]\n'
BETA = b'class SessionStore:\n    """Keeps sessions by number."""\n\n    def save(self, one):\n        pass\n'


@dataclass(frozen=True)
class Ran:
    """What a process left."""

    code: int
    out: str
    err: str

    @property
    def object(self) -> dict[str, Any]:
        """The JSON that it printed."""
        return dict(json.loads(self.out))

    @property
    def paths(self) -> list[str]:
        return [hit["path"] for hit in self.object["hits"]]


def environment() -> dict[str, str]:
    """A small one of our own, so that nobody's settings change what is tested."""
    kept = {
        name: os.environ[name]
        for name in ("PATH", "TMPDIR", "SYSTEMROOT", "XDG_CACHE_HOME")
        if name in os.environ
    }
    return {
        **kept,
        "HOME": os.devnull,
        "PYTHONPATH": os.pathsep.join((str(PROJECT / "src"), str(PROJECT))),
        "PYTHONDONTWRITEBYTECODE": "1",
        "SEMINDEX_CONFIG": os.devnull,
        "SEMINDEX_DAEMON": "off",
        "LANG": "C.UTF-8",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }


def semindex_command(
    *words: str | bytes | Path,
    cwd: Path,
    file_bytes: int | None = None,
    bound: bool = False,
    variables: Mapping[str, str] | None = None,
    program: Sequence[str] = ("-m", "semindex"),
) -> Ran:
    """Run the command line; it never shows a traceback, and its exit code is a documented one.

    ``file_bytes`` limits the size of the files that it may write, as a full disk would; ``bound`` takes
    root's power to pass over the permissions of files; ``variables`` join the environment; ``program`` is
    what Python is told to run.
    """
    whole = {**environment(), **(variables or {})}
    if bound or file_bytes is not None:
        code, out, err = _started([*program, *words], cwd, whole, file_bytes, bound)
    else:
        code, out, err = run_module(program[1], words, cwd, whole)
    ran = Ran(code, os.fsdecode(out), os.fsdecode(err))
    assert "Traceback" not in ran.out + ran.err, ran.err
    assert ran.code in (0, 1, 2), ran.err
    return ran


def run_module(
    module: str, words: Sequence[str | bytes | Path], cwd: Path, variables: Mapping[str, str]
) -> tuple[int, bytes, bytes]:
    """Exit code, output and messages of ``python -m module WORD...``, which finds the package imported.

    Started anew where variables change what Python does at its start, and where no command is named: that is
    answered by what has imported nothing.
    """
    usual = environment()
    forks = bool(words) and hasattr(os, "fork")
    if forks and all(
        usual.get(name) == value
        for name, value in variables.items()
        if name.startswith(("PYTHON", "LANG", "LC_")) and name != "PYTHONDONTWRITEBYTECODE"
    ):
        texts = [os.fsdecode(word) for word in words]
        server = _fork_server()
        return server.run(module, texts, cwd=cwd, environment=variables, seconds=PATIENCE_SECONDS)
    return _started(["-m", module, *words], cwd, variables)


@cache
def _fork_server() -> ForkServer:
    return ForkServer(environment(), PROJECT)


def _started(
    words: Sequence[str | bytes | Path],
    cwd: Path,
    variables: Mapping[str, str],
    file_bytes: int | None = None,
    bound: bool = False,
) -> tuple[int, bytes, bytes]:
    """Exit code, output and messages of a Python that is started anew."""

    def limited() -> None:
        import resource

        if file_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, resource.RLIM_INFINITY))
        if bound:
            drop_file_powers()

    done = subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE_SECONDS,
        preexec_fn=limited if bound or file_bytes is not None else None,
    )
    return done.returncode, done.stdout, done.stderr


def drop_file_powers() -> None:
    """Make the program that this process becomes obey permissions, even as root. Linux."""
    if os.getuid() == 0:
        for capability in (1, 2, 3):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER
            if ctypes.CDLL(None).prctl(24, capability, 0, 0, 0) != 0:  # PR_CAPBSET_DROP
                raise PermissionError("cannot give up root's powers")


def plant(root: Path, files: Mapping[str | bytes, bytes]) -> Path:
    """Write files below a folder, making what is missing."""
    for name, content in files.items():
        path = Path(os.fsdecode(os.path.join(os.fsencode(root), os.fsencode(name))))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root
