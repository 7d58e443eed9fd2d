"""The vectors of a text's tokens to one."""

from __future__ import annotations

from enum import Enum

import numpy as np
import numpy.typing as npt

from semindex.types import Ids

Outputs = npt.NDArray[np.float32]
"""What a network computes: token states, vectors of texts or scores; float32."""


class Pooling(Enum):
    """How; the values are the names that sentence-transformers gives in ``1_Pooling/config.json``."""

    MEAN = "mean"
    CLS = "cls"
    """The first token's, which stands for the text in models of BERT's kind."""
    LAST = "lasttoken"
    """The last token's, which alone has seen all others in models that read forward."""
    MAX = "max"
    WEIGHTED_MEAN = "weightedmean"
    """Each token as heavy as its place, from 1."""
    MEAN_ROOT = "mean_sqrt_len_tokens"
    """The sum over the root of the length: of unit length it is the mean."""


def pooled(states: Outputs, mask: Ids, pooling: Pooling) -> Outputs:
    """Token vectors ``(n, length, dim)`` to ``(n, dim)``; masked tokens do not count.

    Args:
        states: Of the tokens.
        mask: Shape ``(n, length)``: 1 for tokens of the text, 0 for padding, which stands behind them.
        pooling: How.
    """
    if pooling is Pooling.CLS:
        return states[:, 0]
    if pooling is Pooling.LAST:
        last: Outputs = states[np.arange(len(states)), np.maximum(mask.sum(axis=1) - 1, 0)]
        return last
    if pooling is Pooling.MAX:
        highest: Outputs = np.where(mask[:, :, None] > 0, states, np.float32(-np.inf)).max(axis=1)
        return highest
    weights = mask.astype(np.float32)
    if pooling is Pooling.WEIGHTED_MEAN:
        weights *= np.arange(1, mask.shape[1] + 1, dtype=np.float32)
    total: Outputs = np.matmul(weights[:, None, :], states)[:, 0]
    mean: Outputs = total / np.maximum(weights.sum(axis=1, keepdims=True), np.float32(1))
    return mean
