"""Keeps ^C waiting while something is done that may not be left half done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def held_interrupts() -> Iterator[None]:
    """Have ^C take effect at the end, as when a process is started of which nobody would know otherwise."""
    handler = signal.getsignal(signal.SIGINT)
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or not callable(handler):  # other threads are not interrupted
        yield
        return
    came: list[Any] = []

    def hold(*told: Any) -> None:
        came.append(told)

    signal.signal(signal.SIGINT, hold)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if came:
            handler(*came[0])
