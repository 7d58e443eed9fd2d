"""``semindex cache``."""

from collections.abc import Mapping

import click

from semindex.present.cli.options import json_option, set_option
from semindex.present.cli.outcome import DONE
from semindex.present.render import size
from semindex.present.safe import safe_line, safe_message
from semindex.present.schema import path_object, record_object
from semindex.present.stream import write, write_json


@click.group()
def cache() -> None:
    """Show or clear what is kept in your cache folder.

    The vectors that transformers computed lie in one file of the folder (CACHE_DIR), for all repositories,
    within VECTOR_CACHE_MB. Beside it are clones (`semindex add URL`), and commits and histories (`semindex
    search` with --rev and --history), which have limits of their own.
    """


@cache.command()
@json_option
@set_option
def stats(as_json: bool, overrides: Mapping[str, str]) -> int:
    """Show what is kept, and how often it was of use."""
    from semindex import configured
    from semindex.config import cache_folder, load
    from semindex.repositories.folders import CLONES, COMMITS, HISTORY, held

    settings = load(None, overrides=overrides).settings
    found = configured.cache_stats(settings)
    beside = {name: held(cache_folder(settings) / name) for name in (CLONES, COMMITS, HISTORY)}
    if as_json:
        folders = {name: record_object(kept) for name, kept in beside.items()}
        write_json({**record_object(found), "folders": folders})
        return DONE
    asked = found.hits + found.misses
    share = f" ({found.hits / asked:.0%} known)" if asked else ""
    rows = {
        "file": safe_message(found.path),
        "entries": f"{found.entries:,} of {found.models:,} models",
        "size": f"{size(found.nbytes)}, at most {size(found.limit_bytes)}",
        "asked": f"{asked:,} texts, {found.hits:,} hits, {found.misses:,} misses{share}",
        **{name: f"{kept.entries:,}, {size(kept.nbytes)}" for name, kept in beside.items() if kept.entries},
    }
    write("\n".join(f"{name:<12}{value}" for name, value in rows.items()))
    for note in found.notes:
        write(f"{'notes':<12}{safe_line(note)}")
    return DONE


@cache.command()
@json_option
@set_option
def clear(as_json: bool, overrides: Mapping[str, str]) -> int:
    """Forget all vectors, commits and histories; they are made again when needed.

    Clones stay; `semindex remove` removes them.
    """
    from semindex import configured
    from semindex.config import cache_folder, load
    from semindex.repositories.folders import COMMITS, HISTORY
    from semindex.repositories.folders import clear as clear_folder

    settings = load(None, overrides=overrides).settings
    freed = configured.clear_cache(settings)
    for name in (COMMITS, HISTORY):
        freed += clear_folder(cache_folder(settings) / name)
    path = configured.cache_stats(settings).path
    if as_json:
        write_json({**path_object(path), "freed_bytes": freed})
    else:
        write(f"{safe_message(path)}: cleared, {size(freed)} freed")
    return DONE
