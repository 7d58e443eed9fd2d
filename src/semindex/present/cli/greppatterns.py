"""The patterns of ``semindex grep``: those of the command line, and those that files hold."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semindex.errors import QueryError

if TYPE_CHECKING:
    from semindex.exact.pattern import Pattern

_FLAGS = (
    "fixed_strings",
    "ignore_case",
    "smart_case",
    "word_regexp",
    "line_regexp",
    "multiline",
    "multiline_dotall",
    "pcre2",
)
_MOST_WORDS_BYTES = 32_000
"""Patterns of files that are longer together are handed on in a file."""
STANDARD_INPUT = "-"


@contextmanager
def pattern_of(typed: Sequence[str], files: Sequence[str], flags: Mapping[str, Any]) -> Iterator[Pattern]:
    """What is looked for, while the file is there that holds many patterns.

    Args:
        typed: Patterns of the command line.
        files: Files with a pattern a line; ``-`` is standard input.
        flags: The options of the command.

    Raises:
        QueryError: A file cannot be read, or is not in UTF-8.
    """
    from semindex.exact.pattern import Pattern

    options: dict[str, Any] = {name: flags[name] for name in _FLAGS}
    read = [pattern for file in files for pattern in _patterns_in(file)]
    if not typed and not read:
        # Without any pattern nothing matches; ripgrep has to be told so by an empty file.
        yield Pattern(patterns=(), file=os.devnull, **options)
    elif sum(map(len, read)) <= _MOST_WORDS_BYTES:
        yield Pattern(patterns=(*typed, *read), **options)
    else:
        with tempfile.TemporaryDirectory(prefix="semindex-") as folder:
            path = Path(folder) / "patterns"
            path.write_bytes(b"".join(os.fsencode(each) + b"\n" for each in read))
            yield Pattern(patterns=(*typed, *read), file=str(path), in_file=len(read), **options)


def _patterns_in(file: str) -> list[str]:
    try:
        data = sys.stdin.buffer.read() if file == STANDARD_INPUT else Path(file).read_bytes()
    except (OSError, ValueError) as error:
        number = f" (os error {error.errno})" if isinstance(error, OSError) and error.errno else ""
        raise QueryError(f"{file}: {getattr(error, 'strerror', None) or error}{number}") from error
    lines = data.removesuffix(b"\n").split(b"\n") if data else []
    found = []
    for place, line in enumerate(lines, 1):
        try:
            found.append(line.removesuffix(b"\r").decode())
        except UnicodeDecodeError as error:
            raise QueryError(f"{file}:{place}: the pattern is not in UTF-8 at byte {error.start}") from error
    return found
