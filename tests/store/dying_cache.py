"""A process that fills a vector cache until it is killed."""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

import numpy as np

from semindex.store.vectorcache import VectorCache
from semindex.types import Kept

WIDTH = 64


def digest(number: int) -> bytes:
    return number.to_bytes(16, "big")


def kept(number: int) -> Kept:
    return Kept(np.full(WIDTH, number, np.float32), number, number + 1)


if __name__ == "__main__":
    cache = VectorCache(Path(sys.argv[1]), most_bytes=int(sys.argv[2]))
    for number in count(int(sys.argv[3])):
        cache.put("model", {digest(number): kept(number)})
        cache.get("model", [digest(number)], width=WIDTH)
        print(number, flush=True)
