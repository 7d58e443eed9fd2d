"""How a budget is shared, and that a build stays within it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semindex.indexing.memory import (
    BATCH_BYTES,
    BATCH_FACTOR,
    PARCEL_FACTOR,
    SMALL_BATCH_BYTES,
    WORKER_BYTES,
    WRITER_BYTES,
    Shares,
    freight,
    peak_bytes,
    peak_bytes_of,
    shares,
)
from semindex.process.memory import resident_bytes
from tests.corpus import STANDARD_LIBRARY, copy_package

LEAST_BYTES = WRITER_BYTES + WORKER_BYTES + BATCH_FACTOR * SMALL_BATCH_BYTES


def needed(share: Shares, embedder: int = 0) -> int:
    return WRITER_BYTES + share.workers * (WORKER_BYTES + embedder + BATCH_FACTOR * share.batch_bytes)


@given(st.integers(64_000_000, 10**12), st.integers(1, 300), st.integers(0, 2_000_000_000))
def test_what_is_shared_fits_unless_the_least_does_not(budget: int, workers: int, embedder: int) -> None:
    share = shares(budget, workers, embedder_bytes=embedder)
    assert 1 <= share.workers <= workers
    assert SMALL_BATCH_BYTES <= share.batch_bytes <= BATCH_BYTES
    assert needed(share, embedder) <= max(budget, LEAST_BYTES + embedder)
    assert share.worker_rest_bytes >= WORKER_BYTES + embedder


@given(st.integers(64_000_000, 10**12))
def test_what_is_on_its_way_to_other_machines_fits_unless_the_least_does_not(budget: int) -> None:
    load = freight(budget)
    assert SMALL_BATCH_BYTES <= load.batch_bytes <= BATCH_BYTES
    assert load.in_flight >= 2
    least = WRITER_BYTES + 2 * PARCEL_FACTOR * SMALL_BATCH_BYTES
    assert WRITER_BYTES + load.in_flight * PARCEL_FACTOR * load.batch_bytes <= max(budget, least)


def test_the_peak_of_another_process_is_its_own(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "b = b'x' * 90_000_000; del b; print(flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert 90_000_000 < peak_bytes_of(process.pid) < 200_000_000
        process.kill()
    assert peak_bytes_of(process.pid) == 0


@given(st.integers(64_000_000, 10**11), st.integers(0, 10**10), st.integers(1, 100))
def test_more_memory_is_never_fewer_workers(budget: int, more: int, workers: int) -> None:
    assert shares(budget + more, workers).workers >= shares(budget, workers).workers


def test_the_default_budget_lets_two_cores_do_all_they_can() -> None:
    assert shares(4_096_000_000, 2) == Shares(
        2, BATCH_BYTES, (4_096_000_000 - WRITER_BYTES) // 2 - 200_000_000
    )
    assert shares(1_024_000_000, 2).workers == 2


def test_the_peak_is_the_highest_there_was() -> None:
    block = np.ones(resident_bytes() + 50_000_000, dtype=np.uint8)
    size, high = block.nbytes, peak_bytes()
    assert high >= size
    del block
    assert resident_bytes() < high - 40_000_000
    assert peak_bytes() > high - 2_000_000  # the system counts a little late


PEAK = """
import json, sys
import semindex
from semindex.config import Settings
settings = Settings(max_workers=2, max_memory_mb=int(sys.argv[3]))
report = semindex.open(sys.argv[1], index_dir=sys.argv[2], settings=settings).refresh()
print(json.dumps([report.peak_bytes, report.processes, report.warnings, report.files]))
"""


def built(tree: Path, index_dir: Path, budget_mb: int) -> tuple[int, int, list[str], int]:
    """What the report says, and the highest sum of resident memory that was seen from outside."""
    process = subprocess.Popen(
        [sys.executable, "-c", PEAK, str(tree), str(index_dir), str(budget_mb)], stdout=subprocess.PIPE
    )
    watched = psutil.Process(process.pid)
    seen = 0
    while process.poll() is None:
        try:
            family = [watched, *watched.children()]
            seen = max(seen, sum(member.memory_info().rss for member in family))
        except psutil.NoSuchProcess:
            continue
    assert process.stdout is not None
    with process.stdout as output:
        peak, processes, warnings, _ = json.loads(output.read())
    assert process.returncode == 0
    return peak, processes, warnings, seen


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="shared pages are counted otherwise")
def test_a_build_stays_within_its_budget_and_tells_what_it_took(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for name in ("asyncio", "email", "json", "unittest", "multiprocessing", "xml", "idlelib", "distutils"):
        if (STANDARD_LIBRARY / name).is_dir():
            for number in range(4):
                copy_package(name, tree / str(number))
    peak, processes, warnings, seen = built(tree, tmp_path / "index", 700)
    assert processes == 3
    assert seen <= peak <= 700_000_000
    assert warnings == []


def test_less_than_is_possible_is_said(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a.py").write_text("def load():\n    return 1\n")
    peak, processes, warnings, _ = built(tmp_path / "tree", tmp_path / "index", 64)
    if peak > 64_000_000:
        assert len(warnings) == 1
        assert "more than the 64 MB of MAX_MEMORY_MB" in warnings[0]
    else:
        assert warnings == []
    assert processes == 1
