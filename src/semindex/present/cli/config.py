"""``semindex config``."""

from collections.abc import Mapping
from pathlib import Path

import click

from semindex.present.cli.options import json_option, path_argument, set_option
from semindex.present.cli.outcome import DONE
from semindex.present.safe import safe_line, safe_message
from semindex.present.schema import config_object
from semindex.present.stream import write, write_json


@click.command()
@path_argument
@json_option
@set_option
def config(path: Path, as_json: bool, overrides: Mapping[str, str]) -> int:
    """Show each setting and where it came from.

    Later wins: default, your semindex.toml, the repository's pyproject.toml ([tool.semindex]) and
    .semindex.toml, the environment (SEMINDEX_CACHE_SIZE and so on), --set. The files that were looked
    for are listed too, and what was passed over: a repository may lower what uses up the machine, and
    never raise it.
    """
    from semindex.config import load
    from semindex.index import locate

    loaded = load(locate(path).root, overrides=overrides)
    if as_json:
        write_json(config_object(loaded))
        return DONE
    width = max(len(f"{origin.key} = {_toml(origin.value)}") for origin in loaded.origins)
    for origin in loaded.origins:
        write(f"{f'{origin.key} = {_toml(origin.value)}':<{width}}  ({safe_message(origin.source)})")
    write("")
    for looked in loaded.files:
        write(f"{safe_message(looked.path)}: {safe_line(looked.outcome)}")
    for note in loaded.settings.passed_over:
        write(f"note: {safe_message(note)}")
    return DONE


def _toml(value: int | bool | str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{safe_line(value)}"' if isinstance(value, str) else str(value)
