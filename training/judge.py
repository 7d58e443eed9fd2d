"""How well word vectors find code by what its documentation says: ``python training/judge.py [FILE]``.

The packages judged on (``held_out`` in sources.toml) were never learned from. Each documented definition
without its documentation is a chunk; its first sentence asks for it among the chunks of its package.
Printed: mean reciprocal rank and recall at 10 by vectors alone, with names and paths ("named"), and with
the definition's name taken out of its text and names ("unnamed"); for repositories the same of commits,
whose subject asks for the hunk.
"""

from __future__ import annotations

import argparse
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import archives
import commits
import numpy as np
from pairs import Pair, pairs

from semindex.embed.static import MODEL_FILE, StaticEmbedder
from semindex.tokens import hash_term, query_terms, text_terms
from semindex.types import Documents, TermCounts

_MOST = 2000
_FEWEST = 50


def judge(embedder: StaticEmbedder, asked: Sequence[Pair], *, named: bool) -> tuple[float, float]:
    """Mean reciprocal rank and recall at 10 over one package; not a number for fewer than _FEWEST."""
    if len(asked) < _FEWEST:
        return math.nan, math.nan
    bodies = [
        pair.body if named else re.sub(rf"\b{re.escape(pair.name)}\b", " ", pair.body) for pair in asked
    ]
    content = [Counter(text_terms(body)) for body in bodies]
    names = [Counter(text_terms(f"{pair.name} {pair.parents}" if named else "")) for pair in asked]
    paths = [Counter(text_terms(_path_text(pair.path))) for pair in asked]
    rows = embedder.embed_documents(
        Documents(_counts(content), _counts(names), _counts(paths), np.arange(len(asked)))
    )
    idf = _idf([set().union(*fields) for fields in zip(content, names, paths, strict=True)])
    queries = np.stack([embedder.embed_query(query_terms(pair.sentence), idf=idf) for pair in asked])
    scores = queries @ rows.T
    ranks = 1 + (scores > np.diag(scores)[:, None]).sum(axis=1)
    return float((1 / ranks).mean()), float((ranks <= 10).mean())


def distinct(found: Sequence[Pair]) -> list[Pair]:
    """Pairs whose sentence no other one has, at most ``_MOST``."""
    said = Counter(pair.sentence.lower() for pair in found)
    return [pair for pair in found if said[pair.sentence.lower()] == 1][:_MOST]


def _path_text(path: str) -> str:
    inside = path.split("/", 1)[-1].rsplit(".", 1)[0]
    return f"{inside} {inside.rsplit('/', 1)[-1]}"


def _counts(bags: Sequence[Counter[str]]) -> TermCounts:
    rows = [sorted((hash_term(term), uses) for term, uses in bag.items()) for bag in bags]
    return TermCounts(
        np.cumsum([0, *map(len, rows)], dtype=np.int64),
        np.array([term for row in rows for term, _ in row], dtype=np.uint64),
        np.array([min(uses, 65535) for row in rows for _, uses in row], dtype=np.uint16),
    )


def _idf(chunks: Sequence[set[str]]) -> Callable[[str], float]:
    frequency = Counter(term for chunk in chunks for term in chunk)
    total = len(chunks)
    return lambda term: math.log(1 + (total - frequency[term] + 0.5) / (frequency[term] + 0.5))


def _line(name: str, asked: str, figures: Sequence[float]) -> str:
    cells = [f"{figure:6.3f}" if not math.isnan(figure) else f"{'-':>6}" for figure in figures]
    return f"{name:28} {asked:>6}  {'  '.join(cells)}"


def main() -> None:
    """Print a line a package, and their mean."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model", type=Path, nargs="?", default=MODEL_FILE)
    parser.add_argument("--cache", type=Path, default=Path(".training-cache"))
    arguments = parser.parse_args()
    cache = arguments.cache.resolve()
    embedder = StaticEmbedder.open(arguments.model)
    figures = []
    print(f"{'package':28} {'asked':>6}   named     @10  unnamed    @10  commit     @10")
    for source in archives.sources():
        if source.held_out:
            asked = distinct(list(pairs(source, cache)))
            changed = distinct(commits.sampled(source, cache, most=_MOST, seed=0))
            line = (
                *judge(embedder, asked, named=True),
                *judge(embedder, asked, named=False),
                *judge(embedder, changed, named=True),
            )
            figures.append(line)
            print(_line(source.name, str(len(asked)), line), flush=True)
    print(_line("mean", "", np.nanmean(figures, axis=0).tolist()))


if __name__ == "__main__":
    main()
