"""Whatever is typed as a query: an answer, nothing found, or a message; never a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import semindex
from semindex.index import Index

from .effort import little_work
from .product import ALPHA, BETA, plant, semindex_command

FILES: dict[str | bytes, bytes] = {
    "src/cookies.py": ALPHA,
    "src/[odd].py": BETA,
    "src/deep/er/server.go": b"package server\n\n// Listen waits for clients.\nfunc Listen(port int) {\n}\n",
    "tests/test_cookies.py": b"def test_load():\n    assert load_cookie('a')\n",
    "notes.md": "# Größe\n\n日本語の設定ファイル 🎉\n\nПривет, мир\n".encode(),
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = plant(tmp_path_factory.mktemp("queries"), FILES)
    with semindex.open(root) as index:
        assert index.refresh().files == len(FILES)
    return root


@pytest.fixture(scope="module")
def index(root: Path) -> Iterator[Index]:
    with semindex.open(root) as index:
        yield index


@pytest.mark.parametrize(
    "query", ["", "   ", "\n\t", "\0\x1b", "path:src", "lang:python -path:tests", '""', '"  "']
)
def test_a_query_of_nothing_is_refused(index: Index, query: str) -> None:
    with pytest.raises(semindex.QueryError, match="the query is empty"):
        index.search(query)


def test_an_empty_query_is_an_error_on_the_command_line(root: Path) -> None:
    ran = semindex_command("search", "", cwd=root)
    assert (ran.code, ran.out) == (2, "")
    assert "the query is empty" in ran.err
    ran = semindex_command("search", " ", "--json", cwd=root)
    assert (ran.code, ran.object["error"]["type"]) == (2, "QueryError")


@pytest.mark.parametrize(
    "query", ["qzxwvkj", "xyzzyq plughq", "!!!", "???", "{}();", "🎉🎊", "🤖", "...", '"', "'"]
)
@pytest.mark.parametrize("mode", ["hybrid", "lexical", "dense"])
def test_words_that_occur_nowhere_find_nothing(index: Index, query: str, mode: str) -> None:
    assert list(index.search(query, mode=mode)) == []
    assert list(index.search(query, mode=mode, group_by="chunk")) == []


def test_nothing_found_is_exit_code_1(root: Path) -> None:
    for query in ("qzxwvkj", "!!!", "🤖"):
        ran = semindex_command("search", query, "--json", cwd=root)
        assert (ran.code, ran.object["hits"]) == (1, [])


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("the", "src/cookies.py"),
        ("Größe", "notes.md"),
        ("grösse größe", "notes.md"),
        ("設定ファイル", "notes.md"),
        ("привет", "notes.md"),
        ("load\x00_\x1b[31mcookie load_cookie", "src/cookies.py"),
        ("load_cookie\ud800", "src/cookies.py"),
        ("load_cookie(.*)+[", "src/cookies.py"),
        ("^def load_cookie$", "src/cookies.py"),
        ("lang:python listen load_cookie", "src/cookies.py"),
        ("std::load_cookie", "src/cookies.py"),
        ("http://load_cookie", "src/cookies.py"),
    ],
)
def test_odd_queries_find_what_they_mean(index: Index, query: str, path: str) -> None:
    assert path in [hit.path for hit in index.search(query, mode="lexical")][:2]
    assert index.search(query)[0].path


@pytest.mark.parametrize(
    ("pattern", "paths"),
    [
        ("[", set()),
        ("[odd].py", set()),
        ("[[]odd].py", {"src/[odd].py"}),
        ("[!t]*.py", {"src/cookies.py", "src/[odd].py"}),
        ("**", set(FILES)),
        ("*", set(FILES)),
        ("", set(FILES)),
        ("/", set(FILES)),
        ("./src", {"src/cookies.py", "src/[odd].py", "src/deep/er/server.go"}),
        ("src/**/server.go", {"src/deep/er/server.go"}),
        ("src/**/cookies.py", {"src/cookies.py"}),
        ("rc/**/cookies.py", set()),
        ("**/cookies.py", {"src/cookies.py"}),
        ("src/**/ver.go", set()),
        ("*.go", {"src/deep/er/server.go"}),
        ("(", set()),
        ("a{2,1}", set()),
        ("\\", set()),
        ("?", set()),
        ("?????.md", {"notes.md"}),
        ("er", {"src/deep/er/server.go"}),
        ("../src", set()),
        ("[.*]ookies.py", set()),
        ("[c.*]ookies.py", {"src/cookies.py"}),
        ("[z-a]", set()),
    ],
)
def test_path_patterns_mean_one_thing(index: Index, pattern: str, paths: set[str]) -> None:
    words = "load cookie session listen größe"
    found = {hit.path for hit in index.search(words, path=[pattern])}
    assert found == paths
    left = {hit.path for hit in index.search(words, exclude=[pattern])}
    assert left == set(FILES) - paths
    if pattern.strip() and '"' not in pattern:
        assert {hit.path for hit in index.search(f'{words} path:"{pattern}"')} == paths


def test_a_pattern_of_many_stars_ends(index: Index) -> None:
    with little_work():
        index.search("cookie", path=["*a" * 40 + "b", "a*" * 40 + "/" + "*a" * 40 + "b", "**/" * 40 + "x"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"mode": "fuzzy"},
        {"group_by": "folder"},
        {"limit": 0},
        {"limit": -1},
        {"lang": ["klingon"]},
        {"kind": ["widget"]},
    ],
)
def test_wrong_options_name_themselves(index: Index, wrong: dict[str, object]) -> None:
    (value,) = wrong.values()
    shown = str(value[0]) if isinstance(value, list) else str(value)
    with pytest.raises(semindex.QueryError, match=shown):
        index.search("cookie", **wrong)  # type: ignore[arg-type]


def test_wrong_options_are_usage_errors(root: Path) -> None:
    for words in (
        ("-n", "0"),
        ("-n", "x"),
        ("--mode", "fuzzy"),
        ("--lang", "klingon"),
        ("--kind", "widget"),
        ("--no-such",),
    ):
        ran = semindex_command("search", "cookie", *words, cwd=root)
        assert (ran.code, ran.out) == (2, ""), words
        assert words[-1] in ran.err


def test_a_huge_limit_gives_everything(index: Index) -> None:
    assert {hit.path for hit in index.search("load cookie session listen größe", limit=10**15)} == set(FILES)


def test_a_query_of_100_kilobytes_is_answered(root: Path, index: Index) -> None:
    long = " ".join(f"word{i}" for i in range(11_500)) + " load_cookie"
    assert len(long) > 100_000
    with little_work():
        answer = index.search(long)
    assert answer[0].path == "src/cookies.py"
    assert any("long query" in note for note in answer.coverage.notes)
    ran = semindex_command("search", "x" * 100_000, cwd=root)
    assert (ran.code, ran.out) == (1, "")


def test_a_query_over_the_limit_is_refused(index: Index) -> None:
    with pytest.raises(
        semindex.QueryError, match=r"has 140,000 bytes, the limit is 128,000; search for a part"
    ):
        index.search("cookie " * 20_000)


def test_path_filters_have_limits(index: Index) -> None:
    with pytest.raises(semindex.QueryError, match=r"501 path filters, the limit is 500; name a folder"):
        index.search("cookie " + "path:a " * 250 + "-path:b " * 251)
    with pytest.raises(semindex.QueryError, match=r"4,097 characters, the limit is 4,096; shorten it"):
        index.search("cookie", path=["*" * 4_097])
    assert index.search("cookie", path=["src/**"] * 500)


@pytest.mark.parametrize(
    "query",
    [
        "1" * 128_000,
        "1_" * 64_000,
        '"' + "load " * 25_000 + '"',
        '"ab" ' * 25_000,
        " ".join(f'"w{number}"' for number in range(14_000)),
        " ".join(f"w{number}" for number in range(18_000)),
        "aB" * 64_000,
        '"' * 127_999 + "a",
        "a:" * 64_000,
        "path:a\n" * 500 + "lang:python " * 9_000 + "a",
        '  File "a.py", line 1, in f\n' * 4_000,
        "%s {} " * 20_000,
        "\u6570" * 42_000,
    ],
    ids=lambda query: ascii(query[:12]),
)
def test_a_query_of_the_largest_size_takes_little_work(index: Index, query: str) -> None:
    with little_work(10):
        index.search(query)


def test_a_phrase_of_100_kilobytes_is_told_to_stand_nowhere(index: Index) -> None:
    (note,) = index.search('"' + "load cookie " * 9000 + '"').coverage.notes
    assert note.startswith('no file holds "load cookie')
    assert len(note) < 250


def test_related_to_nonsense_is_refused(index: Index) -> None:
    for location in (
        "",
        ":",
        "nowhere.py",
        "src/cookies.py:0",
        "src/cookies.py:999",
        "src/cookies.py:" + "9" * 5000,
        "../x",
        "/etc/passwd",
        "src",
        "a\0b",
    ):
        with pytest.raises(semindex.QueryError):
            index.related(location)


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(
    query=st.text(alphabet=st.characters(codec=None), max_size=40)
    | st.lists(
        st.sampled_from(
            [
                "path:",
                "-path:",
                "lang:go",
                "kind:function",
                '"',
                "[",
                "*",
                "?",
                "\\",
                "(",
                "load",
                "cookie",
                " ",
                ":",
            ]
        ),
        max_size=12,
    ).map("".join)
)
def test_any_text_is_answered_or_refused(index: Index, query: str) -> None:
    try:
        hits = index.search(query, limit=3)
    except semindex.QueryError as error:
        assert str(error)
    else:
        assert all(hit.path in FILES for hit in hits)
