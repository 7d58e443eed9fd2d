"""What the ranking answers today, in a file that reviews see change.

In the manner of zoekt's golden queries: the first files and spans of a fixed set of queries over two
pinned packages, with scores and reasons, and the mean reciprocal rank of what each query is after.
``pytest tests/golden --update-golden`` writes the file anew; look at what changed before committing it.
"""

from __future__ import annotations

import difflib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

import pytest

import semindex
from semindex.types import GroupBy, Hit

GOLDEN = Path(__file__).with_name("answers.txt")
PACKAGES = {"bottle": "bottle.py", "sqlparse": "sqlparse"}
FILES, SPANS = 3, 5
MAIN_REASONS = 3


@dataclass(frozen=True)
class Query:
    """A query and the symbol, as a hit names it, that it is after."""

    text: str
    wanted: str


QUERIES = (
    Query("SimpleTemplate", "SimpleTemplate"),
    Query("where is the signature of a cookie verified", "BaseRequest.get_cookie"),
    Query("match the url of a request against all routes", "Router.match"),
    Query("static_file", "static_file"),
    Query("restart the server when a source file changes", "FileCheckerThread"),
    Query("Request entity too large", "BaseRequest._get_body_string"),
    Query("for k, v in self.headerlist: headers.append", "BaseResponse.headerlist"),
    Query("Wo werden hochgeladene Dateien gespeichert? FileUpload save", "FileUpload.save"),
    Query("split a string of SQL into its statements", "split"),
    Query("which keywords begin a block that changes the level", "StatementSplitter._change_splitlevel"),
    Query("group identifiers separated by commas", "group_identifier_list"),
    Query("Maximum grouping depth exceeded", "_group_matching"),
    Query("how are the options of the formatter validated", "validate_options"),
    Query("remove comments path:filters", "StripCommentsFilter"),
)


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> str:
    root = tmp_path_factory.mktemp("packages")
    for name, top in PACKAGES.items():
        source = Path(str(distribution(name).locate_file(top)))
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, root / top)
    for cache in root.rglob("__pycache__"):
        shutil.rmtree(cache)
    with semindex.open(root, index_dir=tmp_path_factory.mktemp("index")) as index:
        index.refresh()
        return "\n".join(_answers(index)) + "\n"


def _answers(index: semindex.Index) -> Iterator[str]:
    yield ", ".join(f"{name} {distribution(name).version}" for name in PACKAGES)
    ranks: list[int | None] = []
    for query in QUERIES:
        yield ""
        yield f"query: {query.text}"
        for hit in index.search(query.text, limit=FILES):
            yield f"  file  {_line(hit)}  {_reasons(hit)}"
        spans = index.search(query.text, limit=10, group_by=GroupBy.CHUNK)
        for hit in spans[:SPANS]:
            yield f"  span  {_line(hit)}"
        rank = next((at for at, hit in enumerate(spans, 1) if _is(hit, query.wanted)), None)
        ranks.append(rank)
        yield f"  {query.wanted}: rank {rank or '-'}"
    yield ""
    yield f"mean reciprocal rank {sum(1 / rank for rank in ranks if rank) / len(ranks):.3f}"


def _is(hit: Hit, wanted: str) -> bool:
    return hit.symbol is not None and (hit.symbol == wanted or hit.symbol.startswith(f"{wanted}."))


def _line(hit: Hit) -> str:
    return (
        f"{hit.score:.0f} ({hit.points:.3f})  {hit.path}:{hit.start_line}-{hit.end_line}  {hit.symbol or '-'}"
    )


def _reasons(hit: Hit) -> str:
    return ", ".join(f"{reason.signal} {reason.contribution:+.3f}" for reason in hit.reasons[:MAIN_REASONS])


def test_answers_are_the_golden_ones(answers: str, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        GOLDEN.write_text(answers, "utf-8")
    kept = GOLDEN.read_text("utf-8").splitlines()
    changed = [*difflib.unified_diff(kept, answers.splitlines(), "golden", "now", lineterm="", n=1)]
    assert not changed, "\n".join(["the ranking changed; --update-golden writes it down", *changed])


def test_what_is_asked_for_comes_first_mostly(answers: str) -> None:
    assert float(answers.rsplit(" ", 1)[1]) >= 0.6
