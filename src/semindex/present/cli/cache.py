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
    """Show or clear the vectors that transformers computed.

    They lie in one file of your cache folder (CACHE_DIR), for all repositories, within VECTOR_CACHE_MB.
    """


@cache.command()
@json_option
@set_option
def stats(as_json: bool, overrides: Mapping[str, str]) -> int:
    """Show what is kept, and how often it was of use."""
    from semindex import configured
    from semindex.config import load

    found = configured.cache_stats(load(None, overrides=overrides).settings)
    if as_json:
        write_json(record_object(found))
        return DONE
    asked = found.hits + found.misses
    share = f" ({found.hits / asked:.0%} known)" if asked else ""
    rows = {
        "file": safe_message(found.path),
        "entries": f"{found.entries:,} of {found.models:,} models",
        "size": f"{size(found.nbytes)}, at most {size(found.limit_bytes)}",
        "asked": f"{asked:,} texts, {found.hits:,} hits, {found.misses:,} misses{share}",
    }
    write("\n".join(f"{name:<12}{value}" for name, value in rows.items()))
    for note in found.notes:
        write(f"{'notes':<12}{safe_line(note)}")
    return DONE


@cache.command()
@json_option
@set_option
def clear(as_json: bool, overrides: Mapping[str, str]) -> int:
    """Forget all vectors; they are computed again when needed."""
    from semindex import configured
    from semindex.config import load

    settings = load(None, overrides=overrides).settings
    freed = configured.clear_cache(settings)
    path = configured.cache_stats(settings).path
    if as_json:
        write_json({**path_object(path), "freed_bytes": freed})
    else:
        write(f"{safe_message(path)}: cleared, {size(freed)} freed")
    return DONE
