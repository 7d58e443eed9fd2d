"""Lays nodes out in layers, in the manner of Sugiyama, Tagawa and Toda (1981).

A node stands above those that it uses. Edges against the order (there are cycles) are turned for the layout.
An edge over several layers bends around the nodes between by going through a bend in each. Within a layer
nodes are ordered by where their neighbours stand, which leaves few crossings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from msgspec import Struct

MOST_A_LAYER = 7
"""Nodes; further ones start the next layer."""
_SWEEPS = 12
GAP, BEND = 26.0, 14.0
"""Between two neighbours of a layer, and the room that a bend takes."""


class Spot(Struct):
    """A node, or a bend of an edge, in its layer."""

    width: float
    node: int
    """-1 for a bend."""
    x: float = 0.0
    """Of its middle."""
    above: list[int] = []
    below: list[int] = []


class Layout(Struct, frozen=True):
    """Where everything stands."""

    spots: Sequence[Spot]
    layers: Sequence[Sequence[int]]
    """The spots of each layer, from left to right."""
    ways: Mapping[tuple[int, int], Sequence[int]]
    """The spots that each edge goes through, from its source to its target."""
    width: float


def laid_out(widths: Sequence[float], edges: Sequence[tuple[int, int]]) -> Layout:
    """The layout of nodes, given by their widths, and edges between them, given by their numbers."""
    forward = _acyclic(len(widths), edges)
    layer_of = _layers(len(widths), set(forward.values()))
    spots = [Spot(width, number) for number, width in enumerate(widths)]
    layers: list[list[int]] = [[] for _ in range(max(layer_of, default=-1) + 1)]
    for number, layer in enumerate(layer_of):
        layers[layer].append(number)
    ways: dict[tuple[int, int], Sequence[int]] = {}
    for edge, (upper, lower) in forward.items():
        way = [upper]
        for layer in range(layer_of[upper] + 1, layer_of[lower]):
            spots.append(Spot(BEND, -1))
            layers[layer].append(len(spots) - 1)
            way.append(len(spots) - 1)
        way.append(lower)
        for before, after in pairwise(way):
            spots[before].below.append(after)
            spots[after].above.append(before)
        ways[edge] = way if edge == (upper, lower) else way[::-1]
    _order(spots, layers)
    return Layout(spots, layers, ways, _place(spots, layers))


def _acyclic(nodes: int, edges: Sequence[tuple[int, int]]) -> dict[tuple[int, int], tuple[int, int]]:
    """Each edge, turned around where it leads back to a node on the way to its source."""
    following: list[list[int]] = [[] for _ in range(nodes)]
    for source, target in edges:
        following[source].append(target)
    incoming = [0] * nodes
    for _, target in edges:
        incoming[target] += 1
    state, turned = [0] * nodes, set()
    for root in sorted(range(nodes), key=lambda node: (incoming[node] > 0, node)):
        if state[root]:
            continue
        state[root] = 1
        work = [(root, iter(following[root]))]
        while work:
            node, rest = work[-1]
            target = next(rest, -1)
            if target < 0:
                state[node] = 2
                work.pop()
            elif state[target] == 1:
                turned.add((node, target))
            elif not state[target]:
                state[target] = 1
                work.append((target, iter(following[target])))
    return {edge: edge[::-1] if edge in turned else edge for edge in edges}


def _layers(nodes: int, edges: set[tuple[int, int]]) -> list[int]:
    """The layer of each node: below all that use it, in the first that has room; lone nodes come last."""
    waiting = [0] * nodes
    below: list[list[int]] = [[] for _ in range(nodes)]
    for source, target in sorted(edges):
        waiting[target] += 1
        below[source].append(target)
    layer, size = [0] * nodes, dict[int, int]()
    tied = {node for edge in edges for node in edge}
    ready = [node for node in sorted(tied) if not waiting[node]]
    while ready:
        ready.sort(key=lambda node: (layer[node], node))
        node = ready.pop(0)
        while size.get(layer[node], 0) >= MOST_A_LAYER:
            layer[node] += 1
        size[layer[node]] = size.get(layer[node], 0) + 1
        for target in below[node]:
            layer[target] = max(layer[target], layer[node] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    first = max(size, default=-1) + 1
    for place, node in enumerate(node for node in range(nodes) if node not in tied):
        layer[node] = first + place // MOST_A_LAYER
    return layer


def _order(spots: Sequence[Spot], layers: list[list[int]]) -> None:
    """Order each layer by the mean place of the neighbours, downwards and upwards in turn."""
    place = [0.0] * len(spots)
    for layer in layers:
        for at, spot in enumerate(layer):
            place[spot] = at / max(1, len(layer) - 1)
    for sweep in range(_SWEEPS):
        downwards = sweep % 2 == 0
        for layer in layers if downwards else layers[::-1]:
            wanted = {}
            for spot in layer:
                near = spots[spot].above if downwards else spots[spot].below
                wanted[spot] = sum(place[each] for each in near) / len(near) if near else place[spot]
            layer.sort(key=lambda spot: (wanted[spot], spot))
            for at, spot in enumerate(layer):
                place[spot] = at / max(1, len(layer) - 1)


def _place(spots: Sequence[Spot], layers: Sequence[Sequence[int]]) -> float:
    """Give each spot its place from left to right, near its neighbours; the width of all."""
    for layer in layers:
        x = 0.0
        for number in layer:
            spots[number].x = x + spots[number].width / 2
            x += spots[number].width + GAP
        for number in layer:
            spots[number].x -= (x - GAP) / 2
    for sweep in range(_SWEEPS):
        for layer in layers if sweep % 2 == 0 else layers[::-1]:
            _settle(spots, layer)
    if not spots:
        return 0.0
    left = min(spot.x - spot.width / 2 for spot in spots)
    for spot in spots:
        spot.x -= left
    return max(spot.x + spot.width / 2 for spot in spots)


def _settle(spots: Sequence[Spot], layer: Sequence[int]) -> None:
    """Move the spots of a layer towards the middle of their neighbours, in their order and apart."""
    wanted = []
    for number in layer:
        spot = spots[number]
        near = [*spot.above, *spot.below]
        wanted.append(sum(spots[each].x for each in near) / len(near) if near else spot.x)
    # Blocks of spots that touch; each stands where its members want it on the mean.
    blocks: list[tuple[float, int, list[int], list[float]]] = []
    for at, number in enumerate(layer):
        members, offsets, total, width = [number], [0.0], wanted[at], 1
        while blocks:
            mean, count, before, shifts = blocks[-1]
            last = spots[before[-1]]
            distance = last.width / 2 + GAP + spots[members[0]].width / 2
            if mean + shifts[-1] + distance <= total:
                break
            blocks.pop()
            moved = [shifts[-1] + distance + each for each in offsets]
            # A mean of where the first member would have to stand for each to be where it wants.
            start = (mean * count + (total - (shifts[-1] + distance)) * width) / (count + width)
            members, offsets, total, width = before + members, shifts + moved, start, count + width
        blocks.append((total, width, members, offsets))
    for start, _, members, offsets in blocks:
        for number, offset in zip(members, offsets, strict=True):
            spots[number].x = start + offset
