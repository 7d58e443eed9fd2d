"""Options that several commands share, each spelled once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from semindex.present.render import CONTEXT

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def _settings(ctx: click.Context, param: click.Parameter, pairs: tuple[str, ...]) -> dict[str, str]:
    for pair in pairs:
        if "=" not in pair:
            raise click.BadParameter(f"{pair!r} is not KEY=VALUE.", ctx, param)
    return {key.strip().upper(): value for key, _, value in (pair.partition("=") for pair in pairs)}


path_argument = click.argument("path", default=".", type=click.Path(path_type=Path))
index_dir_option = click.option(
    "--index-dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Keep the index in DIR instead of in the repository.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
set_option = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    callback=_settings,
    help="Set a setting for this run, as in MAX_MEMORY_MB=1024; `semindex config` lists them.",
)

_ANSWER_OPTIONS = (
    click.option(
        "-n",
        "--limit",
        type=click.IntRange(min=1),
        default=10,
        show_default=True,
        help="At most this many hits.",
    ),
    json_option,
    click.option("--vimgrep", is_flag=True, help="Print PATH:LINE:COLUMN:TEXT, a line a hit."),
    click.option(
        "--group-by",
        type=click.Choice(["file", "chunk"]),
        default="file",
        show_default=True,
        help="One hit a file, with its other spans under it, or every span by itself.",
    ),
    index_dir_option,
    click.option("--explain", is_flag=True, help="Show what each score is made of."),
    click.option(
        "--context",
        type=click.IntRange(min=0),
        default=CONTEXT,
        show_default=True,
        help="Lines of text shown of a hit.",
    ),
    click.option("--no-text", is_flag=True, help="Show places only, no text."),
    click.option(
        "--color",
        "colour",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        show_default=True,
        help="Colour: in a terminal, always (also in a pipe), never.",
    ),
    set_option,
)


def answer_options(command: Decorated) -> Decorated:
    """What every command has that answers with hits."""
    for option in reversed(_ANSWER_OPTIONS):
        command = option(command)
    return command
