"""``semindex mcp``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

import click

from semindex import config
from semindex.errors import RootError
from semindex.present.cli import forked
from semindex.present.cli.outcome import tell
from semindex.service import starting

ALSO = ("related", "status")


roots_option = click.option(
    "--root",
    "roots",
    multiple=True,
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="A folder that may be searched and read, instead of the working folder; repeatable.",
)
tools_option = click.option(
    "--tool",
    "also",
    multiple=True,
    type=click.Choice(ALSO),
    help="Offer this tool too, besides search, grep, symbol and read; repeatable.",
)


def require_folders(roots: Iterable[Path]) -> None:
    """Raise for what is no folder.

    Raises:
        RootError: One is not there, or is a file.
    """
    for root in roots:
        if not root.is_dir():
            raise RootError(f"{root} is not a folder; give --root the folder of a repository")


@click.command()
@roots_option
@tools_option
def mcp(roots: tuple[Path, ...], also: tuple[str, ...]) -> NoReturn:
    """Serve coding agents by the Model Context Protocol.

    An agent's client starts this command and talks to it over standard input and output; see docs/agents.md
    for what to write into its settings. Nothing outside of the roots is read. What is not indexed is indexed
    when it is first asked for.
    """
    from semindex.present.mcp.stdio import serve

    require_folders(roots)
    if not forked.is_forked() and starting.can_run() and config.load(None).settings.daemon != "off":
        starting.start()  # for the sessions to come; this one needs none
    if sys.stdin.isatty():
        tell("waiting for an agent's messages on standard input; docs/agents.md tells how to set this up")
    serve(roots or (Path(),), also)
