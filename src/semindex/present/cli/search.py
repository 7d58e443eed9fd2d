"""``semindex search``."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from semindex.errors import UsageError
from semindex.operations.search import Search
from semindex.present.cli.answers import give, noted, shape
from semindex.present.cli.opened import built_first, indexes_for, not_indexed, together
from semindex.present.cli.options import answer_options, asks
from semindex.present.cli.outcome import NoFiles


@click.command()
@asks(Search)
@click.argument("places", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@click.option(
    "--rerank-model",
    metavar="FOLDER",
    help="The transformer (RERANK_MODEL), an ONNX model; implies --rerank.",
)
@answer_options
def search(
    asked: dict[str, Any],
    places: tuple[Path, ...],
    *,
    rerank_model: str | None,
    index_dir: Path | None,
    overrides: Mapping[str, str],
    **shown: Any,
) -> int:
    """Find the code that answers a question.

    QUERY is a question, some words, or a name; "quoted phrases" must occur as they stand, and lang:go,
    path:src/**, -path:tests, kind:function and symbol:main filter, like the options of these names. Put --
    before a query that begins with a dash. PATH is a repository, or a folder in one to search only that;
    several are searched together, as if they were one. What is not indexed yet is indexed first, and changes
    are taken in first when that is quick.
    """
    wanted = shape(**shown)
    if index_dir is not None and len(places) > 1:
        raise UsageError("--index-dir holds the index of one repository; give one PATH with it.")
    if rerank_model is not None:
        overrides = {**overrides, "RERANK_MODEL": rerank_model}
        asked["rerank"] = True
    with ExitStack() as stack:
        asked_of = [indexes_for(stack, path, index_dir, overrides) for path in places or (Path(),)]
        found = [place for several, _ in asked_of for place in several]
        notes = [note for _, note in asked_of]
        for place in found:
            if asked["rerank"]:
                place.index.load_reranker()  # an error in it comes before a long build
            if not asked["refresh"] and not place.index.exists:
                raise not_indexed(place.index)
            whole = any(not each.location.scope and each.index.root == place.index.root for each in found)
            notes += ["" if whole else place.location.note, place.location.passed_over]
            try:
                notes += built_first(place.index)
            except NoFiles as error:
                if len(found) == 1:
                    raise
                notes.append(str(error))
        if len(found) > 1:
            found = [place for place in found if place.index.exists] or found
        if len(found) > 1:
            answer = together(found).search(**asked)
        else:
            answer = found[0].index.search(**asked, scope=found[0].location.scope)
    return give(noted(answer, notes), wanted, found[0].settings)
