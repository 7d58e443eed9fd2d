"""``semindex search``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from semindex.errors import UsageError
from semindex.present.cli.answers import give, noted, shape
from semindex.present.cli.opened import Opened, built_first, not_indexed, opened, together
from semindex.present.cli.options import answer_options

if TYPE_CHECKING:
    from semindex.types import Hits


@click.command()
@click.argument("query")
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@click.option(
    "--mode",
    type=click.Choice(["hybrid", "lexical", "dense"]),
    default="hybrid",
    show_default=True,
    help="Rank by words and meaning, by words, by meaning.",
)
@click.option("--lang", "languages", multiple=True, metavar="LANGUAGE", help="Only files in it; repeatable.")
@click.option("--path", "globs", multiple=True, metavar="GLOB", help="Only files that match; repeatable.")
@click.option("--exclude", "excluded", multiple=True, metavar="GLOB", help="No files that match; repeatable.")
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Only function, class, ...; repeatable.")
@click.option(
    "--no-refresh", is_flag=True, help="Take the index as it is: build nothing, look at no file times."
)
@click.option(
    "--rerank", "wants_rerank", is_flag=True, help="Let a transformer of your own re-order the first 30 hits."
)
@click.option(
    "--rerank-model",
    metavar="FOLDER",
    help="The transformer (RERANK_MODEL), an ONNX model; implies --rerank.",
)
@answer_options
def search(
    query: str,
    paths: tuple[Path, ...],
    *,
    mode: str,
    languages: tuple[str, ...],
    globs: tuple[str, ...],
    excluded: tuple[str, ...],
    kinds: tuple[str, ...],
    no_refresh: bool,
    wants_rerank: bool,
    rerank_model: str | None,
    limit: int,
    group_by: str,
    index_dir: Path | None,
    overrides: Mapping[str, str],
    **shown: Any,
) -> int:
    """Find the code that answers a question.

    QUERY is a question, some words, or a name; "quoted phrases" must occur as they stand, and lang:go,
    path:src/**, -path:tests and kind:function filter, like the options of these names. Put -- before a
    query that begins with a dash. PATH is a repository, or a folder in one to search only that; several
    are searched together, as if they were one. What is not indexed yet is indexed first, and changes are
    taken in first when that is quick.
    """
    wanted = shape(**shown)
    places = paths or (Path(),)
    if index_dir is not None and len(places) > 1:
        raise UsageError("--index-dir holds the index of one repository; give one PATH with it.")
    rerank = wants_rerank or rerank_model is not None
    if rerank_model is not None:
        overrides = {**overrides, "RERANK_MODEL": rerank_model}
    with ExitStack() as stack:
        found = [stack.enter_context(opened(path, index_dir, overrides)) for path in places]
        notes: list[str] = []
        for place in found:
            if rerank:
                place.index.load_reranker()  # an error in it comes before a long build
            notes += [place.location.note, *_ready(place, no_refresh=no_refresh)]
        ask: Callable[..., Hits] = partial(found[0].index.search, scope=found[0].location.scope)
        if len(found) > 1:
            ask = together(found).search
        answer = ask(
            query,
            limit=limit,
            mode=mode,
            group_by=group_by,
            languages=languages,
            paths=globs,
            excluded_paths=excluded,
            kinds=kinds,
            refresh=not no_refresh,
            rerank=rerank,
        )
    return give(noted(answer, notes), wanted)


def _ready(place: Opened, *, no_refresh: bool) -> list[str]:
    if no_refresh and not place.index.exists:
        raise not_indexed(place.index)
    return built_first(place.index)
