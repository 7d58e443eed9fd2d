"""Progress bars on standard error, when that is a terminal and the work takes long enough to be seen."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from semindex.types import Progress, ProgressCallback

DELAY_SECONDS = 0.3
"""Work that takes less shows no bar, so that it does not wait for the import of rich."""
STEP_SECONDS = 0.05
"""Updates closer together than this are dropped."""

_WORDS = {
    "wait": "waiting for another process that writes the index",
    "walk": "looking for files",
    "index": "indexing",
    "merge": "merging",
    "verify": "verifying",
}


@contextmanager
def drawn(*, quiet: bool = False, delay: float | None = None) -> Iterator[ProgressCallback | None]:
    """A callback that draws each step, or None when standard error is no terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    drawing = Drawing(DELAY_SECONDS if delay is None else delay)
    try:
        yield drawing
    finally:
        drawing.close()


class Drawing:
    """Draws one bar for each stage of the work; a finished stage's bar gives way to the next."""

    def __init__(self, delay: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begin = clock() + delay
        self._next = 0.0
        self._stage = ""
        self._bars: Bars | None = None
        self._task: TaskID | None = None
        self.done = 0
        """How much the bar shows as done, in files or bytes."""

    def __call__(self, step: Progress) -> None:
        """Draw a step of the work, unless one was drawn just now."""
        now, is_new = self._clock(), step.stage != self._stage
        is_soon = now < self._next and not is_new and step.done != step.total
        if now < self._begin or is_soon:
            return
        self._next = now + STEP_SECONDS
        if self._bars is None:
            self._bars = _bars()
            self._bars.start()
        if is_new or self._task is None:
            if self._task is not None:
                self._bars.remove_task(self._task)
            self._stage = step.stage
            words = _WORDS.get(step.stage, step.stage)
            self._task = self._bars.add_task(words, total=step.total, completed=step.done, unit=step.unit)
        self.done = step.done
        self._bars.update(self._task, completed=step.done, total=step.total)

    def close(self) -> None:
        """Take the bars away."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None


def _bars() -> Bars:
    from rich.console import Console
    from rich.progress import BarColumn, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress
    from rich.progress import Task as RichTask
    from rich.text import Text

    class Rate(ProgressColumn):
        """Shows how much is done, and how much a second."""

        def render(self, task: RichTask) -> Text:
            unit = str(task.fields["unit"])
            return Text(f"{amounts(task.completed, task.total, unit)}{rate(task.speed, unit)}")

    return RichProgress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        Rate(),
        TimeRemainingColumn(compact=True),
        console=Console(stderr=True, markup=False, highlight=False),
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
    """``, 812 files/s``, ``, 3.1 MB/s``; nothing before it is known."""
    if not speed:
        return ""
    return f", {speed / 1e6:.1f} MB/s" if unit == "bytes" else f", {speed:,.0f} {unit}/s"
