"""Options of commands: those that say what is asked, made from requests, and those that several share."""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click
from msgspec import NODEFAULT

from semindex.operations.base import Field, Request, fields_of, refusal
from semindex.present.cli.completing import OFFERS, offered, repositories, settings
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
no_pager_option = click.option(
    "--no-pager", is_flag=True, help="Never show what is longer than the screen by a pager (PAGER)."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
set_option = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    callback=_settings,
    shell_complete=offered(settings),
    help="Set a setting for this run, as in MAX_MEMORY_MB=1024; `semindex config` lists them.",
)

no_text_option = click.option("--no-text", is_flag=True, help="Show places only, no text.")
colour_option = click.option(
    "--color",
    "colour",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Colour: in a terminal, always (also in a pipe), never.",
)

_ANSWER_OPTIONS = (
    json_option,
    click.option("--vimgrep", is_flag=True, help="Print PATH:LINE:COLUMN:TEXT, a line a hit."),
    click.option(
        "-l", "--files-with-matches", "paths_only", is_flag=True, help="Print only the path of each file."
    ),
    index_dir_option,
    click.option("--explain", is_flag=True, help="Show the points that each score is computed from."),
    click.option(
        "-C",
        "--context",
        metavar="LINES",
        type=click.IntRange(min=0),
        default=CONTEXT,
        show_default=True,
        help="Lines shown of a hit before and after the middle of what matches best in it.",
    ),
    no_text_option,
    colour_option,
    no_pager_option,
    set_option,
)


repo_option = click.option(
    "--repo",
    "names",
    multiple=True,
    metavar="NAME",
    shell_complete=offered(repositories),
    help="The repository with this name, in which * may stand, instead of PATH; `semindex list` shows "
    "yours; repeatable.",
)
all_option = click.option(
    "--all", "everything", is_flag=True, help="All repositories that `semindex list` shows, instead of PATH."
)

rev_option = click.option(
    "--rev",
    metavar="REV",
    help="The files as they are in a commit (a branch, a tag, HEAD~3), without touching the work tree.",
)

_TEXT_OPTIONS = (json_option, index_dir_option, colour_option, no_pager_option, set_option)


def text_options(command: Decorated) -> Decorated:
    """What every command has that answers with definitions or lines."""
    for option in reversed(_TEXT_OPTIONS):
        command = option(command)
    return command


def answer_options(command: Decorated) -> Decorated:
    """What every command has that answers with hits."""
    for option in reversed(_ANSWER_OPTIONS):
        command = option(command)
    return command


class _Refusing:
    """Refuses a value with the sentence that every door gives; what the help shows is another type's."""

    field: Field

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if self.field.kind is int:
            with suppress(ValueError):
                value = int(value)
        problem = refusal(self.field, value)
        if problem:
            raise click.BadParameter(problem, ctx, param)
        return value


class _Bounded(_Refusing, click.IntRange):
    def __init__(self, field: Field) -> None:
        super().__init__(min=field.least)
        self.field = field


class _Choice(_Refusing, click.Choice[str]):
    def __init__(self, field: Field) -> None:
        super().__init__(field.choices)
        self.field = field


def asks(request: type[Request]) -> Callable[[Decorated], Decorated]:
    """Gives a command an option for each field of a request; it is called with their values in ``asked``."""
    fields = [field for field in fields_of(request) if not field.spelling.from_path]

    def decorate(command: Decorated) -> Decorated:
        @wraps(command)
        def called(**values: Any) -> Any:
            asked = {field.name: values.pop(field.name) for field in fields}
            return command(asked=asked, **values)

        decorated: Any = called
        for field in reversed(fields):
            decorated = parameter(field)(decorated)
        return decorated  # type: ignore[no-any-return]

    return decorate


def parameter(field: Field) -> Callable[[Decorated], Decorated]:
    """The option or the argument for a field of a request."""
    spelling = field.spelling
    offers = OFFERS.get(spelling.completes)
    if spelling.argument and field.many:
        return click.argument(
            field.name, nargs=-1, required=True, metavar=f"{spelling.metavar}...", shell_complete=offers
        )
    if spelling.argument:
        optional = {} if field.default is NODEFAULT else {"required": False, "default": field.default}
        return click.argument(field.name, **optional, shell_complete=offers)
    flag = spelling.flag or "--" + field.name.replace("_", "-")
    if field.kind is bool:
        if spelling.unless_off:
            return click.option(
                f"{flag}/--no-{flag[2:]}", field.name, default=True, show_default=True, help=field.help
            )
        return click.option(flag, field.name, is_flag=True, help=field.help)
    bare: dict[str, Any] = {"is_flag": False, "flag_value": spelling.bare} if spelling.bare else {}
    kind = _Choice(field) if field.choices else _Bounded(field) if field.kind is int else str
    return click.option(
        *(each for each in (spelling.short, flag, field.name) if each),
        type=kind,
        multiple=field.many,
        default=None if field.many or field.default is NODEFAULT else field.default,
        show_default=bool(field.default),
        metavar=spelling.metavar or None,
        shell_complete=offers,
        **bare,
        help=field.help.removesuffix(".") + "; repeatable." if field.many else field.help,
    )
