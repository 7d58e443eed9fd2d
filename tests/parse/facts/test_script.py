"""What a file of TypeScript or JavaScript says of its calls, closed within the file."""

from __future__ import annotations

import time

import pytest

from semindex.parse.facts.model import Facts, Flag, Form, Role, unpacked
from semindex.parse.parser import parse_file
from semindex.types import SourceFile


def facts(text: str, language: str = "typescript", path: str = "a.ts") -> Facts:
    data = text.encode()
    parsed = parse_file(SourceFile(path, data, b"", language, len(data)))
    assert parsed.facts
    return unpacked(parsed.facts)


def calls(text: str, language: str = "typescript") -> list[str]:
    """Each call as people read it, in the order of places."""
    found = facts(text, language)
    return [found.written(use.expression) for use in found.uses if use.role == Role.CALL]


def attributes(found: Facts, number: int) -> dict[str, str]:
    flat = found.definitions[number].attributes
    return {found.names[flat[at]]: found.written(flat[at + 1]) for at in range(0, len(flat), 2)}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("import a, {b as c} from './x'\na()\nc.d()\n", ["import(./x:default)", "import(./x:b).d"]),
        ("import * as n from 'x'\nn.f()\n", ["import(x:).f"]),
        ("import q = require('x')\nq.f()\n", ["import(x:export=).f"]),
        ("const m = await import('./x')\nm.f()\n", ["import", "m.f"]),
        ("f()\nfunction f() {}\n", ["f"]),
        ("const f = 1\nfunction g(f) { f() }\n", ["?"]),
        ("let x: Foo\n{ let x = new Bar()\nx.a() }\nx.b()\n", ["Bar", "call(Bar).a", "x.b"]),
        ("function g() { h.i(); var h = new A() }\n", ["call(A).i", "A"]),
        ("try {} catch (f) { f() }\nfunction f() {}\n", ["?"]),
        ("class A { b: B; go() { this.b.c() } }\n", ["self(A).b.c"]),
        ("class A { static go() { this.make() } static make() {} }\n", ["A.make"]),
        ("class A extends B { constructor() { super(); super.go() } }\n", ["B", "super(A).go"]),
        ("function f(x: A | null) { x?.go()!.on() }\n", ["instance(A).go", "call(instance(A).go).on"]),
        ("function f(x: A | B) { x.go() }\n", ["instance(union(A, B)).go"]),
        ("function f(x: A | any) { x.go() }\n", ["?"]),
        ("function f<T extends A>(x: T) { x.go() }\n", ["instance(A).go"]),
        ("function f<T>(x: T) { x.go() }\n", ["?"]),
        ("function f(x: A[]) { x[0].go(); for (const y of x) y.on() }\n", [
            "item(instance(apply(Array, instance(A)))).go",
            "iterate(instance(apply(Array, instance(A)))).on",
        ]),
        ("function f(x: A[]) { x.map(y => y.go()) }\n", [
            "instance(apply(Array, instance(A))).map",
            "iterate(instance(apply(Array, instance(A)))).go",
        ]),
        ("async function f(x: Promise<A>) { (await x).go() }\n", [
            "await(instance(apply(Promise, instance(A)))).go"
        ]),
        ("function f({a, b: {c}}: A) { a.go(); c.go() }\n", ["instance(A).a.go", "instance(A).b.c.go"]),
        ("const [a, b] = f()\nb.go()\n", ["f", "part(call(f), 1).go"]),
        ("function f(x = new A()) { x.go() }\n", ["A", "call(A).go"]),
        ("(x as A).go()\n", ["instance(A).go"]),
        ("(x as const).go()\n", ["x.go"]),
        ("const x = a ? new A() : new B()\nfunction f() { const y = a || b; y.go() }\n", [
            "A", "B", "union(a, b).go",
        ]),
        ("function f() { let x = null; x = new A(); x.go() }\n", ["A", "call(A).go"]),
        ("function f() { let x = new A(); x = what; x.go() }\n", ["A", "union(call(A), what).go"]),
        ("const o = {f() { this.g() }, g: () => 1}\no.f()\n", ["o.g", "o.f"]),
        ("f`text`\nnew a.B()\n", ["f", "a.B"]),
        ("new Error()\ntype Error = string\n", ["Error"]),
        ("g.call(this)\n", ["g.call"]),
    ],
)  # fmt: skip
def test_calls_are_closed_expressions(text: str, wanted: list[str]) -> None:
    assert calls(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("const a = require('./x').b\na()\n", ["require", "a"]),
        ("function f(require) { require('./x')() }\n", ["?"]),
        ("function A() {}\nA.prototype.go = function () { this.on() }\n", ["self(A).on"]),
        ("var p = A.prototype\nfunction A() {}\np.go = function () { this.on() }\n", ["self(A).on"]),
        ("const app = {}\napp.go = function () { this.on() }\n", ["app.on"]),
        ("function make() { return {go() {}} }\nmake().go()\n", ["make", "call(make).go"]),
        ("(function () { return new A() })().go()\n", ["A", "call(A).go"]),
        ("const x = <Box on={go()}>{open()}</Box>\n", ["go", "open"]),
    ],
)
def test_plain_javascript_is_followed(text: str, wanted: list[str]) -> None:
    assert calls(text, "javascript") == wanted


def test_columns_are_those_of_the_last_name_in_bytes() -> None:
    found = facts("é.a\n  .b()\n/* ü */ new x.C()\n")
    places = [(use.line, use.column, found.names[use.name]) for use in found.uses if use.role == Role.CALL]
    assert places == [(2, 4, "b"), (3, 16, "C")]


def test_classes_hold_fields_parameters_and_what_the_constructor_assigns() -> None:
    found = facts(
        "class A extends B<C> {\n  x: X[]\n  y = new Y()\n"
        "  constructor(private z: Z) { super(); this.w = new W() }\n"
        "  get v(): V { return this.x }\n  static make() { return new A() }\n  me() { return this }\n}\n"
    )
    assert found.written(found.definitions[0].bases[0]) == "apply(B, instance(C))"
    assert attributes(found, 0) == {
        "x": "instance(apply(Array, instance(X)))",
        "y": "call(Y)",
        "z": "instance(Z)",
        "w": "call(W)",
    }
    told = {
        found.names[each.name]: (Flag(each.flags), found.written(each.returns))
        for each in found.definitions[1:]
    }
    assert told["v"] == (Flag.PROPERTY, "instance(V)")
    assert told["make"] == (Flag.STATIC, "call(A)")
    assert told["me"] == (Flag(0), "self(A)")


def test_overloads_are_one_definition_that_returns_what_they_say() -> None:
    found = facts(
        "function f(a: string): A\nfunction f(a: number): B\nfunction f(a: any) { return a }\n"
        "interface I { g(a: string): A; g(a: number): A }\n"
    )
    told = [(found.names[each.name], each.line, found.written(each.returns)) for each in found.definitions]
    assert told == [
        ("f", 3, "union(instance(A), instance(B))"),
        ("I", 4, "?"),
        ("g", 4, "instance(A)"),
    ]


def test_interfaces_in_parts_are_one_and_other_names_are_types() -> None:
    found = facts("interface A { b: B }\ninterface A { c: C }\ntype D = Partial<A> | undefined\n")
    assert [Form(each.form) for each in found.definitions] == [Form.INTERFACE, Form.TYPE]
    assert attributes(found, 0) == {"b": "instance(B)", "c": "instance(C)"}
    assert found.written(found.definitions[1].value) == "A"


def test_what_a_file_offers_is_told() -> None:
    found = facts(
        "export const a = 1\nexport {b as c} from './x'\nexport * from './y'\nexport * as n from './z'\n"
        "function d() {}\nexport {d as e}\nexport default d\n"
    )
    flat = found.bindings
    offered = {found.names[flat[at]]: found.written(flat[at + 1]) for at in range(0, len(flat), 2)}
    assert offered == {
        "a": "a",
        "c": "import(./x:b)",
        "n": "import(./z:)",
        "e": "d",
        "default": "d",
    }
    whole = [found.names[each.module] for each in found.imports if not found.names[each.local]]
    assert whole == ["./y"]


def test_exports_of_commonjs_are_offered_and_belong_to_the_whole() -> None:
    found = facts(
        "exports = module.exports = make\nexports.f = function () {}\nfunction make() { return app }\n"
        "const app = {}\n",
        "javascript",
    )
    flat = found.bindings
    offered = {found.names[flat[at]]: found.written(flat[at + 1]) for at in range(0, len(flat), 2)}
    assert offered == {"export=": "make", "f": "f"}
    assert attributes(found, 0) == {"f": "f"}


def test_uses_have_their_roles() -> None:
    found = facts("import {A, B, c} from './x'\n@c\nclass D extends A { e: B = c }\n")
    told = [(found.names[use.name], Role(use.role)) for use in found.uses]
    assert told == [("c", Role.DECORATOR), ("A", Role.BASE), ("B", Role.TYPE), ("c", Role.READ)]


@pytest.mark.parametrize(
    "text",
    [
        "function (\nd()\n",
        "const {a = \nd()\n",
        "d()\n<<<<<<< x\n",
        "d()\nimport {\n",
        "d()\nclass A extends {\n",
    ],
)
@pytest.mark.parametrize("language", ["typescript", "tsx", "javascript"])
def test_broken_code_still_has_facts(text: str, language: str) -> None:
    assert any(call.endswith("d") for call in calls(text, language))


@pytest.mark.parametrize(
    "text",
    [
        "a" + " + a" * 3000 + "\nd()\n",
        "a" + ".b()" * 3000 + "\nd()\n",
        "f(" * 800 + ")" * 800 + "\nd()\n",
        "[" * 800 + "]" * 800 + "\nd()\n",
        "if (a) {" * 800 + "}" * 800 + "\nd()\n",
        "() => " * 800 + "1\nd()\n",
        "type T = " + "A<" * 400 + "B" + ">" * 400 + "\nd()\n",
        "let x: " + "A | " * 2000 + "B\nd()\n",
        "a ? b : " * 800 + "c\nd()\n",
    ],
)
def test_deep_nesting_neither_fails_nor_takes_long(text: str) -> None:
    start = time.thread_time()
    assert calls(text)[-1] == "d"
    assert time.thread_time() - start < 10


def test_what_nests_deeper_is_read_later_and_unknown_to_what_is_around_it() -> None:
    text = "f(" * 300 + "new A().go()" + ")" * 300
    found = calls(f"class A {{ go() {{}} }}\n{text}\n")
    assert found.count("f") == 300
    assert found[-1] == "call(A).go"
