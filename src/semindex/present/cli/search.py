"""``semindex search``."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from semindex.errors import UsageError
from semindex.operations.search import Search
from semindex.present.cli.answers import give, noted, shape
from semindex.present.cli.history import give_commits, require_words, search_history
from semindex.present.cli.named import asked_by_name, open_named
from semindex.present.cli.opened import built_first, indexes_for, not_indexed, together
from semindex.present.cli.options import all_option, answer_options, asks, rev_option
from semindex.present.cli.outcome import NoFiles
from semindex.present.cli.revision import ask_revision, one_place

if TYPE_CHECKING:
    from semindex.config import Settings
    from semindex.types import Hits


@click.command()
@asks(Search)
@click.argument("places", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@all_option
@rev_option
@click.option(
    "--history",
    "in_history",
    is_flag=True,
    help="Find commits, by their messages and by what they changed, instead of code.",
)
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
    everything: bool,
    rev: str | None,
    in_history: bool,
    rerank_model: str | None,
    index_dir: Path | None,
    overrides: Mapping[str, str],
    **shown: Any,
) -> int:
    """Find the code that answers a question.

    QUERY is a question, some words, or a name; "quoted phrases" must occur as they stand, and lang:go,
    path:src/**, -path:tests, kind:function, symbol:main and repo:flask filter, like the options of these
    names. Put -- before a query that begins with a dash. PATH is a repository, or a folder in one to search
    only that; several are searched together, as if they were one. What is not indexed yet is indexed first,
    and changes are taken in first when that is quick. With --repo, repo: or --all, the repositories are
    searched that `semindex add` gave a name, and no PATH. --rev searches a commit,
    and --history finds commits.
    """
    wanted = shape(**shown)
    if index_dir is not None and len(places) > 1:
        raise UsageError("--index-dir holds the index of one repository; give one PATH with it.")
    if rerank_model is not None:
        overrides = {**overrides, "RERANK_MODEL": rerank_model}
        asked["rerank"] = True
    with ExitStack() as stack:
        names, excluded = ((), ()) if places or index_dir is not None else _repositories_in(asked["query"])
        names = (*asked["repo"], *names)
        if in_history:
            require_words(asked, excluded, rev=rev)
            place = one_place(
                stack, places, names, overrides, everything=everything, index_dir=index_dir, what="--history"
            )
            return give_commits(*search_history(asked, place, overrides), wanted)
        if rev is not None:
            asked["refresh"] = False
            place = one_place(stack, places, names, overrides, everything=everything, index_dir=index_dir)
            asked["repo"] = ()
            answer, settings = ask_revision(
                rev, place, overrides, lambda index, scope: index.search(**asked, scope=scope)
            )
            return give(answer, wanted, settings)
        if asked_by_name((*names, *excluded), everything=everything):
            found = open_named(stack, names, excluded, overrides)
            answer = found.ask(lambda several: several.search(**asked))
            return give(answer, wanted, found.settings)
        answer, settings = _by_path(stack, asked, places or (Path(),), index_dir, overrides)
    return give(answer, wanted, settings)


def _repositories_in(query: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the filters ``repo:`` and ``-repo:`` of a query."""
    if "repo" not in query:  # most queries need no parser here
        return (), ()
    from semindex.search.query import repositories_in

    return repositories_in(query)


def _by_path(
    stack: ExitStack,
    asked: dict[str, Any],
    paths: tuple[Path, ...],
    index_dir: Path | None,
    overrides: Mapping[str, str],
) -> tuple["Hits", "Settings"]:
    """The answer of the indexes of some paths, each built first where there is none."""
    asked_of = [indexes_for(stack, path, index_dir, overrides) for path in paths]
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
    return noted(answer, notes), found[0].settings
