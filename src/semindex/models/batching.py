"""How many texts a model is given at once, in how many batches: by memory, device, model and length.

:func:`most_rows` and :func:`batch_end` are pure; :class:`BatchRunner` remembers what ran out of memory.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from typing import TypeVar

from semindex.errors import ModelError

T = TypeVar("T")


class Device(Enum):
    """Where a model runs."""

    PROCESSOR = "processor"
    GPU = "gpu"


WORK_TOKENS = {Device.PROCESSOR: 512, Device.GPU: 16_384}
"""Tokens of a batch that keep a device busy. Measured on two cores with MiniLM: of 8 to 1,024 tokens a batch,
256 to 512 take the least time a token at every length; above, intermediate results leave the cache (11 %
slower at 2,048, 25 % at 4,096 of long texts). That of a GPU is the usual one, and was not measured."""
START_TOKENS = {Device.PROCESSOR: 16, Device.GPU: 512}
"""Beginning another batch costs as much as so many tokens: texts join one when their padding costs less.
Measured as above (1.8 ms a batch, 0.135 ms a token); a GPU has more to wait for, which was not measured."""
ASSUMED_GPU_BYTES = 2_000_000_000
"""onnxruntime does not tell a GPU's free memory; where this is too much, it runs out and less is used."""
PATIENCE = 8
"""Batches that have to fit before a larger one is tried; twice as many each time that it was too much."""
MOST_PATIENCE = 512


class OutOfMemory(Exception):  # noqa: N818 - it says what happened
    """A device had no room for a batch; raised by what runs one, answered here."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """Bytes that a model takes to run, besides its weights."""

    token_bytes: int
    """For each token."""
    pair_bytes: int
    """For each pair of tokens of one text, which attention compares."""

    @classmethod
    def of(cls, *, hidden: int, inner: int, heads: int) -> Footprint:
        """A layer's widest moment in float32: six rows of ``hidden``, two of ``inner``, all scores twice.

        What MiniLM's process grew by, for 8 to 32 texts of 64 to 500 tokens, was 0.7 to 1.1 times this.

        Args:
            hidden: Numbers of a token's state.
            inner: Numbers between the two products of a layer.
            heads: Of attention.
        """
        return cls(4 * (6 * hidden + 2 * inner), 4 * 2 * heads)

    def batch_bytes(self, rows: int, tokens: int) -> int:
        """What a batch of ``rows`` texts takes, each padded to ``tokens``."""
        return rows * tokens * (self.token_bytes + self.pair_bytes * tokens)


def most_rows(tokens: int, *, free_bytes: int, device: Device, footprint: Footprint) -> int:
    """How many texts of that length to run at once: as many as pay and fit; 1 where not even one fits.

    Args:
        tokens: Of the longest, at least 1.
        free_bytes: Memory that the batch may take.
        device: Where it runs.
        footprint: Of the model.
    """
    paying = WORK_TOKENS[device] // tokens
    fitting = free_bytes // footprint.batch_bytes(1, tokens)
    return max(1, min(paying, fitting))


def batch_end(lengths: Sequence[int], start: int, *, rows: int, start_tokens: int) -> int:
    """Where the batch ends that begins at ``start``: no two batches of its texts would cost less.

    Args:
        lengths: In tokens, the longest first.
        start: Of the batch's first text, which is its longest.
        rows: Most texts in it.
        start_tokens: What beginning a batch costs.
    """
    stop = min(start + rows, len(lengths))
    drops: list[int] = []
    for place in range(start + 1, stop):
        if lengths[place] < lengths[place - 1]:
            drops.append(place)
        saved = [((lengths[start] - lengths[drop]) * (place + 1 - drop), drop) for drop in drops]
        most, drop = max(saved, default=(0, stop))
        if most > start_tokens:
            return drop
    return stop


@dataclass(frozen=True, slots=True)
class BatchCounts:
    """What was run so far."""

    batches: int = 0
    texts: int = 0
    tokens: int = 0
    padding: int = 0
    """Tokens that only fill up shorter texts."""
    refused: int = 0
    """Batches that memory did not do for; they were run again in parts."""

    @property
    def padded_share(self) -> float:
        """Padding among all tokens that were run, 0 to 1."""
        return self.padding / max(1, self.tokens + self.padding)


class BatchRunner:
    """Runs texts in batches of nearly one length; threads may share it."""

    def __init__(
        self,
        footprint: Footprint,
        *,
        device: Device = Device.PROCESSOR,
        free_bytes: Callable[[], int],
        rows: int = 0,
        streams: int = 1,
    ) -> None:
        """Prepare.

        Args:
            footprint: Of the model.
            device: Where it runs.
            free_bytes: Measures what a batch may take; asked before each.
            rows: Texts of every batch, the setting ``BATCH_SIZE``; 0 chooses. Fewer are run only when
                memory has run out.
            streams: See :attr:`streams`.
        """
        self.streams = streams
        """Batches that are run at once, by a thread each, while memory has not run out."""
        self._footprint = footprint
        self._device = device
        self._free_bytes = free_bytes
        self._rows = rows
        self._lock = threading.Lock()
        self._ceiling: int | None = None
        self._patience = PATIENCE
        self._good = 0
        self._grown = False
        self.counted = BatchCounts()

    def run(
        self, lengths: Sequence[int], run_batch: Callable[[Sequence[int], bool], T]
    ) -> Iterator[tuple[Sequence[int], T]]:
        """Each batch's places in ``lengths`` and what ``run_batch`` made of them; the longest texts first.

        So a batch that is too large is met at once, and memory is not asked for in growing pieces.

        Args:
            lengths: Of the texts, in tokens.
            run_batch: Runs the texts at some places, told whether it is one of several batches for as many
                threads; raises :class:`OutOfMemory`.

        Raises:
            ModelError: Memory does not do for a single text.
        """
        if self._rows:
            # Else first asked when memory has run out, when what measures it could not be loaded.
            self._free_bytes()
        order = sorted(range(len(lengths)), key=lambda place: (-lengths[place], place))
        descending = [lengths[place] for place in order]
        waiting = [(0, len(order))] if order else []
        under_way: deque[tuple[int, int, bool, Callable[[], T]]] = deque()
        with ExitStack() as leaving:
            pool: ThreadPoolExecutor | None = None
            while waiting or under_way:
                streams = self._at_once()
                if waiting and len(under_way) < (2 * streams if streams > 1 else 1):
                    start, last = waiting.pop()
                    stop = min(last, self._end(descending, start, streams))
                    if stop < last:
                        waiting.append((stop, last))
                    one_of_several = self.streams > 1 and stop - start < len(order)
                    made: Callable[[], T] = partial(run_batch, order[start:stop], one_of_several)
                    pooled = one_of_several and streams > 1
                    if pooled:
                        pool = pool or self._pool(leaving)
                        made = pool.submit(made).result
                    under_way.append((start, stop, pooled, made))
                    continue
                start, stop, pooled, made = under_way.popleft()
                try:
                    found = made()
                except OutOfMemory as error:
                    self._refused(stop - start, descending[start], error, alone=not pooled)
                    waiting.append((start, stop))
                    continue
                self._fitted(descending[start:stop])
                yield order[start:stop], found

    def _pool(self, leaving: ExitStack) -> ThreadPoolExecutor:
        pool = ThreadPoolExecutor(self.streams, thread_name_prefix="semindex-batch")
        leaving.callback(pool.shutdown, cancel_futures=True)
        return pool

    def _at_once(self) -> int:
        """One after another, once memory has run out and until it is known to do again."""
        with self._lock:
            return self.streams if self._ceiling is None else 1

    def _end(self, descending: Sequence[int], start: int, streams: int) -> int:
        tokens = max(1, descending[start])
        with self._lock:
            ceiling = self._ceiling
        if self._rows:
            fitting = self._rows
            if ceiling is not None:
                fitting = min(fitting, ceiling // self._footprint.batch_bytes(1, tokens))
            return min(start + max(1, fitting), len(descending))
        free = self._free_bytes() // streams
        free = free if ceiling is None else min(free, ceiling)
        rows = most_rows(tokens, free_bytes=free, device=self._device, footprint=self._footprint)
        return batch_end(descending, start, rows=rows, start_tokens=START_TOKENS[self._device])

    def _refused(self, rows: int, tokens: int, error: OutOfMemory, *, alone: bool) -> None:
        """Remember what was too much; the next batch takes half of it."""
        if rows == 1 and alone:
            raise ModelError(
                f"the {self._device.value} has no memory left for one text of {tokens:,} tokens ({error}); "
                "end other programs, or choose a smaller model"
            ) from error
        with self._lock:
            half = self._footprint.batch_bytes(rows, tokens) // 2
            self._ceiling = half if self._ceiling is None else min(self._ceiling, half)
            if self._grown:
                self._patience = min(2 * self._patience, MOST_PATIENCE)
            self._good, self._grown = 0, False
            self.counted = replace(self.counted, refused=self.counted.refused + 1)

    def _fitted(self, run: Sequence[int]) -> None:
        """Count a batch; after enough of them let the next be twice as large, until nothing bounds them."""
        with self._lock:
            done, tokens = self.counted, sum(run)
            self.counted = replace(
                done,
                batches=done.batches + 1,
                texts=done.texts + len(run),
                tokens=done.tokens + tokens,
                padding=done.padding + len(run) * run[0] - tokens,
            )
            if self._ceiling is None:
                return
            self._good += 1
            if self._good >= self._patience:
                self._ceiling, self._good, self._grown = 2 * self._ceiling, 0, True
                if self._ceiling >= self._free_bytes():
                    self._ceiling = None


def measured_bytes(most_bytes: int | None, device: Device = Device.PROCESSOR) -> int:
    """Memory that a batch may take now: half of what is free, within what this process may hold in all.

    Args:
        most_bytes: The latter (``MAX_MEMORY_MB``); None without a bound.
        device: Whose memory.
    """
    if device is Device.GPU:
        return ASSUMED_GPU_BYTES
    import psutil

    free = int(psutil.virtual_memory().available)
    if most_bytes is not None:
        free = min(free, most_bytes - int(psutil.Process().memory_info().rss))
    return max(0, free // 2)
