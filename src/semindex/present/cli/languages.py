"""``semindex languages``."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING

import click

from semindex.present.cli.completing import OFFERS
from semindex.present.cli.options import json_option, no_pager_option
from semindex.present.cli.outcome import DONE
from semindex.present.schema import record_object
from semindex.present.stream import write_json

if TYPE_CHECKING:
    from semindex.supported import Language

_SHOWN = 8
"""Extensions and file names of a language in the list of all."""


@click.command()
@click.argument("names", nargs=-1, metavar="[LANG]...", shell_complete=OFFERS["lang"])
@json_option
@no_pager_option
def languages(names: tuple[str, ...], as_json: bool, no_pager: bool) -> int:
    """Show the languages, and how definitions are found in each.

    grammar: in the syntax tree of its grammar. line expressions: by the lines on which definitions begin.
    settings: the keys of a configuration file. headings: the sections of a document. none: a file is cut
    by lines, and searched as text.

    A LANG is any name that lang: takes: c++, golang, .tf. Files of no known language are text.
    """
    from semindex.config import load
    from semindex.present.cli.paging import NONE, give_text
    from semindex.supported import languages as known

    found = known(names)
    if as_json:
        write_json({"languages": [record_object(each) for each in found]})
        return DONE
    wide = max(len(each.lang) for each in found)
    deep = max(len(each.definitions) for each in found)
    most = sys.maxsize if names else _SHOWN
    lines = [
        f"{each.lang:<{wide}}  {each.definitions:<{deep}}  {_told(each, most=most)}".rstrip()
        for each in found
    ]
    if not names:
        counts = Counter(each.definitions for each in found).most_common()
        told = ", ".join(f"{name} {n}" for name, n in counts)
        lines += ["", f"{len(found)} languages by their definitions: {told}"]
    give_text("\n".join(lines), NONE if no_pager else load(None).settings.pager)
    return DONE


def _told(language: Language, *, most: int) -> str:
    """What tells a file of the language, at most so many of them."""
    every = list(dict.fromkeys((*language.extensions, *language.file_names)))
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return " ".join(every[:most]) + more
