"""Progress bars on standard error, when that is a terminal and the work takes long enough to be seen."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from semindex.types import Progress, ProgressCallback

DELAY_SECONDS = 0.3
"""Work that takes less shows no bar; half a second is when people wonder whether anything happens."""
STEP_SECONDS = 0.05
"""Updates closer together than this are dropped."""

_TEXT_COLUMNS, _BAR_COLUMNS, _LEAST_BAR_COLUMNS = 60, 40, 8
"""What the words and numbers of a bar take, and how long the bar is in what is left, or it is left out."""
_FIRST = "starting"
_WORDS = {
    "wait": "waiting for another process that writes the index",
    "walk": "looking for files",
    "share": "comparing with other indexes",
    "index": "indexing",
    "merge": "merging",
    "verify": "verifying",
}


@contextmanager
def drawn(*, quiet: bool = False, delay: float | None = None) -> Iterator[ProgressCallback | None]:
    """A callback that draws each step, or None when standard error is no terminal.

    The bar appears when the delay is over, and moves from then on, whether or not the work has said anything.
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    delay = DELAY_SECONDS if delay is None else delay
    drawing = Drawing()
    later = threading.Timer(delay, drawing.open)
    later.daemon = True
    if delay > 0:
        later.start()
    else:
        drawing.open()
    try:
        yield drawing
    finally:
        later.cancel()
        drawing.close()


class Drawing:
    """Draws one bar for the stage of the work, from when it is opened; any thread may open it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next = 0.0
        self._step: Progress | None = None
        self._stage = ""
        self._bars: Bars | None = None
        self._task: TaskID | None = None
        self._lock = threading.Lock()
        self._is_closed = False
        self.done = 0
        """How much the bar shows as done, in files or bytes."""

    def __call__(self, step: Progress) -> None:
        """Draw a step of the work, unless one was drawn just now."""
        with self._lock:
            now = self._clock()
            is_new = self._step is None or step.stage != self._step.stage
            self._step = step
            if now < self._next and not is_new and step.done != step.total:
                return
            self._next = now + STEP_SECONDS
            self._draw()

    def open(self) -> None:
        """Show the bar."""
        with self._lock:
            if self._bars is None and not self._is_closed:
                self._bars = _bars()
                self._task = self._bars.add_task(_FIRST, total=None, unit="")
                self._draw()
                self._bars.start()

    def close(self) -> None:
        """Take the bar away for good."""
        with self._lock:
            self._is_closed = True
            if self._bars is not None:
                self._bars.stop()
                self._bars = None

    def _draw(self) -> None:
        """Show the latest step; a new stage has a new bar, as its rate is its own."""
        step = self._step
        if self._bars is None or self._task is None or step is None:
            return
        if step.stage != self._stage:
            self._bars.remove_task(self._task)
            self._stage = step.stage
            words = _WORDS.get(step.stage, step.stage)
            self._task = self._bars.add_task(words, total=step.total, completed=step.done, unit=step.unit)
        self.done = step.done
        self._bars.update(self._task, completed=step.done, total=step.total)


def _bars() -> Bars:
    from rich.console import Console
    from rich.progress import BarColumn, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress
    from rich.progress import Task as RichTask
    from rich.table import Column
    from rich.text import Text

    def line() -> Column:
        """A column of one line, whose end is left out where the terminal is narrow."""
        return Column(no_wrap=True, overflow="ellipsis")

    class Rate(ProgressColumn):
        """Shows how much is done, and how much a second."""

        def render(self, task: RichTask) -> Text:
            unit = str(task.fields["unit"])
            if not unit:
                return Text()
            return Text(f"{amounts(task.completed, task.total, unit)}{rate(task.speed, unit)}")

    console = Console(stderr=True, markup=False, highlight=False)
    free = min(console.width - _TEXT_COLUMNS, _BAR_COLUMNS)
    bar = [BarColumn(bar_width=free, table_column=line())] if free >= _LEAST_BAR_COLUMNS else []
    return RichProgress(
        TextColumn("{task.description}", markup=False, table_column=line()),
        *bar,
        Rate(table_column=line()),
        TimeRemainingColumn(compact=True, table_column=line()),
        console=console,
        transient=True,
        expand=False,
    )


def amounts(done: float, total: float | None, unit: str) -> str:
    """``12 of 300 files``, ``1.2 of 30.0 MB``."""
    if unit == "bytes":
        of = "" if total is None else f" of {total / 1e6:.1f}"
        return f"{done / 1e6:.1f}{of} MB"
    of = "" if total is None else f" of {total:,.0f}"
    return f"{done:,.0f}{of} {unit}"


def rate(speed: float | None, unit: str) -> str:
    """``, 812 files/s``, ``, 3.1 MB/s``; nothing before it is known, nor of seconds that are waited."""
    if not speed or unit == "seconds":
        return ""
    return f", {speed / 1e6:.1f} MB/s" if unit == "bytes" else f", {speed:,.0f} {unit}/s"
