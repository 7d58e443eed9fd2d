"""Pooling: makes one vector for a text of the vectors of its tokens."""

from __future__ import annotations

from enum import Enum

import numpy as np
import numpy.typing as npt

from semindex.types import Ids

Outputs = npt.NDArray[np.float32]
"""What a network computes: token states, vectors of texts or scores; float32."""


class Pooling(Enum):
    """Ways to pool; the values are those of sentence-transformers' ``1_Pooling/config.json``."""

    MEAN = "mean"
    CLS = "cls"
    """The first token's vector, which stands for the text in models of BERT's kind."""
    LAST = "lasttoken"
    """The last token's vector, which alone has seen all others in models that read forward."""
    MAX = "max"
    WEIGHTED_MEAN = "weightedmean"
    """The mean in which the first token has weight 1, the second 2, and so on."""
    MEAN_ROOT = "mean_sqrt_len_tokens"
    """The sum divided by the root of the number of tokens; the same direction as the mean."""


def pooled(states: Outputs, mask: Ids, pooling: Pooling) -> Outputs:
    """The vectors of some texts, shape ``(n, dim)``; masked tokens do not count.

    Args:
        states: Shape ``(n, length, dim)``: the vectors of the tokens.
        mask: Shape ``(n, length)``: 1 for tokens of the text, 0 for padding, which stands behind them.
        pooling: How to pool; for ``MEAN_ROOT`` the mean is computed, as vectors are made unit vectors anyway.
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
