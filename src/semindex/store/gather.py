"""Postings of many terms in many lists, decoded together.

A query asks for dozens of short lists. Decoding each takes a dozen calls on arrays of a few numbers, so
their bytes are laid one after the other and decoded in one go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from semindex.store.codec import Rows, Tallies, decoded
from semindex.store.postings import Keys, Postings
from semindex.types import TermHashes


@dataclass(frozen=True, slots=True)
class Gathered:
    """The postings of some terms in one list: parallel arrays, by term and row."""

    numbers: Rows
    """Position of each posting's term among the terms asked for."""
    rows: Rows
    counts: Tallies


EMPTY = Gathered(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint8))


def gather(lists: Sequence[Postings], terms: TermHashes) -> list[Gathered]:
    """What each list holds of some terms, which may repeat; their order is kept.

    Raises:
        IndexCorrupt: A list is damaged.
    """
    keys = Keys(terms)
    found = [postings.encoded(keys) for postings in lists]
    held = [each for each in found if each is not None]
    if not held:
        return [EMPTY] * len(lists)
    joined = np.concatenate([piece for each in held for piece in each.pieces])
    all_ = decoded(joined, np.cumsum(np.concatenate([each.nbytes for each in held])))
    lengths = [0 if each is None else len(each.numbers) for each in found]
    ends, good = np.cumsum(all_.sizes), all_.good
    if good.all():
        good = all_.rows[ends - 1] < np.repeat([postings.rows for postings in lists], lengths)
    shares = list(accumulate(lengths, initial=0))
    if not good.all():
        raise lists[int(np.searchsorted(shares, np.argmin(good), side="right")) - 1].damaged()
    owners = np.repeat(np.concatenate([each.numbers for each in held]), all_.sizes)
    cuts = np.concatenate(([0], ends))[shares].tolist()
    return [
        Gathered(owners[begin:end], all_.rows[begin:end], all_.counts[begin:end])
        for begin, end in pairwise(cuts)
    ]
