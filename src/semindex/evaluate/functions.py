"""Search measured on any repository, without judgements.

Every documented function is a judged query that its author wrote: the first sentence of its
documentation asks, and the function answers. The tree is copied without the documentation of its
functions (CodeSearchNet's idea: Husain et al., *CodeSearchNet Challenge*, 2019, arXiv:1909.09436),
indexed, and asked.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from semindex.errors import UsageError
from semindex.evaluate.ask import (
    Opener,
    ProgressMessage,
    Searchable,
    ask,
    folder,
    no_progress,
    open_index,
    prepare,
)
from semindex.evaluate.blanking import Blanked, LinesTask, blank_file
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
        copies = _copy_blanked(root, temporary / "tree", hide_names)
        found = [task for copy in copies for task in copy.tasks]
        times = Counter(task.query.casefold() for task in found)
        tasks = [task for task in found if times[task.query.casefold()] == 1]
        if not tasks:
            raise UsageError(f"no function with a sentence of documentation to ask for: {root}")
        chosen = tasks
        if 0 < limit < len(tasks):
            drawn = random.Random(seed).sample(range(len(tasks)), limit)
            chosen = [tasks[position] for position in sorted(drawn)]
        with opener(temporary / "tree", temporary / "index") as index:
            on_progress(f"indexing {len(copies)} files")
            built = prepare(index)
            on_progress(f"asking for {len(chosen)} functions")
            answers = tuple(answered(index, task) for task in chosen)
    milliseconds = [answer.milliseconds for answer in answers]
    lost = len(copies) - built.files
    return FunctionReport(
        functions=_figures([answer.function_rank for answer in answers], seed),
        files=_figures([answer.file_rank for answer in answers], seed),
        languages=by_language(answers, seed),
        documented=sum(copy.documented for copy in copies),
        askable=len(tasks),
        names_hidden=hide_names,
        notes=(f"{lost} of {len(copies)} copied files are not in the index",) if lost > 0 else (),
        chunks=built.chunks,
        index_seconds=built.seconds,
        query_p50_ms=percentile(milliseconds, 0.5),
        query_p95_ms=percentile(milliseconds, 0.95),
        answers=answers,
    )


def _copy_blanked(root: Path, target: Path, hide_names: bool) -> list[Blanked]:
    """Write the files of ``root`` into ``target`` without documentation; gives what each of them became."""
    target.mkdir()
    copies: list[Blanked] = []
    for ref in walk(root).refs:
        source = read_file(root, ref)
        if isinstance(source, FileFailure) or PurePosixPath(ref.path).name in _IGNORE_FILES:
            continue  # ignore files would act on the copy, where nothing is tracked against them
        blanked = blank_file(parse_file(source), names=hide_names)
        destination = target / ref.path
        destination.parent.mkdir(parents=True, exist_ok=True)
        destination.write_bytes(blanked.text)
        copies.append(replace(blanked, text=b""))  # the tasks of a large tree fit into memory, not its texts
    return copies


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
