"""Chooses the files of a tree in which a pattern may be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from semindex.exact.files import Wanted
from semindex.exact.pattern import Pattern
from semindex.exact.selection import Selection
from semindex.source.walk import walk

NOT_INDEXED = "the tree is not indexed"


def choose(root: Path, index_dir: Path, pattern: Pattern, wanted: Wanted) -> Selection:
    """The files of the tree at ``root`` that ripgrep has to read, of those that a question is about.

    Raises:
        RootError: ``root`` is no folder that can be read.
    """
    del index_dir, pattern
    files = wanted.chosen(_walked(root, wanted.scope))
    return Selection(root, scanned=(), doubtful=files, files=len(files), reason=NOT_INDEXED)


def _walked(root: Path, scope: str) -> Iterator[str]:
    """The files below a folder; a folder that ignore rules leave out is looked into if it is asked for."""
    if not scope:
        return (ref.path for ref in walk(root).refs)
    refs = [ref for ref in walk(root, only=[scope]).refs if ref.path.startswith(scope + "/")]
    if refs:
        return (ref.path for ref in refs)
    return (f"{scope}/{ref.path}" for ref in walk(root / scope).refs)
