"""Chooses the files of a tree in which a pattern may be."""

from __future__ import annotations

import os
import subprocess  # noqa: TID251 - has ripgrep list files, found by semindex.exact.ripgrep
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from semindex.errors import BrokenIndex, IndexUntrusted, NotIndexed
from semindex.exact.files import FileFilter, Wanted
from semindex.exact.pattern import Pattern
from semindex.exact.ripgrep import clean_environment
from semindex.exact.selection import Selection
from semindex.source.read import RACY_NS
from semindex.source.walk import walk
from semindex.store import layout
from semindex.store.catalog import Catalog
from semindex.store.schema import Cover
from semindex.store.soundness import open_listed
from semindex.types import FileRef

if TYPE_CHECKING:
    from semindex.exact.candidates import Candidates
    from semindex.types import Mask

NOT_INDEXED = "the tree is not indexed"
NOT_USED = "the index cannot be used"
EVERY = "files without a match matter, too"
_SPARED, _SCANNED, _DOUBTFUL = range(3)
_OWN_FOLDER = ".semindex/"


def choose(root: Path, index_dir: Path, pattern: Pattern, wanted: Wanted, program: str) -> Selection:
    """The files of the tree at ``root`` that ripgrep has to read, of those that a question is about.

    Every file is looked at: one that is not just as it was when the index was made has to be read.

    Raises:
        RootError: ``root`` is no folder that can be read.
        QueryError: A glob or a type of ``wanted`` is none.
    """
    refs = {ref.path: ref for ref in walked(root, wanted)}
    files = FileFilter(wanted, program).chosen(_listed(root, wanted, program, refs))
    seen = [refs[path] for path in files if path in refs]
    try:
        known = _known(root, index_dir, pattern, seen, every=wanted.every)
    except NotIndexed:
        return Selection(root, scanned=(), doubtful=files, files=len(files), reason=NOT_INDEXED)
    except (BrokenIndex, IndexUntrusted) as error:
        notes = (f"the index was not used: {error}",)
        return Selection(root, scanned=(), doubtful=files, files=len(files), notes=notes, reason=NOT_USED)
    scanned = tuple(path for path in files if known.verdicts.get(path) == _SCANNED)
    doubtful = tuple(
        path for path in files if path not in known.verdicts or known.verdicts[path] == _DOUBTFUL
    )
    return Selection(root, scanned, doubtful, len(files), grams=known.grams, reason=known.reason)


class _Known(Struct, frozen=True):
    """What the index tells."""

    verdicts: Mapping[str, int]
    """Of each file that is as it was when it was indexed."""
    grams: tuple[str, ...]
    reason: str


def _known(root: Path, index_dir: Path, pattern: Pattern, seen: Sequence[FileRef], *, every: bool) -> _Known:
    """What the index tells of files that a walk has just seen.

    Raises:
        NotIndexed: There is no index, or none of this folder.
        BrokenIndex: It is damaged, or cannot be read.
        IndexUntrusted: It is a link, or another user's.
    """
    from semindex.exact.candidates import Candidates
    from semindex.exact.needed import needed, written
    from semindex.exact.queries import ANY

    asked = needed(pattern)
    query = ANY if every else asked.query
    with Catalog.open_reader(index_dir) as catalog:
        live, places = catalog.live(), catalog.places()
        layout.require_root(index_dir, catalog.meta("root"), root)
        racy_ns = catalog.last_scan_ns - RACY_NS
        verdicts = {}
        with ExitStack() as opened:
            for record in live.segments:
                segment = opened.enter_context(closing(open_listed(index_dir, record)))
                if segment.has("gram.cover"):
                    candidates = Candidates(segment)
                    found = candidates.files(query, whole_files=pattern.multiline)
                    verdicts[record.id] = _verdicts(candidates, found, every=every)
    told: dict[str, int] = {}
    for ref in seen:
        place = places.get(ref)
        if place is not None and ref.mtime_ns < racy_ns and place[0] in verdicts:
            told[ref.path] = verdicts[place[0]][place[1]]
    reason = EVERY if every else asked.why_none
    return _Known(told, (written(query),) if query != ANY else (), reason)


def _verdicts(candidates: Candidates, found: Mask, *, every: bool) -> list[int]:
    """Of each file of a segment what is to be done with it."""
    doubtful = (candidates.cover & (Cover.SCANNED | (Cover.SILENT if every else 0))) != 0
    return [
        _DOUBTFUL if unsure else _SCANNED if may_match else _SPARED
        for unsure, may_match in zip(doubtful.tolist(), found.tolist(), strict=True)
    ]


def walked(root: Path, wanted: Wanted) -> Iterable[FileRef]:
    """The files below a folder; a folder that ignore rules leave out is looked into if it is asked for."""
    scope = wanted.scope
    if not scope:
        return walk(root).refs
    if wanted.is_file:
        return [ref for ref in walk(root, only=[scope]).refs if ref.path == scope]
    refs = [ref for ref in walk(root, only=[scope]).refs if ref.path.startswith(scope + "/")]
    return refs or [ref._replace(path=f"{scope}/{ref.path}") for ref in walk(root / scope).refs]


def _listed(root: Path, wanted: Wanted, program: str, refs: Iterable[str]) -> Iterable[str]:
    """The paths in question; a file that is asked for is among them whatever ignore rules say."""
    if wanted.is_file:
        return (wanted.scope,)
    return everything(root, wanted.scope, program) if wanted.no_ignore else refs


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
