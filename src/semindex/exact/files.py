"""Which files a question is about: by the PATH that was given and by options, as ripgrep takes them."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct


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

    def path_shown(self, path: str) -> str:
        """What ripgrep calls a root-relative path within ``scope``, and prints."""
        if self.is_file:
            return self.shown
        return self.shown + (path[len(self.scope) + 1 :] if self.scope else path)

    def takes(self, path: str) -> bool:
        """Whether the question is about a file with this root-relative path."""
        if self.scope:
            if path == self.scope:
                return True
            if not path.startswith(self.scope + "/"):
                return False
        inside = path[len(self.scope) + 1 :] if self.scope else path
        return self.hidden or not (inside.startswith(".") or "/." in inside)

    def chosen(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Those of some root-relative paths that the question is about, in their order."""
        return tuple(filter(self.takes, paths))
