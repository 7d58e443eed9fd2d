"""Search measured by a repository's own history.

Each commit is a judged query that its author wrote: the subject line asks, and the files that the
commit changed answer, in the tree as it was before. What somebody who starts on that change would
have to find (the idea is that of bug localisation: Zhou, Zhang and Lo, *Where should the bugs be
fixed?*, ICSE 2012).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from benchmarks.quality.history import (
    Change,
    Commit,
    check_out,
    clone,
    read_blobs,
    read_changes,
    read_commits,
)
from benchmarks.quality.subjects import is_bot, names_any, to_query
from semindex.errors import UsageError
from semindex.evaluate.ask import Opener, ProgressMessage, ask, folder, no_progress, open_index, prepare
from semindex.evaluate.metrics import DEPTH, HitPlace, Interval, interval, percentile, recall, reciprocal_rank
from semindex.source.languages import UNKNOWN, detect, kind_of
from semindex.source.roles import Role, path_facts
from semindex.types import GroupBy

DEFAULT_LIMIT = 50
"""Commits a repository: what twenty repositories give then has an interval of +-0.03."""
MAX_TARGETS = 10
"""As many as are looked at; a commit of more files is about more than one thing."""


class CommitTask(Struct, frozen=True):
    """What a commit asks for, in the tree of its parent."""

    commit: str
    parent: str
    query: str
    targets: tuple[str, ...]
    """Code files that it changed; paths from the top in the parent's tree, sorted."""
    tests: frozenset[str]
    """Those of the targets that are tests."""
    language: str
    """Of most targets; of the first by name where languages tie."""


class CommitAnswer(Struct, frozen=True):
    """What one commit got."""

    repository: str
    task: CommitTask
    ranks: tuple[int | None, ...]
    """One a target, in their order."""
    places: tuple[HitPlace, ...]
    """The first files."""
    milliseconds: float
    refresh_seconds: float
    """To bring the index from the tree before to this one."""

    @property
    def recall(self) -> float:
        """The share of the targets among the first 10 files."""
        return recall(self.ranks, depth=DEPTH)

    @property
    def recall_without_tests(self) -> float | None:
        """The same of the targets that are no tests; None when all are."""
        pairs = zip(self.task.targets, self.ranks, strict=True)
        kept = [rank for target, rank in pairs if target not in self.task.tests]
        return recall(kept, depth=DEPTH) if kept else None


class CommitReport(Struct, frozen=True):
    """Figures over all commits of all repositories, each with its interval."""

    recall: Interval
    """Of a commit's targets within the first 10 files, the main figure."""
    recall_without_tests: Interval
    """The same without test files as targets, over commits that have others."""
    mrr: Interval
    first: Interval
    """The share of commits whose first file is a target."""
    languages: Mapping[str, Interval]
    """Recall, as in the one below."""
    repositories: Mapping[str, Interval]
    notes: tuple[str, ...]
    """Repositories with fewer suitable commits than wanted."""
    chunks: int
    """Of each repository's last tree, added up."""
    index_seconds: float
    """All refreshes: the first tree of a repository from nothing, the others from the one before."""
    query_p50_ms: float
    query_p95_ms: float
    answers: tuple[CommitAnswer, ...]


class _Measured(Struct, frozen=True):
    answers: tuple[CommitAnswer, ...]
    chunks: int


def commit_tasks(checkout: Path, limit: int = DEFAULT_LIMIT) -> tuple[CommitTask, ...]:
    """The newest ``limit`` suitable commits of what is checked out, oldest first.

    Left out are merges, commits whose subject asks for nothing or gives a target's name away, that
    programs made, that repeat a newer subject, and that change no code file or more than
    :data:`MAX_TARGETS`.

    Raises:
        UsageError: ``checkout`` is not the top of a git checkout, or its history is cut off.
    """
    found: dict[str, CommitTask] = {}
    for block in read_commits(checkout):
        for task in _suitable(checkout, block):
            found.setdefault(task.query.casefold(), task)
            if len(found) == limit:
                return tuple(found.values())[::-1]
    return tuple(found.values())[::-1]


def _suitable(checkout: Path, block: Iterable[Commit]) -> Iterator[CommitTask]:
    queries = {
        commit: query
        for commit in block
        if not is_bot(commit.author) and (query := to_query(commit.subject)) is not None
    }
    changes = read_changes(checkout, queries)
    languages = _languages(checkout, [change for group in changes.values() for change in group])
    for commit, query in queries.items():
        spoken = {change.path: languages[change] for change in changes.get(commit.hash, ())}
        targets = {path: name for path, name in spoken.items() if kind_of(name) == "code"}
        if 0 < len(targets) <= MAX_TARGETS and not names_any(query, targets):
            yield _task(commit, query, targets)


def _languages(checkout: Path, changes: Sequence[Change]) -> dict[Change, str]:
    """The language of each file by its name, or by its content where the name says nothing."""
    found = {change: detect(change.path, b"") for change in changes}
    unnamed = [change for change, language in found.items() if language == UNKNOWN]
    heads = read_blobs(checkout, (change.blob for change in unnamed))
    return found | {change: detect(change.path, heads.get(change.blob, b"")) for change in unnamed}


def _task(commit: Commit, query: str, targets: Mapping[str, str]) -> CommitTask:
    times = Counter(targets.values())
    return CommitTask(
        commit.hash,
        commit.parent,
        query,
        tuple(targets),
        frozenset(path for path, name in targets.items() if path_facts(path, name).roles & Role.TESTS),
        min(times, key=lambda name: (-times[name], name)),
    )


def evaluate_commits(
    checkouts: Sequence[Path],
    *,
    limit: int = DEFAULT_LIMIT,
    seed: int = 0,
    on_progress: ProgressMessage = no_progress,
    opener: Opener = open_index,
) -> CommitReport:
    """Ask for what commits changed, each in the tree of its parent.

    The checkouts are only read; a clone that shares their objects, and its index, are temporary. The
    index is refreshed from tree to tree.

    Args:
        checkouts: Tops of git checkouts; named by their folders' names.
        limit: Commits a checkout, the newest suitable ones.
        seed: Of the intervals.
        on_progress: Told which commit is asked for.
        opener: Makes the index of a folder.

    Raises:
        UsageError: A checkout is none, is shallow, or has no suitable commit; two have one name.
    """
    names = [checkout.resolve().name for checkout in checkouts]
    if len(set(names)) < len(names):
        raise UsageError(f"two checkouts have the same name: {', '.join(sorted(names))}")
    notes, measured = [], []
    for name, checkout in zip(names, checkouts, strict=True):
        on_progress(f"{name}: reading the history")
        tasks = commit_tasks(checkout, limit)
        if not tasks:
            raise UsageError(f"no suitable commit in the history of {checkout}: none says what it changes")
        if len(tasks) < limit:
            notes.append(f"{name}: only {len(tasks)} suitable commits")
        measured.append(_measure(name, checkout, tasks, opener, on_progress))
    return _report(measured, notes, seed)


def _measure(
    name: str, checkout: Path, tasks: Sequence[CommitTask], opener: Opener, on_progress: ProgressMessage
) -> _Measured:
    with folder(None) as temporary:
        tree = temporary / "tree"
        clone(checkout, tree)
        check_out(tree, tasks[0].parent)
        answers = []
        with opener(tree, temporary / "index") as index:
            for position, task in enumerate(tasks, 1):
                on_progress(f"{name}: commit {position} of {len(tasks)}")
                check_out(tree, task.parent)
                built = prepare(index)
                found = ask(index, task.query, group_by=GroupBy.FILE)
                paths = [place.path for place in found.places]
                ranks = tuple(paths.index(path) + 1 if path in paths else None for path in task.targets)
                answers.append(
                    CommitAnswer(name, task, ranks, found.places, found.milliseconds, built.seconds)
                )
    return _Measured(tuple(answers), built.chunks)


def _report(measured: Sequence[_Measured], notes: Iterable[str], seed: int) -> CommitReport:
    answers = tuple(answer for part in measured for answer in part.answers)
    times = [answer.milliseconds for answer in answers]
    without = [share for answer in answers if (share := answer.recall_without_tests) is not None]
    return CommitReport(
        recall=interval([answer.recall for answer in answers], seed=seed),
        recall_without_tests=interval(without, seed=seed),
        mrr=interval([reciprocal_rank(answer.ranks) for answer in answers], seed=seed),
        first=interval([reciprocal_rank(answer.ranks, depth=1) for answer in answers], seed=seed),
        languages=_by(answers, lambda answer: answer.task.language, seed),
        repositories=_by(answers, lambda answer: answer.repository, seed),
        notes=tuple(notes),
        chunks=sum(part.chunks for part in measured),
        index_seconds=sum(answer.refresh_seconds for answer in answers),
        query_p50_ms=percentile(times, 0.5),
        query_p95_ms=percentile(times, 0.95),
        answers=answers,
    )


def _by(
    answers: Iterable[CommitAnswer], key: Callable[[CommitAnswer], str], seed: int
) -> dict[str, Interval]:
    groups: dict[str, list[float]] = defaultdict(list)
    for answer in answers:
        groups[key(answer)].append(answer.recall)
    return {name: interval(values, seed=seed) for name, values in sorted(groups.items())}
