"""How much work something takes, whatever else the machine does meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil


@contextmanager
def little_work(seconds: float = 20.0) -> Iterator[None]:
    """Fail when the block takes this thread more processor time: a last net under what could take hours."""
    begun = time.thread_time()
    yield
    assert time.thread_time() - begun < seconds


@contextmanager
def little_reading(most_bytes: int) -> Iterator[None]:
    """Fail when this process reads more bytes from files in the block; nothing where no system tells."""
    counters = getattr(psutil.Process(), "io_counters", None)
    before = counters().read_chars if counters else 0
    yield
    assert counters is None or counters().read_chars - before <= most_bytes
