"""Ends a command that runs until it is told to stop."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def ended_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Have ^C and a request to terminate call ``stop``, but no signal that whoever started us ignores."""

    def told(*_: Any) -> None:
        stop()

    wanted = [
        each for each in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(each) is not signal.SIG_IGN
    ]
    before = {each: signal.signal(each, told) for each in wanted}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
