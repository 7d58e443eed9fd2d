"""How often a name finds its definition: ``python -m benchmarks.names CHECKOUT...``.

Of each checkout names are drawn that one definition has, and no other but blocks that implement it (``impl``
of Rust, extensions). Each is asked by itself, and counts when the first hit is its file and shows the line on
which the definition begins. ``--misses`` prints the others.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct

import semindex
from semindex.errors import SemindexError
from semindex.parse.parser import parse_file
from semindex.source.languages import kind_of
from semindex.source.read import read_file
from semindex.source.walk import walk
from semindex.types import FileFailure, Kind

DEFAULT_LIMIT = 25
MIN_CHARS = 4
_KINDS = frozenset(
    (
        Kind.FUNCTION,
        Kind.METHOD,
        Kind.CLASS,
        Kind.STRUCT,
        Kind.TRAIT,
        Kind.INTERFACE,
        Kind.ENUM,
        Kind.TYPE,
        Kind.MACRO,
        Kind.CONSTANT,
    )
)


class Named(Struct, frozen=True):
    """A name and its one definition."""

    name: str
    path: str
    line: int
    language: str
    kind: Kind


def named(root: Path) -> Iterator[Named]:
    """The definitions of a checkout's code whose name no other definition has, case and underscores aside."""
    found: dict[str, list[Named]] = defaultdict(list)
    for ref in walk(root).refs:
        read = read_file(root, ref)
        if isinstance(read, FileFailure) or kind_of(read.language) != "code":
            continue
        for symbol in parse_file(read).symbols:
            if symbol.kind is not Kind.IMPLEMENTATION:
                each = Named(symbol.name, read.path, symbol.span.start_line, read.language, symbol.kind)
                found[symbol.name.lower().replace("_", "")].append(each)
    for some in found.values():
        if len(some) == 1 and some[0].kind in _KINDS and some[0].name.isidentifier():
            yield from (each for each in some if len(each.name) >= MIN_CHARS)


def main(words: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.names", description=__doc__)
    parser.add_argument("checkouts", nargs="+", type=Path)
    parser.add_argument(
        "--limit", type=int, default=DEFAULT_LIMIT, help="names of each checkout and language"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--misses", action="store_true")
    options = parser.parse_args(words)
    print("| | language | asked | the first hit shows the definition |\n|---|---|---|---|")
    misses = []
    for root in options.checkouts:
        by_language: dict[str, list[Named]] = defaultdict(list)
        for each in named(root):
            by_language[each.language].append(each)
        with TemporaryDirectory(prefix="names-") as folder, semindex.open(root, index_dir=folder) as index:
            index.refresh()
            for language, some in sorted(by_language.items()):
                if len(some) < options.limit:
                    continue
                drawn = random.Random(f"{options.seed}:{language}").sample(some, options.limit)
                found = 0
                for each in drawn:
                    try:
                        hits = list(index.search(each.name, limit=3))
                    except SemindexError as error:
                        sys.exit(f"{each.name}: {error}")
                    first = hits[0] if hits else None
                    if first and first.path == each.path and first.start_line <= each.line <= first.end_line:
                        found += 1
                    else:
                        misses.append((root.name, each, hits))
                print(f"| {root.resolve().name} | {language} | {len(drawn)} | {found} |", flush=True)
    for name, each, hits in misses if options.misses else ():
        print(f"{name}: {each.name} ({each.kind.label}) {each.path}:{each.line}")
        for hit in hits:
            print(f"    {hit.path}:{hit.start_line}-{hit.end_line} {hit.symbol} {hit.score:.0f}")


if __name__ == "__main__":
    main()
