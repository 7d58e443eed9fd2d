"""As much time as it takes to look whether files have changed: in tests, and as a command line.

A search does not wait for a walk that takes longer than 150 ms, which it may take on a machine with other
work to do. Where a test is about what a search finds that has looked, it waits as long as it takes.
``python -m tests.patience search ...`` is the command line that waits so.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

PROGRAM = ("-m", "tests.patience")


@contextmanager
def patient() -> Iterator[None]:
    """Searches of this process wait for a walk however long it takes."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("freshness", "walktimes"):
            patch.setattr(f"semindex.indexing.{module}.WAIT_MS", 600_000)
        yield


def still_runs(process: subprocess.Popen[Any]) -> bool:
    """Whether a process that another waits for has not ended; it has the processor to itself meanwhile."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(0.02)
    return process.poll() is None


if __name__ == "__main__":
    from semindex.present.cli import main

    with patient():
        sys.exit(main())
