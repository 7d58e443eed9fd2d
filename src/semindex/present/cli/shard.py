"""``semindex shard``."""

from __future__ import annotations

from pathlib import Path

import click

from semindex.present.cli.opened import opened
from semindex.present.cli.options import index_dir_option, json_option, path_argument
from semindex.present.cli.outcome import DONE
from semindex.present.render import count
from semindex.present.safe import safe_message
from semindex.present.stream import write, write_json


@click.command()
@path_argument
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    required=True,
    metavar="DIR",
    help="Where the shards are written; search takes it as --index-dir.",
)
@click.option("--shards", "number", type=click.IntRange(1, 999), required=True, help="How many.")
@click.option(
    "--by",
    type=click.Choice(["path", "repository"]),
    default="path",
    show_default=True,
    help="Split by runs of paths, or keep each repository below PATH whole.",
)
@index_dir_option
@json_option
def shard(path: Path, into: Path, number: int, by: str, index_dir: Path | None, as_json: bool) -> int:
    """Split a finished index into several that answer as one.

    The shards are copies, as the index is now: nothing is analysed again, and they do not follow later
    changes. Index and split again for that.
    """
    with opened(path, index_dir, {}) as place:
        root = str(place.index.root)
        made = place.index.split(into, by=by, shards=number)
    if as_json:
        shards = [{"name": each.name, "files": each.files, "chunks": each.chunks} for each in made]
        write_json({"root": root, "into": str(into.absolute()), "by": by, "shards": shards})
        return DONE
    for each in made:
        write(f"{each.name}: {count(each.files, 'file')}, {count(each.chunks, 'chunk')}")
    write(safe_message(f"ask them: semindex search QUERY {root} --index-dir {into}"))
    return DONE
