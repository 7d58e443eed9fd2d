"""C and C++ as they are written: macros, attributes and conditions that no grammar knows."""

from __future__ import annotations

import pytest

from semindex.types import Kind
from tests.parse.sources import parsed

CASES = {
    "cpp": [
        (
            "class V {\n  T back() LIFETIME_BOUND {\n  }\n  void f() const REQUIRES(m) ACQUIRE(a) { }\n};\n",
            "V back f",
        ),
        ("class V {\n  void f()\n      REQUIRES(mu_) override {\n  }\n  int g() NOTHROW_ = 0;\n};\n", "V f"),
        ("class My_API Logger : public Base {\n void log() { }\n};\n", "Logger log"),
        (
            "class API_A API_B(x) Mutex final : Base {\n};\nstruct alignas(16) Vec {\n int x;\n};\n",
            "Mutex Vec",
        ),
        ("class LIB_EXPORT\nMulti : public Base {\n};\nenum class API_X Kind : int { A };\n", "Multi Kind"),
        ("struct __attribute__((packed)) P {\n int x;\n};\nclass [[nodiscard]] Q_API Q {\n};\n", "P Q"),
        ("class API_VIEW Ref<R(Args...)> {\n  void go() { }\n};\n", "Ref go"),
        (
            "struct S {\n operator bool() const noexcept { return 1; }\n operator const char*() const;\n};\n",
            "S operator bool",
        ),
        ("struct S {\n int operator()(int x) const { return x; }\n};\n", "S operator()"),
        ("EXPECT(x)\n\nTEST(Split, Empty) {\n  f();\n}\n", "Split.Empty"),
        ("class Foo bar;\nstruct Plain {\n};\n", "bar Plain"),
    ],
    "c": [
        ("int *__attribute__((used)) first(void)\n{\n}\nvoid *__init second(int a)\n{\n}\n", "first second"),
        ("SYSCALL_DEFINE3(openat, int, dfd, int, flags)\n{\n\treturn 0;\n}\n", "openat"),
        ("TEST_IMPL(name) {\n\treturn 0;\n}\n", "name"),
        ("int PREFIX(crc)(int a)\n{\n\treturn 0;\n}\n", "crc"),
        ("main(argc, argv)\nint argc;\nchar **argv;\n{\n    return 0;\n}\n", "main"),
        ("int old(a, b)\n    int a;\n    char *b;\n{\n    return a;\n}\n", "old"),
        ("typedef BOOL (PASCAL *TRead)(HANDLE h);\ntypedef int (WINAPI Call)(int);\n", "TRead Call"),
        ("typedef void (*plain)(int a);\n", "plain"),
        ("typedef int (WSAAPI* Recv)\n  (int s);\ntypedef int (*CCALL Five)(int);\n", "Recv Five"),
        ("typedef BOOL(__stdcall *Table[4])(int);\ntypedef void fn(int *p);\n", "Table fn"),
        ("typedef struct tag {\n  int a;\n} A1, *PA1;\ntypedef int I, *PI;\n", "tag PA1 A1 I PI"),
        (
            "#ifdef A\nint f(int a) {\n#else\nint f(void) {\n#endif\n  return 0;\n}\nint g(void) {\n}\n",
            "f g",
        ),
        ("void f(void)\n{\n#ifdef A\n\tif (x) {\n#else\n\t{\n#endif\n\t}\n}\nint g(void)\n{\n}\n", "f g"),
    ],
}


MACROS = [
    ("int f(int a)\n{\n#define STEP(x) \\\n  (x)\n#undef STEP\n  return a;\n}\n", "f STEP"),
    ("struct S {\n  int flags;\n# define FLAG_A 1 /* first */\n#define NONE\n  int b;\n};\n", "S FLAG_A"),
    ("enum E {\n  A,\n#\tdefine A A\n  B\n};\n", "E A"),
    ("#if X\nint f(void) {\n#else\n#define f(x) x\nint f(int y) {\n#endif\n}\n#define Z 1\n", "f f Z"),
    ("#define GUARD_H\n#define NOTE // words\n#define TEXT /* a */ /* b\n*/\n", ""),
    ("#define EMPTY(x)\n#define NEXT \\\n  2\n", "EMPTY NEXT"),
    ("/*\n#define OLD 1\n*/\n// #define OLDER 1\n  x #define ODD 1\n", ""),
]


@pytest.mark.parametrize("language", ["c", "cpp"])
@pytest.mark.parametrize(("text", "names"), MACROS)
def test_macros_are_found_wherever_they_stand(text: str, names: str, language: str) -> None:
    assert " ".join(symbol.name for symbol in parsed(text.encode(), language).symbols) == names


def test_a_macro_in_a_raw_string_is_none() -> None:
    text = b'auto text = R"x(\n#define NOT 1\n)x";\n#define YES 1\n'
    assert [each.name for each in parsed(text, "cpp").symbols if each.kind is Kind.MACRO] == ["YES"]


def test_a_macro_in_a_function_belongs_to_it_and_ends_with_its_last_line() -> None:
    text = b"int f(int a)\n{\n#define STEP(x) \\\n  (x)\n  return STEP(a);\n}\n"
    function, macro = parsed(text, "c").symbols
    assert (macro.parent, macro.span.start_line, macro.span.end_line) == (0, 3, 4)
    assert function.span.end_line == 6


def test_macros_in_a_type_do_not_cut_its_chunk() -> None:
    fields = "".join(f"  int field_{number};\n#define FLAG_{number} {number}\n" for number in range(30))
    chunks = parsed(f"struct Wide {{\n{fields}}};\n".encode(), "c").chunks
    assert [(chunk.span.start_line, chunk.span.end_line, chunk.owner) for chunk in chunks] == [(1, 62, 0)]


@pytest.mark.parametrize(
    ("language", "case"), [(name, case) for name, cases in CASES.items() for case in cases]
)
def test_names_are_found_in_spite_of_macros(language: str, case: tuple[str, str]) -> None:
    text, names = case
    found = [symbol.name for symbol in parsed(text.encode(), language).symbols]
    assert " ".join(found) == names
