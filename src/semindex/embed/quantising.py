"""Rounds vectors of any embedder to the whole numbers that a segment stores."""

from __future__ import annotations

import numpy as np

from semindex.types import Int8Vectors, Vectors


def quantise(vectors: Vectors) -> Int8Vectors:
    """Unit or zero rows times 127, rounded half to even, in the same shape.

    The scale is fixed, so that a row's bytes depend on the row alone.
    """
    scaled = np.multiply(vectors, np.float32(127))
    return np.rint(scaled, out=scaled).astype(np.int8)
