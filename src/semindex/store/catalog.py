"""The catalog: which files are indexed, in which segments, and which generation is the newest.

Example: a first build indexes ``a.py`` and ``b.py``; then ``a.py`` is edited, and a refresh commits:

    ============  =============================================  ===============================
    table         after the build (generation 1)                 after the refresh (generation 2)
    ============  =============================================  ===============================
    segments      1: x.seg, 2 files                              1: x.seg; 2: y.seg, 1 file
    files         a.py in 1 at ordinal 0, b.py in 1 at 1         a.py in 2 at 0, b.py in 1 at 1
    dead          (none)                                         segment 1, ordinal 0
    ============  =============================================  ===============================

The files of a segment in ``files`` and in ``dead`` are together all of its files. The catalog keeps no row
for a chunk. A reader sees one committed generation at a time; the one writer, who holds the writer lock,
changes everything in one transaction.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock
from typing import Any, NamedTuple, TypeVar

from semindex.errors import IndexCorrupt, IndexUnwritable, NotIndexed
from semindex.source.paths import as_text
from semindex.store import catalogschema, changes, connection, layout, rows
from semindex.store.connection import MOUNTS, OpenedDatabase, damaged, transaction, translated
from semindex.store.durable import StepHook, no_step
from semindex.store.ownership import require_own
from semindex.store.records import Change, Differences, FileRecord, LiveSegments, SkippedFile, Totals
from semindex.store.steplimit import ROWS_AT_ONCE, StepLimit
from semindex.types import FileRef

_Row = tuple[Any, ...]
_Record = TypeVar("_Record")


class _State(NamedTuple):
    identity: str
    generation: int
    last_scan_ns: int
    model: str


_RECORDS = (
    "SELECT path, size, mtime, ctime, inode, digest, analysis, language, segment, ordinal, chunks FROM files"
)
_LONGEST_WORD = 100
"""Letters of a language or of a reason."""
_MOST_DIGITS = 19
_NUMBERS = ("pending", "peak_bytes")
"""Keys of notes that are numbers."""
_FEW_PATHS = 2000
"""Up to so many records are asked for one by one; for more, all are read."""


class Catalog:
    """An open catalog. Open one with :meth:`open_reader` or :meth:`open_writer`; threads may share it.

    Every method raises :class:`IndexCorrupt` when the database turns out to be damaged, and
    :class:`IndexLocked` when another process keeps it busy for long.
    """

    def __init__(self, index_dir: Path, opened: OpenedDatabase, *, writable: bool, on_step: StepHook) -> None:
        self._dir = index_dir
        self._path = index_dir / layout.CATALOG
        self._opened = opened
        self._writable = writable
        self._on_step = on_step
        self._lock = RLock()
        self._closed = False
        self._stamp = self._look()
        self._known: tuple[object, tuple[str, int]] | None = None
        self._live: LiveSegments | None = None

    @classmethod
    def open_reader(cls, index_dir: Path) -> Catalog:
        """Open the catalog of an index folder, changing nothing.

        Raises:
            NotIndexed: There is no catalog, or it was only just begun.
            IndexUntrusted: The folder is a link, or another user's.
            IndexCorrupt: The file is not a catalog, or it is damaged.
            IndexTooNew: A newer semindex wrote it.
            BrokenIndex: The system does not let it be read.
        """
        catalog = cls(index_dir, _open_for_reading(index_dir), writable=False, on_step=no_step)
        with catalog._translated():
            catalog._state()
        return catalog

    @classmethod
    def open_writer(
        cls, index_dir: Path, *, model: str, mounts: Path = MOUNTS, on_step: StepHook = no_step
    ) -> Catalog:
        """Open or make the catalog, and the index folder; the caller holds the writer lock.

        A new catalog gets the fingerprint ``model``; an older one keeps its own (see :attr:`model`).
        Steps: ``catalog:opened``, ``catalog:ready``, and those of :meth:`commit` and :meth:`close`.

        Raises:
            IndexCorrupt: The file is not a catalog, or it is damaged; :func:`layout.set_catalog_aside`
                moves it out of the way.
            IndexTooNew: A newer semindex wrote it.
            IndexUnwritable: There is no room, or no permission.
        """
        layout.create(index_dir)
        opened = connection.open_for_writing(index_dir, mounts=mounts)
        catalog = cls(index_dir, opened, writable=True, on_step=on_step)
        on_step("catalog:opened")
        try:
            with catalog._translated():
                catalogschema.make_tables(opened.connection, catalog._path)
                opened.connection.execute("UPDATE state SET model = ? WHERE generation = 0", (model,))
                catalog._state()
        except BaseException:
            opened.connection.close()
            raise
        on_step("catalog:ready")
        return catalog

    @property
    def _limit(self) -> StepLimit:
        return self._opened.limit

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know about how the catalog is kept."""
        return self._opened.notes

    @property
    def generation(self) -> int:
        """The number of the newest committed generation, 0 before the first.

        Raises:
            NotIndexed: The index was removed.
        """
        return self._newest().generation

    @property
    def current(self) -> tuple[str, int]:
        """The catalog's identity, and :attr:`generation`; a query asks for them each time.

        A catalog that was begun anew in the same place has another identity.
        """
        with self._translated():
            self._follow()
            # Another process's commit changes this number, our own the state that is remembered with it.
            version = self._opened.connection.execute("PRAGMA data_version").fetchone()
            if self._writable or self._known is None or self._known[0] != version:
                self._known = version, self._state()[:2]
            return self._known[1]

    @property
    def stamp(self) -> tuple[str, int, int]:
        """The catalog's identity, :attr:`generation` and :attr:`last_scan_ns`.

        A plan holds as long as these stay as they were when it was made.
        """
        return self._newest()[:3]

    @property
    def model(self) -> str:
        """The fingerprint of the model that made the vectors."""
        return self._newest().model

    @property
    def last_scan_ns(self) -> int:
        """When the last walk of the whole tree that was committed began, in nanoseconds; 0 before it."""
        return self._newest().last_scan_ns

    def meta(self, key: str) -> str | None:
        """The value that was last committed for a key of :attr:`Change.meta`; None if there was none."""
        with self._translated():
            self._follow()
            row = self._fetch("SELECT value FROM meta WHERE key = ?", key)
            return rows.packed_text(row[0][0]) if row else None

    def meta_number(self, key: str) -> int:
        """The number that :meth:`meta` gives for a key; 0 if there is none."""
        value = self.meta(key) or "0"
        if not (value.isascii() and value.isdigit() and len(value) < _MOST_DIGITS):
            raise damaged(self._path, f"{key} is {value!r:.80}")
        return int(value)

    def live(self) -> LiveSegments:
        """The live segments and what is dead in them, seen in one read transaction.

        A writer reads them once for each generation, since nobody else commits meanwhile.

        Raises:
            NotIndexed: The index was removed.
        """
        if self._live is not None and self._writable:
            return self._live
        with self._translated(), self._read():
            state = self._state()
            listed = self._fetch("SELECT id, name, files, chunks, nbytes FROM segments ORDER BY id")
            segments = rows.segments(listed)
            dead = rows.dead_files(
                self._fetch("SELECT segment, ordinal FROM dead ORDER BY segment, ordinal"), segments
            )
        self._live = LiveSegments(
            identity=state.identity,
            generation=state.generation,
            model=state.model,
            segments=segments,
            dead=dead,
        )
        return self._live

    def files(self) -> Iterator[FileRecord]:
        """The indexed files, ordered by ``os.fsencode(path)``. Take all of them before you commit."""
        return self._stream(rows.file, f"{_RECORDS} ORDER BY path")

    def records(self, paths: Collection[str]) -> dict[str, FileRecord]:
        """The records of those of the ``paths`` that are indexed, by path."""
        if len(paths) > _FEW_PATHS:
            wanted = frozenset(paths)
            return {file.ref.path: file for file in self.files() if file.ref.path in wanted}
        with self._translated():
            asked = [self._fetch(f"{_RECORDS} WHERE path = ?", os.fsencode(path)) for path in paths]
            found = [rows.file(row) for row, *_ in filter(None, asked)]
        return {file.ref.path: file for file in found}

    def differences(
        self,
        seen: Sequence[FileRef],
        *,
        analysis: Callable[[str], str],
        without: Collection[int] = (),
        only: Collection[str] | None = None,
    ) -> Differences:
        """How the files that a walk saw differ from those that are indexed.

        No record is made of files that are the same: of 80,000 files that would take a second.

        Args:
            seen: The files that the walk saw.
            analysis: Gives the fingerprint of today's analysis of a language.
            without: Ids of segments whose files count as not indexed.
            only: When given, only files at or below these paths are compared.
        """
        within, bounds = _within(only)
        with self._translated(), self._read():
            rules = self._fetch("SELECT DISTINCT language, analysis FROM files")
            old = [
                value
                for language, known_rules in rules
                if analysis(rows.text(language)) != known_rules
                for value in (language, known_rules)
            ]
            is_out = f"segment IN ({','.join(map(str, without))})" if without else "FALSE"
            pairs = ",".join(["(?, ?)"] * (len(old) // 2))
            is_old = f"(language, analysis) IN (VALUES {pairs})" if old else "FALSE"
            known = self._refs(f"{within} AND NOT {is_out} AND NOT {is_old}", (*bounds, *old))
            outdated = self._refs(f"{within} AND NOT {is_out} AND {is_old}", (*bounds, *old))
            left_out = self._refs(f"{within} AND {is_out}", bounds)
        refs = tuple(ref for ref in seen if ref not in known)
        if len(known) > len(seen) - len(refs):
            outdated |= known.difference(seen)
        missed = {path for path, *_ in outdated}
        return Differences(
            refs=refs,
            gone=tuple(sorted(missed.difference(ref.path for ref in seen) if missed else ())),
            left_out=tuple(sorted(path for path, *_ in left_out)),
        )

    def failures(self, only: Collection[str] | None = None) -> Iterator[SkippedFile]:
        """The files that were seen and are not (wholly) indexed, ordered by ``os.fsencode(path)``.

        With ``only``, just those at or below these paths.
        """
        within, bounds = _within(only)
        query = (
            "SELECT path, size, mtime, ctime, inode, stage, reason, detail, analysis,"
            " coalesce((SELECT digest FROM covered WHERE covered.path = skipped.path), x'')"
            f" FROM skipped WHERE {within} ORDER BY path"
        )
        yield from self._stream(rows.skipped, query, bounds)

    def places(self) -> dict[_Row, tuple[int, int]]:
        """For each file that a segment has for exact search, as it was seen, the segment and its ordinal.

        Keys are path, size, times and inode, in the order of the fields of :class:`FileRef`.
        """
        query = (
            "SELECT path, size, mtime, ctime, inode, segment, ordinal FROM files UNION ALL"
            " SELECT path, size, mtime, ctime, inode, covered.segment, covered.ordinal"
            " FROM skipped JOIN covered USING (path)"
        )
        with self._translated():
            try:
                return {
                    (as_text(path), size, mtime, ctime, inode): (segment, ordinal)
                    for path, size, mtime, ctime, inode, segment, ordinal in self._fetch(query)
                }
            except TypeError as error:
                raise damaged(self._path, error) from error

    def uncovered(self) -> list[bytes]:
        """The paths of files that were read, and that no segment has."""
        query = (
            "SELECT path FROM skipped WHERE stage != 'walk'"
            " AND NOT EXISTS (SELECT 1 FROM covered WHERE covered.path = skipped.path)"
            " AND NOT EXISTS (SELECT 1 FROM files WHERE files.path = skipped.path)"
        )
        with self._translated():
            return [os.fsencode(rows.path(path)) for (path,) in self._fetch(query)]

    def covered_in(self, segments: Collection[int]) -> frozenset[str]:
        """The skipped files that some segments have for exact search."""
        marks = ",".join("?" * len(segments))
        with self._translated():
            found = self._fetch(f"SELECT path FROM covered WHERE segment IN ({marks})", *segments)
            return frozenset(rows.path(path) for (path,) in found)

    def totals(self) -> Totals:
        """Counts of files, chunks and segments, seen in one read transaction."""
        with self._translated(), self._read():
            counted = self._fetch(
                f"SELECT substr(language, 1, {_LONGEST_WORD}) AS word, count(*), sum(chunks), sum(size)"
                " FROM files GROUP BY word ORDER BY count(*) DESC, word"
            )
            # Of a column, since SQLite counts bare rows without asking whether it should stop.
            ((dead,),) = self._fetch("SELECT count(segment) FROM dead")
            ((segments,),) = self._fetch("SELECT count(name) FROM segments")
            skipped = self.skipped()
            numbers = [[rows.number(value) for value in row[1:]] for row in counted]
            languages = rows.counts(row[:2] for row in counted)
        files, chunks, source_bytes = [sum(column) for column in zip(*numbers, strict=True)] or (0, 0, 0)
        return Totals(
            files=files,
            chunks=chunks,
            source_bytes=source_bytes,
            dead_files=dead,
            segments=segments,
            languages=languages,
            skipped=skipped,
        )

    def skipped(self) -> dict[str, int]:
        """How many files are left out for each reason, the most frequent reason first."""
        with self._translated():
            return rows.counts(
                self._fetch(
                    f"SELECT substr(reason, 1, {_LONGEST_WORD}) AS word, count(*) FROM skipped"
                    " GROUP BY word ORDER BY count(*) DESC, word"
                )
            )

    def verify(self) -> list[str]:
        """Check that the database is sound and its tables fit together; one line for each fault."""
        with self._translated(), self._read():
            faults = [f"{self._path}: {row[0]}" for row in self._fetch("PRAGMA integrity_check")]
            if faults != [f"{self._path}: ok"]:
                return faults
            uneven = self._fetch(
                """SELECT name FROM segments LEFT JOIN (
                    SELECT segment, count(*) AS held, count(DISTINCT ordinal) AS various,
                        min(ordinal) AS lowest, max(ordinal) AS highest
                    FROM (SELECT segment, ordinal FROM files UNION ALL SELECT segment, ordinal FROM covered
                        UNION ALL SELECT segment, ordinal FROM dead)
                    GROUP BY segment
                ) ON segment = id
                WHERE coalesce(held, 0) != files OR various != files OR lowest != 0 OR highest != files - 1"""
            )
            strays = self._fetch(
                "SELECT path FROM (SELECT path, segment FROM files"
                " UNION ALL SELECT path, segment FROM covered)"
                " WHERE segment NOT IN (SELECT id FROM segments)"
            )
            strays += self._fetch("SELECT path FROM covered WHERE path NOT IN (SELECT path FROM skipped)")
            # The number of the next segment, which SQLite could not raise any more.
            odd = self._fetch(
                "SELECT seq FROM sqlite_sequence WHERE typeof(seq) != 'integer' OR seq NOT BETWEEN"
                " (SELECT coalesce(max(id), 0) FROM segments) AND ?",
                rows.LARGEST,
            )
        faults = [f"{self._path}: the files of segment {name} do not add up" for (name,) in uneven]
        faults += [f"{self._path}: {path!r:.80} is in no segment" for (path,) in strays]
        faults += [f"{self._path}: {value!r:.80} cannot be the last segment" for (value,) in odd]
        return faults or self._find_odd_rows()

    def _find_odd_rows(self) -> list[str]:
        """The first row that no semindex wrote, in a list of none or one line."""
        try:
            self.live()
            with self._translated():
                for key, value in self._fetch("SELECT key, value FROM meta"):
                    rows.text(key), rows.packed_text(value)
            for key in _NUMBERS:
                self.meta_number(key)
            for stream in (self.files(), self.failures()):
                deque(stream, maxlen=0)
            self.totals()
        except IndexCorrupt as error:
            return [str(error)]
        return []

    def commit(self, change: Change) -> int:
        """Make a change, whole or not at all; returns the generation that readers see from now on.

        The number goes up, unless the change is of times or notes alone (:attr:`Change.alters_answers`). The
        segments that the change adds are on disk already. Steps: ``catalog:begin``, those of
        :func:`changes.apply`, ``catalog:committed``.

        Raises:
            IndexCorrupt: What is there is damaged; nothing was changed.
            IndexUnwritable: There is no room, or no permission, or the catalog was opened for reading.
            ValueError: The change does not fit what is there; nothing was changed.
        """
        if not self._writable:
            raise IndexUnwritable(f"{self._path} was opened for reading")
        try:
            return self._commit(change)
        except ValueError as error:
            faults = self.verify()
            if faults:
                raise damaged(self._path, faults[0]) from error
            raise

    def _commit(self, change: Change) -> int:
        with self._translated():
            self._limit.begin(change.rows)
            with transaction(self._opened.connection):
                self._on_step("catalog:begin")
                generation = changes.apply(self._opened.connection, change, self._on_step)
            if self._live is not None and self._live.generation != generation:
                self._live = None
            self._on_step("catalog:committed")
        return generation

    def close(self) -> None:
        """Close the catalog; a second call does nothing.

        A writer first brings all that it wrote into the one file ``catalog.db``, so that the index can be
        read where the folder is read-only.

        Steps: ``catalog:closing``, ``catalog:closed``.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._on_step("catalog:closing")
            if self._writable:
                # Not the commit: that is done. What is left to do, the next writer does.
                with suppress(connection.OperationalError):
                    self._opened.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._opened.connection.close()
            self._on_step("catalog:closed")

    def __enter__(self) -> Catalog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _refs(self, condition: str, values: Sequence[object]) -> set[_Row]:
        """Path, size, times and inode of files, in the order of the fields of :class:`FileRef`.

        Numbers that SQLite cannot hold are text here, so such a file equals none that a walk saw.
        """
        query = f"SELECT path, size, mtime, ctime, inode FROM files WHERE {condition}"
        self._limit.begin()
        found: set[_Row] = set()
        for batch in self._batches(self._opened.connection.execute(query, values)):
            try:
                found.update(
                    [(as_text(path), size, mtime, ctime, inode) for path, size, mtime, ctime, inode in batch]
                )
            except TypeError as error:
                raise damaged(self._path, error) from error
        return found

    def _newest(self) -> _State:
        with self._translated():
            self._follow()
            return self._state()

    def _state(self) -> _State:
        found = self._fetch("SELECT identity, generation, last_scan_ns, model FROM state")
        if not found:
            raise damaged(self._path, "it has lost its state")
        identity, generation, last_scan_ns, model = found[0]
        return _State(
            rows.text(identity), rows.number(generation), rows.number(last_scan_ns), rows.text(model)
        )

    def _fetch(self, query: str, *values: object) -> list[_Row]:
        self._limit.begin()
        return [
            row for batch in self._batches(self._opened.connection.execute(query, values)) for row in batch
        ]

    def _stream(
        self, make: Callable[[_Row], _Record], query: str, values: Sequence[object] = ()
    ) -> Iterator[_Record]:
        with self._translated():
            self._limit.begin()
            batches = self._batches(self._opened.connection.execute(query, values))
        while True:
            with self._translated():
                batch = [make(row) for row in next(batches, ())]
            if not batch:
                return
            yield from batch

    def _batches(self, cursor: connection.Cursor) -> Iterator[list[_Row]]:
        return self._limit.bounded(iter(lambda: cursor.fetchmany(ROWS_AT_ONCE), []))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        with self._lock:
            try:
                with translated(self._path, writing=self._writable, limit=self._limit):
                    yield
            except rows.OddRow as error:
                raise damaged(self._path, error) from error

    @contextmanager
    def _read(self) -> Iterator[None]:
        """A read transaction: all that the body reads is of one generation."""
        self._follow()
        with transaction(self._opened.connection, "BEGIN"):
            yield

    def _follow(self) -> None:
        """Open the file that has the catalog's name now, when it is another than the one that is open."""
        if self._writable or self._look() == self._stamp:
            return
        old, self._opened = self._opened, _open_for_reading(self._dir)
        self._known = None
        old.connection.close()
        self._stamp = self._look()

    def _look(self) -> _Row:
        try:
            seen = self._path.stat()
        except FileNotFoundError:
            return ()
        if not self._opened.immutable:
            return seen.st_dev, seen.st_ino
        unfinished = connection.has_unfinished(self._path)
        return seen.st_dev, seen.st_ino, seen.st_mtime_ns, seen.st_size, unfinished


def _open_for_reading(index_dir: Path) -> OpenedDatabase:
    require_own(index_dir)
    opened = connection.open_for_reading(index_dir)
    path = index_dir / layout.CATALOG
    try:
        with translated(path, writing=False, limit=opened.limit):
            if not catalogschema.has_catalog(opened.connection, path):
                raise NotIndexed.in_folder(index_dir)
    except BaseException:
        opened.connection.close()
        raise
    return opened


def _within(only: Collection[str] | None) -> tuple[str, list[bytes]]:
    """The condition that a row's path is at or below one of some paths, and its values."""
    if only is None:
        return "TRUE", []
    paths = list(map(os.fsencode, only))
    # "/" is 0x2f, so what lies below a folder sorts from "folder/" up to "folder0".
    below = " OR ".join(["path >= ? AND path < ?"] * len(paths))
    bounds = [path + mark for path in paths for mark in (b"/", b"0")]
    return f"(path IN ({','.join('?' * len(paths))}){' OR ' + below if paths else ''})", [*paths, *bounds]
