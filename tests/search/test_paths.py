"""What a query says about the names and roles of files."""

import pytest

from semindex.search.paths import named_shares, unmentioned
from semindex.source.roles import Role, path_facts
from semindex.tokens import query_terms


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
    assert named_shares(query_terms(query)).get(path_facts(path, "text").whole, 0.0) == share
