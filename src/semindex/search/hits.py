"""Ranked chunks to hits: spans with their text, read from the files and checked against their digests.

A hit's place and text are there at once. Its reasons and its other spans are worked out when they are read,
since most readers do not ask.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Container, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from semindex.search.ordering import RankedFile, Ranking
from semindex.search.scale import DECIMALS, Scale, Scaling, relevance
from semindex.search.symbols import heading
from semindex.source.kept import KeptTexts
from semindex.source.notebooks import is_notebook, is_packed, place_in_cell
from semindex.source.read import ReadRules, read_today, read_verified
from semindex.source.secrets import Ranges, hidden_ranges, hide, mask
from semindex.store.generation import FileFacts, Generation
from semindex.types import Deferred, FileFailure, Hit, Kind, Reason, SourceFile

MORE_SPANS = 4
"""Other spans of a file that are shown under its best one."""
MORE_SHARE = 0.5
"""An other span is shown when it scores at least this share of the best one."""
MAX_DEFINITION_LINES = 60
"""A definition that a query names is shown whole up to here."""
MAX_JOINED_LINES = 120
"""Neighbouring parts of a long function are shown as one span up to here; a part has 40 to 80 lines."""
MAX_TEXT_BYTES = 64_000
"""A shown span is cut here; only slices of very long lines are that large."""

_LARGE = ReadRules(max_file_bytes=64 << 20, max_data_bytes=64 << 20, max_notebook_bytes=64 << 20)
"""A user may have files indexed that are larger than usual; what is indexed is shown when it has changed."""
_CUT_KINDS = frozenset(map(int, (Kind.FUNCTION, Kind.METHOD)))
"""What is told to be cut into parts; the chunks of a class are its members."""
_LABELS = {int(kind): kind.label for kind in Kind}

FindReasons = Callable[[RankedFile], Sequence[Reason]]
"""Tells what made the score of a ranked file."""


class Reader:
    """Reads the texts of indexed files, each once an answer."""

    def __init__(
        self,
        generation: Generation,
        roots: Sequence[Path],
        kept: KeptTexts | None = None,
        guard: Callable[[], AbstractContextManager[None]] = nullcontext,
        *,
        masks: bool = True,
        called: Sequence[str | None] = (),
    ) -> None:
        """Prepare.

        Args:
            generation: What was searched.
            roots: The repositories' roots, in their order.
            kept: Has texts of answers before.
            guard: Stands around what is read of the index when hits are looked at.
            masks: Whether secrets are hidden (see :mod:`semindex.source.secrets`).
            called: The name under which each repository was asked for; none when none was.
        """
        self.generation = generation
        self.guard = guard
        self.roots = roots
        self._read = read_verified if kept is None else kept.read
        self._names = [str(root) for root in roots]
        self._called = called
        self._texts: dict[int, bytes | None] = {}
        self._masks = masks
        self._hidden: dict[int, Ranges] = {}
        self._folders: set[str] = set()
        """Those looked at: none is a link."""

    def root(self, facts: FileFacts) -> str:
        """The root of the repository that a file is of."""
        return self._names[facts.repository]

    def called(self, facts: FileFacts) -> str | None:
        """The name under which the repository of a file was asked for."""
        return self._called[facts.repository] if self._called else None

    def text(self, file: int) -> bytes | None:
        """The analysis text, or None when the file is not what was indexed."""
        if file not in self._texts:
            facts = self.generation.facts(file)
            root = self._names[facts.repository]
            text = self._read(root, facts.path, facts.digest, self._folders)
            if text is not None and self._masks:
                self._hidden[file] = hidden = hidden_ranges(facts.path, text)
                text = hide(text, hidden) if hidden else text
            self._texts[file] = text
        return self._texts[file]

    def shown(
        self, file: int, begin: int, end: int, most_bytes: int = MAX_TEXT_BYTES
    ) -> tuple[str | None, int]:
        """The text between two bytes without its last newline, and how many secrets are masked in it.

        It has at most ``most_bytes``, is not cut inside a character, and is None when the file is not what
        was indexed.
        """
        text = self.text(file)
        if text is None:
            return None, 0
        return self._told(text, begin, min(end, begin + most_bytes), self._hidden.get(file, ()))

    def today(self, file: int) -> SourceFile | FileFailure:
        """A file as it is now, whatever was indexed; secrets are hidden as in :meth:`text`."""
        facts = self.generation.facts(file)
        rules = replace(_LARGE, index_secrets=not self._masks)
        return read_today(self._names[facts.repository], facts.path, rules=rules)

    def shown_of(self, source: SourceFile, begin: int, end: int) -> tuple[str, int]:
        """What :meth:`shown` gives, of what :meth:`today` gave."""
        hidden = hidden_ranges(source.path, source.text) if self._masks else ()
        return self._told(source.text, begin, end, hidden)

    def _told(self, text: bytes, begin: int, end: int, hidden: Sequence[tuple[int, int]]) -> tuple[str, int]:
        piece, masked = mask(text, begin, end) if self._masks else (text[begin:end], 0)
        over = sum(left < end and right > begin for left, right in hidden)
        return piece.decode("utf-8", "replace").removesuffix("\n").removesuffix("\r"), masked + over


def by_file(
    ranking: Ranking, reader: Reader, reasons: FindReasons, scaling: Scaling = relevance
) -> tuple[Hit, ...]:
    """One hit a file, its other good spans in ``more``; ``scaling`` makes scores of their points."""
    terms = frozenset(ranking.terms)
    scale = scaling(max((found.score for found in ranking.files), default=0.0))
    with reader.guard():
        return tuple([_file_hit(found, reader, reasons, terms, scale) for found in ranking.files])


def by_chunk(
    ranking: Ranking, reader: Reader, *, limit: int, file_share: float, scaling: Scaling = relevance
) -> tuple[Hit, ...]:
    """One hit a chunk, best first: the chunk's own points plus a share of its file's.

    ``scaling`` makes scores of their points.
    """
    generation = reader.generation
    flat = [
        (span + file_share * found.score, found, chunk, span)
        for found in ranking.files
        for chunk, span in zip(found.chunks, found.spans, strict=True)
    ]

    def order(item: tuple[float, RankedFile, int, float]) -> tuple[float, str, tuple[int, int], int]:
        points, found, chunk, _ = item
        return -points, generation.path(found.file), generation.lines(chunk), found.file

    flat.sort(key=order)
    scale = scaling(flat[0][0] if flat else 0.0)
    return tuple(
        _hit(
            reader,
            _Run(chunk, span, chunk, chunk),
            (points, scale(points)),
            (Reason("span", span), Reason("file", file_share * found.score)),
            terms=frozenset(ranking.terms),
        )
        for points, found, chunk, span in flat[:limit]
    )


def _file_hit(
    found: RankedFile, reader: Reader, reasons: FindReasons, terms: Collection[str], scale: Scale
) -> Hit:
    why, score = Deferred(lambda: reasons(found)), scale(found.score)
    head = _head(found, reader.generation)
    more = Deferred(lambda: _more(found, head, reader, terms, score))
    hit = _hit(reader, head, (found.score, score), why, more, terms=terms)
    hit = hit if found.symbol is None else _defining(hit, reader, found)
    named = found.line is not None and hit.start_line <= found.line <= hit.end_line
    return replace(hit, line=found.line) if named else hit


class _Run(NamedTuple):
    """A chunk, or neighbouring parts of one function, shown as one span."""

    best: int
    span: float
    """The score of the best chunk, the highest of theirs."""
    first: int
    last: int


def _head(found: RankedFile, generation: Generation) -> _Run:
    """The first span of a file, joined with parts of the same function that are worth showing, too."""
    chunk, span = found.chunks[0], found.spans[0]
    parts = _parts_of(chunk, _good(found), generation) if found.symbol is None else ()
    return _run(chunk, span, parts, generation)


def _others(found: RankedFile, head: _Run, generation: Generation) -> Iterator[_Run]:
    """The other spans that are shown of a file, best first; neighbouring parts of one function are joined.

    Other neighbours are not, as each is headed by a name of its own. Spans that begin in a definition that is
    shown already are left out.
    """
    shown = range(0)
    if found.symbol is not None:
        first, last = _definition_lines(found, generation)
        shown = range(first, last + 1)
    left = {
        chunk: span
        for chunk, span in _good(found).items()
        if not head.first <= chunk <= head.last
        if not shown or generation.lines(chunk)[0] not in shown
    }
    while left:
        best, span = next(iter(left.items()))
        run = _run(best, span, _parts_of(best, left, generation), generation)
        yield run
        for chunk in range(run.first, run.last + 1):
            del left[chunk]


def _good(found: RankedFile) -> dict[int, float]:
    """The chunks of a file that are shown beside its first, best first, with their scores."""
    floor = MORE_SHARE * max(found.spans)
    others = zip(found.chunks[1:], found.spans[1:], strict=True)
    good = [(chunk, span) for chunk, span in others if span >= floor and span > 0.0]
    return dict(good[:MORE_SPANS])


def _parts_of(chunk: int, shown: Collection[int], generation: Generation) -> Collection[int]:
    """Those of the chunks shown that are parts of the same function as ``chunk``."""
    if not shown or generation.chunk_kinds.item(chunk) not in _CUT_KINDS:
        return ()
    owner, _, parts = generation.part(chunk)
    return [each for each in shown if generation.part(each)[0] == owner] if parts > 1 else ()


def _run(chunk: int, span: float, others: Container[int], generation: Generation) -> _Run:
    """The chunk, with as many of the others before and behind it as follow on each other, and have room."""
    first = last = chunk
    while first - 1 in others and _fits(first - 1, last, generation):
        first -= 1
    while last + 1 in others and _fits(first, last + 1, generation):
        last += 1
    return _Run(chunk, span, first, last)


def _fits(first: int, last: int, generation: Generation) -> bool:
    """Whether some chunks lie in one file (or cell) without a gap, and are short enough to be one span."""
    ranges = [generation.byte_range(chunk) for chunk in range(first, last + 1)]
    lines = generation.lines(last)[1] - generation.lines(first)[0] + 1
    touch = all(one[1] == other[0] for one, other in pairwise(ranges))
    return touch and lines <= MAX_JOINED_LINES and ranges[-1][1] - ranges[0][0] <= MAX_TEXT_BYTES


def _more(found: RankedFile, head: _Run, reader: Reader, terms: Collection[str], score: float) -> list[Hit]:
    """The other good spans of a file."""
    # The points of spans are no points of files: those of the file, and its score, are told in proportion.
    most = max(*found.spans, 1e-9)
    hits = []
    with reader.guard():
        for run in _others(found, head, reader.generation):
            share = run.span / most
            points = min(found.score, max(found.score, 0.0) * share)
            hits.append(_hit(reader, run, (points, score * share), (Reason("span", points),), terms=terms))
    return hits


def _definition_lines(found: RankedFile, generation: Generation) -> tuple[int, int]:
    """The first and last line that are shown of the definition that a query names."""
    record = generation.symbol(found.symbol or 0)
    _, end_line = generation.lines(found.chunks[0])
    last = max(end_line, record.start_line + MAX_DEFINITION_LINES - 1)
    return record.start_line, min(record.end_line, last)


def _defining(hit: Hit, reader: Reader, found: RankedFile) -> Hit:
    """The hit with the definition that the query names as its span, its first lines when it is long."""
    record = reader.generation.symbol(found.symbol or 0)
    hit = replace(hit, symbol=record.qualified, kind=record.kind.label)
    first, last = _definition_lines(found, reader.generation)
    if last >= record.end_line or hit.part != 1:
        hit = replace(hit, part=None, parts=None)
    text = reader.text(found.file)
    if text is None:
        return replace(hit, start_line=first, end_line=last, cell=None, cell_line=None)
    begin, end = reader.generation.byte_range(record.chunk)
    if is_notebook(hit.path) and is_packed(text, begin):
        last = max(first, reader.generation.lines(record.chunk)[1])
        begin = first_named(text, record.name, begin, end)
        shown = b"\n".join(text[begin:end].split(b"\n", MAX_DEFINITION_LINES)[:MAX_DEFINITION_LINES])
    else:
        whole = text.split(b"\n", last)
        begin = sum(map(len, whole[: first - 1])) + first - 1
        shown = b"\n".join(whole[first - 1 : last])
    cell, cell_line = _cell(hit.path, text, begin)
    told, masked = reader.shown(found.file, begin, begin + len(shown))
    return replace(
        hit,
        cell=cell,
        cell_line=cell_line,
        start_line=first,
        end_line=last,
        text=told,
        masked=masked,
    )


def first_named(text: bytes, name: str, begin: int, end: int) -> int:
    """Where the first line with a name begins between two bytes; the first of these without one."""
    last = re.escape(name.rpartition(".")[2].encode("utf-8"))
    found = re.compile(rb"(?m)^[^\n]*?(?<!\w)" + last + rb"(?!\w)").search(text, begin, end)
    return found.start() if found is not None else begin


def _hit(
    reader: Reader,
    run: _Run,
    weighed: tuple[float, float],
    reasons: Sequence[Reason],
    more: Sequence[Hit] = (),
    *,
    terms: Collection[str],
) -> Hit:
    """The hit of a run of chunks, headed by the best of them, with its points and its score."""
    points, score = weighed
    generation = reader.generation
    file = generation.chunk_file.item(run.best)
    text, facts = reader.text(file), generation.facts(file)
    first, last, begin, end, kind, owner = generation.spot(run.best)
    if run.first != run.last:
        first, begin = generation.lines(run.first)[0], generation.byte_range(run.first)[0]
        last, end = generation.lines(run.last)[1], generation.byte_range(run.last)[1]
    part, parts = _part(run, generation)
    named = heading(generation, run.best, owner, terms)
    if named is not None:
        record = generation.symbol(named)
        if record.qualified != owner:
            part = parts = None
        owner, kind = record.qualified, int(record.kind)
    cell, cell_line = _cell(facts.path, text, begin)
    told, masked = reader.shown(file, begin, end)
    return Hit(
        path=facts.path,
        start_line=first,
        end_line=last,
        score=round(score, DECIMALS),
        points=points,
        symbol=owner,
        kind=_LABELS[kind],
        lang=facts.language,
        reasons=reasons,
        text=told,
        masked=masked,
        more=more,
        repository=reader.root(facts),
        repo=reader.called(facts),
        digest=facts.digest_hex,
        stale=text is None,
        cell=cell,
        cell_line=cell_line,
        part=part,
        parts=parts,
    )


def _part(run: _Run, generation: Generation) -> tuple[int, int] | tuple[None, None]:
    """With which part of a function a run begins, and how many there are; None twice of what is whole."""
    if generation.chunk_kinds.item(run.best) not in _CUT_KINDS:
        return None, None
    _, part, parts = generation.part(run.first)
    return (part, parts) if parts > run.last - run.first + 1 else (None, None)


def _cell(path: str, text: bytes | None, offset: int) -> tuple[int, int] | tuple[None, None]:
    """The cell of a byte of a notebook, and the line in it; None twice for any other file."""
    if text is None or not is_notebook(path):
        return None, None
    return place_in_cell(text, offset) or (None, None)


def containing(
    ranking: Ranking, phrases: Sequence[str], reader: Reader, *, limit: int
) -> tuple[RankedFile, ...]:
    """The first ``limit`` ranked files whose text holds every phrase, cut to the chunks that do.

    Case is ignored and any run of white space equals any other. A file that has changed since it was
    indexed cannot be verified and is left out.
    """
    patterns = [_phrase_pattern(phrase) for phrase in dict.fromkeys(phrases)]
    kept: list[RankedFile] = []
    for found in ranking.files:
        text = reader.text(found.file)
        if text is None:
            continue
        if all(pattern.search(text) for pattern in patterns):
            places = [match.span() for pattern in patterns for match in pattern.finditer(text)]
            kept.append(_narrowed(found, places, text, reader.generation))
            if len(kept) == limit:
                break
    return tuple(kept)


def _phrase_pattern(phrase: str) -> re.Pattern[bytes]:
    parts = [re.escape(part.encode("utf-8")) for part in phrase.split()]
    return re.compile(rb"\s+".join(parts), re.IGNORECASE)


def _narrowed(
    found: RankedFile, spans: Sequence[tuple[int, int]], text: bytes, generation: Generation
) -> RankedFile:
    """The file with only the chunks that hold a phrase; all when none holds one whole."""

    def holds(chunk: int) -> bool:
        begin, end = generation.byte_range(chunk)
        return any(start < end and stop > begin for start, stop in spans)

    def in_definition() -> bool:
        # A definition is shown without the comment above it, where the phrase may stand.
        first, last = _definition_lines(found, generation)
        lines = {text.count(b"\n", 0, start) + 1 for start, _ in spans}
        return any(first <= line <= last for line in lines)

    kept = [place for place, chunk in enumerate(found.chunks) if holds(chunk)]
    if not kept:
        return found
    chunks = tuple(found.chunks[place] for place in kept)
    named = found.symbol is not None and chunks[0] == found.chunks[0] and in_definition()
    symbol = found.symbol if named else None
    return replace(found, chunks=chunks, spans=tuple(found.spans[place] for place in kept), symbol=symbol)
