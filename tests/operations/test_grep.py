"""The operation ``grep``: lines as records, with counts, pages, and secrets hidden."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest

from semindex import open as open_index
from semindex.config import Settings
from semindex.errors import QueryError
from semindex.exact.veil import SECRET
from semindex.library import Indexes, open_all
from semindex.operations import operation
from semindex.operations.base import from_json
from semindex.types import Match, Matches

from ..exact.trees import plant_odd, rg
from ..product import plant


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plant_odd(tmp_path_factory.mktemp("odd"))


def places(found: Matches) -> list[tuple[str, int]]:
    return [(match.path, match.line) for match in found.matches]


def ripgrep_places(words: list[str], tree: Path) -> list[tuple[str, int]]:
    events = map(json.loads, rg(["--json", *words], tree)[1].splitlines())
    matches = [event["data"] for event in events if event["type"] == "match"]
    return [(path_of(each["path"]), each["line_number"]) for each in matches]


def path_of(path: dict[str, str]) -> str:
    return path["text"] if "text" in path else os.fsdecode(base64.b64decode(path["bytes"]))


@pytest.mark.parametrize(
    ("pattern", "options", "words"),
    [
        ("import", {}, ["import"]),
        ("IMPORT", {"ignore_case": True}, ["-i", "IMPORT"]),
        ("self)", {"fixed_strings": True}, ["-F", "self)"]),
        ("def", {"regexp": ["class"], "word_regexp": True}, ["-w", "-edef", "-eclass"]),
        ("import", {"glob": ["!src/store"], "type": ["py"]}, ["import", "-g!src/store", "-tpy"]),
        ("import", {"scope": "src/exact"}, ["import", "src/exact"]),
        ("e", {"invert_match": True, "scope": "odd"}, ["-v", "e", "odd"]),
        ("import", {"max_count": 1}, ["-m1", "import"]),
        ("needle", {"hidden": True, "glob": ["!odd"]}, ["-.", "needle", "-g!odd"]),
        ("needle", {"no_ignore": True, "glob": ["!odd"]}, ["--no-ignore", "needle", "-g!odd"]),
    ],
)
def test_the_lines_are_those_that_ripgrep_finds(
    pattern: str, options: dict[str, object], words: list[str], tree: Path
) -> None:
    with open_index(tree) as index:
        found = index.grep(pattern, limit=10**6, **options)  # type: ignore[arg-type]
    expected = ripgrep_places(words, tree)
    assert places(found) == expected != []
    assert (found.total_matches, found.total_files) == (len(expected), len({path for path, _ in expected}))
    assert found.next_offset is None


@pytest.mark.parametrize("options", [{"pattern": "needle"}, {"pattern": "\n\n+", "multiline": True}])
def test_a_page_counts_what_the_whole_has(options: dict[str, object], tmp_path: Path) -> None:
    files: dict[str | bytes, bytes] = {
        "late.txt": b"a needle\n\n\n\n" * 9000 + b"\0\nneedle\n",
        "two.txt": b"needle\n\n\na\n\nneedle\n",
    }
    root = plant(tmp_path, {**files, "zero.txt": b"none"})
    with open_index(root) as index:
        whole = index.grep(limit=10**6, **options)  # type: ignore[arg-type]
        page = index.grep(limit=1, **options)  # type: ignore[arg-type]
    assert [each.path for each in whole.counts] == ["late.txt", "two.txt"]
    assert whole.total_matches == len(whole.matches) > 1
    assert (page.total_matches, page.counts) == (whole.total_matches, whole.counts)


@pytest.mark.parametrize("limit", [1, 100])
def test_so_many_matches_of_each_file_are_taken_over_several_lines_too(limit: int, tmp_path: Path) -> None:
    text = b"time\nset time\nset\n\ntime\nset\n\ntime\nset\n"
    root = plant(tmp_path, {"a.txt": text, "b.txt": text})
    with open_index(root) as index:
        found = index.grep(r"time\sset", multiline=True, max_count=2, limit=limit, after_context=1)
    assert places(found) == [("a.txt", 1), ("a.txt", 5), ("b.txt", 1), ("b.txt", 5)][:limit]
    assert found.matches[0].after == ("",)
    assert (found.total_matches, [each.lines for each in found.counts]) == (4, [2, 2])


def test_pages_join_to_the_whole_and_counts_are_of_all(tree: Path) -> None:
    with open_index(tree) as index:
        whole = index.grep("import", limit=10**6)
        pages: list[Match] = []
        offset = 0
        while True:
            page = index.grep("import", limit=97, offset=offset)
            assert (page.total_matches, page.counts) == (whole.total_matches, whole.counts)
            pages += page.matches
            if page.next_offset is None:
                break
            offset = page.next_offset
    assert tuple(pages) == whole.matches and len(pages) > 300
    assert [each.lines for each in whole.counts] == sorted(
        (each.lines for each in whole.counts), reverse=True
    )
    assert sum(each.lines for each in whole.counts) == whole.total_matches


def test_a_match_has_its_columns_and_context(tmp_path: Path) -> None:
    plant(tmp_path, {"a.txt": "eins\nzwei\néé b b\nvier\nfünf\n".encode()})
    with open_index(tmp_path) as index:
        (match,) = index.grep("b", context=1, after_context=2).matches
    assert (match.line, match.column, match.text) == (3, 6, "éé b b")
    assert match.ranges == ((5, 6), (7, 8))
    assert (match.before, match.after) == (("zwei",), ("vier", "fünf"))
    assert match.repository == str(tmp_path)


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 100])
def test_lines_around_a_match_are_those_of_the_file_whatever_else_matches(limit: int, tmp_path: Path) -> None:
    lines = ["b", "x", "b", "b", "y", "z", "b", "x", "x", "x"]
    plant(tmp_path, {name: "\n".join(lines).encode() for name in ("a.txt", "b.txt")})
    with open_index(tmp_path) as index:
        for offset in (0, 1, 2):
            found = index.grep("b", context=2, limit=limit, offset=offset).matches
            assert len(found) == min(limit, 8 - offset)
            for match in found:
                assert list(match.before) == lines[max(match.line - 3, 0) : match.line - 1]
                assert list(match.after) == lines[match.line : match.line + 2]


def test_more_lines_around_a_match_than_there_are(tmp_path: Path) -> None:
    plant(tmp_path, {"a.txt": b"a\nb\nc\n"})
    with open_index(tmp_path) as index:
        (match,) = index.grep("b", context=1_000_000_000).matches
    assert (match.before, match.after) == (("a",), ("c",))


@pytest.mark.parametrize("option", ["glob", "iglob"])
def test_a_glob_that_is_no_text_is_refused(option: str, tmp_path: Path) -> None:
    plant(tmp_path, {"a.txt": b"a\n"})
    with open_index(tmp_path) as index, pytest.raises(QueryError, match="valid Unicode"):
        index.grep("a", **{option: ["\ud800"]})  # type: ignore[arg-type]


def test_a_glob_of_many_signs_is_read_or_refused_at_once(tmp_path: Path) -> None:
    plant(tmp_path, {f"{'a' * 200}.txt": b"needle\n"})
    with open_index(tmp_path) as index:
        assert index.grep("needle", glob=["*" * 5000 + "x"]).matches == ()
        assert len(index.grep("needle", glob=["*" * 5000 + "t"]).matches) == 1
        with pytest.raises(QueryError, match="error parsing glob"):
            index.grep("needle", glob=["{" * 5000])


def test_lines_around_a_match_of_several_lines(tmp_path: Path) -> None:
    plant(tmp_path, {"a.txt": b"a\nb1\nb2\nb1\nb2\nc\n"})
    with open_index(tmp_path) as index:
        found = index.grep("b1\nb2", multiline=True, context=9).matches
    (match,) = found  # ripgrep tells neighbours of several lines as one
    assert (match.line, match.text, match.before, match.after) == (2, "b1\nb2\nb1\nb2", ("a",), ("c",))


def test_a_scope_is_a_folder_or_a_file_of_the_tree(tmp_path: Path) -> None:
    plant(tmp_path / "out", {"x.txt": b"needle\n"})
    root = tmp_path / "repo"
    files: dict[str | bytes, bytes] = {
        "src/a.txt": b"needle\n",
        "src/b.txt": b"needle\n",
        "built/c.txt": b"needle\n",
        ".gitignore": b"built\n",
    }
    plant(root, files)
    (root / "link").symlink_to(tmp_path / "out")
    with open_index(root) as index:
        for scope, expected in {
            "src": ["src/a.txt", "src/b.txt"],
            "src/": ["src/a.txt", "src/b.txt"],
            "src/b.txt": ["src/b.txt"],
            str(root / "src/a.txt"): ["src/a.txt"],
            "built": ["built/c.txt"],
            "built/c.txt": ["built/c.txt"],
        }.items():
            found = index.grep("needle", scope=scope)
            assert [match.path for match in found.matches] == expected
            assert found.plan.files == len(expected)
        for scope in ("nope", "../out", "link", "link/x.txt", str(tmp_path / "out"), "src/\0"):
            with pytest.raises(QueryError, match="must be a folder or file of what is searched"):
                index.grep("needle", scope=scope)


def test_a_scope_widens_no_limit_of_several_repositories(tmp_path: Path) -> None:
    for name in ("a", "b"):
        plant(tmp_path / name, {"src/in/x.txt": b"needle\n", "src/y.txt": b"needle\n"})
    indexes = [open_index(tmp_path / name) for name in ("a", "b")]
    with Indexes(indexes, scopes=[("src/in",), ()]) as both:
        found = both.grep("needle", scope="src")
        only = both.grep("needle", scope="src/y.txt")
    assert places(found) == [("src/in/x.txt", 1), ("src/in/x.txt", 1), ("src/y.txt", 1)]
    assert [match.repository for match in only.matches] == [str(tmp_path / "b")]


def test_a_very_long_line_is_cut_around_its_match(tmp_path: Path) -> None:
    plant(tmp_path, {"a.txt": b"x" * 100_000 + b"needle" + b"y" * 100_000})
    with open_index(tmp_path) as index:
        (match,) = index.grep("needle").matches
    assert len(match.text) == 2000 and "needle" in match.text
    assert match.text[match.ranges[0][0] - match.text_begin :].startswith("needle")


TOKEN = "ghp_" + "q7R2mZ9xK4vB8nL1tY6wC3sD5fG0hJaPeUiO"


def test_secrets_are_hidden_unless_the_settings_show_them(tmp_path: Path) -> None:
    files: dict[str | bytes, bytes] = {
        "a.py": f'token = "{TOKEN}"  # needle\n'.encode(),
        "b.env": b"KEY=needle\n",
        "id_rsa": b"needle\n",
    }
    plant(tmp_path, files)
    with open_index(tmp_path) as index:
        hidden = index.grep("needle")
    with open_index(tmp_path, settings=Settings(index_secrets=True)) as index:
        plain = index.grep("needle")
    assert places(hidden) == places(plain) == [("a.py", 1), ("b.env", 1), ("id_rsa", 1)]
    assert [match.text for match in plain.matches] == [f'token = "{TOKEN}"  # needle', "KEY=needle", "needle"]
    assert TOKEN not in hidden.matches[0].text and "# needle" in hidden.matches[0].text
    assert [match.text for match in hidden.matches[1:]] == ["KEY=******", SECRET]
    assert hidden.masked == 3 and plain.masked == 0


def test_a_tree_without_an_index_is_searched_and_a_note_says_so(tmp_path: Path) -> None:
    plant(tmp_path, {"a.txt": b"needle\n", "b.txt": b"other\n"})
    with open_index(tmp_path) as index:
        found = index.grep("needle")
    assert found.coverage.notes == (
        "not indexed, so all 2 files were read; `semindex index` makes it quicker",
    )
    assert (found.plan.files, found.plan.spared) == (2, 0)
    assert not (tmp_path / ".semindex").exists()


@pytest.mark.parametrize("pattern", ["(", "[z-a]", "x{2,1}"])
@pytest.mark.parametrize("files", [0, 1, 100])
def test_a_pattern_that_ripgrep_refuses_is_refused_with_its_words(
    pattern: str, files: int, tmp_path: Path
) -> None:
    plant(tmp_path, {f"{number}.txt": b"x\n" for number in range(files)})
    with open_index(tmp_path) as index, pytest.raises(QueryError, match="regex parse error"):
        index.grep(pattern)


def test_several_repositories_answer_in_their_order(tmp_path: Path) -> None:
    for name in ("b", "a"):
        plant(tmp_path / name, {"x.txt": b"needle\nneedle\n"})
    with open_all([tmp_path / "b", tmp_path / "a"]) as both:
        found = both.grep("needle", limit=3)
        rest = both.grep("needle", limit=3, offset=3)
    found_in = [Path(match.repository).name for match in (*found.matches, *rest.matches)]
    assert found_in == ["b", "b", "a", "a"]
    assert (found.total_matches, found.total_files, found.next_offset) == (4, 2, 3)
    assert rest.next_offset is None


def test_a_request_comes_from_json() -> None:
    content = json.loads('{"pattern": "x", "glob": ["*.py"], "limit": 5}')
    asked = from_json(operation("grep").request, content)
    assert (asked.pattern, asked.glob, asked.limit) == ("x", ("*.py",), 5)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [("a\0b", "cannot have a NUL byte"), ("\ud800", "valid Unicode"), ("x" * 200_000, "has 200,000 bytes")],
)
def test_a_pattern_that_no_program_can_be_given_is_refused(
    pattern: str, message: str, tmp_path: Path
) -> None:
    plant(tmp_path, {"a.txt": b"x\n"})
    with open_index(tmp_path) as index, pytest.raises(QueryError, match=message):
        index.grep(pattern)
