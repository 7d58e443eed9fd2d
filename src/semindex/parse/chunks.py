r"""Cut a file into chunks along its definitions.

Each line is owned by the deepest definition that holds it, a leading comment by the definition below it. A
run of lines with one owner is a piece. Gaps and the head of a class join a neighbour, small pieces join the
piece before them, and long ones are split.

>>> from semindex.parse.parser import SourceFile, parse_file
>>> text = b"import re\n\nclass A:\n    x = 1\n    def f(self):\n        pass\n\n"
>>> text += b"# Runs.\ndef g():\n" + b"    h()\n" * 8
>>> parsed = parse_file(SourceFile("a.py", text, b"", "python", len(text)))
>>> [symbol.name for symbol in parsed.symbols]
['A', 'f', 'g']
>>> _owners(TextLines(text), parsed.symbols).tolist()
[-1, -1, 0, 0, 1, 1, -1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]
>>> [(each.span.start_line, each.span.end_line, each.owner, each.defines) for each in parsed.chunks]
[(1, 7, 0, (0, 1)), (8, 17, 2, (2,))]

Lines 1 and 2 are a gap and lines 3 and 4 the head of ``A``: both join ``f``, and so does the blank line 7. No
owner has 60 % of that chunk, so the class that encloses it is its owner.
"""

import re
from collections.abc import Container, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from semindex.parse.drafts import CONTAINERS
from semindex.parse.lines import TextLines
from semindex.types import Chunk, Ids, Kind, Span, Symbol

GAP_LINES = 3
"""A gap of at most this many lines between definitions joins the piece after it.

The limits in this module are those that the ranking was measured with."""
HEAD_LINES = 7
"""The head of a class (header, docstring, fields) of at most this many lines joins its first member."""
SMALL_LINES = 8
"""A shorter piece joins the piece before it if that has fewer than ``ROOM_LINES``."""
ROOM_LINES = 20
LONG_LINES = 90
"""Longer pieces are split into parts of about ``PART_LINES``."""
PART_LINES = 60
LEAST_PART_LINES = 20
CHUNK_BYTES = 32_000
"""A piece with more bytes is split even if it has few lines."""
LINE_BYTES = 8_000
"""A longer line is split inside."""
MOST_SHARE = 0.6
"""A definition with this share of a piece's lines is the owner of its chunk."""
WHOLE_FUNCTION_LINES = 40
"""A function with fewer lines is not cut at the functions inside it."""

_AROUND = CONTAINERS | {Kind.SETTING}
_CLOSING = re.compile(
    rb"[\s)}\]>;,]*(?:(?:end|fi|done|esac)\b[\s)}\];,]*|\#\s*endif[^\n]*|(?://|--|/\*)[^\n]*)?\s*"
)
_INDENTED = re.compile(rb"(?:\A|\n)[ \t\r\f\v]")
_CUT_AFTER = re.compile(rb"[\s;,}>]")


class _Piece(NamedTuple):
    """The lines from ``first`` up to, not including, ``last`` (0-based)."""

    first: int
    last: int
    shares: tuple[tuple[int, int], ...]
    """The owner and the number of lines of each run in the piece."""

    @property
    def size(self) -> int:
        return self.last - self.first


def cut_by_symbols(
    lines: TextLines,
    symbols: Sequence[Symbol],
    plain: Kind,
    borders: Sequence[int] = (),
    *,
    apart: bool = False,
) -> tuple[Chunk, ...]:
    """The chunks of a file along its definitions; ``plain`` is the kind of chunks without an owner.

    ``borders`` are the 0-based lines where cells begin, ascending. A chunk begins there, too, whatever owns
    the line, unless the cell is so small that it joins what is before it and ``apart`` is false.
    """
    if not lines.count:
        return ()
    owners = _owners(lines, symbols)
    large = {first for first, last in pairwise([*borders, lines.count]) if last - first >= SMALL_LINES}
    pieces = _merged(_without_gaps(lines, owners, _heads(symbols), borders), large)
    if apart:
        edges = sorted({*(piece.first for piece in pieces), *borders, lines.count})
        pieces = [_Piece(first, last, _shares(owners[first:last])) for first, last in pairwise(edges)]
    return _chunks(lines, _parts(lines, pieces), symbols, plain)


def cut_by_borders(
    lines: TextLines, borders: Sequence[int], plain: Kind, symbols: Sequence[Symbol] = ()
) -> tuple[Chunk, ...]:
    """The chunks of a file along the ascending 0-based lines where blocks begin; ``symbols`` own them."""
    if not lines.count:
        return ()
    edges = [0, *(border for border in borders if 0 < border < lines.count), lines.count]
    owners = _owners(lines, symbols)
    pieces = [_Piece(first, last, _shares(owners[first:last])) for first, last in pairwise(edges)]
    return _chunks(lines, _parts(lines, _merged(pieces)), symbols, plain)


def _shares(owners: Ids) -> tuple[tuple[int, int], ...]:
    """Each owner of some lines with the number of these, the one with most lines first."""
    found, counts = np.unique(owners, return_counts=True)
    return tuple(sorted(zip(found.tolist(), counts.tolist(), strict=True), key=lambda share: -share[1]))


def _owners(lines: TextLines, symbols: Sequence[Symbol]) -> Ids:
    """The position of the deepest definition of each line, or -1, shape ``(lines.count,)``."""
    owners = np.full(lines.count, -1, dtype=np.int64)
    above = [_first_byte(symbol) for symbol in symbols]
    firsts = lines.indices(above).tolist()
    hidden = _hidden(symbols)
    # Members come after what encloses them, so they overwrite their part of its lines.
    for position, symbol in enumerate(symbols):
        if not hidden[position]:
            owners[firsts[position] : symbol.span.end_line] = position
    return owners


def _first_byte(symbol: Symbol) -> int:
    start, end = symbol.doc
    return start if start < end <= symbol.span.start_byte else symbol.span.start_byte


def _hidden(symbols: Sequence[Symbol]) -> list[bool]:
    """Whether each definition leaves its lines to a short function around it."""
    hidden: list[bool] = []
    for symbol in symbols:
        outer = _around(symbol, symbols)
        if outer is None:
            hidden.append(False)
            continue
        is_short = outer.span.end_line - outer.span.start_line < WHOLE_FUNCTION_LINES
        is_function = outer.kind in (Kind.FUNCTION, Kind.METHOD)
        is_inner = hidden[symbol.parent] or _is_inner_macro(symbol, outer)
        hidden.append(is_inner or (is_function and is_short))
    return hidden


def _around(symbol: Symbol, symbols: Sequence[Symbol]) -> Symbol | None:
    """The definition inside of which it stands; None at top level, and for a member outside its type."""
    outer = symbols[symbol.parent] if symbol.parent >= 0 else None
    return outer if outer is not None and symbol.span.start_byte < outer.span.end_byte else None


def _is_inner_macro(symbol: Symbol, outer: Symbol) -> bool:
    """Whether it is a macro in a function or a type, such as the ``#define`` of a flag between two fields."""
    return symbol.kind is Kind.MACRO and outer.kind is not Kind.MODULE


def _heads(symbols: Sequence[Symbol]) -> dict[int, int]:
    """The 0-based first line of each definition that has members inside it, by its position."""
    heads: dict[int, int] = {}
    for symbol in symbols:
        outer = _around(symbol, symbols)
        if outer is not None and not _is_inner_macro(symbol, outer):
            heads.setdefault(symbol.parent, outer.span.start_line - 1)
    return heads


def _without_gaps(
    lines: TextLines, owners: Ids, heads: dict[int, int], borders: Sequence[int]
) -> list[_Piece]:
    """Pieces of the runs of lines with one owner: what closes a piece joins it, short gaps the one after."""
    pieces: list[_Piece] = []
    waiting: list[tuple[int, int, int]] = []
    edges = {0, *(np.flatnonzero(np.diff(owners)) + 1).tolist(), *borders, len(owners)}
    for begin, last in pairwise(sorted(edges)):
        first, owner = begin, int(owners[begin])
        is_gap = owner < 0 or owner in heads
        if is_gap and pieces and not waiting:
            while first < last and _is_closing(lines.line(first)):
                first += 1
            pieces[-1] = pieces[-1]._replace(last=first)
        if first == last:
            continue
        waiting.append((first, last, owner))
        opens = owner in heads and begin <= heads[owner] < last
        room = HEAD_LINES if opens else GAP_LINES
        if not is_gap or last == lines.count or last - waiting[0][0] > room:
            shares = tuple((each[2], each[1] - each[0]) for each in waiting)
            pieces.append(_Piece(waiting[0][0], last, shares))
            waiting.clear()
    return pieces


def _is_closing(line: bytes) -> bool:
    """Whether a line is blank or only closes what is above it, such as ``})``; a lone comment does not."""
    if len(line) > 80 or _CLOSING.fullmatch(line) is None:
        return False
    return line.lstrip()[:2] not in (b"//", b"--", b"/*")


def _merged(pieces: Sequence[_Piece], apart: Container[int] = ()) -> list[_Piece]:
    """The pieces, with small ones joined to the piece before them, but for those that begin in ``apart``."""
    merged: list[_Piece] = []
    for piece in pieces:
        joins = piece.size < SMALL_LINES and piece.first not in apart
        if merged and joins and merged[-1].size < ROOM_LINES:
            before = merged[-1]
            merged[-1] = _Piece(before.first, piece.last, before.shares + piece.shares)
        else:
            merged.append(piece)
    return merged


def _owner_of(piece: _Piece, symbols: Sequence[Symbol]) -> int:
    """The owner of a piece: the definition with most of its lines.

    If that has less than ``MOST_SHARE`` of them, it is the innermost definition around all owners, provided
    that this is a class or another container.
    """
    owner, most = max(piece.shares, key=lambda share: (share[0] >= 0, share[1]))
    if owner < 0 or len(piece.shares) == 1 or most >= MOST_SHARE * piece.size:
        return owner
    common = _path_to(owner, symbols)
    for other, _ in piece.shares:
        kept = set(_path_to(other, symbols))
        common = [each for each in common if each in kept]
    for each in common[:1]:
        span = symbols[each].span
        if symbols[each].kind in _AROUND and span.start_line <= piece.last and span.end_line > piece.first:
            return each
    return owner


def _path_to(position: int, symbols: Sequence[Symbol]) -> list[int]:
    """The positions of a symbol and of those that enclose it, the innermost first."""
    path: list[int] = []
    while position >= 0:
        path.append(position)
        position = symbols[position].parent
    return path


def _parts(lines: TextLines, pieces: Sequence[_Piece]) -> Iterator[_Piece]:
    """The pieces, with long ones cut at blank or little indented lines."""
    for piece in pieces:
        first = piece.first
        while piece.last - first > LONG_LINES or (
            piece.last - first > 1 and lines.starts[piece.last] - lines.starts[first] > CHUNK_BYTES
        ):
            cut = _best_cut(lines, first, piece.last)
            yield piece._replace(first=first, last=cut)
            first = cut
        yield piece._replace(first=first)


def _best_cut(lines: TextLines, first: int, last: int) -> int:
    """The line at which the next part should begin, for a part that begins at ``first``."""
    # The part gets 40 to 80 lines, or fewer (at least one) if more would not fit into CHUNK_BYTES.
    room = int(np.searchsorted(lines.starts, lines.starts[first] + CHUNK_BYTES, side="right")) - 1
    high = min(first + PART_LINES + LEAST_PART_LINES, last - 1, max(first + 1, room))
    low = min(first + PART_LINES - LEAST_PART_LINES, high)
    target = first + PART_LINES
    widths = np.diff(lines.starts[low - 1 : high + 1])
    behind_blank = (np.flatnonzero(widths <= 2) + low).tolist()
    candidates = behind_blank or range(low, high + 1)
    window = lines.text[int(lines.starts[low - 1]) : int(lines.starts[high + 1])]
    if not behind_blank and not _INDENTED.search(window):
        # All lines begin at the margin, as in a table of constants: cut at the nearest that closes nothing.
        for cut in sorted(candidates, key=lambda cut: abs(cut - target)):
            if _CLOSING.fullmatch(lines.line(cut)[:200]) is None:
                return cut
    return min(candidates, key=lambda cut: (_cut_cost(lines, cut), abs(cut - target)))


def _cut_cost(lines: TextLines, cut: int) -> int:
    """The cost of beginning a part at a line: its indentation, and 6 more without a blank line before it."""
    line = lines.line(cut)[:200]
    bare = line.lstrip()
    if not bare or _CLOSING.fullmatch(line):
        return 200
    indentation = min(len(line.expandtabs(4)) - len(bare.expandtabs(4)), 60)
    return indentation if lines.line(cut - 1)[:200].isspace() else indentation + 6


def _chunks(
    lines: TextLines, pieces: Iterator[_Piece], symbols: Sequence[Symbol], plain: Kind
) -> tuple[Chunk, ...]:
    spans: list[tuple[Span, int]] = []
    starts = lines.starts.tolist()
    longest = lines.longest
    for piece in pieces:
        owner = _owner_of(piece, symbols)
        if longest > LINE_BYTES:
            spans.extend((span, owner) for span in _short_lined(lines, piece))
        else:
            span = Span(piece.first + 1, piece.last, starts[piece.first], starts[piece.last])
            spans.append((span, owner))
    defines = _defined([span for span, _ in spans], symbols)
    return tuple(
        Chunk(span, symbols[owner].kind if owner >= 0 else plain, owner, tuple(each))
        for (span, owner), each in zip(spans, defines, strict=True)
    )


def _defined(spans: Sequence[Span], symbols: Sequence[Symbol]) -> list[list[int]]:
    """The positions of the symbols that start in each span."""
    defines: list[list[int]] = [[] for _ in spans]
    begins = np.array([span.start_byte for span in spans], dtype=np.int64)
    starts = np.array([symbol.span.start_byte for symbol in symbols], dtype=np.int64)
    for position, home in enumerate((np.searchsorted(begins, starts, side="right") - 1).tolist()):
        defines[home].append(position)
    return defines


def _short_lined(lines: TextLines, piece: _Piece) -> Iterator[Span]:
    """The spans of a piece, with each line over ``LINE_BYTES`` cut into several."""
    starts = lines.starts
    widths = np.diff(starts[piece.first : piece.last + 1])
    first = piece.first
    for index in (np.flatnonzero(widths > LINE_BYTES) + piece.first).tolist():
        if first < index:
            yield Span(first + 1, index, int(starts[first]), int(starts[index]))
        yield from _slices(lines.text, index + 1, int(starts[index]), int(starts[index + 1]))
        first = index + 1
    if first < piece.last:
        yield Span(first + 1, piece.last, int(starts[first]), int(starts[piece.last]))


def _slices(text: bytes, number: int, start: int, end: int) -> Iterator[Span]:
    """The spans of one long line, cut after punctuation if possible and never inside a character."""
    while end - start > LINE_BYTES:
        cut = start + LINE_BYTES
        for back in range(cut, cut - 200, -1):
            if _CUT_AFTER.match(text, back - 1):
                cut = back
                break
        while cut > start + LINE_BYTES - 4 and text[cut] & 0xC0 == 0x80:
            cut -= 1
        yield Span(number, number, start, cut)
        start = cut
    yield Span(number, number, start, end)
