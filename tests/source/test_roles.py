"""What a path says by itself."""

import pytest

from semindex.source.roles import Role, path_facts


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
    assert path_facts(path, language).roles == roles
