"""PageRank against its definition."""

from __future__ import annotations

import numpy as np

from semindex.graph.importance import ANYWHERE, DAMPING, pagerank


def solved(weights: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The rank by solving the equations; ``weights[a, b]`` is of the edge from a to b."""
    nodes = len(weights)
    out = weights.sum(1, keepdims=True)
    moves = np.where(out > 0, weights / np.where(out > 0, out, 1), start)
    return np.linalg.solve(np.eye(nodes) - DAMPING * moves.T, (1 - DAMPING) * start)


def test_it_solves_the_equations_of_the_random_walk() -> None:
    weights = np.array([[0, 2, 1, 0], [0, 0, 3, 0], [1, 0, 0, 0], [0, 0, 0, 0]], dtype=float)
    sources, targets = weights.nonzero()
    flow = weights[sources, targets]
    even = np.full(4, 0.25)
    assert np.allclose(pagerank(sources, targets, flow, np.zeros(4)), solved(weights, even), atol=2e-3)
    from_last = ANYWHERE * even + (1 - ANYWHERE) * np.array([0, 0, 0, 1.0])
    ranked = pagerank(sources, targets, flow, np.array([0, 0, 0, 5.0]))
    assert np.allclose(ranked, solved(weights, from_last), atol=2e-3)
    assert abs(ranked.sum() - 1) < 1e-9


def test_nothing_and_no_edges_are_ranked() -> None:
    empty = np.empty(0, np.int64)
    assert pagerank(empty, empty, np.empty(0), np.empty(0)).shape == (0,)
    assert pagerank(empty, empty, np.empty(0), np.zeros(2)).tolist() == [0.5, 0.5]
