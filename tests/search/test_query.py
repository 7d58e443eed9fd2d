"""Filters, phrases and free words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semindex.errors import QueryError
from semindex.search.query import parse, path_filter, repositories_in, repository_filter
from semindex.types import Filters, Kind


def test_filters_phrases_and_words_are_told_apart() -> None:
    query = parse('lang:go path:src/** -path:tests kind:function "exact words" free text')
    assert query.text == "exact words free text"
    assert query.phrases == ("exact words",)
    assert query.filters == Filters(("go",), ("src/**",), ("tests",), (Kind.FUNCTION,))


def test_filters_in_the_query_join_those_given() -> None:
    query = parse("lang:rust words", Filters(languages=("go",), scope="src"))
    assert query.filters.languages == ("go", "rust")
    assert query.filters.scope == "src"


def test_a_glob_with_a_mark_in_front_leaves_out() -> None:
    filters = parse("path:!tests path:src word", Filters(paths=("!*.md", "lib"))).filters
    assert filters == Filters(paths=("lib", "src"), excluded_paths=("*.md", "tests"))


def test_a_quoted_filter_value_may_hold_blanks() -> None:
    assert parse('path:"a b/**" word').filters.paths == ("a b/**",)


@pytest.mark.parametrize(
    ("typed", "filters"),
    [
        ("ext:py", Filters(paths=("*.py",))),
        ("extension:.tar.gz", Filters(paths=("*.tar.gz",))),
        ("-ext:md", Filters(excluded_paths=("*.md",))),
        ("file:cookie", Filters(paths=("*cookie*",))),
        ("file:src/*.py", Filters(paths=("src/*.py",))),
        ('file:"a b"', Filters(paths=("*a b*",))),
        ("filename:jar.py", Filters(paths=("jar.py",))),
        ("-file:test -filename:a.c", Filters(excluded_paths=("*test*", "a.c"))),
        ("language:golang", Filters(languages=("go",))),
        ("symbol:parse_cookie", Filters(symbols=("parse_cookie",))),
        ("sym:Jar::parse", Filters(symbols=("Jar::parse",))),
    ],
)
def test_filters_of_other_programs_are_understood(typed: str, filters: Filters) -> None:
    query = parse(f"{typed} words")
    assert (query.text, query.filters, query.notes) == ("words", filters, ())


@pytest.mark.parametrize(
    "typed",
    ["r:x", "-r:x", "org:me", "archived:yes", "-lang:go", "-kind:class", 'org:"a b"'],
)
def test_a_filter_that_code_does_not_have_is_left_out_and_named(typed: str) -> None:
    query = parse(f"{typed} words")
    assert (query.text, query.filters) == ("words", Filters())
    (note,) = query.notes
    assert note.startswith(f"{typed.partition(':')[0]}: is no filter here, and {typed} was left out; ")
    with pytest.raises(QueryError, match=r"empty.*is no filter here"):
        parse(typed)


@pytest.mark.parametrize(
    ("typed", "wanted", "excluded"),
    [
        ("repo:flask", ["flask"], []),
        ("repo:a repository:b -repo:c-*", ["a", "b"], ["c-*"]),
        ("repo:pallets/flask", ["pallets/flask"], []),
        ("-repository:github.com/a/b.c", [], ["github.com/a/b.c"]),
    ],
)
def test_repositories_are_filtered_by_name(typed: str, wanted: list[str], excluded: list[str]) -> None:
    query = parse(f"{typed} words")
    filters = Filters(repositories=tuple(wanted), excluded_repositories=tuple(excluded))
    assert (query.text, query.filters, query.notes) == ("words", filters, ())
    assert repositories_in(f"{typed} words") == (tuple(wanted), tuple(excluded))
    assert repositories_in(typed) == ((), ()), "there is nothing to search for"


@pytest.mark.parametrize("typed", ["repo:^github.com/a/b$", "-repo:(a|b)", 'repo:"a b"'])
def test_an_expression_is_no_name_of_a_repository(typed: str) -> None:
    query = parse(f"{typed} words")
    assert (query.text, query.filters) == ("words", Filters())
    name = typed.partition(":")[0]
    (note,) = query.notes
    assert note == f"{typed} was left out: {name}: takes the name of a repository, in which * may stand"


@pytest.mark.parametrize(
    ("pattern", "names", "passes"),
    [
        ("flask", ["Flask"], True),
        ("flask", ["flask-2"], False),
        ("flask*", ["flask-2"], True),
        ("*", ["anything"], True),
        ("pallets/flask", ["f", "pallets/flask", "github.com/pallets/flask"], True),
        ("github.com/pallets/flask", ["f", "pallets/flask", "github.com/pallets/flask"], True),
        ("lets/flask", ["f", "pallets/flask"], False),
        ("pallets/*", ["f", "pallets/flask"], True),
    ],
)
def test_a_name_or_a_glob_selects_repositories(pattern: str, names: list[str], passes: bool) -> None:
    wanted = repository_filter(Filters(repositories=(pattern,)))
    unwanted = repository_filter(Filters(excluded_repositories=(pattern,)))
    assert wanted is not None and unwanted is not None
    assert wanted(names) is passes
    assert unwanted(names) is not passes
    assert repository_filter(Filters()) is None


@pytest.mark.parametrize("typed", ["type:symbol", "case:yes", "count:100", "-author:me", "f:main.go"])
def test_a_filter_that_code_may_have_is_searched_for_and_named(typed: str) -> None:
    query = parse(f"{typed} words {typed}")
    is_negated = typed.startswith("-")
    assert query.text == ("words" if is_negated else f"{typed} words {typed}")
    (note,) = query.notes
    assert note.endswith("; filters are lang:, path:, -path:, kind:, symbol: and repo:")


@pytest.mark.parametrize(
    "text",
    ["f(a, type:str) x", "{repo:'x', type:\"y\"}", "file:///etc/passwd", "type: x", "x.type:y", "repo::new",
     "file:main.c:12:5: error", "ext:'py',"],
)  # fmt: skip
def test_pasted_code_is_no_filter_of_any_program(text: str) -> None:
    query = parse(text)
    assert (query.filters, query.notes) == (Filters(), ())


def test_a_symbol_alone_is_searched_for() -> None:
    assert parse("symbol:parse_cookie").text == "parse_cookie"


@pytest.mark.parametrize("text", ["std::move", "http://host/a", "a:b", "Foo::bar lang", "key: value"])
def test_colons_that_are_no_filters_are_words(text: str) -> None:
    query = parse(text)
    assert query.text == text
    assert query.filters == Filters()


def test_language_aliases_give_the_language() -> None:
    assert parse("lang:js x").filters.languages == ("javascript",)
    assert parse("lang:c++ x").filters.languages == ("cpp",)


@pytest.mark.parametrize("text", ["", "   ", '""', "lang:go", "\x00\x1b", "path:src"])
def test_nothing_to_search_for_is_an_error(text: str) -> None:
    with pytest.raises(QueryError, match="empty"):
        parse(text)


def test_unknown_names_are_errors_that_name_them() -> None:
    with pytest.raises(QueryError, match="klingon"):
        parse("lang:klingon x")
    with pytest.raises(QueryError, match="function"):
        parse("kind:thing x")


def test_control_characters_become_blanks() -> None:
    assert parse("a\x1b[31mb\x00c").text == "a [31mb c"


def test_a_query_over_a_megabyte_is_refused_and_one_below_is_not() -> None:
    assert parse("word " * 20_000).text.startswith("word word")
    with pytest.raises(QueryError, match="limit"):
        parse("x" * 1_000_001)


@given(st.text())
def test_any_text_is_a_query_or_a_query_error(text: str) -> None:
    try:
        query = parse(text)
    except QueryError:
        return
    assert query.text.strip()
    assert not any(ord(char) < 32 for char in query.text)


@pytest.mark.parametrize(
    ("pattern", "passing", "failing"),
    [
        ("src/**", ["src/a.py", "src/b/c.py"], ["lib/src/a.py", "src"]),
        ("src", ["src/a.py", "lib/src/a.py", "src"], ["source/a.py", "src.py"]),
        ("src/lib", ["src/lib/a.py", "src/lib"], ["x/src/lib/a.py", "src/library/a.py"]),
        ("*.py", ["a.py", "src/a.py"], ["a.pyc", "src/a.rs"]),
        ("**/*.py", ["a.py", "src/b/a.py"], ["a.rs"]),
        ("test_*", ["tests/test_a.py", "test_x/a.py"], ["tests/a.py"]),
        ("./src/", ["src/a.py"], ["lib/a.py"]),
        ("a?c.py", ["abc.py"], ["abbc.py"]),
        ("[ab].py", ["a.py", "x/b.py"], ["c.py"]),
        ("src/*.py", ["src/a.py", "src/deep/a.py"], ["lib/a.py"]),
    ],
)
def test_path_patterns(pattern: str, passing: list[str], failing: list[str]) -> None:
    wanted = path_filter(Filters(paths=(pattern,)))
    unwanted = path_filter(Filters(excluded_paths=(pattern,)))
    assert wanted is not None and unwanted is not None
    assert [path for path in passing + failing if wanted(path)] == passing
    assert [path for path in passing + failing if unwanted(path)] == failing


def test_a_scope_is_a_folder_or_a_file_and_not_a_prefix_of_a_name() -> None:
    passes = path_filter(Filters(scope="src"))
    assert passes is not None
    assert [p for p in ["src/a.py", "src", "srcs/a.py", "x/src/a.py"] if passes(p)] == ["src/a.py", "src"]


def test_no_filter_is_no_work() -> None:
    assert path_filter(Filters(languages=("go",))) is None


@pytest.mark.parametrize(
    "pasted",
    ["{ kind:'member', name }", "node.kind:function", "kind: string", "lang:typescript, x", "my-path:tests"],
)
def test_pasted_code_is_no_filter(pasted: str) -> None:
    query = parse(pasted)
    assert query.filters == Filters()
    assert query.text == pasted
