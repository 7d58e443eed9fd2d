"""Patterns between slashes: what is one, and what passes with it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

import semindex
from semindex.errors import QueryError
from semindex.index import Index
from semindex.search.ordering import Ranking
from semindex.search.patterns import MAX_PATTERNS, LinesMatching
from semindex.search.query import parse
from semindex.types import Ids

FILES = {
    "src/main.go": "package main\n\nfunc Done() {\n}\n\n"
    "func run() {\n\tDone()\n" + "\twait()\n" * 60 + "\twork()\n}\n",
    "src/large.go": "package main\n\n" + "".join(f"func f{n}() {{\n\tDone()\n}}\n\n" for n in range(40)),
    "src/main_test.go": "package main\n\nfunc TestAll() {\n\tDone()\n}\n",
    "docs/guide.md": "# Guide\n\nCall `Done()` at the end.\n",
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    root = tmp_path_factory.mktemp("patterns")
    for path, text in FILES.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(text, "utf-8")
    opened = semindex.open(root, index_dir=tmp_path_factory.mktemp("index"))
    opened.refresh()
    return opened


def by_reading(index: Index) -> LinesMatching:
    """Compares the lines of files with a pattern by Python's own engine."""
    path = index.snapshot().generation.path

    def lines_matching(pattern: str, files: Ids) -> Mapping[int, Sequence[int]]:
        found = {}
        for file in files.tolist():
            lines = enumerate(FILES[path(file)].split("\n"), 1)
            found[file] = [number for number, line in lines if re.search(pattern, line)]
        return {file: lines for file, lines in found.items() if lines}

    return lines_matching


def ranked(index: Index, query: str, *, filters: bool = True) -> Ranking:
    snapshot = index.snapshot()
    lines_matching = by_reading(index) if filters else None
    return snapshot.ranker.rank(
        parse(query), limit=10, texts=snapshot.reader(), lines_matching=lines_matching
    )


def paths(index: Index, ranking: Ranking) -> list[str]:
    return [index.snapshot().generation.path(found.file) for found in ranking.files]


@pytest.mark.parametrize(
    ("text", "patterns", "words", "kind"),
    [
        (r"/ctx\.Done\(\)/", (r"ctx\.Done\(\)",), "", "pattern"),
        (r"lang:go path:server/ kind:function /ctx\.Done\(\)/", (r"ctx\.Done\(\)",), "", "pattern"),
        ("/return nil, err/ lang:go", ("return nil, err",), "", "pattern"),
        ("/users/", ("users",), "", "pattern"),
        (r"/a\/b/", ("a/b",), "", "pattern"),
        (r"/say \"x\"/", (r"say \"x\"",), "", "pattern"),
        ("close the context /Done$/", ("Done$",), "close the context", "words"),
        ("/^a/ /b$/", ("^a", "b$"), "", "pattern"),
        ("/^a/ /^a/ x", ("^a",), "x", "name"),
    ],
)
def test_what_is_a_pattern(text: str, patterns: tuple[str, ...], words: str, kind: str) -> None:
    query = parse(text)
    assert (query.patterns, query.text, query.kind) == (patterns, words, kind)


@pytest.mark.parametrize(
    "text",
    [
        "/usr/lib/x",
        "/usr/lib/",
        "a / b / c",
        "/* a comment */",
        "/**/ nothing",
        "//",
        "who serves /users/ here",
        "sed s/a+/b/g",
        '"a /b+/ c"',
        "x = text.split( /a+/ );",
        "12:00:01 ERROR [main] cannot match /a+/ here",
        'File "/srv/app/web.py", line 12, in /a+/',
    ],
)
def test_what_is_none(text: str) -> None:
    assert not parse(text).patterns


@given(st.text())
def test_any_text_between_slashes_is_a_pattern_or_stays_text(text: str) -> None:
    try:
        query = parse(f"/{text}/")
    except QueryError:
        return
    assert query.patterns or query.text


def test_too_many_patterns_are_refused() -> None:
    with pytest.raises(QueryError, match=f"the limit is {MAX_PATTERNS}"):
        parse(" ".join(f"/a{{{number}}}/" for number in range(MAX_PATTERNS + 1)))


def test_a_pattern_alone_shows_definitions_then_important_files_each_at_its_line(index: Index) -> None:
    ranking = ranked(index, r"/Done\(\)/")
    assert paths(index, ranking) == ["src/main.go", "src/large.go", "src/main_test.go", "docs/guide.md"]
    generation = index.snapshot().generation
    first, *others = ranking.files
    assert first.symbol is not None
    assert generation.symbol(first.symbol).name == "Done"
    assert [found.line for found in others] == [4, 4, 3]
    assert ranking.evidence is not None
    assert {reason.signal for reason in ranking.evidence.reasons(first.file)} >= {"pattern", "definition"}


def test_only_chunks_with_a_matching_line_pass(index: Index) -> None:
    ranking = ranked(index, r"/work\(\)/ run")
    assert paths(index, ranking) == ["src/main.go"]
    (found,) = ranking.files
    assert [index.snapshot().generation.lines(chunk) for chunk in found.chunks] == [(6, 69)]


def test_each_of_several_patterns_matches_a_line_of_the_chunk(index: Index) -> None:
    assert paths(index, ranked(index, r"/^func.run/ /work\(\)/")) == ["src/main.go"]
    assert not ranked(index, r"/^func.Done/ /work\(\)/").files


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ("lang:markdown", ["docs/guide.md"]),
        ("-path:src", ["docs/guide.md"]),
        ("kind:function path:main.go", ["src/main.go"]),
    ],
)
def test_other_filters_hold_as_well(index: Index, filters: str, expected: list[str]) -> None:
    assert paths(index, ranked(index, rf"{filters} /Done\(\)/")) == expected


def test_a_pattern_that_matches_nothing_finds_nothing(index: Index) -> None:
    assert not ranked(index, r"/nowhere\d/").files


def test_a_folder_of_the_index_is_no_pattern(index: Index) -> None:
    assert ranked(index, "/docs/").files == ranked(index, "/docs/", filters=False).files
    assert not ranked(index, "/docs/").notes


def test_where_nothing_compares_lines_patterns_are_words(index: Index) -> None:
    assert paths(index, ranked(index, "/Done()/", filters=False))[0].startswith("src/")


def test_the_command_answers_a_query_that_is_a_pattern(index: Index) -> None:
    answer = index.search(r"/Done\(\)/")
    assert answer.query.kind == "pattern"
    assert len(answer)
