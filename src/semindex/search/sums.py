"""Numbers that fall to rows: added in the order given, best of each file, ranges of rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from semindex.types import Floats, Ids

_DENSE_SHARE = 16
"""Up to so many cells for each number that falls to one, all are laid out; sorting takes less for more."""
_DENSE_CELLS = 4_000_000
"""But no more than this: 32 MB."""


def sums(places: npt.NDArray[np.integer], values: Floats, size: int) -> Floats:
    """What falls to each place of ``size``, added in the order given (so by field, or by term)."""
    return np.bincount(places, values, size).astype(np.float64, copy=False)


def cells(places: Ids, values: Floats, size: int) -> tuple[Ids, Floats]:
    """The places of ``size`` that get anything, ascending, and what falls to each, as :func:`sums`."""
    if size <= min(_DENSE_CELLS, _DENSE_SHARE * len(places)):
        dense = sums(places, values, size)
        (at,) = (dense > 0.0).nonzero()
        return at, dense[at]
    order = np.argsort(places, kind="stable")
    places, values = places[order], values[order]
    heads = heads_of(places)
    sizes = np.append(heads[1:], len(places)) - heads
    totals = values[heads]
    more, step = np.flatnonzero(sizes > 1), 1
    while len(more):
        totals[more] += values[heads[more] + step]
        step += 1
        more = more[sizes[more] > step]
    return places[heads], totals


def heads_of(values: npt.NDArray[np.integer], starts: Ids | None = None) -> Ids:
    """Where runs of equal values begin; one begins at each of ``starts``, too."""
    first = np.ones(len(values), dtype=bool)
    np.not_equal(values[1:], values[:-1], out=first[1:])
    if starts is not None:
        first[starts] = True
    return first.nonzero()[0]


def ranges(starts: Ids, sizes: Ids) -> Ids:
    """``starts[0] .. starts[0]+sizes[0]-1, starts[1] ..``, joined."""
    # By the sums there are, as a sum of its own takes longer than both.
    ends: Ids = sizes.cumsum()
    total = ends.item(-1) if len(ends) else 0
    before = starts - (ends - sizes)
    return np.arange(total, dtype=np.int64) + before.repeat(sizes)


def distinct(ids: Ids) -> Ids:
    """The ids ascending, each once; numpy's own imports its masked arrays, a slow import."""
    ordered = ids.copy()
    ordered.sort()
    first = np.ones(len(ordered), dtype=bool)
    first[1:] = ordered[1:] != ordered[:-1]
    return ordered[first]


def common(some: Ids, others: Ids) -> Ids:
    """The ids that both have; each ascending, each id once."""
    if not len(others):
        return others
    at = np.minimum(others.searchsorted(some), len(others) - 1)
    both: Ids = some[others[at] == some]
    return both


def kth_largest(values: npt.NDArray[Any], k: int) -> Any:
    """The ``k``-th largest of some values, or the smallest when they are fewer; ``k`` is at least 1."""
    # Methods of a copy: numpy's functions of the same name take twice as long for a few hundred values.
    place, ordered = max(0, len(values) - k), values.copy()
    ordered.partition(place)
    return ordered[place]
