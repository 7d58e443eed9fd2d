"""How ripgrep is asked: its program, folder, flags, and what has to be known of the output they ask for."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from semindex.exact.pattern import Pattern
from semindex.exact.ripgrep import clean_environment, pattern_words
from semindex.process.threads import usable_cores

_LISTING = ("--no-mmap", "--files-with-matches", "--null", "--color=never", "--with-filename")


class Look(Struct, frozen=True):
    """How an answer is to look, and what has to be known of such output."""

    flags: tuple[str, ...] = ()
    """Ripgrep's."""
    separator: bytes | None = None
    """What stands between the lines of two files; None for nothing."""
    tells_matches_only: bool = True
    """Whether a file without a match leaves no trace in the output."""
    takes_binary: bool = False
    """Whether files with NUL bytes are searched as if they were text (``--text``)."""
    is_json: bool = False
    """Whether each run ends with a summary, of which there has to be one."""
    stops_early: bool = False
    """Whether the first match ends the search (``--quiet``)."""
    order: str = "path"
    """What files are ordered by: ``path``, ``modified``, ``accessed``, or ``none`` for any order."""
    reverse: bool = False
    """Whether that order is turned around."""


class Asking(Struct, frozen=True):
    """One question to ripgrep, but for the files that it is about."""

    program: str
    folder: bytes
    """The absolute path of the current folder; paths are relative to it."""
    pattern: Pattern
    look: Look
    environment: Mapping[str, str]
    """What ripgrep is started with."""
    processes: int
    """How many of it may run at once."""
    output: tuple[int, int] | None = None
    """Device and inode of the file to which the answer is written; it is not searched, as it would grow."""

    @property
    def words(self) -> list[str]:
        """The command line without files."""
        return [self.program, "--no-config", *self.look.flags, *pattern_words(self.pattern)]

    def listing(self) -> Asking:
        """Which files have a match."""
        flags = [each for each in self.look.flags if each == "--invert-match"]
        return replace(self, look=Look((*_LISTING, *flags)))

    def listing_nul(self) -> Asking:
        """Which files have a NUL byte, once they are decoded."""
        return replace(self, pattern=Pattern(patterns=(r"\x00",)), look=Look((*_LISTING, "--text")))


def asking(program: str, folder: bytes, pattern: Pattern, look: Look) -> Asking:
    """A question of this process: with its environment, and one run of ripgrep a core."""
    return Asking(program, folder, pattern, look, clean_environment(), usable_cores())
