"""Chooses the files of a tree in which a pattern may be."""

from __future__ import annotations

import os
import subprocess  # noqa: TID251 - has ripgrep list files, found by semindex.exact.ripgrep
from collections.abc import Iterable
from pathlib import Path

from semindex.exact.files import FileFilter, Wanted
from semindex.exact.pattern import Pattern
from semindex.exact.ripgrep import clean_environment
from semindex.exact.selection import Selection
from semindex.source.walk import walk

NOT_INDEXED = "the tree is not indexed"
_OWN_FOLDER = ".semindex/"


def choose(root: Path, index_dir: Path, pattern: Pattern, wanted: Wanted, program: str) -> Selection:
    """The files of the tree at ``root`` that ripgrep has to read, of those that a question is about.

    Raises:
        RootError: ``root`` is no folder that can be read.
        QueryError: A glob or a type of ``wanted`` is none.
    """
    del index_dir, pattern
    listed = everything(root, wanted.scope, program) if wanted.no_ignore else walked(root, wanted.scope)
    files = FileFilter(wanted, program).chosen(listed)
    return Selection(root, scanned=(), doubtful=files, files=len(files), reason=NOT_INDEXED)


def walked(root: Path, scope: str) -> Iterable[str]:
    """The files below a folder; a folder that ignore rules leave out is looked into if it is asked for."""
    if not scope:
        return (ref.path for ref in walk(root).refs)
    refs = [ref for ref in walk(root, only=[scope]).refs if ref.path.startswith(scope + "/")]
    if refs:
        return (ref.path for ref in refs)
    return (f"{scope}/{ref.path}" for ref in walk(root / scope).refs)


def everything(root: Path, scope: str, program: str) -> list[str]:
    """All files below a folder, whatever ignore files say, in the order of their bytes; but not our own."""
    listed = subprocess.run(
        [program, "--no-config", "--files", "--null", "--no-ignore", "--hidden", "--no-messages"],
        cwd=root / scope,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        check=False,
    ).stdout
    before = f"{scope}/" if scope else ""
    found = (before + os.fsdecode(path) for path in sorted(listed.split(b"\0")) if path)
    return [path for path in found if not path.startswith(_OWN_FOLDER)]
