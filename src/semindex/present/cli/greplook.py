"""How the lines that ``semindex grep`` finds are shown: its options, and ripgrep's flags for them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import click

from semindex.config import variables
from semindex.exact.asking import Look

_FORMS = {
    "files_with_matches": "--files-with-matches",
    "files_without_match": "--files-without-match",
    "count": "--count",
    "count_matches": "--count-matches",
    "json": "--json",
}
"""Each excludes the others."""
_FEW_FILES = 10
"""So many named files ripgrep maps into memory, which shows more of binary ones; never those of a folder."""
_PLAIN = (
    "invert_match",
    "only_matching",
    "column",
    "vimgrep",
    "trim",
    "null",
    "text",
    "binary",
    "byte_offset",
    "max_columns_preview",
    "no_messages",
    "passthru",
    "quiet",
)
_NUMBERS = ("after_context", "before_context", "context", "max_count", "max_columns")
_ORDERS = ("none", "path", "modified", "accessed")


def _flag(*words: str, help: str) -> Any:
    return click.option(*words, is_flag=True, help=help)


def _number(*words: str, help: str) -> Any:
    return click.option(*words, type=click.IntRange(min=0), metavar="NUM", help=help)


SHOWN = (
    _flag("-v", "--invert-match", help="Find the lines that do not match."),
    _number("-A", "--after-context", help="Show so many lines after each match."),
    _number("-B", "--before-context", help="Show so many lines before each match."),
    _number("-C", "--context", help="Show so many lines before and after each match."),
    _flag("-l", "--files-with-matches", help="Print only the path of each file with a match."),
    _flag("-L", "--files-without-match", help="Print only the path of each file without a match."),
    _flag("-c", "--count", help="Print only how many lines of each file match."),
    _flag("--count-matches", help="Print only how many matches each file has."),
    _flag("-o", "--only-matching", help="Print only what matches, each match on a line."),
    _number("-m", "--max-count", help="At most so many lines of each file."),
    _number("-M", "--max-columns", help="Show no line that has more bytes, but that there is one."),
    _flag("--max-columns-preview", help="Show the beginning of such a line."),
    _flag("-q", "--quiet", help="Print nothing; the exit code tells whether there is a match."),
    _flag("-n", "--line-number", help="Show line numbers, as is done in a terminal."),
    _flag("-N", "--no-line-number", help="Show no line numbers."),
    _flag("--column", help="Show the column of the first match in each line."),
    _flag("-b", "--byte-offset", help="Show at which byte of its file each line begins, with -o each match."),
    _flag("-H", "--with-filename", help="Show the path also when one file is searched."),
    _flag("-I", "--no-filename", help="Never show the path."),
    _flag("--heading", help="Show the path once above its matches, as is done in a terminal."),
    _flag("--no-heading", help="Show the path in front of each line."),
    _flag("--vimgrep", help="Print PATH:LINE:COLUMN:TEXT, a line a match."),
    _flag("--json", help="Print JSON objects, a line each, as ripgrep does."),
    _flag("-0", "--null", help="Let a NUL byte follow each path."),
    _flag("--trim", help="Leave out white space at the beginning of lines."),
    _flag("--passthru", help="Print all lines, those that match and the others."),
    _flag("-a", "--text", help="Search binary files as if they were text."),
    _flag("--binary", help="Search binary files, too, and tell that they match."),
    _flag("--no-messages", help="Do not tell which files cannot be read."),
    _flag("-p", "--pretty", help="As --color always --heading --line-number."),
    click.option(
        "--color",
        "--colour",
        "colour",
        type=click.Choice(["auto", "always", "never", "ansi"]),
        default="auto",
        show_default=True,
        help="Colour: in a terminal, always (also in a pipe), never.",
    ),
    click.option(
        "--sort",
        type=click.Choice(_ORDERS),
        help="The order of files: by path (as without it), or by time, the oldest first.",
    ),
    click.option("--sortr", type=click.Choice(_ORDERS), help="The same order, turned around."),
)


def look_of(given: Mapping[str, Any], places: Sequence[str], *, by_name: bool, is_terminal: bool) -> Look:
    """Ripgrep's flags for the options that were given, and what follows from them.

    What ripgrep decides by its standard output and by how many paths it is given is decided here.

    Raises:
        click.UsageError: Options exclude each other.
    """
    forms = [flag for name, flag in _FORMS.items() if given[name]]
    if len(forms) > 1:
        raise click.UsageError(f"{' and '.join(forms)} exclude each other.")
    form = forms[0] if forms else ""
    flags = [f"--{name.replace('_', '-')}" for name in _PLAIN if given[name]]
    flags += [f"--{name.replace('_', '-')}={given[name]}" for name in _NUMBERS if given[name] is not None]
    flags += forms
    is_vimgrep, is_pretty = given["vimgrep"], given["pretty"]
    folders = [os.path.isdir(place) for place in places or (".",)]  # noqa: PTH112 - never raises
    if by_name or any(folders) or len(folders) > _FEW_FILES:
        flags.append("--no-mmap")
    has_path = given["with_filename"] or is_vimgrep or by_name or folders != [False]
    flags.append("--with-filename" if has_path and not given["no_filename"] else "--no-filename")
    numbered = given["line_number"] or is_pretty or is_terminal or given["column"] or is_vimgrep
    if not form:
        flags.append("--line-number" if numbered and not given["no_line_number"] else "--no-line-number")
    wants_heading = given["heading"] or is_pretty or is_terminal
    has_heading = wants_heading and not given["no_heading"] and not is_vimgrep
    flags.append("--heading" if has_heading else "--no-heading")
    if form != "--json":
        flags.append(f"--color={colour_of(given, is_terminal=is_terminal)}")
    context = any(given[name] for name in ("after_context", "before_context", "context"))
    standard = not form and not given["quiet"]
    return Look(
        flags=tuple(flags),
        separator=b"\n" if standard and has_heading else b"--\n" if standard and context else None,
        tells_matches_only=not (given["files_without_match"] or given["passthru"]),
        takes_binary=given["text"] or given["binary"],
        is_json=form == "--json",
        stops_early=given["quiet"],
        order=given["sort"] or given["sortr"] or "path",
        reverse=given["sortr"] is not None,
    )


def colour_of(given: Mapping[str, Any], *, is_terminal: bool) -> str:
    """Whether ripgrep is to colour: in a terminal that can, unless the user says otherwise."""
    wanted = "always" if given["pretty"] and given["colour"] == "auto" else given["colour"]
    if wanted != "auto":
        return wanted
    known = variables()
    can = is_terminal and known.get("TERM", "dumb") != "dumb" and "NO_COLOR" not in known
    return "always" if can else "never"
