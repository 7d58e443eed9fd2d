"""A folder of indexes that together are of one root: ``shards.json`` names them, and is written last."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from semindex.errors import IndexCorrupt, UsageError
from semindex.store import layout
from semindex.store.durable import Replacement, unwritable

FILE = "shards.json"
META = "shard"
"""In the catalog of each: which of how many it is."""


class ShardSet(msgspec.Struct, frozen=True):
    """What the file says."""

    schema: int
    root: str
    by: str
    """``path`` or ``repository``."""
    shards: tuple[str, ...]
    """Names of folders beside the file."""


def name(number: int) -> str:
    """The folder of a shard, counted from 0."""
    return f"shard-{number:03}"


def read(folder: Path) -> ShardSet | None:
    """The set in a folder; None when there is none.

    Raises:
        IndexCorrupt: The file does not say what it should.
    """
    path = folder / FILE
    try:
        found = msgspec.json.decode(path.read_bytes(), type=ShardSet)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise IndexCorrupt(f"{path} cannot be read ({error}); run 'semindex shard' again") from error
    if found.schema != 1 or found.shards != tuple(map(name, range(len(found.shards)))):
        raise IndexCorrupt(f"{path} is not what semindex writes; run 'semindex shard' again")
    return found


def begin(folder: Path) -> None:
    """Make the folder, or empty it of an earlier set.

    Raises:
        UsageError: It holds something else.
        IndexUnwritable: No room or permission.
    """
    with unwritable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        held = {path.name for path in folder.iterdir()}
        strange = [each for each in held if each != FILE and not _is_shard(folder / each)]
        if strange:
            raise UsageError(f"{folder} holds {min(strange)!r}, which is no shard; give a new folder")
        (folder / FILE).unlink(missing_ok=True)
    for each in sorted(held - {FILE}):
        layout.clean(folder / each)


def finish(folder: Path, *, root: Path, by: str, names: Sequence[str]) -> None:
    """Write down what the folder holds, once it is whole."""
    found = ShardSet(1, os.fspath(root), by, tuple(names))
    with Replacement(folder / FILE) as output:
        output.write(msgspec.json.encode(found))


def _is_shard(path: Path) -> bool:
    number = path.name.removeprefix("shard-")
    return number.isdigit() and path.name == name(int(number)) and layout.looks_ours(path)
