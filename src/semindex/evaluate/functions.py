"""Search measured on any repository, without judgements.

Every documented function is a judged query that its author wrote: the first sentence of its
documentation asks, and the function answers. The tree is copied without the documentation of its
functions (CodeSearchNet's idea: Husain et al., *CodeSearchNet Challenge*, 2019, arXiv:1909.09436),
indexed, and asked.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from msgspec import Struct

from semindex.errors import UsageError
from semindex.evaluate.ask import (
    Built,
    Opener,
    ProgressMessage,
    Searchable,
    ask,
    folder,
    no_progress,
    open_index,
    prepare,
)
from semindex.evaluate.blanking import LinesTask, blank_file
from semindex.evaluate.metrics import (
    HitPlace,
    Interval,
    interval,
    percentile,
    recall,
    reciprocal_rank,
    shares_line,
)
from semindex.parse.parser import parse_file
from semindex.source.read import read_file
from semindex.source.walk import walk
from semindex.types import FileFailure, GroupBy

DEFAULT_LIMIT = 500
"""Queries: enough for an interval of +-0.04, and a few seconds."""
_IGNORE_FILES = frozenset({".gitignore", ".ignore", ".rgignore", ".semindexignore"})


class Figures(Struct, frozen=True):
    """Shares of queries, and mean reciprocal rank within 10; each 0.0 to 1.0 with its interval."""

    recall_at_1: Interval
    recall_at_5: Interval
    recall_at_10: Interval
    mrr: Interval


class FunctionAnswer(Struct, frozen=True):
    """What one function's sentence got."""

    task: LinesTask
    function_rank: int | None
    """Of the first hit that shows a line of the function, among the best chunks."""
    file_rank: int | None
    """Of its file, among the best files."""
    places: tuple[HitPlace, ...]
    """The best chunks."""
    milliseconds: float
    """Of the search for chunks."""


class FunctionReport(Struct, frozen=True):
    """Figures over all functions that were asked for."""

    functions: Figures
    files: Figures
    languages: Mapping[str, Interval]
    """Functions' MRR."""
    documented: int
    """Functions whose documentation was removed."""
    askable: int
    """Those of them with a sentence to ask that no other has, and a body."""
    names_hidden: bool
    notes: tuple[str, ...]
    chunks: int
    index_seconds: float
    query_p50_ms: float
    query_p95_ms: float
    answers: tuple[FunctionAnswer, ...]


class _Copy(Struct, frozen=True):
    files: int
    documented: int
    tasks: tuple[LinesTask, ...]


def evaluate_functions(
    root: Path,
    *,
    limit: int = DEFAULT_LIMIT,
    hide_names: bool = False,
    seed: int = 0,
    on_progress: ProgressMessage = no_progress,
    opener: Opener = open_index,
) -> FunctionReport:
    """Ask for the documented functions of a folder by the first sentences of their documentation.

    The folder itself is only read; the copy and its index are temporary.

    Args:
        root: The folder.
        limit: Functions to ask for, drawn at random; 0 for all.
        hide_names: Take the functions' own names out of their definitions too.
        seed: Of the draw and of the intervals.
        on_progress: Told what is being done.
        opener: Makes the index of a folder.

    Raises:
        RootError: ``root`` cannot be read.
        UsageError: It has no documented function to ask for.
    """
    on_progress("copying without documentation")
    with folder(None) as temporary:
        copy = _copy_blanked(root, temporary / "tree", hide_names)
        tasks = _unique(copy.tasks)
        if not tasks:
            raise UsageError(f"no function with a sentence of documentation to ask for: {root}")
        chosen = _draw(tasks, limit, seed)
        with opener(temporary / "tree", temporary / "index") as index:
            on_progress(f"indexing {copy.files} files")
            built = prepare(index)
            on_progress(f"asking for {len(chosen)} functions")
            answers = tuple(answered(index, task) for task in chosen)
    return _report(answers, copy, len(tasks), built, hide_names, seed)


def _copy_blanked(root: Path, target: Path, hide_names: bool) -> _Copy:
    target.mkdir()
    tasks: list[LinesTask] = []
    files = documented = 0
    for ref in walk(root).refs:
        source = read_file(root, ref)
        if isinstance(source, FileFailure) or PurePosixPath(ref.path).name in _IGNORE_FILES:
            continue  # ignore files would act on the copy, where nothing is tracked against them
        blanked = blank_file(parse_file(source), names=hide_names)
        destination = target / ref.path
        destination.parent.mkdir(parents=True, exist_ok=True)
        destination.write_bytes(blanked.text)
        tasks += blanked.tasks
        files += 1
        documented += blanked.documented
    return _Copy(files, documented, tuple(tasks))


def _unique(tasks: Sequence[LinesTask]) -> list[LinesTask]:
    """The tasks whose sentence, whatever its case, no other function has."""
    times = Counter(task.query.casefold() for task in tasks)
    return [task for task in tasks if times[task.query.casefold()] == 1]


def _draw(tasks: list[LinesTask], limit: int, seed: int) -> list[LinesTask]:
    if limit <= 0 or limit >= len(tasks):
        return tasks
    drawn = random.Random(seed).sample(range(len(tasks)), limit)
    return [tasks[position] for position in sorted(drawn)]


def answered(index: Searchable, task: LinesTask) -> FunctionAnswer:
    """Ask for a task's lines among the best chunks, and for its file among the best files."""
    chunks = ask(index, task.query, group_by=GroupBy.CHUNK)
    files = ask(index, task.query, group_by=GroupBy.FILE)
    function_ranks = (
        rank
        for rank, place in enumerate(chunks.places, 1)
        if place.path == task.path and shares_line(place, task.start_line, task.end_line)
    )
    file_ranks = (rank for rank, place in enumerate(files.places, 1) if place.path == task.path)
    return FunctionAnswer(
        task, next(function_ranks, None), next(file_ranks, None), chunks.places, chunks.milliseconds
    )


def _report(
    answers: tuple[FunctionAnswer, ...],
    copy: _Copy,
    askable: int,
    built: Built,
    names_hidden: bool,
    seed: int,
) -> FunctionReport:
    times = [answer.milliseconds for answer in answers]
    lost = copy.files - built.files
    return FunctionReport(
        functions=_figures([answer.function_rank for answer in answers], seed),
        files=_figures([answer.file_rank for answer in answers], seed),
        languages=by_language(answers, seed),
        documented=copy.documented,
        askable=askable,
        names_hidden=names_hidden,
        notes=(f"{lost} of {copy.files} copied files are not in the index",) if lost > 0 else (),
        chunks=built.chunks,
        index_seconds=built.seconds,
        query_p50_ms=percentile(times, 0.5),
        query_p95_ms=percentile(times, 0.95),
        answers=answers,
    )


def _figures(ranks: Sequence[int | None], seed: int) -> Figures:
    at = {depth: interval([recall([rank], depth=depth) for rank in ranks], seed=seed) for depth in (1, 5, 10)}
    mrr = interval([reciprocal_rank([rank]) for rank in ranks], seed=seed)
    return Figures(at[1], at[5], at[10], mrr)


def by_language(answers: Sequence[FunctionAnswer], seed: int) -> dict[str, Interval]:
    """MRR@10 of the answers in each language, by its name."""
    groups: dict[str, list[float]] = defaultdict(list)
    for answer in answers:
        groups[answer.task.language].append(reciprocal_rank([answer.function_rank]))
    return {name: interval(values, seed=seed) for name, values in sorted(groups.items())}
