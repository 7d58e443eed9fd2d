"""A drawing in the languages of programs that show graphs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

from semindex.graph.drawing.pieces import Drawing, Node

_GRAPHML = "http://graphml.graphdrawing.org/xmlns"
_SPECIAL = '"#<>[]`'
_NODE_KEYS = {"label": "string", "kind": "string", "path": "string", "line": "int", "score": "double"}


def as_json(drawing: Drawing) -> str:
    """One object: ``nodes``, ``edges`` and the ``total`` of nodes."""
    nodes = [
        {
            "id": node.id,
            "label": node.label,
            "kind": node.kind,
            "path": node.path,
            "line": node.start_line,
            "score": node.score,
        }
        for node in drawing.nodes
    ]
    edges = [{"source": each.source, "target": each.target, "count": each.count} for each in drawing.arrows]
    whole = {"schema": 1, "nodes": nodes, "edges": edges, "total": drawing.total}
    return json.dumps(whole, ensure_ascii=True, indent=1)


def as_mermaid(drawing: Drawing) -> str:
    """A flowchart for Mermaid, with a subgraph for each folder of files, or file of definitions."""
    names = _names(drawing)
    lines = ["flowchart LR"]
    for group, nodes in _groups(drawing).items():
        lines.append(f'  subgraph {names[group]}["{_mermaid(group)}"]')
        lines += [f'    {names[node.id]}["{_mermaid(_short(node))}"]' for node in nodes]
        lines.append("  end")
    lines += [f"  {names[each.source]} --> {names[each.target]}" for each in drawing.arrows]
    return "\n".join(lines)


def as_dot(drawing: Drawing) -> str:
    """A directed graph for Graphviz, with a cluster for each folder of files, or file of definitions."""
    names = _names(drawing)
    lines = ["digraph {", "  rankdir=LR;", "  node [shape=box, fontname=Helvetica];"]
    for group, nodes in _groups(drawing).items():
        lines.append(f"  subgraph cluster_{names[group]} {{")
        lines.append(f"    label={_dot(group)};")
        lines += [f"    {names[node.id]} [label={_dot(_short(node))}];" for node in nodes]
        lines.append("  }")
    lines += [
        f"  {names[each.source]} -> {names[each.target]} [weight={each.count}];" for each in drawing.arrows
    ]
    return "\n".join([*lines, "}"])


def as_graphml(drawing: Drawing) -> str:
    """A GraphML document, with the fields of nodes and edges as data."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<graphml xmlns="{_GRAPHML}">']
    lines += [
        f'  <key id="{key}" for="node" attr.name="{key}" attr.type="{kind}"/>'
        for key, kind in _NODE_KEYS.items()
    ]
    lines.append('  <key id="count" for="edge" attr.name="count" attr.type="int"/>')
    lines.append('  <graph edgedefault="directed">')
    for node in drawing.nodes:
        values = (node.label, node.kind, node.path, node.start_line, node.score)
        data = "".join(
            f'<data key="{key}">{escape(xml_text(str(value)))}</data>'
            for key, value in zip(_NODE_KEYS, values, strict=True)
        )
        lines.append(f"    <node id={quoteattr(xml_text(node.id))}>{data}</node>")
    for each in drawing.arrows:
        ends = f"source={quoteattr(xml_text(each.source))} target={quoteattr(xml_text(each.target))}"
        lines.append(f'    <edge {ends}><data key="count">{each.count}</data></edge>')
    return "\n".join([*lines, "  </graph>", "</graphml>"])


def xml_text(text: str) -> str:
    """The text with ``?`` for what XML cannot hold."""
    return "".join(each if each.isprintable() else "?" for each in text)


def group_of(node: Node) -> str:
    """What a node is drawn in: the folder of a file, the file of a definition."""
    return (node.path.rpartition("/")[0] or ".") if node.kind == "file" else node.path


def _short(node: Node) -> str:
    return node.label.rpartition("/")[2] if node.kind == "file" else node.label


def _groups(drawing: Drawing) -> Mapping[str, list[Node]]:
    """The nodes of each group, both in the order of the nodes."""
    found: dict[str, list[Node]] = {}
    for node in drawing.nodes:
        found.setdefault(group_of(node), []).append(node)
    return found


def _names(drawing: Drawing) -> Mapping[str, str]:
    """Names of nodes and groups that need no quotes."""
    names = {node.id: f"n{number}" for number, node in enumerate(drawing.nodes)}
    for number, group in enumerate(_groups(drawing)):
        names.setdefault(group, f"g{number}")
    return names


def _mermaid(text: str) -> str:
    """The text with numbers for letters that mean something to Mermaid."""
    return "".join(_plain(each) for each in text)


def _plain(letter: str) -> str:
    return letter if letter.isprintable() and letter not in _SPECIAL else f"#{ord(letter)};"


def _dot(text: str) -> str:
    whole = xml_text(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{whole}"'
