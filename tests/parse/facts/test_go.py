"""The facts of Go files: what calls are made of, and what types, functions and variables hold."""

from __future__ import annotations

import time

import pytest

from semindex.parse.facts.go import LEFT_OUT, assumed_name
from semindex.parse.facts.model import Facts, Flag, Form, Role, unpacked
from semindex.parse.parser import parse_file
from semindex.types import SourceFile

HEAD = "package shop\n"


def facts_of(text: str, path: str = "shop/cart.go", language: str = "go") -> Facts:
    data = text.encode()
    packed = parse_file(SourceFile(path, data, b"", language, len(data))).facts
    return unpacked(packed) if packed else Facts((), (), (), (), (), ())


def uses(text: str, role: Role = Role.CALL) -> list[str]:
    """The expressions of a file's uses with a role, in their order."""
    facts = facts_of(HEAD + text)
    return [facts.written(use.expression) for use in facts.uses if use.role == role]


def in_body(body: str, parameters: str = "") -> list[str]:
    """The calls of a function with a body."""
    return uses(f"func do({parameters}) {{\n{body}\n}}\n")


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("open()", ["open"]),
        ("x := NewCart(); x.Add()", ["NewCart", "call(NewCart).Add"]),
        (
            "x, err := load(); x.Add(); err.Error()",
            ["load", "part(call(load), 0).Add", "part(call(load), 1).Error"],
        ),
        ("var c Cart; c.Add()", ["instance(Cart).Add"]),
        ("var c, d = one(), two(); d.Add()", ["one", "two", "call(two).Add"]),
        ("c := &Cart{n: 1}; c.box.Add()", ["instance(Cart).box.Add"]),
        ("c := new(Cart); c.Add()", ["new", "instance(Cart).Add"]),
        ("c := make([]Cart, 3); c[0].Add()", ["make", "instance(Cart).Add"]),
        ("c := append([]Cart{}, d); c[0].Add()", ["append", "instance(Cart).Add"]),
        ("for i, c := range carts() { c.Add(i) }", ["carts", "item(call(carts)).Add"]),
        ("for c := range carts() { c.Add() }", ["carts", "iterate(call(carts)).Add"]),
        (
            "var m map[Key]*Cart; for k, c := range m { k.Hash(); c.Add() }",
            ["instance(Key).Hash", "instance(Cart).Add"],
        ),
        ("var m map[Key][]Cart; m[k][1].Add()", ["instance(Cart).Add"]),
        ("if c, ok := m[1]; ok { c.Add() }", ["item(m).Add"]),
        ("var q chan Cart; c := <-q; c.Add(); (<-q).Add()", ["instance(Cart).Add", "instance(Cart).Add"]),
        ("select { case c, ok := <-queue(): c.Add(ok) }", ["queue", "iterate(call(queue)).Add"]),
        ("c := x.(*Cart); c.Add(); x.(Box).Open()", ["instance(Cart).Add", "instance(Box).Open"]),
        ("one().Two(three()).Four()", ["one", "call(one).Two", "three", "call(call(one).Two).Four"]),
        (
            "f := func(c Cart) Box { c.Add(); return b }; f(c).Open()",
            ["instance(Cart).Add", "instance(apply(func, instance(Box)))", "instance(Box).Open"],
        ),
        ("go func() { open() }()\ndefer shut()", ["open", "shut"]),
        ("Map[int, Cart](x); shop.Map[int](y)", ["Map", "shop.Map"]),
        ("b := (*Box)(x); b.Open(); []byte(c())", ["call(Box).Open", "c"]),
        ("return Cart{a: one(), two(): {three()}}", ["one", "two", "three"]),
        ("l: for { if a() && b() || c() { continue l } }", ["a", "b", "c"]),
        ("x = append(x, more()...)", ["append", "more"]),
        (
            "ask := sync.OnceValue(func() *Cart { return nil }); ask().Add()",
            ["sync.OnceValue", "instance(apply(func, instance(Cart)))", "instance(Cart).Add"],
        ),
    ],
)
def test_calls_have_the_expressions_of_what_they_call(body: str, wanted: list[str]) -> None:
    assert in_body(body) == wanted


def test_the_nearest_binding_wins_and_ends_with_its_block() -> None:
    body = "c := one()\nif c := two(); c.A() { c := three; c.B() } else { c.C() }\nc.D()"
    assert in_body(body) == ["one", "two", "call(two).A", "three.B", "call(two).C", "call(one).D"]


def test_what_is_bound_to_the_unknown_is_unknown() -> None:
    assert in_body("open := 1 + 2; open()\nfunc(shut any) { shut() }(0)") == ["?", "instance(any)"]


def test_a_variable_keeps_its_type_when_it_is_assigned_again() -> None:
    assert in_body("var c Cart\nd, c := 1, nil\nc.Add(d)") == ["instance(Cart).Add"]


def test_a_type_switch_gives_its_name_the_type_of_each_case() -> None:
    body = "switch c := x().(type) { case *Cart: c.A(); case Box, Bag: c.B(); default: c.C() }"
    assert in_body(body) == ["x", "instance(Cart).A", "call(x).B", "call(x).C"]


def test_parameters_receivers_and_named_results_are_known_by_their_types() -> None:
    text = (
        "func (s *Shop) Do(a, b Cart, more ...Box) (out Bag, err error) "
        "{ s.A(); b.B(); more[0].C(); out.D() }"
    )
    assert uses(text) == ["instance(Shop).A", "instance(Cart).B", "instance(Box).C", "instance(Bag).D"]


def test_imports_are_known_by_their_names() -> None:
    text = 'import (\n"net/http"\ny "gopkg.in/yaml.v3"\n. "dot"\n_ "none"\n"a/go-toml/v2"\n)\n'
    facts = facts_of(HEAD + text + "func do() { http.Get(); y.Load(); toml.Read() }")
    assert [facts.written(use.expression) for use in facts.uses] == [
        "import(net/http:).Get",
        "import(gopkg.in/yaml.v3:).Load",
        "import(a/go-toml/v2:).Read",
    ]
    assert [facts.names[each.local] for each in facts.imports] == ["http", "y", "", "_", "toml"]


def test_packages_are_named_after_their_paths() -> None:
    paths = ("net/http", "gopkg.in/yaml.v3", "a/go-isatty", "a/toml-go", "a/b/v2", "odd-name!")
    assert [assumed_name(path) for path in paths] == ["http", "yaml", "isatty", "toml", "b", "odd-name!"]


def test_calls_stand_at_the_last_name_in_bytes() -> None:
    facts = facts_of(HEAD + 'func do() { π := "é"; a.b.Open(π); (shut)() }')
    assert [(use.line, use.column, facts.names[use.name]) for use in facts.uses if use.role == Role.CALL] == [
        (2, 29, "Open"),
        (2, 40, "shut"),
    ]


def test_structs_have_fields_and_embedded_types() -> None:
    facts = facts_of(
        HEAD + "type Shop struct {\n*Base\nsync.Mutex\na, b Cart `json`\nall map[string][]Box\n}"
    )
    shop = facts.definitions[0]
    assert (facts.names[shop.name], shop.form, shop.line, shop.end_line) == ("Shop", Form.CLASS, 2, 7)
    assert [facts.written(base) for base in shop.bases] == ["Base", "sync.Mutex"]
    flat = shop.attributes
    held = {facts.names[flat[at]]: facts.written(flat[at + 1]) for at in range(0, len(flat), 2)}
    assert held == {
        "Base": "instance(Base)",
        "Mutex": "instance(sync.Mutex)",
        "a": "instance(Cart)",
        "b": "instance(Cart)",
        "all": "instance(apply(apply(map, string), apply([], Box)))",
    }


def test_interfaces_declare_methods() -> None:
    facts = facts_of(HEAD + "type Opener interface {\nBase\nOpen(a int) (Box, error)\n}")
    opener, open_ = facts.definitions
    assert (opener.form, facts.written(opener.bases[0])) == (Form.INTERFACE, "Base")
    assert (facts.names[open_.name], open_.parent, open_.flags, open_.line) == (
        "Open",
        0,
        Flag.DECLARATION,
        4,
    )
    assert facts.written(open_.returns) == "tuple(tuple(?, instance(Box)), instance(error))"


def test_functions_methods_types_and_variables_are_defined() -> None:
    facts = facts_of(
        HEAD + "func (s *Shop[T]) Open() *Box { return nil }\ntype Bag = Box\ntype Bags []Bag\n"
        "var one, two = get()\nconst (\nA Kind = iota\nB\n)\nfunc get() T { type T int; return 0 }"
    )
    told = {
        facts.names[each.name]: (
            Form(each.form).name,
            facts.names[each.owner] if each.owner >= 0 else "",
            facts.written(each.returns),
            facts.written(each.value),
        )
        for each in facts.definitions
    }
    assert told == {
        "Open": ("FUNCTION", "Shop", "instance(Box)", "?"),
        "Bag": ("TYPE", "", "?", "Box"),
        "Bags": ("CLASS", "", "?", "apply([], Bag)"),
        "one": ("VARIABLE", "", "?", "part(call(get), 0)"),
        "two": ("VARIABLE", "", "?", "part(call(get), 1)"),
        "A": ("VARIABLE", "", "?", "instance(Kind)"),
        "B": ("VARIABLE", "", "?", "instance(Kind)"),
        "get": ("FUNCTION", "", "instance(T)", "?"),
        "T": ("CLASS", "", "?", "int"),
    }


def test_type_parameters_are_what_constrains_them_inside_and_unknown_outside() -> None:
    text = "func Pick[T Opener, U any](a T, b U) T { a.Open(); b.Shut(); return a }"
    assert uses(text) == ["instance(Opener).Open", "?"]
    assert facts_of(HEAD + text).definitions[0].returns == -1


def test_names_that_are_read_and_types_are_uses_too() -> None:
    text = "var hook = open\nfunc do(c *Cart) Box { run(hook, c, shop.Limit); return nil }"
    assert uses(text, Role.READ) == ["open", "hook", "shop", "shop.Limit"]
    assert uses(text, Role.TYPE) == ["Cart", "Box"]


def test_definitions_of_tests_are_marked() -> None:
    facts = facts_of("package shop_test\nfunc TestA() {}", "shop/cart_test.go")
    assert facts.package == "shop_test"
    assert facts.definitions[0].flags & Flag.TEST


@pytest.mark.parametrize(
    ("path", "head", "left_out"),
    [
        ("a.go", "", False),
        ("a.go", "//go:build nomsgpack\n\n", True),
        ("a.go", "// text\n//go:build !windows && (linux || darwin) && go1.18\n", False),
        ("a.go", "//go:build !(unix)\n", True),
        ("a.go", "// +build ignore\n\n", True),
        ("a.go", "// +build linux,!cgo darwin\n// +build amd64\n\n", True),
        ("a.go", "//go:build (((\n", False),
        ("a_windows.go", "", True),
        ("a_linux.go", "", False),
        ("a_arm64_test.go", "", True),
        ("a_linux_arm64.go", "", True),
    ],
)
def test_files_that_ordinary_builds_leave_out_are_told(path: str, head: str, left_out: bool) -> None:
    facts = facts_of(f"{head}package a\nfunc A() {{}}\n", path)
    assert (LEFT_OUT in facts.names) is left_out


def test_modules_are_read_from_go_mod() -> None:
    text = 'module "example.org/shop" // here\n\nreplace (\n a.b/c v1.0.0 => ../c\n d => e v1\n)\n'
    text += "replace f => ./f\n"
    facts = facts_of(text, "go.mod", "gomod")
    assert facts.package == "example.org/shop"
    assert [(facts.names[each.local], facts.names[each.module]) for each in facts.imports] == [
        ("a.b/c", "../c"),
        ("f", "./f"),
    ]
    work = facts_of("go 1.20\nuse (\n ./a\n ./b\n)\n", "go.work", "gomod")
    assert [work.names[each.module] for each in work.imports] == ["./a", "./b"]


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "func a() { b(" + "(" * 3_000 + "x" + ")" * 3_000 + ") }\nfunc c() { d() }",
        HEAD + "func a() { x" + ".b()" * 3_000 + " }\nfunc c() { d() }",
        HEAD + "func a() { x = 1" + " + b()" * 10_000 + " }\nfunc c() { d() }",
        HEAD + "func a() {" + "if x {" * 2_000 + "}" * 2_000 + "}\nfunc c() { d() }",
        HEAD + "type T " + "[]" * 5_000 + "int\nfunc c() { d() }",
    ],
)
def test_deep_nesting_costs_no_more_than_its_own_function(text: str) -> None:
    before = time.thread_time()
    facts = facts_of(text)
    assert time.thread_time() - before < 5
    assert facts.names[facts.uses[-1].name] == "d"


@pytest.mark.parametrize(
    "text",
    [
        "func",
        "func (",
        "package",
        "package a\nfunc a( {",
        "type T struct {",
        "import (",
        "var x = [",
        "a := b.\nc()",
        "}}}",
        "package a\nfunc a() { x := ; b(); switch y := z.(type) { case",
        "func (s *) M() { s.",
        "type I interface { A(",
    ],
)
def test_broken_code_has_facts_without_errors(text: str) -> None:
    for each in facts_of(text).uses:
        assert each.line >= 1
