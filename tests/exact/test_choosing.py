"""What the index spares an exact search, and that it never spares a file with a match."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

import semindex
from semindex.exact.choosing import EVERY, NOT_INDEXED, Chooser
from semindex.exact.files import Wanted
from semindex.exact.pattern import Pattern
from semindex.exact.selection import Selection
from semindex.index import Index
from tests.product import environment, run_module

PATTERNS = [
    "needle",
    "Needle_[0-9]+",
    "(alpha|beta)_gamma",
    "^def \\w+_omega\\(",
    "omega$",
    "né\\w+",
    "délta",
    "kelvin",
    "x",
    "[a-c]{3}d",
    "",
    "zz_not_there",
    "alpha_gamma.*omega",
    "\\bneedle\\b",
    "\\x6eeedle",
]
FLAGS = [[], ["-i"], ["-w"], ["-F"], ["-U"], ["-v", "-c"], ["-x"], ["-S"], ["--files-without-match"], ["-a"]]
FLAGS += [["-uuu"], ["-d1"], ["--sortr=path"]]
WORDS = (
    "needle Needle_12 alpha_gamma beta_gamma Kelvin délta DÉLTA nécessaire abcd omega \u212aelvin x é".split()
)


def text(chance: random.Random, lines: int) -> bytes:
    picked = [
        " ".join(chance.choices(WORDS, k=chance.randrange(1, 6)))
        if chance.random() < 0.05
        else f"line {number}"
        for number in range(lines)
    ]
    return "\n".join(picked).encode()


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tree")
    chance = random.Random(1)
    (root / "src").mkdir()
    for number in range(60):
        (root / "src" / f"f{number}.py").write_bytes(text(chance, chance.choice([1, 20, 300, 6000])))
    (root / "empty.txt").touch()
    (root / "early.bin").write_bytes(b"needle\0" + text(chance, 50))
    (root / "late.txt").write_bytes(b"needle\n" * 20_000 + b"\0\nneedle\n")
    (root / "wide.txt").write_bytes("a needle\nomega\n".encode("utf-16"))
    (root / "wide_only.txt").write_bytes("\u6c49needle\u6c49".replace("needle", "\u5b57").encode("utf-16"))
    (root / "package-lock.json").write_bytes(b'{"needle": "alpha_gamma"}\n')
    (root / "a.min.js").write_bytes(b"var needle=1;" * 3000)
    (root / "picture.png").write_bytes(b"\x89PNG needle without a zero\n")
    (root / "random.txt").write_bytes(bytes(chance.choices(range(1, 256), k=60_000)) + b"\nneedle\n")
    (root / "odd.txt").write_bytes(b"needle \xff\xfe invalid\r\nomega\r\n")
    (root / "big.json").write_bytes(b'{"beta_gamma": 1}\n' * 40_000)
    with semindex.open(root) as index:
        index.refresh()
    os.utime(root / "src" / "f0.py", (1, 1))
    return root


def grep(root: Path, pattern: str, flags: list[str], *more: str) -> tuple[int, bytes]:
    code, out, err = run_module("semindex", ["grep", *flags, *more, "-e", pattern], root, environment())
    assert b"Traceback" not in err
    return code, out


@pytest.mark.parametrize("flags", FLAGS, ids=" ".join)
def test_an_index_changes_no_answer(tree: Path, tmp_path: Path, flags: list[str]) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(tree, bare, ignore=shutil.ignore_patterns(".semindex"))
    for pattern in PATTERNS:
        assert grep(tree, pattern, flags) == grep(bare, pattern, flags), (pattern, flags)


def settled(root: Path) -> None:
    """Have the index sure of all files, as it is two seconds after they were written."""
    for path in root.rglob("*"):
        if path.is_file() and ".semindex" not in path.parts:
            os.utime(path, (1_700_000_000, 1_700_000_000))
    with semindex.open(root) as index:
        index.refresh()


def chosen(root: Path, pattern: str, *, every: bool = False, multiline: bool = False) -> Selection:
    asked = Pattern(patterns=(pattern,), multiline=multiline)
    return Chooser(root, root / ".semindex").choose(asked, Wanted(every=every), "rg")


def test_files_are_spared_that_lack_a_trigram(tree: Path, tmp_path: Path) -> None:
    root = tmp_path / "copy"
    shutil.copytree(tree, root)
    settled(root)
    found = chosen(root, "zz_not_there")
    assert found.scanned == ()
    assert set(found.doubtful) == {"late.txt", "random.txt", "wide.txt", "wide_only.txt"}
    assert found.plan.files == 71
    assert chosen(root, "a_secret_word", every=True).reason == EVERY
    (root / "src" / "f1.py").write_bytes(b"zz_not_there\n")
    (root / "new.py").write_bytes(b"zz_not_there\n")
    (root / "src" / "f2.py").unlink()
    found = chosen(root, "zz_not_there")
    assert {"src/f1.py", "new.py"} < set(found.doubtful)
    assert grep(root, "zz_not_there", ["-l"]) == (0, b"new.py\nsrc/f1.py\n")


def test_a_match_over_two_lines_needs_a_file_not_a_block(tmp_path: Path) -> None:
    lines = b"".join(b"this is line %d of many\n" % number for number in range(5000))
    (tmp_path / "a.txt").write_bytes(b"first_marker\n" + lines + b"second_marker\n")
    settled(tmp_path)
    assert chosen(tmp_path, "first_marker.*second_marker").scanned == ()
    assert chosen(tmp_path, "first_marker(?s:.*)second_marker", multiline=True).scanned == ("a.txt",)


def test_a_tree_without_an_index_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"a\n")
    found = chosen(tmp_path, "needle")
    assert (found.reason, found.doubtful) == (NOT_INDEXED, ("a.txt",))


def found(index: Index, pattern: str, **options: Any) -> list[tuple[str, int]]:
    return [(match.path, match.line) for match in index.grep(pattern, limit=100_000, **options).matches]


def test_a_process_that_stays_answers_as_a_new_one(tree: Path, tmp_path: Path) -> None:
    root = tmp_path / "copy"
    shutil.copytree(tree, root)
    settled(root)
    chance = random.Random(3)
    with semindex.open(root) as stays:
        for turn in range(12):
            for _ in range(chance.choice([0, 0, 1, 3])):
                path = root / "src" / f"f{chance.randrange(70)}.py"
                if chance.random() < 0.3:
                    path.unlink(missing_ok=True)
                else:
                    path.write_bytes(text(chance, 30) + b"\nneedle turn_%d\n" % turn)
            if turn % 5 == 3:
                stays.refresh()
            asked: dict[str, Any] = chance.choice(
                [{}, {"scope": "src"}, {"glob": ["f1*"]}, {"invert_match": True}, {"no_ignore": True}]
            )
            for pattern in ("needle", f"turn_{turn}"):
                with semindex.open(root) as new:
                    fresh = new.grep(pattern, limit=20, **asked)
                again = stays.grep(pattern, limit=20, **asked)
                assert (again.matches, again.counts) == (fresh.matches, fresh.counts), (turn, pattern, asked)
                assert again.plan == fresh.plan, (turn, pattern, asked)


def test_without_refresh_the_index_is_believed(tree: Path, tmp_path: Path) -> None:
    root = tmp_path / "copy"
    shutil.copytree(tree, root)
    settled(root)
    (root / "new.py").write_bytes(b"a_new_word\n")
    (root / "src" / "f1.py").write_bytes(b"a_new_word needle\n")
    (root / "src" / "f2.py").unlink()
    with semindex.open(root) as index:
        assert found(index, "a_new_word") == [("new.py", 1), ("src/f1.py", 1)]
        assert found(index, "a_new_word", refresh=False) == []
        believed, seen = found(index, "needle", refresh=False), found(index, "needle")
        assert set(believed) - set(seen) == set() and len(believed) >= len(seen) - 1
        assert index.grep("needle", refresh=False).coverage.freshness == "unchecked"
    assert grep(root, "a_new_word", ["-l"]) == (0, b"new.py\nsrc/f1.py\n")
    assert grep(root, "a_new_word", ["-l", "--no-refresh"]) == (1, b"")
    assert b"files in question: " in grep(root, "a_new_word", ["--plan", "--no-refresh"])[1]
    before = grep(tree, "omega", ["-l"])[1].splitlines()
    after = grep(root, "omega", ["-l", "--no-refresh"])[1].splitlines()
    assert set(before) - set(after) <= {b"src/f1.py", b"src/f2.py"} and after == sorted(after)
