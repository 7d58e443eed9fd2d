"""Signals of candidate files to scores: pure functions of arrays, no I/O."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from semindex.search.paths import PathWords, Role, unmentioned
from semindex.search.weights import Weights
from semindex.tokens import is_identifier, split_word
from semindex.types import QueryTerm, Reason

Ids = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal's contribution to each candidate's score."""

    name: str
    values: Floats
    """Shape ``(k,)``, weight included."""


def discounted(values: Floats, owners: Ids, count: int, *, decay: float, best: int) -> Floats:
    """For each owner the sum of ``decay**r`` times its r-th best value, over its ``best`` best ones.

    Args:
        values: Shape ``(n,)``; only positive ones count.
        owners: Shape ``(n,)``, in ``[0, count)``.
        count: Number of owners.
        decay: Between 0 and 1.
        best: How many values count.

    Returns:
        Shape ``(count,)``. Added best first, so equal values in any order give equal sums.
    """
    counting = np.flatnonzero(values > 0.0)
    order = counting[np.argsort(-values[counting])]
    # 16 bits are sorted by their digits: a fifth of the time of sorting by both keys at once.
    narrow = owners[order].astype(np.int16 if count < 1 << 15 else np.int64)
    order = order[np.argsort(narrow, kind="stable")]
    sorted_owners = owners[order]
    firsts = np.searchsorted(sorted_owners, np.arange(count))
    ranks = np.arange(len(order)) - firsts[sorted_owners]
    counted = ranks < best
    powers = np.array([decay**rank for rank in range(best)])
    weights = values[order][counted] * powers[ranks[counted]]
    return np.bincount(sorted_owners[counted], weights=weights, minlength=count).astype(np.float64)


def path_signals(
    paths: Sequence[PathWords], sizes: Sequence[int], terms: Sequence[QueryTerm], weights: Weights
) -> list[Signal]:
    """What the candidates' names and folders add and take away."""
    asked = frozenset(term.term for term in terms if not term.term.startswith("="))
    size = max(1, len(asked))
    apart = asked.isdisjoint
    stems = [0.0 if apart(path.stem) else len(path.stem & asked) / len(path.stem) for path in paths]
    folders = [0.0 if apart(path.folder) else len(path.folder & asked) / size for path in paths]
    named = named_shares(paths, terms)
    penalty = {
        Role.TESTS: weights.tests,
        Role.EXAMPLES: weights.examples,
        Role.LEGACY: weights.legacy,
        Role.BARREL: weights.barrel,
        Role.PROSE: weights.prose,
        Role.DATA: weights.data,
        Role.PLATFORM: weights.platform,
    }
    signals = [
        Signal("file name", weights.stem_share * np.array(stems)),
        Signal("folder name", weights.folder_share * np.array(folders)),
        Signal("named file", weights.named_file * np.array(named)),
    ]
    roles = np.array([path.roles for path in paths])
    present = int(np.bitwise_or.reduce(roles)) if len(roles) else 0
    for role in unmentioned(asked):
        if not present & role:
            continue
        hit = (roles & role) != 0
        if role is Role.BARREL:
            hit &= np.array(sizes) <= weights.barrel_bytes
        if hit.any():
            signals.append(Signal(f"{role.label} file", np.where(hit, penalty[role], 0.0)))
    return signals


def named_shares(paths: Sequence[PathWords], terms: Sequence[QueryTerm]) -> list[float]:
    """How far a query names each file: 1 by an identifier, 0.5 by neighbouring plain words, else 0."""
    names: dict[str, float] = {}
    for term in terms:
        if term.term.startswith("="):
            names[term.term] = min(1.0, term.weight)
        elif is_identifier(term.source) and len(split_word(term.source)) == 1:
            names["=" + term.term] = 1.0
    return [names.get(path.whole, 0.0) for path in paths]


def size_signal(sizes: Sequence[int], weights: Weights) -> Signal:
    """A little for the larger file, which is where things are done."""
    return Signal("size", np.array([weights.size * math.log1p(size) for size in sizes]))


def total(signals: Sequence[Signal], count: int) -> Floats:
    """The sum of all signals, added in their order."""
    scores = np.zeros(count)
    for signal in signals:
        scores = scores + signal.values
    return scores


def reasons(
    signals: Sequence[Signal], place: int, details: Mapping[str, str] | None = None
) -> tuple[Reason, ...]:
    """What made one candidate's score, largest part first, with a detail by signal where there is one."""
    told = details or {}
    found = [
        Reason(signal.name, float(signal.values[place]), told.get(signal.name, ""))
        for signal in signals
        if signal.values[place] != 0.0
    ]
    return tuple(sorted(found, key=lambda reason: (-abs(reason.contribution), reason.signal)))
