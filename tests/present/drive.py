"""The command line as a process of its own, on a fake index: ``python -m tests.present.drive WORD...``.

``FAKE_TEXT`` and ``FAKE_PATH`` of the environment are the hit's text and path, ``FAKE_HITS`` how many.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace

from semindex.present.cli import main
from semindex.types import BuildReport, Progress, ProgressCallback

from .records import HIT, FakeIndex, FakeModule


class SlowIndex(FakeIndex):
    """Takes long enough to be watched."""

    def refresh(self, *, progress: ProgressCallback | None = None, force: bool = False) -> BuildReport:
        for done in range(0, 101, 5):
            if progress:
                progress(Progress("index", done, 100, "files"))
            time.sleep(0.04)
        print("BUILT", file=sys.stderr, flush=True)
        return super().refresh(force=force)


class SlowModule(FakeModule):
    """Makes slow indexes when ``FAKE_SLOW`` is set."""

    def open(self, root: object, *, index_dir: object, settings: object) -> FakeIndex:
        kind = SlowIndex if "FAKE_SLOW" in os.environ else FakeIndex
        text = os.environ.get("FAKE_TEXT", HIT.text)
        hit = replace(HIT, path=os.environ.get("FAKE_PATH", HIT.path), text=text, repository=str(root))
        count = int(os.environ.get("FAKE_HITS", "1"))
        return kind(root, index_dir, hits=(hit,) * count)  # type: ignore[arg-type]


if __name__ == "__main__":
    sys.modules["semindex.index"] = SlowModule()
    sys.exit(main())
