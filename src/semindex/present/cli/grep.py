"""``semindex grep``."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import structs

from semindex.present.cli.grepfiles import CHOSEN, Question
from semindex.present.cli.greplook import SHOWN, look_of
from semindex.present.cli.options import (
    all_option,
    index_dir_option,
    no_pager_option,
    repo_option,
    set_option,
)
from semindex.present.cli.outcome import DONE, ERROR, tell
from semindex.present.cli.paging import NONE, give_text
from semindex.present.stream import ReaderGone, write, write_json

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

_OF_EVERY_FILE = ("invert_match", "files_without_match", "passthru", "text")
"""Options by which files count that have no match, or that are binary."""
_WANTED = ("glob", "iglob", "type", "type_not", "hidden", "no_ignore")


def _sought(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say what is looked for."""
    for short, flag, name, help in reversed(_SOUGHT):
        words = [each for each in (short, flag, name) if each]
        kind: dict[str, Any] = {"multiple": True, "metavar": "PATTERN"} if name else {"is_flag": True}
        command = click.option(*words, help=help, **kind)(command)
    return command


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say which files are searched, and how the answer looks."""
    for option in reversed((*CHOSEN, *SHOWN)):
        command = option(command)
    return command


@click.command()
@click.argument("words", nargs=-1, metavar="PATTERN [PATH]...")
@_sought
@_options
@click.option("--type-list", is_flag=True, help="Show the types of files.")
@click.option(
    "-r",
    "--replace",
    metavar="TEXT",
    help="Show as a diff what TEXT in place of each match would change ($1 is a group); nothing is written.",
)
@click.option("--plan", "only_plan", is_flag=True, help="Show how many files would be searched, and why.")
@click.option(
    "--refresh/--no-refresh",
    default=True,
    help="Look for files that are new or changed since they were indexed (default: do).",
)
@repo_option
@all_option
@index_dir_option
@no_pager_option
@set_option
def grep(
    words: tuple[str, ...],
    *,
    regexp: tuple[str, ...],
    names: tuple[str, ...],
    everything: bool,
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
    from semindex.exact.ripgrep import find_program

    settings = config.load(None, overrides=overrides).settings
    program = find_program(settings)
    if flags["type_list"]:
        return _give_types(program)
    patterns, places = (regexp, words) if regexp else (words[:1], words[1:])
    by_name = bool(names) or everything
    _require(patterns, places, by_name=by_name, everything=everything, index_dir=index_dir)
    look = look_of(flags, places, by_name=by_name, is_terminal=sys.stdout.isatty())
    every = any(flags[name] for name in _OF_EVERY_FILE)
    options = {**{name: flags[name] for name in _WANTED}, "every": every}
    question = Question(program, _pattern(patterns, flags), options, refresh=flags["refresh"])
    parts, wrong = (question.in_repositories(names), []) if by_name else question.at(places, index_dir)
    for note in dict.fromkeys(note for part in parts for note in part.selection.notes):
        tell(note)
    if flags["only_plan"]:
        return _give_plan(parts, as_json=flags["json"])
    if flags["replace"] is not None:
        pager = NONE if flags["no_pager"] else settings.pager
        return _ended(_give_diff(question, parts, look, flags["replace"], pager), wrong, look)
    from semindex.exact.asking import asking
    from semindex.exact.streaming import stream

    asked = asking(program, os.getcwdb(), question.pattern, look)  # noqa: PTH109 - bytes
    asked = structs.replace(asked, output=_output())
    return _ended(stream(parts, asked, _written, descriptor=_descriptor()), wrong, look)


def _require(
    patterns: Sequence[str],
    places: Sequence[str],
    *,
    by_name: bool,
    everything: bool,
    index_dir: Path | None,
) -> None:
    """Raise if no pattern is given, or both paths and names."""
    ctx = click.get_current_context()
    if not patterns:
        raise click.UsageError("missing argument 'PATTERN'", ctx)
    if by_name and (places or index_dir is not None):
        other = "PATH" if places else "--index-dir"
        raise click.UsageError(f"{'--all' if everything else '--repo'} and {other} exclude each other.", ctx)


def _pattern(patterns: Sequence[str], flags: Mapping[str, Any]) -> Pattern:
    from semindex.exact.pattern import Pattern

    names = [flag[2:].replace("-", "_") for _, flag, name, _ in _SOUGHT if not name]
    return Pattern(patterns=tuple(patterns), **{name: flags[name] for name in names})


def _give_types(program: str) -> int:
    from semindex.exact.typelist import type_list

    _written(type_list(program))
    return DONE


def _give_plan(parts: Sequence[Part], *, as_json: bool) -> int:
    """Print what was decided about the files."""
    from semindex.exact.streaming import plan_of
    from semindex.present.schema import record_object

    plan = plan_of(parts)
    if as_json:
        write_json({"plan": record_object(plan)})
        return DONE
    lines = [
        f"files in question: {plan.files:,}",
        f"searched: {plan.searched:,}, of which the index does not know {plan.unsure:,}",
        f"spared by the index: {plan.spared:,}",
    ]
    lines += [f"they hold: {' '.join(map(repr, plan.grams))}"] if plan.grams else []
    lines += [f"why not fewer: {plan.reason}"] if plan.reason else []
    write("\n".join(lines))
    return DONE


def _give_diff(
    question: Question, parts: Sequence[Part], look: Look, replacement: str, pager: str
) -> Outcome:
    """Print what a replacement would change."""
    from semindex.exact.asking import Look, asking
    from semindex.exact.replacing import Changes, FileChange
    from semindex.exact.streaming import stream
    from semindex.present.cli.grepdiff import diff_of

    if "--invert-match" in look.flags:
        raise click.UsageError("--invert-match and --replace exclude each other.")
    is_terminal = sys.stdout.isatty()
    coloured = not {"--color=always", "--color=ansi"}.isdisjoint(look.flags)
    shown: list[bytes] = []

    def give(change: FileChange) -> None:
        if change.problem:
            tell(f"{os.fsdecode(change.path)} is left out: it {change.problem}")
        elif is_terminal:
            shown.append(diff_of(change, coloured=coloured))
        else:
            _written(diff_of(change, coloured=coloured))

    flags = ["--json", f"--replace={replacement}"]
    flags += [flag for flag in look.flags if flag == "--no-mmap" or flag.startswith("--max-count")]
    folder = os.getcwdb()  # noqa: PTH109 - bytes
    asked = asking(question.program, folder, question.pattern, Look(tuple(flags), is_json=True))
    outcome = stream(parts, asked, Changes(folder, give).write)
    if shown:
        give_text(os.fsdecode(b"".join(shown)).removesuffix("\n"), pager)
    return outcome


def _output() -> tuple[int, int] | None:
    """Which file standard output is; None if it is none."""
    descriptor = _descriptor()
    status = os.fstat(descriptor) if descriptor is not None else None
    is_file = status is not None and stat.S_ISREG(status.st_mode)
    return (status.st_dev, status.st_ino) if status is not None and is_file else None


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
