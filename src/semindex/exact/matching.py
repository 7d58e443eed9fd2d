"""On which lines of indexed files a pattern matches, as ripgrep finds them in the files of today.

Notebooks are no files of source: of them ripgrep is given the text that is indexed, without outputs.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from msgspec import Struct

from semindex.exact.asking import Look, asking
from semindex.exact.batches import File
from semindex.exact.found import Enough
from semindex.exact.indexed import IndexedFiles
from semindex.exact.numbers import LineNumbers
from semindex.exact.pattern import Pattern
from semindex.exact.running import Outcome, run, run_on_text, unread
from semindex.source.notebooks import cells_of
from semindex.source.read import read_verified
from semindex.store.generation import Generation
from semindex.types import Ids, Mask

MOST_LINES = 1_000_000
"""Lines of all files that are kept of one pattern; a note says when there are more."""
_FILES = Look(("--json", "--no-mmap"), is_json=True)
_TEXT = Look(("--json", "--encoding=none", "--text"), is_json=True)
_BEFORE = b"./"
"""Stands before each path: ripgrep takes a file that is called - for its standard input."""


class _Known(Struct, frozen=True):
    """What is known of one pattern."""

    looked: Mask
    """The files that were looked at, shape ``(files,)``."""
    lines: dict[int, Sequence[int]]


class Matching:
    """Tells of one answer which lines of its files patterns match; what was found once is kept."""

    def __init__(
        self,
        generation: Generation,
        indexed: IndexedFiles,
        roots: Sequence[Path],
        text: Callable[[int], bytes | None],
        program: Callable[[], str],
    ) -> None:
        """Prepare.

        Args:
            generation: What is searched.
            indexed: Its files.
            roots: The repositories' roots, in their order.
            text: Gives the analysis text of a file; None when the file is not what was indexed.
            program: Finds ripgrep when it is needed.
        """
        self._generation, self._indexed, self._roots = generation, indexed, roots
        self._text, self._program = text, program
        self._known: dict[str, _Known] = {}
        self._changed: set[int] = set()
        self._notes: dict[str, None] = {}

    def __call__(self, pattern: str, files: Ids) -> Mapping[int, Sequence[int]]:
        """The matching lines, ascending and 1-based, of those of some files, given ascending, that have any.

        Raises:
            QueryError: Ripgrep cannot read the pattern.
            ProgramMissing: There is no ripgrep.
            IndexCorrupt: A list of trigrams is damaged.
        """
        known = self._known.get(pattern)
        if known is None:
            known = self._known[pattern] = _Known(np.zeros(self._generation.files, dtype=np.bool_), {})
        new = files[~known.looked[files]]
        if len(new) or not known.looked.any():
            known.lines.update(self._search(pattern, new))
            known.looked[new] = True
        wanted = set(files.tolist()) - self._changed
        return {file: lines for file, lines in known.lines.items() if file in wanted}

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know, a sentence each."""
        count = len(self._changed)
        if not count:
            return tuple(self._notes)
        told = f"{count:,} files that may match have" if count > 1 else "1 file that may match has"
        left_out = f"{told} changed since the index was made, and {'are' if count > 1 else 'is'} left out"
        return (*self._notes, left_out)

    def outdated(self, files: Iterable[int]) -> bool:
        """Whether any of some files to be shown is not what was indexed; all such are left out from now on.

        A line of such a file says nothing about its chunks. One with another size was left out before; the
        bytes of those that are not shown are only compared if one of those that are has changed.
        """
        if not self._known or all(self._text(file) is not None for file in files):
            return False
        folders: set[str] = set()
        for file in {file for known in self._known.values() for file in known.lines}:
            facts = self._generation.facts(file)
            if read_verified(self._roots[facts.repository], facts.path, facts.digest, folders) is None:
                self._changed.add(file)
        return True

    def _search(self, pattern: str, files: Ids) -> dict[int, Sequence[int]]:
        asked = Pattern(patterns=(pattern,))
        are_notebooks = self._indexed.notebooks[files]
        found = self._in_notebooks(asked, files[are_notebooks].tolist())
        files = files[self._indexed.may_match(asked)[files] & ~are_notebooks]
        repositories = self._generation.repositories[files]
        # Without any file the pattern is checked.
        for number in np.unique(repositories).tolist() or [0]:
            found |= self._in_files(asked, number, files[repositories == number])
        return found

    def _in_files(self, asked: Pattern, repository: int, files: Ids) -> dict[int, Sequence[int]]:
        """The matching lines of files of one repository, by file."""
        root = os.fspath(self._roots[repository])
        by_path = {_BEFORE + os.fsencode(self._generation.path(file)): file for file in files.tolist()}
        sizes = self._generation.file_sizes
        there = [File(path) for path, file in by_path.items() if _size(root, path) == sizes[file]]
        self._changed.update(by_path[path] for path in by_path.keys() - {file.shown for file in there})
        question = asking(self._program(), os.fsencode(root), asked, _FILES)
        numbers = self._numbers(asked, lambda write: run(question, there, write))
        return {by_path[path]: lines for path, lines in numbers.lines.items()}

    def _in_notebooks(self, asked: Pattern, notebooks: Sequence[int]) -> dict[int, Sequence[int]]:
        """The matching lines of notebooks, as lines of the files, by file."""
        texts = {file: text for file in notebooks if (text := self._text(file)) is not None}
        if not texts:
            return {}
        # Each text ends with a line end, so that it begins on a line of its own in all of them together.
        joined = b"".join(text + b"\n" for text in texts.values())
        question = asking(self._program(), os.fsencode(self._roots[0]), asked, _TEXT)
        numbers = self._numbers(asked, lambda write: run_on_text(question, joined, write))
        matching = [line - 1 for lines in numbers.lines.values() for line in lines]
        found: dict[int, Sequence[int]] = {}
        first = 0
        for file, text in texts.items():
            last = first + text.count(b"\n") + 1
            own = _lines_of_file(text, [line - first for line in matching if first <= line < last])
            if own:
                found[file] = own
            first = last
        return found

    def _numbers(self, asked: Pattern, search: Callable[[Callable[[bytes], None]], Outcome]) -> LineNumbers:
        """The lines that a search finds."""
        numbers = LineNumbers(MOST_LINES)
        try:
            self._notes |= dict.fromkeys(unread(search(numbers.write)))
        except Enough:
            pattern = asked.patterns[0]
            self._notes[f"only the first {MOST_LINES:,} lines that /{pattern}/ matches were looked at"] = None
        return numbers


def _lines_of_file(text: bytes, lines: Iterable[int]) -> list[int]:
    """On which lines of its file, 1-based, some lines of a notebook's text stand, 0-based; of its cells only.

    What is called a notebook and is none has no cells, and its text is that of the file.
    """
    cells = cells_of(text)
    if not cells:
        return [line + 1 for line in lines]
    places = {cell.first + number: line for cell in cells for number, line in enumerate(cell.lines)}
    return sorted({places[line] for line in lines if line in places})


def _size(root: str, path: bytes) -> int:
    """The bytes of a file; -1 of what is none, so that ripgrep cannot wait for what a FIFO might give."""
    try:
        status = os.lstat(os.path.join(os.fsencode(root), path))  # noqa: PTH118 - bytes
    except OSError:
        return -1
    return status.st_size if stat.S_ISREG(status.st_mode) else -1
