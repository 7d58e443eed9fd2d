"""``semindex status``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from semindex.operations.status import StatusRequest
from semindex.present.cli.opened import not_indexed, opened
from semindex.present.cli.options import asks, index_dir_option, json_option, path_argument
from semindex.present.cli.outcome import DONE, ERROR, NOTHING, tell
from semindex.present.render import by_count, count, failure_lines, freshness, size, taken_from
from semindex.present.safe import safe_line, safe_message, safe_path
from semindex.present.schema import error_object, record_object
from semindex.present.stream import write, write_json

if TYPE_CHECKING:
    from semindex.types import LeftOut, Status

_IN_MEMORY = {
    False: "all of it, once it is searched (smaller than MEMORY_MAPPING_THRESHOLD_MB)",
    True: "only what a search touches (larger than MEMORY_MAPPING_THRESHOLD_MB)",
}


@click.command()
@path_argument
@index_dir_option
@asks(StatusRequest)
@json_option
def status(asked: dict[str, Any], path: Path, index_dir: Path | None, as_json: bool) -> int:
    """Show what is indexed, how fresh and how whole.

    --skipped lists every file that is not indexed, --skipped "too large" those with one reason; PATH stands
    before it.

    Exits with 0 when there is an index, 1 when nothing is indexed, 2 when --verify found damage.
    """
    with opened(path, index_dir, {}) as place:
        if not place.index.exists:
            missing = not_indexed(place.index)
            if as_json:
                write_json(error_object(type(missing).__name__, safe_message(str(missing))))
            else:
                tell(str(missing))
            return NOTHING
        state = place.index.status(**asked)
    if as_json:
        write_json(record_object(state))
    else:
        write("\n".join(f"{name:<12}{value}" for name, value in rows(state, verified=asked["verify"])))
    return ERROR if state.problems else DONE


def rows(state: Status, *, verified: bool) -> Iterator[tuple[str, str]]:
    """The names and values that are shown, in order; the name is empty where a value has a further line."""
    yield "root", safe_message(state.root)
    # Of a few small files the share says nothing: an empty index has some kilobytes, too.
    share = f" ({state.index_bytes / state.source_bytes:.0%})" if state.source_bytes >= 1_000_000 else ""
    sizes = f"{size(state.index_bytes)} for {size(state.source_bytes)} of source{share}"
    yield "index", f"{safe_message(state.index_dir)}  {sizes}"
    left = f", {count(state.dead_files, 'file')} in them that the next merge drops"
    dead = left if state.dead_files else ""
    yield "generation", f"{state.generation}, {count(state.segments, 'segment')}{dead}"
    yield "model", safe_line(state.model)
    yield "freshness", freshness(state.freshness, state.changed)
    yield "files", f"{state.indexed:,} indexed of {state.seen:,} seen"
    yield from _listed("shared", [taken_from(each, state.indexed) for each in state.shared])
    yield "skipped", by_count(state.skipped) or "none"
    yield "chunks", f"{state.chunks:,}"
    yield "symbols", f"{state.symbols:,}"
    yield "languages", by_count(state.languages, limit=12) or "none"
    yield "in memory", _IN_MEMORY[state.mapped]
    if state.peak_bytes:
        yield "memory", f"{size(state.peak_bytes)} at the peak of the last build"
    yield from _listed("left out", list(left_out_lines(state.left_out)))
    yield from _listed("failures", list(failure_lines(state.failures)))
    if verified or state.problems:
        yield from _listed("problems", [safe_line(problem) for problem in state.problems] or ["none"])
    yield from _listed("notes", [safe_line(note) for note in state.notes])


def left_out_lines(files: Sequence[LeftOut]) -> Iterator[str]:
    """A line for each file: its size, the reason, its path, and what was found."""
    for each in files:
        nbytes = "" if each.size_bytes is None else size(each.size_bytes)
        detail = f" ({safe_line(each.detail)})" if each.detail else ""
        yield f"{nbytes:>8}  {each.reason.value}  {safe_path(each.path)}{detail}"


def _listed(name: str, lines: list[str]) -> Iterator[tuple[str, str]]:
    for position, line in enumerate(lines):
        yield ("" if position else name), line
