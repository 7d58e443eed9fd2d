"""A small cache in memory that drops the least recently used entries, and old ones."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class RecentlyUsed(Generic[K, V]):
    """A cache of at most ``size`` entries, none older than ``seconds``. Thread-safe."""

    def __init__(
        self, size: int, *, seconds: float = float("inf"), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._size = size
        self._seconds = seconds
        self._clock = clock
        self._entries: OrderedDict[K, tuple[V, float]] = OrderedDict()
        self._lock = threading.Lock()
        self.found = 0
        """How many calls of :meth:`get` found a value."""

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: K) -> V | None:
        """The value, now the most recently used one; None if the key is unknown or the value too old."""
        with self._lock:
            value, made = self._entries.get(key, (None, 0.0))
            if value is None:
                return None
            if self._clock() - made >= self._seconds:
                del self._entries[key]
                return None
            self._entries.move_to_end(key)
            self.found += 1
            return value

    def put(self, key: K, value: V) -> None:
        """Keep a value; drop the least recently used ones while there are too many or they are too old."""
        with self._lock:
            now = self._clock()
            self._entries[key] = value, now
            self._entries.move_to_end(key)
            while self._entries and self._is_over(now):
                self._entries.popitem(last=False)

    def _is_over(self, now: float) -> bool:
        _, made = next(iter(self._entries.values()))
        return len(self._entries) > self._size or now - made >= self._seconds

    def clear(self) -> None:
        """Drop all entries."""
        with self._lock:
            self._entries.clear()
