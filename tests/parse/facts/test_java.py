"""What a Java file says of its calls, closed within the file."""

from __future__ import annotations

import time

import pytest

from semindex.parse.facts.model import Flag, Role
from tests.parse.facts.typed_facts import calls, defined, facts, used


def in_method(body: str) -> list[str]:
    return calls(
        "java", f"import a.b.Foo;\nclass A extends B {{ void m(Foo p) {{\n{body}\n}} class In {{}} }}\n"
    )


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("go(1, 2);", ["A~go/2"]),
        ("this.go(); super.go();", ["self(A).go/0", "super(A).go/0"]),
        ("A.this.go(); A.super.go();", ["self(A).go/0", "instance(A).go/0"]),
        ("p.go(() -> x.y(), 1);", ["instance(import(a.b.Foo:)).go/2", "A~x.y/0"]),
        ("Foo.make().go();", ["import(a.b.Foo:).make/0", "call(import(a.b.Foo:).make/0).go/0"]),
        ("Foo f = q; f.go();", ["instance(import(a.b.Foo:)).go/0"]),
        ("var f = new Foo(); f.go();", ["import(a.b.Foo:)", "instance(import(a.b.Foo:)).go/0"]),
        ("{ Foo f = q; } f.go();", ["A~f.go/0"]),
        ("for (Foo f : fs) f.go();", ["instance(import(a.b.Foo:)).go/0"]),
        ("for (var f : fs) f.go();", ["iterate(A~fs).go/0"]),
        ("try (Foo f = q) { f.go(); }", ["instance(import(a.b.Foo:)).go/0"]),
        ("try {} catch (X | Y e) { e.go(); }", ["union(instance(A~X), instance(A~Y)).go/0"]),
        ("if (!(q instanceof Foo f)) return; f.go();", ["instance(import(a.b.Foo:)).go/0"]),
        ("switch (q) { case Foo f -> f.go(); default -> {} }", ["instance(import(a.b.Foo:)).go/0"]),
        ("q(x -> x.go()); q((Foo x) -> x.go());", ["A~q/1", "?", "A~q/1", "instance(import(a.b.Foo:)).go/0"]),
        ("((Foo) q).go(); (c ? p : null).go();", ["instance(import(a.b.Foo:)).go/0"] * 2),
        ("Foo[] f = q; f[0].go();", ["item(instance(apply([], instance(import(a.b.Foo:))))).go/0"]),
        ("new In().go(); p.new In();", ["In", "instance(In).go/0", "instance(import(a.b.Foo:)).In/0"]),
        (
            "new Foo() { void n() { go(); } }.n();",
            ["import(a.b.Foo:)", "<anonymous>~go/0", "instance(<anonymous>).n/0"],
        ),
        ("class L { void n() {} } new L().n();", ["L", "instance(L).n/0"]),
        ("x.y.Z z = q; z.go();", ["instance(import(x.y.Z:)).go/0"]),
        (
            '"a".trim(); Foo.class.go();',
            ["instance(String).trim/0", "instance(apply(Class, instance(import(a.b.Foo:)))).go/0"],
        ),
    ],
)
def test_calls_are_closed_within_the_file(body: str, wanted: list[str]) -> None:
    assert in_method(body) == wanted


def test_definitions_have_bases_types_and_numbers_of_arguments() -> None:
    text = """package p.q;
class Box<T extends Item> extends Base<T> implements Some {
  static final Foo FIRST = null, MORE[] = {};
  T held;
  Box(int a, Foo... more) {}
  T get() { return held; }
  private static Foo make(int a) { return null; }
  enum Kind { ONE { int x() { return 1; } }, TWO; abstract int x(); }
}
record Pair(Foo left, int right) {}
interface Some { Foo some(); }
"""
    assert defined("java", text) == [
        "class Box 2 < apply(Box~Base, instance(Box~Item)), Some",
        "variable Box.FIRST 3 = instance(Box~Foo)",
        "variable Box.MORE 3 = instance(apply([], instance(Box~Foo)))",
        "variable Box.held 4",
        "function Box.Box 5",
        "function Box.get 6",
        "function Box.make 7 -> instance(Box~Foo)",
        "class Box.Kind 8 < Enum",
        "variable Box.Kind.ONE 8 = instance(Kind)",
        "variable Box.Kind.TWO 8 = instance(Kind)",
        "function Box.Kind.x 8 -> instance(int)",
        "class Pair 10 < Record",
        "variable Pair.left 10 = instance(Pair~Foo)",
        "function Pair.left 10 -> instance(Pair~Foo)",
        "variable Pair.right 10 = instance(int)",
        "function Pair.right 10 -> instance(int)",
        "interface Some 11",
        "function Some.some 11 -> instance(Some~Foo)",
        "class Box.Kind.<anonymous> 8 < Kind",
        "function Box.Kind.<anonymous>.x 8 -> instance(int)",
    ]
    found = facts("java", text)
    assert found.package == "p.q"
    by_name = {found.names[each.name]: each for each in found.definitions if each.most >= 0 or each.least}
    assert (by_name["make"].least, by_name["make"].most) == (1, 1)
    assert (by_name["Box"].least, by_name["Box"].most) == (1, -1)
    assert by_name["make"].flags == Flag.STATIC | Flag.PRIVATE
    assert by_name["some"].flags == Flag.DECLARATION


def test_uses_of_types_are_noted_but_not_those_of_the_language_or_of_type_parameters() -> None:
    text = "import a.Foo;\n@Mark class A<T> extends B { Foo f(T t, String s, C c) { return D.E; } }\n"
    assert used("java", text, Role.TYPE) == ["2:30 Foo", "2:51 C"]
    assert used("java", text, Role.BASE) == ["2:26 B"]
    assert used("java", text, Role.DECORATOR) == ["2:2 Mark"]
    assert used("java", text, Role.READ) == ["2:65 D"]


def test_a_deeply_nested_file_takes_no_time_and_raises_nothing() -> None:
    text = "class A { int x() { return " + "(" * 5000 + "1" + ")" * 5000 + "; } void y() { z(); } }"
    begun = time.process_time()
    assert "A~z/0" in calls("java", text)
    assert time.process_time() - begun < 5
