"""Search for what is pasted: lines of a function's code, and string constants such as messages.

Nobody has to judge these either: a piece that stands in one place of a tree is a query for that place.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from semindex.errors import UsageError
from semindex.evaluate.ask import Opener, ProgressMessage, folder, no_progress, open_index, prepare
from semindex.evaluate.blanking import LinesTask
from semindex.evaluate.functions import FunctionAnswer, answered, by_language
from semindex.evaluate.metrics import Interval, interval, percentile, recall, reciprocal_rank
from semindex.parse.parser import parse_file
from semindex.source.languages import kind_of
from semindex.source.read import read_file
from semindex.source.walk import walk
from semindex.types import FileFailure, Kind, ParsedFile

CODE, STRING = "code", "string"
LINES = 3
"""Of a function's body, pasted as they stand."""
MIN_CODE_WORDS = 6
MIN_STRING_WORDS = 4
DEFAULT_LIMIT = 200
_BODY_LINES = range(7, 200)
_WORDS = re.compile(r"[^\W\d_]{2,}")
_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"|\'((?:[^\'\\\n]|\\.)*)\'')
_STRING_CHARS = range(12, 161)


class PastedReport(Struct, frozen=True):
    """Figures over all pieces that were asked for, each with its interval."""

    mrr: Interval
    recall_at_1: Interval
    recall_at_10: Interval
    pieces: Mapping[str, Interval]
    """MRR@10 of lines of code, and of string constants."""
    languages: Mapping[str, Interval]
    """MRR@10."""
    notes: tuple[str, ...]
    chunks: int
    index_seconds: float
    query_p50_ms: float
    query_p95_ms: float
    answers: tuple[FunctionAnswer, ...]
    """The name of a task is :data:`CODE` or :data:`STRING`; its lines are those of the piece."""


def evaluate_pasted(
    root: Path,
    *,
    limit: int = DEFAULT_LIMIT,
    seed: int = 0,
    on_progress: ProgressMessage = no_progress,
    opener: Opener = open_index,
) -> PastedReport:
    """Ask for pieces of a folder's code by themselves, half of them lines, half string constants.

    A hit counts when it shows a line of the piece. The folder is only read; its index is temporary.

    Args:
        root: The folder.
        limit: Pieces to ask for, drawn at random; 0 for all.
        seed: Of the draw and of the intervals.
        on_progress: Told what is being done.
        opener: Makes the index of a folder.

    Raises:
        RootError: ``root`` cannot be read.
        UsageError: It has no piece that stands in one place only.
    """
    on_progress("looking for pieces")
    tasks = draw_pieces(_parsed(root), limit, seed)
    if not tasks:
        raise UsageError(f"no lines of a function or string constant that occur once: {root}")
    with folder(None) as temporary, opener(root, temporary / "index") as index:
        on_progress("indexing")
        built = prepare(index)
        on_progress(f"asking for {len(tasks)} pieces")
        answers = tuple(answered(index, task) for task in tasks)
    return _report(answers, built.chunks, built.seconds, seed)


def _parsed(root: Path) -> Iterator[ParsedFile]:
    for ref in walk(root).refs:
        source = read_file(root, ref)
        if not isinstance(source, FileFailure) and kind_of(source.language) == "code":
            yield parse_file(source)


def draw_pieces(files: Iterable[ParsedFile], limit: int, seed: int) -> list[LinesTask]:
    """Pieces that occur once in all files, white space aside; ``limit // 2`` of each sort, 0 for all."""
    found: dict[str, list[LinesTask]] = {CODE: [], STRING: []}
    squeezed = []
    for file in files:
        squeezed.append(_squeeze(file.source.text.decode("utf-8", "replace")))
        for task in pieces(file, seed):
            found[task.name].append(task)
    whole = "\n".join(squeezed)
    chosen: list[LinesTask] = []
    for tasks in found.values():
        random.Random(seed).shuffle(tasks)
        once = (task for task in tasks if whole.count(_squeeze(task.query)) == 1)
        chosen += [task for task, _ in zip(once, range(limit // 2 if limit else len(tasks)), strict=False)]
    return chosen


def pieces(file: ParsedFile, seed: int = 0) -> Iterator[LinesTask]:
    """Three neighbouring lines of each longer function, drawn at random, and every longer string constant."""
    lines = file.source.text.decode("utf-8", "replace").split("\n")
    path, language = file.source.path, file.source.language
    starts = comment_lines(file)
    for symbol in file.symbols:
        first, last = symbol.span.start_line + 1, symbol.span.end_line
        if symbol.kind not in (Kind.FUNCTION, Kind.METHOD) or last - first not in _BODY_LINES:
            continue
        start = random.Random(f"{seed}:{path}:{first}").randrange(first, last - LINES)
        query = "\n".join(lines[start - 1 : start - 1 + LINES])
        commented = starts.intersection(range(start, start + LINES))
        if len(_WORDS.findall(query)) >= MIN_CODE_WORDS and not commented:
            yield LinesTask(path, start, start + LINES - 1, CODE, language, query)
    for number, line in enumerate(lines, 1):
        for match in _STRING.finditer(line) if number not in starts else ():
            text = match[1] or match[2] or ""
            if len(text) not in _STRING_CHARS:
                continue
            if len(_WORDS.findall(text)) >= MIN_STRING_WORDS and text.count(" ") >= MIN_STRING_WORDS - 1:
                yield LinesTask(path, number, number, STRING, language, text)


def comment_lines(file: ParsedFile) -> frozenset[int]:
    """The lines that a comment touches."""
    text = file.source.text
    touched: set[int] = set()
    for begin, end in file.comments.tolist():
        first = text.count(b"\n", 0, begin) + 1
        touched.update(range(first, first + text.count(b"\n", begin, end) + 1))
    return frozenset(touched)


def _squeeze(text: str) -> str:
    return " ".join(text.split())


def _report(answers: Sequence[FunctionAnswer], chunks: int, seconds: float, seed: int) -> PastedReport:
    times = [answer.milliseconds for answer in answers]
    ranks = [answer.function_rank for answer in answers]

    def mrr(wanted: Iterable[FunctionAnswer]) -> Interval:
        return interval([reciprocal_rank([answer.function_rank]) for answer in wanted], seed=seed)

    sorts = sorted({answer.task.name for answer in answers})
    return PastedReport(
        mrr=mrr(answers),
        recall_at_1=interval([recall([rank], depth=1) for rank in ranks], seed=seed),
        recall_at_10=interval([recall([rank], depth=10) for rank in ranks], seed=seed),
        pieces={sort: mrr(a for a in answers if a.task.name == sort) for sort in sorts},
        languages=by_language(answers, seed),
        notes=(),
        chunks=chunks,
        index_seconds=seconds,
        query_p50_ms=percentile(times, 0.5),
        query_p95_ms=percentile(times, 0.95),
        answers=tuple(answers),
    )
