"""A small cache in memory, of bounded bytes, that drops the least recently used entries, and old ones."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


ENTRY_BYTES = 400
"""What an entry takes besides its key and value, and they besides what their sizes tell."""


class RecentlyUsed(Generic[K, V]):
    """A cache of bounded size, with no entry that is older than ``seconds``. Thread-safe."""

    def __init__(
        self,
        size: int,
        *,
        most_bytes: int,
        size_of: Callable[[K, V], int],
        seconds: float = float("inf"),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin empty.

        Args:
            size: The most entries.
            most_bytes: The most bytes of all entries; a larger entry is not kept.
            size_of: About how many bytes a key and its value take; the cache adds ``ENTRY_BYTES``.
            seconds: How long an entry is known.
            clock: Tells the time.
        """
        self._size = size
        self._most_bytes = most_bytes
        self._size_of = size_of
        self._seconds = seconds
        self._clock = clock
        self._entries: OrderedDict[K, tuple[V, float, int]] = OrderedDict()
        self._lock = threading.Lock()
        self.nbytes = 0
        """About what all entries take."""
        self.found = 0
        """How many calls of :meth:`get` found a value."""

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: K) -> V | None:
        """The value, now the most recently used one; None if the key is unknown or the value too old."""
        with self._lock:
            value, made, _ = self._entries.get(key, (None, 0.0, 0))
            if value is None:
                return None
            if self._clock() - made >= self._seconds:
                self._drop(key)
                return None
            self._entries.move_to_end(key)
            self.found += 1
            return value

    def put(self, key: K, value: V) -> None:
        """Keep a value; drop the least recently used ones while there is too much or they are too old."""
        nbytes = ENTRY_BYTES + self._size_of(key, value)
        with self._lock:
            if key in self._entries:
                self._drop(key)
            if nbytes > self._most_bytes:
                return
            now = self._clock()
            self._entries[key] = value, now, nbytes
            self.nbytes += nbytes
            while self._entries and self._is_over(now):
                self._drop(next(iter(self._entries)))

    def _drop(self, key: K) -> None:
        self.nbytes -= self._entries.pop(key)[2]

    def _is_over(self, now: float) -> bool:
        _, made, _ = next(iter(self._entries.values()))
        too_much = len(self._entries) > self._size or self.nbytes > self._most_bytes
        return too_much or now - made >= self._seconds

    def clear(self) -> None:
        """Drop all entries."""
        with self._lock:
            self._entries.clear()
            self.nbytes = 0
