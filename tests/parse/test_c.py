"""C and C++ as they are written: macros, attributes and conditions that no grammar knows."""

from __future__ import annotations

import pytest

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
        ("class Foo bar;\nstruct Plain {\n};\n", "Plain"),
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
        (
            "#ifdef A\nint f(int a) {\n#else\nint f(void) {\n#endif\n  return 0;\n}\nint g(void) {\n}\n",
            "f g",
        ),
        ("void f(void)\n{\n#ifdef A\n\tif (x) {\n#else\n\t{\n#endif\n\t}\n}\nint g(void)\n{\n}\n", "f g"),
    ],
}


@pytest.mark.parametrize(
    ("language", "case"), [(name, case) for name, cases in CASES.items() for case in cases]
)
def test_names_are_found_in_spite_of_macros(language: str, case: tuple[str, str]) -> None:
    text, names = case
    found = [symbol.name for symbol in parsed(text.encode(), language).symbols]
    assert " ".join(found) == names
