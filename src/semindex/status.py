"""The state of an index: counts, freshness, integrity."""

from __future__ import annotations

from pathlib import Path

from semindex.errors import IndexCorrupt, RootError
from semindex.indexing.analysis import file_analysis
from semindex.indexing.builder import FAILURES
from semindex.indexing.drift import SETTLED_BYTES, SETTLED_FILES, check, settled
from semindex.store import layout
from semindex.store.catalog import Catalog
from semindex.store.records import LiveSegments, partial_note
from semindex.store.segment import open_listed
from semindex.types import Status


def status_of(root: Path, index_dir: Path, model: str, *, mapped_above: int, verify: bool) -> Status:
    """Everything that can be told of an index without changing it.

    ``mapped_above`` is the size in bytes above which the segments are mapped instead of read into memory;
    with ``verify`` all files of the index are read and their checksums compared.

    Raises:
        NotIndexed: Nothing was indexed there.
        UsageError: The index is that of another folder.
    """
    with Catalog.open_reader(index_dir) as catalog:
        layout.require_root(index_dir, catalog.meta("root"), root)
        live = catalog.live()
        totals = catalog.totals()
        symbols, problems = _segments(index_dir, live, verify=verify)
        if verify:
            problems = [*catalog.verify(), *problems]
        notes = [*catalog.notes]
        if live.model != model:
            notes.append(f"made with another model; this semindex has {model}: run 'semindex index'")
        pending = int(catalog.meta("pending") or 0)
        if pending:
            notes.append(partial_note(totals.files, totals.files + pending))
        freshness, changed = _freshness(root, catalog, notes)
        failures = tuple(k.failure for k in catalog.failures() if k.failure.reason in FAILURES)
        return Status(
            root=str(root),
            index_dir=str(index_dir),
            generation=live.generation,
            model=live.model,
            analysis=file_analysis("text"),
            seen=totals.files + sum(totals.skipped.values()) + pending,
            indexed=totals.files,
            chunks=totals.chunks,
            symbols=symbols,
            skipped=totals.skipped,
            failures=failures,
            languages=totals.languages,
            segments=totals.segments,
            dead_files=totals.dead_files,
            index_bytes=layout.size_bytes(index_dir),
            source_bytes=totals.source_bytes,
            freshness=freshness,
            changed=changed,
            peak_bytes=int(catalog.meta("peak_bytes") or 0),
            mapped=live.nbytes > mapped_above,
            problems=tuple(problems),
            notes=tuple(notes),
        )


def _segments(index_dir: Path, live: LiveSegments, *, verify: bool) -> tuple[int, list[str]]:
    """The number of definitions in live files, and a line for each fault."""
    symbols = 0
    problems: list[str] = []
    for record in live.segments:
        try:
            segment = open_listed(index_dir, record)
            dead = set(live.dead.get(record.id, ()))
            counts = enumerate(segment.section("file_symbols").tolist())
            symbols += sum(held for ordinal, held in counts if ordinal not in dead)
            problems += segment.verify() if verify else []
            segment.close()
        except IndexCorrupt as error:
            problems.append(str(error))
    return symbols, problems


def _freshness(root: Path, catalog: Catalog, notes: list[str]) -> tuple[str, int]:
    try:
        found = check(root, catalog)
        # There is more time than in a search.
        found = settled(root, found, most_bytes=10 * SETTLED_BYTES, most_files=10 * SETTLED_FILES)
    except RootError as error:
        notes.append(str(error))
        return "unchecked", 0
    notes.extend(found.seen.warnings)
    return ("stale" if found.changed else "fresh"), found.changed
