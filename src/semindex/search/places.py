"""Places that a query names: ``path:line``, and the frames of stack traces of many languages.

Which file a place means is decided by the end of its path: a trace was often written on another machine,
and has ``/srv/app/src/web.py`` for our ``src/web.py``. A path that agrees with no file of the index is
other people's code (or no path at all, as ``localhost:8080``), and is left out.

>>> places_in('File "/srv/app/src/web.py", line 12, in get')
(Place(path='/srv/app/src/web.py', line=12),)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from msgspec import Struct

from semindex.search.weights import Weights
from semindex.store.generation import Generation
from semindex.types import Place, Query

MAX_PLACES = 64
"""Frames of a trace that are looked at."""
MAX_FILES = 20
"""A path that more files end with, such as ``index.ts``, names none of them."""
_APART = r"\s:()\"'`<>\[\]|,;={}#"
"""What stands between paths, and in none."""
_PATH = rf"(?<![^{_APART}])(?:[A-Za-z]:(?=[/\\]))?[^{_APART}]{{0,400}}"
_FILE = rf"{_PATH}[^{_APART}/\\.]\.\w{{1,16}}"
_FORMS = (
    # Python; Perl and PHP's messages; C#; Java and its kin; PHP, MSVC and tsc; and all others.
    r'File "(?P<a>[^"\n]{1,400})", line (?P<al>\d+)',
    rf"(?P<b>{_FILE})[\"']?,? (?:on |at )?line (?P<bl>\d+)",
    rf"(?P<c>{_FILE}):line (?P<cl>\d+)",
    r"(?<![\w.$/])(?P<owner>[\w$.<>/@-]{0,400})"
    r"\((?P<d>[\w$-]{1,200}\.(?:java|kt|kts|scala|groovy|clj)):(?P<dl>\d+)\)",
    rf"(?P<e>{_FILE})\((?P<el>\d+)(?:,\s*\d+)?\)",
    rf"(?P<f>(?:{_FILE}|{_PATH}/[\w-]{{1,100}}|[A-Z]\w{{1,40}}file))(?::|#L)(?P<fl>\d+)(?!\w)",
)
_PYTHON_ORDER = re.compile(r'Traceback \(most recent call last\)|^\s*File "[^"\n]+", line \d+, in ')
_WHOLE = re.compile(
    rf"(?P<path>{_PATH}[^{_APART}/\\])(?:(?::|#L)(?P<line>\d+)(?:(?::|-L?|,)\d+)*:?|\((?P<inner>\d+)(?:,\d+)?\))?"
)
_NAMED_FILE = re.compile(r"\.[A-Za-z]\w*$")
"""A path that surely means a file: ``localhost:8080`` and ``read/write:1`` may mean others."""
_SEPARATORS = re.compile(r"[/\\]+")


def places_in(text: str) -> tuple[Place, ...]:
    """The places that a text names with a line, the most important one first, each path and line once.

    That is their order, except in Python's traces, which tell the most recent call last.
    """
    matches = islice(re.finditer("|".join(_FORMS), text), 4 * MAX_PLACES)
    found = [_place(match) for match in matches]
    if _PYTHON_ORDER.search(text):
        found.reverse()
    return tuple(dict.fromkeys(found))[:MAX_PLACES]


def whole_place(text: str) -> Place | None:
    """The place that a text is, and nothing else; its line may be missing."""
    match = _WHOLE.fullmatch(text.strip())
    if match is None:
        return None
    return Place(match["path"], int(match["line"] or match["inner"] or 0))


def _place(match: re.Match[str]) -> Place:
    groups = match.groupdict()
    name = next(name for name in "abcdef" if groups[name] is not None)
    path, line = groups[name], int(groups[f"{name}l"][:9])
    if name == "d":
        # ``org.example.Shop.Cart.add(Shop.java:12)`` is of a file in the folder org/example.
        package = groups["owner"].rpartition("/")[2].split(".")[:-2]
        path = "/".join([*package, path])
    return Place(path.removeprefix("file://").removeprefix("./"), line)


class PlaceMatch(Struct, frozen=True):
    """A file that a query names by its path."""

    boost: float
    line: int
    """1-based; 0 when none is named."""
    chunk: int | None
    """The chunk that has the line; None when no line of the file is named."""


def place_matches(
    generation: Generation, query: Query, weights: Weights
) -> tuple[dict[int, PlaceMatch], tuple[str, ...]]:
    """The files that a query names, by file id, those named first with the highest boost; and notes."""
    found: dict[int, PlaceMatch] = {}
    notes: list[str] = []
    for file, line in _resolved(query.places, generation.named) if query.places else ():
        if file in found:
            continue
        boost = max(weights.place_least, weights.place - weights.place_step * len(found))
        chunk = _chunk_with(generation, file, line) if line else None
        if line and chunk is None:
            _, last = generation.lines(int(generation.file_starts[file + 1]) - 1)
            lines = f"{last:,} line{'s' * (last != 1)}"
            notes.append(f"{generation.path(file)} has {lines}, and no line {line:,}")
        found[file] = PlaceMatch(boost, line, chunk)
    if query.places and not found:
        place = whole_place(query.text)
        if place is not None and place.line and _NAMED_FILE.search(place.path):
            notes.append(f"no file of the index has the path {place.path}; shown is what is like it")
    return found, tuple(notes)


def _chunk_with(generation: Generation, file: int, line: int) -> int | None:
    for chunk in range(*generation.file_starts[file : file + 2].tolist()):
        first, last = generation.lines(chunk)
        if first <= line <= last:
            return chunk
    return None


def _resolved(
    places: Sequence[Place], named: Mapping[str, Sequence[tuple[str, int]]]
) -> Iterator[tuple[int, int]]:
    """The files that places mean, with the line of each, in the order of the places.

    Behind them come those that have the name of a file, and no other part of the path.
    """
    unsure: list[tuple[int, int]] = []
    for place in places:
        parts = [part for part in _SEPARATORS.split(place.path) if part not in ("", ".", "..")]
        candidates = named.get(parts[-1], ()) if parts else ()
        agreeing = [(_agreement(parts, path.split("/")), file) for path, file in candidates]
        best = max((agreement for agreement, _ in agreeing), default=0)
        files = [file for agreement, file in agreeing if agreement == best]
        if best and len(files) <= MAX_FILES:
            yield from ((file, place.line) for file in files)
        elif len(candidates) == 1:
            unsure.append((candidates[0][1], place.line))
    yield from unsure


def _agreement(parts: Sequence[str], path: Sequence[str]) -> int:
    """How many parts two paths have in common at their ends; 0 when that is too little to be the same.

    It is enough when one is the end of the other, or when they share the folder and the name.
    """
    shared = 0
    for one, other in zip(reversed(parts), reversed(path), strict=False):
        if one != other:
            break
        shared += 1
    return shared if shared >= 2 or shared == min(len(parts), len(path)) else 0
