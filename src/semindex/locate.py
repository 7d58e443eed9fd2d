"""Find the index that answers for a path."""

from __future__ import annotations

import os
from pathlib import Path

from msgspec import Struct

from semindex.errors import RootError, UsageError
from semindex.source.below import folders_with
from semindex.source.git import find_top
from semindex.store import layout
from semindex.store.ownership import refuse

StrPath = str | os.PathLike[str]


class Location(Struct, frozen=True):
    """An index, and the part of its files that a path selects."""

    root: Path
    """The absolute path of the indexed folder."""
    scope: str
    """The root-relative folder or file to which answers are limited; empty for no limit."""
    index_dir: Path
    note: str = ""
    """A sentence for the user that says how the index was chosen; empty if the path is its root."""
    passed_over: str = ""
    """A sentence for the user about a nearer index that is not used; empty if there is none."""


def locate(path: Path, *, index_dir: Path | None = None) -> Location:
    """The nearest index at or above the path; else the root of the git work tree; else the folder.

    The search for an index ends at the root of the git work tree. Indexes of other users, and links, are
    passed over; :func:`semindex.index.open` refuses the one of the chosen root.

    With ``index_dir`` the root is the one recorded in that index if the path lies in it; otherwise the path.

    Raises:
        RootError: The path does not exist.
    """
    path = path.absolute()
    if not os.path.exists(path):  # noqa: PTH110 - unlike Path.exists it never raises
        raise RootError(f"{path} {why_no_folder(path)}; give the folder of a repository")
    path = path.resolve()
    folder = path if path.is_dir() else path.parent
    if index_dir is not None:
        root = _recorded_root(index_dir.absolute(), folder)
        return _located(root, path, index_dir.absolute(), "")
    passed_over = ""
    for above in (folder, *folder.parents):
        index = above / layout.FOLDER
        is_top = os.path.exists(above / ".git")  # noqa: PTH110 - never raises
        if os.path.isfile(index / layout.CATALOG):  # noqa: PTH113 - never raises
            refusal = refuse(index)
            if not refusal:
                return _located(above, path, index, "the index of", passed_over)
            passed_over = passed_over or refusal
        if is_top:
            return _located(above, path, index, "the git repository", passed_over)
    return _located(folder, path, folder / layout.FOLDER, "", passed_over)


class Below(Struct, frozen=True):
    """Folders below another, by path."""

    indexes: tuple[Path, ...]
    """The roots of indexes; those of other users, and links, are left out."""
    others: tuple[Path, ...]
    """Repositories that are not indexed."""


def indexes_below(location: Location) -> Below | None:
    """The indexes below a folder that has none itself and is in no git work tree; None if there are none.

    A search from such a folder asks these, instead of indexing all of it once more.
    """
    root = location.root
    if location.scope or layout.has_catalog(location.index_dir) or find_top(root) is not None:
        return None
    marked = folders_with(root, f"{layout.FOLDER}/{layout.CATALOG}")
    indexes = tuple(folder for folder in marked if not refuse(folder / layout.FOLDER))
    others = tuple(folder for folder in folders_with(root, ".git") if folder not in indexes)
    return Below(indexes, others) if indexes else None


def path_named(name: str, value: object) -> Path:
    """The path that an argument of this name is.

    Raises:
        UsageError: It is neither text nor a path.
    """
    if not isinstance(value, str | os.PathLike) or not isinstance(text := os.fspath(value), str):
        raise UsageError(f"{name} is {value!r}; it must be the path of a folder, as text or pathlib.Path")
    return Path(text)


def why_no_folder(path: Path) -> str:
    """The reason why a path cannot be used as a folder, as the end of a sentence: ``does not exist``."""
    try:
        return "is not a folder" if path.exists() else "does not exist"
    except OSError as error:
        return f"cannot be looked at ({(error.strerror or str(error)).lower()})"


def _located(root: Path, path: Path, index_dir: Path, what: str, passed_over: str = "") -> Location:
    scope = path.relative_to(root).as_posix()
    if scope == ".":
        return Location(root, "", index_dir, passed_over=passed_over)
    note = f"limited to {scope} in {what or 'the index of'} {root}"
    return Location(root, scope, index_dir, note, passed_over)


def _recorded_root(index_dir: Path, folder: Path) -> Path:
    from semindex.errors import SemindexError
    from semindex.store.catalog import Catalog

    try:
        with Catalog.open_reader(index_dir) as catalog:
            recorded = catalog.meta("root")
    except SemindexError:
        return folder
    if recorded and folder.is_relative_to(recorded):
        return Path(recorded)
    return folder
