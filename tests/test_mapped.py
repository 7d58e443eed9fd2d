"""A mapped index costs no memory: one larger than what the process may have is opened and asked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import semindex
from semindex.config import Settings
from tests.corpus import STANDARD_LIBRARY

pytestmark = pytest.mark.slow

_ASK = """
import re, resource, sys
from pathlib import Path
import semindex
from semindex.config import Settings

def ask(threshold_mb):
    settings = Settings(memory_mapping_threshold_mb=threshold_mb)
    with semindex.open(sys.argv[1], index_dir=sys.argv[2], settings=settings) as index:
        hits = [hit for query in sys.argv[4:] for hit in index.search(query)]
        return [(hit.path, hit.start_line, hit.points) for hit in hits]

if sys.argv[3] != "whole, without a limit":
    # What is loaded and allocated once for any index is paid for by a small one.
    with semindex.open(sys.argv[1] + "/json", index_dir=sys.argv[2] + "-small") as small:
        small.refresh()
        [small.search(query) for query in sys.argv[4:]]
    used = int(re.search(r"VmData:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024
    resource.setrlimit(resource.RLIMIT_DATA, (used + ALLOWED, resource.RLIM_INFINITY))
print(ask(0 if sys.argv[3] == "mapped" else 1_000_000))
"""
_QUERIES = (
    "how is a mail message parsed",
    "TemporaryDirectory",
    "event loop that runs until a future is done",
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, int]:
    """A tree, its index, and the bytes of that."""
    folder = tmp_path_factory.mktemp("mapped")
    left_out = shutil.ignore_patterns("__pycache__", "site-packages", "*.so", "config-*", "data")
    shutil.copytree(STANDARD_LIBRARY, folder / "tree", ignore=left_out)
    with semindex.open(folder / "tree", index_dir=folder / "index", settings=Settings()) as index:
        index.refresh()
    size = sum(path.stat().st_size for path in (folder / "index" / "segments").iterdir())
    return folder / "tree", folder / "index", size


def ask(place: tuple[Path, Path, int], how: str, limit: int) -> subprocess.CompletedProcess[str]:
    tree, index_dir, _ = place
    code = _ASK.replace("ALLOWED", str(limit))
    return subprocess.run(
        [sys.executable, "-c", code, str(tree), str(index_dir), how, *_QUERIES],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "MALLOC_ARENA_MAX": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_DATA holds on Linux only")
def test_an_index_larger_than_the_memory_limit_is_opened_and_asked(place: tuple[Path, Path, int]) -> None:
    limit = place[2] * 3 // 4
    free = ask(place, "whole, without a limit", limit)
    assert free.returncode == 0, free.stderr
    mapped = ask(place, "mapped", limit)
    assert mapped.returncode == 0, mapped.stderr
    assert mapped.stdout == free.stdout
    assert "TemporaryDirectory" not in mapped.stdout and "tempfile.py" in mapped.stdout
    # The limit is one: what reads the same index whole does not fit.
    whole = ask(place, "whole", limit)
    assert whole.returncode != 0 and "MemoryError" in whole.stderr


def test_status_tells_whether_it_is_mapped(place: tuple[Path, Path, int]) -> None:
    tree, index_dir, _ = place
    for threshold_mb, mapped in ((0, True), (1_000, False)):
        settings = Settings(memory_mapping_threshold_mb=threshold_mb)
        with semindex.open(tree, index_dir=index_dir, settings=settings) as index:
            assert index.status().mapped is mapped
