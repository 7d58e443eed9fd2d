"""Splits texts into batches for a model, by their lengths, the device and the memory that is free.

Shorter texts of a batch are padded to its longest, which costs time and memory. Example: three texts of 100,
90 and 10 tokens on a processor, where beginning a batch costs as much as 16 tokens. At most 512 // 100 = 5
texts of 100 tokens make a batch. Padding the second costs 10 tokens, less than a batch of its own; padding
the third costs 90, more. So there are two batches: the first two texts, and the third. With MiniLM (hidden
384, inner 1536, 12 heads) the first takes 2 * 100 * (21504 + 96 * 100) bytes, 6.2 MB, besides the weights.

:func:`most_rows` and :func:`batch_end` are pure; :class:`BatchRunner` also learns from batches that ran out
of memory.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from enum import Enum
from functools import partial
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from semindex.errors import ModelError
from semindex.process.memory import resident_bytes

T = TypeVar("T")


class Device(Enum):
    """Where a model runs."""

    PROCESSOR = "processor"
    GPU = "gpu"


WORK_TOKENS = {Device.PROCESSOR: 512, Device.GPU: 16_384}
"""Tokens of a batch that keep a device busy. Measured on two cores with MiniLM: batches of 256 to 512 tokens
take the least time a token for texts of every length; larger ones are slower (by 11 % at 2,048 tokens, by 25
% at 4,096), since intermediate results leave the cache. The figure of a GPU is the usual one, not
measured."""
START_TOKENS = {Device.PROCESSOR: 16, Device.GPU: 512}
"""What beginning a batch costs, in tokens. On a processor it was measured (1.8 ms a batch, 0.135 ms a token);
on a GPU it costs more, and was not measured."""
ASSUMED_GPU_BYTES = 2_000_000_000
"""A GPU's free memory, which onnxruntime does not tell. If less is free, a batch fails and smaller ones are
run."""
PATIENCE = 8
"""After memory has run out: batches that have to fit before larger ones are tried. Doubled whenever the
larger ones did not fit."""
MOST_PATIENCE = 512


class OutOfMemory(Exception):  # noqa: N818 - it says what happened
    """A device had no room for a batch; :class:`BatchRunner` then runs smaller ones."""


class Footprint(Struct, frozen=True):
    """Memory that running a model takes besides its weights."""

    token_bytes: int
    """Bytes for each token."""
    pair_bytes: int
    """Bytes for each pair of tokens of one text, which attention compares."""

    @classmethod
    def of(cls, *, hidden: int, inner: int, heads: int) -> Footprint:
        """Six rows of ``hidden`` and two of ``inner`` numbers for a token, two scores for a pair and head.

        That is what a layer holds at once in float32. For 8 to 32 texts of 64 to 500 tokens the process of
        MiniLM grew by 0.7 to 1.1 times as much.

        Args:
            hidden: Numbers of a token's state.
            inner: Numbers between the two products of a layer.
            heads: Number of attention heads.
        """
        return cls(4 * (6 * hidden + 2 * inner), 4 * 2 * heads)

    def batch_bytes(self, rows: int, tokens: int) -> int:
        """The memory of a batch of ``rows`` texts, each padded to ``tokens``."""
        return rows * tokens * (self.token_bytes + self.pair_bytes * tokens)


def most_rows(tokens: int, *, free_bytes: int, device: Device, footprint: Footprint) -> int:
    """How many texts to run at once: no more than keep the device busy, or fit into memory; at least 1.

    Args:
        tokens: Length of the longest text, at least 1.
        free_bytes: Memory that the batch may take.
        device: Where it runs.
        footprint: Memory that the model takes.
    """
    paying = WORK_TOKENS[device] // tokens
    fitting = free_bytes // footprint.batch_bytes(1, tokens)
    return max(1, min(paying, fitting))


def batch_end(lengths: Sequence[int], start: int, *, rows: int, start_tokens: int) -> int:
    """The position after the last text of the batch that begins at ``start``.

    The batch is as long as splitting it in two, anywhere, would save no more padding than a batch costs.

    Args:
        lengths: The lengths of all texts in tokens, the longest first.
        start: The position of the batch's first text, which is its longest.
        rows: Most texts of the batch.
        start_tokens: What beginning a batch costs, in tokens.
    """
    stop = min(start + rows, len(lengths))
    # drops: where a shorter length begins, which is where splitting can pay.
    drops: list[int] = []
    for place in range(start + 1, stop):
        if lengths[place] < lengths[place - 1]:
            drops.append(place)
        saved = [((lengths[start] - lengths[drop]) * (place + 1 - drop), drop) for drop in drops]
        most, drop = max(saved, default=(0, stop))
        if most > start_tokens:
            return drop
    return stop


class BatchCounts(Struct, frozen=True):
    """How much a :class:`BatchRunner` has run."""

    batches: int = 0
    texts: int = 0
    tokens: int = 0
    padding: int = 0
    """Tokens that only pad shorter texts."""
    refused: int = 0
    """Batches that ran out of memory, and were run again in smaller ones."""

    @property
    def padded_share(self) -> float:
        """Padding among all tokens that were run, 0 to 1."""
        return self.padding / max(1, self.tokens + self.padding)


class BatchRunner:
    """Runs texts in batches of similar lengths; threads may share it."""

    def __init__(
        self,
        footprint: Footprint,
        *,
        device: Device = Device.PROCESSOR,
        free_bytes: Callable[[], int],
        rows: int = 0,
        streams: int = 1,
    ) -> None:
        """Take the settings; nothing is measured or run yet.

        Args:
            footprint: Memory that the model takes.
            device: Where it runs.
            free_bytes: Measures the memory that all batches at once may take; called before each batch.
            rows: Texts of every batch, the setting ``BATCH_SIZE``; 0 chooses by length and memory. Fewer are
                run only after memory has run out.
            streams: Batches that are run at once, each by a thread of its own.
        """
        self.streams = streams
        self._footprint = footprint
        self._device = device
        self._free_bytes = free_bytes
        self._rows = rows
        self._lock = threading.Lock()
        # After memory has run out: the most bytes of a batch, and how many batches fitted since it was set.
        self._ceiling: int | None = None
        self._patience = PATIENCE
        self._good = 0
        self._grown = False
        self.counted = BatchCounts()

    def run(
        self, lengths: Sequence[int], run_batch: Callable[[Sequence[int], bool], T]
    ) -> Iterator[tuple[Sequence[int], T]]:
        """The positions in ``lengths`` of each batch's texts, and what ``run_batch`` gave for them.

        The longest texts come first, so that a batch that is too large fails at once.

        Args:
            lengths: The lengths of the texts in tokens.
            run_batch: Runs the texts at some positions; its second argument says whether several batches run
                at once, so that this one should use a single core. It raises :class:`OutOfMemory`.

        Raises:
            ModelError: A single text does not fit into memory.
        """
        if self._rows:
            # With a fixed number of rows memory is first measured when it has run out, which is too late to
            # import what measures it.
            self._free_bytes()
        order = sorted(range(len(lengths)), key=lambda place: (-lengths[place], place))
        descending = [lengths[place] for place in order]
        # waiting: ranges of descending that are still to be run; under_way: batches that were begun, oldest
        # first, each with the function that gives its result.
        waiting = [(0, len(order))] if order else []
        under_way: deque[tuple[int, int, bool, Callable[[], T]]] = deque()
        with ExitStack() as leaving:
            pool: ThreadPoolExecutor | None = None
            while waiting or under_way:
                streams = self._at_once()
                # Begin batches ahead of the results that are taken: twice as many as run at once.
                if waiting and len(under_way) < (2 * streams if streams > 1 else 1):
                    start, last = waiting.pop()
                    stop = min(last, self._end(descending, start, streams))
                    if stop < last:
                        waiting.append((stop, last))
                    one_of_several = self.streams > 1 and stop - start < len(order)
                    made: Callable[[], T] = partial(run_batch, order[start:stop], one_of_several)
                    in_pool = one_of_several and streams > 1
                    if in_pool:
                        pool = pool or self._pool(leaving)
                        made = pool.submit(made).result
                    under_way.append((start, stop, in_pool, made))
                    continue
                start, stop, in_pool, made = under_way.popleft()
                try:
                    found = made()
                except OutOfMemory as error:
                    self._refused(stop - start, descending[start], error, alone=not in_pool)
                    waiting.append((start, stop))
                    continue
                self._fitted(descending[start:stop])
                yield order[start:stop], found

    def _pool(self, leaving: ExitStack) -> ThreadPoolExecutor:
        """Threads for batches, ended when the stack is left."""
        pool = ThreadPoolExecutor(self.streams, thread_name_prefix="semindex-batch")
        leaving.callback(pool.shutdown, cancel_futures=True)
        return pool

    def _at_once(self) -> int:
        """How many batches to run at once: one while the memory of a batch is bounded."""
        with self._lock:
            return self.streams if self._ceiling is None else 1

    def _end(self, descending: Sequence[int], start: int, streams: int) -> int:
        """The position after the last text of the batch that begins at ``start``, as memory allows now."""
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
        """Bound the next batches to half the memory of one that did not fit.

        Raises:
            ModelError: It was one text, with no batch beside it (``alone``).
        """
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
        """Count a batch of texts of these lengths; after enough of them, double the bound or lift it."""
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
    """Memory that a batch may take now: half of what is free, or of what this process may still take.

    Args:
        most_bytes: What this process may hold in all (``MAX_MEMORY_MB``); None without a bound.
        device: Whose memory it is.
    """
    if device is Device.GPU:
        return ASSUMED_GPU_BYTES
    import psutil

    free = int(psutil.virtual_memory().available)
    if most_bytes is not None:
        free = min(free, most_bytes - resident_bytes())
    return max(0, free // 2)
