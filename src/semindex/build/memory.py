"""How much memory this process has taken, and how a budget is shared among the processes of a build."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

WRITER_BYTES = 250_000_000
"""What the process that commits and merges needs, its share of a walk of 100,000 files included."""
WORKER_BYTES = 160_000_000
"""What a worker needs besides its batch: Python, numpy, grammars, and the words it has met."""
BATCH_FACTOR = 25
"""Memory a worker needs for a byte of its batch: text, trees, terms, and what sorting them takes."""
BATCH_BYTES = 8_000_000
"""Source of one segment: a worker that is killed loses this much work at the most."""
SMALL_BATCH_BYTES = 2_000_000
"""Smaller ones cost more than fewer workers do."""

_STATUS = Path("/proc/self/status")
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)


def resident_bytes() -> int:
    """Resident memory of this process now."""
    return int(psutil.Process().memory_info().rss)


def peak_bytes() -> int:
    """Peak resident memory of this process so far."""
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    # On Linux ru_maxrss begins with what the process had that started this one.
    found = _PEAK.search(_STATUS.read_text()) if sys.platform == "linux" and _STATUS.exists() else None
    if found is not None:
        return 1024 * int(found[1])
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)


@dataclass(frozen=True, slots=True)
class Shares:
    """How a memory budget is used."""

    workers: int
    """Processes that analyse; 1 is the writer itself."""
    batch_bytes: int
    """Source analysed for one segment."""
    worker_rest_bytes: int
    """What a worker may hold between batches."""


def shares(budget_bytes: int, workers: int, *, embedder_bytes: int = 0) -> Shares:
    """Batches get smaller first, then there are fewer workers; the least there is may pass the budget.

    The constants were measured over folders of the Linux kernel: workers took 210 MB at 2 MB, 350 at 8.
    """
    room = max(0, budget_bytes - WRITER_BYTES)
    worker = WORKER_BYTES + embedder_bytes
    fitting = room // (worker + BATCH_FACTOR * SMALL_BATCH_BYTES)
    workers = max(1, min(workers, fitting))
    each = room // workers
    batch = (each - worker) // BATCH_FACTOR
    batch = min(BATCH_BYTES, max(SMALL_BATCH_BYTES, batch))
    return Shares(workers, batch, max(worker, each - BATCH_FACTOR * batch))
