"""The facts of C files: definitions, declarations, macros, includes and calls, told apart by their text."""

from __future__ import annotations

import time

import pytest

from semindex.parse.facts.model import Facts, Flag, Form, Role, unpacked
from semindex.parse.parser import parse_file
from semindex.types import SourceFile

NOTHING = Facts((), (), (), (), (), ())


def facts_of(text: str, path: str = "src/a.c") -> Facts:
    data = text.encode()
    packed = parse_file(SourceFile(path, data, b"", "c", len(data))).facts
    return unpacked(packed) if packed else NOTHING


def calls(text: str) -> list[str]:
    """The names that are called in a file, those of unknown target with a question mark, in their order."""
    facts = facts_of(text)
    return [
        facts.names[use.name] + ("?" if use.expression < 0 else "")
        for use in facts.uses
        if use.role == Role.CALL
    ]


def definitions(text: str) -> list[tuple[str, int, int]]:
    """Names with their first and last lines."""
    facts = facts_of(text)
    return [(facts.names[each.name], each.line, each.end_line) for each in facts.definitions]


def flags(text: str) -> dict[str, Flag]:
    facts = facts_of(text)
    return {facts.names[each.name]: Flag(each.flags) for each in facts.definitions}


def in_body(body: str, parameters: str = "void") -> list[str]:
    return calls(f"int f({parameters})\n{{\n{body}\n}}\n")


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("one();", ["one"]),
        ("return one(two(3));", ["one", "two"]),
        ("if (one ()) else two(); do three(); while (sizeof(int));", ["one", "two", "three"]),
        ("/* one() */ \"two(\"; // three()\n four('(');", ["four"]),
        ("p->one(1); p.two(2); p->q->three();", ["one?", "two?", "three?"]),
        ("(*hook)(1); hook(2);", ["hook?", "hook?"]),
        ("int local(int); one();", ["one"]),
        ("x = (type)(y); one(z);", ["one"]),
        ("#define TWICE(a, g) g(one(a))\n", ["g?", "one"]),
        ("static struct s t = { .open = one, .n = TWO(1) };", ["TWO"]),
    ],
)
def test_calls_are_names_before_parentheses(body: str, wanted: list[str]) -> None:
    assert in_body(body) == wanted


def test_parameters_hide_functions() -> None:
    assert in_body("a(); b(); c(); d();", "int a, void (*b)(int), fn *c[3]") == ["a?", "b?", "c?", "d"]
    assert calls("void f(fn a) { a(); }\nvoid g(int b) { a(); }\n") == ["a?", "a"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("int one(void)\n{\n  x();\n}\n", ("one", 1, 4)),
        ("static const char *\none(int a)\n{\n}\n", ("one", 2, 4)),
        ("int one(void) { return x(); } /* } */\n", ("one", 1, 1)),
        ("int one(a, b)\n  int a; char *b;\n{\n}\n", ("one", 1, 4)),
        ("main() {\n}\n", ("main", 1, 2)),
        ("API(const char *) one(void)\n{\n}\n", ("one", 1, 3)),
        ("LUA int (one) (int a) {\n}\n", ("one", 1, 2)),
        ("int one(void) __attribute__((cold, aligned(8)))\n{\n}\n", ("one", 1, 3)),
        ("#ifdef A\n  int one(void) {\n    if (x) {\n    }\n  }\n#endif\n", ("one", 2, 5)),
        ("int one(void)\n{\n  if (x) {\n  }\n  }\nint two(void)\n{\n}\n", ("one", 1, 5)),
        ("int one(void) {\n#ifdef A\n  if (x) {\n#else\n  if (y) {\n#endif\n  }\n}\n", ("one", 1, 8)),
        ("int one(void) {\nout:\n  x();\n}\n", ("one", 1, 4)),
        ("#define one(a) \\\n  x(a)\n", ("one", 1, 2)),
        ("#define one two\n", ("one", 1, 1)),
        ("int one(int a);\n", ("one", 1, 1)),
        ("TEST(one, two) {\n  x();\n}\n", ("one.two", 1, 3)),
        ("SYSCALL_DEFINE2(one, int, fd)\n{\n}\n", ("one", 1, 3)),
    ],
)
def test_definitions_are_told_by_what_is_around_a_name(text: str, wanted: tuple[str, int, int]) -> None:
    assert definitions(text)[0] == wanted


@pytest.mark.parametrize(
    "text",
    ["typedef int one(int);\n", "typedef int (*one)(int);\n", "#define ONE 1\n", "int one = two(3);\n",
     "one(2);\n", "static ONE(two);\n", "struct s { int (*one)(int); };\n"],
)  # fmt: skip
def test_other_names_are_no_definitions(text: str) -> None:
    assert definitions(text) == []


def test_definitions_say_what_they_are() -> None:
    told = flags(
        "static int a(void) {\n}\nint b(int);\nstatic int c(int);\n#define d(x) x\n#define e f\n"
        "#ifdef _WIN32\nint g(void) {\n}\n#elif defined(HAVE_H)\nint h(void) {\n}\n"
        "#else\nint i(void) {\n}\n#endif\n"
    )
    assert told == {
        "a": Flag.PRIVATE,
        "b": Flag.DECLARATION,
        "c": Flag.DECLARATION | Flag.PRIVATE,
        "d": Flag.MACRO,
        "e": Flag.MACRO,
        "g": Flag.LEFT_OUT,
        "h": Flag.MAYBE,
        "i": Flag.MAYBE,
    }
    assert facts_of("#define e f\n").definitions[0].form == Form.VARIABLE
    assert flags("#ifndef A_H\n#define A_H\nint a(void) {\n}\n#endif\n") == {"a": Flag(0)}
    assert facts_of("int a(void) {\n}\n", "tests/a.c").definitions[0].flags == Flag.TEST


def test_includes_are_imports_of_everything() -> None:
    facts = facts_of(
        '#include "a/b.h"\n # include <c.h> // d\n#define E "e.h"\n#include E\n/* #include "f.h" */\n'
    )
    assert [(facts.names[each.local], facts.names[each.module], each.line) for each in facts.imports] == [
        ("", "a/b.h", 1),
        ("", "<c.h>", 2),
        ("", "e.h", 4),
    ]


def test_calls_stand_at_their_names_in_bytes() -> None:
    facts = facts_of('int f(void)\n{\n  puts("é"); go (1);\n}\n')
    assert [(use.line, use.column, facts.names[use.name]) for use in facts.uses] == [
        (3, 3, "puts"),
        (3, 15, "go"),
    ]


def test_functions_that_fields_are_set_to_are_read() -> None:
    facts = facts_of("struct s t = {\n  .open = my_open,\n  .shut = &my_shut, .n = LIMIT\n};\n")
    assert [(facts.names[use.name], use.role) for use in facts.uses] == [
        ("my_open", Role.READ),
        ("my_shut", Role.READ),
    ]


@pytest.mark.parametrize(
    "piece",
    ["(", "a(", "int a(", "{", "}", "#if x\n", '"', "/*", "a(b(c(d(e(f(g()", ".a = b", "int a(void) {\n",
     "(*a)(", "#define a(", "a b c ", "A(b)\n", "\\\n", "int a\n", "a, "],
)  # fmt: skip
def test_hostile_text_takes_no_time(piece: str) -> None:
    before = time.thread_time()
    for text in (piece * (200_000 // len(piece)), "int f(void)\n{\n" + piece * (100_000 // len(piece))):
        facts_of(text)
    assert time.thread_time() - before < 15
