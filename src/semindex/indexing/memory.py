"""How much memory this process has taken, and how a budget is shared among the processes of a build."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import psutil
from msgspec import Struct

WRITER_BYTES = 250_000_000
"""What the process that commits and merges needs, its share of a walk of 100,000 files included."""
WORKER_BYTES = 160_000_000
"""What a worker needs besides its batch: Python, numpy, grammars, and the words it has met."""
BATCH_FACTOR = 25
"""Memory a worker needs for a byte of its batch: text, trees, terms, and what sorting them takes."""
PARCEL_FACTOR = 4
"""Memory the coordinator of a cluster needs for a byte of a batch on its way: the files, those files pickled,
what the connection holds, and the segment that comes back."""
MERGED_BYTES = 256_000_000
"""Segments that a worker of a cluster is sent at once, at most."""
BATCH_BYTES = 8_000_000
"""Source of one segment: a worker that is killed loses this much work at the most."""
SMALL_BATCH_BYTES = 2_000_000
"""Smaller ones cost more than fewer workers do."""

_STATUS = Path("/proc/self/status")
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)


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


def peak_bytes_of_ended() -> int:
    """The highest peak of the processes that this one started and that have ended; 0 on Windows."""
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)


def peak_bytes_of(process: int) -> int:
    """Peak resident memory of another process; what it has now where no peak is kept, 0 when it is gone."""
    status = Path(f"/proc/{process}/status")
    try:
        found = _PEAK.search(status.read_text())
        return 1024 * int(found[1]) if found else 0
    except FileNotFoundError:
        pass
    try:
        return int(psutil.Process(process).memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


class Shares(Struct, frozen=True):
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


class Freight(Struct, frozen=True):
    """How a memory budget is used where other machines do the work."""

    batch_bytes: int
    """Source analysed for one segment."""
    in_flight: int
    """Batches on their way at once, beside one merge."""
    merge_bytes: int
    """Segments joined to one, at most."""
    merges_in_flight: int
    """Merges on their way at once, when there are no batches any more."""


def freight(budget_bytes: int) -> Freight:
    """Batches get smaller before they are fewer than four; the least there is may pass the budget."""
    room = max(0, budget_bytes - WRITER_BYTES) // PARCEL_FACTOR
    merge = min(MERGED_BYTES, room // 4)
    batch = min(BATCH_BYTES, max(SMALL_BATCH_BYTES, room // 4))
    return Freight(batch, max(2, (room - merge) // batch), merge, max(1, room // max(1, merge)))
