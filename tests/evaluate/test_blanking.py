"""Documentation and names taken out of a file, and the tasks that come of it."""

from __future__ import annotations

import numpy as np
import pytest

from semindex.evaluate.blanking import LinesTask, blank_file
from semindex.types import Kind, ParsedFile, SourceFile, Span, Symbol

PYTHON = '''\
import os

def read_cookies(header):
    """Parse the cookie header into a mapping.

    Größe zählt.
    """
    pairs = header.split(";")
    return read_cookies(pairs) or read_cookies_again(pairs)

def short():
    """Say which kind of session this is."""
    return 1

def only_documented(value):
    """Declared here so that others can override it."""

class Session:
    """Everything about the running session kept here."""
'''

RUST = """\
/// Opens the connection and waits for the greeting.
pub fn open_connection(&self) -> Link {
    let link = self.dial();
    link.wait();
}
"""


def symbol(text: str, name: str, span: str, doc: str = "", kind: Kind = Kind.FUNCTION) -> Symbol:
    """A symbol whose span and documentation are these parts of the text."""
    data = text.encode()
    begin = data.index(span.encode())
    end = begin + len(span.encode())
    lines = Span(data.count(b"\n", 0, begin) + 1, data.count(b"\n", 0, end - 1) + 1, begin, end)
    at = data.index(doc.encode()) if doc else 0
    return Symbol(name, kind, lines, doc=(at, at + len(doc.encode())) if doc else (0, 0))


def parsed(text: str, *symbols: Symbol, language: str = "python") -> ParsedFile:
    source = SourceFile("pkg/a.py", text.encode(), b"", language, len(text))
    return ParsedFile(source, (), symbols, np.empty((0, 2), np.int64))


def part(text: str, first: str, last: str) -> str:
    begin = text.index(first)
    return text[begin : text.index(last, begin) + len(last)]


@pytest.fixture
def python_file() -> ParsedFile:
    docs = [part(PYTHON, '"""' + first, '"""\n')[:-1] for first in ("Parse", "Say", "Declared", "Everything")]
    return parsed(
        PYTHON,
        symbol(
            PYTHON,
            "read_cookies",
            part(PYTHON, "def read_cookies", "_again(pairs)"),
            part(docs[0], '"""P', '    """'),
        ),
        symbol(PYTHON, "short", part(PYTHON, "def short", "return 1"), docs[1]),
        symbol(PYTHON, "only_documented", part(PYTHON, "def only", 'override it."""'), docs[2]),
        symbol(PYTHON, "Session", part(PYTHON, "class Session", 'kept here."""'), docs[3], Kind.CLASS),
    )


def test_documentation_becomes_blanks_and_every_offset_stays(python_file: ParsedFile) -> None:
    before, after = python_file.source.text, blank_file(python_file).text
    assert len(after) == len(before)
    assert [i for i, byte in enumerate(after) if byte == 10] == [
        i for i, byte in enumerate(before) if byte == 10
    ]
    assert b"Parse the cookie header" not in after
    assert b"Say which kind" not in after
    changed = {i for i, (old, new) in enumerate(zip(before, after, strict=True)) if old != new}
    assert all(after[i] == 32 for i in changed)
    assert b'pairs = header.split(";")' in after


def test_classes_and_functions_that_are_all_documentation_keep_theirs(python_file: ParsedFile) -> None:
    blanked = blank_file(python_file)
    assert b"Everything about the running session" in blanked.text
    assert b"Declared here so that others" in blanked.text
    assert blanked.documented == 2


def test_only_functions_with_a_body_are_asked_for(python_file: ParsedFile) -> None:
    expected = LinesTask("pkg/a.py", 3, 9, "read_cookies", "python", "Parse the cookie header into a mapping")
    assert blank_file(python_file).tasks == (expected,)


def test_a_leading_comment_is_blanked_and_does_not_count_as_lines_of_the_function() -> None:
    doc = "/// Opens the connection and waits for the greeting.\n"
    span = part(RUST, "pub fn", "\n}")
    blanked = blank_file(parsed(RUST, symbol(RUST, "open_connection", span, doc), language="rust"))
    assert blanked.text.startswith(b" " * (len(doc) - 1) + b"\npub fn open_connection")
    (task,) = blanked.tasks
    assert (task.start_line, task.end_line, task.language) == (2, 5, "rust")
    assert task.query == "Opens the connection and waits for the greeting"


def test_names_are_hidden_wherever_the_definition_mentions_them(python_file: ParsedFile) -> None:
    text = blank_file(python_file, names=True).text
    assert len(text) == len(python_file.source.text)
    assert b"def x___________(header):" in text
    assert b"return x___________(pairs) or read_cookies_again(pairs)" in text
    assert b"def x____():" in text
    assert b"def only_documented" in text
    assert blank_file(python_file, names=True).tasks == blank_file(python_file).tasks


@pytest.mark.parametrize(
    ("name", "definition", "hidden"),
    [
        ("Handle", "func (s *S) Handle(x int) {", "func (s *S) X_____(x int) {"),
        ("save!", "def save!(x)", "def x___!(x)"),
        ("name=", "def name=(x)", "def x___=(x)"),
        ("operator=", "S& operator=(x)", "S& operator=(x)"),
        ("M.setup", "function M.setup(x)", "function M.x____(x)"),
        ("operator==", "bool operator==(x)", "bool operator==(x)"),
        ("größe", "def größe(x)", "def x______(x)"),
    ],
)
def test_names_of_other_languages(name: str, definition: str, hidden: str) -> None:
    text = f"// What the thing does for its caller.\n{definition}\n  one\n  two\n"
    found = symbol(text, name, text.partition("\n")[2].rstrip(), text.partition("\n")[0])
    assert blank_file(parsed(text, found), names=True).text.decode().split("\n")[1] == hidden


def test_documentation_that_two_functions_share_is_nobodys() -> None:
    text = "// What both of these do for the caller.\nint one() {\n  a;\n  b; }\nint two() {\n  a;\n  b; }\n"
    doc = text.partition("\n")[0]
    shared = [symbol(text, name, part(text, f"int {name}", "b; }"), doc) for name in ("one", "two")]
    blanked = blank_file(parsed(text, *shared))
    assert (blanked.text, blanked.tasks, blanked.documented) == (text.encode(), (), 0)


def test_a_function_inside_another_is_not_asked_for() -> None:
    text = (
        "# Make the thing that others will call.\ndef outer\n  x\n"
        "  # Check the thing before it is called.\n  def inner\n    y\n    z\n  end\nend\n"
    )
    outer = symbol(text, "outer", part(text, "def outer", "\nend"), "# Make the thing that others will call.")
    inner = symbol(text, "inner", part(text, "def inner", "  end"), "# Check the thing before it is called.")
    blanked = blank_file(parsed(text, outer, inner))
    assert [task.name for task in blanked.tasks] == ["outer"]
    assert b"Check the thing" not in blanked.text
    assert blanked.documented == 2
