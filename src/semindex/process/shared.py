"""Loaded models that everybody in the process uses together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Shared(Generic[K, V]):
    """One object a key for as long as anybody holds it; it is let go with the last holder."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._gates: dict[K, threading.Lock] = {}
        self._held: WeakValueDictionary[K, V] = WeakValueDictionary()

    def get(self, key: K, make: Callable[[], V]) -> V:
        """The object of that key, made when nobody has it; other threads that ask for it wait meanwhile."""
        with self._lock:
            gate = self._gates.setdefault(key, threading.Lock())
        with gate:
            found = self._held.get(key)
            if found is None:
                self._held[key] = found = make()
            return found
