"""Objects such as loaded models, of which the process has one for all that use it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Shared(Generic[K, V]):
    """One object for each key, kept as long as anything else refers to it. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._gates: dict[K, threading.Lock] = {}
        self._held: WeakValueDictionary[K, V] = WeakValueDictionary()

    def get(self, key: K, make: Callable[[], V]) -> V:
        """The object of the key; without one it is made, and other threads that ask for it wait meanwhile."""
        with self._lock:
            gate = self._gates.setdefault(key, threading.Lock())
        with gate:
            found = self._held.get(key)
            if found is None:
                self._held[key] = found = make()
            return found
