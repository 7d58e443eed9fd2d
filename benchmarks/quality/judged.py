"""Judged queries over checked-out repositories, to NDCG@10.

A judged set is a folder with ``repos.json`` (name, language, revision, ``benchmark_root``: the folder
to index) and ``annotations/NAME.json`` (queries with ``relevant`` and ``secondary`` targets). All
targets count 1. Hits are compared by their path from the repository's root, so a file at the top of
``benchmark_root`` does not pass for every file of its name.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from benchmarks.quality.judging import Target, ndcg, rank_of
from benchmarks.quality.revision import revision
from semindex.errors import UsageError
from semindex.evaluate.ask import Opener, ProgressMessage, ask, folder, no_progress, open_index, prepare
from semindex.evaluate.metrics import DEPTH, HitPlace, Interval, interval, percentile, recall, reciprocal_rank
from semindex.types import GroupBy

Half = Literal["a", "b"]
T = TypeVar("T")


class _Lines(msgspec.Struct):
    path: str
    start_line: int | None = None
    end_line: int | None = None


class _Annotation(msgspec.Struct):
    query: str
    relevant: list[str | _Lines] = []
    secondary: list[str | _Lines] = []
    category: str | None = None


class _Repository(msgspec.Struct):
    name: str
    language: str = "unknown"
    revision: str | None = None
    benchmark_root: str | None = None


class Judgement(msgspec.Struct, frozen=True):
    """A query and what it should find."""

    query: str
    category: str
    targets: tuple[Target, ...]


class Repository(msgspec.Struct, frozen=True):
    """A repository of a judged set."""

    name: str
    language: str
    revision: str | None
    benchmark_root: str
    """Folder to index, from the repository's root; empty for all of it."""
    judgements: tuple[Judgement, ...]


class JudgedAnswer(msgspec.Struct, frozen=True):
    """What one query got."""

    repository: str
    language: str
    query: str
    category: str
    targets: tuple[Target, ...]
    ranks: tuple[int | None, ...]
    """One a target, in their order."""
    places: tuple[HitPlace, ...]
    """The first hits; paths from the repository's root."""
    milliseconds: float

    @property
    def ndcg(self) -> float:
        """NDCG@10 of this query."""
        return ndcg(self.ranks)


class JudgedReport(msgspec.Struct, frozen=True):
    """Figures over all queries that could be asked, each with its interval."""

    ndcg: Interval
    recall: Interval
    """Of all targets, within the first 10 files."""
    mrr: Interval
    categories: Mapping[str, Interval]
    """NDCG@10, as in the two below."""
    languages: Mapping[str, Interval]
    repositories: Mapping[str, Interval]
    left_out: int
    """Queries none of whose targets exist in the checkout."""
    notes: tuple[str, ...]
    """Repositories that are missing, or not at their pinned revision."""
    chunks: int
    index_seconds: float
    """Time to bring the indexes up to date; from nothing, unless they were kept from before."""
    query_p50_ms: float
    query_p95_ms: float
    answers: tuple[JudgedAnswer, ...]


class _Measured(msgspec.Struct, frozen=True):
    answers: tuple[JudgedAnswer, ...]
    left_out: int
    chunks: int
    seconds: float


def half_of(name: str) -> Half:
    """The half of a judged set that a repository belongs to, by its name alone."""
    return "b" if hashlib.sha256(name.encode()).digest()[0] % 2 else "a"


def load_judgements(folder: Path) -> tuple[Repository, ...]:
    """Read a judged set, in the order of its ``repos.json`` (which may itself be given).

    Raises:
        UsageError: A file is missing or is not in this layout; the message names file and place.
    """
    listing = folder if folder.suffix == ".json" else folder / "repos.json"
    return tuple(
        Repository(
            record.name,
            record.language,
            record.revision,
            (record.benchmark_root or "").strip("/"),
            _load_annotations(listing.parent / "annotations" / f"{record.name}.json"),
        )
        for record in _decode(listing, list[_Repository])
    )


def _load_annotations(file: Path) -> tuple[Judgement, ...]:
    return tuple(
        Judgement(
            record.query,
            record.category or _guess_category(record.query),
            tuple(_target(given) for given in (*record.relevant, *record.secondary)),
        )
        for record in _decode(file, list[_Annotation])
    )


def _decode(file: Path, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except OSError as error:
        raise UsageError(f"cannot read the judgements: {error.strerror}: {file}") from error
    except msgspec.MsgspecError as error:
        raise UsageError(f"not a file of judgements: {file}: {error}") from error


def _guess_category(query: str) -> str:
    if " " not in query.strip():
        return "symbol"
    return "architecture" if query.lower().startswith("how") else "semantic"


def _target(given: str | _Lines) -> Target:
    return Target(given) if isinstance(given, str) else Target(given.path, given.start_line, given.end_line)


def evaluate_judged(
    judgements: Path,
    corpora: Path,
    *,
    half: Half | None = None,
    index_dir: Path | None = None,
    seed: int = 0,
    on_progress: ProgressMessage = no_progress,
    opener: Opener = open_index,
) -> JudgedReport:
    """Index each repository of a judged set that ``corpora`` holds, ask all its queries, and score.

    Args:
        judgements: Folder of the judged set.
        corpora: Folder with a checkout ``NAME/`` for each repository.
        half: Only the repositories of this half, see :func:`half_of`.
        index_dir: Folder in which the indexes stay, one a repository; temporary when None.
        seed: Of the intervals.
        on_progress: Told which repository is measured.
        opener: Makes the index of a folder.

    Raises:
        UsageError: The judged set cannot be read, or no repository of it is in ``corpora``.
    """
    chosen = [item for item in load_judgements(judgements) if half in (None, half_of(item.name))]
    present = [item for item in chosen if (corpora / item.name / item.benchmark_root).is_dir()]
    if not present:
        raise UsageError(f"none of the judged repositories is in {corpora}: check them out there by name")
    notes = [note for item in chosen if (note := _note(item, corpora / item.name, item in present))]
    with folder(index_dir) as indexes:
        measured = []
        for position, item in enumerate(present, 1):
            on_progress(f"{item.name} ({position}/{len(present)})")
            measured.append(_measure(item, corpora / item.name, indexes / item.name, opener))
    return _report(measured, notes, seed)


def _note(item: Repository, checkout: Path, present: bool) -> str | None:
    if not present:
        return f"{item.name}: not in the corpora, left out"
    actual = revision(checkout)
    if item.revision is None or actual == item.revision:
        return None
    return f"{item.name}: at {actual or 'an unknown revision'}, judged at {item.revision}"


def _measure(item: Repository, checkout: Path, index_dir: Path, opener: Opener) -> _Measured:
    asked = [
        judgement
        for judgement in item.judgements
        if any(_exists(checkout, item.benchmark_root, target.path) for target in judgement.targets)
    ]
    with opener(checkout / item.benchmark_root, index_dir) as index:
        built = prepare(index)
        answers = []
        for judgement in asked:
            found = ask(index, judgement.query, group_by=GroupBy.FILE)
            places = tuple(_from_repository_root(place, item.benchmark_root) for place in found.places)
            answers.append(
                JudgedAnswer(
                    item.name,
                    item.language,
                    judgement.query,
                    judgement.category,
                    judgement.targets,
                    tuple(rank_of(target, places) for target in judgement.targets),
                    places,
                    found.milliseconds,
                )
            )
    return _Measured(tuple(answers), len(item.judgements) - len(asked), built.chunks, built.seconds)


def _exists(checkout: Path, benchmark_root: str, path: str) -> bool:
    return (checkout / path).exists() or (checkout / benchmark_root / path).exists()


def _from_repository_root(place: HitPlace, benchmark_root: str) -> HitPlace:
    if not benchmark_root:
        return place
    return HitPlace(f"{benchmark_root}/{place.path}", place.start_line, place.end_line)


def _report(measured: Sequence[_Measured], notes: Iterable[str], seed: int) -> JudgedReport:
    answers = tuple(answer for part in measured for answer in part.answers)
    times = [answer.milliseconds for answer in answers]
    return JudgedReport(
        ndcg=interval([answer.ndcg for answer in answers], seed=seed),
        recall=interval([recall(answer.ranks, depth=DEPTH) for answer in answers], seed=seed),
        mrr=interval([reciprocal_rank(answer.ranks) for answer in answers], seed=seed),
        categories=_by(answers, lambda answer: answer.category, seed),
        languages=_by(answers, lambda answer: answer.language, seed),
        repositories=_by(answers, lambda answer: answer.repository, seed),
        left_out=sum(part.left_out for part in measured),
        notes=tuple(notes),
        chunks=sum(part.chunks for part in measured),
        index_seconds=sum(part.seconds for part in measured),
        query_p50_ms=percentile(times, 0.5),
        query_p95_ms=percentile(times, 0.95),
        answers=answers,
    )


def _by(
    answers: Iterable[JudgedAnswer], key: Callable[[JudgedAnswer], str], seed: int
) -> dict[str, Interval]:
    groups: dict[str, list[float]] = defaultdict(list)
    for answer in answers:
        groups[key(answer)].append(answer.ndcg)
    return {name: interval(values, seed=seed) for name, values in sorted(groups.items())}
