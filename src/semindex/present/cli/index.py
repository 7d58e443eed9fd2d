"""``semindex index``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from semindex.operations.index import Refresh
from semindex.present.cli.opened import opened, refreshed
from semindex.present.cli.options import asks, index_dir_option, json_option, path_argument, set_option
from semindex.present.cli.outcome import DONE, tell
from semindex.present.render import by_count, count, duration, failure_lines, shared_lines, size
from semindex.present.safe import safe_line, safe_message
from semindex.present.schema import report_object
from semindex.present.stream import write, write_json

if TYPE_CHECKING:
    from semindex.types import BuildReport


@click.command()
@path_argument
@index_dir_option
@asks(Refresh)
@json_option
@click.option("-q", "--quiet", is_flag=True, help="No progress and no summary; warnings stay.")
@set_option
def index(
    asked: dict[str, Any],
    path: Path,
    index_dir: Path | None,
    as_json: bool,
    quiet: bool,
    overrides: Mapping[str, str],
) -> int:
    """Index a repository, or bring its index up to date.

    PATH is a folder; in a git work tree the whole tree is indexed. Files that did not change are not
    read again. The index is kept in ROOT/.semindex, which git ignores, unless --index-dir says otherwise.
    The first index of a folder that nobody may have meant (a home folder, one above several repositories,
    over 50,000 files outside git) is made after asking in a terminal, and elsewhere with --yes only.
    """
    with opened(path, index_dir, overrides) as place:
        root, folder = str(place.index.root), str(place.index.index_dir)
        if place.location.passed_over:
            tell(place.location.passed_over)
        if place.location.scope and not quiet:
            tell(f"{place.location.scope} lies in {root}: the whole of it is indexed.")
        report = refreshed(place.index, quiet=quiet, **asked)
    if as_json:
        write_json(report_object(report, root=root, index_dir=folder))
        return DONE
    if not quiet:
        write("\n".join(summary(report, root)))
    for warning in report.warnings:
        tell(warning)
    return DONE


def summary(report: BuildReport, root: str) -> Iterator[str]:
    """What a build did, in lines."""
    yield (
        f"{safe_message(root)}: {count(report.files, 'file')}, {count(report.chunks, 'chunk')} "
        f"(generation {report.generation})"
    )
    yield (
        f"{report.added:,} added, {report.changed:,} changed, {report.removed:,} removed, "
        f"{report.unchanged:,} unchanged"
    )
    yield from shared_lines(report.shared, report.files)
    if report.skipped:
        yield f"{sum(report.skipped.values()):,} skipped: {by_count(report.skipped)}"
    if report.failures:
        yield f"{count(len(report.failures), 'failure')}:"
        yield from (f"  {line}" for line in failure_lines(report.failures))
    if report.merged_segments:
        yield f"{count(report.merged_segments, 'segment')} merged"
    read = ""
    if report.source_bytes:
        speed = size(report.source_bytes / report.seconds) if report.seconds > 0 else "?"
        read = f", {size(report.source_bytes)} read ({speed}/s)"
    several = f" in {report.processes} processes" if report.processes > 1 else ""
    yield safe_line(f"{duration(report.seconds)}{read}, peak memory {size(report.peak_bytes)}{several}")
