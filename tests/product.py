"""The product as a user meets it: small trees, and the real command line as a process."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[1]
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

    def limited() -> None:
        import resource

        if file_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, resource.RLIM_INFINITY))
        if bound:
            drop_file_powers()

    done = subprocess.run(
        [sys.executable, *program, *words],
        cwd=cwd,
        env={**environment(), **(variables or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        preexec_fn=limited if bound or file_bytes is not None else None,
    )
    ran = Ran(done.returncode, os.fsdecode(done.stdout), os.fsdecode(done.stderr))
    assert "Traceback" not in ran.out + ran.err, ran.err
    assert ran.code in (0, 1, 2), ran.err
    return ran


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
