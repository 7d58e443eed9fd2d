"""What every embedder's vectors go through."""

from __future__ import annotations

import hashlib
import struct

import numpy as np

from semindex.types import Int8Vectors, Vectors


def quantise(vectors: Vectors) -> Int8Vectors:
    """Unit rows (or zero rows) times 127, rounded half to even; the same shape.

    The scale is fixed, so a row's bytes depend on nothing but the row.
    """
    scaled = np.multiply(vectors, np.float32(127))
    return np.rint(scaled, out=scaled).astype(np.int8)


def text_digest(query: str | None, text: str) -> bytes:
    """Names what a model was given: a text, or a query and a text.

    Cryptographic, as a cache serves all of a user's repositories: nobody can write a text that takes
    another's place.
    """
    parts = [part.encode("utf-8", "surrogatepass") for part in (*(() if query is None else (query,)), text)]
    head = struct.pack("<B", len(parts)) + b"".join(struct.pack("<Q", len(part)) for part in parts)
    return hashlib.blake2b(head + b"".join(parts), digest_size=16).digest()
