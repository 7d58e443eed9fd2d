"""Ignore files mean what git says they mean."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semindex.source.ignores import IgnoreFile, load_ignore_file, parse_rules
from semindex.source.walk import walk
from tests.effort import linear_work, little_work
from tests.source.conftest import git


def ignored(rules: bytes, path: bytes, *, is_folder: bool = False) -> bool | None:
    rule = IgnoreFile(parse_rules(rules, source="x")).verdict(path, is_folder=is_folder)
    return None if rule is None else rule.ignores


@pytest.mark.parametrize(
    ("rules", "path", "expected"),
    [
        (b"*.c", b"a/b.c", True),
        (b"/*.c", b"a/b.c", None),
        (b"a/*.c", b"a/b.c", True),
        (b"a/*.c", b"x/a/b.c", None),
        (b"a/**/b", b"a/b", True),
        (b"a/**/b", b"a/x/y/b", True),
        (b"**/b", b"b", True),
        (b"a/**", b"a", None),
        (b"a/**", b"a/x/y", True),
        (b"a/**b", b"a/xb", True),
        (b"a/**b", b"a/x/b", None),
        (b"**/a/**/b/**/c", b"x/a/y/a/b/z/b/q/c", True),
        (b"b/", b"b", None),
        (b"\\!b", b"!b", True),
        (b"\\#b", b"#b", True),
        (b"#b", b"#b", None),
        (b"b  ", b"b", True),
        (b"b\\ ", b"b ", True),
        (b"b\r\n", b"b", True),
        (b"\xef\xbb\xbfb", b"b", True),
        (b"*.c\n!a.c", b"a.c", False),
        (b"!a.c\n*.c", b"a.c", True),
        (b"[a-c]x", b"bx", True),
        (b"[!a-c]x", b"bx", None),
        (b"[^a-c]x", b"dx", True),
        (b"[[:digit:]]x", b"5x", True),
        (b"[[:nothing:]]x", b"5x", None),
        (b"[]x]", b"]", True),
        (b"[a\\]]", b"]", True),
        (b"[a", b"[a", None),
        (b"a[/]b", b"a/b", None),
        (b"a\\", b"a\\", None),
        (b"/", b"a", None),
        (b"!", b"!", None),
        (b"?", "é".encode(), None),
    ],
)
def test_a_rule_decides_as_the_manual_says(rules: bytes, path: bytes, expected: bool | None) -> None:
    assert ignored(rules, path) is expected


def test_a_rule_for_folders_decides_about_folders() -> None:
    assert ignored(b"b/", b"a/b", is_folder=True) is True
    assert ignored(b"a/b/", b"a/b", is_folder=True) is True


def test_a_rule_knows_where_it_stands() -> None:
    first, second = parse_rules(b"# comment\n\n!*.py \nsrc/\n", source="sub/.gitignore")
    assert (first.source, first.line, first.pattern, first.ignores) == ("sub/.gitignore", 3, "!*.py", False)
    assert (second.line, second.pattern, second.only_folders, second.ignores) == (4, "src/", True, True)


def test_the_rules_of_a_folder_start_there(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/.gitignore").write_bytes(b"/a\n")
    found = load_ignore_file(os.fsencode(tmp_path), b"sub", b".gitignore")
    assert found is not None
    assert found.verdict(b"sub/a", is_folder=False) is not None
    assert found.verdict(b"sub/b/a", is_folder=False) is None


def test_an_ignore_file_that_is_no_file_does_not_count(tmp_path: Path) -> None:
    root = os.fsencode(tmp_path)
    assert load_ignore_file(root, b"", b".gitignore") is None
    (tmp_path / "rules").write_bytes(b"*\n")
    (tmp_path / ".gitignore").symlink_to("rules")
    os.mkfifo(tmp_path / ".ignore")
    (tmp_path / ".semindexignore").mkdir()
    for name in (b".gitignore", b".ignore", b".semindexignore"):
        assert load_ignore_file(root, b"", name) is None


@pytest.mark.parametrize(
    "pattern", [b"*a" * 60 + b"b", b"**/a/" * 40 + b"b", b"x/" + b"*a*" * 50 + b"/**/" * 9 + b"b"]
)
def test_a_hostile_pattern_takes_no_time(pattern: bytes) -> None:
    with little_work():
        for path in (b"a" * 250, b"a/" * 400 + b"c", b"x/" + b"a" * 250 + b"/c"):
            assert ignored(pattern, path) is None


PIECES = st.sampled_from(
    ["a", "b", "ab", "*", "**", "?", "/", "/", "[ab]", "[!a]", "[a-c", "[]a]", "[[:alpha:]]", "\\*", "\\a",
     ".", "!", " ", "-"]
)  # fmt: skip
PATTERNS = st.lists(PIECES, min_size=1, max_size=6).map("".join)
PATHS = st.lists(
    st.sampled_from(["a", "b", "ab", "aa", "c", "*", "!a", "a ", "-", "["]), min_size=1, max_size=4
)


WORDS = st.sampled_from(["a", "ab", "abc", "main", "main.o", "build", ".env", "x-y", "[1]", "a b"])
RULES = st.builds(
    lambda sign, form, one, two, end: sign + form.format(one, two) + end,
    st.sampled_from(["", "", "!"]),
    st.sampled_from(
        ["{}", "/{}", "{}/{}", "/{}/{}", "*.{}", "*{}", "{}*", "*{}*", "{}*{}", "{}?{}", "**/{}", "{}/**",
         "*/{}", "{}/**/{}", "{}/*/{}", "{}/*.{}", "**/{}*{}", "[am]{}*", "[!am]{}", "{}[a-c]",
         "{}[[:alpha:]]{}", "{}[]a]", "\\{}", "{}\\{}", "{}\\/{}", "*/", "**", "[{}", "{}//{}"]
    ),
    WORDS,
    WORDS,
    st.sampled_from(["", "", "/", " "]),
)  # fmt: skip
PLACES = st.lists(st.one_of(WORDS, st.builds("{}{}".format, WORDS, WORDS)), min_size=1, max_size=4)


@settings(max_examples=100)
@given(
    patterns=st.lists(st.one_of(PATTERNS, RULES), min_size=1, max_size=40),
    components=st.lists(st.one_of(PATHS, PLACES), min_size=1, max_size=12),
)
def test_any_rules_decide_as_git_does(patterns: list[str], components: list[list[str]]) -> None:
    # `x**` in mid-path: git skips the literal start and then takes `**` for a whole component
    patterns = [pattern for pattern in patterns if not re.search(r"[^/*?\]]\*\*", pattern)]
    data = "\n".join(patterns).encode() + b"\n"
    rules = IgnoreFile(parse_rules(data, source=".gitignore"))
    paths = sorted({"/".join(parts) for parts in components})
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        git(root, "init", "-q", "--template=")
        (root / ".gitignore").write_bytes(data)
        command = ["git", "check-ignore", "-v", "-n", "-z", "--no-index", "--stdin"]
        asked = "\0".join(paths).encode() + b"\0"
        output = subprocess.run(command, cwd=root, input=asked, capture_output=True, check=False).stdout
    fields = output.split(b"\0")
    theirs = {path: int(line or 0) for line, path in zip(fields[1::4], fields[3::4], strict=False)}
    ours = {path.encode(): _line_that_decides(rules, path.encode()) for path in paths}
    assert ours == theirs


@settings(max_examples=200)
@given(
    patterns=st.lists(PATTERNS, min_size=1, max_size=12), components=st.lists(PATHS, min_size=1, max_size=12)
)
def test_a_file_that_concerns_no_name_of_a_folder_decides_about_none(
    patterns: list[str], components: list[list[str]]
) -> None:
    rules = IgnoreFile(parse_rules("\n".join(patterns).encode(), source=".gitignore"))
    for paths in ({"/".join(parts)} for parts in components):
        listing = b"/%b/" % b"/".join(path.rpartition("/")[2].encode() for path in paths)
        decided = any(rules.verdict(path.encode(), is_folder=True) for path in paths)
        assert rules.concerns(listing) or not decided


@pytest.mark.parametrize("count", [1, 30], ids=["few", "many"])
def test_a_file_concerns_only_what_its_rules_may_match(count: int) -> None:
    lines = [f"*.o{n}\n/x/build{n}/\n.cache{n}*\na*bee{n}[12]c\n" for n in range(count)]
    rules = IgnoreFile(parse_rules("".join(lines).encode(), source=".gitignore"))
    assert not rules.concerns(b"/main.c/main.o/x.o0.c/rebuild0/cache0/build/ab12c/")
    for name in (b"main.o0", b"build0", b".cache0.txt", b"aabee01c"):
        assert rules.concerns(b"/main.c/%b/README/" % name)


@settings(max_examples=150)
@given(lines=st.lists(RULES, min_size=1, max_size=60), places=st.lists(PLACES, min_size=1, max_size=20))
def test_the_last_rule_that_matches_decides_however_many_there_are(
    lines: list[str], places: list[list[str]]
) -> None:
    # A file of all rules finds by their texts which to compare; a file of one rule has nothing to choose.
    rules = IgnoreFile(parse_rules("\n".join(lines).encode(), source="x"))
    alone = [IgnoreFile(parse_rules(line.encode(), source="x")) for line in lines]
    for path in {"/".join(parts).encode() for parts in places}:
        for is_folder in (False, True):
            matching = [n for n, one in enumerate(alone, 1) if one.verdict(path, is_folder=is_folder)]
            decides = rules.verdict(path, is_folder=is_folder)
            assert (decides.line if decides else None) == (matching[-1] if matching else None)


def test_a_pattern_that_stands_twice_decides_where_it_stands_last() -> None:
    assert ignored(b"a\n!a", b"a") is False
    assert ignored(b"!a\na", b"a") is True
    assert ignored(b"!#a\n#a", b"#a") is False
    assert not IgnoreFile(parse_rules(b"!a\na", source="x")).takes_back


FORMS = {
    "names": "name{}",
    "ends": "*.end{}",
    "starts": "start{}*",
    "parts": "*part{}*",
    "folders": "/one{}/two{}/",
    "paths": "one{}/**/two{}",
    "below": "one{}/**/*.py",
    "negated": "!name{}",
    "brackets": "[ab]c{}*",
    "questions": "{}?ab{}",
    "escaped": "\\#name{}\\ ",
}


def decide_by_many(form: str, size: int) -> None:
    """Reads about ``size`` bytes of rules of a form, and compares 200 paths with them."""
    words = [f"{number * 2654435761 % (1 << 32):x}" for number in range(size // (len(form) + 6))]
    rules = IgnoreFile(
        parse_rules("\n".join(form.replace("{}", word) for word in words).encode(), source="x")
    )
    for word in words[:200]:
        name = b"name%b.py" % word.encode()
        rules.concerns(b"/%b/" % name)
        rules.verdict(b"src/one/%b/x/two/%b" % (word.encode(), name), is_folder=False)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_many_rules_of_any_form_are_read_and_compared_in_linear_work(form: str) -> None:
    linear_work(partial(decide_by_many, form), size=1 << 15)


def test_a_megabyte_of_rules_takes_little_work() -> None:
    with little_work(8):
        decide_by_many("\n".join(FORMS.values()), 1 << 20)


def test_an_ignore_file_that_is_too_large_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / ".semindexignore").write_bytes(b"a.py\n" + b"# comment\n" * 110_000)
    found = walk(tmp_path)
    assert "a.py" in [ref.path for ref in found.refs]
    assert ".semindexignore has more than 1 MB, and its ignore rules were not followed" in found.warnings


def _line_that_decides(rules: IgnoreFile, path: bytes) -> int:
    """The rule for the first folder above that is left out, or else for the path itself."""
    parts = path.split(b"/")
    for depth in range(1, len(parts)):
        rule = rules.verdict(b"/".join(parts[:depth]), is_folder=True)
        if rule is not None and rule.ignores:
            return rule.line
    rule = rules.verdict(path, is_folder=False)
    return rule.line if rule else 0
