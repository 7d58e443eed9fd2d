"""Finds commits by their messages and by what they changed."""

from __future__ import annotations

import gc
import sys
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct, structs

from semindex.errors import RepositoryError, RootError, UsageError
from semindex.present.cli.answers import Shape, noted, paged
from semindex.present.cli.opened import refreshed
from semindex.present.cli.outcome import DONE, NOTHING, tell
from semindex.present.render import COMMIT_CHARS, INDENT, View, count, cut, duration
from semindex.present.safe import safe_line, whole_path
from semindex.present.schema import record_object
from semindex.present.stream import write, write_json
from semindex.types import Filters, Hit, Hits

if TYPE_CHECKING:
    from rich.console import Console

    from semindex.config import Settings
    from semindex.index import Index

_HEAD_LINES = 2
"""Of a commit's text: its subject, and its date and author."""


_MOST_LINES = 5
"""Lines of a commit that are shown."""


class CommitHit(Struct, frozen=True):
    """A commit that answers a query."""

    commit: str
    """Its full id."""
    date: str
    author: str
    subject: str
    score: float
    """The points by which commits are ordered: higher is better, and only those of one answer compare."""
    lines: tuple[str, ...]
    """The lines of its message and its changes that match most, in order; changes with ``+`` or ``-``."""


class Commits(Struct, frozen=True):
    """The commits that answer a query, best first."""

    answer: Hits
    """What the hits were made of."""
    hits: tuple[CommitHit, ...]


def require_words(asked: Mapping[str, Any], excluded: tuple[str, ...], *, rev: str | None) -> None:
    """Refuse what cannot be asked of commits.

    Raises:
        UsageError: A filter of files is asked for, or something else that commits do not have.
    """
    from semindex.search.query import parse

    if rev is not None:
        raise UsageError("--history searches the commits that lead to HEAD; leave out --rev")
    given = [name for name in ("lang", "path", "exclude", "kind", "symbol") if asked[name]]
    filters = structs.replace(parse(asked["query"]).filters, repositories=(), excluded_repositories=())
    if given or filters != Filters() or excluded:
        raise UsageError("--history finds commits by words and quoted phrases; filters are of files")


def search_history(
    asked: dict[str, Any], place: Path, overrides: Mapping[str, str]
) -> tuple[Commits, Settings]:
    """The commits that answer a query, of the repository that a path is in.

    Raises:
        SemindexError: The path is in no repository, or its history cannot be read or indexed.
    """
    from semindex import config
    from semindex.index import open as open_index
    from semindex.repositories.history import history_of, now_whole

    if not place.exists():
        raise RootError(f"{place} does not exist; give the folder of a repository")
    settings = config.load(None, overrides=overrides).settings
    notes: list[str] = []
    with ExitStack() as stack:
        with history_of(place.resolve(), settings, on_begin=_begin) as found:
            settings = config.load(found.top, overrides=overrides).settings
            index = stack.enter_context(open_index(found.tree, index_dir=found.index_dir, settings=settings))
            if asked["rerank"]:
                index.load_reranker()
            if not found.is_whole or not index.exists:
                gc.enable()  # a build makes cycles, and may take long
                report = refreshed(index, yes=True)
                try:
                    now_whole(found, settings)
                except OSError as error:
                    raise RepositoryError(f"{found.folder} cannot be written: {error.strerror}") from error
                if report.added:
                    told = f"{count(report.added, 'commit')} in {duration(report.seconds)}"
                    notes.append(f"indexed first: {told}")
            if found.more:
                notes.append(f"only the newest {index.commit().coverage.indexed:,} commits are searched")
            if found.is_cut:
                notes.append(
                    "older commits are not in this clone, which is shallow; git fetch --unshallow gets them"
                )
        asked = {**asked, "refresh": False, "group_by": "file", "query": _without_repositories(asked)}
        answer = index.search(**{**asked, "repo": ()})
        answer = structs.replace(answer, coverage=structs.replace(answer.coverage, freshness="fresh"))
        return Commits(noted(answer, notes), tuple(_commits(answer, index))), settings


def _begin(commits: int) -> None:
    if sys.stderr.isatty():
        tell(f"reading {count(commits, 'commit')} ...")


def _without_repositories(asked: Mapping[str, Any]) -> str:
    """The query without ``repo:``, which chose the repository."""
    from semindex.search.query import repositories_in

    query = str(asked["query"])
    if not any(repositories_in(query)):
        return query
    return " ".join(word for word in query.split() if not word.startswith(("repo:", "repository:")))


def _commits(answer: Hits, index: Index) -> Iterator[CommitHit]:
    from semindex.repositories.history import commit_of

    hits = list(answer)
    heads = index.read([f"{hit.path}:1-{_HEAD_LINES}" for hit in hits]).spans if hits else ()
    for hit, head in zip(hits, heads, strict=True):
        subject, _, written = (head.text or "").partition("\n")
        date, _, author = written.partition(" ")
        lines = _matching(hit, answer)
        yield CommitHit(
            commit_of(hit.path), date, author, subject.removeprefix("# "), round(hit.points, 3), lines
        )


def _matching(hit: Hit, answer: Hits) -> tuple[str, ...]:
    """The lines of a commit's text that match most, in their order, without those that are its head."""
    from semindex.tokens import matching_ranges

    found: dict[int, str] = {}
    weights: dict[int, int] = {}
    for part in (hit, *hit.more):
        text = part.text or ""
        begins = [0]
        for line in text.split("\n"):
            begins.append(begins[-1] + len(line) + 1)
        lines = text.split("\n")
        for start, end in matching_ranges(text, answer.terms):
            at = bisect_right(begins, start) - 1
            number = part.start_line + at
            if number > _HEAD_LINES:
                found[number] = lines[at]
                weights[number] = weights.get(number, 0) + end - start
    best = sorted(weights, key=lambda number: (-weights[number], number))[:_MOST_LINES]
    return tuple(found[number] for number in sorted(best))


def give_commits(found: Commits, settings: Settings, wanted: Shape) -> int:
    """Print commits; the exit code.

    Raises:
        click.UsageError: A form is asked for that commits do not have.
    """
    if wanted.form == "--vimgrep" or wanted.view.explain:
        raise click.UsageError("--history has neither --vimgrep nor --explain.")
    answer = found.answer
    if wanted.form == "--json":
        write_json(
            {
                "query": whole_path(answer.query.raw),
                "query_kind": answer.query.kind,
                "hits": [_object(hit, with_text=wanted.view.lines > 0) for hit in found.hits],
                "coverage": record_object(answer.coverage),
            }
        )
    elif not wanted.form and (wanted.colour == "always" or sys.stdout.isatty()):
        paged(lambda view, to: _draw(found, view, to), wanted, settings.pager)
    else:
        lines = [hit.commit for hit in found.hits] if wanted.form else list(_lines(found, wanted.view))
        if lines:
            write("\n".join(lines))
        tell(_covered(found))
        for note in answer.coverage.notes:
            tell(note)
    return DONE if found.hits else NOTHING


def _object(hit: CommitHit, *, with_text: bool) -> dict[str, Any]:
    return record_object(hit, without=frozenset() if with_text else frozenset({"lines"}))


def _covered(found: Commits) -> str:
    nothing = "" if found.hits else "nothing found; "
    searched = count(found.answer.coverage.indexed, "commit")
    return f"{nothing}{searched} searched; {duration(found.answer.seconds)}"


def _fields(hit: CommitHit) -> tuple[str, str, str, str]:
    return (
        hit.commit[:COMMIT_CHARS],
        safe_line(hit.date[:10]),
        safe_line(hit.author),
        safe_line(hit.subject),
    )


def _lines(found: Commits, view: View) -> Iterator[str]:
    """The lines of commits for a pipe: a header each with tabs between its fields, and what matches."""
    for position, hit in enumerate(found.hits):
        body = [f"{INDENT}{cut(safe_line(line))}" for line in hit.lines[: view.lines]]
        if position and body:
            yield ""
        yield "\t".join(_fields(hit))
        yield from body


def _draw(found: Commits, view: View, to: Console) -> None:
    """Print commits in colours."""
    from rich.text import Text

    for hit in found.hits:
        commit, date, author, subject = _fields(hit)
        to.print(
            Text.assemble(
                (commit, "bold cyan"),
                (f" {date} {author}  ", "dim"),
                (subject, "bold"),
            ),
            soft_wrap=True,
        )
        for line in hit.lines[: view.lines]:
            colour = {"+": "green", "-": "red"}.get(line[:1], "")
            to.print(Text(f"  {cut(safe_line(line))}", style=colour), no_wrap=True, overflow="ellipsis")
        to.print()
    to.print(Text(_covered(found), style="dim"))
    for note in found.answer.coverage.notes:
        to.print(Text(f"note: {safe_line(note)}", style="yellow"), soft_wrap=True)
