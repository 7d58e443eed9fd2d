"""A drawing as an SVG picture: users above what they use, a colour a folder or file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import log2
from xml.sax.saxutils import escape

from semindex.graph.drawing.layering import Layout, laid_out
from semindex.graph.drawing.pieces import Drawing, Node
from semindex.graph.drawing.texts import group_of, xml_text

HEIGHT, STEP, MARGIN, FONT = 30.0, 92.0, 24.0, 13.0
_CHAR = 7.6
"""The width of a character on the mean."""
_COLOURS = (
    *("#dbe9ff", "#ffe3cf", "#d9f2dc", "#f3dcf7", "#fff2c2", "#d2f1f1", "#fbd9de", "#e5e1d8", "#dfe3f7"),
    *("#e7f3c5", "#f7d8ea", "#d5e4e0"),
)
_HEAD = (
    '<marker id="head" markerUnits="userSpaceOnUse" markerWidth="8" markerHeight="7" refX="7" refY="3.5" '
    'orient="auto">'
)


def as_svg(drawing: Drawing) -> str:
    """The picture. Edges that a way over others replaces are pale."""
    number = {node.id: at for at, node in enumerate(drawing.nodes)}
    edges = [(number[each.source], number[each.target]) for each in drawing.arrows]
    counts = {edge: each.count for edge, each in zip(edges, drawing.arrows, strict=True)}
    labels = _labels(drawing.nodes)
    layout = laid_out([_CHAR * len(label) + 20 for label in labels], edges)
    groups = list(dict.fromkeys(map(group_of, drawing.nodes)))
    legend_rows = _legend(groups, layout.width + 2 * MARGIN)
    width = max(layout.width + 2 * MARGIN, 320)
    below = 2 * MARGIN + len(layout.layers) * STEP
    height = below + 24 * len(legend_rows)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" font-family="Helvetica, Arial, sans-serif" '
        f'font-size="{FONT:.0f}">',
        f'<defs>{_HEAD}<path d="M0,0 L8,3.5 L0,7 z" fill="#556"/></marker></defs>',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    lines += _arrows(layout, counts, _replaced(len(labels), edges))
    lines += _boxes(layout, drawing.nodes, labels, groups)
    lines += _legend_lines(legend_rows, groups, below)
    return "\n".join([*lines, "</svg>"])


def _labels(nodes: Sequence[Node]) -> list[str]:
    """The names of nodes; a file whose name says too little has its folder's before it."""
    names = Counter(node.path.rpartition("/")[2] for node in nodes if node.kind == "file")
    labels = []
    for node in nodes:
        folder, _, name = node.path.rpartition("/")
        says_little = name.startswith(("__", "index.", "mod.")) or names[name] > 1
        short = f"{folder.rpartition('/')[2]}/{name}" if folder and says_little else name
        labels.append(xml_text(short if node.kind == "file" else node.label))
    return labels


def _y(layer: int) -> float:
    return MARGIN + layer * STEP


def _arrows(
    layout: Layout, counts: Mapping[tuple[int, int], int], pale: frozenset[tuple[int, int]]
) -> Iterator[str]:
    layer_of = {spot: at for at, layer in enumerate(layout.layers) for spot in layer}
    for edge in sorted(layout.ways, key=lambda each: (each not in pale, each)):
        way = layout.ways[edge]
        down = layer_of[way[0]] < layer_of[way[-1]]
        points = [
            (layout.spots[spot].x + MARGIN, _y(layer_of[spot]) + _side(at, len(way), down=down))
            for at, spot in enumerate(way)
        ]
        path = f"M{points[0][0]:.1f},{points[0][1]:.1f}"
        for (x, y), (to_x, to_y) in pairwise(points):
            middle = (y + to_y) / 2
            path += f" C{x:.1f},{middle:.1f} {to_x:.1f},{middle:.1f} {to_x:.1f},{to_y:.1f}"
        look = "0.18" if edge in pale else "0.75"
        thick = min(4.0, 0.8 + 0.35 * log2(counts[edge]))
        yield (
            f'<path d="{path}" fill="none" stroke="#556" stroke-opacity="{look}" '
            f'stroke-width="{thick:.1f}" marker-end="url(#head)"/>'
            if edge not in pale
            else f'<path d="{path}" fill="none" stroke="#556" stroke-opacity="{look}" stroke-width="1"/>'
        )


def _side(at: int, length: int, *, down: bool) -> float:
    """How far below the top of its layer an edge meets a spot."""
    if 0 < at < length - 1:
        return HEIGHT / 2
    leaves_below = (at == 0) == down
    return HEIGHT if leaves_below else 0.0


def _boxes(
    layout: Layout, nodes: Sequence[Node], labels: Sequence[str], groups: Sequence[str]
) -> Iterator[str]:
    for at, layer in enumerate(layout.layers):
        for number in layer:
            spot = layout.spots[number]
            if spot.node < 0:
                continue
            node = nodes[spot.node]
            left, top = spot.x - spot.width / 2 + MARGIN, _y(at)
            colour = _COLOURS[groups.index(group_of(node)) % len(_COLOURS)]
            yield (
                f"<g><title>{escape(xml_text(node.id))}</title>"
                f'<rect x="{left:.1f}" y="{top:.1f}" width="{spot.width:.1f}" height="{HEIGHT:.0f}" rx="5" '
                f'fill="{colour}" stroke="#445"/>'
                f'<text x="{spot.x + MARGIN:.1f}" y="{top + 20:.1f}" text-anchor="middle">'
                f"{escape(labels[spot.node])}</text></g>"
            )


def _legend(groups: Sequence[str], width: float) -> list[list[int]]:
    """The groups of each row below the picture, by their numbers."""
    rows: list[list[int]] = [[]]
    used = MARGIN
    for number, group in enumerate(groups):
        needed = 34 + _CHAR * len(group)
        if rows[-1] and used + needed > max(width, 320):
            rows.append([])
            used = MARGIN
        rows[-1].append(number)
        used += needed
    return rows if groups else []


def _legend_lines(rows: Sequence[Sequence[int]], groups: Sequence[str], top: float) -> Iterator[str]:
    for row, numbers in enumerate(rows):
        x = MARGIN
        for number in numbers:
            y = top + 24 * row - 18
            colour = _COLOURS[number % len(_COLOURS)]
            yield (
                f'<rect x="{x:.1f}" y="{y:.1f}" width="14" height="14" fill="{colour}" stroke="#445"/>'
                f'<text x="{x + 19:.1f}" y="{y + 12:.1f}">{escape(xml_text(groups[number]))}</text>'
            )
            x += 34 + _CHAR * len(groups[number])


def _replaced(nodes: int, edges: Sequence[tuple[int, int]]) -> frozenset[tuple[int, int]]:
    """The edges from whose source the target is reached through other nodes, too, in at most two steps."""
    following = [set[int]() for _ in range(nodes)]
    for source, target in edges:
        following[source].add(target)
    return frozenset(
        (source, target)
        for source, target in edges
        if any(
            target in following[middle] and source not in following[middle]
            for middle in following[source] - {target}
        )
    )
