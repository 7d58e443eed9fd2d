"""A file's text without the documentation of its functions, and the functions that had some.

*All* documented functions of a tree lose their documentation, whether they are asked for or not. So
no function is easier to find than another because it kept its own, and the figures do not depend on
how many are asked for.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from msgspec import Struct

from semindex.evaluate.sentences import first_sentence
from semindex.types import Kind, ParsedFile, Symbol

MIN_LINES = 3
"""Lines that are not blank, and that a function must have left to be asked for."""
_LAST_WORD = re.compile(r"(?<!\w)(?!operator\W)(\w+)[?!=]?$")
"""``name`` of ``M.name``, ``~name``, ``name!`` and ``name=``; nothing of ``operator==``."""


class LinesTask(Struct, frozen=True):
    """A function, and the sentence that described it."""

    path: str
    start_line: int
    end_line: int
    name: str
    language: str
    query: str


class Blanked(Struct, frozen=True):
    """A file without its functions' documentation; lines and byte offsets as they were."""

    text: bytes
    tasks: tuple[LinesTask, ...]
    """In order of their lines; no two share a line."""
    documented: int
    """Functions that lost their documentation, tasks or not."""


def blank_file(parsed: ParsedFile, *, names: bool = False) -> Blanked:
    """Blank the documentation of every function of a file and, with ``names``, their names too."""
    source = parsed.source
    functions = list(_documented(parsed))
    text = bytearray(source.text)
    for symbol in functions:
        begin, end = symbol.doc
        text[begin:end] = re.sub(rb"[^\n]", b" ", text[begin:end])
    left = bytes(text)
    if names:
        for symbol in functions:
            _hide_name(text, symbol)
    return Blanked(bytes(text), tuple(_tasks(parsed, functions, left)), len(functions))


def _documented(parsed: ParsedFile) -> Iterator[Symbol]:
    """Functions with documentation of their own that is not all they have."""
    owners = Counter(symbol.doc for symbol in parsed.symbols)
    for symbol in parsed.symbols:
        begin, end = symbol.doc
        if symbol.kind in (Kind.FUNCTION, Kind.METHOD) and begin < end and owners[symbol.doc] == 1:
            inside = symbol.span.start_byte <= begin
            if not inside or parsed.source.text[end : symbol.span.end_byte].strip():
                yield symbol


def _tasks(parsed: ParsedFile, functions: Iterable[Symbol], left: bytes) -> Iterator[LinesTask]:
    source = parsed.source
    last_line = 0
    for symbol in functions:
        span = symbol.span
        filled_lines = sum(bool(line.strip()) for line in left[span.start_byte : span.end_byte].split(b"\n"))
        if span.start_line <= last_line or filled_lines < MIN_LINES:
            continue
        query = first_sentence(source.text[slice(*symbol.doc)].decode("utf-8", "replace"))
        if query is not None:
            last_line = span.end_line
            yield LinesTask(source.path, span.start_line, span.end_line, symbol.name, source.language, query)


def _hide_name(text: bytearray, symbol: Symbol) -> None:
    """Put a name without words for the function's own, wherever its definition mentions it.

    Blanks would leave no definition; ``x___``, as long as the name was, leaves all offsets and a
    definition of nothing in particular. Operators stay: they have no words.
    """
    found = _LAST_WORD.search(symbol.name)
    if found is None:
        return
    name = found[1].encode("utf-8", "surrogateescape")
    hidden = (b"X" if name[:1].isupper() else b"x") + b"_" * (len(name) - 1)
    begin, end = symbol.span.start_byte, symbol.span.end_byte
    pattern = rb"(?<![\w\x80-\xff])" + re.escape(name) + rb"(?![\w\x80-\xff])"
    text[begin:end] = re.sub(pattern, hidden, text[begin:end])
