"""Where the head of a definition ends, in languages of several families."""

from __future__ import annotations

import pytest

from semindex.search.signatures import MAX_LINES, signature

HEADS = {
    "python": [
        ("def load(path: str) -> int:\n    return 1\n", "def load(path: str) -> int:"),
        ("    async def f(self): return 1", "async def f(self):"),
        (
            "@cache\n@wraps(f)\ndef g(\n    a={1: 2},\n):\n    b",
            "@cache\n@wraps(f)\ndef g(\n    a={1: 2},\n):",
        ),
        ("def f(x: str = ':') -> 'a: b':  # why: so\n    pass", "def f(x: str = ':') -> 'a: b':"),
        ("class A(B):\n    x = 1", "class A(B):"),
    ],
    "rust": [
        ("pub fn f<T>(s: &str) -> A\nwhere\n    T: A,\n{\n}", "pub fn f<T>(s: &str) -> A\nwhere\n    T: A,"),
        ("#[derive(A, B)]\npub struct Id(usize);", "#[derive(A, B)]\npub struct Id(usize);"),
    ],
    "go": [
        ("func (s *S) Run(x interface{}) error {\n\treturn nil\n}", "func (s *S) Run(x interface{}) error"),
        ("type A = B\n", "type A = B"),
    ],
    "typescript": [
        (
            "export const f = async (\n  { a, b }: P,\n): Promise<X> => {\n  g();\n}",
            "export const f = async (\n  { a, b }: P,\n): Promise<X> =>",
        ),
        ("interface A extends B {\n  c: D\n}", "interface A extends B"),
    ],
    "c": [
        ("static int\nadd(int a)\n{\n  return a;\n}", "static int\nadd(int a)"),
        ("int add(int);\nint b;", "int add(int);"),
    ],
    "ruby": [("def call(env,\n         other)\n  1\nend", "def call(env,\n         other)")],
    "scala": [("def map[B](f: A => B): F[B] =\n  x\n", "def map[B](f: A => B): F[B] =\n  x")],
    "unheard of": [("anything at all\nand more", "anything at all")],
}


@pytest.mark.parametrize(
    ("language", "text", "head"),
    [(language, text, head) for language, cases in HEADS.items() for text, head in cases],
)
def test_the_head_ends_where_the_body_begins(language: str, text: str, head: str) -> None:
    assert signature(text, language) == head


def test_a_head_has_few_lines() -> None:
    assert signature("def f(\n" + "    a,\n" * 100, "python").count("\n") == MAX_LINES - 1
    assert signature("", "python") == ""
