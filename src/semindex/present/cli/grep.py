"""``semindex grep``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from semindex.present.cli.greplook import SHOWN, look_of
from semindex.present.cli.options import index_dir_option, set_option
from semindex.present.cli.outcome import DONE, ERROR, tell
from semindex.present.stream import ReaderGone

if TYPE_CHECKING:
    from semindex.exact.asking import Look
    from semindex.exact.pattern import Pattern
    from semindex.exact.running import Outcome
    from semindex.exact.streaming import Part

_SOUGHT = (
    ("-e", "--regexp", "regexp", "A pattern, instead of PATTERN; repeatable: one of them has to match."),
    ("-F", "--fixed-strings", "", "Patterns are texts, in which no character is special."),
    ("-i", "--ignore-case", "", "Case does not count."),
    ("-S", "--smart-case", "", "Case counts only where a pattern has a capital."),
    ("-w", "--word-regexp", "", "Matches are whole words."),
    ("-x", "--line-regexp", "", "Matches are whole lines."),
    ("-U", "--multiline", "", "Matches may span lines."),
    ("", "--multiline-dotall", "", "With -U: a dot matches line ends, too."),
    ("-P", "--pcre2", "", "Patterns are those of PCRE2, with look-around and back references."),
)


def _sought(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say what is looked for."""
    for short, flag, name, help in reversed(_SOUGHT):
        words = [each for each in (short, flag, name) if each]
        kind: dict[str, Any] = {"multiple": True, "metavar": "PATTERN"} if name else {"is_flag": True}
        command = click.option(*words, help=help, **kind)(command)
    return command


def _looks(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say how the answer looks."""
    for option in reversed(SHOWN):
        command = option(command)
    return command


@click.command()
@click.argument("words", nargs=-1, metavar="PATTERN [PATH]...")
@_sought
@click.option("-.", "--hidden", is_flag=True, help="Search hidden files and folders, too.")
@_looks
@index_dir_option
@set_option
def grep(
    words: tuple[str, ...],
    *,
    regexp: tuple[str, ...],
    hidden: bool,
    index_dir: Path | None,
    overrides: Mapping[str, str],
    **flags: Any,
) -> int:
    """Find every occurrence of a pattern, as ripgrep does.

    PATTERN is a regular expression of ripgrep's (Rust's syntax). PATH is a file, or a folder, the current one
    if none is given. The output is that of `rg --sort path`, and so are the exit codes: 0 found, 1 nothing
    found, 2 error. Hidden files are left out, and files that ignore rules name.
    """
    from semindex import config
    from semindex.exact.asking import asking
    from semindex.exact.ripgrep import find_program
    from semindex.exact.streaming import stream

    if not regexp and not words:
        raise click.UsageError("missing argument 'PATTERN'", click.get_current_context())
    patterns, places = (regexp, words) if regexp else (words[:1], words[1:])
    pattern = _pattern(patterns, flags)
    parts, missing = parts_of(places, pattern, index_dir, hidden=hidden)
    look = look_of(flags, places, is_terminal=sys.stdout.isatty())
    root = parts[0].selection.root if parts else None
    program = find_program(config.load(root, overrides=overrides).settings)
    question = asking(program, _here(), pattern, look)
    outcome = stream(parts, question, _written, descriptor=_descriptor())
    return _ended(outcome, missing, look)


def _pattern(patterns: Sequence[str], flags: Mapping[str, Any]) -> Pattern:
    from semindex.exact.pattern import Pattern

    names = [flag[2:].replace("-", "_") for _, flag, name, _ in _SOUGHT if not name]
    return Pattern(patterns=tuple(patterns), **{name: flags[name] for name in names})


def parts_of(
    places: Sequence[str], pattern: Pattern, index_dir: Path | None, *, hidden: bool
) -> tuple[list[Part], list[str]]:
    """What each PATH selects, and what is wrong with those that select nothing.

    Raises:
        SemindexError: A folder cannot be looked into.
    """
    from semindex.exact.streaming import named_part

    parts, wrong = [], []
    for place in places or ("",):
        if place and not os.path.isdir(place):  # noqa: PTH112 - never raises
            try:
                os.stat(place)  # noqa: PTH116 - the path as it was typed
            except (OSError, ValueError) as error:
                reason = f"{error.strerror} (os error {error.errno})" if isinstance(error, OSError) else error
                wrong.append(f"{place}: {reason}")
            else:
                parts.append(named_part(place))
            continue
        parts.append(_part_below(place, pattern, index_dir, hidden=hidden))
    return parts, wrong


def _part_below(place: str, pattern: Pattern, index_dir: Path | None, *, hidden: bool) -> Part:
    from semindex.exact.choosing import choose
    from semindex.exact.files import Wanted
    from semindex.exact.streaming import Part
    from semindex.index import locate

    found = locate(Path(place), index_dir=index_dir)
    shown = place if not place or place.endswith("/") else place + "/"
    wanted = Wanted(found.scope, shown, hidden=hidden)
    return Part(choose(found.root, found.index_dir, pattern, wanted), wanted)


def _here() -> bytes:
    return os.getcwdb()  # noqa: PTH109 - bytes


def _descriptor() -> int | None:
    """The number of standard output, to which all was handed on that was written; None if it has none."""
    try:
        sys.stdout.flush()
        return sys.stdout.fileno()
    except (OSError, ValueError):
        return None


def _written(chunk: bytes) -> None:
    try:
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
    except BrokenPipeError as error:
        raise ReaderGone from error


def _ended(outcome: Outcome, missing: Sequence[str], look: Look) -> int:
    """Tell what went wrong; the exit code."""
    for message in missing:
        tell(message)
    for error in outcome.errors:
        tell(error.decode("utf-8", "surrogateescape"))
    is_found_early = look.stops_early and outcome.code == DONE
    return ERROR if missing and not is_found_early else outcome.code
