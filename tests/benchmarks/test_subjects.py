"""From subject lines to queries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.quality.subjects import is_bot, names_any, to_query


@pytest.mark.parametrize(
    ("subject", "query"),
    [
        ("Close the pool when a worker dies (#123)", "Close the pool when a worker dies"),
        ("Close the pool when a worker dies (#123, #7)", "Close the pool when a worker dies"),
        ("Close the pool when a worker dies, fixes #12", "Close the pool when a worker dies"),
        (
            "Close the pool when a worker dies. Fixes: org/repo#12 and #13",
            "Close the pool when a worker dies",
        ),
        ("[ABC-12] Close the pool at exit", "Close the pool at exit"),
        ("ABC-12: Close the pool at exit", "Close the pool at exit"),
        ("fix: close the pool at exit", "close the pool at exit"),
        ("feat(pool)!: close workers at exit", "pool close workers at exit"),
        (":bug: Close the pool at exit", "Close the pool at exit"),
        ("net/http: close idle connections", "net/http: close idle connections"),
        ("Handle std::move in arguments", "Handle std::move in arguments"),
        ('Say "closed" for lang:go files', "Say closed for lang: go files"),
        ("Close pools, see https://example.org/x/1", "Close pools, see"),
        ("Sort merge candidates by age", "Sort merge candidates by age"),
        ("Größe der Warteschlange begrenzen", "Größe der Warteschlange begrenzen"),
        ("Fix formatting of negative numbers", "Fix formatting of negative numbers"),
    ],
)
def test_a_subject_is_asked_without_numbers_tags_and_type(subject: str, query: str) -> None:
    assert to_query(subject) == query


@pytest.mark.parametrize(
    "subject",
    """Fix bug|Close pools (#12)|Revert "Close the pool at exit"|fix: revert the pool change of monday
    Merge branch 'main' into feature one|Merge pull request #12 from somebody/branch|Bump left-pad to 2.0
    v1.2.3|Release version two today|Prepare for next release|Set version to 1.2.3 for real
    chore(deps): update all of it|build(deps-dev): bump pytest|Update all npm dependencies now
    Upgrade webpack plugin to v5|Pin the lock file of docs
    Fix typos in the pool|Update the changelog for pools
    Run rustfmt over everything again|Fix lint warnings and formatting|Fix various formatting issues of tests
    ci: cache the pool between jobs|Make CI green on Windows|Run GitHub Actions on every push
    Regenerate built files for users""".replace("\n", "|").split("|"),
)
def test_a_subject_that_asks_for_nothing_is_left_out(subject: str) -> None:
    assert to_query(subject.strip()) is None


def test_very_long_subjects_are_left_out() -> None:
    assert to_query("close pool " * 20) is not None
    assert to_query("close pool " * 21) is None


@given(st.text())
def test_a_query_has_no_syntax_and_no_outer_blanks(subject: str) -> None:
    query = to_query(subject)
    assert query is None or (query == query.strip() and '"' not in query)


@pytest.mark.parametrize(
    ("author", "bot"),
    [
        ("dependabot[bot] <49699333+dependabot[bot]@users.noreply.github.com>", True),
        ("Renovate <renovate@whitesourcesoftware.com>", True),
        ("release-bot <bot@example.org>", True),
        ("Ada Bothmer <ada@abbott.example>", False),
    ],
)
def test_bots_are_known_by_name_or_address(author: str, bot: bool) -> None:
    assert is_bot(author) is bot


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("Fix the loop in pool.go again", True),
        ("Fix the loop in POOL.GO", True),
        ("Fix src/pool when empty", True),
        ("Fix the pool when empty", False),
        ("Fix carpool.go when empty", False),
    ],
)
def test_a_query_that_names_a_target_is_known(query: str, named: bool) -> None:
    assert names_any(query, ["src/other.go", "src/pool.go"]) is named
