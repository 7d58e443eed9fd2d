"""How much work something takes, whatever else the machine does meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
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


def linear_work(work: Callable[[int], object], what: str = "", size: int = 10_000) -> None:
    """Fail when work on a text of four times the size takes this thread far more than four times as long.

    A text that takes under a second counts as quickly read, whatever a shorter one takes: short times say
    little on a busy machine. One that takes a minute is too slow in any case.
    """
    large = _seconds(work, 4 * size)
    if large > 1:
        assert large < 60, what
        assert large < 10 * _seconds(work, size), what


def _seconds(work: Callable[[int], object], size: int) -> float:
    begun = time.thread_time()
    work(size)
    return time.thread_time() - begun
