"""Which nodes and edges a drawing has: files, or the definitions at the top of files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from msgspec import Struct

from semindex.graph.edges import Target
from semindex.graph.families import Families
from semindex.graph.importance import Importance
from semindex.graph.network import Network, Tie
from semindex.parse.facts.model import Form

_KINDS = {Form.CLASS: "class", Form.INTERFACE: "interface", Form.TYPE: "type", Form.VARIABLE: "variable"}


class Node(Struct, frozen=True):
    """A file, or a definition."""

    id: str
    """The path of the file; for a definition followed by ``::`` and its name."""
    label: str
    kind: str
    """``file``, ``class``, ``interface``, ``type``, ``variable`` or ``function``."""
    path: str
    start_line: int
    """Of the name, 1-based; 1 for a file."""
    score: float
    """Its importance; those of files have the mean 1."""


class Arrow(Struct, frozen=True):
    """Says that one node uses another."""

    source: str
    target: str
    count: int
    """Places that name the target or what is in it; imports among them."""


class Drawing(Struct, frozen=True):
    """Nodes, the most important first, and the edges between them, by the places of their ends."""

    nodes: tuple[Node, ...]
    arrows: tuple[Arrow, ...]
    total: int
    """How many nodes there are without a limit."""


def modules(importance: Importance, wanted: Collection[int], limit: int) -> Drawing:
    """The most important of some files, and how they use each other."""
    network = importance.network
    path = network.corpus.path
    files = [file for file in network.files if file in wanted]
    files.sort(key=lambda file: (-round(importance.rank(file), 9), path(file)))
    nodes = {
        file: Node(path(file), path(file), "file", path(file), 1, round(importance.rank(file), 3))
        for file in files[:limit]
    }
    ends: Iterator[tuple[Node | None, Node | None, Tie]] = (
        (nodes.get(tie.source), nodes.get(tie.file), tie) for tie in (*network.resolved, *network.by_name)
    )
    return Drawing(tuple(nodes.values()), _arrows(ends, tuple(nodes.values())), len(files))


def symbols(importance: Importance, wanted: Collection[int], limit: int) -> Drawing:
    """The most important definitions at the top of some files; what is inside one counts as that one."""
    network = importance.network
    outermost = _outermost(network)
    nodes: dict[Target, Node] = {}
    total = 0
    for each in importance.scored():
        unit = network.corpus.unit(each.file)
        if each.file not in wanted or unit is None or not each.line:
            continue
        for number in unit.by_parent.get(-1, {}).get(each.name, ()):
            definition, target = unit.definition(number), Target(each.file, number)
            if definition.line == each.line and definition.owner < 0 and target not in nodes:
                total += 1
                if len(nodes) < limit:
                    nodes[target] = _symbol(network, target, each.score)
    ends = (
        (
            nodes.get(outermost(Target(tie.source, tie.within))),
            nodes.get(outermost(Target(tie.file, tie.number))),
            tie,
        )
        for tie in network.resolved
        if not tie.is_import
    )
    return Drawing(tuple(nodes.values()), _arrows(ends, tuple(nodes.values())), total)


def _symbol(network: Network, target: Target, score: float) -> Node:
    unit = network.corpus.unit(target.file)
    assert unit is not None
    definition, name = unit.definition(target.number), unit.name(target.number)
    path = network.corpus.path(target.file)
    kind = _KINDS.get(Form(definition.form), "function")
    return Node(f"{path}::{name}", name, kind, path, definition.line, round(score, 3))


def _outermost(network: Network) -> Callable[[Target], Target]:
    """Finds the definition at the top of its file that one stands in, or whose member it is."""
    families = Families(network.edges)
    known: dict[Target, Target] = {}

    def found(target: Target) -> Target:
        if target not in known:
            unit, number = network.corpus.unit(target.file), target.number
            while unit is not None and number >= 0 and unit.definition(number).parent >= 0:
                number = unit.definition(number).parent
            top = Target(target.file, number)
            if unit is not None and number >= 0 and unit.definition(number).owner >= 0:
                top = families.owner(top) or top
            known[target] = top
        return known[target]

    return found


def _arrows(
    ends: Iterator[tuple[Node | None, Node | None, Tie]], nodes: tuple[Node, ...]
) -> tuple[Arrow, ...]:
    counts: dict[tuple[str, str], int] = {}
    for source, target, tie in ends:
        if source is not None and target is not None and source is not target:
            key = source.id, target.id
            counts[key] = counts.get(key, 0) + tie.count
    place = {node.id: at for at, node in enumerate(nodes)}
    ordered = sorted(counts, key=lambda key: (place[key[0]], place[key[1]]))
    return tuple(Arrow(source, target, counts[source, target]) for source, target in ordered)
