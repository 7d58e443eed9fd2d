"""What the oracles have in common: where their programs are, and how these are run."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct


class OracleError(Exception):
    """An oracle's program is missing or failed."""


class Options(Struct, frozen=True):
    """What a user may say about an oracle."""

    tool: Path | None = None
    """The oracle's program, if it is not on the path."""
    environment: Path | None = None
    """Python: the virtual environment that has the packages which the repository imports."""
    index: Path | None = None
    """Python: a SCIP index that was made before."""
    flags: tuple[str, ...] = ()
    """Arguments of the compiler, as ``-Isrc`` for C."""

    def program(self, name: str) -> str:
        """Return the path of an oracle's program.

        Raises:
            OracleError: It is neither given nor on the path.
        """
        found = str(self.tool.resolve()) if self.tool else shutil.which(name)
        if not found:
            raise OracleError(
                f"{name} is not on the path. benchmarks/graph/README.md tells how to install it; "
                "--tool names the program."
            )
        return found


def run(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str] | None = None,
    *,
    given: str | None = None,
) -> str:
    """Run a program in ``folder``, with ``given`` as its input, and return its output.

    Raises:
        OracleError: It ended with another exit code than 0; the message ends with what it printed.
    """
    done = subprocess.run(
        command, cwd=folder, env=environment, input=given, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = "\n".join((done.stderr or done.stdout).splitlines()[-8:])
        raise OracleError(f"{command[0]} failed with exit code {done.returncode}:\n{said}")
    return done.stdout
