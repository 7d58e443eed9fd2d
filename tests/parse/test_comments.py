"""Comments: what is one, what only looks like one, and how long it takes to tell."""

from __future__ import annotations

import time

import pytest

from semindex.parse.comments import _MEMBERS, comment_ranges, join_ranges, prose_ranges
from semindex.source.language_table import languages
from tests.parse.sources import parsed


def comments(text: str, language: str) -> list[str]:
    raw = text.encode()
    return [raw[start:end].decode() for start, end in comment_ranges(language, raw).tolist()]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("c", 'x = "http://a"; // b\n/* c\n * d */ y', ["// b", "/* c\n * d */"]),
        ("c", "c = '\"'; // quote", ["// quote"]),
        ("cpp", 'R"x(// no)x"; 1\'000; // yes', ["// yes"]),
        ("csharp", '@"C:\\"; /// <summary/>', ["/// <summary/>"]),
        ("javascript", "`// ${a} no` /* yes */", ["/* yes */"]),
        ("javascript", "a = /[\"']\\/\\//; // yes", ["// yes"]),
        ("typescript", "a / b; // yes", ["// yes"]),
        ("python", "'#' + '''\n# no\n''' # yes", ["# yes"]),
        ("ruby", 'a = "#{x} # no" # yes\n=begin\nb\n=end\n', ["# yes", "=begin\nb\n=end"]),
        ("bash", 'echo ${#a} $# "# no" # yes', ["# yes"]),
        ("rust", 'fn a<\'a>() {} r#"// " no"# // yes', ["// yes"]),
        ("go", "a := `// no` // yes", ["// yes"]),
        ("lua", "a = [[-- no]] --[==[ b ]] c ]==] -- yes", ["--[==[ b ]] c ]==]", "-- yes"]),
        ("haskell", "a --> b; c' -- yes\n{- d - e -}\n{-# LANGUAGE X #-}", ["-- yes", "{- d - e -}"]),
        ("elixir", '?" # yes\n@doc """\na # b\n"""\n', ["# yes", '@doc """\na # b\n"""']),
        ("php", "#[Attribute]\n# yes\n'// no'", ["# yes"]),
        ("sql", "'it''s -- no' -- yes\n/* b */", ["-- yes", "/* b */"]),
        ("zig", "\\\\ // no\n// yes", ["// yes"]),
        ("html", "<a href='//x'><!-- a - b --></a>", ["<!-- a - b -->"]),
        ("clojure", '(a "; no" \\; ) ; yes', ["; yes"]),
        ("java", 'a("unclosed // no\n// yes\n', ["// yes"]),
        ("c", "/* never closed", ["/* never closed"]),
        ("ocaml", 'let a\' = "(* no *)" (* yes *)', ["(* yes *)"]),
        ("ini", "# yes\na = #no\n; yes", ["# yes", "; yes"]),
        ("an-unknown-language", "# a\n// b\n-- c", []),
    ],
)
def test_finds_comments_and_steps_over_strings(language: str, text: str, expected: list[str]) -> None:
    assert comments(text, language) == expected


def test_a_byte_order_mark_hides_no_comment() -> None:
    assert comment_ranges("bash", b"\xef\xbb\xbf# yes\n").tolist() == [[3, 8]]


def test_docstrings_count_as_comments() -> None:
    text = b'"""About the file."""\n\n\ndef f():\n    """About f."""\n    return "not this"  # but this\n'
    found = parsed(text, "python")
    assert [text[start:end] for start, end in found.comments.tolist()] == [
        b'"""About the file."""',
        b'"""About f."""',
        b"# but this",
    ]


def test_all_of_a_document_is_prose_but_its_code() -> None:
    text = b"One.\n\n```sh\nrun\n```\n\nTwo.\n~~~\nleft open\n"
    assert [text[start:end] for start, end in prose_ranges(text).tolist()] == [b"One.\n\n", b"\n\nTwo.\n"]


def test_the_union_of_ranges_is_ascending_and_apart() -> None:
    first = prose_ranges(b"abc")
    assert join_ranges(first, comment_ranges("c", b"  //x")).tolist() == [[0, 5]]


def test_no_family_is_kept_for_a_language_that_is_never_detected() -> None:
    assert {name for members in _MEMBERS.values() for name in members.split()} <= set(languages().kinds)


HOSTILE = [
    b'"\\"',
    b"/*",
    b'"',
    b"'/",
    b"/",
    b"\\",
    b'R"(',
    b'r#"',
    b"--[==[",
    b"[[ ",
    b"{-",
    b"`",
    b" /a",
    b'"""',
]
HOSTILE += [b"\n=begin ", b'@doc "\\', b"<!--", b"-", b"\n#", b"'\\"]


@pytest.mark.parametrize(
    "language", ["cpp", "csharp", "javascript", "lua", "haskell", "elixir", "ruby", "rust"]
)
def test_time_is_linear_on_made_up_text(language: str) -> None:
    begun = time.process_time()
    for unit in HOSTILE:
        comment_ranges(language, unit * (200_000 // len(unit)))
    assert time.process_time() - begun < 4.0  # 0.5 s where it was measured; quadratic ones take minutes
