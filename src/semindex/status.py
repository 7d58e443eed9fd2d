"""The state of an index: counts, freshness, integrity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from semindex.errors import IndexCorrupt, RootError
from semindex.indexing.analysis import file_analysis
from semindex.indexing.builder import FAILURES
from semindex.indexing.drift import SETTLED_BYTES, SETTLED_FILES, check, settled
from semindex.indexing.sharing import SHARED, still_shared
from semindex.indexing.stopped import STOPPED, read_stopped, stopped_lines
from semindex.source.read import ReadRules
from semindex.store import layout
from semindex.store.catalog import Catalog
from semindex.store.records import FileRecord, LiveSegments, partial_note
from semindex.store.soundness import by_segment, find_damage, open_listed
from semindex.types import FileFailure, LeftOut, Status


def status_of(
    root: Path,
    index_dir: Path,
    model: str,
    *,
    mapped_above: int,
    rules: ReadRules,
    verify: bool,
    skipped: str,
) -> Status:
    """Everything that can be told of an index without changing it.

    Args:
        root: The indexed folder.
        index_dir: Its index.
        model: Fingerprint of the model that searches have.
        mapped_above: The size in bytes above which the segments are mapped instead of read into memory.
        rules: By which files are left out today.
        verify: Whether all files of the index are read and their checksums compared.
        skipped: Which files that are not indexed are listed: those with this reason, ``all``, ``none``.

    Raises:
        NotIndexed: Nothing was indexed there.
        UsageError: The index is that of another folder.
    """
    with Catalog.open_reader(index_dir) as catalog:
        layout.require_root(index_dir, catalog.meta("root"), root)
        live = catalog.live()
        totals = catalog.totals()
        files = by_segment(catalog.files()) if verify else {}
        symbols, problems = _segments(index_dir, live, files, verify=verify)
        if verify:
            problems = [*catalog.verify(), *problems]
        notes = [*catalog.notes]
        if live.model != model:
            notes.append(f"made with another model; this semindex has {model}: run 'semindex index'")
        pending = catalog.meta_number("pending")
        if pending:
            notes.append(partial_note(totals.files, totals.files + pending))
        notes.extend(stopped_lines(read_stopped(catalog.meta(STOPPED))))
        freshness, changed = _freshness(root, catalog, rules, notes)
        every = [known.failure for known in catalog.failures()]
        failures = tuple(failure for failure in every if failure.reason in FAILURES)
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
            left_out=tuple(_left_out(each) for each in every if skipped in ("all", each.reason.value)),
            languages=totals.languages,
            segments=totals.segments,
            dead_files=totals.dead_files,
            index_bytes=layout.size_bytes(index_dir),
            source_bytes=totals.source_bytes,
            freshness=freshness,
            changed=changed,
            peak_bytes=catalog.meta_number("peak_bytes"),
            shared=still_shared(catalog.meta(SHARED), live),
            mapped=live.nbytes > mapped_above,
            problems=tuple(problems),
            notes=tuple(notes),
        )


def _left_out(failure: FileFailure) -> LeftOut:
    size_bytes = None if failure.ref is None else failure.ref.size_bytes
    return LeftOut(failure.path, failure.reason, size_bytes, failure.detail)


def _segments(
    index_dir: Path, live: LiveSegments, files: Mapping[int, Sequence[FileRecord]], *, verify: bool
) -> tuple[int, list[str]]:
    """The number of definitions in live files, and a line for each fault."""
    symbols = 0
    problems: list[str] = []
    for record in live.segments:
        try:
            segment = open_listed(index_dir, record)
            dead = set(live.dead.get(record.id, ()))
            counts = enumerate(segment.section("file_symbols").tolist())
            symbols += sum(held for ordinal, held in counts if ordinal not in dead)
            if verify:
                problems += find_damage(segment, thorough=True, files=files.get(record.id, ()))
            segment.close()
        except IndexCorrupt as error:
            problems.append(str(error))
    return symbols, problems


def _freshness(root: Path, catalog: Catalog, rules: ReadRules, notes: list[str]) -> tuple[str, int]:
    try:
        found = check(root, catalog, rules)
        # There is more time than in a search.
        found = settled(
            root, found, rules=rules, most_bytes=10 * SETTLED_BYTES, most_files=10 * SETTLED_FILES
        )
    except RootError as error:
        notes.append(str(error))
        return "unchecked", 0
    notes.extend(found.seen.warnings)
    return ("stale" if found.changed else "fresh"), found.changed
