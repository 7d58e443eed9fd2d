"""Pure functions of the ranking."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semindex.search.paths import Role, path_words, unmentioned
from semindex.search.rank import Signal, discounted, named_shares, reasons, total
from semindex.tokens import query_terms

pairs = st.lists(st.tuples(st.floats(0, 4, width=32), st.integers(0, 5)), max_size=60)


@given(pairs, st.integers(1, 4))
def test_discounted_sums_are_those_of_the_definition(found: list[tuple[float, int]], best: int) -> None:
    values = np.array([value for value, _ in found], dtype=np.float64)
    owners = np.array([owner for _, owner in found], dtype=np.int64)
    sums = discounted(values, owners, 6, decay=0.5, best=best)
    for owner in range(6):
        own = sorted((value for value, o in found if o == owner), reverse=True)[:best]
        assert sums[owner] == pytest.approx(sum(value * 0.5**rank for rank, value in enumerate(own)))


@given(pairs)
def test_discounted_sums_do_not_depend_on_order(found: list[tuple[float, int]]) -> None:
    shuffled = sorted(found)
    sums = [
        discounted(
            np.array([v for v, _ in rows]), np.array([o for _, o in rows], np.int64), 6, decay=0.7, best=8
        )
        for rows in (found, shuffled)
    ]
    assert np.array_equal(sums[0], sums[1])


@pytest.mark.parametrize(
    ("path", "language", "roles"),
    [
        ("tests/test_app.py", "python", Role.TESTS),
        ("src/app_test.go", "go", Role.TESTS),
        ("src/AppTest.java", "java", Role.TESTS),
        ("src/app.spec.ts", "typescript", Role.TESTS),
        ("spec/models/user_spec.rb", "ruby", Role.TESTS),
        ("src/latest.py", "python", 0),
        ("src/contest.py", "python", 0),
        ("examples/hello.rs", "rust", Role.EXAMPLES),
        ("vendor/lib/x.c", "c", Role.LEGACY),
        ("src/pkg/__init__.py", "python", Role.BARREL),
        ("README.md", "markdown", Role.PROSE),
        ("docs/guide.md", "markdown", Role.PROSE | Role.EXAMPLES),
        ("config/app.yaml", "yaml", Role.DATA),
        ("src/win/tcp.c", "c", Role.PLATFORM),
        ("os/exec_windows.go", "go", Role.PLATFORM),
        ("src/windows/main.c", "c", 0),
        ("src/winner.c", "c", 0),
    ],
)
def test_paths_tell_their_roles(path: str, language: str, roles: int) -> None:
    assert path_words(path, language).roles == roles


def test_a_query_that_names_a_role_takes_its_penalty_back() -> None:
    assert Role.TESTS in unmentioned(frozenset(["cooki"]))
    assert Role.TESTS not in unmentioned(frozenset(["cooki", "test"]))


@pytest.mark.parametrize(
    ("query", "path", "share"),
    [
        ("HCursor navigation", "core/HCursor.scala", 1.0),
        ("HCursor navigation", "core/h_cursor.rs", 1.0),
        ("HCursor navigation", "core/Cursor.scala", 0.0),
        ("Sessions and their driver", "web/Session.swift", 1.0),
        ("sessions and their driver", "web/Session.swift", 0.0),
        ("how command duration is measured", "lib/command_duration.bash", 0.5),
        ("ABORT with an error", "web/Abort.swift", 0.0),
    ],
)
def test_a_query_names_a_file(query: str, path: str, share: float) -> None:
    assert named_shares(query_terms(query)).get(path_words(path, "text").whole, 0.0) == share


def test_reasons_add_up_to_the_score_and_come_largest_first() -> None:
    signals = [
        Signal("words", np.array([1.0, 0.0])),
        Signal("tests file", np.array([-2.0, 0.5])),
        Signal("size", np.array([0.25, 0.25])),
    ]
    scores = total(signals, 2)
    first, second = reasons(signals, [0, 1], [{"words": "two"}, {}])
    assert [reason.signal for reason in first] == ["tests file", "words", "size"]
    assert sum(reason.contribution for reason in first) == pytest.approx(scores[0])
    assert [reason.detail for reason in first] == ["", "two", ""]
    assert "words" not in [reason.signal for reason in second]
