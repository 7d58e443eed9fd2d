"""``semindex clean``."""

import sys
from pathlib import Path

import click

from semindex.errors import UsageError
from semindex.present.cli.opened import opened
from semindex.present.cli.options import index_dir_option, path_argument
from semindex.present.cli.outcome import DONE, NOTHING, tell
from semindex.present.render import size
from semindex.present.safe import safe_message
from semindex.present.stream import write


@click.command()
@path_argument
@index_dir_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def clean(path: Path, index_dir: Path | None, yes: bool) -> int:
    """Remove an index.

    Nothing but the index's own folder is touched; `semindex index` makes it again. Asks in a terminal,
    and needs --yes elsewhere. Exits with 1 when the answer was no.
    """
    with opened(path, index_dir, {}) as place:
        folder = place.index.index_dir
        if not folder.exists():
            write(f"{safe_message(str(folder))}: nothing to remove")
            return DONE
        if not yes and not sys.stdin.isatty():
            raise UsageError(f"{folder} is removed only with --yes where nobody can be asked.")
        if not yes and not click.confirm(f"Remove {safe_message(str(folder))}?", err=True):
            tell("nothing was removed.")
            return NOTHING
        freed = place.index.clean()
    write(f"{safe_message(str(folder))}: removed, {size(freed)} freed")
    return DONE
