"""Which files a question is about: by the PATH that was given and by options, as ripgrep takes them."""

from __future__ import annotations

import os
from collections.abc import Iterable

from msgspec import Struct

from semindex.errors import QueryError
from semindex.exact.globs import GlobError, Globs
from semindex.exact.typelist import Types


class Wanted(Struct, frozen=True):
    """The files that a question is about, of one tree."""

    scope: str = ""
    """The root-relative folder or file to which PATH limits the question; empty for the whole tree."""
    shown: str = ""
    """What stands before the path below ``scope`` in the output: PATH as it was given, with a slash."""
    is_file: bool = False
    """Whether ``scope`` is a file; it is then searched whatever the options say."""
    hidden: bool = False
    """Whether files and folders are searched whose names begin with a dot."""
    no_ignore: bool = False
    """Whether files are searched that ignore rules leave out."""
    glob: tuple[str, ...] = ()
    """Globs of the paths as they are shown; ``!`` in front leaves out, and the last that matches counts."""
    iglob: tuple[str, ...] = ()
    """The same whatever the case; these count after the others."""
    types: tuple[tuple[str, bool], ...] = ()
    """Types of files by ripgrep's names, each with whether it is taken; the last that fits a file counts."""
    max_depth: int | None = None
    """How many levels below ``scope`` are searched: 1 for the files in it, 0 for none."""
    every: bool = False
    """Whether files without a match count, too, or binary ones are searched."""

    def path_shown(self, path: str) -> str:
        """What ripgrep calls a root-relative path within ``scope``, and prints."""
        return self.shown if self.is_file else self.shown + self.inside(path)

    def inside(self, path: str) -> str:
        """A root-relative path within ``scope``, relative to it."""
        return path[len(self.scope) + 1 :] if self.scope else path

    def holds(self, path: str) -> bool:
        """Whether a root-relative path is ``scope`` or lies in it."""
        return not self.scope or path == self.scope or path.startswith(self.scope + "/")


class FileFilter:
    """Decides about files as ripgrep does when it walks, folder by folder.

    A file that a glob names is searched though it is hidden, and so is one of a type that was asked for.
    """

    def __init__(self, wanted: Wanted, program: str) -> None:
        """Read the globs and types; ``program`` is asked for its types.

        Raises:
            QueryError: A glob cannot be read, or ripgrep does not know a type.
        """
        self._wanted = wanted
        try:
            self._globs = Globs(wanted.glob, wanted.iglob)
        except GlobError as error:
            raise QueryError(f"error parsing glob '{error}'") from error
        except UnicodeEncodeError as error:
            raise QueryError("a glob has to be valid Unicode") from error
        self._types = Types(program, wanted.types)
        self._folders: dict[str, bool] = {}
        # What ripgrep compares globs with is relative to the current folder.
        shown = wanted.shown
        here = os.getcwd() + "/"  # noqa: PTH109 - a text
        self._before = os.fsencode(shown.removeprefix(here) if shown.startswith("/") else shown).removeprefix(
            b"./"
        )
        self._takes_all = wanted.hidden and not self._globs and not wanted.types and wanted.max_depth is None

    def takes(self, path: str) -> bool:
        """Whether the question is about a file with this root-relative path."""
        wanted = self._wanted
        if not wanted.holds(path):
            return False
        if self._takes_all or wanted.is_file or path == wanted.scope:
            return True
        inside = wanted.inside(path)
        if wanted.max_depth is not None and inside.count("/") >= wanted.max_depth:
            return False
        folder, _, _ = inside.rpartition("/")
        return (not folder or self._enters(folder)) and self._verdict(inside, is_folder=False)

    def chosen(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Those of some root-relative paths that the question is about, in their order."""
        return tuple(filter(self.takes, paths))

    def _enters(self, folder: str) -> bool:
        known = self._folders.get(folder)
        if known is None:
            above, _, _ = folder.rpartition("/")
            known = (not above or self._enters(above)) and self._verdict(folder, is_folder=True)
            self._folders[folder] = known
        return known

    def _verdict(self, inside: str, *, is_folder: bool) -> bool:
        path = self._before + os.fsencode(inside)
        if self._globs:
            named = self._globs.verdict(path, is_folder=is_folder)
            if named is not None:
                return named
        if not is_folder:
            of_type = self._types.verdict(path)
            if of_type is not None:
                return of_type
        return self._wanted.hidden or not inside.rpartition("/")[2].startswith(".")
