"""What a Python file says of its calls, closed within the file."""

from __future__ import annotations

import pytest

from semindex.parse.facts.model import Facts, Role, unpacked
from semindex.parse.parser import parse_file
from semindex.types import SourceFile


def facts(text: str) -> Facts:
    data = text.encode()
    parsed = parse_file(SourceFile("a.py", data, b"", "python", len(data)))
    assert parsed.facts
    return unpacked(parsed.facts)


def calls(text: str) -> list[str]:
    """Each call as people read it, in the order of places."""
    found = facts(text)
    return [found.written(use.expression) for use in found.uses if use.role == Role.CALL]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("import a\na.b()\n", ["import(a:).b"]),
        ("import a.b as c\nc.d()\n", ["import(a.b:).d"]),
        ("from ..x import y as z\nz()\n", ["import(x:y)"]),
        ("def f(): g()\ndef g(): pass\n", ["g"]),
        ("x = 1\ndef f(x): x()\n", ["?"]),
        ("def f(x: 'A | None'): x.go()\nclass A: pass\n", ["instance(A).go"]),
        ("class A:\n def go(self): self.stop()\n", ["self(A).stop"]),
        ("class A:\n @classmethod\n def make(cls): return cls()\n", ["A"]),
        ("class A(B):\n def go(self): super().go()\n", ["super(A).go"]),
        ("with open(p) as f: f.read()\n", ["open", "enter(call(open)).read"]),
        ("for x in xs(): x.y()\n", ["xs", "iterate(call(xs)).y"]),
        ("a, b = f()\nb.go()\n", ["f", "part(call(f), 1).go"]),
        ("async def f(): (await g()).h()\n", ["g", "await(call(g)).h"]),
        ("[x.y() for x in f()]\n", ["iterate(call(f)).y", "f"]),
        ("x = A() if t else B()\nx.go()\n", ["A", "B", "union(call(A), call(B)).go"]),
        ("x = None or A()\nx.go()\n", ["A", "call(A).go"]),
        ("x = a\nx = b\nx()\n", ["b"]),
        ("def f():\n x = A()\n def g(): x.go()\n x = None\n", ["A", "call(A).go"]),
        ("try:\n import a\nexcept E:\n a = None\na.go()\n", ["instance(None).go"]),
        ("if (x := f()): x.go()\n", ["f", "call(f).go"]),
        ("lambda x: x.go()\n", ["?"]),
        ("def f(*xs: A): xs[0].go()\nclass A: pass\n", ["item(instance(apply(tuple, instance(A)))).go"]),
        (
            "def f(x: dict[str, A]): x.values()\n",
            ["instance(apply(apply(dict, instance(str)), instance(A))).values"],
        ),
        ("def f():\n global x\n x = A()\ndef g(): x.go()\n", ["A", "call(A).go"]),
        ("except_ = 1\ntry: pass\nexcept (A, B) as e: e.go()\n", ["union(instance(A), instance(B)).go"]),
    ],
)
def test_calls_are_closed_within_the_file(text: str, wanted: list[str]) -> None:
    assert calls(text) == wanted


def test_places_are_of_the_last_name_in_bytes() -> None:
    found = facts("é = 'ü'; a.b(\n    c.\n    dd())\n")
    assert [(use.line, use.column, found.names[use.name]) for use in found.uses if use.role == Role.CALL] == [
        (1, 14, "b"),
        (3, 5, "dd"),
    ]


def test_what_functions_give_and_objects_hold() -> None:
    found = facts(
        "class A:\n"
        "    size: int\n"
        "    def __init__(self, b: B): self.b = b; self.c = None\n"
        "    def late(self): self.c = C()\n"
        "    def me(self): return self\n"
        "    async def some(self) -> list[B]: ...\n"
        "    @contextmanager\n    def hold(self) -> Iterator[B]: yield\n"
        "    @unknown\n    def lost(self): return self\n"
    )
    told = {
        found.names[each.name]: (found.written(each.returns), found.written(each.value))
        for each in found.definitions
    }
    assert told["b"][1] == "instance(B)" and told["c"][1] == "call(C)" and told["size"][1] == "instance(int)"
    assert told["me"][0] == "self(A)" and told["lost"][0] == "?"
    assert told["some"][0] == "instance(apply(list, instance(B)))"
    assert told["hold"][0] == "iterate(instance(apply(Iterator, instance(B))))"


@pytest.mark.parametrize(
    "text", ["(" * 5000, "f(" * 2000 + ")" * 2000, "x = " * 3000, "def f(" * 500, "a.b." * 9000]
)
def test_hostile_nesting_is_passed_over(text: str) -> None:
    data = text.encode()
    parse_file(SourceFile("a.py", data, b"", "python", len(data)))
