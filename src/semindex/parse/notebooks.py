"""Parse notebooks, whose text :mod:`semindex.source.notebooks` describes, and find cells in scripts.

The lines of all cells are joined to a *dense* text, without the empty lines between them; this is parsed and
cut, and what is found is moved to its place in the notebook: bytes to those of its text, lines to those of
the file. Each code cell is parsed by itself, so that an error in one hides nothing in others. The headings of
Markdown cells are sections, which reach over the code cells below them.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import chain

import numpy as np
from msgspec.structs import replace

from semindex.parse.blanking import blanked
from semindex.parse.blocks import sections_of
from semindex.parse.chunks import cut_by_symbols
from semindex.parse.comments import Ranges
from semindex.parse.lines import TextLines
from semindex.source.languages import canonical
from semindex.source.notebooks import NotebookCell, cells_of
from semindex.types import Ids, Kind, ParsedFile, SourceFile, Span, Symbol

Parse = Callable[[SourceFile], ParsedFile]

_PERCENT = (
    r"(?m)^(?:#|//|--|%)[ \t]?(?:%%(?![%\w])|In[ \t]?\[[ \d*]{0,9}\]:|<codecell>|<markdowncell>)[^\n]*+"
)
"""The line with which a cell begins in a script: ``# %% Load``, ``# In[3]:``."""
_SCRIPTS = frozenset(
    ("python", "julia", "r", "matlab", "scala", "rust", "csharp", "javascript", "typescript")
)
_WHOLE = re.compile(rb"\s*%%(\w+)(?:[ \t]++(\w+))?")
_MAGIC = re.compile(
    rb"(?m)^[ \t]*+(?:%%?[A-Za-z][^\n]*+|![^\n]*+|\?{1,2}[\w.]+[^\n]*+|[\w.]++\?{1,2}[ \t]*+$)"
    rb"|(?<==)[ \t]*+(?:![^\n]*+|%[A-Za-z][^\n]*+)"
)
"""Commands of IPython, which are no Python: ``%time f()``, ``!ls``, ``files = !ls``, ``f?``."""


def cell_borders(source: SourceFile) -> list[int]:
    """The 0-based lines where the cells of a script begin, such as ``# %%``; none without cells."""
    if source.language not in _SCRIPTS:
        return []
    starts = [match.start() for match in re.finditer(_PERCENT.encode("ascii"), source.text)]
    return TextLines(source.text).indices(starts).tolist() if starts else []


def parse_notebook(source: SourceFile, parse: Parse) -> ParsedFile:
    """The symbols, comments and chunks of a notebook, whose language is that of its kernel.

    The chunks cover each line of source exactly once, but not the empty lines between cells. ``parse`` parses
    the text of one cell.
    """
    lines = TextLines(source.text)
    cells = cells_of(source.text)
    if not cells:
        return ParsedFile(source, (), (), np.empty((0, 2), dtype=np.int64))
    places = np.concatenate([np.arange(cell.first, cell.last) for cell in cells])
    text = b"".join(_whole_line(lines, index) for index in places.tolist())
    dense = TextLines(text)
    sizes = np.array([cell.last - cell.first for cell in cells])
    firsts = (np.cumsum(sizes) - sizes).tolist()
    sections = list(sections_of("markdown", TextLines(_prose_only(dense, cells, firsts))))
    found, comments, stopped = _parsed_cells(source, dense, cells, firsts, parse)
    symbols = _joined(sections, found)
    # Where lines of a cell share a line of the file, no chunk may show two cells as if they stood on one.
    chunks = cut_by_symbols(dense, symbols, Kind.BLOCK, firsts, apart=any(cell.is_packed for cell in cells))
    moved = _Places(lines, dense, places, [line for cell in cells for line in cell.lines])
    return ParsedFile(
        source,
        tuple(replace(chunk, span=moved.span(chunk.span)) for chunk in chunks),
        tuple(moved.symbol(symbol) for symbol in symbols),
        moved.ranges(comments),
        stopped,
    )


def _whole_line(lines: TextLines, index: int) -> bytes:
    line = lines.line(index)
    return line if line.endswith(b"\n") else line + b"\n"


def _piece(dense: TextLines, cell: NotebookCell, first: int) -> tuple[int, bytes]:
    """Where a cell begins in the dense text, and its own text."""
    begin = int(dense.starts[first])
    return begin, dense.text[begin : int(dense.starts[first + cell.last - cell.first])]


def _prose_only(dense: TextLines, cells: Sequence[NotebookCell], firsts: Sequence[int]) -> bytes:
    """The dense text with blanks for all but Markdown."""
    pieces = [(cell.kind, _piece(dense, cell, first)[1]) for cell, first in zip(cells, firsts, strict=True)]
    return b"".join(text if kind == "md" else blanked(text) for kind, text in pieces)


def _parsed_cells(
    source: SourceFile, dense: TextLines, cells: Sequence[NotebookCell], firsts: Sequence[int], parse: Parse
) -> tuple[list[list[Symbol]], Ranges, str]:
    """The definitions of each code cell, all comments and prose, and why a grammar was stopped.

    Places are those in the dense text.
    """
    symbols: list[list[Symbol]] = []
    stopped = ""
    comments = [np.empty((0, 2), dtype=np.int64)]
    for cell, first in zip(cells, firsts, strict=True):
        begin, text = _piece(dense, cell, first)
        if cell.kind != "code":
            comments.append(np.array([[begin, begin + len(text)]], dtype=np.int64))
            continue
        language = _language_of(text, source.language)
        path = f"{source.path}/cell"  # whatever it is, this is the name of no notebook
        found = parse(SourceFile(path, _masked(text, language), source.digest, language, len(text)))
        stopped = stopped or found.stopped
        comments.append(found.comments + begin)
        if found.symbols and found.symbols[0].kind is not Kind.SECTION:
            symbols.append([_shifted(symbol, first, begin) for symbol in found.symbols])
    return symbols, np.concatenate(comments), stopped


def _language_of(text: bytes, kernel: str) -> str:
    """The language of a code cell: that which ``%%bash`` names, or the kernel's."""
    whole = _WHOLE.match(text)
    if whole is None:
        return kernel
    name = whole[2] if whole[1] == b"script" and whole[2] else whole[1]
    return canonical(name.decode("ascii", "replace")) or kernel


def _masked(text: bytes, language: str) -> bytes:
    """The text of a cell with blanks for commands of IPython; its length and its lines stay."""
    whole = _WHOLE.match(text)
    if whole is not None:
        end = text.find(b"\n", whole.end())
        text = blanked(text[:end]) + text[end:]
    return _MAGIC.sub(_nothing, text) if language == "python" else text


def _nothing(magic: re.Match[bytes]) -> bytes:
    """A value of the same length as a command: an indented command may be all that a block has."""
    command = magic[0].lstrip()
    return magic[0][: len(magic[0]) - len(command)] + b"0" + b" " * (len(command) - 1)


def _shifted(symbol: Symbol, line: int, byte: int) -> Symbol:
    span = symbol.span
    doc = (symbol.doc[0] + byte, symbol.doc[1] + byte) if symbol.doc[1] > symbol.doc[0] else (0, 0)
    moved = Span(span.start_line + line, span.end_line + line, span.start_byte + byte, span.end_byte + byte)
    return replace(symbol, span=moved, doc=doc)


def _joined(sections: list[Symbol], cells: Iterable[list[Symbol]]) -> tuple[Symbol, ...]:
    """The symbols of all, in the order of their start. Sections enclose no definition, but each other."""
    groups = [sections, *cells]
    entries = [(symbol.span.start_byte, group, place) for group, each in enumerate(groups)
               for place, symbol in enumerate(each)]  # fmt: skip
    entries.sort()
    positions = {(group, place): position for position, (_, group, place) in enumerate(entries)}
    return tuple(
        replace(symbol, parent=positions[group, symbol.parent] if symbol.parent >= 0 else -1)
        for _, group, place in entries
        for symbol in (groups[group][place],)
    )


class _Places:
    """Moves what was found in the dense text to its place in the notebook."""

    def __init__(self, lines: TextLines, dense: TextLines, places: Ids, numbers: Sequence[int]) -> None:
        self.dense = dense
        self.numbers = numbers
        """The line of the file on which each line stands, from 1."""
        self.gained = lines.starts[places] - dense.starts[:-1]
        """By how many bytes each line is moved."""
        self.size = len(lines.text)

    def span(self, span: Span) -> Span:
        """A span, which does not begin behind the text's end."""
        first, last = self.numbers[span.start_line - 1], self.numbers[span.end_line - 1]
        start, end = span.start_byte, span.end_byte
        return Span(first, last, self._byte(start), min(self._byte(end - 1) + 1, self.size))

    def symbol(self, symbol: Symbol) -> Symbol:
        """A symbol with its documentation."""
        start, end = symbol.doc
        doc = (self._byte(start), self._byte(end - 1) + 1) if end > start else (0, 0)
        return replace(symbol, span=self.span(symbol.span), doc=doc)

    def ranges(self, ranges: Ranges) -> Ranges:
        """Ranges of bytes, each non-empty."""
        edges = list(chain.from_iterable((start, end - 1) for start, end in ranges.tolist()))
        moved = np.array([self._byte(edge) for edge in edges], dtype=np.int64).reshape(-1, 2)
        moved[:, 1] = np.minimum(moved[:, 1] + 1, self.size)
        return moved

    def _byte(self, offset: int) -> int:
        line = int(np.searchsorted(self.dense.starts, offset, side="right")) - 1
        return offset + int(self.gained[min(line, len(self.gained) - 1)])
