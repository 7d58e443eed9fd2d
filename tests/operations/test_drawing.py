"""The graph of a small repository as a document, in every format."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from itertools import pairwise
from pathlib import Path

import pytest

import semindex
from semindex.graph.drawing.layering import GAP, MOST_A_LAYER, Layout, laid_out
from semindex.operations.drawing import FORMATS, SHOWN
from tests.product import plant

FILES: dict[str | bytes, bytes] = {
    "app/main.py": b"from app.shop import Shop\ndef main():\n    Shop().sell()\n    Shop()\n",
    "app/shop.py": (
        b"from app.stock import Stock, count\n"
        b"class Shop:\n    def sell(self):\n        count(Stock())\n        helper()\n"
        b"def helper(): ...\n"
    ),
    "app/stock.py": b'class Stock: ...\ndef count(stock): ...\nODD = "<a & \\"b\\">"\n',
    "tests/test_shop.py": b"from app.shop import Shop\ndef test_it():\n    Shop()\n",
}
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = plant(tmp_path_factory.mktemp("drawn"), FILES)
    with semindex.open(root) as index:
        index.refresh()
    return root


def drawn(root: Path, **asked: object) -> str:
    with semindex.open(root) as index:
        return index.draw(**asked).text  # type: ignore[arg-type]


def test_files_and_how_often_one_names_another(root: Path) -> None:
    found = json.loads(drawn(root))
    assert {(each["source"], each["target"], each["count"]) for each in found["edges"]} == {
        ("app/main.py", "app/shop.py", 4),
        ("app/shop.py", "app/stock.py", 4),
    }
    assert {each["id"] for each in found["nodes"]} == {"app/main.py", "app/shop.py", "app/stock.py"}
    assert found["total"] == 3


def test_definitions_use_each_other_and_methods_count_as_their_class(root: Path) -> None:
    found = json.loads(drawn(root, of="symbols"))
    assert {(each["source"], each["target"], each["count"]) for each in found["edges"]} == {
        ("app/main.py::main", "app/shop.py::Shop", 3),
        ("app/shop.py::Shop", "app/stock.py::count", 1),
        ("app/shop.py::Shop", "app/stock.py::Stock", 1),
        ("app/shop.py::Shop", "app/shop.py::helper", 1),
    }
    assert {(each["label"], each["kind"], each["line"]) for each in found["nodes"]} >= {
        ("Shop", "class", 2),
        ("count", "function", 2),
        ("ODD", "variable", 3),
    }


def test_mermaid_groups_nodes_and_draws_edges(root: Path) -> None:
    assert sorted(drawn(root, format="mermaid").split("\n")[1:]) == sorted(
        [
            '  subgraph g0["app"]',
            '    n0["shop.py"]',
            '    n1["stock.py"]',
            '    n2["main.py"]',
            "  end",
            "  n0 --> n1",
            "  n2 --> n0",
        ]
    )


def test_dot_groups_nodes_and_draws_edges(root: Path) -> None:
    text = drawn(root, format="dot")
    assert text.startswith("digraph {\n") and text.endswith("\n}")
    assert '    label="app";' in text
    assert "  n0 -> n1 [weight=4];" in text


def test_graphml_has_the_same_nodes_and_edges_as_json(root: Path) -> None:
    for of in SHOWN:
        whole = json.loads(drawn(root, of=of))
        space = "{http://graphml.graphdrawing.org/xmlns}"
        tree = ElementTree.fromstring(drawn(root, of=of, format="graphml"))
        assert [each.get("id") for each in tree.iter(f"{space}node")] == [
            each["id"] for each in whole["nodes"]
        ]
        assert [(each.get("source"), each.get("target")) for each in tree.iter(f"{space}edge")] == [
            (each["source"], each["target"]) for each in whole["edges"]
        ]


def test_a_picture_has_a_box_for_each_node_and_a_way_for_each_edge(root: Path) -> None:
    tree = ElementTree.fromstring(drawn(root, format="svg"))
    boxes = {each.findtext(f"{SVG}title"): each.find(f"{SVG}rect") for each in tree.iter(f"{SVG}g")}
    assert set(boxes) == {"app/main.py", "app/shop.py", "app/stock.py"}
    tops = [float(boxes[f"app/{name}.py"].get("y", "")) for name in ("main", "shop", "stock")]  # type: ignore[union-attr]
    assert tops == sorted(set(tops)), "users stand above what they use"
    assert len([each for each in tree.iter(f"{SVG}path") if each.get("stroke")]) == 2


@pytest.mark.parametrize("format", FORMATS)
def test_a_large_graph_is_cut_by_importance_with_a_note(root: Path, format: str) -> None:
    with semindex.open(root) as index:
        answer = index.draw(format=format, limit=1)
        again = index.draw(format=format, limit=1)
    assert (answer.nodes, answer.edges, answer.total) == (1, 0, 3)
    assert answer.coverage.notes[-1] == "shown are the 1 most important of 3 modules; --limit shows more"
    assert answer.text == again.text
    assert "shop.py" in answer.text and "main.py" not in answer.text


def test_tests_are_drawn_where_there_is_nothing_else(root: Path) -> None:
    found = json.loads(drawn(root, scope="tests"))
    assert [each["id"] for each in found["nodes"]] == ["tests/test_shop.py"]
    assert json.loads(drawn(root, scope="none")) == {"schema": 1, "nodes": [], "edges": [], "total": 0}
    assert drawn(root, scope="none", format="svg").endswith("</svg>")


def layer_of(layout: Layout, node: int) -> int:
    (layer,) = (at for at, spots in enumerate(layout.layers) if node in spots)
    return layer


def test_a_layout_keeps_order_room_and_ways() -> None:
    edges = [(0, 1), (1, 2), (2, 0), (0, 3), (3, 4), (4, 5), (0, 5), *((5, each) for each in range(6, 20))]
    layout = laid_out([60.0] * 21, edges)
    assert set(layout.ways) == set(edges)
    turned = [edge for edge in edges if layer_of(layout, edge[0]) > layer_of(layout, edge[1])]
    assert len(turned) == 1, "one edge of the cycle leads upwards"
    for (source, target), way in layout.ways.items():
        assert (way[0], way[-1]) == (source, target)
        layers = [layer_of(layout, spot) for spot in way]
        assert {abs(after - before) for before, after in pairwise(layers)} == {1}
    for layer in layout.layers:
        spots = [layout.spots[each] for each in layer]
        assert sum(spot.node >= 0 for spot in spots) <= MOST_A_LAYER
        for left, right in pairwise(spots):
            assert right.x - left.x >= (left.width + right.width) / 2 + GAP - 1e-6
    assert layer_of(layout, 20) == len(layout.layers) - 1, "a lone node comes last"
    assert layout.width >= max(spot.x + spot.width / 2 for spot in layout.spots) - 1e-6
