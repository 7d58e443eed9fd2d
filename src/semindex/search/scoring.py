"""What chunks and files score by each kind of evidence: functions of arrays, without I/O.

A worked example, for a query of two terms whose worth (weight times idf) is 2.0 and 1.0. One chunk has the
first term with a frequency of 2.5 and the second not at all. Its score is the sum of worth times saturated
frequency, over the sum of worth; so it lies in [0, 1), whatever the number of terms:

>>> s = saturated(np.array([2.5, 0.0]), 2.5)
>>> s.tolist(), round(float((np.array([2.0, 1.0]) * s).sum() / 3.0), 3)
([0.5, 0.0], 0.333)

A file's signal "words" adds up the scores of its chunks, the best first, each next one for less:

>>> scores, owners = np.array([0.25, 0.5, 0.125]), np.array([0, 0, 0])
>>> discounted([scores], owners, 1, decays=[0.5], best=16).tolist()    # .5 + .5 * .25 + .25 * .125
[[0.65625]]

BM25F: Robertson, Zaragoza and Taylor, "Simple BM25 extension to multiple weighted fields", CIKM 2004. All
sums run in a fixed order over whole-number statistics of live chunks, so that the same live content gives the
same floats however it is laid out in segments.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from msgspec import Struct

from semindex.search.sums import heads_of, sums
from semindex.search.terms import (
    Chosen,
    Norm,
    Occurring,
    Source,
    saturated,
)
from semindex.store.generation import Generation
from semindex.types import Floats, Ids, Mask, QueryTerm, Reason

_CELLS = 4_000_000
"""Frequencies (term by chunk) that are held at once: 32 MB an array."""


class Signal(Struct, frozen=True, gc=False):
    """One kind of evidence's part of each candidate's score."""

    name: str
    values: Floats
    """Shape ``(k,)``, weight included."""


class Weighed(Struct, frozen=True):
    """Where a query's terms occur, and what each term is worth."""

    terms: Sequence[QueryTerm]
    """Those whose names, comments and paths count: terms joined from neighbours only where they occur."""
    worth: Sequence[float]
    """Weight times idf of each of these."""
    worth_sum: float
    """What scores by names, comments and paths are divided by; never zero."""
    occurring: Occurring
    """Its text is numbered by these terms, its code by all terms of the query."""
    source: Source
    """Finds the terms and their neighbours among chosen chunks."""
    every_worth: Floats
    """Shape ``(terms of the query,)``: the worth of each, 0 of those that do not count."""
    body_idf: Floats
    """Shape ``(terms of the query,)``: weight times idf by chunks, for code."""
    body_worth: Floats
    """Shape ``(terms of the query,)``: the idf by chunks of the terms of its own words that occur in code."""
    body_sum: float
    file_body: Floats
    """Shape ``(files,)``: BM25 of the whole code of each file, over the sum of idf by files."""


@lru_cache(maxsize=4096)
def idf(total: int, frequency: int) -> float:
    """``ln(1 + (n - df + 0.5) / (df + 0.5))``; never negative."""
    return math.log(1.0 + (total - frequency + 0.5) / (frequency + 0.5))


def weighed(
    terms: Sequence[QueryTerm],
    found: Occurring,
    source: Source,
    generation: Generation,
) -> Weighed:
    """What was found, weighed by how rare the terms are."""
    chunks, files = generation.live_chunks, generation.live_files
    kept: list[int] = []
    worth, body_idf, file_idf, body_worth = [], [], [], []
    body_sum = file_sum = 0.0
    rows = zip(terms, found.text_df, found.body_df, found.file_df, strict=True)
    for number, (term, text_df, body_df, file_df) in enumerate(rows):
        weight = term.weight
        # A pair of characters may be the end of one word and the beginning of the next.
        counts = bool(text_df or body_df) if term.script else weight >= 1.0
        if text_df or counts:
            kept.append(number)
            worth.append(weight * idf(chunks, text_df))
        body_idf.append(idf(chunks, body_df) * weight)
        file_idf.append(idf(files, file_df) * weight)
        body_worth.append(idf(chunks, body_df) if body_df and weight >= 1.0 else 0.0)
        if file_df or counts:
            body_sum += body_idf[-1]
            file_sum += file_idf[-1]
    every_worth = np.zeros(len(terms))
    every_worth[kept] = worth
    by_file = sums(
        found.body_files, found.body_gains * np.array(file_idf)[found.body_file_terms], generation.files
    )
    return Weighed(
        terms=[terms[number] for number in kept],
        worth=worth,
        worth_sum=max(sum(worth), 1e-9),
        occurring=found if len(kept) == len(terms) else found.of(kept),
        source=source,
        every_worth=every_worth,
        body_idf=np.array(body_idf),
        body_worth=np.array(body_worth),
        body_sum=max(body_sum, 1e-9),
        file_body=by_file / max(file_sum, 1e-9),
    )


def unknown_words(terms: Sequence[QueryTerm], found: Occurring) -> Sequence[str]:
    """The words of a query in Latin letters of which no term stands anywhere; none if most of them stand."""
    rows = zip(terms, found.text_df, found.body_df, strict=True)
    standing = {term.source: False for term in terms if term.weight >= 1.0 and not term.script}
    for term, chunks, bodies in rows:
        if term.source in standing and (chunks or bodies):
            standing[term.source] = True
    unknown = [word for word, stands in standing.items() if not stands]
    return unknown if 2 * len(unknown) > len(standing) else ()


def best_text(found: Weighed, generation: Generation, kinds: Mask | None) -> Floats:
    """BM25F of each file's best chunk over the sum of the terms' worth, in [0, 1), shape ``(files,)``.

    With ``kinds``, shape ``(chunks,)``, only those chunks count; a file without one may have any score.
    """
    text, worth = found.occurring, np.array(found.worth)
    by_path = text.file_gains * worth.repeat(text.file_sizes)
    best = sums(text.files, by_path, generation.files)
    # That is what a chunk has by its path alone; to it comes what it gains by itself.
    gains = text.gains * worth.repeat(text.sizes)
    if text.touched is None:
        by_chunk = sums(text.places, gains, generation.chunks)
        if kinds is not None:
            by_chunk[~kinds] = 0.0
        best += generation.by_file(np.maximum, by_chunk)
    else:
        touched, by_chunk = text.touched, sums(text.places, gains, len(text.touched))
        if kinds is not None:
            (kept,) = kinds[touched].nonzero()
            touched, by_chunk = touched[kept], by_chunk[kept]
        owners = generation.chunk_file[touched]
        heads = heads_of(owners)
        if len(heads):
            best[owners[heads]] += np.maximum.reduceat(by_chunk, heads)
    best /= found.worth_sum
    return best


def exact_text(found: Weighed, chosen: Chosen, k1: float) -> Floats:
    """BM25F of chosen chunks, neighbouring words counted in, over the sum of the terms' worth.

    Takes the frequencies from the source of ``found``, which gives them once.

    Returns:
        Shape ``(len(chosen.chunks),)``.
    """
    width = len(chosen.chunks)
    scores = np.zeros((1, width))
    size = max(1, _CELLS // max(1, width))
    for first in range(0, len(found.every_worth), size):
        worth = found.every_worth[first : first + size]
        frequencies = found.source.frequencies(chosen, first, first + len(worth))
        rows = saturated(frequencies, k1).reshape(-1, width) * worth[:, None]
        # Row after row: a sum over the first axis is taken in its order.
        scores = np.add.reduce(np.concatenate((scores, rows)), axis=0, keepdims=True)
    exact: Floats = scores[0] / found.worth_sum
    return exact


class BodyScores(Struct, frozen=True):
    """What the code of chosen chunks says."""

    scores: Floats
    """Shape ``(len(chosen.chunks),)``: BM25 over the query's sum of idf."""
    worth: Floats
    """Shape ``(len(chosen.chunks),)``: the worth of the terms of the query's own words that it has."""


def body_scores(found: Weighed, chosen: Chosen, norm: Norm, k1: float) -> BodyScores:
    """BM25 of the code of chosen chunks."""
    code, width = found.occurring, len(chosen.chunks)
    places = chosen.chunk_place[code.body_chunks]
    (inside,) = (places >= 0).nonzero()
    places, chunks = places[inside], code.body_chunks[inside]
    terms = code.body_lists[code.body_sizes.cumsum().searchsorted(inside, side="right")]
    values = saturated(norm.weighted(chunks, code.body_counts[inside]), k1) * found.body_idf[terms]
    return BodyScores(
        sums(places, values, width) / found.body_sum,
        sums(places, found.body_worth[terms], width),
    )


def fullest_chunks(found: Weighed, generation: Generation) -> Floats:
    """For every chunk what the terms are worth that its code has, shape ``(chunks,)``."""
    code = found.occurring
    worth = found.body_worth[code.body_lists].repeat(code.body_sizes)
    return sums(code.body_chunks, worth, generation.chunks)


def discounted(
    parts: Sequence[Floats], owners: Ids, count: int, *, decays: Sequence[float], best: int
) -> Floats:
    """For each owner the sum of ``decay**r`` times its r-th best value, over its ``best`` best ones.

    Args:
        parts: Some arrays of shape ``(n,)``; only positive values count, each rounded to single precision.
        owners: Shape ``(n,)``, in ``[0, count)``; of each array alike.
        count: Number of owners.
        decays: For each array a number between 0 and 1.
        best: How many values count.

    Returns:
        Shape ``(len(parts), count)``. Added best first, so equal values in any order give equal sums.
    """
    values = np.concatenate(parts)
    (counting,) = (values > 0.0).nonzero()
    lines = np.concatenate([owners + number * count for number in range(len(parts))])[counting]
    # A positive float's bits order as it does, so that one number holds owner and value, and sorting by
    # both is one plain sort: half the time of sorting positions.
    bits = values[counting].astype("<f4").view("<u4").astype(np.uint64)
    keys = np.sort(lines.astype(np.uint64) << np.uint64(32) | (bits ^ _ALL_BITS))
    ordered = (keys >> np.uint64(32)).astype(np.int64)
    ranks = np.arange(len(ordered)) - ordered.searchsorted(np.arange(len(parts) * count))[ordered]
    (counted,) = (ranks < best).nonzero()
    top = ((keys[counted] & _ALL_BITS) ^ _ALL_BITS).astype("<u4").view("<f4").astype(np.float64)
    whose = ordered[counted]
    factors = _powers(tuple(decays), best)[whose // max(1, count) * best + ranks[counted]]
    return sums(whose, top * factors, len(parts) * count).reshape(len(parts), count)


_ALL_BITS = np.uint64(0xFFFFFFFF)


@lru_cache(maxsize=8)
def _powers(bases: tuple[float, ...], count: int) -> Floats:
    """The powers of each base from 0 on, ``count`` of them, one base after the other."""
    return np.array([base**exponent for base in bases for exponent in range(count)])


def total(signals: Sequence[Signal], count: int) -> Floats:
    """The sum of all signals, added in their order."""
    scores = np.zeros(count)
    for signal in signals:
        scores += signal.values
    return scores


def reasons(signals: Sequence[Signal], place: int, details: Mapping[str, str]) -> tuple[Reason, ...]:
    """What made a candidate's score, largest part first, with a detail by signal where there is one."""
    parts = [(signal.name, signal.values.item(place)) for signal in signals]
    counting = sorted((-abs(value), name, value) for name, value in parts if value != 0.0)
    return tuple([Reason(name, value, details.get(name, "")) for _, name, value in counting])
