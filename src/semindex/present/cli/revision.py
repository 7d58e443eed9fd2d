"""Answers from a commit's files, which are indexed in the cache first."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import structs

from semindex.errors import NotIndexed, RepositoryError, UsageError
from semindex.present.cli.answers import noted
from semindex.present.cli.named import open_named
from semindex.present.cli.opened import refreshed
from semindex.present.render import COMMIT_CHARS, count, duration
from semindex.types import Definitions, Hit, Hits, Texts

if TYPE_CHECKING:
    from semindex.config import Settings
    from semindex.index import Index

Answer = TypeVar("Answer", Hits, Definitions, Texts)


def ask_revision(
    revision: str,
    place: Path | str,
    overrides: Mapping[str, str],
    asking: Callable[[Index, str], Answer],
) -> tuple[Answer, Settings]:
    """An answer from the files of a commit, and the settings that hold for it.

    Args:
        revision: As git takes it.
        place: A path in the repository, to whose part of it the answer is limited.
        overrides: Settings of this run.
        asking: Is given the commit's index, and the folder or file that the answer is limited to.

    Raises:
        SemindexError: The path is in no repository, the revision means no commit, or it cannot be indexed.
    """
    from semindex import config
    from semindex.errors import RootError
    from semindex.index import open as open_index
    from semindex.repositories.commits import checked_out, now_whole

    path = Path(place)
    if not path.exists():
        raise RootError(f"{path} does not exist; give the folder of a repository")
    path = path.resolve()
    settings = config.load(None, overrides=overrides).settings
    notes: list[str] = []
    with ExitStack() as stack:
        with checked_out(path, revision, settings) as found:
            settings = config.load(found.top, overrides=overrides).settings
            index = stack.enter_context(open_index(found.tree, index_dir=found.index_dir, settings=settings))
            short = found.commit[:COMMIT_CHARS]
            notes.append(f"{revision} is the commit {short}")
            if not found.is_whole:
                gc.enable()  # a build makes cycles, and may take long
                report = refreshed(index, yes=True)
                if not report.generation:
                    raise NotIndexed(f"the commit {short} has no files to index")
                try:
                    now_whole(found, settings)
                except OSError as error:
                    raise RepositoryError(f"{found.folder} cannot be written: {error.strerror}") from error
                notes.append(f"indexed first: {count(report.files, 'file')} in {duration(report.seconds)}")
                notes += report.warnings
            if found.missing:
                notes.append(
                    f"left out: {count(found.missing, 'file')} of the commit that this clone does not hold"
                )
        scope = path.relative_to(found.top).as_posix() if path != found.top else ""
        return noted(_of_commit(asking(index, scope), found.commit, found.top), notes), settings


def top_of(path: Path) -> Path:
    """The root of the work tree that a path is in; the path when it is in none, which is told later."""
    from semindex.repositories.commits import top_of as found

    return found(path.resolve()) or path


def _of_commit(answer: Answer, commit: str, top: Path) -> Answer:
    """The answer with what it shows said to be of a commit, whose files never change."""
    coverage = structs.replace(answer.coverage, freshness="fresh")
    where = {"rev": commit, "repository": str(top)}
    changed: dict[str, Any]
    if isinstance(answer, Hits):
        changed = {"hits": [_hit_of(hit, where) for hit in answer]}
    elif isinstance(answer, Definitions):
        changed = {"definitions": [structs.replace(each, **where) for each in answer.definitions]}
    else:
        changed = {"spans": tuple(structs.replace(each, **where) for each in answer.spans)}
    return structs.replace(answer, coverage=coverage, **changed)


def _hit_of(hit: Hit, where: Mapping[str, str]) -> Hit:
    return structs.replace(hit, more=[structs.replace(each, **where) for each in hit.more], **where)


def one_place(
    stack: ExitStack,
    paths: Sequence[Path],
    names: Sequence[str],
    overrides: Mapping[str, str],
    *,
    everything: bool,
    index_dir: Path | None,
    what: str = "--rev",
) -> Path:
    """The one path whose repository is asked by the flag ``what``.

    Raises:
        UsageError: Several repositories are meant, or an index that is not that of the commit.
    """
    if everything or len(names) > 1 or len(paths) > 1:
        raise UsageError(f"{what} is of one repository; give one PATH, or one --repo, with it")
    if index_dir is not None:
        raise UsageError(f"{what} keeps its indexes in your cache folder; leave out --index-dir")
    if names:
        found = open_named(stack, names, (), overrides)
        if len(found.places) > 1:
            raise UsageError(f"{what} is of one repository; give one PATH, or one --repo, with it")
        return found.places[0].index.root
    return paths[0] if paths else Path()
