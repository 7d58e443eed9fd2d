"""A cache of the texts of files, valid while size, times and inode of each file are unchanged."""

import os
import threading
import time
from collections import OrderedDict
from pathlib import Path

from semindex.source.read import RACY_NS, leads_inside, verified

MOST_BYTES = 32_000_000

Signature = tuple[int, int, int, int]
"""Time of modification and of change in nanoseconds, size in bytes, inode."""


class KeptTexts:
    """Up to ``most_bytes`` of verified texts; the least recently used are dropped first. Thread-safe."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._texts: OrderedDict[tuple[str, bytes], tuple[bytes, Signature]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self.found = 0
        """How many reads were answered from the cache."""

    def read(self, root: Path | str, path: str, digest: bytes, folders: set[str]) -> bytes | None:
        """What :func:`semindex.source.read.read_verified` gives; a file whose text is cached is not opened.

        ``folders`` is the set of folders already found not to be links; this call adds to it.
        """
        place = f"{root}/{path}"
        key = place, digest
        known = self._texts.get(key)
        if known is not None:
            text, signature = known
            try:
                unchanged = _signature(os.lstat(place)) == signature
            except (OSError, ValueError):
                unchanged = False
            if unchanged and leads_inside(root, path, folders):
                with self._lock:
                    if key in self._texts:
                        self._texts.move_to_end(key)
                    self.found += 1
                return text
            self._forget(key)
        began = time.time_ns()
        fresh = verified(root, path, digest, folders)
        if fresh is None:
            return None
        text, status = fresh
        # A file changed less than two seconds ago may change again without its times showing it.
        if began - max(status.st_mtime_ns, status.st_ctime_ns) > RACY_NS:
            self._keep(key, text, _signature(status))
        return text

    def clear(self) -> None:
        """Drop all texts."""
        with self._lock:
            self._texts.clear()
            self._bytes = 0

    def _keep(self, key: tuple[str, bytes], text: bytes, signature: Signature) -> None:
        if 8 * len(text) > self._most_bytes:
            return
        self._forget(key)
        with self._lock:
            self._texts[key] = text, signature
            self._bytes += len(text)
            while self._bytes > self._most_bytes:
                _, (oldest, _) = self._texts.popitem(last=False)
                self._bytes -= len(oldest)

    def _forget(self, key: tuple[str, bytes]) -> None:
        with self._lock:
            text, _ = self._texts.pop(key, (b"", None))
            self._bytes -= len(text)


def _signature(status: os.stat_result) -> Signature:
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino
