r"""Definitions while a file is being parsed, and how they become its symbols.

>>> from semindex.parse.comments import comment_ranges
>>> text = b"# Runs.\ndef run():\n    go()\n\n"
>>> draft = Draft("run", Kind.FUNCTION, start=8, end=len(text), parent=-1)
>>> symbol = finished([draft], TextLines(text), comment_ranges("python", text))[0]
>>> symbol.span, symbol.doc
(Span(start_line=2, end_line=3, start_byte=8, end_byte=27), (0, 7))
"""

from bisect import bisect_right
from collections.abc import Iterable

from msgspec import Struct

from semindex.parse.comments import Ranges
from semindex.parse.lines import TextLines
from semindex.types import Kind, Span, Symbol

MAX_SYMBOLS = 50_000
"""Of a file with more definitions only the first are kept: it is generated data."""
MOST_NESTED = 64
"""Definitions nested deeper count as members of the one at this depth: a chunk is found by the names of all
definitions around it, which would be quadratic in a file made of nested definitions."""
FUNCTIONS = frozenset({Kind.FUNCTION, Kind.METHOD, Kind.MACRO})
CONTAINERS = frozenset(
    {
        Kind.CLASS,
        Kind.INTERFACE,
        Kind.STRUCT,
        Kind.ENUM,
        Kind.TRAIT,
        Kind.TYPE,
        Kind.OBJECT,
        Kind.IMPLEMENTATION,
    }
)
"""A function directly inside one of these is a method."""
_BLANKS = b" \t\r\n\f\v"
_MARGIN = _BLANKS + b"\xef\xbb\xbf"


class Draft(Struct):
    """A symbol that may still change; offsets are bytes, ``parent`` is a position among the drafts or -1."""

    name: str
    kind: Kind
    start: int
    end: int
    parent: int
    doc: tuple[int, int] = (0, 0)
    merges: bool = False
    """Whether it and the one before are one definition if their names are equal."""
    documented_only: bool = False
    """Whether it counts only with a comment directly above it."""


def member_kind(kind: Kind, parent: Kind) -> Kind:
    """The kind of a definition inside another: a function in a class is a method."""
    return Kind.METHOD if kind is Kind.FUNCTION and parent in CONTAINERS else kind


def lengthened(drafts: list[Draft], name: str, parent: int, end: int) -> bool:
    """Whether the last draft is of the same name and parent and may merge; it then reaches to ``end``."""
    last = drafts[-1] if drafts else None
    if last is None or not last.merges or last.name != name or last.parent != parent:
        return False
    last.end = max(last.end, end)
    return True


def placed(
    drafts: list[Draft], name: str, kind: Kind, parent: int, qualifier: str, separator: str, owner: int
) -> tuple[str, Kind, int]:
    """The name, kind and parent of a definition that may name its type, as ``Foo::bar`` does.

    ``owner`` is the position of that type among the drafts. If it is -1, the name keeps the qualifier.
    """
    if qualifier:
        if owner < 0:
            return f"{qualifier}{separator}{name}", member_kind(kind, Kind.CLASS), parent
        parent = owner
    return name, member_kind(kind, drafts[parent].kind) if parent >= 0 else kind, parent


def with_more(drafts: list[Draft], more: list[Draft]) -> list[Draft]:
    """Both in the order of their start; the parent of each of ``more`` is the innermost draft around it.

    ``drafts`` must be in the order of their start.
    """
    if not more:
        return drafts
    joined = sorted([*drafts, *more], key=lambda draft: draft.start)
    places = {id(draft): place for place, draft in enumerate(joined)}
    moved = [places[id(draft)] for draft in drafts]
    added = set(map(id, more))
    around: list[int] = []
    for place, draft in enumerate(joined):
        while around and joined[around[-1]].end <= draft.start:
            around.pop()
        if id(draft) in added:
            draft.parent = around[-1] if around else -1
            continue
        draft.parent = moved[draft.parent] if draft.parent >= 0 else -1
        around.append(place)
    return joined


def finished(drafts: list[Draft], lines: TextLines, comments: Ranges) -> tuple[Symbol, ...]:
    """The symbols of a file, in the order of ``drafts``, with the comments above them as documentation."""
    if not drafts:
        return ()
    for draft in drafts:
        while draft.end > draft.start + 1 and lines.text[draft.end - 1] in _BLANKS:
            draft.end -= 1
    _find_docs(drafts, lines.text, comments)
    drafts = _without_undocumented(drafts)
    _flatten(drafts)
    starts = lines.numbers(draft.start for draft in drafts)
    ends = lines.numbers(max(draft.start, draft.end - 1) for draft in drafts)
    return tuple(
        Symbol(draft.name, draft.kind, Span(first, last, draft.start, draft.end), draft.parent, draft.doc)
        for draft, first, last in zip(drafts, starts, ends, strict=True)
    )


def _flatten(drafts: list[Draft]) -> None:
    """Move what is nested deeper than ``MOST_NESTED`` to the last definition that may have members."""
    depths: list[int] = []
    for draft in drafts:
        depth = depths[draft.parent] + 1 if draft.parent >= 0 else 1
        if depth > MOST_NESTED:
            depth, draft.parent = MOST_NESTED, drafts[draft.parent].parent
        depths.append(depth)


def _find_docs(drafts: Iterable[Draft], text: bytes, comments: Ranges) -> None:
    """Give each draft without a docstring the comment lines directly above it."""
    ends: list[int] = comments[:, 1].tolist()
    starts: list[int] = comments[:, 0].tolist()
    above: dict[int, tuple[int, int]] = {}  # by the start, which the names of one head share
    for draft in drafts:
        if draft.doc != (0, 0) or not ends:
            continue
        if draft.start in above:
            draft.doc = above[draft.start]
            continue
        first = last = bisect_right(ends, draft.start) - 1
        below = draft.start
        while first >= 0 and _stands_above(text, starts[first], ends[first], below):
            below = starts[first]
            first -= 1
        if first < last:
            draft.doc = (starts[first + 1], ends[last])
        above[draft.start] = draft.doc


def _without_undocumented(drafts: list[Draft]) -> list[Draft]:
    """The drafts without those that count only with a comment above and have none."""
    if not any(draft.documented_only for draft in drafts):
        return drafts
    moved: list[int] = []
    kept: list[Draft] = []
    for draft in drafts:
        parent = moved[draft.parent] if draft.parent >= 0 else -1
        if draft.documented_only and draft.doc == (0, 0):
            moved.append(parent)  # what is inside of it, if anything, belongs to what is around it
            continue
        moved.append(len(kept))
        draft.parent = parent
        kept.append(draft)
    return kept


def _stands_above(text: bytes, start: int, end: int, below: int) -> bool:
    """Whether a comment fills its lines and ends on the line of the byte ``below`` or the line before."""
    between = text[end:below] if below - end <= 1000 else b"x"
    if between.strip(_BLANKS) or between.count(b"\n") > 1 or text[start : start + 2] == b"#!":
        return False
    line = text.rfind(b"\n", max(0, start - 1000), start) + 1
    return start - line <= 1000 and not text[line:start].strip(_MARGIN) and text[start : start + 3] != b"//!"
