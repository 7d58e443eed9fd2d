"""Chooses the files of a tree in which a pattern may be."""

from __future__ import annotations

import os
import subprocess  # noqa: TID251 - has ripgrep list files, found by semindex.exact.ripgrep
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from semindex.errors import BrokenIndex, IndexUntrusted, NotIndexed
from semindex.exact.files import FileFilter, Wanted
from semindex.exact.pattern import Pattern
from semindex.exact.ripgrep import clean_environment
from semindex.exact.selection import Selection
from semindex.source.livewalk import LiveWalk, Seen
from semindex.source.walk import walk
from semindex.types import FileRef, Ids, Mask

if TYPE_CHECKING:
    from semindex.exact.known import Known
    from semindex.store.catalog import Catalog

NOT_INDEXED = "the tree is not indexed"
NOT_USED = "the index cannot be used"
EVERY = "files without a match matter, too"
_OWN_FOLDER = ".semindex/"
_REMEMBERED = 8
"""Kinds of question for which it is remembered which files they are about."""


class Choosing(Protocol):
    """Chooses files of one tree."""

    def choose(self, pattern: Pattern, wanted: Wanted, program: str, *, refresh: bool = True) -> Selection:
        """As :meth:`Chooser.choose`."""

    def close(self) -> None:
        """Give back what is open."""


class Chooser:
    """Chooses files of one tree. One that stays answers the next question sooner; threads may share it."""

    def __init__(self, root: Path, index_dir: Path, *, stays: bool = False, at_once: bool = False) -> None:
        """Look at nothing yet.

        Args:
            root: The folder.
            index_dir: Where its index is, if there is one.
            stays: Whether to remember what was seen and opened, for the next question.
            at_once: Whether to hear of changes from the first question on, not only from the second.
        """
        self._root, self._index_dir = root, index_dir
        self._live = LiveWalk(root, at_once=at_once) if stays else None
        self._lock = threading.Lock()
        self._catalog: Catalog | None = None
        self._known: dict[bool, tuple[object, Known, Seen | None]] = {}
        """What the index tells of the files that were seen (True), or of its own (False), and of which."""
        self._masks: dict[tuple[object, ...], Mask] = {}

    def close(self) -> None:
        """Give back what is open; the next question opens it anew."""
        with self._lock:
            if self._live is not None:
                self._live.close()
            self._forget()

    def prepare(self) -> None:
        """Look at everything now, so that the first question is answered sooner.

        Raises:
            RootError: The root is no folder that can be read.
        """
        with self._lock:
            if self._live is not None:
                self._told(self._live.seen())

    def choose(self, pattern: Pattern, wanted: Wanted, program: str, *, refresh: bool = True) -> Selection:
        """The files that ripgrep has to read, of those that a question is about.

        Args:
            pattern: What is looked for.
            wanted: Which files the question is about.
            program: Ripgrep.
            refresh: Whether every file is looked at: one that is not just as it was when the index was made
                has to be read. Else the index is believed, if there is one.

        Raises:
            RootError: The root is no folder that can be read.
            QueryError: A glob or a type of ``wanted`` is none.
        """
        takes = FileFilter(wanted, program).takes
        with self._lock:
            try:
                if not refresh and not wanted.no_ignore:
                    known, _, problem = self._told(None)
                    if known is not None:
                        return self._selection(known, {}, pattern, wanted, takes, "unchecked")
                seen = self._seen(wanted)
                known, others, problem = self._told(seen)
                others |= self._left_out(seen, wanted, program)
                if known is not None:
                    return self._selection(known, others, pattern, wanted, takes, "fresh")
                return _all(self._root, seen, others, takes, problem)
            finally:
                if self._live is None:
                    self._forget()

    def _seen(self, wanted: Wanted) -> Seen:
        """The files as they are now, at least those in question."""
        if self._live is not None:
            seen = self._live.seen()
            if wanted.is_file or not wanted.scope or any(wanted.holds(ref.path) for ref in seen.refs):
                return seen
        return Seen(-1, tuple(walked(self._root, wanted)))

    def _told(self, seen: Seen | None) -> tuple[Known | None, dict[str, bool], str]:
        """What the index tells of the files that were seen, or of its own.

        Besides that, files that have changed since it was asked, and whether they are there; and without an
        index, what is wrong.
        """
        from semindex.exact.known import Known

        changed = {path: ref is not None for path, ref in seen.changed.items()} if seen is not None else {}
        try:
            if self._catalog is None:
                from semindex.store.catalog import Catalog

                self._catalog = Catalog.open_reader(self._index_dir)
            catalog, place = self._catalog, (self._root, self._index_dir)
            about = (catalog.stamp, seen.number if seen is not None else None)
            kept = self._known.get(seen is not None)
            if kept is not None and kept[0] == about and (seen is None or seen.number >= 0):
                return kept[1], _since(kept[2], seen), ""
            self._drop(is_seen=seen is not None)
            known = (
                Known.of_index(catalog, *place) if seen is None else Known.of_walk(catalog, *place, seen.all)
            )
            self._known[seen is not None] = about, known, seen
            return known, {}, ""
        except NotIndexed:
            self._forget()
            return None, changed, ""
        except (BrokenIndex, IndexUntrusted) as error:
            self._forget()
            return None, changed, str(error)

    def _selection(
        self,
        known: Known,
        others: Mapping[str, bool],
        pattern: Pattern,
        wanted: Wanted,
        takes: Callable[[str], bool],
        freshness: str,
    ) -> Selection:
        """The files of which the index tells something, and others.

        Args:
            known: What the index tells.
            others: Paths of which nothing is known, and whether there is a file.
            pattern: What is looked for.
            wanted: Which files the question is about.
            takes: Whether that is so for a path.
            freshness: Of the answer.
        """
        from semindex.exact.needed import needed, written
        from semindex.exact.queries import ANY

        every = wanted.every
        asked = needed(pattern)
        query = ANY if every else asked.query
        left_out = {place for place in map(known.place, others) if place >= 0} if others else set()
        extra = [path for path, is_there in others.items() if is_there and takes(path)]
        keeps = self._live is not None and not wanted.is_file
        mask = self._mask(known, wanted, takes) if keeps else None

        def chosen(places: Ids) -> list[str]:
            if mask is not None:
                places = places[mask[places]]
            found = [known.paths[place] for place in places.tolist() if place not in left_out]
            return found if mask is not None else list(filter(takes, found))

        def count() -> int:
            own = chosen(known.everything) if mask is None or left_out else mask.nonzero()[0]
            return len(own) + len(extra)

        scanned = chosen(known.scanned(query, whole_files=pattern.multiline, every=every))
        doubtful = chosen(known.unsure(every=every).nonzero()[0]) + extra
        # Paths that nobody has looked at are those of segments, which may be closed when somebody asks.
        number = count() if freshness == "unchecked" else None
        return Selection(
            self._root,
            tuple(scanned if freshness == "fresh" else sorted(scanned, key=os.fsencode)),
            tuple(sorted(doubtful, key=os.fsencode)),
            count if number is None else lambda: number,
            grams=(written(query),) if query != ANY else (),
            freshness=freshness,
            reason=EVERY if every else asked.why_none,
        )

    def _mask(self, known: Known, wanted: Wanted, takes: Callable[[str], bool]) -> Mask:
        """Which files the question is about, remembered; shape ``(len(known.paths),)``."""
        key = (id(known), wanted, os.getcwd())  # noqa: PTH109 - globs are relative to it
        mask = self._masks.get(key)
        if mask is None:
            if len(self._masks) >= _REMEMBERED:
                self._masks.clear()
            mask = self._masks[key] = known.about(takes)
        return mask

    def _left_out(self, seen: Seen, wanted: Wanted, program: str) -> dict[str, bool]:
        """The files in question that a walk leaves out; one that is asked for by name counts, too."""
        if not wanted.is_file and not wanted.no_ignore:
            return {}
        paths = {ref.path for ref in seen.all}
        listed = [wanted.scope] if wanted.is_file else everything(self._root, wanted.scope, program)
        return {path: True for path in listed if path not in paths}

    def _drop(self, *, is_seen: bool) -> None:
        kept = self._known.pop(is_seen, None)
        self._masks.clear()
        if kept is not None:
            kept[1].close()

    def _forget(self) -> None:
        for is_seen in (False, True):
            self._drop(is_seen=is_seen)
        if self._catalog is not None:
            self._catalog.close()
        self._catalog = None


OPEN: Callable[[Path, Path, bool], Choosing] | None = None
"""In a process that the daemon has forked: opens what chooses files there, given also whether it stays."""


def open_chooser(root: Path, index_dir: Path, *, stays: bool = False) -> Choosing:
    """What chooses the files of a tree in this process; the arguments are those of :class:`Chooser`."""
    return Chooser(root, index_dir, stays=stays) if OPEN is None else OPEN(root, index_dir, stays)


def _since(before: Seen | None, now: Seen | None) -> dict[str, bool]:
    """Which files changed between two times after one walk, and whether they are there."""
    if before is None or now is None:
        return {}
    unknown = object()
    return {
        path: now.changed.get(path) is not None
        for path in {*before.changed, *now.changed}
        if before.changed.get(path, unknown) != now.changed.get(path, unknown)
    }


def _all(
    root: Path, seen: Seen, others: Mapping[str, bool], takes: Callable[[str], bool], problem: str
) -> Selection:
    """All files that a question is about, where no index helps."""

    def paths() -> Iterator[str]:
        yield from (ref.path for ref in seen.refs if ref.path not in others)
        yield from (path for path, is_there in others.items() if is_there)

    found = [path for path in paths() if takes(path)]
    if others:
        found.sort(key=os.fsencode)
    notes = (f"the index was not used: {problem}",) if problem else ()
    reason = NOT_USED if problem else NOT_INDEXED
    return Selection(root, (), tuple(found), lambda: len(found), notes=notes, reason=reason)


def files_of(root: Path, wanted: Wanted, program: str) -> tuple[str, ...]:
    """The root-relative paths of all files that a question is about, in the order of their bytes.

    Raises:
        RootError: ``root`` is no folder that can be read.
        QueryError: A glob or a type of ``wanted`` is none.
    """
    takes = FileFilter(wanted, program).takes
    listed = everything(root, wanted.scope, program) if wanted.no_ignore else None
    return tuple(filter(takes, listed if listed is not None else [ref.path for ref in walked(root, wanted)]))


def walked(root: Path, wanted: Wanted) -> Sequence[FileRef]:
    """The files below a folder; a folder that ignore rules leave out is looked into if it is asked for."""
    scope = wanted.scope
    if not scope:
        return walk(root).refs
    if wanted.is_file:
        return [ref for ref in walk(root, only=[scope]).refs if ref.path == scope]
    refs = [ref for ref in walk(root, only=[scope]).refs if ref.path.startswith(scope + "/")]
    return refs or [ref._replace(path=f"{scope}/{ref.path}") for ref in walk(root / scope).refs]


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
