"""Postings of many terms in many lists, decoded together.

A query asks for dozens of short lists. Decoding each takes a dozen calls on arrays of a few numbers, so
their bytes are laid one after the other and decoded in one go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
import numpy.typing as npt

from semindex.store.postings import Encoded, Postings, Rows, Tallies, unvarint
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
    found = [postings.encoded(terms) for postings in lists]
    held = [each for each in found if each is not None]
    if not held:
        return [EMPTY] * len(lists)
    sizes = np.concatenate([each.sizes for each in held])
    ends = np.cumsum(sizes)
    rows, good = _decoded(held, sizes, ends)
    lengths = [0 if each is None else len(each.numbers) for each in found]
    good &= rows[ends - 1] < np.repeat([postings.rows for postings in lists], lengths)
    shares = list(accumulate(lengths, initial=0))
    if not good.all():
        raise lists[int(np.searchsorted(shares, np.argmin(good), side="right")) - 1].damaged()
    owners = np.repeat(np.concatenate([each.numbers for each in held]), sizes)
    tallies = np.concatenate([tally for each in held for tally in each.counts])
    cuts = np.concatenate(([0], ends))[shares].tolist()
    return [Gathered(owners[begin:end], rows[begin:end], tallies[begin:end]) for begin, end in pairwise(cuts)]


def _decoded(held: Sequence[Encoded], sizes: Rows, ends: Rows) -> tuple[Rows, npt.NDArray[np.bool_]]:
    """The rows of all lists, and whether the bytes of each hold as many numbers as it has postings.

    ``sizes`` are how many they should hold, and ``ends`` their running sum.
    """
    joined = np.concatenate([piece for each in held for piece in each.ids])
    stops = np.cumsum(np.concatenate([each.nbytes for each in held]))
    (last,) = (joined < 0x80).nonzero()
    if len(last) != ends[-1] or (last[ends - 1] != stops - 1).any():
        return np.zeros(int(ends[-1]), np.int64), _whole(joined, stops, sizes)
    deltas = unvarint(joined, last)
    if len(deltas) != ends[-1]:
        return np.zeros(int(ends[-1]), np.int64), np.zeros(len(sizes), dtype=bool)
    totals = np.cumsum(deltas)
    heads = ends - sizes
    return totals - np.repeat(totals[heads] - deltas[heads], sizes), np.ones(len(sizes), dtype=bool)


def _whole(joined: Tallies, stops: Rows, sizes: Rows) -> npt.NDArray[np.bool_]:
    """Which lists end with a number's last byte and hold as many as they should."""
    last = joined < 0x80
    starts = np.concatenate(([0], stops[:-1]))
    held = np.add.reduceat(last, starts, dtype=np.int64)
    return np.asarray((held == sizes) & last[stops - 1])
