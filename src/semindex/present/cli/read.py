"""``semindex read``."""

from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import click

from semindex.operations.read import Read
from semindex.present.cli.answers import give_texts, noted, plain_shape
from semindex.present.cli.named import asked_by_name, open_named
from semindex.present.cli.opened import Opened, built_first, indexes_for, not_indexed, together
from semindex.present.cli.options import asks, repo_option, rev_option, text_options
from semindex.present.cli.related import from_any, from_root, parts_of
from semindex.present.cli.revision import ask_revision, one_place, top_of


@click.command()
@asks(Read)
@repo_option
@rev_option
@text_options
def read(
    asked: dict[str, Any],
    *,
    names: tuple[str, ...],
    rev: str | None,
    index_dir: Path | None,
    overrides: Mapping[str, str],
    **shown: Any,
) -> int:
    """Show lines of indexed files.

    SPAN is FILE:10-40, FILE:10 or FILE; the file is taken from the current folder, else from the root of its
    repository, or with --repo from that of one that `semindex add` gave a name. Files that are not indexed
    are not shown, and secrets in the others are masked.
    """
    wanted = plain_shape(**shown)
    with ExitStack() as stack:
        by_name = asked_by_name(names, everything=False)
        if rev is not None:
            asked["refresh"] = False
            at = one_place(stack, (), names, overrides, everything=False, index_dir=index_dir)
            asked["spans"] = [from_root(span, at, top_of(at)) for span in asked["spans"]]
            texts, settings = ask_revision(rev, at, overrides, lambda index, _: index.read(**asked))
            return give_texts(texts, wanted, settings)
        if by_name:
            found = open_named(stack, names, (), overrides)
            asked["spans"] = [
                found.file_named(span) if Path(parts_of(span)[0]).is_file() else span
                for span in asked["spans"]
            ]
            texts = found.ask(lambda several: several.read(**asked))
            return give_texts(texts, wanted, found.settings)
        places, note = indexes_for(stack, Path(), index_dir, overrides)
        notes = [note]
        others = [] if index_dir is not None else _elsewhere(stack, asked["spans"], places, overrides)
        if others and not any(place.index.exists for place in places):
            places = []
        for place in places:
            if not asked["refresh"] and not place.index.exists:
                raise not_indexed(place.index)
            notes += [place.location.passed_over, *built_first(place.index)]
        places = [*places, *others]
        if len(places) > 1:
            asked["spans"] = [
                from_any(span, Path()) if Path(parts_of(span)[0]).is_file() else span
                for span in asked["spans"]
            ]
            answer = together(places).read(**asked)
        else:
            root = places[0].index.root
            asked["spans"] = [from_root(span, Path(), root) for span in asked["spans"]]
            answer = places[0].index.read(**asked)
    return give_texts(noted(answer, notes), wanted, places[0].settings)


def _elsewhere(
    stack: ExitStack, spans: list[str], places: list[Opened], overrides: Mapping[str, str]
) -> list[Opened]:
    """The indexes that exist for files that lie in none of some places."""
    found: dict[Path, Opened] = {}
    for span in spans:
        with suppress(OSError, ValueError):
            file = Path(parts_of(span)[0]).resolve()
            if not file.is_file() or any(file.is_relative_to(place.index.root) for place in places):
                continue
            for each in indexes_for(stack, file.parent, None, overrides)[0]:
                if each.index.exists:
                    found.setdefault(each.index.root, each)
    return list(found.values())
