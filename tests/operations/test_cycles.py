"""The cycles of imports of small repositories, whole."""

from __future__ import annotations

from pathlib import Path

import semindex
from semindex.graph.cycles import components
from tests.product import plant

FILES: dict[str | bytes, bytes] = {
    "a.py": b"import os\nimport b\n",
    "b.py": b"from c import thing\n",
    "c.py": b"import a\nimport d\nthing = 1\n",
    "d.py": b"from c import thing\n",
    "e.py": b"from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    # a cycle\n\n    from f import F\n",
    "f.py": b"import e\nclass F: ...\n",
    "g.py": b"def later():\n    if True:\n        import h\n",
    "h.py": b"import g\nimport a\n",
    "i.py": b"def run(): ...\nif __name__ == '__main__':\n    import j\n",
    "j.py": b"import i\n",
    "lone.py": b"import lone\nimport a\n",
}


def told(root: Path, **asked: object) -> list[str]:
    with semindex.open(root) as index:
        index.refresh()
        return list(index.cycles(**asked).lines())  # type: ignore[arg-type]


def test_cycles_are_shown_by_their_shortest_way_round_and_harmless_ones_last(tmp_path: Path) -> None:
    assert told(plant(tmp_path, FILES)) == [
        "cycle of 4 files",
        "  c.py:2: d -> d.py",
        "  d.py:1: c -> c.py",
        "  also in it: a.py, b.py",
        "harmless cycle of 2 files",
        "  e.py:5: f -> f.py (for types only)",
        "  f.py:1: e -> e.py",
        "harmless cycle of 2 files",
        "  g.py:3: h -> h.py (inside a function)",
        "  h.py:1: g -> g.py",
        "harmless cycle of 2 files",
        "  i.py:3: j -> j.py (only when run as a program)",
        "  j.py:1: i -> i.py",
    ]


def test_harmless_cycles_may_be_left_out_and_long_lists_cut(tmp_path: Path) -> None:
    plant(tmp_path, FILES)
    assert told(tmp_path, no_harmless=True)[0::4] == ["cycle of 4 files"]
    with semindex.open(tmp_path) as index:
        answer = index.cycles(limit=1)
    assert (len(answer.cycles), answer.total) == (1, 4)
    assert answer.coverage.notes[-1] == "3 more cycles; --limit shows more"


def test_only_files_of_the_folder_are_looked_at(tmp_path: Path) -> None:
    plant(tmp_path, {"one/a.py": b"from . import b\n", "one/b.py": b"from . import a\n", **FILES})
    assert told(tmp_path, scope="one") == [
        "cycle of 2 files",
        "  one/a.py:1: . -> one/b.py",
        "  one/b.py:1: . -> one/a.py",
    ]


def test_a_long_cycle_is_found_whole(tmp_path: Path) -> None:
    files: dict[str | bytes, bytes] = {
        f"m{number:03}.py": b"import m%03d\n" % ((number + 1) % 300) for number in range(300)
    }
    lines = told(plant(tmp_path, files))
    assert lines[0] == "cycle of 300 files"
    assert len(lines) == 301
    assert lines[300] == "  m299.py:1: m000 -> m000.py"


def test_components_are_those_nodes_that_reach_each_other() -> None:
    edges = {1: [2], 2: [3], 3: [1, 4], 4: [5], 5: [4], 6: [6], 7: [1]}
    assert {frozenset(each) for each in components(edges)} == {frozenset((1, 2, 3)), frozenset((4, 5))}
