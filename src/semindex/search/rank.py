"""Signals of candidate files to scores: pure functions of arrays, no I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

import numpy as np
from msgspec import Struct

from semindex.search.paths import PathWords, Role, unmentioned
from semindex.search.weights import Weights
from semindex.tokens import is_identifier, split_word
from semindex.types import Floats, Ids, QueryTerm, Reason


class Signal(Struct, frozen=True, gc=False):
    """One signal's contribution to each candidate's score."""

    name: str
    values: Floats
    """Shape ``(k,)``, weight included."""


def discounted(values: Floats, owners: Ids, count: int, *, decay: float, best: int) -> Floats:
    """For each owner the sum of ``decay**r`` times its r-th best value, over its ``best`` best ones.

    Args:
        values: Shape ``(n,)``; only positive ones count, each rounded to single precision.
        owners: Shape ``(n,)``, in ``[0, count)``.
        count: Number of owners.
        decay: Between 0 and 1.
        best: How many values count.

    Returns:
        Shape ``(count,)``. Added best first, so equal values in any order give equal sums.
    """
    (counting,) = (values > 0.0).nonzero()
    # A positive float's bits order as it does, so that one number holds owner and value, and sorting by
    # both is one plain sort: half the time of sorting positions.
    bits = values[counting].astype("<f4").view("<u4").astype(np.uint64)
    keys = np.sort(owners[counting].astype(np.uint64) << np.uint64(32) | (bits ^ _ALL_BITS))
    ordered = (keys >> np.uint64(32)).astype(np.int64)
    ranks = np.arange(len(ordered)) - ordered.searchsorted(np.arange(count))[ordered]
    counted = ranks < best
    top = ((keys[counted] & _ALL_BITS) ^ _ALL_BITS).astype("<u4").view("<f4").astype(np.float64)
    weights = top * _powers(decay, best)[ranks[counted]]
    return np.bincount(ordered[counted], weights=weights, minlength=count).astype(np.float64)


_ALL_BITS = np.uint64(0xFFFFFFFF)


@lru_cache(maxsize=8)
def _powers(base: float, count: int) -> Floats:
    return np.array([base**exponent for exponent in range(count)])


def path_signals(
    paths: Sequence[PathWords], sizes: Sequence[int], terms: Sequence[QueryTerm], weights: Weights
) -> list[Signal]:
    """What the candidates' names and folders add and take away."""
    asked = frozenset(term.term for term in terms if not term.term.startswith("="))
    size = max(1, len(asked))
    called = named_shares(terms)
    mentioned = asked | called.keys()
    stems, folders, named = np.zeros((3, len(paths)))
    for place, path in enumerate(paths):
        if mentioned.isdisjoint(path.every):
            continue
        if not asked.isdisjoint(path.stem):
            stems[place] = len(path.stem & asked) / len(path.stem)
        if not asked.isdisjoint(path.folder):
            folders[place] = len(path.folder & asked) / size
        if path.whole in called:
            named[place] = called[path.whole]
    return [
        Signal("file name", weights.stem_share * stems),
        Signal("folder name", weights.folder_share * folders),
        Signal("named file", weights.named_file * named),
        *_role_signals(paths, sizes, asked, weights),
    ]


_ROLE_SIGNALS = {role: f"{role.label} file" for role in Role}


def _role_signals(
    paths: Sequence[PathWords], sizes: Sequence[int], asked: frozenset[str], weights: Weights
) -> Iterator[Signal]:
    """What each role takes away that is not asked for and that any candidate has."""
    penalty = {
        Role.TESTS: weights.tests,
        Role.EXAMPLES: weights.examples,
        Role.LEGACY: weights.legacy,
        Role.BARREL: weights.barrel,
        Role.PROSE: weights.prose,
        Role.DATA: weights.data,
        Role.PLATFORM: weights.platform,
    }
    roles = np.array([path.roles for path in paths], dtype=np.uint8)
    present = int(np.bitwise_or.reduce(roles))
    for role in unmentioned(asked):
        # As a plain number: numpy takes long to see that a role is one.
        bit = int(role)
        if not present & bit:
            continue
        (hit,) = (roles & bit).nonzero()
        if role is Role.BARREL:
            hit = hit[np.array(sizes)[hit] <= weights.barrel_bytes]
        if len(hit):
            values = np.zeros(len(paths))
            values[hit] = penalty[role]
            yield Signal(_ROLE_SIGNALS[role], values)


def named_shares(terms: Sequence[QueryTerm]) -> dict[str, float]:
    """How far a query names the files of some whole names: 1 by an identifier, 0.5 by plain neighbours."""
    names: dict[str, float] = {}
    for term in terms:
        if term.term.startswith("="):
            names[term.term] = min(1.0, term.weight)
        elif is_identifier(term.source) and len(split_word(term.source)) == 1:
            names["=" + term.term] = 1.0
    return names


def size_signal(sizes: Sequence[int], weights: Weights) -> Signal:
    """A little for the larger file, which is where things are done."""
    return Signal("size", weights.size * np.log1p(np.maximum(np.array(sizes, dtype=np.float64), 0.0)))


def total(signals: Sequence[Signal], count: int) -> Floats:
    """The sum of all signals, added in their order."""
    scores = np.zeros(count)
    for signal in signals:
        scores += signal.values
    return scores


def reasons(
    signals: Sequence[Signal], places: Sequence[int], details: Sequence[Mapping[str, str]]
) -> list[tuple[Reason, ...]]:
    """What made some candidates' scores, largest part first, with a detail by signal where there is one."""
    names = [signal.name for signal in signals]
    at = np.array(places, dtype=np.intp)
    values = np.array([signal.values[at] for signal in signals]).T.tolist()
    found = []
    for row, told in zip(values, details, strict=True):
        parts = [(-abs(value), name, value) for name, value in zip(names, row, strict=True) if value != 0.0]
        parts.sort()
        found.append(tuple([Reason(name, value, told.get(name, "")) for _, name, value in parts]))
    return found
