"""The command line as a process of its own, on a fake index: ``python -m tests.present.drive WORD...``.

``FAKE_TEXT`` and ``FAKE_PATH`` of the environment are the hit's text and path, ``FAKE_HITS`` how many.
With ``FAKE_STEPS`` a build reports that many steps, with ``FAKE_WAIT`` it waits for a signal; its progress is
shown after ``FAKE_DELAY`` seconds, without it at once.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from semindex.present.cli import main, progress
from semindex.types import BuildReport, Progress, ProgressCallback

from .records import HIT, FakeIndex, FakeModule


class WaitingIndex(FakeIndex):
    """Says when it builds, and waits to be interrupted."""

    def refresh(self, *, progress: ProgressCallback | None = None, **options: Any) -> BuildReport:
        if "FAKE_WAIT" in os.environ:
            print("BUILDING", file=sys.stderr, flush=True)
            while True:  # one long wait might begin just after the interrupt, and would never end
                time.sleep(0.05)
        return super().refresh(progress=progress, **options)


class DrivenModule(FakeModule):
    """Indexes as the environment describes them."""

    def open(self, root: Path, *, index_dir: Path, settings: Any) -> FakeIndex:
        steps = int(os.environ.get("FAKE_STEPS", "0"))
        hit = replace(
            HIT,
            path=told("FAKE_PATH", HIT.path),
            text=told("FAKE_TEXT", HIT.text or ""),
            repository=str(root),
        )
        return WaitingIndex(
            root,
            index_dir,
            hits=(hit,) * int(os.environ.get("FAKE_HITS", "1")),
            steps=[Progress("index", step, steps, "files") for step in range(steps + 1)],
        )


def told(name: str, default: str) -> str:
    """A variable, as UTF-8 whatever the locale."""
    return os.fsencode(os.environ[name]).decode("utf-8") if name in os.environ else default


if __name__ == "__main__":
    progress.DELAY_SECONDS = float(os.environ.get("FAKE_DELAY", "-1"))
    progress.STEP_SECONDS = -1
    sys.modules["semindex.index"] = DrivenModule()
    sys.exit(main())
