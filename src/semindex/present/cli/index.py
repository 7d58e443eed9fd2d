"""``semindex index``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from semindex.present.cli.opened import opened
from semindex.present.cli.options import index_dir_option, json_option, path_argument, set_option
from semindex.present.cli.outcome import DONE, tell
from semindex.present.cli.progress import drawn
from semindex.present.render import by_count, count, duration, failure_lines, size
from semindex.present.safe import safe_line, safe_message
from semindex.present.schema import report_object
from semindex.present.stream import write, write_json

if TYPE_CHECKING:
    from semindex.types import BuildReport, Cluster


@click.command()
@path_argument
@index_dir_option
@click.option("--force", is_flag=True, help="Read and analyse every file again.")
@click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Have the workers of a dask scheduler do it (tcp://host:8786), or local:4. Without this no "
    "connection is opened. Needs semindex[cluster].",
)
@click.option(
    "--segments-url",
    metavar="URL",
    help="With --cluster: workers leave segments there, in whatever fsspec reaches, instead of sending them.",
)
@click.option(
    "--shared-disk",
    is_flag=True,
    help="With --cluster: workers see the repository under the same path and read it themselves.",
)
@json_option
@click.option("-q", "--quiet", is_flag=True, help="No progress and no summary; warnings stay.")
@set_option
def index(
    path: Path,
    index_dir: Path | None,
    force: bool,
    cluster: str | None,
    segments_url: str | None,
    shared_disk: bool,
    as_json: bool,
    quiet: bool,
    overrides: Mapping[str, str],
) -> int:
    """Index a repository, or bring its index up to date.

    PATH is a folder; in a git work tree the whole tree is indexed. Files that did not change are not
    read again. The index is kept in ROOT/.semindex, which git ignores, unless --index-dir says otherwise.
    """
    named = _cluster(cluster, segments_url, shared_disk=shared_disk)
    with opened(path, index_dir, overrides) as place:
        root, folder = str(place.index.root), str(place.index.index_dir)
        if place.location.scope and not quiet:
            tell(f"{place.location.scope} lies in {root}: the whole of it is indexed.")
        with drawn(quiet=quiet) as progress:
            report = place.index.refresh(progress=progress, force=force, cluster=named)
    if as_json:
        write_json(report_object(report, root=root, index_dir=folder))
        return DONE
    if not quiet:
        write("\n".join(summary(report, root)))
    for warning in report.warnings:
        tell(warning)
    return DONE


def _cluster(address: str | None, segments_url: str | None, *, shared_disk: bool) -> Cluster | None:
    if address is None:
        if segments_url is not None or shared_disk:
            raise click.UsageError("--segments-url and --shared-disk are of use with --cluster only.")
        return None
    from semindex.types import Cluster

    return Cluster(address, segments_url or "", shared_disk)


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
    if report.skipped:
        yield f"{sum(report.skipped.values()):,} skipped: {by_count(report.skipped)}"
    if report.failures:
        yield f"{count(len(report.failures), 'failure')}:"
        yield from (f"  {line}" for line in failure_lines(report.failures))
    if report.merged_segments:
        yield f"{count(report.merged_segments, 'segment')} merged"
    yield f"{safe_line(_cost(report))}"


def _cost(report: BuildReport) -> str:
    read = ""
    if report.source_bytes:
        speed = size(report.source_bytes / report.seconds) if report.seconds > 0 else "?"
        read = f", {size(report.source_bytes)} read ({speed}/s)"
    several = f" in {report.processes} processes" if report.processes > 1 else ""
    return f"{duration(report.seconds)}{read}, peak memory {size(report.peak_bytes)}{several}"
