"""Which definitions have changed since a commit, without running what a repository's configuration names."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

from semindex.errors import QueryError
from semindex.graph.corpus import Corpus
from semindex.graph.edges import Target
from semindex.parse.facts.model import Form
from semindex.source import git
from semindex.source.revision import resolve

MAX_FILES = 1_000
"""Of more files that changed, the first ones by path are looked at."""


class Changed(Struct, frozen=True):
    """What has changed."""

    targets: tuple[Target, ...]
    """The innermost definitions around lines that changed."""
    notes: tuple[str, ...] = ()


def changed_since(
    corpus: Corpus, root: Path, revision: str, text_of: Callable[[int], bytes | None]
) -> Changed:
    """The definitions of today's files that have changed since a commit.

    Args:
        corpus: The files.
        root: The root of their repository.
        revision: As git takes it.
        text_of: Gives the text of a file of the index; None if it is no longer what was indexed.

    Raises:
        QueryError: The folder is in no work tree of git, or git does not know the commit.
    """
    top = git.find_top(root)
    if top is None:
        raise QueryError(f"{root} is in no git work tree, so nothing is known of commits")
    try:
        commit = resolve(top, revision)
        if commit is None:
            raise QueryError(f"git knows no commit {revision!r} in {top}")
        known = list(_files(top, commit.commit))
    except git.GitFailed as error:
        raise QueryError(f"git cannot tell what changed: {error}") from error
    prefix = root.relative_to(top).as_posix()
    prefix = "" if prefix == "." else f"{prefix}/"
    notes: list[str] = []
    if len(known) > MAX_FILES:
        notes.append(f"{len(known):,} files have changed; looked at were {MAX_FILES:,} of them")
    found: dict[Target, None] = {}
    gone = 0
    outside = 0
    for path in known[:MAX_FILES]:
        inside = path.removeprefix(prefix)
        file = corpus.path_of.get(inside) if path.startswith(prefix) else None
        if file is None:
            gone += path.startswith(prefix)
        elif corpus.unit(file) is not None:
            new = text_of(file)
            if new is None:
                notes.append(f"{inside} has changed since it was indexed, and was left out")
                continue
            here = list(_changed_in(corpus, file, _content(top, commit.commit, path), new))
            found |= dict.fromkeys(each for each in here if each.number >= 0)
            outside += any(each.number < 0 for each in here)
    if outside:
        notes.append(
            f"{outside} of the files have changes outside of definitions, which are not followed; "
            "`semindex imports FILE` tells who imports a file"
        )
    if gone:
        notes.append(f"left out: {gone} of the files that changed, which are gone or not indexed")
    return Changed(tuple(found), tuple(notes))


def _files(top: Path, commit: str) -> Iterator[str]:
    """The paths, relative to the work tree, that may differ from those of a commit; sorted."""
    names = ("--name-only", "-z", "--no-renames", "--no-ext-diff", commit)
    found = git.ask(top, "diff-index", *names).split(b"\0")
    found += git.ask(top, "ls-files", "-z", "--others", "--exclude-standard").split(b"\0")
    yield from sorted({os.fsdecode(path) for path in found if path})


def _content(top: Path, commit: str, path: str) -> bytes:
    """A file of a commit; empty if it has none."""
    try:
        return git.ask(top, "cat-file", "blob", os.fsencode(f"{commit}:{path}"))
    except git.GitFailed:
        return b""


def _changed_in(corpus: Corpus, file: int, old: bytes, new: bytes) -> Iterator[Target]:
    unit = corpus.unit(file)
    assert unit is not None
    matcher = difflib.SequenceMatcher(None, old.splitlines(), new.splitlines(), autojunk=False)
    for kind, _, _, first, last in matcher.get_opcodes():
        if kind == "equal":
            continue
        # Where lines are gone, the line that now stands there tells what they were in.
        for line in range(first + 1, max(last, first + 1) + 1):
            number = unit.around(line)
            here = [
                at
                for at, each in enumerate(unit.facts.definitions)
                if each.parent == number and each.form == Form.VARIABLE and each.line <= line <= each.end_line
            ]
            yield Target(file, here[0] if here else number)
