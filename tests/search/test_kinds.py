"""``kind:`` filters by the definitions that a chunk has, and shows them."""

from __future__ import annotations

import pytest

from .growing import Grow

SMALL = {
    "a.ts": (
        "export enum Shade { A, B }\nexport interface Props { a: number }\nexport type Id = string\n"
        "export const LIMIT = 3\nexport function longest(a: string, b: string) {\n  return a\n}\n"
    ),
    "b.go": (
        "package b\n\ntype Cache struct{}\n\ntype Store interface{}\n\n"
        "func (c *Cache) Get() int { return 1 }\n"
    ),
    "c.h": "#define SLOTS 64\n#define CHECK(c) (c)\nnamespace ring {\nstruct Slot { int a; };\n}\n",
}


@pytest.mark.parametrize(
    ("query", "path", "line", "symbol"),
    [
        ("kind:enum Shade", "a.ts", 1, "Shade"),
        ("kind:interface Props", "a.ts", 2, "Props"),
        ("kind:type Id", "a.ts", 3, "Id"),
        ("kind:function longest", "a.ts", 5, "longest"),
        ("kind:interface Store", "b.go", 5, "Store"),
        ("kind:method Get", "b.go", 7, "Cache.Get"),
        ("kind:macro SLOTS", "c.h", 1, "SLOTS"),
        ("kind:macro check", "c.h", 2, "CHECK"),
        ("kind:macro ring", "c.h", 1, "SLOTS"),
    ],
)
def test_a_small_definition_is_found_by_its_kind_and_shown(
    grow: Grow, query: str, path: str, line: int, symbol: str
) -> None:
    first = grow(SMALL).search(query)[0]
    assert (first.path, first.start_line, first.symbol, first.kind) == (
        path,
        line,
        symbol,
        query[5:].split()[0],
    )


def test_a_kind_that_no_definition_has_is_told_with_those_there_are(grow: Grow) -> None:
    answer = grow(SMALL).search("kind:table Shade")
    assert not answer.hits
    (note,) = answer.coverage.notes
    for kind in ("enum", "interface", "type", "function", "struct", "method", "macro"):
        assert kind in note
