"""Spans of files: from ``path:10-40`` to the text of these lines, as it is today."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from semindex.parse.lines import TextLines
from semindex.search.definitions import near_paths
from semindex.search.hits import Reader
from semindex.source.notebooks import is_notebook, is_packed
from semindex.store.generation import Generation
from semindex.types import FileFailure, SkipReason, SourceFile, Text

MAX_LINES = 2000
"""A span is given up to here."""
MAX_BYTES = 1_000_000
"""A span is cut here, so that a file of long lines is not an endless answer."""

WhyLeftOut = Callable[[int, str], FileFailure | None]
"""Tells why a file of a repository is not in its index, if that is known."""


class Wanted(Struct, frozen=True):
    """A span that was asked for."""

    path: str
    first: int | None = None
    """None for the whole file."""
    last: int | None = None


@cache
def _form() -> re.Pattern[str]:
    return re.compile(r"(?P<path>.+?)(?::(?P<first>\d{1,9})(?:-(?P<last>\d{1,9}))?)?", re.DOTALL)


def wanted_span(span: str) -> Wanted:
    """The path and the lines that a span names.

    >>> wanted_span("src/app.py:10-40")
    Wanted(path='src/app.py', first=10, last=40)
    """
    found = _form().fullmatch(span)
    if found is None:
        return Wanted(span)
    first = int(found["first"]) if found["first"] else None
    return Wanted(found["path"], first, int(found["last"]) if found["last"] else first)


def files_named(generation: Generation, roots: Sequence[Path], path: str) -> tuple[str, Sequence[int]]:
    """The root-relative path that a path means, and the ids of the files that have it.

    It is relative to a root, or absolute below one. The files of all repositories that have it are given in
    their order. The path is empty when it leaves the roots.
    """
    normal = os.path.normpath(path) if path else ""
    if not os.path.isabs(normal):  # noqa: PTH117 - the path may be anything
        if normal == ".." or normal.startswith("../"):
            return "", ()
        return normal, generation.files_at.get(normal, ())
    holding = [(number, root) for number, root in enumerate(roots) if Path(normal).is_relative_to(root)]
    if not holding:
        return "", ()
    relative = ""
    for number, root in sorted(holding, key=lambda each: -len(str(each[1]))):
        inside = Path(normal).relative_to(root).as_posix()
        relative = relative or inside
        files = generation.files_at.get(inside, ())
        own = [file for file in files if generation.facts(file).repository == number]
        if own:
            return inside, own
    return relative, ()


class SpanReader:
    """Reads spans for one answer."""

    def __init__(self, reader: Reader, why_left_out: WhyLeftOut) -> None:
        self._reader, self._generation = reader, reader.generation
        self._why_left_out = why_left_out
        self._today: dict[int, SourceFile | FileFailure] = {}
        self._lines: dict[int, TextLines] = {}
        self.notes: dict[str, None] = {}
        """What a reader should know, each once, in order."""

    def read(self, span: str, context: int) -> Text:
        """The lines of a span, and so many around them; or why they cannot be given."""
        wanted = wanted_span(span)
        path, files = files_named(self._generation, self._reader.roots, span)
        if files:
            wanted = Wanted(span)  # a path that has a colon itself
        else:
            path, files = files_named(self._generation, self._reader.roots, wanted.path)
        if not files:
            return self._missing(wanted, path)
        if len(files) > 1:
            root = self._reader.root(self._generation.facts(files[0]))
            self.notes[f"{len(files)} repositories have {path}; given is that of {root}"] = None
        return self._given(files[0], wanted, context)

    def _given(self, file: int, wanted: Wanted, context: int) -> Text:
        facts = self._generation.facts(file)
        text = self._reader.text(file)
        given = Text(
            path=facts.path,
            start_line=wanted.first or 1,
            end_line=0,
            lines=0,
            text=None,
            lang=facts.language,
            repository=self._reader.root(facts),
            repo=self._reader.called(facts),
            digest=facts.digest_hex,
            stale=text is None,
        )
        source: SourceFile | None = None
        if text is None:
            today = self._of_today(file)
            if isinstance(today, FileFailure):
                return replace(given, problem=_gone(facts.path, today))
            source, text = today, today.text
            given = replace(given, lang=source.language, digest=source.digest.hex())
            given = replace(given, stale=source.digest != facts.digest)
        lines = self._lines.get(file)
        if lines is None:
            lines = self._lines[file] = TextLines(text)
        packed = None if source is not None else self._packed(file, text, wanted)
        count = lines.count if packed is None else packed.lines
        given = replace(given, lines=count)
        problem = _out_of_range(facts.path, wanted, count)
        if problem:
            return replace(given, problem=problem)
        first = max(1, (wanted.first or 1) - context)
        last = min(count, (wanted.last or count) + context)
        if last - first >= MAX_LINES:
            last = first + MAX_LINES - 1
            self._cut(facts.path, first, last, count)
        if packed is None:
            begin, end = int(lines.starts[first - 1]), int(lines.starts[last])
            if end - begin > MAX_BYTES:
                stop = max(int(np.searchsorted(lines.starts, begin + MAX_BYTES, side="right")) - 1, first)
                last, end = stop, min(int(lines.starts[stop]), begin + MAX_BYTES)
                self._cut(facts.path, first, last, count)
        else:
            first, last, begin, end = packed.first, packed.last, packed.begin, packed.end
        if source is None:
            told, masked = self._reader.shown(file, begin, end, MAX_BYTES)
        else:
            told, masked = self._reader.shown_of(source, begin, min(end, begin + MAX_BYTES))
        return replace(
            given,
            start_line=first,
            end_line=last,
            text=told,
            masked=masked,
            symbol=None if given.stale else self._symbol(file, first),
        )

    def _symbol(self, file: int, line: int) -> str | None:
        symbol = self._generation.around(file, line)
        return None if symbol is None else self._generation.symbol(symbol).qualified

    def _of_today(self, file: int) -> SourceFile | FileFailure:
        if file not in self._today:
            self._today[file] = self._reader.today(file)
        return self._today[file]

    def _cut(self, path: str, first: int, last: int, count: int) -> None:
        self.notes[f"given of {path} are lines {first:,} to {last:,} of {count:,}; ask for the others"] = None

    def _packed(self, file: int, text: bytes, wanted: Wanted) -> _Packed | None:
        """What is asked of a notebook whose cells have several lines on one line of the file."""
        if not is_notebook(self._generation.path(file)):
            return None
        chunks = range(*self._generation.file_starts[file : file + 2].tolist())
        spans = [(*self._generation.lines(chunk), *self._generation.byte_range(chunk)) for chunk in chunks]
        if not any(is_packed(text, begin) for _, _, begin, _ in spans):
            return None
        lines = spans[-1][1]
        first, last = wanted.first or 1, wanted.last or lines
        inside = [each for each in spans if each[0] <= last and each[1] >= first] or spans[:1]
        return _Packed(lines, inside[0][0], inside[-1][1], inside[0][2], inside[-1][3])

    def _missing(self, wanted: Wanted, path: str) -> Text:
        return Text(
            path=path or wanted.path,
            start_line=wanted.first or 1,
            end_line=0,
            lines=0,
            text=None,
            lang="",
            repository="",
            digest="",
            stale=False,
            problem=self._why_missing(wanted, path),
        )

    def _why_missing(self, wanted: Wanted, path: str) -> str:
        """Why a path has no file, in a sentence."""
        if not wanted.path.strip():
            return "the path is empty; give a path as a search shows it"
        if not path:
            roots = " or ".join(str(root) for root in self._reader.roots)
            return f"{wanted.path} lies outside {roots}; only indexed files are read"
        if path == "." or any(known.startswith(path + "/") for known in self._generation.path_of):
            return f"{path} is a folder; give a file in it"
        for number in range(len(self._reader.roots)):
            failure = self._why_left_out(number, path)
            if failure is not None:
                detail = f": {failure.detail}" if failure.detail else ""
                return f"{path} is left out of the index ({failure.reason.value}{detail})"
        near = near_paths(self._generation, path)
        hint = f"; near to it: {', '.join(near)}" if near else ""
        return f"{path} is not in the index{hint}"


class _Packed(Struct, frozen=True):
    """Chunks of a notebook as one span."""

    lines: int
    """Of the whole file."""
    first: int
    last: int
    begin: int
    end: int


def _gone(path: str, failure: FileFailure) -> str:
    """Why a file that was indexed cannot be read today."""
    if failure.reason is SkipReason.VANISHED:
        return f"{path} is gone since it was indexed"
    detail = f": {failure.detail}" if failure.detail else ""
    return f"{path} has changed since it was indexed and cannot be given ({failure.reason.value}{detail})"


def _out_of_range(path: str, wanted: Wanted, count: int) -> str:
    first, last = wanted.first, wanted.last
    if first is None or last is None:
        return ""
    if first < 1:
        return f"{path} has no line 0; lines count from 1"
    if last < first:
        return f"lines {first} to {last} of {path} are none; give the first line first"
    return f"{path} has no line {first:,}; it ends at line {count:,}" if first > count else ""
