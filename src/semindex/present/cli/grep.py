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

from semindex.present.cli.grepcommand import GrepCommand
from semindex.present.cli.grepfiles import CHOSEN, Place, Question
from semindex.present.cli.greplook import SHOWN, colour_of, look_of
from semindex.present.cli.greppatterns import pattern_of
from semindex.present.cli.options import (
    all_option,
    index_dir_option,
    no_pager_option,
    repo_option,
    set_option,
)
from semindex.present.cli.outcome import DONE, ERROR, NOTHING, tell
from semindex.present.cli.paging import NONE, give_text
from semindex.present.stream import ReaderGone, write, write_json

if TYPE_CHECKING:
    from semindex.exact.asking import Asking, Look
    from semindex.exact.pattern import Pattern
    from semindex.exact.running import Outcome
    from semindex.exact.streaming import Part

_SOUGHT = (
    ("-e", "--regexp", "regexp", "A pattern, instead of PATTERN; repeatable: one of them has to match."),
    ("-f", "--file", "files", "A file with a pattern a line, instead of PATTERN; repeatable."),
    ("-F", "--fixed-strings", "", "Patterns are texts, in which no character is special."),
    ("-i", "--ignore-case", "", "Case does not count."),
    ("-S", "--smart-case", "", "Case counts only where a pattern has a capital."),
    ("-s", "--case-sensitive", "", "Case counts, as it does without -i and -S."),
    ("-w", "--word-regexp", "", "Matches are whole words."),
    ("-x", "--line-regexp", "", "Matches are whole lines."),
    ("-U", "--multiline", "", "Matches may span lines."),
    ("", "--multiline-dotall", "", "With -U: a dot matches line ends, too."),
    ("-P", "--pcre2", "", "Patterns are those of PCRE2, with look-around and back references."),
)

_OF_EVERY_FILE = ("invert_match", "files_without_match", "passthru", "text", "binary")
"""Options by which files count that have no match, or that are binary."""
_WANTED = ("glob", "iglob", "types", "hidden", "no_ignore", "max_depth")
NO_FILES = (
    "no file was searched, so a filter or an ignore rule may leave out more than was meant; "
    "--files lists what is searched"
)


def _sought(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say what is looked for."""
    for short, flag, name, help in reversed(_SOUGHT):
        words = [each for each in (short, flag, name) if each]
        kind: dict[str, Any] = {"is_flag": True}
        if name:
            kind = {"multiple": True, "metavar": "PATTERN" if name == "regexp" else "FILE"}
        command = click.option(*words, help=help, **kind)(command)
    return command


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say which files are searched, and how the answer looks."""
    for option in reversed((*CHOSEN, *SHOWN)):
        command = option(command)
    return command


@click.command(cls=GrepCommand)
@click.argument("words", nargs=-1, metavar="PATTERN [PATH]...")
@_sought
@_options
@click.option(
    "--files", "only_files", is_flag=True, help="Show which files would be searched, without a PATTERN."
)
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
    files: tuple[str, ...],
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
    is_given = bool(regexp or files) or flags["only_files"]
    if not (is_given or words):
        raise click.UsageError("missing argument 'PATTERN'", click.get_current_context())
    typed, paths = (regexp, words) if is_given else (words[:1], words[1:])
    by_name = bool(names) or everything
    _require(paths, by_name=by_name, everything=everything, index_dir=index_dir)
    _unrestrict(flags)
    look = look_of(flags, paths, by_name=by_name, is_terminal=sys.stdout.isatty())
    every = any(flags[name] for name in _OF_EVERY_FILE)
    question = Question({**{name: flags[name] for name in _WANTED}, "every": every})
    places, wrong = (question.in_repositories(names), []) if by_name else question.at(paths, index_dir)
    if flags["only_files"]:
        return _ended(_give_files(places, program, look, flags), wrong, look)
    with pattern_of(typed, files, flags) as pattern:
        parts = [place.part(pattern, program, refresh=flags["refresh"]) for place in places]
        for note in dict.fromkeys(note for part in parts for note in part.selection.notes):
            tell(note)
        if flags["only_plan"]:
            return _give_plan(parts, as_json=flags["json"])
        asked = _asked(program, pattern, look)
        if flags["replace"] is not None:
            pager = NONE if flags["no_pager"] else settings.pager
            return _ended(_give_diff(asked, parts, flags["replace"], pager), wrong, look)
        from semindex.exact.streaming import stream

        outcome = stream(parts, asked, _written, descriptor=_descriptor())
    is_vain = outcome.code == NOTHING and not (paths or by_name)
    if is_vain and not any(part.selection.count() for part in parts):
        wrong.append(NO_FILES)
    return _ended(outcome, wrong, look)


def _require(places: Sequence[str], *, by_name: bool, everything: bool, index_dir: Path | None) -> None:
    """Raise if both paths and names are given."""
    if by_name and (places or index_dir is not None):
        other = "PATH" if places else "--index-dir"
        told = f"{'--all' if everything else '--repo'} and {other} exclude each other."
        raise click.UsageError(told, click.get_current_context())


def _unrestrict(flags: dict[str, Any]) -> None:
    """Set what -u, -uu and -uuu stand for."""
    for times, name in enumerate(("no_ignore", "hidden", "binary"), 1):
        flags[name] = flags[name] or flags["unrestricted"] >= times


def _asked(program: str, pattern: Pattern, look: Look) -> Asking:
    from semindex.exact.asking import asking

    asked = asking(program, os.getcwdb(), pattern, look)  # noqa: PTH109 - bytes
    return structs.replace(asked, output=_output())


def _give_files(places: Sequence[Place], program: str, look: Look, flags: Mapping[str, Any]) -> Outcome:
    """Print the paths of the files in question."""
    from semindex.exact.ordering import ordered
    from semindex.exact.running import Outcome

    listed = [path for place in places for path in place.files(program)]
    paths = ordered(listed, bytes, os.getcwdb(), look.order, reverse=look.reverse)  # noqa: PTH109 - bytes
    is_coloured = colour_of(flags, is_terminal=sys.stdout.isatty()) != "never"
    before, after = (b"\x1b[0m\x1b[35m", b"\x1b[0m") if is_coloured else (b"", b"")
    end = b"\0" if flags["null"] else b"\n"
    if not look.stops_early:
        _written(b"".join(before + path + after + end for path in paths))
    return Outcome(DONE if paths else NOTHING)


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


def _give_diff(asked: Asking, parts: Sequence[Part], replacement: str, pager: str) -> Outcome:
    """Print what a replacement would change."""
    from semindex.exact.asking import Look
    from semindex.exact.replacing import Changes, FileChange
    from semindex.exact.streaming import stream
    from semindex.present.cli.grepdiff import diff_of

    look = asked.look
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
    seen = structs.replace(asked, look=Look(tuple(flags), is_json=True), output=None)
    outcome = stream(parts, seen, Changes(asked.folder, give).write)
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
    for message in missing if "--no-messages" not in look.flags else ():
        tell(message)
    for error in outcome.errors:
        tell(error.decode("utf-8", "surrogateescape"))
    is_found_early = look.stops_early and outcome.code == DONE
    return ERROR if missing and not is_found_early else outcome.code
