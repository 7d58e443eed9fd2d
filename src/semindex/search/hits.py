"""Ranked chunks to hits: spans with their text, read from the files and checked against their digests."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from semindex.search.ranking import RankedChunk, RankedFile, Ranking
from semindex.source.kept import KeptTexts
from semindex.source.read import read_verified
from semindex.store.generation import Generation, Spot
from semindex.types import Hit, Kind, Reason

MORE_SPANS = 4
"""Other spans of a file that are shown under its best one."""
MORE_SHARE = 0.5
"""An other span is shown when it scores at least this share of the best one."""
MAX_DEFINITION_LINES = 60
"""A definition that a query names is shown whole up to here."""
MAX_TEXT_BYTES = 64_000
"""A shown span is cut here; only slices of very long lines are that large."""

_LABELS = {int(kind): kind.label for kind in Kind}


class Source(Struct, frozen=True):
    """What all hits of a file have in common."""

    path: str
    language: str
    repository: str
    digest: str
    text: bytes | None


class Reader(Struct, frozen=True):
    """Texts of indexed files, each read once an answer."""

    generation: Generation
    root: Path
    texts: dict[int, bytes | None]
    sources: dict[int, Source] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    """Those looked at: none is a link."""
    kept: KeptTexts | None = None
    """Texts of answers before."""

    def source(self, file: int) -> Source:
        """What is told of a file with each of its hits."""
        known = self.sources.get(file)
        if known is None:
            generation = self.generation
            known = self.sources[file] = Source(
                path=generation.path(file),
                language=generation.language(file),
                repository=str(self.root),
                digest=generation.digest(file).hex(),
                text=self.text(file),
            )
        return known

    def text(self, file: int) -> bytes | None:
        """The analysis text, or None when the file is not what was indexed."""
        if file not in self.texts:
            path, digest = self.generation.path(file), self.generation.digest(file)
            read = read_verified if self.kept is None else self.kept.read
            self.texts[file] = read(self.root, path, digest, self.folders)
        return self.texts[file]


def by_file(ranking: Ranking, readers: Sequence[Reader]) -> tuple[Hit, ...]:
    """One hit a file, its other good spans in ``more``; a reader a shard."""
    return tuple(_file_hit(found, readers[found.shard]) for found in ranking.files)


def by_chunk(
    ranking: Ranking, readers: Sequence[Reader], *, limit: int, file_share: float
) -> tuple[Hit, ...]:
    """One hit a chunk, best first: the chunk's own score plus a share of its file's; a reader a shard."""

    def order(item: tuple[float, RankedFile, RankedChunk]) -> tuple[float, str, tuple[int, int], int]:
        score, found, chunk = item
        generation = readers[found.shard].generation
        return -score, generation.path(found.file), generation.lines(chunk.chunk), found.shard

    flat = [
        (chunk.score + file_share * found.score, found, chunk)
        for found in ranking.files
        for chunk in found.chunks
    ]
    flat.sort(key=order)
    return tuple(
        _hit(
            reader.source(found.file),
            reader.generation.spot(chunk.chunk),
            score,
            _chunk_reasons(found, chunk, file_share),
        )
        for score, found, chunk in flat[:limit]
        for reader in (readers[found.shard],)
    )


def _chunk_reasons(found: RankedFile, chunk: RankedChunk, file_share: float) -> tuple[Reason, ...]:
    return (Reason("span", chunk.score), Reason("file", file_share * found.score))


def _file_hit(found: RankedFile, reader: Reader) -> Hit:
    best, *others = found.chunks
    source = reader.source(found.file)
    floor = MORE_SHARE * max([chunk.score for chunk in found.chunks])
    more = [chunk for chunk in others if chunk.score >= floor and chunk.score > 0.0][:MORE_SPANS]
    spot = reader.generation.spot
    below = [_hit(source, spot(chunk.chunk), chunk.score, (Reason("span", chunk.score),)) for chunk in more]
    hit = _hit(source, spot(best.chunk), found.score, found.reasons, more=tuple(below))
    return hit if found.symbol is None else _defining(hit, reader, found)


def _defining(hit: Hit, reader: Reader, found: RankedFile) -> Hit:
    """The hit with the definition that the query names as its span, its first lines when it is long."""
    record = reader.generation.symbol(found.symbol or 0)
    last = min(record.end_line, max(hit.end_line, record.start_line + MAX_DEFINITION_LINES - 1))
    text = reader.text(found.file)
    if text is not None:
        lines = text.split(b"\n", last)[record.start_line - 1 : last]
        shown = b"\n".join(lines)[:MAX_TEXT_BYTES].decode("utf-8", "replace").removesuffix("\r")
    return replace(
        hit,
        start_line=record.start_line,
        end_line=last,
        symbol=record.qualified,
        kind=record.kind.label,
        text=shown if text is not None else None,
        more=tuple(more for more in hit.more if not record.start_line <= more.start_line <= last),
    )


def _hit(
    source: Source, spot: Spot, score: float, reasons: tuple[Reason, ...], *, more: tuple[Hit, ...] = ()
) -> Hit:
    first, last, begin, end, kind, owner = spot
    text = _shown(source.text, begin, end)
    return Hit(
        path=source.path,
        start_line=first,
        end_line=last,
        score=score,
        symbol=owner,
        kind=_LABELS[kind],
        language=source.language,
        reasons=reasons,
        text=text,
        more=more,
        repository=source.repository,
        digest=source.digest,
        stale=text is None,
    )


def _shown(text: bytes | None, begin: int, end: int) -> str | None:
    """The chunk's text without its last newline; not cut inside a character."""
    if text is None:
        return None
    piece = text[begin : min(end, begin + MAX_TEXT_BYTES)].decode("utf-8", "replace")
    return piece.removesuffix("\n").removesuffix("\r")


def containing(
    ranking: Ranking, phrases: Sequence[str], readers: Sequence[Reader], *, limit: int
) -> tuple[RankedFile, ...]:
    """The first ``limit`` ranked files whose text holds every phrase, cut to the chunks that do.

    Case is ignored and any run of white space equals any other. A file that has changed since it was
    indexed cannot be verified and is left out.
    """
    patterns = [_phrase_pattern(phrase) for phrase in phrases]
    kept: list[RankedFile] = []
    for found in ranking.files:
        reader = readers[found.shard]
        text = reader.text(found.file)
        if text is None:
            continue
        places = [[match.span() for match in pattern.finditer(text)] for pattern in patterns]
        if all(places):
            kept.append(_narrowed(found, [span for spans in places for span in spans], reader.generation))
            if len(kept) == limit:
                break
    return tuple(kept)


def _phrase_pattern(phrase: str) -> re.Pattern[bytes]:
    parts = [re.escape(part.encode("utf-8")) for part in phrase.split()]
    return re.compile(rb"\s+".join(parts), re.IGNORECASE)


def _narrowed(found: RankedFile, spans: list[tuple[int, int]], generation: Generation) -> RankedFile:
    """The file with only the chunks that hold a phrase; all when none holds one whole."""

    def holds(chunk: RankedChunk) -> bool:
        begin, end = generation.byte_range(chunk.chunk)
        return any(start < end and stop > begin for start, stop in spans)

    chunks = tuple(chunk for chunk in found.chunks if holds(chunk)) or found.chunks
    return replace(found, chunks=chunks)
